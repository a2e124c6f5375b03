//! End to end, through the program.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a failed step fails the test

mod around;
mod bad_input;
mod baselines;
mod bench;
mod binary;
mod compare;
mod damage;
mod disturbed;
mod extract;
mod extract_runs;
mod folder;
mod layers;
mod log;
mod memory;
mod networks;
mod outputs;
mod own_activations;
mod own_archives;
mod own_nulls;
mod paper;
mod rendering;
mod reproduce;
mod reproduce_resumed;
#[cfg(unix)]
mod slurm;
mod smoke;
mod stopping;
mod store;
mod sweep;
mod talking;
mod tested;
mod training;
mod unproven;
mod untrained;
mod verify;
mod views;
