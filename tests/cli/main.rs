//! End to end, through the program.

mod bad_input;
mod folder;
mod rendering;
mod smoke;
mod talking;
