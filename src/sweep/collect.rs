//! One table and one report from the runs of a sweep.

use std::path::PathBuf;

use layerprobe_reports::{
    Fact, ReportInput, ResultRow, read_by_value, read_confusions, read_results, rows_over_runs,
    write_by_value, write_confusions, write_report, write_results,
};

use super::cells::Cell;
use super::error::SweepError;
use super::file::Sweep;
use super::folder::{CellState, SweepFolder};
use crate::experiment::{NOT_TRAINED, is_as_listed, report_input};

/// What was collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// Cells in the table.
    pub cells: usize,
    /// Cells that are not done.
    pub missing: Vec<String>,
    /// Rows of `results.csv`.
    pub rows: usize,
    /// `results.csv`.
    pub results: PathBuf,
    /// The report's page.
    pub report: PathBuf,
}

/// The cells' tables put together.
pub(super) struct Merged<'a> {
    /// All rows, those over runs last, and what the report is made from.
    pub input: ReportInput,
    /// The cells that are in.
    pub done: Vec<&'a Cell>,
    /// Cells that are not done.
    pub missing: Vec<String>,
}

/// Merges the tables of the cells that are done: each condition is named
/// `CELL/CONDITION`, what a cell varies beyond the table's columns is its
/// `variant`, and rows over runs are made from all cells together.
///
/// # Errors
/// If cells are missing and `partial` is not wanted, a table is not what its
/// run wrote, or a file cannot be read.
pub(super) fn merged<'a>(
    sweep: &'a Sweep,
    folder: &SweepFolder,
    partial: bool,
) -> Result<Merged<'a>, SweepError> {
    let (mut done, mut missing) = (Vec::new(), Vec::new());
    for cell in &sweep.cells {
        match folder.state(cell)? {
            CellState::Done { .. } => done.push(cell),
            _ => missing.push(cell.id.clone()),
        }
    }
    if done.is_empty() {
        return Err(SweepError::NoCells);
    }
    if let Some(first) = missing.first().filter(|_| !partial) {
        return Err(SweepError::Unfinished {
            missing: missing.len(),
            all: sweep.cells.len(),
            first: first.clone(),
        });
    }
    let mut input = ReportInput::default();
    // what is said of all cells is said of training, if any of them has one
    let told = done.iter().position(|c| c.config.training.epochs > 0);
    for (number, cell) in done.iter().enumerate() {
        let is_told = number == told.unwrap_or(0);
        take(&mut input, cell, folder, is_told)?;
    }
    let over_runs = rows_over_runs(&input.rows);
    input.rows.extend(over_runs);
    Ok(Merged {
        input,
        done,
        missing,
    })
}

/// Merges the cells' tables into the sweep's folder, and draws one report.
///
/// # Errors
/// If cells are missing and `partial` is not wanted, a table is not what its
/// run wrote, or a file cannot be read or written.
pub fn collect(
    sweep: &Sweep,
    folder: &SweepFolder,
    partial: bool,
) -> Result<Collected, SweepError> {
    let Merged {
        input: mut merged,
        done,
        missing,
    } = merged(sweep, folder, partial)?;
    let results = folder.root().join("results.csv");
    write_results(&results, &merged.rows)?;
    write_by_value(&folder.root().join("by_value.csv"), &merged.by_value)?;
    write_confusions(&folder.root().join("confusion.csv"), &merged.confusions)?;

    describe(&mut merged, sweep, &done, sweep.cells.len());
    let report = write_report(&merged, &folder.root().join("report"))?.index;
    Ok(Collected {
        cells: done.len(),
        missing,
        rows: merged.rows.len(),
        results,
        report,
    })
}

/// Adds a cell's tables and training curves, and if it `is_told` the words that stand for all.
fn take(
    merged: &mut ReportInput,
    cell: &Cell,
    folder: &SweepFolder,
    is_told: bool,
) -> Result<(), SweepError> {
    let root = folder.cell(cell);
    for name in ["results.csv", "by_value.csv", "confusion.csv"] {
        if !is_as_listed(&root, name)? {
            let path = root.join(name);
            return Err(SweepError::Altered { path, cell: root });
        }
    }
    let named = |condition: &str| match condition {
        "" => String::new(),
        condition => format!("{}/{condition}", cell.id),
    };
    let variant = cell.variant();
    let rows = read_results(root.join("results.csv"))?;
    let of_one_run = rows.into_iter().filter(|row| row.interval_kind != "runs");
    merged.rows.extend(of_one_run.map(|row| ResultRow {
        condition: named(&row.condition),
        variant: variant.clone(),
        ..row
    }));
    let mut by_value = read_by_value(root.join("by_value.csv"))?;
    let mut confusions = read_confusions(root.join("confusion.csv"))?;
    by_value
        .iter_mut()
        .for_each(|row| row.condition = named(&row.condition));
    confusions
        .iter_mut()
        .for_each(|row| row.condition = named(&row.condition));
    merged.by_value.extend(by_value);
    merged.confusions.extend(confusions);

    let own = report_input(&cell.config, &root)?;
    merged
        .training
        .extend(own.training.into_iter().map(|mut curve| {
            curve.condition = named(&curve.condition);
            curve
        }));
    for (all, own) in [
        (&mut merged.layers, own.layers),
        (&mut merged.features, own.features),
        (&mut merged.targets, own.targets),
    ] {
        for name in own {
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
    for (feature, chance) in own.chance {
        let known = merged.chance.entry(feature).or_insert(chance);
        // cells with different numbers of classes have no chance in common
        if *known != chance {
            *known = f64::NAN;
        }
    }
    for caution in own.cautions {
        let is_of_all = is_told || caution != NOT_TRAINED;
        if is_of_all && !merged.cautions.contains(&caution) {
            merged.cautions.push(caution);
        }
    }
    if is_told {
        merged.protocol = own.protocol;
        merged.sheets = own.sheets;
    }
    Ok(())
}

/// Title, facts and what is not in the page.
fn describe(merged: &mut ReportInput, sweep: &Sweep, done: &[&Cell], all: usize) {
    merged.title = format!("layerprobe: sweep {}", sweep.name);
    merged.facts = vec![Fact::new("cells", format!("{} of {all}", done.len()))];
    let mut axes: Vec<(&str, Vec<String>)> = Vec::new();
    for value in done.iter().flat_map(|cell| &cell.values) {
        let text = value.value.to_string();
        match axes.iter_mut().find(|(axis, _)| *axis == value.axis) {
            Some((_, values)) if values.contains(&text) => {}
            Some((_, values)) => values.push(text),
            None => axes.push((&value.axis, vec![text])),
        }
    }
    let facts = axes
        .iter()
        .map(|(axis, values)| Fact::new(*axis, values.join(", ")));
    merged.facts.extend(facts);
    merged.config_toml = sweep.text.clone();
    merged.command = "layerprobe sweep run sweep.toml".to_owned();
    if done.len() < all {
        merged.cautions.push(format!(
            "{} of {all} cells are not done: means over runs are of those that are",
            all - done.len()
        ));
    }
    // tables by held-out value have no column for these: their figures would
    // put unlike networks side by side
    let kinds = |row: &ResultRow| (row.variant.clone(), row.predictivity.map(f64::to_bits));
    let mut found: Vec<_> = merged.rows.iter().map(kinds).collect();
    found.sort_unstable();
    found.dedup();
    if found.len() > 1 {
        merged.by_value.clear();
        merged.confusions.clear();
    }
}
