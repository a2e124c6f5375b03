//! Conditions made again and compared byte by byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use tempfile::TempDir;

use super::Finding;
use crate::experiment::error::ExperimentError;
use crate::experiment::events::Observer;
use crate::experiment::folder::artifacts::files_below;
use crate::experiment::folder::layout::RunFolder;
use crate::experiment::folder::manifest::Manifest;
use crate::experiment::folder::opening::WhenHeld;
use crate::machine::processor;

/// `count` of the names, spread over all of them.
pub(super) fn spread(count: usize, names: Vec<String>) -> Vec<String> {
    let all = names.len();
    let count = count.min(all);
    (0..count)
        .filter_map(|k| names.get(k * all / count).cloned())
        .collect()
}

/// A run folder elsewhere, gone when the first of the pair is.
pub(super) fn again_folder(
    folder: &RunFolder,
    toml: &str,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<(TempDir, RunFolder), ExperimentError> {
    let dir = tempfile::tempdir()
        .map_err(|e| ExperimentError::io("make a folder for", folder.root(), e))?;
    let again = RunFolder::open(dir.path(), toml, WhenHeld::Stop, stop, observer)?;
    Ok((dir, again))
}

/// The files of folders made again that are not, byte by byte, those of the
/// folders that are there.
pub(super) fn differences(
    pairs: &[(PathBuf, PathBuf)],
    manifest: Option<&Manifest>,
) -> Result<Vec<Finding>, ExperimentError> {
    let mut findings = Vec::new();
    for (made, there) in pairs {
        let mut files = BTreeMap::new();
        files_below(made, made, &mut files)?;
        for (name, path) in files {
            let file = there.join(&name);
            let bytes = fs::read(&path).map_err(|e| ExperimentError::io("read", &path, e))?;
            if fs::read(&file).ok().as_ref() != Some(&bytes) {
                findings.push(Finding {
                    file,
                    problem: "has other bytes when it is made again".to_owned(),
                    advice: advice(manifest),
                });
            }
        }
    }
    Ok(findings)
}

/// What may explain other bytes.
fn advice(manifest: Option<&Manifest>) -> String {
    let here = processor();
    match manifest {
        Some(manifest) if manifest.processor != here => format!(
            "the run was made on {}, this is {here}, and bytes agree on one kind of processor \
             only: verify it there, or compare the numbers",
            manifest.processor
        ),
        Some(manifest) if manifest.git != env!("LAYERPROBE_GIT") => format!(
            "the run was made by layerprobe {} ({}), this is {} ({}): verify it with that \
             version, or run it again in another folder",
            manifest.version,
            manifest.git,
            env!("CARGO_PKG_VERSION"),
            env!("LAYERPROBE_GIT")
        ),
        _ => "the results do not follow from config.toml: do not use them, run it again in \
              another folder, and report this if it happens again"
            .to_owned(),
    }
}
