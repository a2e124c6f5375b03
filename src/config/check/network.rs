//! The network and the layers it has at this image size.

use std::str::FromStr;

use super::read::{number, whole};
use crate::config::error::ConfigError;
use crate::config::keys::Keys;
use crate::config::sections::{InitialWeights, Network, Split, Stimuli};
use crate::models::{Arch, Layer, ModelError, Options};

pub(super) fn network(keys: &Keys) -> Result<Network, ConfigError> {
    let weights = keys.text_or("network.initial_weights", "shared")?;
    let choices = ["shared", "per_run"];
    let chosen = keys.known("network.initial_weights", "choice", &weights, &choices)?;
    Ok(Network {
        arch: arch(keys)?,
        initial_weights: match chosen {
            "per_run" => InitialWeights::PerRun,
            _ => InitialWeights::Shared,
        },
        options: options(keys)?,
    })
}

/// The layers that can be read, first to last.
pub(super) fn layers(
    keys: &Keys,
    network: &Network,
    stimuli: &Stimuli,
    split: &Split,
) -> Result<Vec<Layer>, ConfigError> {
    let classes = stimuli.values_per_feature() - split.held_out;
    network
        .design(stimuli.image_size(), classes)
        .layers()
        .map_err(|error| match &error {
            ModelError::Option { option, .. } => {
                keys.invalid(&format!("network.{option}"), error.to_string())
            }
            _ => keys.invalid("stimuli.image_size", error.to_string()),
        })
}

fn arch(keys: &Keys) -> Result<Arch, ConfigError> {
    let name = keys.text("network.arch")?;
    Arch::from_str(&name).map_err(|_| {
        let known = Arch::ALL.map(Arch::name);
        keys.unknown_name("network.arch", "network", &name, &known)
    })
}

/// What of an architecture may be chosen; whether it has the option, and the
/// value can work, is seen when it is laid out.
fn options(keys: &Keys) -> Result<Options, ConfigError> {
    let size = |value: &toml::Value| whole(value).and_then(|n| usize::try_from(n).ok());
    Ok(Options {
        dropout: keys.get("network.dropout", "a number", number)?,
        fc_width: keys.get("network.fc_width", "a whole number", size)?,
        slope: keys.get("network.slope", "a number", number)?,
        widths: keys.get(
            "network.widths",
            "a list of whole numbers, such as [256, 128, 64, 64]",
            |value| value.as_array()?.iter().map(size).collect(),
        )?,
    })
}
