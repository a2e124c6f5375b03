//! End to end, through the program.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a failed step fails the test

mod bad_input;
mod folder;
mod own_activations;
mod rendering;
mod smoke;
mod talking;
