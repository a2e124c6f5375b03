//! Linear probes: what can a linear decoder read from a layer, and how well
//! is each number known?
//!
//! The main entry is [`probe_layer`]: all features of one layer, their
//! penalties chosen on combinations set aside from training, refitted, tested
//! once, and returned with intervals and a proof of convergence for each fit.

mod checks;
mod error;
mod fitting;
mod layer;
mod linfa_logistic_solver;
mod multinomial;
mod outcome;
mod params;
mod selection;
mod single;
mod solve;
mod standardize;
mod statistics;
mod test_set;

pub use error::ProbeError;
pub use layer::{LayerData, ProbeKeys, ProbeTask, Selection, probe_layer};
pub use multinomial::{FittedProbe, MultinomialProbe, MultinomialProbeParams};
pub use outcome::{
    Certificate, Interval, IntervalMethod, PathPoint, Prediction, ProbeOutcome, Status,
};
pub use params::{CheckedProbeParams, ProbeParams, Scaling, Solver};
pub use selection::select_groups;
pub use statistics::{cluster_bootstrap, majority_chance, wilson_interval};
