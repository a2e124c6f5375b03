use std::process::ExitCode;

use super::arguments::Show;
use crate::config::{BinaryConfig, Config};

/// Prints the resolved configuration.
pub fn show(command: &Show) -> anyhow::Result<ExitCode> {
    let name = &command.preset_or_file;
    let text = match BinaryConfig::is_preset_or_file_of_one(name) {
        true => BinaryConfig::load(name, &command.overrides)?.to_toml(),
        false => Config::load(name, &command.overrides)?.to_toml(),
    };
    super::say(&text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}
