//! Exit codes and the last words of a failed command.

use std::io::ErrorKind;
use std::process::ExitCode;

use layerprobe_probes::ProbeError;
use layerprobe_reports::ReportError;
use serde_json::json;

use super::unknown_option;
use crate::activations::extract::ExtractError;
use crate::cli::arguments::{MessageFormat, Output};
use crate::config::ConfigError;
pub use crate::exit_code::{INTERRUPTED, NOT_CONVERGED, USAGE};
use crate::experiment::ExperimentError;
use crate::experiment::compare::CompareError;
use crate::foreign::ForeignError;
use crate::reproduction::ReproductionError;
use crate::sweep::SweepError;
use crate::sweep::slurm::SlurmError;
use crate::training::CheckpointError;

/// Prints the chain of causes and picks the exit code.
pub fn failure(error: &anyhow::Error, output: &Output) -> ExitCode {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    let code = code(error);
    if let Some((message, because)) = chain.split_first() {
        tracing::error!(code, because = because.join("\n"), "{message}");
    }
    match output.message_format {
        MessageFormat::Human => {
            super::say_aside(&format!("error: {}", chain.join("\n  because: ")));
        }
        MessageFormat::Json => say_json(&chain.join(": ")),
    }
    ExitCode::from(code)
}

/// Prints the help or version that was asked for, or why the arguments are refused.
pub fn unread(mut error: clap::Error) -> ExitCode {
    // help goes to stdout, mistakes to stderr
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<_> = std::env::args_os().collect();
    unknown_option::advise(&mut error, &arguments);
    let wants_json = arguments.iter().any(|a| a == "--message-format=json")
        || arguments
            .windows(2)
            .any(|pair| pair == ["--message-format", "json"]);
    match wants_json {
        true => {
            let text = error.render().to_string();
            say_json(text.strip_prefix("error: ").unwrap_or(&text).trim_end());
        }
        false => {
            let _ = error.print();
        }
    }
    ExitCode::from(USAGE)
}

/// Where nobody reads it, the exit code tells all the same.
fn say_json(message: &str) {
    let _ = super::say(&json!({"reason": "error", "message": message}));
}

fn code(error: &anyhow::Error) -> u8 {
    if error.is::<ConfigError>() || error.is::<Usage>() {
        return USAGE;
    }
    if let Some(compare) = error.downcast_ref() {
        return code_of_compare(compare);
    }
    if let Some(reproduction) = error.downcast_ref::<ReproductionError>() {
        return match reproduction {
            e if e.is_interruption() => INTERRUPTED,
            e if e.is_usage() => USAGE,
            ReproductionError::Experiment { source, .. } => code_of_experiment(source),
            _ => 1,
        };
    }
    if let Some(sweep) = error.downcast_ref::<SweepError>() {
        return match sweep {
            SweepError::Experiment(error) => code_of_experiment(error),
            error if error.is_usage() => USAGE,
            _ => 1,
        };
    }
    if let Some(slurm) = error.downcast_ref::<SlurmError>() {
        return if slurm.is_usage() { USAGE } else { 1 };
    }
    if let Some(foreign) = error.downcast_ref() {
        return code_of_foreign(foreign);
    }
    if let Some(ReportError::Read { source, .. }) = error.downcast_ref() {
        return match source.kind() {
            ErrorKind::NotFound => USAGE,
            _ => 1,
        };
    }
    if let Some(extract) = error.downcast_ref::<ExtractError>() {
        return match extract {
            ExtractError::Stopped { .. } => INTERRUPTED,
            ExtractError::Read { source, .. } if source.kind() == ErrorKind::NotFound => USAGE,
            ExtractError::Read { .. } | ExtractError::Write { .. } => 1,
            ExtractError::Weights(CheckpointError::Read { .. } | CheckpointError::Write { .. }) => {
                1
            }
            _ => USAGE,
        };
    }
    if let Some(
        ProbeError::Penalty { .. }
        | ProbeError::NoPenalty
        | ProbeError::Tolerance { .. }
        | ProbeError::ZeroCount { .. },
    ) = error.downcast_ref()
    {
        return USAGE;
    }
    error.downcast_ref().map_or(1, code_of_experiment)
}

fn code_of_compare(error: &CompareError) -> u8 {
    match error {
        CompareError::Experiment(error) => code_of_experiment(error),
        CompareError::Foreign(error) => code_of_foreign(error),
        CompareError::Stopped => INTERRUPTED,
        error if error.is_usage() => USAGE,
        _ => 1,
    }
}

fn code_of_foreign(error: &ForeignError) -> u8 {
    match error {
        ForeignError::Read { source, .. } if source.kind() == ErrorKind::NotFound => USAGE,
        ForeignError::Read { .. } | ForeignError::Disk { .. } => 1,
        _ => USAGE,
    }
}

fn code_of_experiment(error: &ExperimentError) -> u8 {
    match error {
        e if e.is_interruption() => INTERRUPTED,
        ExperimentError::Compare(error) => code_of_compare(error),
        ExperimentError::Config(_)
        | ExperimentError::Plan(_)
        | ExperimentError::ProbeParams(_)
        | ExperimentError::Memory(_)
        | ExperimentError::Generator(_)
        | ExperimentError::AnotherConfig { .. }
        | ExperimentError::NotARun { .. }
        | ExperimentError::InARun { .. }
        | ExperimentError::NotAStore { .. }
        | ExperimentError::OfBits { .. }
        | ExperimentError::OfImages { .. }
        | ExperimentError::NoRun { .. } => USAGE,
        _ => 1,
    }
}

/// A mistake in the arguments that clap cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);
