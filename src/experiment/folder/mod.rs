//! A run's folder: where each file lies, what proves it, and what all of them
//! together are.

pub mod artifacts;
pub mod from_store;
pub mod layer_tables;
pub mod layout;
pub mod manifest;
pub mod opening;
pub mod proof;
