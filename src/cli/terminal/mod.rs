//! What every verb says, heeds and ends with.

pub mod duration;
pub mod exit;
pub mod log;
pub mod outputs;
pub mod progress;
pub mod stop;
pub mod threads;
mod unknown_option;

use std::fmt::Display;
use std::io::{self, Write};

use super::arguments::Output;

/// Warns on standard error and in the log: after the last line of JSON, which is
/// `done`, there is none.
pub fn warn(text: &str, output: &Output) {
    tracing::warn!("{text}");
    if !output.quiet {
        say_aside(&format!("warning: {text}"));
    }
}

/// Prints a line to standard output. A reader that has left, such as `head`,
/// is no failure.
pub fn say(line: &impl Display) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a line to standard error; where that cannot be done, there is nobody to tell.
pub fn say_aside(line: &impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
