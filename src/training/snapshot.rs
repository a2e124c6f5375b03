use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::checkpoint::{CheckpointError, Tensors, parse, serialize};
use super::log::exact;
use super::{Best, LogRow, TrainingError};
use crate::models::{Network, Parameter};
use crate::nn::optimizers::Optimizer;

/// Everything that training has in its hands between two steps, besides
/// weights and optimizer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// The best on validation so far.
    pub(super) best: Option<Best>,
    /// Right answers in this epoch so far.
    pub(super) correct: u64,
    /// Sum of losses over this epoch's examples so far.
    #[serde(with = "exact")]
    pub(super) loss_sum: f64,
    /// The log so far.
    pub(super) rows: Vec<LogRow>,
    /// Steps taken.
    pub(super) step: u64,
}

/// What a snapshot says of itself.
#[derive(Serialize, Deserialize)]
struct Header {
    config_hash: String,
    state: State,
}

/// Writes a snapshot, from which training can go on as if nothing happened.
pub(super) fn write(
    path: &Path,
    config_hash: &str,
    state: &State,
    network: &Network,
    optimizer: &Optimizer,
) -> Result<(), CheckpointError> {
    let header = Header {
        config_hash: config_hash.to_owned(),
        state: state.clone(),
    };
    let mut tensors: Tensors<'_> = Vec::new();
    for tensor in network.tensors() {
        tensors.push((tensor.name.clone(), &tensor.shape, &tensor.values));
    }
    for (kept, values) in optimizer.kept() {
        for (parameter, values) in network.parameters().iter().zip(values) {
            let name = format!("{kept}.{}", parameter.name);
            tensors.push((name, parameter.shape.as_slice(), values));
        }
    }
    let bytes = serialize(path, &header, tensors)?;
    layerprobe_durable::write(path, &bytes).map_err(|source| CheckpointError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Takes up a snapshot, if there is one: sets weights and optimizer and
/// returns the rest.
pub(super) fn take_up(
    path: &Path,
    config_hash: &str,
    network: &mut Network,
    optimizer: &mut Optimizer,
) -> Result<Option<State>, CheckpointError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(CheckpointError::Read {
                path: path.to_owned(),
                source,
            });
        }
    };
    let (header, tensors): (Header, _) = parse(&bytes, path)?;
    if header.config_hash != config_hash {
        return Err(CheckpointError::OtherTraining {
            path: path.to_owned(),
            what: "config hash",
            found: header.config_hash,
            expected: config_hash.to_owned(),
        });
    }
    let names: Vec<String> = optimizer
        .kept()
        .map(|(kept, _)| format!("{kept}."))
        .collect();
    let (mut weights, mut kept) = (Vec::new(), vec![Vec::new(); names.len()]);
    for tensor in tensors {
        let group = names.iter().zip(&mut kept).find_map(|(prefix, group)| {
            let name = tensor.name.strip_prefix(prefix.as_str())?;
            Some((name.to_owned(), group))
        });
        match group {
            Some((name, group)) => group.push(Parameter { name, ..tensor }),
            None => weights.push(tensor),
        }
    }
    // what the optimizer keeps is checked and ordered as if it were weights
    let misfit = |source| CheckpointError::Network {
        path: path.to_owned(),
        source,
    };
    let mut ordered = Vec::with_capacity(kept.len());
    for group in kept {
        ordered.push(network.like_parameters(group).map_err(misfit)?);
    }
    network.set_parameters(weights).map_err(misfit)?;
    optimizer.restore(header.state.step, ordered);
    Ok(Some(header.state))
}

/// Removes a snapshot, if there is one.
pub(super) fn remove(path: &Path) -> Result<(), TrainingError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(TrainingError::Write {
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}
