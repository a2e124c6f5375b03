use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use layerprobe_probes::ProbeTask;

use super::ForeignError;
use super::table::Table;
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

/// Within what labels are permuted.
#[derive(Clone, Debug, PartialEq)]
pub struct Strata {
    /// The column's name.
    pub column: String,
    /// Each stimulus's stratum: stimuli of equal cells.
    pub of: Vec<u32>,
}

/// A table of labels: a row a stimulus, a column a feature, and perhaps the
/// columns `split` and `group`.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    /// The file.
    pub path: PathBuf,
    /// The line of the file, from 1, on which each stimulus's row begins.
    pub lines: Vec<usize>,
    /// The features.
    pub features: Vec<FeatureLabels>,
    /// Each stimulus's word in `split`, if there is that column.
    pub split: Option<Vec<String>>,
    /// Each stimulus's group: stimuli of equal `group`, or each by itself.
    pub groups: Vec<u32>,
    /// Within what labels are permuted, if a column says so.
    pub strata: Option<Strata>,
}

impl Labels {
    /// Reads a table; `features` chooses columns, else all but `split` and
    /// `group` are taken.
    ///
    /// # Errors
    /// If the file is no table, a column is not there, has no name or is asked for
    /// twice, a cell is empty, or a feature has one value everywhere.
    pub fn read(path: &Path, features: Option<&[String]>) -> Result<Self, ForeignError> {
        Self::read_in_strata(path, features, None)
    }

    /// [`Labels::read`] with the column that says within what labels are permuted: no
    /// feature then.
    ///
    /// # Errors
    /// As [`Labels::read`], if that column is one of `features`, or if it divides a
    /// group.
    pub fn read_in_strata(
        path: &Path,
        features: Option<&[String]>,
        strata: Option<&str>,
    ) -> Result<Self, ForeignError> {
        let table = Table::read(path)?;
        let chosen = chosen(path, &table, features, strata)?;
        let features = chosen
            .into_iter()
            .map(|name| feature(path, &table, name))
            .collect::<Result<_, _>>()?;
        let groups = match table.column(GROUP) {
            Some(cells) => {
                check_filled(path, &table, GROUP, cells)?;
                classes(cells).1
            }
            None => (0..table.len() as u32).collect(),
        };
        let strata = strata.map(|column| self::strata(path, &table, column, &groups));
        let strata = strata.transpose()?;
        let labels = Self {
            path: path.to_owned(),
            features,
            split: table.column(SPLIT).cloned(),
            lines: table.lines,
            groups,
            strata,
        };
        labels.check_repeated()?;
        Ok(labels)
    }

    /// How many groups there are.
    pub fn group_count(&self) -> usize {
        self.groups.iter().collect::<BTreeSet<_>>().len()
    }

    /// Refuses a column that numbers the stimuli: what is tested was never trained.
    fn check_repeated(&self) -> Result<(), ForeignError> {
        let count = self.group_count();
        let numbers = |f: &&FeatureLabels| f.values.len() > 2 && f.values.len() >= count;
        match self.features.iter().find(numbers) {
            None => Ok(()),
            Some(FeatureLabels { name, values, .. }) => Err(ForeignError::Content {
                path: self.path.clone(),
                problem: format!(
                    "`{name}` has {} values for {count} groups of stimuli, so no value is seen again in a test; \
                     if it is no feature, name those that are with --features",
                    values.len()
                ),
            }),
        }
    }

    /// What there is to decode, tested on these stimuli.
    pub fn tasks<'a>(&'a self, test: &'a [usize]) -> Vec<ProbeTask<'a>> {
        let task = |feature: &'a FeatureLabels| ProbeTask {
            feature: &feature.name,
            classes: feature.values.len(),
            labels: &feature.classes,
            test,
        };
        self.features.iter().map(task).collect()
    }

    /// The line of a stimulus's row.
    pub(super) fn line(&self, stimulus: usize) -> usize {
        self.lines.get(stimulus).copied().unwrap_or_default()
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

/// The columns that are features.
fn chosen(
    path: &Path,
    table: &Table,
    features: Option<&[String]>,
    strata: Option<&str>,
) -> Result<Vec<String>, ForeignError> {
    let wrong = |problem: String| {
        Err(ForeignError::Content {
            path: path.to_owned(),
            problem,
        })
    };
    let names = &table.names;
    for meant in [SPLIT, GROUP] {
        let alike = |name: &&String| name.eq_ignore_ascii_case(meant) && *name != meant;
        let asked = |name: &&String| features.is_some_and(|features| features.contains(name));
        if let Some(name) = names.iter().find(|name| alike(name) && !asked(name)) {
            return wrong(format!(
                "a column is named `{name}`; write `{meant}` if that is meant, else another name"
            ));
        }
    }
    let Some(features) = features else {
        if let Some(place) = names.iter().position(String::is_empty) {
            return wrong(format!(
                "column {} has no name; if it numbers the rows, as pandas does, save without it (index=False), or \
                 choose columns with --features",
                place + 1
            ));
        }
        let others = [Some(SPLIT), Some(GROUP), strata];
        let all = names
            .iter()
            .filter(|name| !others.contains(&Some(name.as_str())));
        let all: Vec<String> = all.cloned().collect();
        return match all.is_empty() {
            true => Err(ForeignError::NoFeature {
                path: path.to_owned(),
            }),
            false => Ok(all),
        };
    };
    for (place, name) in features.iter().enumerate() {
        if features[..place].contains(name) {
            return wrong(format!("the feature `{name}` is asked for twice"));
        }
        if strata == Some(name) {
            return wrong(format!(
                "`{name}` is a feature and the strata: within one value of itself it cannot be permuted; \
                 decode it in a run of its own"
            ));
        }
    }
    Ok(features.to_vec())
}

fn strata(
    path: &Path,
    table: &Table,
    column: &str,
    groups: &[u32],
) -> Result<Strata, ForeignError> {
    let FeatureLabels { name, classes, .. } = feature(path, table, column.to_owned())?;
    let mut first: BTreeMap<u32, (usize, u32)> = BTreeMap::new();
    for (row, (&group, &stratum)) in groups.iter().zip(&classes).enumerate() {
        let before = *first.entry(group).or_insert((row, stratum));
        if before.1 != stratum {
            return Err(ForeignError::Content {
                path: path.to_owned(),
                problem: format!(
                    "lines {} and {} are one group, but differ in `{name}`: labels are permuted among whole groups, \
                     so each needs one stratum",
                    table.line(before.0),
                    table.line(row)
                ),
            });
        }
    }
    Ok(Strata {
        column: name,
        of: classes,
    })
}

fn feature(path: &Path, table: &Table, name: String) -> Result<FeatureLabels, ForeignError> {
    let names = &table.names;
    let cells = table
        .column(&name)
        .ok_or_else(|| ForeignError::UnknownColumn {
            path: path.to_owned(),
            nearest: nearest_name(&name, names.iter().map(String::as_str)),
            column: name.clone(),
            known: names.clone(),
        })?;
    check_filled(path, table, &name, cells)?;
    let (values, classes) = classes(cells);
    if let [value] = values.as_slice() {
        return Err(ForeignError::OneValue {
            path: path.to_owned(),
            feature: name,
            value: value.clone(),
        });
    }
    let number = |value: &String| value.parse::<f64>().ok();
    let twice = values.windows(2).find(|pair| match pair {
        [a, b] => number(a).is_some() && number(a) == number(b),
        _ => false,
    });
    if let Some([a, b]) = twice {
        return Err(ForeignError::Content {
            path: path.to_owned(),
            problem: format!(
                "the column `{name}` holds `{a}` and `{b}`, one number in two spellings; write it in one"
            ),
        });
    }
    Ok(FeatureLabels {
        name,
        values,
        classes,
    })
}

fn check_filled(
    path: &Path,
    table: &Table,
    column: &str,
    cells: &[String],
) -> Result<(), ForeignError> {
    let missing = |cell: &String| cell.is_empty() || cell.eq_ignore_ascii_case("nan");
    match cells.iter().position(missing) {
        Some(row) => Err(ForeignError::EmptyCell {
            path: path.to_owned(),
            line: table.line(row),
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
    let places: BTreeMap<&String, u32> = values.iter().zip(0..).collect();
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

    #[test]
    fn a_column_that_numbers_the_stimuli_is_no_feature() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("labels.csv");
        std::fs::write(&path, "index,shape\n0,a\n1,b\n2,a\n3,b\n").unwrap();
        let said = Labels::read(&path, None).unwrap_err().to_string();
        assert!(
            said.contains("`index` has 4 values for 4 groups") && said.contains("--features"),
            "{said}"
        );
        assert!(Labels::read(&path, Some(&["shape".to_owned()])).is_ok());
    }

    #[test]
    fn strata_are_no_feature_and_hold_whole_groups() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("labels.csv");
        let cells = "shape,color,group\na,red,0\nb,red,1\na,blue,2\nb,blue,2\n";
        std::fs::write(&path, cells).unwrap();
        let read = |features: Option<&[String]>, strata| {
            Labels::read_in_strata(&path, features, Some(strata))
        };
        let labels = read(None, "color").unwrap();
        assert_eq!(labels.features.len(), 1);
        assert_eq!(labels.features[0].name, "shape");
        assert_eq!(labels.strata.unwrap().of, [1, 1, 0, 0]);
        let said = |found: Result<Labels, ForeignError>| found.unwrap_err().to_string();
        let both = ["shape".to_owned(), "color".to_owned()];
        let both = said(read(Some(&both), "color"));
        assert!(both.contains("a feature and the strata"), "{both}");
        let divided = said(read(None, "shape"));
        assert!(divided.contains("lines 4 and 5 are one group"), "{divided}");
        let unknown = said(read(None, "colour"));
        assert!(unknown.contains("color"), "{unknown}");
    }

    #[test]
    fn an_empty_cell_is_named_by_its_line_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("labels.csv");
        std::fs::write(&path, "shape,color\n\"a\nb\",red\n\nc,\n").unwrap();
        let said = Labels::read(&path, None).unwrap_err().to_string();
        assert!(said.contains("labels.csv:5: the column `color`"), "{said}");
    }
}
