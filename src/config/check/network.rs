//! The network and the layers it has at this image size.

use std::str::FromStr;

use crate::config::error::ConfigError;
use crate::config::keys::Keys;
use crate::config::sections::{InitialWeights, Network, Split, Stimuli};
use crate::models::{Arch, Design};

pub(super) fn network(keys: &Keys) -> Result<Network, ConfigError> {
    let weights = keys.text_or("network.initial_weights", "shared")?;
    let choices = ["shared", "per_run"];
    let chosen = keys.known("network.initial_weights", "choice", &weights, &choices)?;
    Ok(Network {
        arch: arch(keys)?.name().to_owned(),
        initial_weights: match chosen {
            "per_run" => InitialWeights::PerRun,
            _ => InitialWeights::Shared,
        },
    })
}

/// Names of the layers that can be read, first to last.
pub(super) fn layers(
    keys: &Keys,
    stimuli: &Stimuli,
    split: &Split,
) -> Result<Vec<String>, ConfigError> {
    let classes = stimuli.values_per_feature() - split.held_out;
    let (arch, size) = (arch(keys)?, stimuli.image_size());
    let layers = Design::new(arch, size, classes)
        .layers()
        .map_err(|error| keys.invalid("stimuli.image_size", error.to_string()))?;
    Ok(layers.into_iter().map(|layer| layer.name).collect())
}

fn arch(keys: &Keys) -> Result<Arch, ConfigError> {
    let name = keys.text("network.arch")?;
    let known = Arch::ALL.map(Arch::name);
    keys.known("network.arch", "network", &name, &known)?;
    Arch::from_str(&name).map_err(|error| keys.invalid("network.arch", error.to_string()))
}
