//! How far cells are, to tell whether a task got on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::SlurmError;
use crate::sweep::{Cell, CellState, SweepFolder};
use crate::training::snapshot_step;

/// How far each cell of a task is, by what lies in its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks(BTreeMap<String, Mark>);

/// How far a cell is: what is done counts first, files of its conditions before
/// the steps of a training under way, whose snapshot goes when it is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Mark {
    done: bool,
    files: u64,
    step: u64,
}

impl Marks {
    /// How far these cells are now.
    ///
    /// # Errors
    /// Of the file system.
    pub fn now(cells: &[Cell], folder: &SweepFolder) -> Result<Self, SlurmError> {
        let mut marks = BTreeMap::new();
        for cell in cells {
            let root = folder.cell(cell);
            let is_done = matches!(folder.state(cell), Ok(CellState::Done { .. }));
            let mut mark = Mark {
                done: is_done,
                ..Mark::default()
            };
            for part in ["conditions", "baselines"] {
                count(&root.join(part), &mut mark)?;
            }
            marks.insert(cell.id.clone(), mark);
        }
        Ok(Self(marks))
    }

    /// Whether any cell is further than it was.
    pub fn is_past(&self, before: &Self) -> bool {
        let was = |cell: &String| before.0.get(cell).copied().unwrap_or_default();
        self.0.iter().any(|(cell, mark)| *mark > was(cell))
    }
}

/// Adds the files below a folder. What is hidden is being written, what was set
/// aside is made again: neither is progress.
fn count(folder: &Path, mark: &mut Mark) -> Result<(), SlurmError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(SlurmError::io("list", folder)(error)),
    };
    for entry in entries {
        let path = entry.map_err(SlurmError::io("list", folder))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy());
        let is_hidden = name.is_some_and(|name| name.starts_with('.'));
        if is_hidden || layerprobe_durable::is_aside(&path) {
            continue;
        }
        match snapshot_step(&path) {
            Some(step) => mark.step += step,
            None if path.is_dir() => count(&path, mark)?,
            None => mark.files += 1,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(done: bool, files: u64, step: u64) -> Marks {
        Marks([("a".to_owned(), Mark { done, files, step })].into())
    }

    #[test]
    fn a_step_a_file_and_an_end_are_progress_and_nothing_else() {
        let before = marks(false, 3, 40);
        assert!(!before.is_past(&before));
        assert!(marks(false, 3, 41).is_past(&before));
        // a training that is complete leaves no snapshot
        assert!(marks(false, 4, 0).is_past(&before));
        assert!(marks(true, 3, 0).is_past(&before));
        // set back to an earlier point
        assert!(!marks(false, 3, 12).is_past(&before));
        assert!(!marks(false, 2, 99).is_past(&before));
        assert!(marks(false, 1, 0).is_past(&Marks::default()));
    }

    #[test]
    fn files_are_counted_but_those_hidden_and_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        };
        let mut mark = Mark::default();
        count(&dir.path().join("none"), &mut mark).unwrap();
        assert_eq!(mark, Mark::default());
        for name in [
            "a/training.csv",
            "a/probes/fc1.json",
            "a/.x.tmp",
            ".lease/1",
        ] {
            put(name);
        }
        put("a/checkpoints/step-000000.safetensors.damaged");
        count(dir.path(), &mut mark).unwrap();
        assert_eq!((mark.files, mark.step), (2, 0));
    }
}
