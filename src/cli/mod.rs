//! The command line: what can be asked for, the verbs that do it, and the terminal that
//! they speak to.

mod arguments;
mod terminal;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use terminal::{exit, log};

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::unread(error),
    };
    let log = arguments.output.log_file.as_deref().map(log::start);
    let _process = match log.transpose() {
        Ok(process) => process,
        Err(usage) => return exit::failure(&usage.into(), &arguments.output),
    };
    match verbs::run(&arguments.command, &arguments.output) {
        Ok(code) => code,
        Err(error) => exit::failure(&error, &arguments.output),
    }
}
