//! Files that are not what they should be.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::fence;

/// What the name of a file that was set aside ends with, before a number.
pub const ASIDE: &str = ".damaged";

/// Renames a file out of the way, to `NAME.damaged`, or `NAME.damaged2` and so
/// on if that is taken, and returns its new path.
///
/// # Errors
/// Of the file system, or [`Superseded`](crate::Superseded).
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    fence::check(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let numbers = std::iter::once(String::new()).chain((2..).map(|n: u32| n.to_string()));
    for number in numbers {
        let aside = path.with_file_name(format!("{name}{ASIDE}{number}"));
        if !aside.exists() {
            fs::rename(path, &aside)?;
            return Ok(aside);
        }
    }
    Err(io::Error::other("no name is left to set the file aside"))
}

/// Whether a file was set aside.
pub fn is_aside(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.rsplit_once(ASIDE)
        .is_some_and(|(_, number)| number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_damaged_file_keeps_a_place_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.csv");
        for (content, wanted) in [("1", "table.csv.damaged"), ("2", "table.csv.damaged2")] {
            fs::write(&path, content).unwrap();
            let aside = set_aside(&path).unwrap();
            assert_eq!(aside, dir.path().join(wanted));
            assert!(is_aside(&aside) && !path.exists());
        }
        assert_eq!(
            fs::read(dir.path().join("table.csv.damaged")).unwrap(),
            b"1"
        );
        assert!(!is_aside(&path));
        assert!(set_aside(&path).is_err(), "nothing is there");
    }
}
