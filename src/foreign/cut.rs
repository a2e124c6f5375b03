use layerprobe_probes::select_groups;
use layerprobe_streams::StreamKey;

use super::labels::{Labels, line};
use super::{FeatureLabels, ForeignError};

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
    /// missing from training, or there are too few groups.
    pub fn of(labels: &Labels, key: StreamKey) -> Result<Self, ForeignError> {
        let cut = match &labels.split {
            Some(split) => given(labels, split)?,
            None => drawn(labels, key)?,
        };
        for feature in &labels.features {
            for (value, class) in feature.values.iter().zip(0..) {
                let trains = |&row: &usize| feature.classes.get(row) == Some(&class);
                if !cut.train.iter().any(trains) {
                    return Err(ForeignError::MissingClass {
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
    let (mut train, mut selection, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for (row, word) in split.iter().enumerate() {
        match word.as_str() {
            "train" => train.push(row),
            "select" => selection.push(row),
            "test" => test.push(row),
            _ => {
                return Err(ForeignError::UnknownSplit {
                    path: labels.path.clone(),
                    line: line(row),
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

fn drawn(labels: &Labels, key: StreamKey) -> Result<Cut, ForeignError> {
    let mut distinct = labels.groups.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < FEWEST {
        return Err(ForeignError::TooFewGroups {
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
