//! The folder of a reproduction: where its runs lie, and whether it is one, looked at
//! before anything is written.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::ReproductionError;
use super::study::Study;
use crate::experiment::run_folder_around;

/// Where an experiment is run.
pub(super) fn run_folder(out: &Path, id: &str) -> PathBuf {
    out.join("runs").join(id)
}

/// Whether an experiment was run in its folder to its end, and is still there with its
/// networks.
pub(super) fn is_run(out: &Path, id: &str) -> bool {
    let folder = run_folder(out, id);
    folder.join("results.csv").exists() && folder.join("conditions").exists()
}

/// Refuses a folder whose results are of something else, before any is written over.
pub(super) fn check(study: &Study, out: &Path) -> Result<(), ReproductionError> {
    let refused = |what: String| ReproductionError::OtherFolder {
        path: out.to_owned(),
        what,
    };
    if let Some(run) = run_folder_around(&out.join("claims.json")) {
        return Err(refused(format!("{} is the folder of a run", run.display())));
    }
    if out.join("sweep.toml").is_file() {
        return Err(refused("it is the folder of a sweep".to_owned()));
    }
    let Ok(claims) = fs::read_to_string(out.join("claims.json")) else {
        // killed before its end, a reproduction has left evidence
        let others = ["results.csv", "report/index.html"].map(|name| (name, out.join(name)));
        let mut others = others.iter().filter(|(_, path)| path.exists());
        return match others.next().filter(|_| !out.join("evidence").is_dir()) {
            Some((name, _)) => Err(refused(format!("its {name} is of no reproduction"))),
            None => Ok(()),
        };
    };
    let Ok(said) = serde_json::from_str::<serde_json::Value>(&claims) else {
        return Err(refused(
            "its claims.json cannot be read; move that away".to_owned(),
        ));
    };
    let (of, scale) = (said["study"].as_str(), said["scale"].as_str());
    match (of, scale) == (Some(&*study.name), Some(study.scale.name())) {
        true => Ok(()),
        false => Err(refused(format!(
            "its claims.json is of {} at scale {}",
            of.unwrap_or("something else"),
            scale.unwrap_or("unknown")
        ))),
    }
}
