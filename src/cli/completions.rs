use std::process::ExitCode;

use clap::CommandFactory;

use super::arguments::Arguments;

/// Prints a completion script.
pub fn completions(shell: clap_complete::Shell) -> anyhow::Result<ExitCode> {
    let mut command = Arguments::command();
    clap_complete::generate(shell, &mut command, "layerprobe", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
