//! Comparisons of networks, each done once.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use layerprobe_probes::similarity::{Distance, Metric};
use layerprobe_reports::ResultRow;

use super::comparison::Comparison;
use super::error::ReproductionError;
use super::experiment::Experiment;
use super::folder::run_folder;
use super::pooled::{self, under};
use super::proven::ProvenTable;
use super::request::Reproduction;
use super::study::Needed;
use crate::experiment::Observer;
use crate::experiment::compare::{ComparedRuns, Measures, Moments, compare_runs};

/// What the comparisons of this version are made of; with another, they are
/// made again.
const VERSION: &str = "similarity/1 rsa_pearson cka_debiased ends 1000";

/// A comparison of the networks of one experiment or of two.
pub(super) struct Similarity<'a> {
    pub(super) id: &'a str,
    /// Of each experiment.
    pub(super) sides: Vec<Compared>,
    pub(super) out: &'a Path,
}

/// The networks of an experiment, as a comparison sees them.
pub(super) struct Compared {
    /// The run folder.
    pub(super) folder: PathBuf,
    /// Hash of the configuration.
    pub(super) config: String,
    /// Which networks these are: the hash of their accuracies in the evidence. Another
    /// kind of processor makes others of the same configuration.
    pub(super) networks: String,
}

impl Compared {
    fn of(what: &Reproduction<'_>, experiment: &Experiment) -> Result<Self, ReproductionError> {
        let rows = pooled::table(experiment, what.out)?.rows()?;
        Ok(Self {
            folder: run_folder(what.out, &experiment.id),
            config: experiment.config()?.hash(),
            networks: pooled::networks(&rows),
        })
    }
}

impl<'a> Similarity<'a> {
    /// The comparison of an experiment's networks with each other.
    pub(super) fn within(
        what: &Reproduction<'a>,
        experiment: &'a Experiment,
    ) -> Result<Self, ReproductionError> {
        Ok(Self {
            id: &experiment.id,
            sides: vec![Compared::of(what, experiment)?],
            out: what.out,
        })
    }

    /// A comparison of the networks of two experiments.
    pub(super) fn between(
        what: &Reproduction<'a>,
        comparison: &'a Comparison,
    ) -> Result<Self, ReproductionError> {
        let mut sides = Vec::new();
        for id in &comparison.runs {
            sides.push(Compared::of(what, what.study.experiment(id)?)?);
        }
        Ok(Self {
            id: &comparison.id,
            sides,
            out: what.out,
        })
    }

    /// All comparisons that some claims need, each with the experiments it looks at.
    pub(super) fn all(
        what: &Reproduction<'a>,
        needed: &'a Needed,
    ) -> Result<Vec<(Self, Vec<&'a String>)>, ReproductionError> {
        let mut all = Vec::new();
        for experiment in needed.each().filter(|e| e.similarity) {
            all.push((Self::within(what, experiment)?, vec![&experiment.id]));
        }
        for comparison in &needed.comparisons {
            all.push((
                Self::between(what, comparison)?,
                comparison.runs.iter().collect(),
            ));
        }
        Ok(all)
    }

    /// Its table.
    pub(super) fn table(&self) -> ProvenTable {
        let version = std::iter::once(VERSION.to_owned());
        let sides = self.sides.iter();
        let sides = sides.map(|side| format!("{} of networks {}", side.config, side.networks));
        let path = in_folder(self.out, self.id);
        ProvenTable::new(path, version.chain(sides).collect())
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
            folders: self.sides.iter().map(|side| side.folder.clone()).collect(),
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
        Ok(match self.sides.len() {
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
