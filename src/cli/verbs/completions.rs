use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::arguments::Arguments;
use crate::cli::terminal;

/// Prints a completion script.
pub fn completions(shell: clap_complete::Shell) -> anyhow::Result<ExitCode> {
    let mut command = Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "layerprobe", &mut script);
    terminal::say(&String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}
