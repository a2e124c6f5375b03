use std::collections::BTreeMap;

use super::chance::Chances;
use super::family::{Family, FamilyKey};
use super::names::in_order;
use super::run::Run;
use crate::{ReportInput, ResultRow};

/// All that the figures, tables and sentences are made from.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) families: Vec<Family>,
    pub(crate) chances: Chances,
    /// Rows shown as decodability.
    pub(crate) shown: usize,
    /// Shown rows whose probe has no proof of convergence.
    pub(crate) unconverged: usize,
}

/// Sorts the rows into families of runs.
pub(crate) fn gather(input: &ReportInput) -> Evidence {
    let rows: Vec<&ResultRow> = input
        .rows
        .iter()
        .filter(|row| is_decodability(row))
        .collect();
    let mut by_key: BTreeMap<FamilyKey, Vec<&ResultRow>> = BTreeMap::new();
    for &row in &rows {
        by_key.entry(FamilyKey::of(row)).or_default().push(row);
    }
    let keys: Vec<&FamilyKey> = by_key.keys().collect();
    let families = by_key
        .iter()
        .map(|(key, rows)| family(input, rows, label(key, &keys)))
        .collect();
    Evidence {
        families,
        chances: Chances::of(input),
        shown: rows.len(),
        unconverged: rows.iter().filter(|row| row.is_unconverged()).count(),
    }
}

/// Held-out accuracy of a linear probe at a checkpoint.
fn is_decodability(row: &ResultRow) -> bool {
    row.metric == "accuracy"
        && matches!(row.probe.as_str(), "linear" | "")
        && row.condition_b.is_empty()
        && row.step.is_some()
        && row.value.is_finite()
}

fn family(input: &ReportInput, rows: &[&ResultRow], label: String) -> Family {
    let mut runs: BTreeMap<String, Run> = BTreeMap::new();
    for row in rows {
        runs.entry(row.condition.clone())
            .or_insert_with(|| Run::new(row))
            .take(row);
    }
    let used = |listed: &[String], name: fn(&ResultRow) -> &str| {
        let found = || rows.iter().map(|row| name(row));
        let mut names = in_order(listed, found());
        names.retain(|name| found().any(|found| found == name));
        names
    };
    Family {
        dataset: rows
            .first()
            .map(|row| row.dataset.clone())
            .unwrap_or_default(),
        label,
        layers: used(&input.layers, |row| &row.layer),
        features: used(&input.features, |row| &row.feature),
        targets: used(&input.targets, |row| &row.target),
        runs,
    }
}

/// The parts of a key in which the keys of the report differ.
fn label(key: &FamilyKey, all: &[&FamilyKey]) -> String {
    let parts = key
        .0
        .iter()
        .enumerate()
        .filter(|(place, part)| all.iter().any(|other| other.0.get(*place) != Some(*part)));
    parts
        .map(|(_, (name, value))| match value.as_str() {
            "" => format!("{name} not given"),
            value => format!("{name} {value}"),
        })
        .collect::<Vec<_>>()
        .join(", ")
}
