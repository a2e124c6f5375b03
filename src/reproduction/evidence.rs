//! The tables that claims are decided from: kept beside the runs, or taken over
//! from another reproduction.

use std::path::{Path, PathBuf};

use layerprobe_reports::ResultRow;

use super::error::ReproductionError;
use super::experiment::Experiment;
use super::folder::{is_run, run_folder};
use super::pooled::{self, Found};
use super::proven::ProvenTable;
use super::request::Reproduction;
use super::similarity::{self, Similarity};
use super::study::Needed;
use crate::experiment::{Event, Observer};

/// The rows that an experiment gave, kept beside the runs as the claims read
/// them; none if it is not finished. Of a variation only those are kept that decide.
pub(super) fn evidence(
    what: &Reproduction<'_>,
    experiment: &Experiment,
    observer: &dyn Observer,
) -> Result<Vec<ResultRow>, ReproductionError> {
    let table = pooled::table(experiment, what.out)?;
    match pooled::found(experiment, &run_folder(what.out, &experiment.id))? {
        Found::Rows(rows) if !rows.is_empty() => {
            let alone = experiment.is_variation_alone();
            let rows = match experiment.variation().filter(|_| alone) {
                Some(variation) => what.study.claims.read_of(&variation, &rows),
                None => rows,
            };
            table.write(&rows)?;
            Ok(rows)
        }
        Found::OfAnother(why) => {
            observer.event(Event::Warning(&format!("not used: {why}")));
            table.rows()
        }
        Found::Rows(_) | Found::Nothing => {
            if table.path().exists() && !table.is_proven() {
                tell_refused(table.path(), observer);
            }
            table.rows()
        }
    }
}

/// Takes tables that are missing from the folder of another reproduction.
pub(super) fn take_over(
    what: &Reproduction<'_>,
    needed: &Needed,
    other: &Path,
    observer: &dyn Observer,
) -> Result<(), ReproductionError> {
    if !other.join("evidence").is_dir() {
        return Err(ReproductionError::NoEvidence {
            path: other.to_owned(),
        });
    }
    let adopt = |table: ProvenTable, from: PathBuf| {
        if !table.adopt(&from)? && from.exists() {
            tell_refused(&from, observer);
        }
        Ok::<(), ReproductionError>(())
    };
    for experiment in needed.each() {
        let table = pooled::table(experiment, what.out)?;
        if !table.is_proven() && !is_run(what.out, &experiment.id) {
            adopt(table, pooled::in_folder(other, &experiment.id))?;
        }
        if experiment.similarity && !Similarity::within(what, experiment)?.is_done() {
            let from = similarity::in_folder(other, &experiment.id);
            adopt(Similarity::within(what, experiment)?.table(), from)?;
        }
    }
    for comparison in &needed.comparisons {
        let similarity = Similarity::between(what, comparison)?;
        if !similarity.is_done() {
            let from = similarity::in_folder(other, &comparison.id);
            adopt(similarity.table(), from)?;
        }
    }
    Ok(())
}

/// Tells of a table that is not what its proof says.
fn tell_refused(table: &Path, observer: &dyn Observer) {
    observer.event(Event::Warning(&format!(
        "not used: {} was altered, or made of another configuration or by another version",
        table.display()
    )));
}
