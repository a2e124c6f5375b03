use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use layerprobe_reports::claims::{Answer, Variation, claims_table};
use layerprobe_reports::{ResultRow, unproven_fits, write_results};

use super::answers::{self, Progress};
use super::comparison::Comparison;
use super::differences::protocol_differences;
use super::error::ReproductionError;
use super::experiment::Experiment;
use super::pooled::{self, Found};
use super::proven::ProvenTable;
use super::similarity::{self, Similarity};
use super::study::{Needed, Study};
use crate::config::AnyConfig;
use crate::experiment::{self, Event, Execution, Observer, run_binary};

/// Columns of the table for the terminal.
const TABLE_WIDTH: usize = 100;

/// What to do of a study, and where.
#[derive(Clone, Debug)]
pub struct Reproduction<'a> {
    /// The study.
    pub study: &'a Study,
    /// Only these claims; all, if none is named.
    pub only: &'a [String],
    /// The folder: a run folder for each experiment, the pooled table, claims and
    /// their page.
    pub out: &'a Path,
    /// Whether missing experiments are run, or the claims decided by what is
    /// there.
    pub run: bool,
    /// Whether missing variations of the experiments are run, too.
    pub variations: bool,
    /// The folder of another reproduction of the same study: experiments that are
    /// finished there and not here are taken over, without their networks.
    pub evidence: Option<&'a Path>,
    /// How the runs are made.
    pub execution: Execution,
}

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

/// The rows that an experiment gave, kept beside the runs as the claims read
/// them; none if it is not finished. Of a variation only those are kept that decide.
fn evidence(
    what: &Reproduction<'_>,
    experiment: &Experiment,
    observer: &dyn Observer,
) -> Result<Vec<ResultRow>, ReproductionError> {
    let table = pooled::table(experiment, what.out)?;
    match pooled::found(experiment, &folder(what.out, &experiment.id))? {
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

/// The rows of the comparisons between networks of finished experiments. Without
/// the evidence of an experiment nothing tells which of its networks learned.
fn similarities(
    what: &Reproduction<'_>,
    needed: &Needed,
    progress: &[Progress],
    observer: &dyn Observer,
) -> Result<Vec<ResultRow>, ReproductionError> {
    let mut tables = Vec::new();
    for experiment in needed.each().filter(|e| e.similarity) {
        tables.push((own(what.out, experiment)?, vec![&experiment.id]));
    }
    for comparison in &needed.comparisons {
        tables.push((between(what, comparison)?, comparison.runs.iter().collect()));
    }
    let mut rows = Vec::new();
    for (similarity, experiments) in tables {
        let is_done = |id: &&String| progress.iter().any(|p| p.done && p.experiment.id == **id);
        match experiments.into_iter().find(|id| !is_done(id)) {
            None => rows.extend(similarity.rows()?),
            Some(missing) if similarity.is_done() => observer.event(Event::Warning(&format!(
                "not used: {}, since evidence/{missing}.csv is missing, altered or of another \
                 version; run the same command without --no-run, or name a folder that has it \
                 with --evidence",
                similarity.table().path().display()
            ))),
            Some(_) => {}
        }
    }
    Ok(rows)
}

/// Takes tables that are missing from the folder of another reproduction.
fn take_over(
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
        if !table.is_proven() && !folder(what.out, &experiment.id).exists() {
            adopt(table, pooled::in_folder(other, &experiment.id))?;
        }
        if experiment.similarity && !own(what.out, experiment)?.is_done() {
            let from = similarity::in_folder(other, &experiment.id);
            adopt(own(what.out, experiment)?.table(), from)?;
        }
    }
    for comparison in &needed.comparisons {
        let similarity = between(what, comparison)?;
        if !similarity.is_done() {
            let from = similarity::in_folder(other, &comparison.id);
            adopt(similarity.table(), from)?;
        }
    }
    Ok(())
}

/// Whether all that an experiment's networks are needed for is there without
/// them: its rows, and the comparisons in which they take part.
fn is_known(
    what: &Reproduction<'_>,
    needed: &Needed,
    experiment: &Experiment,
) -> Result<bool, ReproductionError> {
    let rows = pooled::table(experiment, what.out)?.is_proven();
    let alone = !experiment.similarity || own(what.out, experiment)?.is_done();
    let mut with_others = true;
    for comparison in needed.wanted_comparisons(what.variations) {
        let takes_part = comparison.runs.contains(&experiment.id);
        with_others &= !takes_part || between(what, comparison)?.is_done();
    }
    Ok(rows && alone && with_others)
}

fn run_missing(
    what: &Reproduction<'_>,
    needed: &Needed,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<(), ReproductionError> {
    let experiments: Vec<&Experiment> = needed.wanted(what.variations).collect();
    let total = experiments.len();
    let mut finished = BTreeSet::new();
    for (experiment, number) in experiments.into_iter().zip(1..) {
        observer.event(Event::Note(&format!(
            "experiment {number} of {total}, {}: {}",
            experiment.id, experiment.about
        )));
        let folder = folder(what.out, &experiment.id);
        if !folder.exists() && is_known(what, needed, experiment)? {
            observer.event(Event::Note("finished elsewhere, taken over from there"));
            continue;
        }
        let failed = |source| ReproductionError::Experiment {
            id: experiment.id.clone(),
            source: Box::new(source),
        };
        match experiment.checked()? {
            AnyConfig::Images(config) => {
                let run = experiment::run(&config, &folder, &what.execution, stop, observer);
                run.map_err(failed)?;
            }
            AnyConfig::Binary(config) => {
                run_binary(&config, &folder, stop, observer).map_err(failed)?;
            }
        }
        // hours may pass until the last experiment, or it may never be reached
        evidence(what, experiment, observer)?;
        if experiment.similarity {
            let similarity = own(what.out, experiment)?;
            if !similarity.is_done() {
                similarity.run(stop, observer)?;
            }
        }
        finished.insert(&experiment.id);
        for comparison in needed.wanted_comparisons(what.variations) {
            let are_finished = comparison.runs.iter().all(|id| finished.contains(id));
            let similarity = between(what, comparison)?;
            if are_finished && !similarity.is_done() {
                observer.event(Event::Note(&format!(
                    "comparison {}: {}",
                    comparison.id, comparison.about
                )));
                similarity.run(stop, observer)?;
            }
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

fn folder(out: &Path, id: &str) -> PathBuf {
    out.join("runs").join(id)
}

/// The comparison of an experiment's networks with each other.
fn own<'a>(out: &'a Path, experiment: &'a Experiment) -> Result<Similarity<'a>, ReproductionError> {
    Ok(Similarity {
        id: &experiment.id,
        runs: vec![(folder(out, &experiment.id), experiment.config()?.hash())],
        out,
    })
}

fn between<'a>(
    what: &Reproduction<'a>,
    comparison: &'a Comparison,
) -> Result<Similarity<'a>, ReproductionError> {
    let mut runs = Vec::new();
    for id in &comparison.runs {
        let experiment = what.study.experiment(id)?;
        runs.push((folder(what.out, id), experiment.config()?.hash()));
    }
    Ok(Similarity {
        id: &comparison.id,
        runs,
        out: what.out,
    })
}
