//! The protocols of the probes and what belongs to one of them.

use layerprobe_probes::AdamGrid;

use crate::config::error::ConfigError;
use crate::config::keys::Keys;
use crate::config::protocols::{PaperGrid, Protocol};

pub(super) fn protocols(keys: &Keys) -> Result<Vec<Protocol>, ConfigError> {
    let key = "probes.protocol";
    let wants = "\"clean\", \"paper\", or a list of both";
    let names = keys
        .get(key, wants, |value| match value.as_str() {
            Some(name) => Some(vec![name.to_owned()]),
            None => {
                let names = value.as_array()?.iter();
                names.map(|name| name.as_str().map(str::to_owned)).collect()
            }
        })?
        .unwrap_or_else(|| vec!["clean".to_owned()]);
    if names.is_empty() {
        return Err(keys.invalid(key, "name at least one protocol"));
    }
    let mut chosen = Vec::new();
    for name in names {
        let protocol = match keys.known(key, "protocol", &name, &Protocol::NAMES)? {
            "paper" => Protocol::Paper,
            _ => Protocol::Clean,
        };
        if chosen.contains(&protocol) {
            return Err(keys.invalid(key, format!("`{name}` is named twice")));
        }
        chosen.push(protocol);
    }
    Ok(chosen)
}

/// The paper's grid, if its protocol is chosen; with the paper's values where
/// none is given.
pub(super) fn paper(keys: &Keys, protocols: &[Protocol]) -> Result<Option<PaperGrid>, ConfigError> {
    let key = |name: &str| format!("probes.paper.{name}");
    if !protocols.contains(&Protocol::Paper) {
        let own = ["learning_rates", "weight_decays", "batch_size", "epochs"].map(key);
        return match own.iter().find(|key| keys.has(key)) {
            Some(key) => Err(keys.invalid(
                key,
                "belongs to the protocol `paper`: name it in `probes.protocol`",
            )),
            None => Ok(None),
        };
    }
    let default = AdamGrid::default();
    let grid = PaperGrid {
        learning_rates: keys
            .numbers(&key("learning_rates"), "[0.001, 0.01]")?
            .unwrap_or(default.learning_rates),
        weight_decays: keys
            .numbers(&key("weight_decays"), "[0, 0.001]")?
            .unwrap_or(default.weight_decays),
        batch_size: keys.whole_or_in(&key("batch_size"), default.batch_size as u64, 1, 1 << 20)?
            as usize,
        epochs: keys.whole_or_in(&key("epochs"), default.epochs as u64, 1, 1_000_000)? as usize,
    };
    let positive = |rate: &f64| *rate > 0.0;
    let not_negative = |decay: &f64| *decay >= 0.0;
    if grid.learning_rates.is_empty() || !grid.learning_rates.iter().all(positive) {
        let problem = "give at least one learning rate, each above 0";
        return Err(keys.invalid(&key("learning_rates"), problem));
    }
    if grid.weight_decays.is_empty() || !grid.weight_decays.iter().all(not_negative) {
        let problem = "give at least one weight decay, none below 0";
        return Err(keys.invalid(&key("weight_decays"), problem));
    }
    Ok(Some(grid))
}
