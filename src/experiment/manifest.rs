//! `manifest.json`: what made a run, and the hash of everything it left.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::{Config, Seeds};

use super::error::ExperimentError;
use super::events::Stage;
use super::layout::RunFolder;

/// What made a run. Unlike the results, it differs from machine to machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the program.
    pub version: String,
    /// Commit the program was built from.
    pub git: String,
    /// Hash of `config.toml`.
    pub config_hash: String,
    /// The protocol of the probes, with its version.
    pub protocol: String,
    /// The seeds.
    pub seeds: ManifestSeeds,
    /// Name of the machine.
    pub host: String,
    /// Its processor.
    pub processor: String,
    /// Operating system and architecture.
    pub platform: String,
    /// Threads of the last session.
    pub threads: usize,
    /// Seconds spent in each stage, over all sessions.
    pub seconds: BTreeMap<String, f64>,
    /// blake3 of every file of the run, by its path in the folder.
    pub artifacts: BTreeMap<String, String>,
}

/// The seeds of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ManifestSeeds {
    /// The master seed.
    pub master: u64,
    /// Stimuli, hold-outs, correlation, selection set.
    pub data: u64,
    /// Initial weights.
    pub init: u64,
    /// Order of the batches.
    pub order: u64,
}

impl Manifest {
    /// The manifest of a run so far: seconds of earlier sessions are kept.
    pub fn open(folder: &RunFolder, config: &Config, protocol: &str) -> Self {
        let earlier = fs::read_to_string(folder.manifest())
            .ok()
            .and_then(|text| serde_json::from_str::<Self>(&text).ok());
        let Seeds { data, init, order } = config.seeds;
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            git: env!("LAYERPROBE_GIT").to_owned(),
            config_hash: config.hash(),
            protocol: protocol.to_owned(),
            seeds: ManifestSeeds {
                master: config.seed,
                data,
                init,
                order,
            },
            host: first_line("/proc/sys/kernel/hostname").unwrap_or_else(|| "unknown".to_owned()),
            processor: processor(),
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            threads: rayon::current_num_threads(),
            seconds: earlier.map(|m| m.seconds).unwrap_or_default(),
            artifacts: BTreeMap::new(),
        }
    }

    /// Adds time spent in a stage.
    pub fn spent(&mut self, stage: Stage, seconds: f64) {
        let total = self.seconds.entry(stage.name().to_owned()).or_default();
        // milliseconds are as fine as anyone can use
        *total = ((*total + seconds) * 1000.0).round() / 1000.0;
    }

    /// Hashes every file of the folder and writes the manifest.
    ///
    /// # Errors
    /// Of the file system.
    pub fn write(&mut self, folder: &RunFolder) -> Result<(), ExperimentError> {
        self.artifacts.clear();
        hash_files(folder.root(), folder.root(), &mut self.artifacts)?;
        let path = folder.manifest();
        let json = serde_json::to_string_pretty(self)
            .map_err(|e| ExperimentError::io("write", &path, e.into()))?;
        layerprobe_durable::write(&path, (json + "\n").as_bytes())
            .map_err(|e| ExperimentError::io("write", &path, e))
    }
}

/// blake3 of a file, as text.
///
/// # Errors
/// Of the file system.
pub fn hash_file(path: &Path) -> Result<String, ExperimentError> {
    let bytes = fs::read(path).map_err(|e| ExperimentError::io("read", path, e))?;
    Ok(blake3::hash(&bytes).to_hex().to_string())
}

fn hash_files(
    root: &Path,
    folder: &Path,
    hashes: &mut BTreeMap<String, String>,
) -> Result<(), ExperimentError> {
    let entries = fs::read_dir(folder).map_err(|e| ExperimentError::io("list", folder, e))?;
    for entry in entries {
        let path = entry
            .map_err(|e| ExperimentError::io("list", folder, e))?
            .path();
        let name = path.strip_prefix(root).unwrap_or(&path);
        if path.is_dir() {
            hash_files(root, &path, hashes)?;
        } else if name != Path::new("manifest.json") && !is_hidden(&path) {
            let name = name.to_string_lossy().replace('\\', "/");
            hashes.insert(name, hash_file(&path)?);
        }
    }
    Ok(())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn first_line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(str::to_owned)
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    info.lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or_else(
            || std::env::consts::ARCH.to_owned(),
            |(_, name)| name.trim().to_owned(),
        )
}
