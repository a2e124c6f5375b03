//! Probes of the layers of checkpoints and of baselines, and their rows.

pub mod assembled;
pub mod baselines;
mod known;
mod measuring;
pub mod networks;
pub mod paper;
pub mod probe_sets;
mod reading;
pub mod residence;
pub mod rows;
mod side_by_side;
pub mod stage;
pub mod tested;
