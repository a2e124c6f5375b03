use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::presets::or_study;
use crate::cli::arguments::{Binary, MessageFormat, Output};
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::{self, exit, stop, threads};
use crate::config::BinaryConfig;
use crate::experiment::{self, BinaryOutcome, XorExample};

/// Runs the binary-features experiment to its end, or on from where it was.
pub fn binary(command: &Binary, output: &Output) -> anyhow::Result<ExitCode> {
    let Some(preset_or_file) = &command.preset_or_file else {
        show(&experiment::xor_example()?, output)?;
        return Ok(ExitCode::SUCCESS);
    };
    let config = BinaryConfig::load(preset_or_file, &command.overrides).map_err(or_study)?;
    threads::set(command.threads)?;
    let folder = command
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("runs").join(&config.name));
    let progress = Progress::new(output);
    let outcome = experiment::run_binary(&config, &folder, stop::flag()?, &progress)?;
    tell(&outcome, output)?;
    Ok(match outcome.not_converged {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(exit::NOT_CONVERGED),
    })
}

fn tell(outcome: &BinaryOutcome, output: &Output) -> anyhow::Result<()> {
    match output.message_format {
        MessageFormat::Json => terminal::say(&json!({
            "reason": "done",
            "results": outcome.results,
            "figures": outcome.figures,
            "not_converged": outcome.not_converged,
        }))?,
        MessageFormat::Human if output.quiet => {}
        MessageFormat::Human => {
            terminal::say(&outcome.table)?;
            terminal::say(&format!("results  {}", outcome.results.display()))?;
            for figure in &outcome.figures {
                terminal::say(&format!("figure   {}", figure.display()))?;
            }
        }
    }
    if outcome.not_converged > 0 {
        let count = outcome.not_converged;
        let text = format!("{count} probes did not converge; they are marked in the table");
        terminal::warn(&text, output);
    }
    Ok(())
}

/// Both solutions with what their units say and how far apart inputs are.
fn show(example: &XorExample, output: &Output) -> std::io::Result<()> {
    if output.message_format == MessageFormat::Json {
        let solutions = example.solutions.iter().map(|solution| {
            json!({
                "name": solution.name, "hidden": solution.hidden, "output": solution.output,
                "distances": solution.rdm.distances(),
            })
        });
        return terminal::say(&json!({
            "reason": "done", "solutions": solutions.collect::<Vec<_>>(),
            "correlation": example.correlation,
        }));
    }
    for solution in &example.solutions {
        terminal::say(&format!("hidden units: {}", solution.name))?;
        terminal::say(&"input   hidden   output")?;
        let rows = ["00", "01", "10", "11"].into_iter().zip(solution.hidden);
        for ((input, [first, second]), said) in rows.zip(solution.output) {
            terminal::say(&format!("{input}      {first} {second}      {said}"))?;
        }
        let distances = solution.rdm.distances().iter();
        let distances: Vec<String> = distances.map(|d| format!("{d:.3}")).collect();
        terminal::say(&format!(
            "distances of the pairs  {}\n",
            distances.join(" ")
        ))?;
    }
    terminal::say(&format!(
        "correlation of the distances  {:.3}",
        example.correlation
    ))
}
