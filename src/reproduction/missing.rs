//! Running what is missing of a study's experiments.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use super::comparison::Comparison;
use super::error::ReproductionError;
use super::evidence::evidence;
use super::experiment::Experiment;
use super::folder::{is_run, run_folder};
use super::pooled::{self, failed};
use super::request::Reproduction;
use super::similarity::Similarity;
use super::study::Needed;
use crate::config::AnyConfig;
use crate::experiment::{self, Event, Observer, run_binary};

/// What is missing of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Nothing,
    /// Its networks, for comparisons; its numbers are known without them.
    Networks,
    /// All of it, or it was run here and is looked through.
    Run,
}

/// Runs what is missing, and compares the networks that are to be compared.
///
/// # Errors
/// The first failure; what is finished stays finished.
pub(super) fn run_missing(
    what: &Reproduction<'_>,
    needed: &Needed,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<(), ReproductionError> {
    let experiments: Vec<&Experiment> = needed.wanted(what.variations).collect();
    let total = experiments.len();
    let mut finished = BTreeSet::new();
    let mut left: Vec<(usize, &Experiment)> = (1..).zip(experiments).collect();
    let mut taken_over = Vec::new();
    while !left.is_empty() {
        for (number, experiment) in left {
            observer.event(Event::Note(&format!(
                "experiment {number} of {total}, {}: {}",
                experiment.id, experiment.about
            )));
            match missing(what, needed, experiment)? {
                Missing::Nothing => {
                    observer.event(Event::Note("finished elsewhere, taken over from there"));
                    taken_over.push((number, experiment));
                    continue;
                }
                Missing::Networks => train(what, experiment, stop, observer)?,
                Missing::Run => run(what, experiment, stop, observer)?,
            }
            finished.insert(&*experiment.id);
            compare(what, needed, experiment, &finished, stop, observer)?;
        }
        // networks that came out others than those of the tables are to be compared anew
        left = Vec::new();
        for (number, experiment) in std::mem::take(&mut taken_over) {
            match missing(what, needed, experiment)? {
                Missing::Nothing => taken_over.push((number, experiment)),
                _ => left.push((number, experiment)),
            }
        }
    }
    Ok(())
}

/// Compares the networks of an experiment with each other and with those of experiments
/// that are finished, where that is asked and not done.
fn compare(
    what: &Reproduction<'_>,
    needed: &Needed,
    experiment: &Experiment,
    finished: &BTreeSet<&str>,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<(), ReproductionError> {
    if experiment.similarity {
        let similarity = Similarity::within(what, experiment)?;
        if !similarity.is_done() {
            similarity.run(stop, observer)?;
        }
    }
    for comparison in with_others(what, needed, experiment) {
        let are_finished = comparison.runs.iter().all(|id| finished.contains(&**id));
        let similarity = Similarity::between(what, comparison)?;
        if are_finished && !similarity.is_done() {
            observer.event(Event::Note(&format!(
                "comparison {}: {}",
                comparison.id, comparison.about
            )));
            similarity.run(stop, observer)?;
        }
    }
    Ok(())
}

/// What is missing of an experiment: what was run here to its end stays a run; of what was
/// not, the rows and the comparisons may be known from elsewhere.
pub(super) fn missing(
    what: &Reproduction<'_>,
    needed: &Needed,
    experiment: &Experiment,
) -> Result<Missing, ReproductionError> {
    let is_known = pooled::table(experiment, what.out)?.is_proven();
    if is_run(what.out, &experiment.id) || !is_known || is_of_others(what, experiment)? {
        return Ok(Missing::Run);
    }
    let mut compared = !experiment.similarity || Similarity::within(what, experiment)?.is_done();
    for comparison in with_others(what, needed, experiment) {
        compared &= Similarity::between(what, comparison)?.is_done();
    }
    Ok(match compared {
        true => Missing::Nothing,
        false => Missing::Networks,
    })
}

/// Whether the rows of networks that are decoded again are of others than the experiment
/// has by now.
fn is_of_others(
    what: &Reproduction<'_>,
    experiment: &Experiment,
) -> Result<bool, ReproductionError> {
    let Some(decoded) = &experiment.decodes else {
        return Ok(false);
    };
    let theirs = pooled::table(what.study.experiment(decoded)?, what.out)?.rows()?;
    let rows = pooled::table(experiment, what.out)?.rows()?;
    Ok(pooled::of_other_networks(experiment, &rows, &theirs).is_some())
}

/// The comparisons to be made with another experiment's networks.
fn with_others<'a>(
    what: &Reproduction<'_>,
    needed: &'a Needed,
    experiment: &'a Experiment,
) -> impl Iterator<Item = &'a Comparison> + use<'a> {
    let comparisons = needed.wanted_comparisons(what.variations);
    comparisons.filter(|comparison| comparison.runs.contains(&experiment.id))
}

fn run(
    what: &Reproduction<'_>,
    experiment: &Experiment,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<(), ReproductionError> {
    let folder = run_folder(what.out, &experiment.id);
    match experiment.checked()? {
        AnyConfig::Images(config) => {
            let run = experiment::run(&config, &folder, &what.execution, stop, observer);
            run.map_err(failed(experiment))?;
        }
        AnyConfig::Binary(config) => {
            run_binary(&config, &folder, stop, observer).map_err(failed(experiment))?;
        }
    }
    // hours may pass until the last experiment, or it may never be reached
    evidence(what, experiment, observer).map(|_| ())
}

/// Trains the networks of an experiment whose numbers are known. They may be others
/// than those of the numbers, on another kind of processor: then it is run as a whole.
fn train(
    what: &Reproduction<'_>,
    experiment: &Experiment,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<(), ReproductionError> {
    let config = experiment.config()?;
    let folder = run_folder(what.out, &experiment.id);
    observer.event(Event::Note(
        "its numbers are known from elsewhere; its networks are needed for comparisons",
    ));
    experiment::train(&config, &folder, &what.execution, stop, observer)
        .map_err(failed(experiment))?;
    let known = pooled::table(experiment, what.out)?.rows()?;
    match pooled::of_other_networks_here(experiment, &folder, &known)? {
        None => Ok(()),
        Some(why) => {
            observer.event(Event::Note(&format!("run here as a whole: {why}")));
            run(what, experiment, stop, observer)
        }
    }
}
