//! Rows sorted by what must agree for them to be put side by side.

use std::collections::BTreeMap;

use super::family::FamilyKey;
use crate::ResultRow;

/// Rows that may be put side by side: of one dataset, network and protocol.
#[derive(Clone, Debug)]
pub(crate) struct Group<'a> {
    pub(super) key: FamilyKey,
    /// What tells it from the others, in words; empty for the only one.
    pub(crate) label: String,
    pub(crate) rows: Vec<&'a ResultRow>,
}

/// The groups that rows fall into, in the order of their keys.
pub(crate) fn groups<'a>(rows: impl Iterator<Item = &'a ResultRow>) -> Vec<Group<'a>> {
    let mut by_key: BTreeMap<FamilyKey, Vec<&'a ResultRow>> = BTreeMap::new();
    for row in rows {
        by_key.entry(FamilyKey::of(row)).or_default().push(row);
    }
    let keys: Vec<&FamilyKey> = by_key.keys().collect();
    let labels: Vec<String> = keys.iter().map(|key| label(key, &keys)).collect();
    by_key
        .into_iter()
        .zip(labels)
        .map(|((key, rows), label)| Group { key, label, rows })
        .collect()
}

/// The parts of a key in which the keys of the report differ.
fn label(key: &FamilyKey, all: &[&FamilyKey]) -> String {
    let differing = differing(key, all);
    // said of the only family, too: it is no property of a comparison
    match key.is_upper_bound() {
        true if differing.is_empty() => UPPER_BOUND.to_owned(),
        true => format!("{differing}; {UPPER_BOUND}"),
        false => differing,
    }
}

/// What `selected_by` means where it names the tested stimuli.
const UPPER_BOUND: &str = "upper bounds, chosen on the tested stimuli";

fn differing(key: &FamilyKey, all: &[&FamilyKey]) -> String {
    let parts = key
        .0
        .iter()
        .enumerate()
        .filter(|(place, part)| all.iter().any(|other| other.0.get(*place) != Some(*part)))
        .filter(|(_, (name, _))| !(key.is_upper_bound() && *name == "chosen by"));
    parts
        .map(|(_, (name, value))| match value.as_str() {
            "" => format!("{name} not given"),
            value => format!("{name} {value}"),
        })
        .collect::<Vec<_>>()
        .join(", ")
}
