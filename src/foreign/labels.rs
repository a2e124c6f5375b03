use std::path::{Path, PathBuf};

use super::ForeignError;
use crate::config::nearest_name;

/// The column that says what a stimulus is for.
pub(super) const SPLIT: &str = "split";
/// The column that says which stimuli belong together.
const GROUP: &str = "group";

/// One feature's value for each stimulus, as classes.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureLabels {
    /// The column's name.
    pub name: String,
    /// The values; a class is a place in this list. Numbers are sorted as
    /// numbers, words as words.
    pub values: Vec<String>,
    /// Each stimulus's class.
    pub classes: Vec<u32>,
}

/// A table of labels: a row a stimulus, a column a feature, and perhaps the
/// columns `split` and `group`.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    /// The file.
    pub path: PathBuf,
    /// The features.
    pub features: Vec<FeatureLabels>,
    /// Each stimulus's word in `split`, if there is that column.
    pub split: Option<Vec<String>>,
    /// Each stimulus's group: stimuli of equal `group`, or each by itself.
    pub groups: Vec<u32>,
}

impl Labels {
    /// Reads a table; `features` chooses columns, else all but `split` and
    /// `group` are taken.
    ///
    /// # Errors
    /// If the file is no table, a column is not there, a cell is empty, or a
    /// feature has one value everywhere.
    pub fn read(path: &Path, features: Option<&[String]>) -> Result<Self, ForeignError> {
        let (names, columns) = read_columns(path)?;
        let column = |name: &str| {
            let place = names.iter().position(|known| known == name)?;
            columns.get(place)
        };
        let chosen: Vec<String> = match features {
            Some(features) => features.to_vec(),
            None => names
                .iter()
                .filter(|name| *name != SPLIT && *name != GROUP)
                .cloned()
                .collect(),
        };
        if chosen.is_empty() {
            return Err(ForeignError::NoFeature {
                path: path.to_owned(),
            });
        }
        let features = chosen
            .into_iter()
            .map(|name| {
                let cells = column(&name).ok_or_else(|| ForeignError::UnknownColumn {
                    path: path.to_owned(),
                    nearest: nearest_name(&name, names.iter().map(String::as_str)),
                    column: name.clone(),
                    known: names.clone(),
                })?;
                check_filled(path, &name, cells)?;
                let (values, classes) = classes(cells);
                match values.as_slice() {
                    [value] => Err(ForeignError::OneValue {
                        feature: name,
                        value: value.clone(),
                    }),
                    _ => Ok(FeatureLabels {
                        name,
                        values,
                        classes,
                    }),
                }
            })
            .collect::<Result<_, _>>()?;
        let rows = columns.first().map_or(0, Vec::len);
        let groups = match column(GROUP) {
            Some(cells) => {
                check_filled(path, GROUP, cells)?;
                classes(cells).1
            }
            None => (0..rows as u32).collect(),
        };
        Ok(Self {
            path: path.to_owned(),
            features,
            split: column(SPLIT).cloned(),
            groups,
        })
    }

    /// Number of stimuli.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is no stimulus.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

/// The line of a stimulus's row, under the header's.
pub(super) fn line(row: usize) -> usize {
    row + 2
}

fn read_columns(path: &Path) -> Result<(Vec<String>, Vec<Vec<String>>), ForeignError> {
    let bytes = std::fs::read(path).map_err(|source| ForeignError::Read {
        path: path.to_owned(),
        source,
    })?;
    let damaged = |error: csv::Error| ForeignError::Content {
        path: path.to_owned(),
        problem: format!("not a table of comma-separated values: {error}"),
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(bytes.as_slice());
    let header = reader.headers().map_err(damaged)?;
    let names: Vec<String> = header.iter().map(ToOwned::to_owned).collect();
    let mut columns = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (column, cell) in columns.iter_mut().zip(&record.map_err(damaged)?) {
            column.push(cell.to_owned());
        }
    }
    Ok((names, columns))
}

fn check_filled(path: &Path, column: &str, cells: &[String]) -> Result<(), ForeignError> {
    match cells.iter().position(String::is_empty) {
        Some(row) => Err(ForeignError::EmptyCell {
            path: path.to_owned(),
            line: line(row),
            column: column.to_owned(),
        }),
        None => Ok(()),
    }
}

fn classes(cells: &[String]) -> (Vec<String>, Vec<u32>) {
    let mut values: Vec<String> = cells.to_vec();
    values.sort();
    values.dedup();
    let numbers: Option<Vec<f64>> = values.iter().map(|value| value.parse().ok()).collect();
    if let Some(numbers) = numbers {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
        values = order.into_iter().map(|i| values[i].clone()).collect();
    }
    let places: std::collections::BTreeMap<&String, u32> = values.iter().zip(0..).collect();
    let classes = cells
        .iter()
        .filter_map(|cell| places.get(cell).copied())
        .collect();
    (values, classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_as_numbers_and_words_as_words() {
        let cells = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (values, found) = classes(&cells(&["10", "9", "10", "2"]));
        assert_eq!(values, ["2", "9", "10"]);
        assert_eq!(found, [2, 1, 2, 0]);
        let (values, found) = classes(&cells(&["red", "9", "blue"]));
        assert_eq!(values, ["9", "blue", "red"]);
        assert_eq!(found, [2, 0, 1]);
    }
}
