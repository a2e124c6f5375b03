//! The tables that probing a view of one layer leaves, of a checkpoint or a baseline.

use std::path::PathBuf;

use layerprobe_probes::View;
use layerprobe_reports::{
    ConfusionRow, ReportError, ResultRow, ValueRow, read_by_value, read_confusions, read_results,
    write_by_value, write_confusions, write_results,
};

use super::layout::{self, RunFolder, Source};
use super::proof::{NamedFile, Proof};
use crate::experiment::error::ExperimentError;
use crate::experiment::events::Observer;

/// The tables, a file each.
#[derive(Debug, Default)]
pub struct LayerTables {
    /// Rows of `results.csv`.
    pub rows: Vec<ResultRow>,
    /// Rows of `by_value.csv`.
    pub by_value: Vec<ValueRow>,
    /// Rows of `confusion.csv`, at either end of training and of baselines.
    pub confusions: Vec<ConfusionRow>,
}

/// Where they lie.
#[derive(Clone, Debug)]
pub struct LayerPlace<'a> {
    /// The run folder.
    pub folder: &'a RunFolder,
    /// What the layer is read from.
    pub source: Source<'a>,
    /// The layer.
    pub layer: &'a str,
    /// What of it is probed.
    pub view: View,
    /// Whether the checkpoint is the first or the last, or it is a baseline:
    /// only there confusions are kept.
    pub at_an_end: bool,
    /// The features whose predictions are kept here: all that are probed, or
    /// none.
    pub predicted: &'a [String],
}

impl LayerPlace<'_> {
    /// Whether the view is probed: there is a proof, which
    /// [`check`](Self::check) has tested.
    pub fn is_done(&self) -> bool {
        self.proof().exists()
    }

    /// Tests the proof, if there is one, and whether it is of work of this
    /// identity: files that are not what they were are set aside, and then the
    /// layer is not done.
    ///
    /// # Errors
    /// Of the file system.
    pub fn check(&self, made_from: &str, observer: &dyn Observer) -> Result<bool, ExperimentError> {
        let dir = self.folder.folder_of(self.source);
        Proof::holds(&self.proof(), &dir, made_from, observer)
    }

    /// The file whose presence says that the view is probed.
    pub fn proof(&self) -> PathBuf {
        self.outcomes().with_extension("json")
    }

    /// Where a feature's predictions lie.
    pub fn predictions(&self, feature: &str) -> PathBuf {
        self.folder.predictions(self.source, self.shown(), feature)
    }

    fn shown(&self) -> (&str, View) {
        (self.layer, self.view)
    }

    fn outcomes(&self) -> PathBuf {
        self.folder.outcomes(self.source, self.shown())
    }

    fn by_value(&self) -> PathBuf {
        self.folder.by_value(self.source, self.shown())
    }

    fn confusions(&self) -> PathBuf {
        self.folder.confusions(self.source, self.shown())
    }

    /// By what name in a shared store its files are known.
    pub fn name(&self) -> String {
        layout::shown(self.shown())
    }

    /// Its files, predictions too, each by its name in a shared store.
    pub fn files(&self) -> Vec<NamedFile> {
        let mut files = vec![
            ("results.csv".to_owned(), self.outcomes()),
            ("by_value.csv".to_owned(), self.by_value()),
        ];
        if self.at_an_end {
            files.push(("confusion.csv".to_owned(), self.confusions()));
        }
        let predictions = self.predicted.iter();
        files.extend(predictions.map(|f| (format!("predictions/{f}.csv"), self.predictions(f))));
        files
    }

    /// Writes the tables; the proof of all, predictions too, comes last, and is
    /// returned.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, tables: &LayerTables, made_from: &str) -> Result<Proof, ExperimentError> {
        write_results(&self.outcomes(), &tables.rows)?;
        write_by_value(&self.by_value(), &tables.by_value)?;
        if self.at_an_end {
            write_confusions(&self.confusions(), &tables.confusions)?;
        }
        let dir = self.folder.folder_of(self.source);
        let files = self.files();
        let files = files.iter().map(|(_, path)| path.as_path());
        let proof = Proof::of(made_from, &dir, files)?;
        proof.write(&self.proof())?;
        Ok(proof)
    }

    /// Reads the tables back.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(&self) -> Result<LayerTables, ReportError> {
        Ok(LayerTables {
            rows: read_results(self.outcomes())?,
            by_value: read_by_value(self.by_value())?,
            confusions: match self.at_an_end {
                true => read_confusions(self.confusions())?,
                false => Vec::new(),
            },
        })
    }
}

/// Sets the columns that say where a row was measured, which have the same names
/// in every table.
macro_rules! placed {
    ($row:ident, $here:ident) => {
        $row.condition.clone_from(&$here.condition);
        $row.dataset.clone_from(&$here.dataset);
        $row.arch.clone_from(&$here.arch);
        $row.target.clone_from(&$here.target);
        $row.split = $here.split;
        $row.seed = $here.seed;
        $row.step = $here.step;
        $row.epoch = $here.epoch;
        $row.checkpoint_role.clone_from(&$here.checkpoint_role);
    };
}

impl LayerTables {
    /// The same numbers of another place: the columns that say which network of
    /// which run was read at which step are those of `here`. What was measured
    /// there must be what is measured here.
    pub fn placed(mut self, here: &ResultRow) -> Self {
        for row in &mut self.rows {
            placed!(row, here);
            row.correlated.clone_from(&here.correlated);
            row.predictivity = here.predictivity;
            row.predictivity_effective = here.predictivity_effective;
            row.init_seed = here.init_seed;
            row.order_seed = here.order_seed;
            row.data_seed = here.data_seed;
        }
        for row in &mut self.by_value {
            placed!(row, here);
        }
        for row in &mut self.confusions {
            placed!(row, here);
        }
        self
    }

    /// Puts another layer's tables behind these.
    pub fn append(&mut self, mut other: Self) {
        self.rows.append(&mut other.rows);
        self.by_value.append(&mut other.by_value);
        self.confusions.append(&mut other.confusions);
    }
}
