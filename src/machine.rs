//! The machine that the program runs on.

use std::fs;

/// Its name, where the system tells.
pub fn host() -> String {
    first_line("/proc/sys/kernel/hostname").unwrap_or_else(|| "unknown".to_owned())
}

/// The name of this machine's processor.
pub fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    info.lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or_else(
            || std::env::consts::ARCH.to_owned(),
            |(_, name)| name.trim().to_owned(),
        )
}

fn first_line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(str::to_owned)
}
