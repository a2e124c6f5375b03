//! Which features of its input does a neural network represent, in which
//! layer, and from which moment of training?
//!
//! Everything that the program does can be done from here: [`config`] checks what is
//! wanted, [`experiment`] runs it, [`reproduction`] runs a paper's experiments and
//! answers its claims, [`sweep`] runs many configurations, [`foreign`] probes
//! activations that were made elsewhere.
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::atomic::AtomicBool;
//!
//! use layerprobe::config::Config;
//! use layerprobe::experiment::{self, Execution, Silent};
//!
//! let settings = ["training.epochs=3".to_owned()];
//! let config = Config::load("quick", &settings)?;
//! let stop = AtomicBool::new(false);
//! let run = experiment::run(&config, Path::new("runs/short"), &Execution::default(), &stop, &Silent)?;
//! println!("{}", run.table);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod activations;
pub mod cli;
pub mod config;
mod exit_code;
pub mod experiment;
pub mod foreign;
mod machine;
pub mod memory;
pub mod models;
pub mod nn;
pub mod reproduction;
pub mod results;
pub mod sweep;
pub mod training;
