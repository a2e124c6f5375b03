//! What a layer's probes have to do: all that decides how much memory they take.

use crate::standardize::{BACK, PANEL};
use crate::{Extras, Solver};

/// What decides about memory: shapes alone.
#[derive(Clone, Debug)]
pub struct Workload<'a> {
    /// Rows of the activations.
    pub stimuli: usize,
    /// Numbers a stimulus has.
    pub dims: usize,
    /// Stimuli that train the final probes.
    pub train: usize,
    /// Classes of each feature.
    pub classes: &'a [usize],
    /// Penalties to choose from.
    pub penalties: &'a [f64],
    /// Which algorithm runs.
    pub solver: Solver,
    /// What is measured beside each probe.
    pub extras: &'a Extras<'a>,
    /// Threads that work.
    pub threads: usize,
}

impl Workload<'_> {
    /// Bytes of the blocks that are open at once.
    pub(crate) fn window(&self) -> u64 {
        let open = 2 * BACK * self.threads.max(1) + PANEL;
        4 * (self.stimuli * self.dims.min(open)) as u64
    }
}
