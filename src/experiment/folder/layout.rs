//! The run folder: the one place that knows what lies where in it.

use std::fs;
use std::path::{Path, PathBuf};

use layerprobe_durable::Lease;
use layerprobe_probes::View;

use crate::training::{checkpoint_path, log_path};

use super::from_store::FromStore;
use crate::config::{BinaryConfig, Config};
use crate::experiment::design::condition::Condition;
use crate::experiment::error::ExperimentError;

/// A run folder held by this process, or only read by it.
#[derive(Debug)]
pub struct RunFolder {
    root: PathBuf,
    taken: FromStore,
    _lease: Option<Lease>,
}

/// What a layer is read from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A condition's checkpoint at a step.
    Checkpoint(&'a Condition, u64),
    /// The stimuli themselves, for a baseline in a hold-out version.
    Baseline(u32),
}

impl RunFolder {
    /// The folder that a lease holds.
    pub(super) fn held(root: &Path, lease: Lease) -> Self {
        Self {
            root: root.to_owned(),
            taken: FromStore::of(root),
            _lease: Some(lease),
        }
    }

    /// A finished run's folder, to be read.
    ///
    /// # Errors
    /// If a process works in it.
    pub fn reading(root: &Path) -> Result<Self, ExperimentError> {
        if let Some(holder) = Lease::holder(root) {
            return Err(ExperimentError::Busy {
                folder: root.to_owned(),
                holder,
            });
        }
        Ok(Self {
            root: root.to_owned(),
            taken: FromStore::of(root),
            _lease: None,
        })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Which of its work came from a shared store.
    pub fn taken(&self) -> &FromStore {
        &self.taken
    }

    /// `manifest.json`.
    pub fn manifest(&self) -> PathBuf {
        manifest_in(&self.root)
    }

    /// `results.csv`.
    pub fn results(&self) -> PathBuf {
        results_in(&self.root)
    }

    /// The report's folder.
    pub fn report(&self) -> PathBuf {
        report_in(&self.root)
    }

    /// A condition's folder.
    pub fn condition(&self, condition: &Condition) -> PathBuf {
        condition_in(&self.root, condition)
    }

    /// The record that proves a condition's training complete.
    pub fn training_record(&self, condition: &Condition) -> PathBuf {
        training_record_in(&self.root, condition)
    }

    /// A condition's checkpoint at a step.
    pub fn checkpoint(&self, condition: &Condition, step: u64) -> PathBuf {
        checkpoint_path(&self.condition(condition), step)
    }

    /// The folder of a hold-out version's baselines.
    pub fn baselines_of(&self, version: u32) -> PathBuf {
        self.baselines().join(format!("split{version}"))
    }

    /// The folder of all baselines.
    pub fn baselines(&self) -> PathBuf {
        self.root.join("baselines")
    }

    /// The folder of a condition, or of a hold-out version's baselines.
    pub fn folder_of(&self, source: Source<'_>) -> PathBuf {
        match source {
            Source::Checkpoint(condition, _) => self.condition(condition),
            Source::Baseline(version) => self.baselines_of(version),
        }
    }

    /// The outcomes of probing a view of one layer.
    pub fn outcomes(&self, source: Source<'_>, place: (&str, View)) -> PathBuf {
        let folder = match source {
            Source::Checkpoint(..) => self.tables(source, "probes"),
            Source::Baseline(version) => self.baselines_of(version),
        };
        folder.join(format!("{}.csv", shown(place)))
    }

    /// Accuracies by held-out value, of a view of one layer.
    pub fn by_value(&self, source: Source<'_>, place: (&str, View)) -> PathBuf {
        self.tables(source, "by-value")
            .join(format!("{}.csv", shown(place)))
    }

    /// Counts by true and predicted class, of a view of one layer.
    pub fn confusions(&self, source: Source<'_>, place: (&str, View)) -> PathBuf {
        self.tables(source, "confusion")
            .join(format!("{}.csv", shown(place)))
    }

    /// What one feature's probes said of each test stimulus, of a view of one
    /// layer.
    pub fn predictions(&self, source: Source<'_>, place: (&str, View), feature: &str) -> PathBuf {
        self.tables(source, "predictions")
            .join(shown(place))
            .join(format!("{feature}.csv"))
    }

    /// The folder of one kind of table.
    fn tables(&self, source: Source<'_>, kind: &str) -> PathBuf {
        let folder = self.folder_of(source).join(kind);
        match source {
            Source::Checkpoint(_, step) => folder.join(format!("step-{step:06}")),
            Source::Baseline(_) => folder,
        }
    }

    /// The curves of the paper's grid on one layer of one checkpoint.
    pub fn paper_curves(&self, condition: &Condition, role: &str, layer: &str) -> PathBuf {
        self.condition(condition)
            .join("paper")
            .join(role)
            .join(format!("{layer}.csv"))
    }
}

/// `pool1`, and `pool1-pca64` for another view than the whole.
pub fn shown((layer, view): (&str, View)) -> String {
    match view {
        View::Full => layer.to_owned(),
        view => format!("{layer}-{}", view.to_string().replace(':', "")),
    }
}

/// `by_value.csv` of a run folder.
pub fn by_value_in(root: &Path) -> PathBuf {
    root.join("by_value.csv")
}

/// `confusion.csv` of a run folder.
pub fn confusions_in(root: &Path) -> PathBuf {
    root.join("confusion.csv")
}

/// `results.csv` of a run folder.
pub fn results_in(root: &Path) -> PathBuf {
    root.join("results.csv")
}

/// `manifest.json` of a run folder.
pub fn manifest_in(root: &Path) -> PathBuf {
    root.join("manifest.json")
}

/// The report's folder in a run folder.
pub fn report_in(root: &Path) -> PathBuf {
    root.join("report")
}

/// A condition's folder in a run folder.
pub fn condition_in(root: &Path, condition: &Condition) -> PathBuf {
    root.join("conditions").join(&condition.id)
}

/// The record that proves a condition's training complete, in a run folder.
pub fn training_record_in(root: &Path, condition: &Condition) -> PathBuf {
    condition_in(root, condition).join("training.json")
}

/// A condition's training curve in a run folder.
pub fn training_curve_in(root: &Path, condition: &Condition) -> PathBuf {
    log_path(&condition_in(root, condition))
}

/// The resolved configuration of a run folder.
///
/// # Errors
/// If there is none: the folder is no run.
pub fn config_in(root: &Path) -> Result<String, ExperimentError> {
    let path = root.join("config.toml");
    fs::read_to_string(&path).map_err(|source| ExperimentError::NoRun {
        hint: runs_within(root),
        folder: root.to_owned(),
        source,
    })
}

/// Where the runs of a folder are that is a study's or a sweep's, in words.
fn runs_within(root: &Path) -> String {
    let (runs, cells) = (root.join("runs"), root.join("cells"));
    let (of_what, within) = match () {
        () if root.join("evidence").is_dir() && runs.is_dir() => ("study", runs),
        () if root.join("sweep.toml").is_file() => ("sweep", cells),
        () => return String::new(),
    };
    format!(
        "; it is a {of_what}'s, whose runs are in {}",
        within.display()
    )
}

/// The configuration of a folder's run on images, and its text.
///
/// # Errors
/// If there is none, it is one of bits, or it has a mistake.
pub fn image_config_in(root: &Path) -> Result<(Config, String), ExperimentError> {
    let text = config_in(root)?;
    if BinaryConfig::is_text_of_one(&text) {
        let folder = root.to_owned();
        return Err(ExperimentError::OfBits { folder });
    }
    let origin = root.join("config.toml").display().to_string();
    Ok((Config::from_toml(&origin, &text)?, text))
}

/// The configuration of a folder's run on bits.
///
/// # Errors
/// If there is none, it is one on images, or it has a mistake.
pub fn binary_config_in(root: &Path) -> Result<BinaryConfig, ExperimentError> {
    let text = config_in(root)?;
    if !BinaryConfig::is_text_of_one(&text) {
        let folder = root.to_owned();
        return Err(ExperimentError::OfImages { folder });
    }
    let origin = root.join("config.toml").display().to_string();
    Ok(BinaryConfig::from_toml(&origin, &text)?)
}

/// The run folder that a file lies in, or would lie in, if there is one: its files are
/// listed with their hashes, and another one has no place there.
pub fn run_folder_around(file: &Path) -> Option<PathBuf> {
    let above = file
        .ancestors()
        .skip(1)
        .map(|folder| match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        });
    // folders on the way to it may have to be made yet
    let place = above
        .filter_map(|folder| folder.canonicalize().ok())
        .next()?;
    let is_run =
        |folder: &&Path| folder.join(".lease").is_dir() && folder.join("config.toml").is_file();
    place.ancestors().find(is_run).map(Path::to_owned)
}

/// Whether a folder's run is on bits.
///
/// # Errors
/// If it is no run folder.
pub fn is_of_bits(root: &Path) -> Result<bool, ExperimentError> {
    Ok(BinaryConfig::is_text_of_one(&config_in(root)?))
}
