use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::artifacts::{damaged_artifacts, named_below};
use super::checkpoint::{
    CheckpointError, CheckpointHeader, Tensors, bytes_if_there, header_of, parse, serialize,
};
use super::log::exact;
use super::{Best, LogRow, TrainingError, best_path, snapshot_path};
use crate::models::{Network, Parameter};
use crate::nn::optimizers::Optimizer;

/// Everything that training has in its hands between two steps, besides
/// weights and optimizer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// blake3 of each file written so far, by its path in the folder.
    #[serde(deserialize_with = "named_below")]
    pub(super) artifacts: BTreeMap<String, String>,
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
    /// blake3 of state and tensors.
    content: String,
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
    let described = tensors
        .iter()
        .map(|(name, shape, values)| (name.as_str(), *shape, *values));
    let header = Header {
        config_hash: config_hash.to_owned(),
        content: content_hash(path, state, described.collect())?,
        state: state.clone(),
    };
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

/// Steps that a snapshot has behind it, 0 if it cannot be read; none of a file
/// that is no snapshot by its name.
pub fn snapshot_step(path: &Path) -> Option<u64> {
    let dir = path.parent()?;
    (path == snapshot_path(dir)).then(|| {
        let bytes = fs::read(path).unwrap_or_default();
        header_of(&bytes, path).map_or(0, |header: Header| header.state.step)
    })
}

/// Reads a snapshot, if there is one, and checks that it is what was written.
fn read(path: &Path) -> Result<Option<(Header, Vec<Parameter>)>, CheckpointError> {
    let Some(bytes) = bytes_if_there(path)? else {
        return Ok(None);
    };
    let (header, tensors): (Header, Vec<Parameter>) = parse(&bytes, path)?;
    let described = tensors
        .iter()
        .map(|tensor| (tensor.name.as_str(), &tensor.shape[..], &tensor.values[..]));
    if content_hash(path, &header.state, described.collect())? != header.content {
        return Err(CheckpointError::Altered {
            path: path.to_owned(),
        });
    }
    Ok(Some((header, tensors)))
}

/// blake3 of a state and of tensors, whatever their order.
fn content_hash(
    path: &Path,
    state: &State,
    mut tensors: Vec<(&str, &[usize], &[f32])>,
) -> Result<String, CheckpointError> {
    let state = serde_json::to_vec(state).map_err(|source| CheckpointError::Header {
        path: path.to_owned(),
        source,
    })?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(state.len() as u64).to_le_bytes());
    hasher.update(&state);
    tensors.sort_unstable_by_key(|(name, ..)| *name);
    let mut bytes = Vec::new();
    for (name, shape, values) in tensors {
        hasher.update(format!("{name:?}{shape:?}").as_bytes());
        bytes.clear();
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        hasher.update(&bytes);
    }
    Ok(hasher.finalize().to_hex().to_string())
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
    // a best that came after the snapshot comes again
    damaged_artifacts(dir, &state.artifacts, |file, bytes| {
        file == best_path(dir)
            && header_of::<CheckpointHeader>(bytes, file)
                .is_ok_and(|header| header.step > state.step)
    })
}

/// Removes the snapshot in a condition's folder, if there is one: training
/// starts anew.
///
/// # Errors
/// Of the file system.
pub fn remove_snapshot(dir: &Path) -> Result<(), TrainingError> {
    let path = snapshot_path(dir);
    match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(TrainingError::Write { path, source })
        }
        _ => Ok(()),
    }
}
