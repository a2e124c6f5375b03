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

mod baselines;
mod binary;
pub mod compare;
mod error;
mod events;
mod forecast;
mod layer_tables;
mod layout;
mod manifest;
mod memory;
mod paper;
mod plan;
mod probe_stage;
mod probing;
mod proof;
mod protocol;
mod report;
mod ridge_rows;
mod rows;
mod run;
mod significance;
mod standing;
mod stimuli;
mod streams;
mod tested;
mod train_stage;
mod training_plan;
mod verify;
mod work;

pub use binary::{BinaryOutcome, XorExample, XorSolution, run_binary, xor_example};
pub use error::ExperimentError;
pub use events::{Event, Observer, Silent, Stage};
pub use forecast::{RunForecast, Speeds};
pub use layout::WhenHeld;
pub use paper::PAPER_PROTOCOL;
pub use plan::{Condition, conditions};
pub use protocol::PROTOCOL;
pub use report::{is_as_listed, last_validation, report, report_input};
pub use rows::rows_of_outcome;
pub use run::{Execution, Outcome, run};
pub use standing::{RunCounts, Standing, counts, standing};
pub use stimuli::ExperimentStimuli;
pub use streams::Streams;
pub use tested::write_predictions;
pub use verify::{Finding, Verification, verify};
