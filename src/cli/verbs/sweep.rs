mod queue;
mod submit;
mod task;

use std::collections::BTreeSet;
use std::process::ExitCode;

use serde_json::json;

use crate::cli::arguments::{
    MessageFormat, Output, SweepAt, SweepCollect, SweepCommand, SweepPlan, SweepRun,
};
use crate::cli::terminal::duration::duration;
use crate::cli::terminal::exit::{self, Usage};
use crate::cli::terminal::{self, stop, threads};
use crate::experiment::{Bench, Standing};
use crate::memory::{Bytes, MemoryLimit};
use crate::sweep::slurm::USUAL_SITE;
use crate::sweep::{self, Basis, CellPlan, CellState, Ended, Sweep, SweepFolder, Told, Workers};

/// Runs one of the verbs of sweeps.
pub fn sweep(command: &SweepCommand, output: &Output) -> anyhow::Result<ExitCode> {
    match command {
        SweepCommand::Plan(command) => plan(command, output),
        SweepCommand::Run(command) => run(command, output),
        SweepCommand::Status(at) => status(at, output),
        SweepCommand::Collect(command) => collect(command, output),
        SweepCommand::Export(command) => super::export::of_sweep(command, output),
        SweepCommand::Submit(command) => submit::submit(command, output),
        SweepCommand::Site => {
            terminal::say(&USUAL_SITE.trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        SweepCommand::Task(command) => task::task(command, output),
    }
}

/// A checked sweep file, and the sweep's folder.
pub fn open(at: &SweepAt) -> anyhow::Result<(Sweep, SweepFolder)> {
    let sweep = Sweep::load(&at.file)?;
    let usual = || std::path::Path::new("sweeps").join(&sweep.name);
    let folder = SweepFolder::new(at.out.clone().unwrap_or_else(usual));
    Ok((sweep, folder))
}

fn is_json(output: &Output) -> bool {
    output.message_format == MessageFormat::Json
}

fn plan(command: &SweepPlan, output: &Output) -> anyhow::Result<ExitCode> {
    let (sweep, folder) = open(&command.at)?;
    threads::set(command.threads)?;
    let mut bench = Bench::default();
    let bench = (!command.no_bench).then_some(&mut bench);
    let plans = sweep::plan(&sweep, &folder, bench)?;
    for plan in &plans {
        match is_json(output) {
            true => terminal::say(&json!({
                "reason": "cell", "cell": plan.cell.id, "state": word(&plan.state),
                "conditions": plan.counts.conditions, "steps": plan.counts.steps,
                "layers": plan.counts.layers, "bytes": plan.bytes,
                "seconds": plan.seconds.map(|(seconds, _)| seconds),
                "from": plan.seconds.map(|(_, basis)| basis_word(basis)),
            }))?,
            false => terminal::say(&line_of(plan))?,
        }
    }
    if !is_json(output) {
        terminal::say(&sum_of(&plans))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn line_of(plan: &CellPlan<'_>) -> String {
    let time = plan.seconds.map_or_else(
        || "unknown time".to_owned(),
        |(seconds, basis)| format!("{} ({})", duration(seconds), basis_word(basis)),
    );
    format!(
        "{}  {}: {} conditions, {} steps, {} layers to probe, {time}, {}",
        plan.cell.id,
        word(&plan.state),
        plan.counts.conditions,
        plan.counts.steps,
        plan.counts.layers,
        Bytes(plan.bytes)
    )
}

fn sum_of(plans: &[CellPlan<'_>]) -> String {
    let left = || {
        plans
            .iter()
            .filter(|p| !matches!(p.state, CellState::Done { .. }))
    };
    let seconds: Option<f64> = left().map(|plan| plan.seconds.map(|(s, _)| s)).sum();
    let is_part = |plan: &CellPlan<'_>| matches!(plan.seconds, Some((_, Basis::BenchOfPart)));
    let about = match left().any(is_part) {
        true => "more than",
        false => "about",
    };
    format!(
        "{} cells, {} to do: {} one after another on {} threads, {} on disk in all",
        plans.len(),
        left().count(),
        seconds.map_or_else(
            || "unknown time".to_owned(),
            |s| format!("{about} {}", duration(s))
        ),
        rayon::current_num_threads(),
        Bytes(plans.iter().map(|plan| plan.bytes).sum())
    )
}

fn basis_word(basis: Basis) -> &'static str {
    match basis {
        Basis::Itself => "measured",
        Basis::Finished => "from cells that are done",
        Basis::Bench => "from a bench",
        Basis::BenchOfPart => "from a bench, without all it does",
    }
}

fn word(state: &CellState) -> &'static str {
    match state {
        CellState::Done { .. } => "done",
        CellState::Held(..) => "running",
        CellState::Failed(..) => "failed",
        CellState::Waiting(standing) if standing.begun => "begun",
        CellState::Waiting(_) => "not begun",
    }
}

fn run(command: &SweepRun, output: &Output) -> anyhow::Result<ExitCode> {
    let (sweep, folder) = open(&command.at)?;
    let SweepRun {
        workers, retries, ..
    } = *command;
    if !(1..=1024).contains(&workers) {
        return Err(Usage(format!("--workers {workers}: give a number from 1 to 1024")).into());
    }
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = command.threads.unwrap_or_else(cores);
    if !(1..=1024).contains(&threads) {
        return Err(Usage(format!("--threads {threads}: give a number from 1 to 1024")).into());
    }
    let limit = command
        .max_memory
        .unwrap_or_else(MemoryLimit::of_this_machine);
    let each = limit.bytes() / workers as u64;
    let run = Workers {
        program: std::env::current_exe()?,
        workers,
        threads: (threads / workers).max(1),
        max_memory: (limit < MemoryLimit::NONE).then(|| format!("{}K", (each >> 10).max(1))),
        retries,
        log_file: output.log_file.clone(),
        store: command.store.in_use(|| folder.store()),
    };
    let stop = stop::flag()?;
    folder.prepare(&sweep)?;
    let ended = run.run(&sweep.cells, &folder, stop, |told| tell(&told, output))?;
    tell_end(&ended, sweep.cells.len(), output)?;
    Ok(code_of(&ended))
}

fn code_of(ended: &Ended) -> ExitCode {
    match ended {
        ended if ended.interrupted => ExitCode::from(exit::INTERRUPTED),
        ended if !ended.failures.is_empty() => ExitCode::FAILURE,
        ended if ended.not_converged > 0 => ExitCode::from(exit::NOT_CONVERGED),
        _ => ExitCode::SUCCESS,
    }
}

/// A line for what happens; a reader that has left must not stop the sweep.
fn tell(told: &Told<'_>, output: &Output) {
    let (kind, cell, text) = match told {
        Told::Held(cell, holder) => (
            "held",
            Some(cell),
            format!("is held by {holder}; it comes later"),
        ),
        Told::Started { cell, running } => (
            "started",
            Some(cell),
            format!("begins ({running} under way)"),
        ),
        Told::Done {
            cell,
            seconds,
            done,
            all,
        } => (
            "done",
            Some(cell),
            format!("done in {} ({done} of {all})", duration(*seconds)),
        ),
        Told::Again { cell, how } => (
            "again",
            Some(cell),
            format!("failed ({how}) and comes again"),
        ),
        Told::Failed { cell, how } => ("failed", Some(cell), format!("failed ({how})")),
        Told::Stopping { running } => (
            "stopping",
            None,
            format!("stopping: {running} cells finish their step and save"),
        ),
    };
    let id = cell.map(|cell| cell.id.as_str()).unwrap_or_default();
    match told {
        Told::Failed { .. } => tracing::error!(cell = id, "{text}"),
        Told::Again { .. } => tracing::warn!(cell = id, "{text}"),
        _ => tracing::info!(cell = id, "{text}"),
    }
    if is_json(output) {
        drop(terminal::say(
            &json!({"reason": kind, "cell": id, "message": text}),
        ));
    } else if !output.quiet {
        terminal::say_aside(&format!("{id} {text}").trim_start());
    }
}

fn tell_end(ended: &Ended, all: usize, output: &Output) -> std::io::Result<()> {
    if is_json(output) {
        let failures: Vec<_> = ended
            .failures
            .iter()
            .map(|failure| {
                json!({
                    "cell": failure.cell, "how": failure.how, "log": failure.log,
                    "last_lines": failure.last_lines,
                })
            })
            .collect();
        return terminal::say(&json!({
            "reason": "end", "done": ended.done, "cells": all,
            "not_converged": ended.not_converged, "interrupted": ended.interrupted,
            "failures": failures,
        }));
    }
    for failure in &ended.failures {
        terminal::say_aside(&format!(
            "failed: {} ({}); its log ends so:",
            failure.cell, failure.how
        ));
        for line in &failure.last_lines {
            terminal::say_aside(&format!("    {line}"));
        }
        terminal::say_aside(&format!("  all of it: {}", failure.log.display()));
    }
    if ended.not_converged > 0 {
        let count = ended.not_converged;
        let text = format!("in {count} cells a probe did not converge; see their reports");
        terminal::warn(&text, output);
    }
    if ended.interrupted {
        terminal::say_aside(&"interrupted; run it again to go on from there");
    }
    match output.quiet {
        true => Ok(()),
        false => terminal::say(&format!("{} of {all} cells are done", ended.done)),
    }
}

fn status(at: &SweepAt, output: &Output) -> anyhow::Result<ExitCode> {
    let (sweep, folder) = open(at)?;
    let mut done = BTreeSet::new();
    for cell in &sweep.cells {
        let state = folder.state(cell)?;
        if matches!(state, CellState::Done { .. }) {
            done.insert(cell.id.as_str());
        }
        let progress = |standing: &Standing| {
            format!(
                "{} networks trained, {} layers probed",
                standing.trained, standing.probed
            )
        };
        let more = match &state {
            CellState::Done { seconds } => duration(seconds.values().sum()),
            CellState::Held(holder, standing) => format!("{}, by {holder}", progress(standing)),
            CellState::Failed(attempts, standing) => format!(
                "{}, {} after {} attempts, see {}",
                progress(standing),
                attempts.last,
                attempts.attempts,
                folder.log(cell).display()
            ),
            CellState::Waiting(standing) => progress(standing),
        };
        match is_json(output) {
            true => terminal::say(&json!({
                "reason": "cell", "cell": cell.id, "state": word(&state), "message": more,
                "folder": folder.cell(cell),
            }))?,
            false => terminal::say(&format!("{}  {}: {more}", cell.id, word(&state)))?,
        }
    }
    queue::status(&folder, &done, output)?;
    let (done, all) = (done.len(), sweep.cells.len());
    match is_json(output) {
        true => terminal::say(&json!({"reason": "done", "done": done, "cells": all}))?,
        false => terminal::say(&format!("{done} of {all} cells are done"))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn collect(command: &SweepCollect, output: &Output) -> anyhow::Result<ExitCode> {
    let (sweep, folder) = open(&command.at)?;
    let collected = sweep::collect(&sweep, &folder, command.partial)?;
    if !collected.missing.is_empty() {
        tracing::warn!("not done: {}", collected.missing.join(", "));
    }
    if is_json(output) {
        terminal::say(&json!({
            "reason": "done", "cells": collected.cells, "missing": collected.missing,
            "rows": collected.rows, "results": collected.results, "report": collected.report,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if !output.quiet {
        if !collected.missing.is_empty() {
            let missing = collected.missing.join(", ");
            terminal::say_aside(&format!("warning: not done: {missing}"));
        }
        let rows = collected.rows;
        terminal::say(&format!(
            "results  {} ({rows} rows)",
            collected.results.display()
        ))?;
        terminal::say(&format!("report   {}", collected.report.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}
