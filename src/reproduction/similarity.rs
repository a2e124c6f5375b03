//! Comparisons of networks, each done once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use layerprobe_probes::similarity::{Distance, Metric};
use layerprobe_reports::{ResultRow, read_results};

use super::error::ReproductionError;
use super::pooled::under;
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

impl Similarity<'_> {
    fn table(&self) -> PathBuf {
        self.out.join("similarity").join(format!("{}.csv", self.id))
    }

    fn proof(&self) -> PathBuf {
        self.table().with_extension("proof")
    }

    /// What the proof says when the table is what these runs give.
    fn proven(&self, table: &[u8]) -> String {
        let runs: Vec<&str> = self.runs.iter().map(|(_, hash)| hash.as_str()).collect();
        format!(
            "{VERSION}\n{}\n{}\n",
            runs.join("\n"),
            blake3::hash(table).to_hex()
        )
    }

    /// Whether it is done.
    pub(super) fn is_done(&self) -> bool {
        let (Ok(table), Ok(proof)) = (fs::read(self.table()), fs::read_to_string(self.proof()))
        else {
            return false;
        };
        proof == self.proven(&table)
    }

    /// Does it.
    pub(super) fn run(
        &self,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<(), ReproductionError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| ReproductionError::Io {
                action: "write",
                path,
                source,
            }
        };
        let table = self.table();
        if let Some(folder) = table.parent() {
            fs::create_dir_all(folder).map_err(failed(folder))?;
        }
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
        compare_runs(&runs, &measures, &table, stop, observer).map_err(|source| {
            ReproductionError::Compare {
                id: self.id.to_owned(),
                source: Box::new(source),
            }
        })?;
        let bytes = fs::read(&table).map_err(|source| ReproductionError::Io {
            action: "read",
            path: table,
            source,
        })?;
        let proof = self.proof();
        layerprobe_durable::write(&proof, self.proven(&bytes).as_bytes()).map_err(failed(&proof))
    }

    /// Its rows, if it is done. Two experiments are named in them already.
    pub(super) fn rows(&self) -> Result<Vec<ResultRow>, ReproductionError> {
        if !self.is_done() {
            return Ok(Vec::new());
        }
        let rows = read_results(self.table())?;
        Ok(match self.runs.len() {
            1 => under(self.id, rows),
            _ => rows
                .into_iter()
                .filter(|row| !row.condition.contains('*'))
                .collect(),
        })
    }
}
