use std::collections::{BTreeMap, BTreeSet};

use layerprobe_probes::select_groups;
use layerprobe_streams::StreamKey;

use super::{FeatureLabels, ForeignError, Labels};

/// Share of the groups that are tested where no split is given.
const TESTED: f64 = 0.2;
/// Fewest groups that can be cut: a test set, a selection set and training.
const FEWEST: usize = 5;

/// Which rows train, choose the penalty, and test.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// Rows that train the final probe, those of `selection` among them.
    pub train: Vec<usize>,
    /// Rows that choose the penalty, if the table names any; else a share of
    /// the training groups is drawn.
    pub selection: Option<Vec<usize>>,
    /// Rows that test.
    pub test: Vec<usize>,
    /// `given` by the table or `drawn`.
    pub kind: &'static str,
}

impl Cut {
    /// The cut that the table's `split` names; without that column, a fifth of
    /// the groups, balanced over all features' classes and drawn from `key`,
    /// test.
    ///
    /// # Errors
    /// If a word in `split` means nothing, nothing trains or tests, a value is
    /// missing from what a probe is fitted to, a group is divided, or there are
    /// too few groups.
    pub fn of(labels: &Labels, key: StreamKey) -> Result<Self, ForeignError> {
        let cut = match &labels.split {
            Some(split) => given(labels, split)?,
            None => drawn(labels, key)?,
        };
        // the penalty is chosen among fits that see no row of `select`
        let chooses = cut.selection.iter().flatten();
        let chooses: BTreeSet<&usize> = chooses.collect();
        let fits = || cut.train.iter().filter(|row| !chooses.contains(row));
        for feature in &labels.features {
            for (value, class) in feature.values.iter().zip(0..) {
                let has = |row: &usize| feature.classes.get(*row) == Some(&class);
                if !fits().any(has) {
                    return Err(ForeignError::MissingClass {
                        path: labels.path.clone(),
                        feature: feature.name.clone(),
                        value: value.clone(),
                    });
                }
            }
        }
        Ok(cut)
    }
}

fn given(labels: &Labels, split: &[String]) -> Result<Cut, ForeignError> {
    check_groups(labels, split)?;
    let (mut train, mut selection, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for (row, word) in split.iter().enumerate() {
        match word.as_str() {
            "train" => train.push(row),
            "select" => selection.push(row),
            "test" => test.push(row),
            _ => {
                return Err(ForeignError::UnknownSplit {
                    path: labels.path.clone(),
                    line: labels.line(row),
                    found: word.clone(),
                });
            }
        }
    }
    for (rows, part) in [(&train, "train"), (&test, "test")] {
        if rows.is_empty() {
            return Err(ForeignError::EmptySplit {
                path: labels.path.clone(),
                part,
            });
        }
    }
    train.extend(&selection);
    Ok(Cut {
        train,
        selection: (!selection.is_empty()).then_some(selection),
        test,
        kind: "given",
    })
}

/// Stimuli of a group are alike: one that trains tells a probe of one that tests.
fn check_groups(labels: &Labels, split: &[String]) -> Result<(), ForeignError> {
    let mut first: BTreeMap<u32, usize> = BTreeMap::new();
    for (row, (group, word)) in labels.groups.iter().zip(split).enumerate() {
        let before = *first.entry(*group).or_insert(row);
        if split.get(before) != Some(word) {
            return Err(ForeignError::DividedGroup {
                path: labels.path.clone(),
                lines: (labels.line(before), labels.line(row)),
                parts: (split.get(before).cloned().unwrap_or_default(), word.clone()),
            });
        }
    }
    Ok(())
}

fn drawn(labels: &Labels, key: StreamKey) -> Result<Cut, ForeignError> {
    let mut distinct = labels.groups.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < FEWEST {
        return Err(ForeignError::TooFewGroups {
            path: labels.path.clone(),
            groups: distinct.len(),
        });
    }
    let classes = |feature: &FeatureLabels| feature.classes.clone();
    let features: Vec<Vec<u32>> = labels.features.iter().map(classes).collect();
    let features: Vec<&[u32]> = features.iter().map(Vec::as_slice).collect();
    let chosen = select_groups(&labels.groups, &features, TESTED, key);
    let (test, train) =
        (0..labels.len()).partition(|&row| chosen.binary_search(&labels.groups[row]).is_ok());
    Ok(Cut {
        train,
        selection: None,
        test,
        kind: "drawn",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with the cut of a table of labels.
    fn refused(table: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("labels.csv");
        std::fs::write(&path, table).unwrap();
        let labels = Labels::read(&path, None).unwrap();
        let key = StreamKey::from_seed(0);
        Cut::of(&labels, key).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_row_is_named_by_its_line_in_the_file() {
        let said = refused("shape,split\n\"a\nb\",train\n\nc,valid\n");
        assert!(said.contains("labels.csv:5: the split `valid`"), "{said}");
        let divided = "shape,split,group\n\"a\nb\",train,0\n\nc,test,0\n";
        let said = refused(divided);
        assert!(said.contains("lines 2 and 5 are of one group"), "{said}");
    }
}
