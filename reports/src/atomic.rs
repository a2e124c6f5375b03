use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::ReportError;

/// Writes a file whole or not at all: a sibling temporary file, flushed to
/// the disk, then renamed.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // the first error is the one to tell; the leftover may not even exist
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(ReportError::write(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_a_file_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.csv");
        write_file(&path, b"old").unwrap();
        write_file(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("missing").join("table.csv");
        let error = write_file(&path, b"x").unwrap_err().to_string();
        assert!(error.contains("missing/table.csv"), "{error}");
    }
}
