//! `manifest.json`: what made a run, and the hash of everything it left.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::{Config, Seeds};
use crate::machine;

use super::artifacts::{
    files_below, folder_of_proof, is_made_from_conditions, is_of_a_run, is_of_report,
};
use super::layout::{self, RunFolder};
use super::proof::{Proof, hash_file, is_what_it_was, set_aside};
use crate::experiment::design::protocol;
use crate::experiment::error::ExperimentError;
use crate::experiment::events::{Observer, Stage};
use crate::training::named_below;

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
    /// Work that was not done here but came from a shared store: for the path of
    /// its proof in the folder, where it was in the store.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub from_store: BTreeMap<String, String>,
    /// blake3 of every file that the run made, by its path in the folder.
    #[serde(deserialize_with = "named_below")]
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
    /// Order of the batches, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u64>,
}

/// What a run is made from, as its manifest says it.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Hash of `config.toml`.
    pub config_hash: String,
    /// The seeds.
    pub seeds: ManifestSeeds,
    /// The protocol of the probes, with its version.
    pub protocol: String,
}

impl Origin {
    /// That of an experiment on images.
    pub fn of(config: &Config) -> Self {
        let Seeds { data, init, order } = config.seeds;
        Self {
            config_hash: config.hash(),
            seeds: ManifestSeeds {
                master: config.seed,
                data,
                init,
                order: Some(order),
            },
            protocol: protocol::names(config),
        }
    }
}

impl Manifest {
    /// The manifest of a run so far: seconds of earlier sessions are kept.
    /// A manifest that cannot be read is told and set aside, and so are the
    /// tables and the report where they are not what it says; they are made
    /// again from the conditions' own files.
    ///
    /// # Errors
    /// Of the file system.
    pub fn open(
        folder: &RunFolder,
        origin: Origin,
        observer: &dyn Observer,
    ) -> Result<Self, ExperimentError> {
        let path = folder.manifest();
        let earlier = Self::read(&path);
        tracing::info!(
            folder = %folder.root().display(),
            config_hash = origin.config_hash,
            protocol = origin.protocol,
            begun = earlier.is_some(),
            "opens the run"
        );
        if earlier.is_none() && path.exists() {
            set_aside(&path, observer)?;
        }
        for (name, hash) in earlier.iter().flat_map(|earlier| &earlier.artifacts) {
            if is_made_from_conditions(name) {
                is_what_it_was(&folder.root().join(name), hash, observer)?;
            }
        }
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            git: env!("LAYERPROBE_GIT").to_owned(),
            config_hash: origin.config_hash,
            protocol: origin.protocol,
            seeds: origin.seeds,
            host: machine::host(),
            processor: machine::processor(),
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            threads: rayon::current_num_threads(),
            seconds: earlier.map(|m| m.seconds).unwrap_or_default(),
            from_store: BTreeMap::new(),
            artifacts: BTreeMap::new(),
        })
    }

    /// Reads a manifest; none if there is no file, or it is no manifest.
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// Adds time spent in a stage.
    pub fn spent(&mut self, stage: Stage, seconds: f64) {
        tracing::info!(stage = stage.name(), seconds, "time spent");
        let total = self.seconds.entry(stage.name().to_owned()).or_default();
        // milliseconds are as fine as anyone can use
        *total = ((*total + seconds) * 1000.0).round() / 1000.0;
    }

    /// Writes the manifest of a run under way: without the tables and the
    /// report, which are about to be made.
    ///
    /// # Errors
    /// Of the file system.
    pub fn write_unfinished(&mut self, folder: &RunFolder) -> Result<(), ExperimentError> {
        self.write(folder, |name| !is_made_from_conditions(name))
    }

    /// Writes the manifest of a finished run, with every file that it made.
    ///
    /// # Errors
    /// Of the file system.
    pub fn write_finished(&mut self, folder: &RunFolder) -> Result<(), ExperimentError> {
        self.write(folder, |_| true)
    }

    /// Writes the manifest of a finished run whose report was drawn again: what else
    /// it made is listed as it was.
    ///
    /// # Errors
    /// Of the file system.
    pub fn write_redrawn(&mut self, folder: &RunFolder) -> Result<(), ExperimentError> {
        let mut files = BTreeMap::new();
        files_below(folder.root(), &folder.report(), &mut files)?;
        self.artifacts.retain(|name, _| !is_of_report(name));
        for (name, path) in files {
            self.artifacts.insert(name, hash_file(&path)?);
        }
        self.save(&folder.manifest())
    }

    /// The hashes are those of the conditions' proofs, as the files were when
    /// they were made, else those of the files as they are. What else lies in the
    /// folder is the user's, and not listed.
    fn write(
        &mut self,
        folder: &RunFolder,
        is_listed: impl Fn(&str) -> bool,
    ) -> Result<(), ExperimentError> {
        let mut files = BTreeMap::new();
        files_below(folder.root(), folder.root(), &mut files)?;
        let mut proven = BTreeMap::new();
        for (name, path) in &files {
            let Some(folder) = folder_of_proof(name) else {
                continue;
            };
            let artifacts = Proof::read(path).into_iter().flat_map(|p| p.artifacts);
            proven.extend(artifacts.map(|(name, hash)| (folder.clone() + &name, hash)));
        }
        self.artifacts.clear();
        files.retain(|name, _| is_of_a_run(name) && is_listed(name));
        for (name, path) in files {
            let hash = match proven.remove(&name) {
                Some(hash) => hash,
                None => hash_file(&path)?,
            };
            self.artifacts.insert(name, hash);
        }
        self.from_store = folder.taken().all();
        self.save(&folder.manifest())
    }

    fn save(&self, path: &Path) -> Result<(), ExperimentError> {
        let failed = |e| ExperimentError::io("write", path, e);
        let json = serde_json::to_string_pretty(self).map_err(|e| failed(e.into()))?;
        layerprobe_durable::write(path, (json + "\n").as_bytes()).map_err(failed)
    }
}

/// Whether a file of a finished run is there with the hash that its manifest lists.
///
/// # Errors
/// If the file cannot be read.
pub fn is_as_listed(folder: &Path, name: &str) -> Result<bool, ExperimentError> {
    let manifest = Manifest::read(&layout::manifest_in(folder));
    let listed = manifest.and_then(|mut manifest| manifest.artifacts.remove(name));
    let path = folder.join(name);
    Ok(path.exists() && listed == Some(hash_file(&path)?))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::experiment::events::Silent;
    use crate::experiment::folder::opening::WhenHeld;

    /// A finished run with a file of the user's in it.
    fn finished(root: &Path) -> (RunFolder, Origin, Manifest) {
        let config = Config::load("smoke", &[]).unwrap();
        let stop = AtomicBool::new(false);
        let toml = config.to_toml();
        let folder = RunFolder::open(root, &toml, WhenHeld::Stop, &stop, &Silent).unwrap();
        for name in [
            "conditions/a/training.csv",
            "notes.txt",
            "report/index.html",
            "results.csv",
        ] {
            layerprobe_durable::write(&root.join(name), b"as it was").unwrap();
        }
        let origin = Origin::of(&config);
        let mut manifest = Manifest::open(&folder, origin.clone(), &Silent).unwrap();
        manifest.write_finished(&folder).unwrap();
        (folder, origin, manifest)
    }

    #[test]
    fn a_users_file_is_neither_listed_nor_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, origin, mut manifest) = finished(dir.path());
        let names: Vec<&str> = manifest.artifacts.keys().map(String::as_str).collect();
        let own = [
            "conditions/a/training.csv",
            "config.toml",
            "report/index.html",
            "results.csv",
        ];
        assert_eq!(names, own);

        // earlier versions listed it
        let hash = manifest.artifacts["results.csv"].clone();
        manifest.artifacts.insert("notes.txt".to_owned(), hash);
        manifest.save(&folder.manifest()).unwrap();
        for name in ["notes.txt", "results.csv"] {
            fs::write(dir.path().join(name), "altered").unwrap();
        }
        Manifest::open(&folder, origin, &Silent).unwrap();
        let exists = |name: &str| dir.path().join(name).exists();
        assert!(exists("notes.txt") && !exists("notes.txt.damaged"));
        assert!(!exists("results.csv") && exists("results.csv.damaged"));
    }

    #[test]
    fn a_report_that_was_drawn_again_changes_no_other_hash() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, _, before) = finished(dir.path());
        for name in ["conditions/a/training.csv", "results.csv"] {
            fs::write(dir.path().join(name), "altered").unwrap();
        }
        fs::write(folder.report().join("index.html"), "drawn again").unwrap();
        fs::write(folder.report().join("figure.svg"), "one more").unwrap();
        before.clone().write_redrawn(&folder).unwrap();
        let after = Manifest::read(&folder.manifest()).unwrap().artifacts;
        assert_eq!(after.len(), before.artifacts.len() + 1);
        for (name, hash) in &before.artifacts {
            assert_eq!(after[name] == *hash, name != "report/index.html", "{name}");
        }
        let drawn = hash_file(&folder.report().join("index.html")).unwrap();
        assert_eq!(after["report/index.html"], drawn);
        assert!(after.contains_key("report/figure.svg"));
    }
}
