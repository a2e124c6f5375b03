use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use crate::GeneratorError;

/// Writes a whole file: into a temporary sibling, which is then renamed.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), GeneratorError> {
    let failed = |source| GeneratorError::Write {
        path: path.to_owned(),
        source,
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.partial"));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.flush()
    });
    written
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(failed)
}
