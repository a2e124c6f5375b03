use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use super::presets::or_study;
use crate::cli::arguments::{MessageFormat, Output, Run};
use crate::cli::terminal::exit::Usage;
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::{self, exit, stop, threads};
use crate::config::Config;
use crate::experiment::{self, Execution, Outcome, WhenHeld};
use crate::memory;

/// Runs an experiment to its end, or on from where it was.
pub fn run(command: &Run, output: &Output) -> anyhow::Result<ExitCode> {
    let config = Config::load(&command.preset_or_file, &command.overrides).map_err(or_study)?;
    threads::set(command.threads)?;
    let folder = command
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("runs").join(&config.name));
    let progress = Progress::new(output);
    let execution = execution(command)?;
    let outcome = experiment::run(&config, &folder, &execution, stop::flag()?, &progress)?;
    tell(&outcome, output)?;
    Ok(if outcome.not_converged > 0 {
        ExitCode::from(exit::NOT_CONVERGED)
    } else {
        ExitCode::SUCCESS
    })
}

fn execution(command: &Run) -> Result<Execution, Usage> {
    let usual = Execution::default();
    let seconds = command.snapshot_every;
    let snapshot_every = match seconds.map(Duration::try_from_secs_f64) {
        None => usual.snapshot_every,
        Some(Ok(every)) => every,
        Some(Err(_)) => {
            let problem = "give a number of seconds from 0 on";
            return Err(Usage(format!("--snapshot-every: {problem}")));
        }
    };
    Ok(Execution {
        limit: command.max_memory.unwrap_or(usual.limit),
        when_held: match command.wait {
            true => WhenHeld::Wait,
            false => WhenHeld::Stop,
        },
        snapshot_every,
        store: command.store.clone(),
    })
}

fn tell(outcome: &Outcome, output: &Output) -> anyhow::Result<()> {
    match output.message_format {
        MessageFormat::Json => terminal::say(&json!({
            "reason": "done",
            "results": outcome.results,
            "report": outcome.report,
            "not_converged": outcome.not_converged,
            "peak_rss_bytes": memory::peak(),
        }))?,
        MessageFormat::Human if output.quiet => {}
        MessageFormat::Human => {
            terminal::say(&outcome.table)?;
            terminal::say(&format!("results  {}", outcome.results.display()))?;
            terminal::say(&format!("report   {}", outcome.report.display()))?;
        }
    }
    if outcome.not_converged > 0 {
        let count = outcome.not_converged;
        let text = format!(
            "{count} probes did not converge; they are marked in the table and the figures (raise probes.max_iterations; where the status is separable, give penalties above 0)"
        );
        terminal::warn(&text, output);
    }
    Ok(())
}
