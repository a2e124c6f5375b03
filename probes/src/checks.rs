//! What must hold of rows and labels before any work starts.

use rayon::prelude::*;

use crate::task::Stimuli;
use crate::{ProbeError, ProbeTask, Selection};

fn check_rows(what: &str, list: &[usize], rows: usize) -> Result<(), ProbeError> {
    if list.is_empty() {
        let what = what.to_owned();
        return Err(ProbeError::NoRows { what });
    }
    let mut seen = vec![false; rows];
    for &row in list {
        let what = || what.to_owned();
        match seen.get_mut(row) {
            None => {
                return Err(ProbeError::RowOutOfRange {
                    what: what(),
                    row,
                    rows,
                });
            }
            Some(true) => return Err(ProbeError::RowTwice { what: what(), row }),
            Some(seen) => *seen = true,
        }
    }
    Ok(())
}

/// Checks shapes, row lists and labels of a whole layer.
pub(crate) fn check_layer(
    layer: &str,
    (rows, dims): (usize, usize),
    data: &Stimuli<'_>,
    train: &[usize],
    tasks: &[ProbeTask<'_>],
) -> Result<(), ProbeError> {
    if rows == 0 || dims == 0 {
        let layer = layer.to_owned();
        return Err(ProbeError::EmptyLayer { layer, rows, dims });
    }
    let count = |what: String, found: usize| match found == rows {
        true => Ok(()),
        false => Err(ProbeError::Count {
            what,
            found,
            expected: rows,
        }),
    };
    count("groups".to_owned(), data.groups.len())?;
    check_rows("the training set", train, rows)?;
    let mut trained = vec![false; rows];
    for &row in train {
        trained[row] = true;
    }
    if let Selection::Rows(selection) = data.selection {
        check_rows("the selection set", selection, rows)?;
        if let Some(&row) = selection.iter().find(|&&row| !trained[row]) {
            return Err(ProbeError::NotTrained { row });
        }
    }
    for task in tasks {
        let feature = task.feature;
        count(format!("labels of feature {feature}"), task.labels.len())?;
        check_test(&format!("feature {feature}"), task.test, &trained)?;
        if task.classes < 2 {
            return Err(ProbeError::OneValue {
                feature: feature.to_owned(),
                classes: task.classes,
            });
        }
        check_labels(task, train)?;
        check_labels(task, task.test)?;
        check_classes(task, train, "training")?;
    }
    Ok(())
}

/// Checks the rows that test something; `trained` says of each row of the
/// layer whether it trains.
pub(crate) fn check_test(what: &str, test: &[usize], trained: &[bool]) -> Result<(), ProbeError> {
    check_rows(&format!("the test set of {what}"), test, trained.len())?;
    match test.iter().find(|&&row| trained[row]) {
        None => Ok(()),
        Some(&row) => Err(ProbeError::RowTwice {
            what: format!("training and test set of {what}"),
            row,
        }),
    }
}

fn check_labels(task: &ProbeTask<'_>, rows: &[usize]) -> Result<(), ProbeError> {
    let bad = rows
        .iter()
        .find(|&&row| task.labels[row] as usize >= task.classes);
    match bad {
        None => Ok(()),
        Some(&row) => Err(ProbeError::Label {
            feature: task.feature.to_owned(),
            row,
            label: task.labels[row],
            classes: task.classes,
        }),
    }
}

/// Checks a matrix and its labels alone; returns the number of classes.
pub(crate) fn check_layer_labels(
    layer: &str,
    (rows, dims): (usize, usize),
    labels: &[u32],
) -> Result<usize, ProbeError> {
    if rows == 0 || dims == 0 {
        let layer = layer.to_owned();
        return Err(ProbeError::EmptyLayer { layer, rows, dims });
    }
    if labels.len() != rows {
        return Err(ProbeError::Count {
            what: "labels".to_owned(),
            found: labels.len(),
            expected: rows,
        });
    }
    let classes = labels.iter().max().map_or(0, |&top| top as usize + 1);
    let all: Vec<usize> = (0..rows).collect();
    let task = ProbeTask {
        feature: "targets",
        classes,
        labels,
        test: &[],
    };
    check_classes(&task, &all, "training")?;
    Ok(classes)
}

/// Refuses NaN and infinities in some rows of a row-major matrix.
pub(crate) fn check_finite(
    layer: &str,
    values: &[f32],
    dims: usize,
    rows: &[usize],
) -> Result<(), ProbeError> {
    let of = |row: usize| &values[row * dims..][..dims];
    let bad = rows.par_iter().filter(|&&row| !all_finite(of(row))).min();
    let Some(&row) = bad else { return Ok(()) };
    let dim = of(row).iter().position(|x| !x.is_finite());
    let dim = dim.unwrap_or_default();
    Err(ProbeError::NotFinite {
        layer: layer.to_owned(),
        row,
        dim,
        value: of(row)[dim],
    })
}

/// Without an early exit, so that it runs at the speed of memory.
pub(crate) fn all_finite(row: &[f32]) -> bool {
    row.iter().fold(true, |all, x| all & x.is_finite())
}

/// Every class of a feature must be among `rows`.
pub(crate) fn check_classes(
    task: &ProbeTask<'_>,
    rows: &[usize],
    part: &'static str,
) -> Result<(), ProbeError> {
    let first = rows.first().map(|&row| task.labels[row]);
    if rows.iter().all(|&row| Some(task.labels[row]) == first) {
        return Err(ProbeError::OneValue {
            feature: task.feature.to_owned(),
            classes: usize::from(first.is_some()),
        });
    }
    // of more classes than rows, one of the first has none: no need to count them all
    let mut seen = vec![false; task.classes.min(rows.len() + 1)];
    for &row in rows {
        if let Some(seen) = seen.get_mut(task.labels[row] as usize) {
            *seen = true;
        }
    }
    match seen.iter().position(|&seen| !seen) {
        None => Ok(()),
        Some(class) => Err(ProbeError::MissingClass {
            feature: task.feature.to_owned(),
            class,
            part,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(classes: usize, labels: &[u32]) -> Result<(), ProbeError> {
        let rows: Vec<usize> = (0..labels.len()).collect();
        let task = ProbeTask {
            feature: "shape",
            classes,
            labels,
            test: &[],
        };
        check_classes(&task, &rows, "training")
    }

    #[test]
    fn more_classes_than_memory_holds_are_refused() {
        for (labels, expected) in [([0, 1, 0, 1], 2), ([0, 2, 0, u32::MAX], 1)] {
            let error = checked(usize::MAX, &labels).unwrap_err();
            let ProbeError::MissingClass { class, part, .. } = error else {
                panic!("{error}");
            };
            assert_eq!((class, part), (expected, "training"));
        }
        // one value is that, however many classes there should be
        let error = checked(usize::MAX, &[3; 4]).unwrap_err();
        assert!(matches!(error, ProbeError::OneValue { classes: 1, .. }));
    }

    #[test]
    fn every_class_is_to_have_a_row() {
        assert!(checked(3, &[2, 0, 1]).is_ok());
        let error = checked(3, &[0, 2, 0, 2]).unwrap_err();
        assert!(matches!(error, ProbeError::MissingClass { class: 1, .. }));
        let error = checked(2, &[]).unwrap_err();
        assert!(matches!(error, ProbeError::OneValue { classes: 0, .. }));
    }
}
