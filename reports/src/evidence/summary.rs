use std::collections::BTreeMap;

use super::baseline;
use super::chance::Chances;
use super::edges::Edges;
use super::family::{Family, FamilyKey};
use super::further::{Further, further};
use super::group::{Group, groups};
use super::names::in_order;
use super::quantity::{Quantity, is_of_one_run};
use super::run::Run;
use crate::{ReportInput, ResultRow};

/// All that the figures, tables and sentences are made from.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// The families of decodability.
    pub(crate) families: Vec<Family>,
    /// Those of what else was measured of each layer and feature.
    pub(crate) around: Vec<Family>,
    pub(crate) chances: Chances,
    /// Rows shown as decodability.
    pub(crate) shown: usize,
    /// Shown rows whose probe has no proof of convergence.
    pub(crate) unconverged: usize,
    /// Those of them that have no optimum: classes separated without a penalty.
    pub(crate) separable: usize,
    /// Further fits without proof, by what they are for.
    pub(crate) further: Vec<(Further, usize)>,
    /// Penalties chosen at the edges of their grids.
    pub(crate) edges: Edges,
}

/// Sorts the rows into families of runs.
pub(crate) fn gather(input: &ReportInput) -> Evidence {
    let shown = || {
        let rows = input.rows.iter();
        rows.filter(|row| Quantity::Decodability.is_in(row))
    };
    let mut families = families(input, Quantity::Decodability);
    add_nats(&mut families, &input.rows);
    Evidence {
        families,
        around: [
            Quantity::Information,
            Quantity::Selectivity,
            Quantity::Compression,
            Quantity::Nonlinear,
            Quantity::Ridge,
        ]
        .into_iter()
        .flat_map(|quantity| self::families(input, quantity))
        .collect(),
        chances: Chances::of(input),
        shown: shown().count(),
        unconverged: shown().filter(|row| row.is_unconverged()).count(),
        separable: shown().filter(|row| row.is_separable()).count(),
        further: further(&input.rows),
        edges: Edges::of(&input.rows),
    }
}

/// The families of one quantity.
fn families(input: &ReportInput, quantity: Quantity) -> Vec<Family> {
    let measured = input.rows.iter().filter(|row| quantity.is_in(row));
    groups(measured)
        .into_iter()
        .map(|group| family(input, quantity, group))
        .collect()
}

/// Gives each run its cross-entropies, at the penalty that they chose
/// themselves. The penalty that accuracy chose may be so small that a probe is
/// sure and wrong, at a cost of many bits that say nothing of the feature.
fn add_nats(families: &mut [Family], rows: &[ResultRow]) {
    let of_probe = |row: &&ResultRow| {
        let probe = matches!(row.probe.as_str(), "linear" | "");
        let own = row.metric == "cross_entropy" && row.selected_by == "cross_entropy";
        own && probe && row.repeat.is_none() && is_of_one_run(row)
    };
    for row in rows.iter().filter(of_probe) {
        let key = FamilyKey::of(row);
        let family = families
            .iter_mut()
            .find(|family| family.key.without_selection() == key.without_selection());
        if let Some(run) = family.and_then(|family| family.runs.get_mut(&row.condition)) {
            run.take_nats(row);
        }
    }
}

fn family(input: &ReportInput, quantity: Quantity, group: Group<'_>) -> Family {
    let Group { key, label, rows } = group;
    let mut runs: BTreeMap<String, Run> = BTreeMap::new();
    for row in &rows {
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
    let common = in_common(&rows);
    Family {
        quantity,
        key,
        label,
        baselines: rows.first().map_or_else(Vec::new, |like| {
            baseline::beside(&input.rows, quantity, like, &input.layers)
        }),
        layers: used(&input.layers, |row| &row.layer),
        features: used(&input.features, |row| &row.feature),
        targets: used(&input.targets, |row| &row.target),
        common,
        runs,
    }
}

/// The columns that say what was run and how, and the seeds where all rows
/// have the same.
fn in_common(rows: &[&ResultRow]) -> ResultRow {
    let Some(first) = rows.first() else {
        return ResultRow::default();
    };
    let seed = |get: fn(&ResultRow) -> Option<u64>| {
        get(first).filter(|seed| rows.iter().all(|row| get(row) == Some(*seed)))
    };
    ResultRow {
        dataset: first.dataset.clone(),
        arch: first.arch.clone(),
        probe: first.probe.clone(),
        protocol: first.protocol.clone(),
        metric: first.metric.clone(),
        correlated: first.correlated.clone(),
        predictivity: first.predictivity,
        variant: first.variant.clone(),
        split_kind: first.split_kind.clone(),
        selected_by: first.selected_by.clone(),
        view: first.view.clone(),
        seed: seed(|row| row.seed),
        data_seed: seed(|row| row.data_seed),
        init_seed: seed(|row| row.init_seed),
        order_seed: seed(|row| row.order_seed),
        ..ResultRow::default()
    }
}
