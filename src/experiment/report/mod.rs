//! The report stage: from a run folder to figures and a page.

mod input;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use layerprobe_reports::{ReportError, read_by_value, read_confusions, read_results, write_report};

use super::error::ExperimentError;
use super::events::Silent;
use super::folder::artifacts::TABLES;
use super::folder::layer_tables::LayerTables;
use super::folder::layout::{self, RunFolder};
use super::folder::manifest::{Manifest, is_as_listed};
use super::folder::opening::WhenHeld;

pub(super) use input::input;
pub use input::report_input;

/// Draws the report of a run folder again, from its results.
///
/// # Errors
/// If the folder is no run, the run is not finished, or a table is not what it wrote.
pub fn report(folder: &Path) -> Result<PathBuf, ExperimentError> {
    let (config, text) = layout::image_config_in(folder)?;
    let results = layout::results_in(folder);
    if !results.exists() {
        return Err(ExperimentError::Unfinished {
            folder: folder.to_owned(),
            verb: "run",
        });
    }
    let held = RunFolder::open(
        folder,
        &text,
        WhenHeld::Stop,
        &AtomicBool::new(false),
        &Silent,
    )?;
    check_tables(folder)?;
    let tables = LayerTables {
        rows: read_results(&results)?,
        by_value: beside(layout::by_value_in(folder), read_by_value)?,
        confusions: beside(layout::confusions_in(folder), read_confusions)?,
    };
    let input = input(&config, folder, tables)?;
    let page = write_report(&input, &held.report())?.index;
    if let Some(mut manifest) = Manifest::read(&held.manifest()) {
        manifest.write_redrawn(&held)?;
    }
    Ok(page)
}

/// Whether the tables are what the run wrote.
fn check_tables(folder: &Path) -> Result<(), ExperimentError> {
    let manifest = Manifest::read(&layout::manifest_in(folder));
    let listed = manifest.map(|m| m.artifacts).unwrap_or_default();
    for name in TABLES {
        let path = folder.join(name);
        let is_sound = match path.exists() {
            true => is_as_listed(folder, name)?,
            // runs of earlier versions lack those beside the results
            false => !listed.contains_key(name),
        };
        if !is_sound {
            let problem = format!(
                "it is not what manifest.json lists; run the same configuration again to make \
                 it anew: layerprobe run {} --out {}",
                folder.join("config.toml").display(),
                folder.display()
            );
            let source = io::Error::new(io::ErrorKind::InvalidData, problem);
            return Err(ExperimentError::io("draw a report from", &path, source));
        }
    }
    Ok(())
}

/// A table beside the results, which runs of earlier versions lack.
fn beside<R>(
    path: PathBuf,
    read: impl Fn(PathBuf) -> Result<Vec<R>, ReportError>,
) -> Result<Vec<R>, ReportError> {
    if path.exists() {
        read(path)
    } else {
        Ok(Vec::new())
    }
}
