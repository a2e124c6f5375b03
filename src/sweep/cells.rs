//! The cells of a sweep: the runs it is made of.

use std::collections::BTreeMap;

use toml::Value;

use super::error::SweepError;
use crate::config::Config;

/// An axis with one of its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// A short name (`split`, `target`, `predictivity`, `arch`) or a dotted key
    /// of the configuration.
    pub axis: String,
    /// The value.
    pub value: Value,
}

/// One run of a sweep.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Names its folder.
    pub id: String,
    /// Where it lies on the axes.
    pub values: Vec<Assignment>,
    /// Its configuration.
    pub config: Config,
}

/// Axes that rows of results have a column for, and how a cell's name gives
/// their values.
const NAMED: [(&str, &str); 9] = [
    ("seed", "seed"),
    ("seeds.data", "data"),
    ("seeds.init", "init"),
    ("seeds.order", "order"),
    ("split", "split"),
    ("target", ""),
    ("predictivity", "p"),
    ("arch", ""),
    ("stimuli.dataset", ""),
];

impl Assignment {
    /// As `--set` takes it.
    fn setting(&self) -> String {
        let value = &self.value;
        match self.axis.as_str() {
            "split" => format!("split.versions=[{value}]"),
            "target" => format!("training.targets=[{value}]"),
            "predictivity" => format!("correlation.predictivity={value}"),
            "arch" => format!("network.arch={value}"),
            key => format!("{key}={value}"),
        }
    }

    fn in_a_name(&self) -> String {
        let value = match &self.value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let plain = |c: char| match c.is_ascii_alphanumeric() || ".-_".contains(c) {
            true => c,
            false => '-',
        };
        let value: String = value.chars().map(plain).collect();
        let named = NAMED.iter().find(|(axis, _)| *axis == self.axis);
        let short = named.map(|(_, short)| *short);
        let last = self.axis.rsplit('.').next().unwrap_or_default();
        format!("{}{}", short.unwrap_or(last), value.trim_matches('-'))
    }

    fn matches(&self, other: &Self) -> bool {
        let number = |value: &Value| {
            let whole = value.as_integer().map(|i| i as f64);
            whole.or(value.as_float())
        };
        let (a, b) = (number(&self.value), number(&other.value));
        self.axis == other.axis && (self.value == other.value || (a.is_some() && a == b))
    }
}

impl Cell {
    /// What it varies beyond what rows of results have columns for.
    pub fn variant(&self) -> String {
        let has_column = |axis: &str| NAMED.iter().any(|(named, _)| *named == axis);
        let other = self.values.iter().filter(|value| !has_column(&value.axis));
        let settings: Vec<String> = other.map(Assignment::setting).collect();
        settings.join("; ")
    }
}

/// The product of the axes without what matches an exclusion, then what is
/// included; every configuration checked.
pub(super) fn cells(
    base: &str,
    set: &[Assignment],
    axes: &[(String, Vec<Value>)],
    exclude: &[Vec<Assignment>],
    include: Vec<Vec<Assignment>>,
) -> Result<Vec<Cell>, SweepError> {
    let mut product: Vec<Vec<Assignment>> = match axes.is_empty() && !include.is_empty() {
        true => Vec::new(),
        false => vec![Vec::new()],
    };
    for (axis, values) in axes {
        let with = |cell: &Vec<Assignment>| -> Vec<Vec<Assignment>> {
            let one = |value: &Value| {
                let mut cell = cell.clone();
                cell.push(Assignment {
                    axis: axis.clone(),
                    value: value.clone(),
                });
                cell
            };
            values.iter().map(one).collect()
        };
        product = product.iter().flat_map(with).collect();
    }
    product.retain(|cell| {
        let is_in = |wanted: &Assignment| cell.iter().any(|value| value.matches(wanted));
        !exclude.iter().any(|exclusion| exclusion.iter().all(is_in))
    });
    product.extend(include);

    let mut cells = Vec::with_capacity(product.len());
    for values in product {
        let parts: Vec<String> = values.iter().map(Assignment::in_a_name).collect();
        let id = match parts.is_empty() {
            true => "base".to_owned(),
            false => parts.join("-"),
        };
        let settings: Vec<String> = set.iter().chain(&values).map(Assignment::setting).collect();
        let config = Config::load(base, &settings).map_err(|source| SweepError::Cell {
            cell: id.clone(),
            values: settings.join(", "),
            source,
        })?;
        cells.push(Cell { id, values, config });
    }
    tell_apart(&mut cells)?;
    Ok(cells)
}

/// Gives cells of one name the beginning of their configuration's hash.
fn tell_apart(cells: &mut [Cell]) -> Result<(), SweepError> {
    let mut by_config: BTreeMap<String, String> = BTreeMap::new();
    let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
    for cell in cells.iter() {
        if let Some(first) = by_config.insert(cell.config.hash(), cell.id.clone()) {
            return Err(SweepError::Twins {
                first,
                second: cell.id.clone(),
            });
        }
        *by_id.entry(cell.id.clone()).or_default() += 1;
    }
    for cell in cells {
        if by_id.get(&cell.id).is_some_and(|count| *count > 1) {
            let hash = cell.config.hash();
            cell.id = format!("{}-{}", cell.id, hash.get(..8).unwrap_or_default());
        }
    }
    Ok(())
}
