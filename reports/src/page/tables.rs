use super::numbers::listed;
use super::numbers::{bits, mark, signed};
use crate::evidence::{Chances, Estimate, Family, Tested};

/// A table as the page shows it: a row a layer.
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
}

pub(super) struct Row {
    pub(super) name: String,
    pub(super) cells: Vec<Cell>,
}

/// A number, its interval under it, and how it should look.
pub(super) struct Cell {
    pub(super) value: String,
    pub(super) interval: String,
    /// A second number, of a change: in bits.
    pub(super) bits: String,
    pub(super) class: &'static str,
}

impl Cell {
    fn plain() -> Self {
        Self {
            value: String::new(),
            interval: String::new(),
            bits: String::new(),
            class: "",
        }
    }

    fn absent() -> Self {
        Self {
            value: "\u{2013}".to_owned(),
            class: "absent",
            ..Self::plain()
        }
    }

    fn accuracy(estimate: &Estimate) -> Self {
        Self {
            value: format!("{:.3}{}", estimate.mean, mark(estimate)),
            interval: estimate
                .interval
                .map(|(lower, upper, _)| format!("{lower:.3} to {upper:.3}"))
                .unwrap_or_default(),
            ..Self::plain()
        }
    }

    fn difference(estimate: &Estimate) -> Self {
        let ends = estimate.interval.map(|(lower, upper, _)| (lower, upper));
        let class = match estimate.verdict() {
            1 => "up",
            -1 => "down",
            _ => "",
        };
        Self {
            value: format!("{}{}", signed(estimate.mean, 3), mark(estimate)),
            interval: ends
                .map(|(lower, upper)| format!("{} to {}", signed(lower, 3), signed(upper, 3)))
                .unwrap_or_default(),
            class,
            ..Self::plain()
        }
    }

    fn with_bits(self, change: Option<Estimate>) -> Self {
        Self {
            bits: change.map_or_else(String::new, |change| bits(&change)),
            ..self
        }
    }

    fn ceiling() -> Self {
        Self {
            value: "ceiling".to_owned(),
            class: "absent",
            ..Self::plain()
        }
    }
}

/// Decodability by layer: a table a feature, a column a network.
pub(super) fn decodability(family: &Family, chances: &Chances) -> Vec<Table> {
    let targets = match family.has_training() {
        true => &family.targets[..],
        false => &[],
    };
    let columns = || {
        std::iter::once("untrained".to_owned())
            .chain(targets.iter().map(|t| format!("trained on {t}")))
            .collect()
    };
    let table = |feature: &String| {
        let chance = chances
            .of_feature(family, feature)
            .map_or_else(String::new, |chance| format!(" (chance {chance:.3})"));
        let row = |layer: &String| {
            let trained = targets.iter();
            let cells = std::iter::once(family.untrained(layer, feature))
                .chain(trained.map(|target| family.trained(target, layer, feature)))
                .map(|e| e.map_or_else(Cell::absent, |e| Cell::accuracy(&e)))
                .collect();
            Row {
                name: layer.clone(),
                cells,
            }
        };
        Table {
            caption: format!("{feature} decodability{chance}"),
            columns: columns(),
            rows: family.layers.iter().map(row).collect(),
        }
    };
    family.features.iter().map(table).collect()
}

/// Trained minus untrained: a table a target, a column a feature.
pub(super) fn change(family: &Family) -> Vec<Table> {
    let table = |target: &String| {
        let cell = |layer: &String, feature: &String| {
            let bits = || family.change_in_bits(target, layer, feature);
            match family.change(target, layer, feature) {
                None => Cell::absent(),
                Some(_) if family.is_at_ceiling(target, layer, feature) => {
                    Cell::ceiling().with_bits(bits())
                }
                Some(change) => Cell::difference(&change).with_bits(bits()),
            }
        };
        let row = |layer: &String| Row {
            name: layer.clone(),
            cells: family.features.iter().map(|f| cell(layer, f)).collect(),
        };
        Table {
            caption: match family.n(target) {
                1 => format!("trained on {target}, minus untrained (n = 1: cannot tell)"),
                n => format!("trained on {target}, minus untrained (n = {n})"),
            },
            columns: family.features.clone(),
            rows: family.layers.iter().map(row).collect(),
        }
    };
    let measured = |target: &&String| !family.trained_moments(target).is_empty();
    family.targets.iter().filter(measured).map(table).collect()
}

/// p-values of permutation tests: a table a target (of networks that may be put side by
/// side), a column a feature, before and after training.
pub(super) fn p_values(tested: &[Tested]) -> Vec<Table> {
    let table = |tested: &Tested| {
        let p = |layer: &str, feature: &str, trained| {
            let found = tested.p_value(layer, feature, trained);
            found.map_or_else(|| "\u{2013}".to_owned(), |p| format!("{p:.3}"))
        };
        let has_training = tested.has_training();
        let cell = |layer: &str, feature: &str| Cell {
            value: p(layer, feature, has_training),
            interval: match has_training {
                true => format!("untrained {}", p(layer, feature, false)),
                false => String::new(),
            },
            ..Cell::plain()
        };
        let network = match has_training {
            true => format!("trained on {}", tested.target),
            false => "untrained".to_owned(),
        };
        let highest: Vec<String> = tested
            .highest
            .iter()
            .map(|(feature, most)| format!("{most:.3} for {feature}"))
            .collect();
        let runs = match tested.runs {
            1 => String::new(),
            n => format!(", the largest of n = {n} runs"),
        };
        let label = match tested.label.as_str() {
            "" => String::new(),
            label => format!(", {label}"),
        };
        Table {
            caption: format!(
                "p, {network}{label} ({} permutations{runs}; permuted labels gave at most {})",
                tested.permutations,
                listed(&highest)
            ),
            columns: tested.features.clone(),
            rows: tested
                .layers
                .iter()
                .map(|layer| Row {
                    name: layer.clone(),
                    cells: tested.features.iter().map(|f| cell(layer, f)).collect(),
                })
                .collect(),
        }
    };
    tested.iter().map(table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::tested;
    use crate::{ReportInput, ResultRow};

    #[test]
    fn tables_of_unlike_networks_are_told_apart() {
        let of = |arch: &str, step: u64| {
            let p_value = ResultRow {
                condition: format!("shape-{arch}"),
                arch: arch.into(),
                target: "shape".into(),
                layer: "fc1".into(),
                feature: "color".into(),
                step: Some(step),
                metric: "p_value".into(),
                value: 0.05,
                ..ResultRow::default()
            };
            let most = ResultRow {
                layer: String::new(),
                step: None,
                metric: "null_max".into(),
                value: 0.2,
                repeat: Some(18),
                ..p_value.clone()
            };
            vec![p_value, most]
        };
        let captions = |rows: Vec<ResultRow>| -> Vec<String> {
            let input = ReportInput {
                rows,
                ..ReportInput::default()
            };
            let tables = p_values(&tested(&input));
            tables.into_iter().map(|table| table.caption).collect()
        };
        let rest = "(19 permutations; permuted labels gave at most 0.200 for color)";
        assert_eq!(
            captions(of("cnn4", 54)),
            [format!("p, trained on shape {rest}")]
        );
        assert_eq!(captions(of("cnn4", 0)), [format!("p, untrained {rest}")]);
        assert_eq!(
            captions([of("cnn4", 54), of("mlp", 54)].concat()),
            ["cnn4", "mlp"].map(|arch| format!("p, trained on shape, network {arch} {rest}"))
        );
    }
}
