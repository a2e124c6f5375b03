use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use layerprobe_reports::claims::{Answer, Variation, claims_table};
use layerprobe_reports::{ResultRow, unproven_fits, write_results};

use super::answers::{self, Progress};
use super::differences::protocol_differences;
use super::error::ReproductionError;
use super::evidence::{evidence, take_over, tell_refused, tell_without_evidence};
use super::missing::run_missing;
use super::pooled;
use super::request::Reproduction;
use super::similarity::Similarity;
use super::study::Needed;
use crate::experiment::{Event, Observer};

/// Columns of the table for the terminal.
const TABLE_WIDTH: usize = 100;

/// What a reproduction left.
#[derive(Clone, Debug)]
pub struct Reproduced {
    /// The claims, decided.
    pub answers: Vec<Answer>,
    /// The verdicts as a table.
    pub table: String,
    /// `claims.json`.
    pub claims: PathBuf,
    /// `results.csv`: the rows that claims are decided by, and by how much the paper's
    /// decoders give more.
    pub results: PathBuf,
    /// The page.
    pub report: PathBuf,
    /// Probes of the clean protocol that did not converge.
    pub not_converged: usize,
}

/// Runs what is missing of a study's experiments, and decides its claims.
///
/// # Errors
/// If a claim does not exist or the first failure on the way; what is finished
/// stays finished, and the same call goes on from there.
pub fn reproduce(
    what: &Reproduction<'_>,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<Reproduced, ReproductionError> {
    let needed = what.study.needed(what.only)?;
    super::folder::check(what.study, what.out)?;
    // all configurations are checked before anything is run
    for experiment in needed.each() {
        experiment.checked()?;
    }
    if let Some(other) = what.evidence {
        take_over(what, &needed, other, observer)?;
    }
    if what.run {
        run_missing(what, &needed, stop, observer)?;
    }
    let mut rows = Vec::new();
    let mut progress = Vec::new();
    let basic: BTreeSet<&String> = needed.basic().map(|e| &e.id).collect();
    for experiment in needed.each() {
        let mut of_it = evidence(what, experiment, observer)?;
        if let Some(why) = pooled::of_other_networks(experiment, &of_it, &rows) {
            observer.event(Event::Warning(&format!("not used: {why}")));
            of_it.clear();
        }
        progress.push(Progress {
            experiment: experiment.clone(),
            basic: basic.contains(&experiment.id),
            done: !of_it.is_empty(),
        });
        rows.extend(of_it);
    }
    rows.extend(similarities(what, &needed, &progress, observer)?);
    let not_converged = unproven_fits(&rows);
    let results = what.out.join("results.csv");
    let differences = protocol_differences(&rows);
    write_results(&results, &[&rows[..], &differences].concat())?;
    let done = progress.iter().filter(|p| p.done);
    let variations: Vec<Variation> = done.filter_map(|p| p.experiment.variation()).collect();
    let answers = needed.claims.decide_with(&rows, &variations);
    let claims = answers::write_json(what.study, &answers, what.out)?;
    let report = answers::write_page(what.study, &needed, &progress, &answers, what.out)?;
    Ok(Reproduced {
        table: claims_table(&answers, TABLE_WIDTH),
        answers,
        claims,
        results,
        report,
        not_converged,
    })
}

/// The rows of the comparisons between networks of finished experiments. Without
/// the evidence of an experiment nothing tells which of its networks learned.
fn similarities(
    what: &Reproduction<'_>,
    needed: &Needed,
    progress: &[Progress],
    observer: &dyn Observer,
) -> Result<Vec<ResultRow>, ReproductionError> {
    let mut rows = Vec::new();
    for (similarity, experiments) in Similarity::all(what, needed)? {
        let is_done = |id: &&String| progress.iter().any(|p| p.done && p.experiment.id == **id);
        let is_there = similarity.table().path().exists();
        match experiments.into_iter().find(|id| !is_done(id)) {
            None if is_there && !similarity.is_done() => {
                tell_refused(similarity.table().path(), observer);
            }
            None => rows.extend(similarity.rows()?),
            Some(missing) if is_there => {
                tell_without_evidence(similarity.table().path(), missing, observer);
            }
            Some(_) => {}
        }
    }
    Ok(rows)
}
