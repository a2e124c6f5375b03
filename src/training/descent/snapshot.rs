//! The snapshot of an unfinished training, and whether what lies beside it is still
//! what it was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checkpoint::{named, network_of, write};
use crate::models::Parameter;
use crate::nn::Perceptron;
use crate::training::artifacts::{damaged_artifacts, named_below};
use crate::training::checkpoint::{CheckpointError, Tensors, bytes_if_there, parse, serialize};
use crate::training::log::LogRow;
use crate::training::{TrainingError, snapshot_path};

/// Everything that training has in its hands between two steps, besides weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// blake3 of each file written so far, by its path in the folder.
    #[serde(deserialize_with = "named_below")]
    pub(super) artifacts: BTreeMap<String, String>,
    /// Steps taken.
    pub(super) epoch: u64,
    /// The log so far.
    pub(super) rows: Vec<LogRow>,
}

/// What a snapshot says of itself.
#[derive(Serialize, Deserialize)]
struct Header {
    config_hash: String,
    /// blake3 of all the rest.
    content: String,
    state: State,
}

/// Writes a snapshot, from which training can go on as if nothing happened.
pub(super) fn keep(
    path: &Path,
    config_hash: &str,
    state: &State,
    network: &Perceptron<f32>,
) -> Result<(), CheckpointError> {
    let (shapes, parameters) = (network.spec().shapes(), network.parameters());
    let tensors = named(&shapes, &parameters);
    let header = Header {
        config_hash: config_hash.to_owned(),
        content: content_hash(path, (config_hash, state), tensors)?,
        state: state.clone(),
    };
    write(path, &header, network).map(|_| ())
}

/// Takes up a snapshot, if there is one: sets the weights and returns the rest.
pub(super) fn take_up(
    path: &Path,
    config_hash: &str,
    network: &mut Perceptron<f32>,
) -> Result<Option<State>, CheckpointError> {
    let Some((header, tensors)) = read(path)? else {
        return Ok(None);
    };
    if header.config_hash != config_hash {
        return Err(CheckpointError::OtherTraining {
            path: path.to_owned(),
            what: "config hash",
            found: header.config_hash,
            expected: config_hash.to_owned(),
        });
    }
    *network = network_of(network.spec(), tensors, path)?;
    Ok(Some(header.state))
}

/// Reads a snapshot, if there is one, and checks that it is what was written.
fn read(path: &Path) -> Result<Option<(Header, Vec<Parameter>)>, CheckpointError> {
    let Some(bytes) = bytes_if_there(path)? else {
        return Ok(None);
    };
    let (header, tensors): (Header, Vec<Parameter>) = parse(&bytes, path)?;
    let described = tensors
        .iter()
        .map(|t| (t.name.clone(), t.shape.as_slice(), t.values.as_slice()))
        .collect();
    let said = (header.config_hash.as_str(), &header.state);
    if content_hash(path, said, described)? != header.content {
        return Err(CheckpointError::Altered {
            path: path.to_owned(),
        });
    }
    Ok(Some((header, tensors)))
}

/// blake3 of what a snapshot says and of its weights, as a file of them would be.
fn content_hash(
    path: &Path,
    said: (&str, &State),
    tensors: Tensors<'_>,
) -> Result<String, CheckpointError> {
    let bytes = serialize(path, &said, tensors)?;
    Ok(blake3::hash(&bytes).to_hex().to_string())
}

/// What an unfinished training left in its folder that is not what it was: a
/// snapshot, or files written before it, which may be gone altogether. Training
/// must not go on from there.
///
/// # Errors
/// If a file cannot be read.
pub fn damaged(dir: &Path) -> Result<Vec<PathBuf>, TrainingError> {
    let path = snapshot_path(dir);
    let state = match read(&path) {
        Ok(None) => return Ok(Vec::new()),
        Ok(Some((header, _))) => header.state,
        Err(error @ CheckpointError::Read { .. }) => return Err(error.into()),
        Err(_) => return Ok(vec![path]),
    };
    damaged_artifacts(dir, &state.artifacts, |_, _| false)
}
