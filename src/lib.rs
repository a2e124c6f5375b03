//! Which features of its input does a neural network represent, in which
//! layer, and from which moment of training?

pub mod activations;
pub mod cli;
pub mod config;
pub mod experiment;
pub mod foreign;
pub mod memory;
pub mod models;
pub mod nn;
pub mod reproduction;
pub mod results;
pub mod sweep;
pub mod training;
