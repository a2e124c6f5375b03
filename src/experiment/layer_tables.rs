//! The tables that probing one layer of one checkpoint leaves.

use std::path::PathBuf;

use layerprobe_reports::{
    ConfusionRow, ReportError, ResultRow, ValueRow, read_by_value, read_confusions, read_results,
    write_by_value, write_confusions, write_results,
};

use super::layout::RunFolder;
use super::plan::Condition;

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
#[derive(Clone, Copy, Debug)]
pub struct LayerPlace<'a> {
    /// The run folder.
    pub folder: &'a RunFolder,
    /// The condition.
    pub condition: &'a Condition,
    /// The checkpoint's step.
    pub step: u64,
    /// The layer.
    pub layer: &'a str,
    /// Whether the checkpoint is the first or the last: only there confusions
    /// are kept.
    pub at_an_end: bool,
    /// The features whose predictions are kept here: all that are probed, or
    /// none.
    pub predicted: &'a [String],
}

impl LayerPlace<'_> {
    /// Whether the layer is probed: every file is there.
    pub fn is_done(&self) -> bool {
        let Self {
            folder,
            condition,
            step,
            layer,
            at_an_end,
            predicted,
        } = *self;
        folder.outcomes(condition, step, layer).exists()
            && folder.by_value(condition, step, layer).exists()
            && (!at_an_end || folder.confusions(condition, step, layer).exists())
            && (predicted.iter()).all(|feature| self.predictions(feature).exists())
    }

    /// Where a feature's predictions lie.
    pub fn predictions(&self, feature: &str) -> PathBuf {
        self.folder
            .predictions(self.condition, self.step, self.layer, feature)
    }

    /// Writes the tables.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, tables: &LayerTables) -> Result<(), ReportError> {
        let Self {
            folder,
            condition,
            step,
            layer,
            at_an_end,
            ..
        } = *self;
        write_by_value(&folder.by_value(condition, step, layer), &tables.by_value)?;
        if at_an_end {
            let path = folder.confusions(condition, step, layer);
            write_confusions(&path, &tables.confusions)?;
        }
        write_results(&folder.outcomes(condition, step, layer), &tables.rows)
    }

    /// Reads the tables back.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(&self) -> Result<LayerTables, ReportError> {
        let Self {
            folder,
            condition,
            step,
            layer,
            at_an_end,
            ..
        } = *self;
        Ok(LayerTables {
            rows: read_results(folder.outcomes(condition, step, layer))?,
            by_value: read_by_value(folder.by_value(condition, step, layer))?,
            confusions: match at_an_end {
                true => read_confusions(folder.confusions(condition, step, layer))?,
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
