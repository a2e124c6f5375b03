//! The command line: one file per verb.

mod arguments;
mod bench;
mod bench_probe;
mod binary;
mod compare;
mod completions;
mod config;
mod duration;
mod exit;
mod export;
mod extract;
mod layers;
mod log;
mod outputs;
mod plan;
mod presets;
mod probe;
mod probe_table;
mod progress;
mod render;
mod render_binary;
mod report;
mod reproduce;
mod run;
mod stop;
mod sweep;
mod threads;
mod unknown_option;
mod verify;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, BenchCommand, Command, ConfigCommand, Dataset, Output};

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
    let outcome = match &arguments.command {
        Command::Run(command) => run::run(command, &arguments.output),
        Command::Plan(command) => plan::plan(command, &arguments.output),
        Command::Reproduce(command) => reproduce::reproduce(command, &arguments.output),
        Command::Binary(command) => binary::binary(command, &arguments.output),
        Command::Render(command) if command.dataset == Dataset::Binary => {
            render_binary::render(command, &arguments.output)
        }
        Command::Render(command) => render::render(command, &arguments.output),
        Command::Probe(command) => probe::probe(command, &arguments.output),
        Command::Sweep(command) => sweep::sweep(command, &arguments.output),
        Command::Export(command) => export::export(command, &arguments.output),
        Command::Verify(command) => verify::verify(command, &arguments.output),
        Command::Report(command) => report::report(command, &arguments.output),
        Command::Layers(command) => layers::layers(command, &arguments.output),
        Command::Compare(command) => compare::compare(command, &arguments.output),
        Command::Extract(command) => extract::extract(command, &arguments.output),
        Command::Bench(BenchCommand::Train(command)) => bench::train(command, &arguments.output),
        Command::Bench(BenchCommand::Extract(command)) => {
            bench::extract(command, &arguments.output)
        }
        Command::Bench(BenchCommand::Probe(command)) => {
            bench_probe::probe(command, &arguments.output)
        }
        Command::Presets => presets::presets(&arguments.output),
        Command::Config(ConfigCommand::Show(command)) => config::show(command),
        Command::Completions { shell } => completions::completions(*shell),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => exit::failure(&error, &arguments.output),
    }
}

/// Warns on standard error and in the log: after the last line of JSON, which is
/// `done`, there is none.
fn warn(text: &str, output: &Output) {
    tracing::warn!("{text}");
    if !output.quiet {
        say_aside(&format!("warning: {text}"));
    }
}

/// Prints a line to standard output. A reader that has left, such as `head`,
/// is no failure.
fn say(line: &impl Display) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a line to standard error; where that cannot be done, there is nobody to tell.
fn say_aside(line: &impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
