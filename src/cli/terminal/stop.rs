//! Being asked to stop: finish the step in hand, save, leave.

use std::sync::atomic::AtomicBool;

static STOP: AtomicBool = AtomicBool::new(false);

/// A flag that turns true when the user or the system asks to stop: by Ctrl-C,
/// TERM, HUP (unless it is ignored, as `nohup` has it), or USR1, which batch systems send
/// before a time limit. Ctrl-C a second time ends the program at once; finished work is
/// safe either way.
pub fn flag() -> anyhow::Result<&'static AtomicBool> {
    asked::watch()?;
    Ok(&STOP)
}

#[cfg(unix)]
mod asked {
    use std::sync::atomic::Ordering;
    use std::thread;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
    use signal_hook::iterator::Signals;

    pub(super) fn watch() -> anyhow::Result<()> {
        let hangup = (!is_ignored(SIGHUP)).then_some(SIGHUP);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGUSR1].into_iter().chain(hangup))?;
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let mut interrupts = 0;
                for signal in signals.forever() {
                    super::STOP.store(true, Ordering::SeqCst);
                    // batch systems send several, and grant time after each
                    interrupts += u32::from(signal == SIGINT);
                    if interrupts > 1 {
                        std::process::exit(i32::from(crate::cli::terminal::exit::INTERRUPTED));
                    }
                }
            })?;
        Ok(())
    }

    /// Whether whoever started the process had it ignore a signal, where the system tells.
    fn is_ignored(signal: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mut ignored = status
            .lines()
            .filter_map(|line| line.strip_prefix("SigIgn:"));
        let mask = ignored.find_map(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
    }
}

#[cfg(not(unix))]
mod asked {
    use std::sync::atomic::Ordering;

    pub(super) fn watch() -> anyhow::Result<()> {
        ctrlc::set_handler(|| {
            if super::STOP.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(crate::cli::terminal::exit::INTERRUPTED));
            }
        })?;
        Ok(())
    }
}
