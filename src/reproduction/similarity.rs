//! Comparisons of networks, each done once.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use layerprobe_probes::similarity::{Distance, Metric};
use layerprobe_reports::ResultRow;

use super::comparison::Comparison;
use super::error::ReproductionError;
use super::experiment::Experiment;
use super::folder::run_folder;
use super::pooled::under;
use super::proven::ProvenTable;
use super::request::Reproduction;
use crate::experiment::Observer;
use crate::experiment::compare::{ComparedRuns, Measures, Moments, compare_runs};

/// What the comparisons of this version are made of; with another, they are
/// made again.
const VERSION: &str = "similarity/1 rsa_pearson cka_debiased ends 1000";

/// A comparison of the networks of one experiment or of two.
pub(super) struct Similarity<'a> {
    pub(super) id: &'a str,
    /// Run folders, with the hash of each one's configuration.
    pub(super) runs: Vec<(PathBuf, String)>,
    pub(super) out: &'a Path,
}

impl<'a> Similarity<'a> {
    /// The comparison of an experiment's networks with each other.
    pub(super) fn within(
        what: &Reproduction<'a>,
        experiment: &'a Experiment,
    ) -> Result<Self, ReproductionError> {
        let folder = run_folder(what.out, &experiment.id);
        Ok(Self {
            id: &experiment.id,
            runs: vec![(folder, experiment.config()?.hash())],
            out: what.out,
        })
    }

    /// A comparison of the networks of two experiments.
    pub(super) fn between(
        what: &Reproduction<'a>,
        comparison: &'a Comparison,
    ) -> Result<Self, ReproductionError> {
        let mut runs = Vec::new();
        for id in &comparison.runs {
            let experiment = what.study.experiment(id)?;
            runs.push((run_folder(what.out, id), experiment.config()?.hash()));
        }
        Ok(Self {
            id: &comparison.id,
            runs,
            out: what.out,
        })
    }

    /// Its table.
    pub(super) fn table(&self) -> ProvenTable {
        let version = std::iter::once(VERSION.to_owned());
        let runs = self.runs.iter().map(|(_, hash)| hash.clone());
        let path = in_folder(self.out, self.id);
        ProvenTable::new(path, version.chain(runs).collect())
    }

    /// Whether it is done.
    pub(super) fn is_done(&self) -> bool {
        self.table().is_proven()
    }

    /// Does it.
    pub(super) fn run(
        &self,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<(), ReproductionError> {
        let table = self.table();
        table.make_room()?;
        let runs = ComparedRuns {
            folders: self.runs.iter().map(|(folder, _)| folder.clone()).collect(),
            layers: None,
            layers_b: None,
            targets: None,
            moments: Moments::Ends,
        };
        // the claims' intervals are over runs; those over stimuli are not asked
        let measures = Measures {
            metrics: vec![Metric::RsaPearson, Metric::CkaDebiased],
            distance: Distance::Correlation,
            stimuli: None,
            resamples: 0,
        };
        compare_runs(&runs, &measures, table.path(), stop, observer).map_err(|source| {
            ReproductionError::Compare {
                id: self.id.to_owned(),
                source: Box::new(source),
            }
        })?;
        table.prove()
    }

    /// Its rows, if it is done. Two experiments are named in them already.
    pub(super) fn rows(&self) -> Result<Vec<ResultRow>, ReproductionError> {
        let rows = self.table().rows()?;
        Ok(match self.runs.len() {
            1 => under(self.id, rows),
            _ => rows
                .into_iter()
                .filter(|row| !row.condition.contains('*'))
                .collect(),
        })
    }
}

/// Where a study's folder has the table of a comparison.
pub(super) fn in_folder(study: &Path, id: &str) -> PathBuf {
    study.join("similarity").join(format!("{id}.csv"))
}
