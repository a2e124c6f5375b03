//! The protocol's name, which goes into rows and hashes.

use layerprobe_probes::Scaling;

use crate::config::{Config, Protocol, UntrainedImages};
use crate::results::PAPER_PROTOCOL;

/// The protocol's name and version, written into every row.
pub const PROTOCOL: &str = "clean/4";

/// The protocol's name with what this configuration changes in it.
pub fn name(config: &Config) -> String {
    let scaling = match config.probes.scaling {
        Scaling::Channel => String::new(),
        scaling => format!(" scaling={}", scaling.as_str()),
    };
    let untrained = match config.probes.untrained_images {
        UntrainedImages::Normalized => "",
        UntrainedImages::Raw => " untrained_images=raw",
    };
    format!("{PROTOCOL}{scaling}{untrained}")
}

/// The names of all protocols of this configuration.
pub fn names(config: &Config) -> String {
    let name = |protocol: &Protocol| match protocol {
        Protocol::Clean => name(config),
        Protocol::Paper => PAPER_PROTOCOL.to_owned(),
    };
    let names: Vec<String> = config.probes.protocol.iter().map(name).collect();
    names.join(", ")
}
