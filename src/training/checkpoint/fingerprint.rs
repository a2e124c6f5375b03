use std::fs;
use std::path::Path;

use safetensors::SafeTensors;

use super::file::header_of;
use super::{Checkpoint, CheckpointError, CheckpointHeader};

/// What a checkpoint says of itself, and what tells its network from others.
#[derive(Clone, Debug, PartialEq)]
pub struct Fingerprint {
    /// What the file says of itself.
    pub header: CheckpointHeader,
    /// blake3 of design and weights: the same for two files, whatever else their
    /// headers say, whose networks compute the same.
    pub weights: String,
}

impl Checkpoint {
    /// The fingerprint of the network in a file, without building it.
    ///
    /// # Errors
    /// If the file cannot be read, is cut short, or is not a checkpoint.
    pub fn fingerprint(path: &Path) -> Result<Fingerprint, CheckpointError> {
        let bytes = fs::read(path).map_err(|source| CheckpointError::Read {
            path: path.to_owned(),
            source,
        })?;
        let header: CheckpointHeader = header_of(&bytes, path)?;
        let file = SafeTensors::deserialize(&bytes).map_err(|source| CheckpointError::Format {
            path: path.to_owned(),
            source,
        })?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{:?}", header.design()).as_bytes());
        let mut tensors = file.tensors();
        tensors.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (name, tensor) in &tensors {
            let (kind, shape) = (tensor.dtype(), tensor.shape());
            hasher.update(format!("{name:?} {kind:?} {shape:?}").as_bytes());
            hasher.update(tensor.data());
        }
        Ok(Fingerprint {
            header,
            weights: hasher.finalize().to_hex().to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use layerprobe_streams::StreamKey;

    use super::*;
    use crate::models::{Arch, Network, Options};
    use crate::training::{Normalization, Role};

    #[test]
    fn equal_networks_have_equal_fingerprints_whatever_their_files_say() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("network.safetensors");
        let mark = |seed: u64, config_hash: &str, step: u64| {
            let network = Network::new(Arch::Mlp, 8, 2, StreamKey::from_seed(seed)).unwrap();
            let header = CheckpointHeader {
                arch: Arch::Mlp,
                channels: 3,
                classes: 2,
                config_hash: config_hash.to_owned(),
                epoch: 0.0,
                image_size: 8,
                layers: Vec::new(),
                normalization: Normalization::IDENTITY,
                options: Options::default(),
                role: Role::Scheduled,
                step,
            };
            Checkpoint::write(&path, &header, &network).unwrap();
            Checkpoint::fingerprint(&path).unwrap()
        };
        let one = mark(0, "a", 0);
        let same = mark(0, "b", 9);
        assert_eq!(one.weights, same.weights);
        assert_eq!(same.header.step, 9);
        assert_ne!(one.weights, mark(1, "a", 0).weights);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(Checkpoint::fingerprint(&path).is_err());
    }
}
