//! Properties as columns of numbers to decode.

use std::f64::consts::TAU;
use std::ops::Range;

use crate::checks::check_test;
use crate::cut::Cut;
use crate::solve::Panel;
use crate::{ProbeError, RidgeTask};

/// All properties' components side by side: a column each, two for a phase.
pub(crate) struct Targets {
    /// Rows of the layer x components.
    values: Panel,
    columns: Vec<Range<usize>>,
}

impl Targets {
    /// Checks the tasks and turns phases into sines and cosines.
    pub fn of(tasks: &[RidgeTask<'_>], rows: usize, cut: &Cut) -> Result<Self, ProbeError> {
        let mut blocks: Vec<(Vec<f64>, usize)> = Vec::new();
        let mut columns = Vec::new();
        let mut start = 0;
        for task in tasks {
            check(task, rows, cut)?;
            let block = components(task);
            columns.push(start..start + block.1);
            start += block.1;
            blocks.push(block);
        }
        let blocks: Vec<(&[f64], usize)> = blocks.iter().map(|(b, w)| (&b[..], *w)).collect();
        Ok(Self {
            values: Panel::beside(rows, &blocks),
            columns,
        })
    }

    pub fn tasks(&self) -> usize {
        self.columns.len()
    }

    pub fn components(&self) -> usize {
        self.values.cols
    }

    /// The columns of a task.
    pub fn columns(&self, task: usize) -> Range<usize> {
        self.columns[task].clone()
    }

    /// Some rows, in that order.
    pub fn of_rows(&self, rows: &[usize]) -> Panel {
        let cols = self.values.cols;
        let data = rows
            .iter()
            .flat_map(|&row| &self.values.data[row * cols..][..cols])
            .copied()
            .collect();
        Panel {
            rows: rows.len(),
            cols,
            data,
        }
    }
}

fn components(task: &RidgeTask<'_>) -> (Vec<f64>, usize) {
    match task.period {
        None => (task.values.to_vec(), 1),
        Some(period) => {
            let turns = task.values.iter().map(|value| TAU * value / period);
            (turns.flat_map(|turn| [turn.sin(), turn.cos()]).collect(), 2)
        }
    }
}

fn check(task: &RidgeTask<'_>, rows: usize, cut: &Cut) -> Result<(), ProbeError> {
    let property = || task.property.to_owned();
    if task.values.len() != rows {
        return Err(ProbeError::Count {
            what: format!("values of property {}", task.property),
            found: task.values.len(),
            expected: rows,
        });
    }
    if let Some(period) = task.period
        && !(period > 0.0 && period.is_finite())
    {
        return Err(ProbeError::Period {
            property: property(),
            period,
        });
    }
    let trained = |part: &[usize]| {
        let mut trained = vec![false; rows];
        for &row in part {
            trained[row] = true;
        }
        trained
    };
    let what = format!("property {}", task.property);
    check_test(&what, task.test, &trained(&cut.order))?;
    let needed = cut.order.iter().chain(task.test);
    if let Some(&row) = needed
        .into_iter()
        .find(|&&row| !task.values[row].is_finite())
    {
        return Err(ProbeError::Property {
            property: property(),
            row,
            value: task.values[row],
        });
    }
    // what varies in the whole cut may not in its first part
    let first = |part: &[usize]| part.first().map(|&row| task.values[row]);
    let varies = |part: &[usize]| {
        part.iter()
            .any(|&row| Some(task.values[row]) != first(part))
    };
    if !varies(&cut.order[..cut.used]) {
        return Err(ProbeError::OneNumber {
            property: property(),
            value: first(&cut.order).unwrap_or_default(),
        });
    }
    Ok(())
}

/// The columns' means, and the columns less these.
pub(super) fn centered(values: &Panel) -> (Vec<f64>, Panel) {
    let cols = values.cols.max(1);
    let mut means = vec![0.0; values.cols];
    for row in values.data.chunks_exact(cols) {
        for (mean, x) in means.iter_mut().zip(row) {
            *mean += x;
        }
    }
    for mean in &mut means {
        *mean /= values.rows.max(1) as f64;
    }
    let mut centered = values.clone();
    for row in centered.data.chunks_exact_mut(cols) {
        for (x, mean) in row.iter_mut().zip(&means) {
            *x -= mean;
        }
    }
    (means, centered)
}
