//! From a configuration to a run folder: plan, stages, manifest, resume.
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::atomic::AtomicBool;
//!
//! use layerprobe::config::Config;
//! use layerprobe::experiment::{self, Execution, Silent};
//!
//! let config = Config::load("smoke", &[])?;
//! let stop = AtomicBool::new(false);
//! let execution = Execution::default();
//! let outcome = experiment::run(&config, Path::new("runs/smoke"), &execution, &stop, &Silent)?;
//! println!("{}", outcome.table);
//! # Ok::<(), layerprobe::experiment::ExperimentError>(())
//! ```

mod binary;
pub mod compare;
mod design;
mod error;
mod events;
mod execution;
mod folder;
mod forecast;
mod own_validation;
mod probing;
mod report;
mod run;
mod store;
mod train_stage;
mod verify;
mod work;

pub use binary::{
    BinaryForecast, BinaryOutcome, XorExample, XorSolution, compare_binary_runs, last_training,
    run_binary, xor_example,
};
pub(crate) use design::condition::NOT_TRAINED;
pub use design::condition::{Condition, conditions};
pub use design::protocol::PROTOCOL;
pub use design::stimuli::ExperimentStimuli;
pub use design::streams::Streams;
pub use error::ExperimentError;
pub use events::{Event, Observer, Silent, Stage};
pub use execution::Execution;
pub use folder::layout::{is_of_bits, run_folder_around};
pub use folder::manifest::is_as_listed;
pub use folder::opening::WhenHeld;
pub use forecast::past::{Past, kind};
pub use forecast::speeds::{Bench, Speeds};
pub use forecast::standing::{RunCounts, Standing, counts, standing};
pub use forecast::time::RunForecast;
pub use own_validation::own_validation;
pub use report::{report, report_input};
pub use run::{Outcome, fits, run, train};
pub use verify::{Finding, Verification, verify};
