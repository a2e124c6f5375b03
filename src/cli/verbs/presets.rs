use std::process::ExitCode;

use crate::cli::arguments::{MessageFormat, Output};
use crate::cli::terminal;
use crate::cli::terminal::exit::Usage;
use crate::config::{BINARY_PRESETS, ConfigError, PRESETS, nearest_name};
use crate::reproduction::STUDIES;

/// Lists the presets.
pub fn presets(output: &Output) -> anyhow::Result<ExitCode> {
    let all = || PRESETS.iter().chain(BINARY_PRESETS);
    let width = all().map(|p| p.name.len()).max().unwrap_or(0);
    for (verb, presets) in [("run", PRESETS), ("binary", BINARY_PRESETS)] {
        if output.message_format == MessageFormat::Human {
            terminal::say(&format!("layerprobe {verb}"))?;
        }
        for preset in presets {
            match output.message_format {
                MessageFormat::Human => {
                    terminal::say(&format!("  {:width$}  {}", preset.name, preset.about))?;
                }
                MessageFormat::Json => terminal::say(&serde_json::json!({
                    "name": preset.name, "verb": verb, "about": preset.about,
                }))?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Why a verb of presets could not load one; a study has a verb of its own.
pub fn or_study(error: ConfigError) -> anyhow::Error {
    match error {
        ConfigError::UnknownPreset { name, .. } if STUDIES.contains(&name.as_str()) => {
            Usage(format!("`{name}` is a study: layerprobe reproduce {name}")).into()
        }
        error => error.into(),
    }
}

/// Why a verb of presets and studies could load neither.
pub fn and_studies(error: ConfigError) -> ConfigError {
    match error {
        ConfigError::UnknownPreset { name, known, .. } => ConfigError::UnknownPreset {
            nearest: nearest_name(&name, known.split(", ").chain(STUDIES.iter().copied())),
            known: format!("{known}; studies: {}", STUDIES.join(", ")),
            name,
        },
        error => error,
    }
}
