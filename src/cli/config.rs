use std::process::ExitCode;

use super::arguments::Show;
use crate::config::AnyConfig;

/// Prints the resolved configuration.
pub fn show(command: &Show) -> anyhow::Result<ExitCode> {
    let config = AnyConfig::load(&command.preset_or_file, &command.overrides)?;
    super::say(&config.to_toml().trim_end())?;
    Ok(ExitCode::SUCCESS)
}
