//! The tables that probing a view of one layer of one checkpoint leaves.

use std::path::PathBuf;

use layerprobe_probes::View;
use layerprobe_reports::{
    ConfusionRow, ReportError, ResultRow, ValueRow, read_by_value, read_confusions, read_results,
    write_by_value, write_confusions, write_results,
};

use super::layout::RunFolder;
use super::proof::Proof;
use crate::experiment::design::condition::Condition;
use crate::experiment::error::ExperimentError;
use crate::experiment::events::Observer;

/// The tables, a file each.
#[derive(Debug, Default)]
pub struct LayerTables {
    /// Rows of `results.csv`.
    pub rows: Vec<ResultRow>,
    /// Rows of `by_value.csv`.
    pub by_value: Vec<ValueRow>,
    /// Rows of `confusion.csv`, at either end of training.
    pub confusions: Vec<ConfusionRow>,
}

/// Where they lie.
#[derive(Clone, Debug)]
pub struct LayerPlace<'a> {
    /// The run folder.
    pub folder: &'a RunFolder,
    /// The condition.
    pub condition: &'a Condition,
    /// The checkpoint's step.
    pub step: u64,
    /// The layer.
    pub layer: &'a str,
    /// What of it is probed.
    pub view: View,
    /// Whether the checkpoint is the first or the last: only there confusions
    /// are kept.
    pub at_an_end: bool,
    /// The features whose predictions are kept here: all that are probed, or
    /// none.
    pub predicted: &'a [String],
    /// Identity of the work: configuration, protocol and checkpoint.
    pub made_from: String,
}

impl LayerPlace<'_> {
    /// Whether the view is probed: there is a proof, which
    /// [`check`](Self::check) has tested.
    pub fn is_done(&self) -> bool {
        self.proof().exists()
    }

    /// Tests the proof, if there is one: files that are not what they were are
    /// set aside, and then the layer is not done.
    ///
    /// # Errors
    /// Of the file system.
    pub fn check(&self, observer: &dyn Observer) -> Result<(), ExperimentError> {
        let dir = self.folder.condition(self.condition);
        Proof::holds(&self.proof(), &dir, &self.made_from, observer)?;
        Ok(())
    }

    fn proof(&self) -> PathBuf {
        self.outcomes().with_extension("json")
    }

    /// Where a feature's predictions lie.
    pub fn predictions(&self, feature: &str) -> PathBuf {
        self.folder
            .predictions(self.condition, self.step, self.shown(), feature)
    }

    fn shown(&self) -> (&str, View) {
        (self.layer, self.view)
    }

    fn outcomes(&self) -> PathBuf {
        self.folder
            .outcomes(self.condition, self.step, self.shown())
    }

    fn by_value(&self) -> PathBuf {
        self.folder
            .by_value(self.condition, self.step, self.shown())
    }

    fn confusions(&self) -> PathBuf {
        self.folder
            .confusions(self.condition, self.step, self.shown())
    }

    /// Writes the tables; the proof of all, predictions too, comes last.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, tables: &LayerTables) -> Result<(), ExperimentError> {
        let mut files = vec![self.outcomes(), self.by_value()];
        write_results(&self.outcomes(), &tables.rows)?;
        write_by_value(&self.by_value(), &tables.by_value)?;
        if self.at_an_end {
            write_confusions(&self.confusions(), &tables.confusions)?;
            files.push(self.confusions());
        }
        files.extend(self.predicted.iter().map(|f| self.predictions(f)));
        let dir = self.folder.condition(self.condition);
        let files = files.iter().map(PathBuf::as_path);
        Proof::of(&self.made_from, &dir, files)?.write(&self.proof())
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

impl LayerTables {
    /// The same numbers under the name of another condition that has the very
    /// same network at this step.
    pub fn renamed(mut self, condition: &Condition) -> Self {
        let rows = self.rows.iter_mut();
        let names = rows
            .map(|row| (&mut row.condition, &mut row.target))
            .chain(
                self.by_value
                    .iter_mut()
                    .map(|row| (&mut row.condition, &mut row.target)),
            )
            .chain(
                self.confusions
                    .iter_mut()
                    .map(|row| (&mut row.condition, &mut row.target)),
            );
        for (id, target) in names {
            id.clone_from(&condition.id);
            target.clone_from(&condition.target);
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
