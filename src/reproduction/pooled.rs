//! One table of what all experiments gave.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use layerprobe_reports::claims::{TRAINING_ACCURACY, VALIDATION_ACCURACY};
use layerprobe_reports::{ResultRow, read_results};

use super::error::ReproductionError;
use super::experiment::Experiment;
use super::proven::ProvenTable;
use crate::config::{AnyConfig, Config};
use crate::experiment::{
    ExperimentError, PROTOCOL, conditions, is_as_listed, last_training, own_validation,
};
use crate::results::PAPER_PROTOCOL;

/// How tables of experiments are made; with another, they are made again.
const VERSION: &str = "evidence/1";
/// The same of experiments that are decoded by the paper's protocol.
const VERSION_BY_PAPER: &str = "evidence/2";
/// The same of bits.
const VERSION_OF_BITS: &str = "evidence/2";

/// The checkpoint that decoders by the paper's protocol read.
const BEST: &str = "best_validation";

/// What a run folder has of an experiment.
pub(super) enum Found {
    /// No results yet.
    Nothing,
    /// The rows that its single networks gave, their conditions under the
    /// experiment's name, with each network's own accuracy on validation stimuli,
    /// also at the best checkpoint if that is decoded, and, of bits, on those of its
    /// training.
    Rows(Vec<ResultRow>),
    /// Results, but not the experiment's: why, and what to do.
    OfAnother(String),
}

/// What the experiment's run folder has of it. What a proof will vouch for must be
/// made of what the proof names.
pub(super) fn found(experiment: &Experiment, folder: &Path) -> Result<Found, ReproductionError> {
    let results = folder.join("results.csv");
    if !results.exists() {
        return Ok(Found::Nothing);
    }
    let checked = experiment.checked()?;
    if let Some(why) = of_another_config(&checked, folder)? {
        return Ok(Found::OfAnother(why));
    }
    let mut rows = read_results(&results)?;
    if let Some(theirs) = of_another_protocol(&rows) {
        return Ok(Found::OfAnother(format!(
            "{} was made by protocol {theirs}, and this version's is {PROTOCOL}; run the same \
             command without --no-run to make it again",
            results.display()
        )));
    }
    if let Some(name) = altered(folder, &logs(&checked, &rows)).map_err(failed(experiment))? {
        return Ok(Found::OfAnother(format!(
            "{} is not what manifest.json lists, so that it was altered or is of a run that did \
             not end; run the same command without --no-run to make it again",
            folder.join(name).display()
        )));
    }
    let own = match checked {
        AnyConfig::Images(config) => own_accuracies(&config, folder).map_err(failed(experiment))?,
        AnyConfig::Binary(_) => {
            let mut own: Vec<ResultRow> = rows
                .iter()
                .filter(is_last_of_bits)
                .map(|row| of_network(VALIDATION_ACCURACY, row.clone(), row.value))
                .collect();
            for row in own.clone() {
                let trained = last_training(folder, &row.condition);
                let trained = trained.map_err(failed(experiment))?;
                let tasks = own
                    .iter()
                    .filter(|other| other.metric == row.metric && other.condition == row.condition);
                let lowest = trained.map(|mean| least_of(tasks.count(), mean));
                own.extend(lowest.map(|value| of_network(TRAINING_ACCURACY, row, value)));
            }
            own
        }
    };
    let Some(decoded) = &experiment.decodes else {
        rows.extend(own);
        return Ok(Found::Rows(under(&experiment.id, rows)));
    };
    // the rest is known from the experiment that has these networks
    rows.retain(|row| row.selected_by == "tested_stimuli");
    let (best, last): (Vec<ResultRow>, Vec<ResultRow>) =
        own.into_iter().partition(|row| row.checkpoint_role == BEST);
    rows.extend(best);
    let mut found = under(decoded, rows);
    found.extend(under(&experiment.id, last));
    Ok(Found::Rows(found))
}

/// The training logs of an experiment's networks, by their names in the run folder.
fn logs(checked: &AnyConfig, rows: &[ResultRow]) -> BTreeSet<String> {
    let networks: BTreeSet<String> = match checked {
        AnyConfig::Images(config) => conditions(config).into_iter().map(|c| c.id).collect(),
        AnyConfig::Binary(_) => rows
            .iter()
            .filter(is_last_of_bits)
            .map(|row| row.condition.clone())
            .collect(),
    };
    let log = |network: String| format!("conditions/{network}/training.csv");
    networks.into_iter().map(log).collect()
}

/// What of the results and these files is not as the run's manifest lists it.
fn altered(folder: &Path, logs: &BTreeSet<String>) -> Result<Option<String>, ExperimentError> {
    let results = "results.csv".to_owned();
    for name in std::iter::once(&results).chain(logs) {
        if !is_as_listed(folder, name)? {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
}

/// Whether a row of bits is what a network itself reaches at the end.
fn is_last_of_bits(row: &&ResultRow) -> bool {
    let what = (&*row.metric, &*row.probe, &*row.checkpoint_role);
    what == ("accuracy", "none", "last") && is_of_one_network(row)
}

/// The error of an experiment.
pub(super) fn failed(
    experiment: &Experiment,
) -> impl Fn(ExperimentError) -> ReproductionError + use<> {
    let id = experiment.id.clone();
    move |source| ReproductionError::Experiment {
        id: id.clone(),
        source: Box::new(source),
    }
}

/// Why what an experiment gave of another one's networks, `rows`, does not count as theirs,
/// if it does not: it has other networks, by their accuracies and `theirs`.
pub(super) fn of_other_networks(
    experiment: &Experiment,
    rows: &[ResultRow],
    theirs: &[ResultRow],
) -> Option<String> {
    let decoded = experiment.decodes.as_ref()?;
    let (network, here, there) = other_network(rows, theirs, decoded)?;
    Some(format!(
        "{} has other networks than {decoded}: the accuracy of {network} is {here}, \
         there {there}. Bytes agree on one kind of processor only: run both on one machine",
        experiment.id
    ))
}

/// Why the networks in an experiment's run folder are not those that its `rows` are of,
/// if they are not, by their accuracies.
pub(super) fn of_other_networks_here(
    experiment: &Experiment,
    folder: &Path,
    rows: &[ResultRow],
) -> Result<Option<String>, ReproductionError> {
    let here = own_accuracies(&experiment.config()?, folder).map_err(failed(experiment))?;
    let here = under(&experiment.id, here);
    let other = other_network(&here, rows, &experiment.id);
    Ok(other.map(|(network, here, there)| {
        format!(
            "the accuracy of {network} is {here}, and there it was {there}; bytes agree on one \
             kind of processor only"
        )
    }))
}

/// The first of the networks of `rows` that is another one than that of its name among
/// those of an experiment, by their accuracies: its name, and both.
fn other_network<'a>(
    rows: &'a [ResultRow],
    theirs: &[ResultRow],
    experiment: &str,
) -> Option<(&'a str, f64, f64)> {
    rows.iter().filter(is_own).find_map(|row| {
        let (_, network) = row.condition.split_once('/')?;
        let condition = format!("{experiment}/{network}");
        let mut of_network = theirs.iter().filter(is_own);
        let there = of_network.find(|r| r.condition == condition)?.value;
        (row.value != there).then_some((network, row.value, there))
    })
}

/// Which networks an experiment's rows are of: the hash of their own accuracies on
/// validation stimuli, the last ones.
pub(super) fn networks(rows: &[ResultRow]) -> String {
    let own = rows.iter().filter(is_own);
    let own: BTreeSet<String> = own
        .map(|row| format!("{} {}\n", row.condition, row.value))
        .collect();
    let own: String = own.into_iter().collect();
    blake3::hash(own.as_bytes()).to_hex().to_string()
}

/// Whether a row is what a network itself reaches at the end of its training.
fn is_own(row: &&ResultRow) -> bool {
    row.metric == VALIDATION_ACCURACY && row.checkpoint_role != BEST
}

/// The networks' own accuracies on validation stimuli, from a run folder.
fn own_accuracies(config: &Config, folder: &Path) -> Result<Vec<ResultRow>, ExperimentError> {
    let own = own_validation(config, folder)?.into_iter();
    Ok(own
        .map(|(row, value)| of_network(VALIDATION_ACCURACY, row, value))
        .collect())
}

/// Why a folder is not of this configuration, if it is not.
fn of_another_config(
    checked: &AnyConfig,
    folder: &Path,
) -> Result<Option<String>, ReproductionError> {
    let ours = checked.to_toml();
    let path = folder.join("config.toml");
    let how = match fs::read_to_string(&path) {
        Ok(theirs) if theirs == ours => return Ok(None),
        Ok(_) => "is of another configuration (config.toml)",
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => "has no config.toml",
        Err(source) => {
            return Err(ReproductionError::Io {
                action: "read",
                path,
                source,
            });
        }
    };
    Ok(Some(format!(
        "{} {how}; move it away and run the same command without --no-run",
        folder.display()
    )))
}

/// The protocol of rows of one of this version's protocols in another version.
fn of_another_protocol(rows: &[ResultRow]) -> Option<&str> {
    let family = |name: &str| name.split('/').next().map(str::to_owned);
    let versions = rows.iter().filter_map(|row| row.protocol.split(' ').next());
    let mut versions = versions.filter(|version| {
        let is_other = |ours: &str| family(ours) == family(version) && ours != *version;
        is_other(PROTOCOL) || is_other(PAPER_PROTOCOL)
    });
    versions.next()
}

/// What the accuracy on one of several tasks is at least, by their mean, which is all that
/// a training log has.
fn least_of(tasks: usize, mean: f64) -> f64 {
    let tasks = tasks as f64;
    (1.0 - tasks * (1.0 - mean)).max(0.0)
}

/// A network's own accuracy.
fn of_network(metric: &str, row: ResultRow, value: f64) -> ResultRow {
    ResultRow {
        metric: metric.to_owned(),
        value,
        ..row
    }
}

/// Where a study's folder has what an experiment gave, as the claims read it.
pub(super) fn in_folder(study: &Path, id: &str) -> PathBuf {
    study.join("evidence").join(format!("{id}.csv"))
}

/// That table: made of the experiment's configuration by this version's protocols.
pub(super) fn table(
    experiment: &Experiment,
    study: &Path,
) -> Result<ProvenTable, ReproductionError> {
    let (made_by, hash) = match experiment.checked()? {
        AnyConfig::Images(config) if config.probes.paper.is_some() => (
            format!("{VERSION_BY_PAPER} {PROTOCOL} {PAPER_PROTOCOL}"),
            config.hash(),
        ),
        AnyConfig::Images(config) => (format!("{VERSION} {PROTOCOL}"), config.hash()),
        AnyConfig::Binary(config) => (format!("{VERSION_OF_BITS} {PROTOCOL}"), config.hash()),
    };
    let made_of = vec![made_by, hash];
    Ok(ProvenTable::new(in_folder(study, &experiment.id), made_of))
}

/// The rows of single networks, their conditions under a name.
pub(super) fn under(name: &str, rows: Vec<ResultRow>) -> Vec<ResultRow> {
    let single = rows.into_iter().filter(is_of_one_network);
    single
        .map(|mut row| {
            row.condition = format!("{name}/{}", row.condition);
            if !row.condition_b.is_empty() {
                row.condition_b = format!("{name}/{}", row.condition_b);
            }
            row
        })
        .collect()
}

/// Whether a row is a number of one network: permutations, labelings and what is
/// said over runs stay with the run.
fn is_of_one_network(row: &ResultRow) -> bool {
    !row.condition.is_empty()
        && !row.condition.contains('*')
        && row.repeat.is_none()
        && row.interval_kind != "runs"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_two_tasks_has_learned_both_only_if_neither_can_be_low() {
        // all of one task and .91 of the other
        assert!(least_of(2, 0.955) < 0.95 && least_of(2, 0.955) > 0.9);
        assert_eq!((least_of(2, 1.0), least_of(1, 0.75)), (1.0, 0.75));
        assert_eq!(least_of(2, 0.25), 0.0);
    }
}
