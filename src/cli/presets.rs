use std::process::ExitCode;

use super::arguments::{MessageFormat, Output};
use crate::config::PRESETS;

/// Lists the presets.
pub fn presets(output: &Output) -> anyhow::Result<ExitCode> {
    let width = PRESETS.iter().map(|p| p.name.len()).max().unwrap_or(0);
    for preset in PRESETS {
        match output.message_format {
            MessageFormat::Human => {
                super::say(&format!("{:width$}  {}", preset.name, preset.about))?;
            }
            MessageFormat::Json => super::say(&serde_json::json!({
                "name": preset.name, "about": preset.about,
            }))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}
