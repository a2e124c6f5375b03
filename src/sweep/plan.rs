//! What each cell takes.

use std::collections::BTreeMap;

use super::cells::Cell;
use super::error::SweepError;
use super::file::Sweep;
use super::folder::{CellState, SweepFolder};
use super::measure::Measured;
use crate::config::Config;
use crate::experiment::{RunCounts, counts};

/// What a cell takes beside its checkpoints: tables, figures and the page.
const REPORT: u64 = 2 << 20;
/// Bytes of tables for each probed layer.
const TABLES: u64 = 24 << 10;

/// A cell with its forecast.
#[derive(Clone, Debug)]
pub struct CellPlan<'a> {
    /// The cell.
    pub cell: &'a Cell,
    /// How far it is.
    pub state: CellState,
    /// What its run does.
    pub counts: RunCounts,
    /// Bytes on disk, about.
    pub bytes: u64,
    /// Seconds from its beginning to its end, about, and what that is from.
    pub seconds: Option<(f64, Basis)>,
}

/// What a forecast of time is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The cell itself: it is done.
    Itself,
    /// Cells like it that are done.
    Finished,
    /// A short trial.
    Trial,
    /// A short trial, which did not come to probing: it is of training alone.
    TrialOfTraining,
}

/// Every cell with its forecast. Cells that cost alike are measured by those
/// that are done, else by `trial`, once for each kind.
///
/// # Errors
/// If a configuration leaves no stimuli for a part of its run, or of `trial`.
pub fn plan<'a>(
    sweep: &'a Sweep,
    folder: &SweepFolder,
    mut trial: impl FnMut(&Cell) -> Result<Measured, SweepError>,
) -> Result<Vec<CellPlan<'a>>, SweepError> {
    let mut plans = Vec::with_capacity(sweep.cells.len());
    // seconds and steps of done cells, by kind
    let mut done: BTreeMap<String, (f64, u64)> = BTreeMap::new();
    for cell in &sweep.cells {
        let counts = counts(&cell.config)?;
        let state = folder.state(cell)?;
        let mut seconds = None;
        if let CellState::Done { seconds: stages } = &state {
            let own: f64 = stages.values().sum();
            let (all, steps) = done.entry(kind(&cell.config)).or_default();
            *all += own;
            *steps += counts.steps;
            seconds = Some((own, Basis::Itself));
        }
        plans.push(CellPlan {
            cell,
            state,
            bytes: counts.checkpoint_bytes + counts.layers * TABLES + REPORT,
            counts,
            seconds,
        });
    }
    let mut measured: BTreeMap<String, Measured> = BTreeMap::new();
    for plan in plans.iter_mut().filter(|plan| plan.seconds.is_none()) {
        let kind = kind(&plan.cell.config);
        let RunCounts { steps, layers, .. } = plan.counts;
        if let Some((seconds, of)) = done.get(&kind) {
            let share = steps as f64 / (*of).max(1) as f64;
            plan.seconds = Some((seconds * share, Basis::Finished));
            continue;
        }
        if !measured.contains_key(&kind) {
            measured.insert(kind.clone(), trial(plan.cell)?);
        }
        let Some(Measured { step, layer }) = measured.get(&kind) else {
            continue;
        };
        let training = step.map(|step| step * steps as f64);
        plan.seconds = match (training, layer) {
            (Some(training), Some(layer)) => Some((training + layer * layers as f64, Basis::Trial)),
            (Some(training), None) => Some((training, Basis::TrialOfTraining)),
            (None, _) => None,
        };
    }
    Ok(plans)
}

/// What cells have in common that take as long a step and a layer.
fn kind(config: &Config) -> String {
    let Config {
        stimuli,
        network,
        training,
        probes,
        ..
    } = config;
    format!("{stimuli:?} {network:?} {} {probes:?}", training.batch_size)
}
