//! `manifest.json`: what made a run, and the hash of everything it left.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use layerprobe_durable::is_aside;
use serde::{Deserialize, Serialize};

use crate::config::{Config, Seeds};

use super::layout::RunFolder;
use super::proof::{Proof, hash_file, is_what_it_was, set_aside};
use crate::experiment::design::protocol;
use crate::experiment::error::ExperimentError;
use crate::experiment::events::{Observer, Stage};
use crate::training::{artifact_name, named_below};

/// The tables of a run, in its folder.
pub const TABLES: [&str; 3] = ["results.csv", "by_value.csv", "confusion.csv"];

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
            host: first_line("/proc/sys/kernel/hostname").unwrap_or_else(|| "unknown".to_owned()),
            processor: processor(),
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

fn is_of_report(name: &str) -> bool {
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

fn first_line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(str::to_owned)
}

/// The name of this machine's processor.
pub fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    info.lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or_else(
            || std::env::consts::ARCH.to_owned(),
            |(_, name)| name.trim().to_owned(),
        )
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
