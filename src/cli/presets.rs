use std::process::ExitCode;

use super::arguments::{MessageFormat, Output};
use crate::config::{BINARY_PRESETS, PRESETS};

/// Lists the presets.
pub fn presets(output: &Output) -> anyhow::Result<ExitCode> {
    let all = || PRESETS.iter().chain(BINARY_PRESETS);
    let width = all().map(|p| p.name.len()).max().unwrap_or(0);
    for (verb, presets) in [("run", PRESETS), ("binary", BINARY_PRESETS)] {
        if output.message_format == MessageFormat::Human {
            super::say(&format!("layerprobe {verb}"))?;
        }
        for preset in presets {
            match output.message_format {
                MessageFormat::Human => {
                    super::say(&format!("  {:width$}  {}", preset.name, preset.about))?;
                }
                MessageFormat::Json => super::say(&serde_json::json!({
                    "name": preset.name, "verb": verb, "about": preset.about,
                }))?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
