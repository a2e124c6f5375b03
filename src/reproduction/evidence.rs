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
    match found(what, experiment)? {
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

/// What the experiment's run folder has of it, if it was run here.
fn found(what: &Reproduction<'_>, experiment: &Experiment) -> Result<Found, ReproductionError> {
    match is_run(what.out, &experiment.id) {
        true => pooled::found(experiment, &run_folder(what.out, &experiment.id)),
        false => Ok(Found::Nothing),
    }
}

/// Takes tables that are missing from the folder of another reproduction. Similarities
/// are of the networks that the evidence here is of, or are not taken.
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
        if !table.is_proven() && !matches!(found(what, experiment)?, Found::Rows(_)) {
            adopt(table, pooled::in_folder(other, &experiment.id))?;
        }
    }
    for (similarity, experiments) in Similarity::all(what, needed)? {
        let from = similarity::in_folder(other, similarity.id);
        if similarity.is_done() || !from.exists() {
            continue;
        }
        let mut unknown = None;
        for id in experiments {
            let is_known = pooled::table(what.study.experiment(id)?, what.out)?.is_proven();
            unknown = unknown.or((!is_known).then_some(id));
        }
        match unknown {
            Some(id) => tell_without_evidence(&from, id, observer),
            None => adopt(similarity.table(), from)?,
        }
    }
    Ok(())
}

/// Tells of a table that is not what its proof says.
pub(super) fn tell_refused(table: &Path, observer: &dyn Observer) {
    observer.event(Event::Warning(&format!(
        "not used: {} was altered, or made of another configuration, of other networks or by \
         another version",
        table.display()
    )));
}

/// Tells of a comparison with networks of which nothing is known.
pub(super) fn tell_without_evidence(similarity: &Path, missing: &str, observer: &dyn Observer) {
    observer.event(Event::Warning(&format!(
        "not used: {}, since evidence/{missing}.csv is missing, altered or of another version; \
         run the same command without --no-run, or name a folder that has it with --evidence",
        similarity.display()
    )));
}
