use std::path::Path;
use std::process::ExitCode;

use layerprobe_reports::{read_results, write_parquet};
use serde_json::json;

use super::sweep::open;
use crate::cli::arguments::{Export, MessageFormat, Output, SweepExport};
use crate::cli::terminal::{self, outputs};
use crate::experiment::{ExperimentError, is_as_listed, is_of_bits};
use crate::sweep;

/// Writes the results of a run, or any results table, as Parquet.
pub fn export(command: &Export, output: &Output) -> anyhow::Result<ExitCode> {
    let given = &command.run_or_csv;
    let table = match given.is_dir() {
        true => given.join("results.csv"),
        false => given.clone(),
    };
    if given.is_dir() && !table.exists() {
        // what is no run has none to finish
        let verb = match is_of_bits(given)? {
            true => "binary",
            false => "run",
        };
        let folder = given.clone();
        return Err(ExperimentError::Unfinished { folder, verb }.into());
    }
    // a table on its own has nobody who says what it was
    if given.join("manifest.json").exists() && !is_as_listed(given, "results.csv")? {
        let problem = "it is not what manifest.json lists".to_owned();
        return Err(ExperimentError::Damaged {
            path: table,
            problem,
        }
        .into());
    }
    outputs::check(&[("the results", &table)], &[("--out", &command.out)])?;
    let rows = read_results(&table)?;
    write_parquet(&command.out, &rows)?;
    tell(rows.len(), &command.out, &[], output)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the rows of a sweep's cells as Parquet.
pub fn of_sweep(command: &SweepExport, output: &Output) -> anyhow::Result<ExitCode> {
    let (sweep, folder) = open(&command.at())?;
    let inputs = [("the sweep", command.file.as_path())];
    outputs::check(&inputs, &[("--out", &command.out)])?;
    let exported = sweep::export(&sweep, &folder, command.partial, &command.out)?;
    if !exported.missing.is_empty() {
        let text = format!("not done: {}", exported.missing.join(", "));
        terminal::warn(&text, output);
    }
    tell(exported.rows, &command.out, &exported.missing, output)?;
    Ok(ExitCode::SUCCESS)
}

fn tell(rows: usize, out: &Path, missing: &[String], output: &Output) -> std::io::Result<()> {
    match output.message_format {
        MessageFormat::Json => terminal::say(&json!({
            "reason": "done", "rows": rows, "results": out, "missing": missing,
        })),
        MessageFormat::Human if output.quiet => Ok(()),
        MessageFormat::Human => terminal::say(&format!("results  {} ({rows} rows)", out.display())),
    }
}
