use std::collections::{BTreeMap, BTreeSet};

use super::baseline::NO_NETWORK;
use super::estimate::{Estimate, IntervalKind, Measure};
use super::names::in_order;
use super::view::shown_view;
use crate::{ReportInput, ValueRow};

/// Which network a number is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Network {
    Untrained,
    Trained(String),
}

/// Accuracies by held-out value at the last layer, of one dataset, network
/// and protocol.
#[derive(Clone, Debug)]
pub(crate) struct ByValue {
    /// What tells it from the others of a report; empty for the only one.
    pub(crate) label: String,
    pub(crate) layer: String,
    /// Untrained first, then by target.
    pub(crate) networks: Vec<Network>,
    /// Decoded feature, and the other one whose values are held out.
    pub(crate) pairs: Vec<(String, String)>,
    measures: BTreeMap<Place, BTreeMap<Beginning, Measure>>,
}

/// Network, decoded feature, other feature and its value.
type Place = (Network, String, String, String);

/// What tells the networks behind one place from each other: the hold-out
/// version, the seed and the condition, of untrained ones the first of those that start
/// from it.
type Beginning = (Option<u32>, Option<u64>, String);

/// For each condition the first of those that start from the same network: of the same
/// version and seed, and as accurate before training wherever both were tested. From
/// weights of their own they are not.
fn starts<'a>(rows: &[&&'a ValueRow]) -> BTreeMap<&'a str, &'a str> {
    type Drawn = (Option<u32>, Option<u64>);
    type Found<'a> = BTreeMap<[&'a str; 3], u64>;
    let mut untrained: BTreeMap<&str, (Drawn, Found<'_>)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.checkpoint_role == "initial") {
        let place = [&*row.feature, &*row.held_feature, &*row.held_value];
        let of_condition = untrained.entry(&*row.condition);
        let (_, found) = of_condition.or_insert(((row.split, row.seed), Found::new()));
        found.entry(place).or_insert(row.accuracy.to_bits());
    }
    let is_same = |(drawn, own): &(Drawn, Found<'_>), other: &str| {
        untrained.get(other).is_some_and(|(others_drawn, others)| {
            let differs = |(place, value)| others.get(place).is_some_and(|other| other != value);
            drawn == others_drawn && !own.iter().any(differs)
        })
    };
    let mut firsts: Vec<&str> = Vec::new();
    let mut starts = BTreeMap::new();
    for (&condition, own) in &untrained {
        let first = firsts.iter().copied().find(|first| is_same(own, first));
        if first.is_none() {
            firsts.push(condition);
        }
        starts.insert(condition, first.unwrap_or(condition));
    }
    starts
}

impl ByValue {
    /// Of every dataset, network and protocol that the rows have; baselines, which
    /// are no network's, stand in the table alone.
    pub(crate) fn all(input: &ReportInput) -> Vec<Self> {
        let rows = || input.by_value.iter().filter(|row| row.arch != NO_NETWORK);
        let view = shown_view(rows().map(|row| &*row.view));
        let shown = |row: &&ValueRow| row.accuracy.is_finite() && row.view == view;
        let mut by_key: BTreeMap<[&str; 3], Vec<&ValueRow>> = BTreeMap::new();
        for row in rows().filter(shown) {
            let key = [&*row.dataset, &*row.arch, &*row.protocol];
            by_key.entry(key).or_default().push(row);
        }
        let several = by_key.len() > 1;
        let of = |(key, rows): (&[&str; 3], &Vec<&ValueRow>)| {
            let label = match several {
                true => key.join(", "),
                false => String::new(),
            };
            Self::of(input, rows, label)
        };
        by_key.iter().filter_map(of).collect()
    }

    fn of(input: &ReportInput, rows: &[&ValueRow], label: String) -> Option<Self> {
        let layers = in_order(&input.layers, rows.iter().map(|row| &*row.layer));
        let found = |layer: &&String| rows.iter().any(|row| row.layer == **layer);
        let layer = layers.iter().rfind(found)?.clone();
        let mut measures: BTreeMap<Place, BTreeMap<Beginning, Measure>> = BTreeMap::new();
        let rows: Vec<&&ValueRow> = rows.iter().filter(|row| row.layer == layer).collect();
        let starts = starts(&rows);
        for row in &rows {
            let network = match row.checkpoint_role.as_str() {
                "initial" => Network::Untrained,
                "last" => Network::Trained(row.target.clone()),
                _ => continue,
            };
            // an untrained network that several targets start from counts once
            let start = starts.get(&*row.condition).copied();
            let condition = match (&network, start) {
                (Network::Untrained, Some(first)) => first.to_owned(),
                _ => row.condition.clone(),
            };
            let place = (
                network,
                row.feature.clone(),
                row.held_feature.clone(),
                row.held_value.clone(),
            );
            let ends = row.lower.zip(row.upper);
            let measure = Measure {
                unconverged: row.is_unconverged(),
                ..Measure::with_ends(row.accuracy, ends, IntervalKind::Stimuli)
            };
            let of_place = measures.entry(place).or_default();
            let beginning = (row.split, row.seed, condition);
            of_place.entry(beginning).or_insert(measure);
        }
        let features = in_order(&input.features, rows.iter().map(|row| &*row.feature));
        let held = in_order(&input.features, rows.iter().map(|row| &*row.held_feature));
        let pairs: Vec<(String, String)> = features
            .iter()
            .flat_map(|feature| held.iter().map(move |h| (feature.clone(), h.clone())))
            .filter(|(f, h)| measures.keys().any(|place| (&place.1, &place.2) == (f, h)))
            .collect();
        let targets = in_order(&input.targets, rows.iter().map(|row| &*row.target));
        let mut networks = vec![Network::Untrained];
        networks.extend(targets.into_iter().map(Network::Trained));
        networks.retain(|network| measures.keys().any(|place| place.0 == *network));
        (!pairs.is_empty()).then_some(Self {
            label,
            layer,
            networks,
            pairs,
            measures,
        })
    }

    /// The held-out values of a pair's second feature, over all versions.
    pub(crate) fn values(&self, (feature, held): &(String, String)) -> Vec<String> {
        let own = self.measures.keys();
        let own = own.filter(|place| (&place.1, &place.2) == (feature, held));
        let values: BTreeSet<&String> = own.map(|place| &place.3).collect();
        values.into_iter().cloned().collect()
    }

    /// The accuracy where a value is held out, over the networks of versions that
    /// hold it out.
    pub(crate) fn estimate(
        &self,
        network: &Network,
        (feature, held): &(String, String),
        value: &str,
    ) -> Option<Estimate> {
        let place = (
            network.clone(),
            feature.clone(),
            held.clone(),
            value.to_owned(),
        );
        let measures = self.measures.get(&place)?.iter();
        // the rows have no seed of the data; it is the condition's unless it is set apart
        let measures: Vec<_> = measures
            .map(|((split, seed, _), m)| ((*split, *seed), m))
            .collect();
        Estimate::over(&measures, (0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(split: u32, target: &str, role: &str, value: &str, accuracy: f64) -> ValueRow {
        ValueRow {
            condition: format!("{target}-{split}"),
            target: target.into(),
            split: Some(split),
            checkpoint_role: role.into(),
            layer: "fc1".into(),
            feature: "shape".into(),
            held_feature: "color".into(),
            held_value: value.into(),
            accuracy,
            lower: Some(accuracy - 0.1),
            upper: Some(accuracy + 0.1),
            ..ValueRow::default()
        }
    }

    #[test]
    fn each_value_has_its_number_at_the_last_layer() {
        let elsewhere = ValueRow {
            layer: "pool1".into(),
            ..row(0, "shape", "last", "red", 0.1)
        };
        let input = ReportInput {
            layers: vec!["pool1".into(), "fc1".into()],
            by_value: vec![
                elsewhere,
                // a baseline stands in the table only, and makes no figure of its own
                ValueRow {
                    arch: "none".into(),
                    ..row(0, "", "", "red", 0.2)
                },
                row(0, "shape", "initial", "red", 0.5),
                row(0, "color", "initial", "red", 0.5),
                row(0, "shape", "last", "red", 0.9),
                row(0, "shape", "scheduled", "red", 0.8),
                ValueRow {
                    status: "max_iterations".into(),
                    ..row(1, "shape", "last", "red", 0.7)
                },
                row(1, "shape", "last", "blue", 0.6),
            ],
            ..ReportInput::default()
        };
        let all = ByValue::all(&input);
        assert_eq!(all.len(), 1);
        let (found, pair) = (&all[0], &all[0].pairs[0]);
        assert_eq!(found.layer, "fc1");
        assert_eq!(found.values(pair), ["blue", "red"]);
        let trained = Network::Trained("shape".into());
        assert_eq!(found.networks, [Network::Untrained, trained.clone()]);
        let red = found.estimate(&trained, pair, "red").unwrap();
        assert!((red.mean - 0.8).abs() < 1e-12);
        assert_eq!(red.n, 2);
        assert_eq!((red.unconverged, red.is_marked()), (1, true));
        // one network that two targets share
        let untrained = found.estimate(&Network::Untrained, pair, "red").unwrap();
        assert_eq!((untrained.n, untrained.mean), (1, 0.5));
        assert!(!untrained.is_marked());
        assert_eq!(found.estimate(&Network::Untrained, pair, "blue"), None);
    }

    #[test]
    fn untrained_networks_of_other_seeds_count_each() {
        let seeded = |seed: u64, target: &str, accuracy: f64| ValueRow {
            seed: Some(seed),
            ..row(0, target, "initial", "red", accuracy)
        };
        let input = ReportInput {
            by_value: vec![
                seeded(0, "shape", 0.5),
                seeded(0, "color", 0.5),
                seeded(1, "shape", 0.7),
                seeded(1, "color", 0.7),
            ],
            ..ReportInput::default()
        };
        let found = ByValue::all(&input).remove(0);
        let untrained = found.estimate(&Network::Untrained, &found.pairs[0], "red");
        let untrained = untrained.unwrap();
        assert_eq!(untrained.n, 2);
        assert!((untrained.mean - 0.6).abs() < 1e-12);
    }

    #[test]
    fn untrained_networks_from_weights_of_their_own_count_each() {
        let started = |target: &str, value: &str, accuracy: f64| ValueRow {
            held_value: value.into(),
            ..row(0, target, "initial", "red", accuracy)
        };
        // at red they agree by chance
        let input = ReportInput {
            by_value: vec![
                started("color", "blue", 0.5),
                started("color", "red", 0.5),
                started("shape", "blue", 0.7),
                started("shape", "red", 0.5),
                started("texture", "blue", 0.7),
                started("texture", "red", 0.5),
            ],
            ..ReportInput::default()
        };
        let found = ByValue::all(&input).remove(0);
        for (value, mean) in [("blue", 0.6), ("red", 0.5)] {
            let untrained = found.estimate(&Network::Untrained, &found.pairs[0], value);
            let untrained = untrained.unwrap();
            assert_eq!((untrained.n, untrained.mean), (2, mean), "{value}");
        }
    }

    #[test]
    fn other_protocols_are_shown_apart() {
        let other = ValueRow {
            protocol: "clean/1 scaling=none".into(),
            ..row(0, "shape", "last", "red", 0.9)
        };
        let input = ReportInput {
            by_value: vec![row(0, "shape", "last", "red", 0.9), other],
            ..ReportInput::default()
        };
        let labels: Vec<String> = ByValue::all(&input).into_iter().map(|b| b.label).collect();
        assert_eq!(labels, [", , ", ", , clean/1 scaling=none"]);
    }
}
