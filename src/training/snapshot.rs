use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::checkpoint::{CheckpointError, Tensors, parse, serialize};
use super::log::exact;
use super::{Best, LogRow, TrainingError};
use crate::models::{Network, Parameter};
use crate::nn::Adam;

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

/// Prefixes of the optimizer's tensors.
const FIRST: &str = "adam.first.";
const SECOND: &str = "adam.second.";

/// Writes a snapshot, from which training can go on as if nothing happened.
pub(super) fn write(
    path: &Path,
    config_hash: &str,
    state: &State,
    network: &Network,
    adam: &Adam,
) -> Result<(), CheckpointError> {
    let header = Header {
        config_hash: config_hash.to_owned(),
        state: state.clone(),
    };
    let (first, second) = adam.moments();
    let mut tensors: Tensors<'_> = Vec::new();
    for ((parameter, first), second) in network.parameters().iter().zip(first).zip(second) {
        let (name, shape) = (&parameter.name, parameter.shape.as_slice());
        tensors.push((name.clone(), shape, &parameter.values));
        tensors.push((format!("{FIRST}{name}"), shape, first));
        tensors.push((format!("{SECOND}{name}"), shape, second));
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
    adam: &mut Adam,
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
    let (mut weights, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
    for tensor in tensors {
        let (group, name) = match (
            tensor.name.strip_prefix(FIRST),
            tensor.name.strip_prefix(SECOND),
        ) {
            (Some(name), _) => (&mut first, name.to_owned()),
            (_, Some(name)) => (&mut second, name.to_owned()),
            _ => (&mut weights, tensor.name.clone()),
        };
        group.push(Parameter { name, ..tensor });
    }
    // the moments are checked and ordered as if they were weights
    let misfit = |source| CheckpointError::Network {
        path: path.to_owned(),
        source,
    };
    let mut ordered = |group| -> Result<Vec<Vec<f32>>, CheckpointError> {
        network.set_parameters(group).map_err(misfit)?;
        let values = network.parameters().iter().map(|p| p.values.clone());
        Ok(values.collect())
    };
    let (first, second) = (ordered(first)?, ordered(second)?);
    network.set_parameters(weights).map_err(misfit)?;
    adam.restore(header.state.step, first, second);
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
