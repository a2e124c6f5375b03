//! What each cell takes.

use std::collections::BTreeMap;

use super::cells::Cell;
use super::error::SweepError;
use super::file::Sweep;
use super::folder::{CellState, SweepFolder};
use crate::experiment::{Bench, Past, RunCounts, RunForecast, Standing, counts, kind};

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
    /// A bench of this machine and the operations the cell takes.
    Bench,
    /// The same, without what has no forecast.
    BenchOfPart,
}

/// Every cell with its forecast: from cells of its kind that are done, else from
/// a bench, if there is to be one.
///
/// # Errors
/// If a configuration leaves no stimuli for a part of its run, or its network
/// cannot be built.
pub fn plan<'a>(
    sweep: &'a Sweep,
    folder: &SweepFolder,
    mut bench: Option<&mut Bench>,
) -> Result<Vec<CellPlan<'a>>, SweepError> {
    let mut plans = Vec::with_capacity(sweep.cells.len());
    let mut past: BTreeMap<String, Past> = BTreeMap::new();
    for cell in &sweep.cells {
        let counts = counts(&cell.config)?;
        let state = folder.state(cell)?;
        let mut seconds = None;
        if let CellState::Done { seconds: stages } = &state {
            let of_kind = past.entry(kind(&cell.config)).or_default();
            of_kind.add(&counts, stages);
            seconds = Some((stages.values().sum(), Basis::Itself));
        }
        plans.push(CellPlan {
            cell,
            state,
            bytes: counts.checkpoint_bytes + counts.layers * TABLES + REPORT,
            counts,
            seconds,
        });
    }
    for plan in plans.iter_mut().filter(|plan| plan.seconds.is_none()) {
        let config = &plan.cell.config;
        let past = past.get(&kind(config));
        if let Some(past) = past.filter(|past| past.foretells(&plan.counts)) {
            plan.seconds = Some((past.seconds(&plan.counts), Basis::Finished));
        } else if let Some(bench) = &mut bench {
            let (speeds, _) = bench.of(config)?;
            let forecast = RunForecast::of(config, &speeds)?;
            let basis = match forecast.left_out.is_empty() {
                true => Basis::Bench,
                false => Basis::BenchOfPart,
            };
            plan.seconds = Some((forecast.seconds(), basis));
        }
    }
    Ok(plans)
}

impl CellPlan<'_> {
    /// Seconds from where the cell is to its end, about.
    pub fn seconds_left(&self) -> Option<f64> {
        let (seconds, _) = self.seconds?;
        let standing = match &self.state {
            CellState::Done { .. } => return Some(0.0),
            CellState::Held(_, standing)
            | CellState::Failed(_, standing)
            | CellState::Waiting(standing) => standing,
        };
        Some(seconds * (1.0 - share_done(standing, &self.counts)))
    }
}

/// The share of a run that is done, training and probing weighing the same:
/// rough, as which of them takes longer is not known.
fn share_done(standing: &Standing, counts: &RunCounts) -> f64 {
    let share = |done: u64, of: u64| (done as f64 / of.max(1) as f64).min(1.0);
    let trained = share(standing.trained, counts.conditions);
    match counts.layers {
        0 => trained,
        layers => (trained + share(standing.probed, layers)) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_not_counted_again() {
        let standing = |trained, probed| Standing {
            trained,
            probed,
            ..Standing::default()
        };
        let counts = RunCounts {
            conditions: 2,
            layers: 10,
            ..RunCounts::default()
        };
        assert_eq!(share_done(&standing(0, 0), &counts), 0.0);
        assert_eq!(share_done(&standing(2, 0), &counts), 0.5);
        assert_eq!(share_done(&standing(2, 10), &counts), 1.0);
        // of a twin's tables there are more than were probed
        assert_eq!(share_done(&standing(2, 14), &counts), 1.0);
        let paper = RunCounts {
            layers: 0,
            ..counts
        };
        assert_eq!(share_done(&standing(1, 0), &paper), 0.5);
    }
}
