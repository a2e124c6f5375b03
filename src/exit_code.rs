//! What the program's exit codes mean, for itself and for those who wait for it.

/// Done.
pub const DONE: u8 = 0;
/// Bad usage, configuration or input.
pub const USAGE: u8 = 2;
/// Finished, but a selected probe did not converge.
pub const NOT_CONVERGED: u8 = 3;
/// Interrupted; the same command goes on.
pub const INTERRUPTED: u8 = 75;
