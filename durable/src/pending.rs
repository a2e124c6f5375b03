//! A file under way, and its place.

use std::fs;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::fence;
use crate::holder::THIS_PROCESS;
use crate::seam::Seam;

/// Tells temporary files of one process apart; those of different ones differ in what
/// was drawn for each, since on two machines two processes may have one number.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// What the name of every temporary file ends with.
const ENDING: &str = ".tmp";

/// A file under way, beside the place where it will stand. Dropped before
/// [`commit`](Self::commit), it leaves nothing.
#[derive(Debug)]
pub struct Pending {
    path: PathBuf,
    temporary: PathBuf,
    file: Seam,
    committed: bool,
}

impl Pending {
    /// Starts a file that will stand at `path`. The folder is made if needed.
    ///
    /// # Errors
    /// Of the file system, or if the path names no file.
    pub fn create(path: &Path) -> io::Result<Self> {
        let temporary = temporary_of(path)?;
        Ok(Self {
            path: path.to_owned(),
            file: Seam::create(&temporary, path)?,
            temporary,
            committed: false,
        })
    }

    /// Flushes the file to the disk and puts it in its place, if this process
    /// still holds the folder that it is for (see [`Lease`](crate::Lease)).
    ///
    /// # Errors
    /// Of the file system, or [`Superseded`](crate::Superseded); what stood
    /// there before then stands there still.
    pub fn commit(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fence::check(&self.path)?;
        self.file.rename(&self.temporary, &self.path)?;
        self.committed = true;
        Ok(())
    }
}

/// A name for a temporary file beside the place where it will stand; the folder
/// is made if needed.
pub(crate) fn temporary_of(path: &Path) -> io::Result<PathBuf> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the path names no file",
        ));
    };
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Ok(path.with_file_name(format!(
        ".{}.{}-{number}{ENDING}",
        name.to_string_lossy(),
        *THIS_PROCESS
    )))
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Pending {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.file.seek(place)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.committed {
            // the first error is the one to tell; the file may be gone already
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Writes `bytes` to a sibling temporary file, flushes it to the disk and
/// renames it to `path`, so that a reader finds the old file or the new one,
/// never a part, whatever happens in between. The folder is made if needed.
///
/// # Errors
/// Of the file system, or [`Superseded`](crate::Superseded); the temporary
/// file is then removed and what stood at `path` is still there.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut pending = Pending::create(path)?;
    pending.write_all(bytes)?;
    pending.commit()
}

/// Whether a file of this name is one under way, or half-written by a killed process.
pub fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(ENDING)
}

/// Removes what killed processes left half-written below a folder. Only for
/// its holder: files under way would be taken from other processes.
///
/// # Errors
/// Of the file system.
pub fn remove_temporaries(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            remove_temporaries(&path)?;
        } else if is_temporary(&name) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_a_file_makes_its_folder_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/table.csv");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path().join("a/b")).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_keeps_the_old_file_and_cleans_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("occupied");
        fs::create_dir_all(path.join("by a folder")).unwrap();
        assert!(write(&path, b"new").is_err());
        assert!(path.join("by a folder").is_dir());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_given_up_halfway_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large");
        let mut pending = Pending::create(&path).unwrap();
        pending.write_all(b"half").unwrap();
        drop(pending);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_path_without_a_name_is_an_error() {
        assert!(write(Path::new("/"), b"x").is_err());
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/table.csv");
        write(&path, b"whole").unwrap();
        let mut killed = Pending::create(&path).unwrap();
        killed.write_all(b"ha").unwrap();
        std::mem::forget(killed);
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 2);
        remove_temporaries(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 1);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }
}
