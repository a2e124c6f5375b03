//! Which files of a run folder are the run's own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use layerprobe_durable::is_aside;

use crate::experiment::error::ExperimentError;
use crate::training::artifact_name;

/// The tables of a run, in its folder.
pub const TABLES: [&str; 3] = ["results.csv", "by_value.csv", "confusion.csv"];

/// Whether a file lies where a run puts what it makes: what else is in its folder is
/// the user's.
pub fn is_of_a_run(name: &str) -> bool {
    name == "config.toml" || is_measured(name) || is_made_from_conditions(name)
}

/// Whether a file of a run is made from the files of its conditions and
/// baselines.
pub fn is_made_from_conditions(name: &str) -> bool {
    TABLES.contains(&name) || is_of_report(name)
}

/// Whether a file is of the report.
pub fn is_of_report(name: &str) -> bool {
    name.starts_with("report/")
}

/// Whether a file is a condition's or a baseline's own.
fn is_measured(name: &str) -> bool {
    ["conditions/", "baselines/"]
        .iter()
        .any(|folder| name.starts_with(folder))
}

/// Of a proof's path, the folder, with a slash, in which its files lie; none of
/// another file's.
pub fn folder_of_proof(name: &str) -> Option<String> {
    let is_proof = is_measured(name) && name.ends_with(".json");
    let parts = name.splitn(3, '/').take(2).map(|part| format!("{part}/"));
    is_proof.then(|| parts.collect())
}

/// The files of a run folder by their paths in it, with slashes; not the
/// manifest, nor what is hidden or was set aside.
///
/// # Errors
/// Of the file system.
pub fn files_below(
    root: &Path,
    folder: &Path,
    files: &mut BTreeMap<String, PathBuf>,
) -> Result<(), ExperimentError> {
    let entries = fs::read_dir(folder).map_err(|e| ExperimentError::io("list", folder, e))?;
    for entry in entries {
        let path = entry
            .map_err(|e| ExperimentError::io("list", folder, e))?
            .path();
        let name = artifact_name(root, &path);
        if is_hidden(&path) || is_aside(&path) || name == "manifest.json" {
            continue;
        }
        if path.is_dir() {
            files_below(root, &path, files)?;
        } else {
            files.insert(name, path);
        }
    }
    Ok(())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_lie_with_conditions_and_baselines() {
        let folder = |name: &str| folder_of_proof(name);
        assert_eq!(
            folder("conditions/a/probes/step-000000/fc1.json").as_deref(),
            Some("conditions/a/")
        );
        assert_eq!(
            folder("baselines/split0/input.json").as_deref(),
            Some("baselines/split0/")
        );
        for other in ["report/data.json", "baselines/split0/input.csv", "x.json"] {
            assert_eq!(folder(other), None, "{other}");
        }
        assert!(is_made_from_conditions("results.csv"));
        assert!(!is_made_from_conditions("baselines/split0/input.csv"));
        assert!(is_of_a_run("baselines/split0/input.csv") && !is_of_a_run("reports.txt"));
    }
}
