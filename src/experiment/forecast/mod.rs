//! What a run will take, in steps, time and memory, and how far it is.

pub mod past;
mod probing;
pub mod speeds;
pub mod standing;
pub mod time;
