//! One file per verb.

mod bench;
mod binary;
mod compare;
mod completions;
mod config;
mod export;
mod extract;
mod layers;
mod plan;
mod presets;
mod probe;
mod render;
mod report;
mod reproduce;
mod run;
mod sweep;
mod verify;

use std::process::ExitCode;

use super::arguments::{Command, ConfigCommand, Output};

/// Does what the command line asks for.
pub fn run(command: &Command, output: &Output) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(command) => run::run(command, output),
        Command::Plan(command) => plan::plan(command, output),
        Command::Reproduce(command) => reproduce::reproduce(command, output),
        Command::Binary(command) => binary::binary(command, output),
        Command::Render(command) => render::render(command, output),
        Command::Probe(command) => probe::probe(command, output),
        Command::Sweep(command) => sweep::sweep(command, output),
        Command::Export(command) => export::export(command, output),
        Command::Verify(command) => verify::verify(command, output),
        Command::Report(command) => report::report(command, output),
        Command::Layers(command) => layers::layers(command, output),
        Command::Compare(command) => compare::compare(command, output),
        Command::Extract(command) => extract::extract(command, output),
        Command::Bench(command) => bench::bench(command, output),
        Command::Presets => presets::presets(output),
        Command::Config(ConfigCommand::Show(command)) => config::show(command),
        Command::Completions { shell } => completions::completions(*shell),
    }
}
