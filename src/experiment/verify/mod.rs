//! Whether a finished run still is what it says.

mod files;
mod recompute;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::config::Config;

use super::design::stimuli::ExperimentStimuli;
use super::design::streams::Streams;
use super::error::ExperimentError;
use super::events::Observer;
use super::execution::Execution;
use super::folder::layout::{self, RunFolder};
use super::folder::manifest::Manifest;
use super::work::Work;

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
    config: &'a Config,
    folder: &'a RunFolder,
    manifest: Option<&'a Manifest>,
    work: &'a Work<'a>,
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
    let path = folder.root().join("config.toml");
    let config = Config::from_toml(&path.display().to_string(), &text)?;
    let streams = Streams::new(&config.seeds);
    let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams)?;
    let work = Work::new(&config, &streams, &stimuli, execution)?;
    let manifest = Manifest::read(&folder.manifest());
    let mut run = Run {
        config: &config,
        folder: &folder,
        manifest: manifest.as_ref(),
        work: &work,
        findings: Vec::new(),
    };
    run.check_config(&text);
    let files = run.check_files()?;
    let measurements = run.check_tables();
    let mut verification = Verification {
        files,
        measurements,
        recomputed: Vec::new(),
        findings: run.findings,
    };
    if recompute > 0 {
        let again = recompute::Again {
            config: &config,
            folder: &folder,
            manifest: manifest.as_ref(),
            streams: &streams,
            stimuli: &stimuli,
        };
        let (ids, findings) = again.run(recompute, execution, stop, observer)?;
        verification.recomputed = ids;
        verification.findings.extend(findings);
    }
    Ok(verification)
}

impl Run<'_> {
    fn find(&mut self, file: impl Into<PathBuf>, problem: impl Into<String>, advice: String) {
        self.findings.push(Finding {
            file: file.into(),
            problem: problem.into(),
            advice,
        });
    }

    /// What makes things right again where they can be made again.
    fn run_again(&self) -> String {
        let root = self.folder.root().display();
        format!("make it again with: layerprobe run {root}/config.toml --out {root}")
    }
}
