//! Linear probes: what can a linear decoder read from a layer, and how well
//! is each number known?
//!
//! The main entry is [`probe_layer`]: all features of one layer, their
//! penalties chosen on combinations set aside from training, refitted, tested
//! once, and returned with intervals and a proof of convergence for each fit.
//! [`measure_layer`] adds what a bare accuracy leaves open: bits, other splits,
//! controls and nulls, as [`Extras`] asks. [`similarity`] compares two
//! representations with each other.

mod adam;
mod around;
mod certificate;
mod checks;
mod cut;
mod error;
mod exact;
mod extras;
mod fitting;
mod forecast;
mod form;
mod full_batch;
mod grid;
mod information;
mod layer;
mod linfa_logistic_solver;
mod multinomial;
mod nonlinear;
mod outcome;
mod params;
mod ridge;
mod score;
mod selection;
pub mod similarity;
mod solve;
mod source;
mod standardize;
mod statistics;
mod task;
mod unpenalized;
mod view;
mod work;
mod workload;

pub use adam::{
    AdamGrid, CheckedAdamGrid, FeatureCurves, GridChoice, GridCurves, choose, train_grid,
};
pub use around::{
    CodeLength, CodedBlock, OrderCode, PermutationNull, Selectivity, null_maxima,
    permutation_p_value,
};
pub use certificate::{Certificate, Status};
pub use error::ProbeError;
pub use extras::{Extras, Instance, Repeats};
pub use forecast::Forecast;
pub use full_batch::{CheckedFullBatch, Decoded, FullBatch, train_full_batch};
pub use grid::{fit_grid, fit_grid_streamed};
pub use information::{VInformation, v_information};
pub use layer::{LayerOutcome, ProbeKeys, measure_layer, measure_streamed, probe_layer};
pub use multinomial::{FittedProbe, MultinomialProbe, MultinomialProbeParams};
pub use nonlinear::{Nonlinear, NonlinearFit};
pub use outcome::{Bits, PathPoint, Prediction, ProbeOutcome, Refit, SplitKind};
pub use params::{CheckedProbeParams, ProbeParams, Scaling, Solver};
pub use ridge::{RidgeOutcome, RidgePoint};
pub use selection::select_groups;
pub use source::ActivationBlocks;
pub use statistics::{
    Interval, IntervalMethod, cluster_bootstrap, majority_chance, wilson_interval,
};
pub use task::{LayerData, ProbeTask, RidgeTask, Selection, StreamedLayer};
pub use view::{UnknownView, View, Viewed};
pub use workload::Workload;
