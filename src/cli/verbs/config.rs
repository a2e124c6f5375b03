use std::process::ExitCode;

use super::presets::or_study;
use crate::cli::arguments::Show;
use crate::cli::terminal;
use crate::config::AnyConfig;

/// Prints the resolved configuration.
pub fn show(command: &Show) -> anyhow::Result<ExitCode> {
    let config = AnyConfig::load(&command.preset_or_file, &command.overrides).map_err(or_study)?;
    terminal::say(&config.to_toml().trim_end())?;
    Ok(ExitCode::SUCCESS)
}
