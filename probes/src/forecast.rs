//! How much memory a layer's probes will take, told before they start.

use crate::form::Form;
use crate::layer::PERMUTED;
use crate::solve::{Curvature, LEADING, MIDDLING, SMALL, bytes_of_sums, most_systems};
use crate::standardize::PANEL;
use crate::{Extras, Solver, Workload, exact, nonlinear, ridge, unpenalized};

/// Bytes that probes of a layer take at most, however their fits go.
///
/// ```
/// use layerprobe_probes::{Extras, Forecast, Solver, Workload};
///
/// let work = Workload {
///     stimuli: 9730, dims: 32768, train: 3430, classes: &[7, 7, 7],
///     penalties: &[1.0, 100.0], solver: Solver::Batched, extras: &Extras::default(), threads: 2,
/// };
/// let forecast = Forecast::of(&work);
/// assert_eq!(forecast.matrix, 4 * 9730 * 32768);
/// // read block by block, much less is in memory at a time
/// assert!(forecast.streamed < 7 * forecast.matrix / 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The activations, in memory as a whole.
    pub matrix: u64,
    /// All else, where the activations are in memory.
    pub beside: u64,
    /// All, where the activations are read block by block.
    pub streamed: u64,
}

impl Forecast {
    /// The forecast for a layer: the highest of seven phases. With `n` training
    /// stimuli, `w` dimensions, `s` the smaller side and `C` classes over all
    /// fits that run side by side, in bytes:
    ///
    /// * forming: the Gram matrix in both precisions, `12 n^2` (where
    ///   `w <= 3/4 n`, the matrix, `16 n w`, and its covariance, `12 w^2`), a
    ///   panel of the data, and the blocks that are open;
    /// * solving: that form, and another where further splits are cut out of it;
    ///   factored systems, `4 s^2` each for as many as are kept at a time, whole
    ///   Hessians, and what factoring takes; iterates, `8 n` a class, sixteen of them; the
    ///   weights of fits that go on from their certificates; and, with `k` classes of a
    ///   feature, the likelihood's derivatives, `64 k^2` a thread and `8 k^2` for each
    ///   1024 rows of as many fits as threads;
    /// * solving again what singles' rounding leads astray, up to 4096 rows: the
    ///   forms, and an eigendecomposition, `48 n^2`, or rows in their principal
    ///   directions, `16 n^2`, a Hessian and iterates, or weights with their gradients
    ///   and copies, twice;
    /// * decoding: the forms, weights with their gradients and copies, `8 w` a
    ///   class, four of them, logits, and the blocks that are open;
    /// * fits without a penalty, where they are asked for, one after the other
    ///   beside what is solving: the rows and the basis of their span in doubles,
    ///   an eigendecomposition, `48 s^2`, and a Hessian;
    /// * ridge probes, where they are asked for: the form, a system and its
    ///   factors, `8 s^2` each, right sides and solutions at every penalty, and
    ///   what a refit keeps of each component;
    /// * nonlinear probes, where they are asked for: the form, all probes' weights with
    ///   Adam's moments, `768 w` each, and the rows of a few batches, at most 64 MiB
    ///   or a batch.
    pub fn of(work: &Workload<'_>) -> Self {
        let [n, w, rows, threads] =
            [work.train, work.dims, work.stimuli, work.threads.max(1)].map(|x| x as u64);
        let over_rows = Form::over_rows(work.dims, work.train, work.solver);
        let (side, form) = match over_rows {
            true => (n, 12 * n * n),
            false => (w, 16 * n * w + 12 * w * w),
        };
        let copies = match work.solver {
            Solver::Batched => 0,
            Solver::Linfa => 24 * n * w,
        };
        let again = again(work.extras) * form / 4;
        let (most, least) = ends(work.classes);
        let columns = columns(work);
        let lanes = columns.div_ceil(least);
        let systems = (most_systems(side as usize) as u64).min(lanes);
        let factoring = match over_rows {
            true => 8 * side * side,
            false => 12 * side * side + 4096 * side + 16 * n * (w + 1) * (1 + threads),
        } * systems;
        let whole_hessians = match over_rows {
            true => 0,
            false => whole_hessians(work.dims, (most as usize, least as usize), lanes),
        };
        let leading = LEADING as u64 * side;
        let iterates = 128 * side.max(n) * columns;
        let window = work.window();
        let forming = form + 4 * n * (w.min(PANEL as u64) + 16) + 64 * leading;
        let solving = form
            + again
            + copies
            + 4 * side * side * systems
            + factoring
            + whole_hessians
            + 16 * leading
            + iterates
            + 8 * columns * (w + 2 * n)
            + bytes_of_sums(work.train, most as usize, (lanes, threads));
        let solving = solving + unpenalized::bytes(work);
        let (turning, exactly) = match exact::may_run(work) {
            true => {
                let (turning, solving) = exact::bytes(work, columns);
                let weights = 8 * columns * (8 * w + 3 * n);
                (form + again + turning.max(weights), form + again + solving)
            }
            false => (0, 0),
        };
        let decoding = form + again + 16 * leading + 8 * columns * (4 * w + 3 * n + 2 * rows);
        let ridge = match work.extras.ridge {
            [] => 0,
            _ => form + ridge_probes(work),
        };
        let nonlinear = match nonlinear::bytes(work) {
            0 => 0,
            bytes => form + bytes,
        };
        let reading = forming.max(decoding).max(ridge).max(nonlinear).max(turning);
        let solving = solving.max(exactly);
        Self {
            matrix: 4 * rows * w,
            beside: reading.max(solving),
            streamed: (reading + window).max(solving),
        }
    }
}

/// What ridge probes take beside the other probes' form.
fn ridge_probes(work: &Workload<'_>) -> u64 {
    let penalties = work.penalties.len();
    let [n, w, rows, penalties] =
        [work.train, work.dims, work.stimuli, penalties].map(|x| x as u64);
    let over_rows = Form::over_rows(work.dims, work.train, Solver::Batched);
    let (side, own) = match over_rows {
        true => (n, 12 * n * n),
        false => (w, 8 * n * w),
    };
    let own = match work.solver {
        Solver::Batched => 0,
        Solver::Linfa => own,
    };
    let components = 2 * work.extras.ridge.len() as u64;
    let systems = 8 * side * side * (1 + ridge::AT_ONCE as u64);
    let paths = components * (2 * penalties + 2) * 8 * (side + n);
    let refits = components * 8 * (8 * w + 12 * n + 2 * rows);
    own + systems + 4096 * side + paths.max(refits)
}

/// Small ones for all fits, or one that is larger. `ends` are the most and the
/// fewest classes.
fn whole_hessians(dims: usize, ends: (usize, usize), lanes: u64) -> u64 {
    let [largest, smallest] = [ends.0, ends.1].map(|k| Curvature::size(dims, k.max(2)));
    let bytes = |unknowns: usize| 24 * (unknowns as u64).pow(2);
    let small = match smallest <= SMALL {
        true => lanes * bytes(largest.min(SMALL)),
        false => 0,
    };
    let single = match (SMALL < largest, smallest <= MIDDLING) {
        (true, true) => bytes(largest.min(MIDDLING)),
        _ => 0,
    };
    small + single
}

/// A second form, in quarters of the first: of further splits, or of prefixes.
fn again(extras: &Extras<'_>) -> u64 {
    let further = extras.seen_values.is_some() || extras.instance.is_some();
    match (
        further,
        extras.code.is_some_and(|repeats| repeats.count > 0),
    ) {
        (true, _) => 4,
        (false, true) => 2,
        (false, false) => 0,
    }
}

/// The most and the fewest classes of a feature.
fn ends(classes: &[usize]) -> (u64, u64) {
    let most = classes.iter().copied().max().unwrap_or(0);
    let least = classes.iter().copied().min().unwrap_or(0);
    (most as u64, least.max(1) as u64)
}

/// Classes of all fits that run or are decoded side by side.
fn columns(work: &Workload<'_>) -> u64 {
    let extras = work.extras;
    let labelings = extras.instance.map_or(0, |instance| instance.labelings);
    let permuted = extras.permutations.map_or(0, |repeats| repeats.count);
    let at_once = [
        work.penalties.len() + unpenalized::on_the_way(work.penalties),
        1 + usize::from(extras.by_cross_entropy) + labelings,
        permuted.min(PERMUTED),
    ];
    let most = at_once.into_iter().max().unwrap_or(0);
    (work.classes.iter().sum::<usize>() * most) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_classes_take_memory_of_their_own() {
        let of = |classes: usize, threads: usize| {
            let work = Workload {
                stimuli: 3000,
                dims: 16,
                train: 2500,
                classes: &[classes],
                penalties: &[1.0],
                solver: Solver::Batched,
                extras: &Extras::default(),
                threads,
            };
            Forecast::of(&work).beside
        };
        // a thousand classes: 64 MB a thread of second derivatives
        assert!(of(1000, 9) - of(1000, 1) > 8 * 64_000_000);
        assert!(of(10, 9) - of(10, 1) < 20_000_000);
    }
}
