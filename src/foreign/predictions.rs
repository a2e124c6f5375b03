use std::path::Path;

use layerprobe_reports::{PredictionTable, ReportError};

use super::{Cut, ForeignOutcomes, Labels};
use crate::results::write_predictions;

/// What the probes say of each test stimulus, written layer by layer. A
/// stimulus' number is its row in the labels, from 0.
#[derive(Debug)]
pub struct PredictionFile<'a> {
    table: PredictionTable<'a>,
    labels: &'a Labels,
}

impl<'a> PredictionFile<'a> {
    /// Starts the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(path: &Path, labels: &'a Labels) -> Result<Self, ReportError> {
        let features: Vec<(&str, &[String])> = labels
            .features
            .iter()
            .map(|feature| (feature.name.as_str(), feature.values.as_slice()))
            .collect();
        Ok(Self {
            table: PredictionTable::create(path, &features)?,
            labels,
        })
    }

    /// Writes a layer's predictions.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&mut self, cut: &Cut, found: &ForeignOutcomes) -> Result<(), ReportError> {
        let groups = &self.labels.groups;
        for (feature, outcome) in found.outcomes().enumerate() {
            let view = found.view.to_string();
            let place = (found.layer.as_str(), view.as_str(), feature);
            write_predictions(&mut self.table, place, cut.kind, outcome, |row| {
                (row as u64, groups.get(row).copied().unwrap_or_default())
            })?;
        }
        Ok(())
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn commit(self) -> Result<(), ReportError> {
        self.table.commit()
    }
}
