use std::path::Path;

use crate::GeneratorError;

/// Writes a file whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), GeneratorError> {
    layerprobe_durable::write(path, bytes).map_err(|source| GeneratorError::Write {
        path: path.to_owned(),
        source,
    })
}
