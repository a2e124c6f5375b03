//! A second place for a file that is there.

use std::fs;
use std::io;
use std::path::Path;

use crate::fence;
use crate::pending::{Pending, temporary_of};
use crate::seam;

/// Puts the file at `from` at `to` as well, whole or not at all, in the place of
/// what may stand there: as a hard link, which takes no room on the disk, or as a
/// copy where there can be no link. The folder is made if needed.
///
/// The file is to be one that was written by [`write`](crate::write) or
/// [`Pending`]: it has been flushed, and is replaced rather than changed.
///
/// # Errors
/// Of the file system, or [`Superseded`](crate::Superseded).
///
/// ```
/// let folder = std::env::temp_dir().join(format!("link-example-{}", std::process::id()));
/// layerprobe_durable::write(&folder.join("a"), b"all of it")?;
/// layerprobe_durable::link(&folder.join("a"), &folder.join("b/c"))?;
/// assert_eq!(std::fs::read(folder.join("b/c"))?, b"all of it");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    let temporary = temporary_of(to)?;
    match seam::hard_link(from, &temporary, to) {
        Ok(()) => {
            let placed = fence::check(to).and_then(|()| fs::rename(&temporary, to));
            // where both names were of one file already, a rename leaves both
            let _ = fs::remove_file(&temporary);
            placed
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        Err(_) => copy(from, to),
    }
}

/// Copies a file, whole or not at all; what happens to one of the two from then
/// on does not happen to the other. The folder is made if needed.
///
/// # Errors
/// Of the file system, or [`Superseded`](crate::Superseded).
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = fs::File::open(from)?;
    let mut pending = Pending::create(to)?;
    io::copy(&mut source, &mut pending)?;
    pending.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_takes_the_place_of_what_was_there_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        crate::write(&from, b"new").unwrap();
        crate::write(&to, b"old").unwrap();
        for _ in 0..2 {
            link(&from, &to).unwrap();
            assert_eq!(fs::read(&to).unwrap(), b"new");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        }
        // replacing one leaves the other
        crate::write(&from, b"newer").unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"new");
        let copied = dir.path().join("copy");
        crate::faults::arm(dir.path(), 0, crate::faults::Fault::Create);
        link(&to, &copied).unwrap();
        assert!(!crate::faults::disarm(dir.path()), "no link, so a copy");
        fs::write(&to, b"altered in place").unwrap();
        assert_eq!(fs::read(&copied).unwrap(), b"new");
        fs::write(&to, b"new").unwrap();
        assert!(link(&dir.path().join("none"), &to).is_err());
        assert_eq!(fs::read(&to).unwrap(), b"new");
    }
}
