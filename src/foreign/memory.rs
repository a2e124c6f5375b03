use layerprobe_probes::{CheckedAdamGrid, Forecast, View, Workload};

use super::{ArrayShape, ForeignError};
use crate::activations::{NotEnough, PlannedLayer, fits_paper, on_disk};
use crate::memory::{MemoryLimit, resident};

/// What reading a file takes beside its numbers, and the rest of the program.
const OTHER: u64 = 24 << 20;

/// Says for each array whether it goes to the disk before it is probed; none does
/// where the decoders of the protocol `paper` are trained, by `grid`. Arrays are
/// read and the `views` that there are of them probed one after the other; `work`
/// tells what for, its stimuli and dimensions being those of each array.
///
/// # Errors
/// If one cannot be probed within the limit at all; the one that takes most is
/// named.
pub fn plan(
    limit: MemoryLimit,
    arrays: &[ArrayShape],
    views: &[View],
    work: &Workload<'_>,
    grid: Option<&CheckedAdamGrid>,
) -> Result<Vec<bool>, ForeignError> {
    let base = resident().unwrap_or(0) + OTHER;
    let mut stored = Vec::with_capacity(arrays.len());
    let mut refused: Option<NotEnough> = None;
    for array in arrays {
        let work = Workload {
            stimuli: array.rows,
            dims: array.dim,
            ..work.clone()
        };
        let mut forecast = Forecast::of_views(&work, views, array.channels);
        if array.by_columns {
            // turned from one copy into another before anything is solved
            forecast.beside = forecast.beside.max(forecast.matrix);
        }
        let layer = PlannedLayer {
            name: array.name.clone(),
            shape: (array.rows, array.dim),
            forecast,
        };
        let chosen = match grid {
            None => on_disk(limit, base, &[layer]),
            Some(grid) => {
                // a file in another order is turned before anything is trained
                let turned = u64::from(array.by_columns) * layer.forecast.matrix;
                let beside = grid.bytes(&work).max(turned);
                fits_paper(limit, base, &layer, beside).map(|_| vec![false])
            }
        };
        match chosen {
            Ok(chosen) => stored.extend(chosen),
            Err(no) => refused = Some(no.or_more(refused)),
        }
    }
    match refused {
        Some(refused) => Err(refused.into()),
        None => Ok(stored),
    }
}

/// What is planned for all threads; where memory is short of them, the refusal names how
/// many would do.
pub(crate) fn planned<T>(
    plan: impl Fn(usize) -> Result<T, ForeignError>,
) -> Result<T, ForeignError> {
    let all = rayon::current_num_threads();
    plan(all).map_err(|error| match error {
        ForeignError::Memory(refused) => ForeignError::Memory(NotEnough {
            threads: (1..all).rev().find(|&fewer| plan(fewer).is_ok()),
            ..refused
        }),
        error => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Refuses more threads than `most`, where there are eight.
    fn refusal(most: usize) -> Option<String> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(8);
        let plan = |threads: usize| match threads <= most {
            true => Ok(()),
            false => Err(ForeignError::Memory(NotEnough {
                layer: "fc1".to_owned(),
                how: "with its activations on disk",
                stimuli: 10,
                dims: 20,
                needed: 30,
                limit: MemoryLimit::new(20),
                threads: None,
            })),
        };
        let planned = pool.build().unwrap().install(|| planned(plan));
        planned.err().map(|refused| refused.to_string())
    }

    #[test]
    fn a_refusal_names_the_threads_that_would_do() {
        assert_eq!(refusal(8), None);
        assert!(refusal(3).unwrap().contains(", use --threads 3, or"));
        assert!(!refusal(0).unwrap().contains("--threads"));
    }
}
