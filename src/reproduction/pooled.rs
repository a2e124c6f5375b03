//! One table of what all experiments gave.

use std::fs;
use std::path::{Path, PathBuf};

use layerprobe_reports::claims::{TRAINING_ACCURACY, VALIDATION_ACCURACY};
use layerprobe_reports::{ResultRow, read_results};

use super::error::ReproductionError;
use super::experiment::Experiment;
use super::proven::ProvenTable;
use crate::config::AnyConfig;
use crate::experiment::{PAPER_PROTOCOL, PROTOCOL, last_training, last_validation};

/// How tables of experiments are made; with another, they are made again.
const VERSION: &str = "evidence/1";
/// The same of bits.
const VERSION_OF_BITS: &str = "evidence/2";

/// What a run folder has of an experiment.
pub(super) enum Found {
    /// No results yet.
    Nothing,
    /// The rows that its single networks gave, their conditions under the
    /// experiment's name, with each network's own accuracy on validation stimuli
    /// and, of bits, on those of its training.
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
    let failed = |source| ReproductionError::Experiment {
        id: experiment.id.clone(),
        source: Box::new(source),
    };
    let own = match checked {
        AnyConfig::Images(config) => {
            let own = last_validation(&config, folder).map_err(failed)?;
            let own = own.into_iter();
            own.map(|(row, value)| of_network(VALIDATION_ACCURACY, row, value))
                .collect()
        }
        AnyConfig::Binary(_) => {
            let own = |row: &&ResultRow| {
                let what = (&*row.metric, &*row.probe, &*row.checkpoint_role);
                what == ("accuracy", "none", "last") && is_of_one_network(row)
            };
            let mut own: Vec<ResultRow> = rows
                .iter()
                .filter(own)
                .map(|row| of_network(VALIDATION_ACCURACY, row.clone(), row.value))
                .collect();
            for row in own.clone() {
                let trained = last_training(folder, &row.condition).map_err(failed)?;
                own.extend(trained.map(|value| of_network(TRAINING_ACCURACY, row, value)));
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
    let mut found = under(decoded, rows);
    found.extend(under(&experiment.id, own));
    Ok(Found::Rows(found))
}

/// Why what an experiment gave of another one's networks, `rows`, does not count as theirs,
/// if it does not: it has other networks, by their accuracies and `theirs`.
pub(super) fn of_other_networks(
    experiment: &Experiment,
    rows: &[ResultRow],
    theirs: &[ResultRow],
) -> Option<String> {
    let decoded = experiment.decodes.as_ref()?;
    let is_own = |row: &&ResultRow| row.metric == VALIDATION_ACCURACY;
    rows.iter().filter(is_own).find_map(|row| {
        let (_, network) = row.condition.split_once('/')?;
        let condition = format!("{decoded}/{network}");
        let mut of_network = theirs.iter().filter(is_own);
        let (here, there) = (
            row.value,
            of_network.find(|r| r.condition == condition)?.value,
        );
        (here != there).then(|| {
            format!(
                "{} has other networks than {decoded}: the accuracy of {network} is {here}, \
                 there {there}. Bytes agree on one kind of processor only: run both on one machine",
                experiment.id
            )
        })
    })
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

/// That table: made of the experiment's configuration by this version's protocol.
pub(super) fn table(
    experiment: &Experiment,
    study: &Path,
) -> Result<ProvenTable, ReproductionError> {
    let (version, hash) = match experiment.checked()? {
        AnyConfig::Images(config) => (VERSION, config.hash()),
        AnyConfig::Binary(config) => (VERSION_OF_BITS, config.hash()),
    };
    let made_of = vec![format!("{version} {PROTOCOL}"), hash];
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
