//! Whether a finished run still is what it says.

mod bits;
mod files;
mod images;
mod recompute;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::config::{BinaryConfig, Config};

use super::error::ExperimentError;
use super::events::Observer;
use super::execution::Execution;
use super::folder::layout::{self, RunFolder};
use super::folder::manifest::Manifest;

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub advice: String,
}

/// What was looked at, and what does not agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Files whose hashes were recomputed.
    pub files: usize,
    /// Measurements that the configuration asks for.
    pub measurements: usize,
    /// Conditions that were made again and compared byte by byte.
    pub recomputed: Vec<String>,
    /// What does not agree; nothing, if the run is sound.
    pub findings: Vec<Finding>,
}

/// A run under test.
struct Run<'a> {
    folder: &'a RunFolder,
    manifest: Option<&'a Manifest>,
    /// The verb that made it.
    verb: &'static str,
    findings: Vec<Finding>,
}

/// Verifies a finished run: every file against its hash in the manifest and
/// in the proofs, the manifest and the results against the configuration, the
/// tables against the conditions' own. `recompute` conditions, spread over the
/// plan, are made again elsewhere and compared byte by byte. Nothing in the
/// folder is changed.
///
/// # Errors
/// If the folder is no run, a process works in it, its configuration cannot be
/// read, or a condition could not be made again.
pub fn verify(
    folder: &Path,
    recompute: usize,
    execution: &Execution,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<Verification, ExperimentError> {
    let text = layout::config_in(folder)?;
    let folder = RunFolder::reading(folder)?;
    let path = folder.root().join("config.toml").display().to_string();
    let manifest = Manifest::read(&folder.manifest());
    let (folder, manifest) = (&folder, manifest.as_ref());
    if BinaryConfig::is_text_of_one(&text) {
        let config = BinaryConfig::from_toml(&path, &text)?;
        let run = Run::new(folder, manifest, "binary");
        return run.verify_bits(&config, &text, recompute, stop, observer);
    }
    let config = Config::from_toml(&path, &text)?;
    let run = Run::new(folder, manifest, "run");
    run.verify_images(&config, &text, recompute, execution, stop, observer)
}

impl<'a> Run<'a> {
    fn new(folder: &'a RunFolder, manifest: Option<&'a Manifest>, verb: &'static str) -> Self {
        Self {
            folder,
            manifest,
            verb,
            findings: Vec::new(),
        }
    }

    fn find(&mut self, file: impl Into<PathBuf>, problem: impl Into<String>, advice: String) {
        self.findings.push(Finding {
            file: file.into(),
            problem: problem.into(),
            advice,
        });
    }

    /// What makes things right again where they can be made again.
    fn run_again(&self) -> String {
        let (verb, root) = (self.verb, self.folder.root().display());
        format!("make it again with: layerprobe {verb} {root}/config.toml --out {root}")
    }
}
