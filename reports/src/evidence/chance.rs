use std::collections::BTreeMap;

use super::family::{Family, FamilyKey};
use crate::ReportInput;

/// What is to be told apart, and the feature.
type Task = (Vec<(&'static str, String)>, String);

/// Chance by what is to be told apart (dataset, correlation, what a sweep varied) and
/// feature: the mean of the rows of metric `chance` on held-out values, else what the
/// input says of the feature.
#[derive(Clone, Debug)]
pub(crate) struct Chances {
    measured: BTreeMap<Task, (f64, usize)>,
    given: BTreeMap<String, f64>,
}

impl Chances {
    pub(super) fn of(input: &ReportInput) -> Self {
        let mut measured = BTreeMap::new();
        let rows = input.rows.iter();
        let held_out = |row: &&crate::ResultRow| matches!(&*row.split_kind, "" | "held_out_values");
        let rows = rows.filter(held_out);
        for row in rows.filter(|row| row.metric == "chance" && row.value.is_finite()) {
            let place = (FamilyKey::of(row).task(), row.feature.clone());
            let (sum, n) = measured.entry(place).or_insert((0.0, 0));
            *sum += row.value;
            *n += 1;
        }
        Self {
            measured,
            given: input.chance.clone(),
        }
    }

    pub(crate) fn of_feature(&self, family: &Family, feature: &str) -> Option<f64> {
        self.measured
            .get(&(family.key.task(), feature.to_owned()))
            .map(|(sum, n)| sum / *n as f64)
            .or_else(|| self.given.get(feature).copied())
            .filter(|chance| chance.is_finite())
    }
}
