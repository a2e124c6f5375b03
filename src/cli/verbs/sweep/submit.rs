//! Array jobs for what is missing.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::{is_json, open};
use crate::cli::arguments::{Output, SweepSubmit};
use crate::cli::terminal::duration::duration;
use crate::cli::terminal::exit::Usage;
use crate::cli::terminal::{self, threads};
use crate::experiment::{Bench, ExperimentError, fits, kind};
use crate::memory::MemoryLimit;
use crate::sweep::slurm::{
    self, Plan, PlannedTask, Site, Slot, SlurmError, Span, Submission, Wishes, client, shell,
};
use crate::sweep::{self, Cell, CellState, Sweep, SweepFolder};

/// Packs what is missing into tasks and submits them, or shows what that
/// would be.
pub fn submit(command: &SweepSubmit, output: &Output) -> anyhow::Result<ExitCode> {
    let site = Site::load(command.site.as_deref())?;
    let limit = command.time_limit.unwrap_or_else(|| {
        let twice = command.task_time.seconds().saturating_mul(2);
        Span::new(twice.max(command.signal_before.seconds() + 60))
    });
    if limit <= command.signal_before {
        return Err(Usage(format!(
            "--time-limit {limit}: give more than --signal-before ({})",
            command.signal_before
        ))
        .into());
    }
    let (sweep, folder) = open(&command.at)?;
    let cells = missing(command, &site, &sweep, &folder, output)?;
    if cells.is_empty() {
        let nothing = "nothing to submit: all cells are done or in the queue";
        if is_json(output) {
            terminal::say(&json!({"reason": "plan", "cells": 0, "tasks": [], "message": nothing}))?;
        } else if !output.quiet {
            terminal::say(&nothing)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let plan = pack(command, cells);
    let long = |task: &&PlannedTask| task.seconds.is_some_and(|s| s > limit.seconds() as f64);
    let count = plan.tasks.iter().filter(long).count();
    if count > 0 {
        let text = format!(
            "{count} tasks may take longer than the time limit, {limit}: they save, wait in the \
             queue and go on, at most {} times",
            plan.requeues
        );
        terminal::warn(&text, output);
    }
    let job = Job {
        site: &site,
        name: &sweep.name,
        wishes: Wishes {
            time: limit,
            signal_before: command.signal_before,
            throttle: command.throttle,
            partition: command.partition.clone(),
            account: command.account.clone(),
            qos: command.qos.clone(),
            cpus: command.cpus,
            memory: command.memory,
            gpus: command.gpus,
        },
    };
    match command.dry_run {
        true => show(&job, &plan, &folder, output)?,
        false => send(&job, plan, &sweep, &folder, output)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What the scripts are made from, besides the plan.
struct Job<'a> {
    site: &'a Site,
    name: &'a str,
    wishes: Wishes,
}

impl Job<'_> {
    fn scripts(&self, plan: &Plan, submission: &Path) -> anyhow::Result<Vec<String>> {
        let program = std::env::current_exe()?;
        let submission = std::path::absolute(submission)?;
        Ok(slurm::scripts(
            self.site,
            self.name,
            plan,
            &self.wishes,
            &program,
            &submission,
        )?)
    }
}

/// The cells that are neither done nor in the queue, with their seconds.
fn missing(
    command: &SweepSubmit,
    site: &Site,
    sweep: &Sweep,
    folder: &SweepFolder,
    output: &Output,
) -> anyhow::Result<Vec<(String, Option<f64>)>> {
    let waiting = in_the_queue(folder)?;
    let mut bench = Bench::default();
    let bench = match command.cell_time {
        Some(_) => None,
        None => {
            // as many threads as a cell will have, if there are so many here
            let usual = site.usual(Slot::Cpus).and_then(|cpus| cpus.parse().ok());
            let cpus = command.cpus.or(usual).unwrap_or(1) as usize;
            let here = std::thread::available_parallelism().map_or(1, usize::from);
            let each = (cpus / command.workers as usize).clamp(1, here);
            threads::set(Some(each))?;
            Some(&mut bench)
        }
    };
    let plans = sweep::plan(sweep, folder, bench)?;
    let usual = || site.usual(Slot::Memory)?.parse().ok();
    let memory = command.memory.or_else(usual);
    let mut known = BTreeSet::new();
    let mut cells = Vec::new();
    let mut left_out = 0;
    for plan in &plans {
        if matches!(plan.state, CellState::Done { .. }) {
            continue;
        }
        if waiting.contains(&plan.cell.id) {
            left_out += 1;
            continue;
        }
        if let Some(memory) = memory.filter(|_| known.insert(kind(&plan.cell.config))) {
            has_room(plan.cell, memory, command.workers as usize)?;
        }
        let given = command.cell_time.map(|time| time.seconds() as f64);
        cells.push((plan.cell.id.clone(), given.or_else(|| plan.seconds_left())));
    }
    if left_out > 0 && !output.quiet && !is_json(output) {
        terminal::say_aside(&format!("{left_out} cells are in the queue already"));
    }
    Ok(cells)
}

/// Refuses a cell that could not be probed with its part of a task's memory.
fn has_room(cell: &Cell, memory: MemoryLimit, workers: usize) -> anyhow::Result<()> {
    let limit = MemoryLimit::new(slurm::memory_of_a_cell(memory.bytes(), workers));
    match fits(&cell.config, limit) {
        Err(ExperimentError::Memory(not_enough)) => Err(Usage(format!(
            "cell {}: {not_enough}; in a task, {workers} cells at a time share nine tenths of \
             --memory, which is {memory}",
            cell.id
        ))
        .into()),
        other => Ok(other?),
    }
}

/// The cells of tasks that are in the queue; none where there is no Slurm.
fn in_the_queue(folder: &SweepFolder) -> Result<BTreeSet<String>, SlurmError> {
    let mut cells = BTreeSet::new();
    for submission in Submission::all(folder)? {
        let queued = match client::queue(&submission.jobs()) {
            Err(SlurmError::NoSlurm { .. }) => return Ok(cells),
            queued => queued?,
        };
        let tasks = queued.iter().filter_map(|one| submission.task_of(one.task));
        let planned = tasks.filter_map(|task| submission.plan().tasks.get(task));
        cells.extend(planned.flat_map(|task| task.cells.iter().cloned()));
    }
    Ok(cells)
}

fn pack(command: &SweepSubmit, cells: Vec<(String, Option<f64>)>) -> Plan {
    let workers = command.workers as usize;
    let seconds: Vec<Option<f64>> = cells.iter().map(|(_, seconds)| *seconds).collect();
    let room = command.task_time.seconds() as f64 * workers as f64;
    let task = |indices: Vec<usize>| {
        let own = || indices.iter().filter_map(|cell| cells.get(*cell));
        PlannedTask {
            cells: own().map(|(id, _)| id.clone()).collect(),
            seconds: own().map(|(_, seconds)| *seconds).sum(),
        }
    };
    let most = || client::max_array().unwrap_or(client::USUAL_MAX_ARRAY);
    let array = command.max_array_size.map_or_else(most, |n| n as usize);
    Plan {
        tasks: slurm::pack(&seconds, room).into_iter().map(task).collect(),
        array: array.max(1),
        workers,
        retries: command.retries,
        requeues: command.requeues,
    }
}

/// Prints what would be done, and what Slurm, where it is here, says to it.
fn show(job: &Job<'_>, plan: &Plan, folder: &SweepFolder, output: &Output) -> anyhow::Result<()> {
    // the number comes when it is submitted
    let submission = folder.root().join("slurm").join("NEW");
    let scripts = job.scripts(plan, &submission)?;
    let mut refused = None;
    for (number, script) in scripts.iter().enumerate() {
        let path = std::path::absolute(submission.join(format!("array-{number}.sh")))?;
        let call = format!("sbatch --parsable {}", shell(&path.to_string_lossy()));
        let answer = match client::test(script) {
            Ok(answer) => Some(answer),
            Err(SlurmError::NoSlurm { .. }) => None,
            Err(error) => {
                let said = error.to_string();
                refused = refused.or(Some(error));
                Some(said)
            }
        };
        match is_json(output) {
            true => terminal::say(&json!({
                "reason": "array", "script": script, "call": call, "test": answer,
            }))?,
            false => {
                terminal::say(&format!("# {}\n{script}", path.display()))?;
                terminal::say(&format!("$ {call}"))?;
                if let Some(answer) = answer {
                    terminal::say(&format!("# {answer}"))?;
                }
                terminal::say(&"")?;
            }
        }
    }
    tell_plan(plan, None, output)?;
    match refused {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

fn send(
    job: &Job<'_>,
    plan: Plan,
    sweep: &Sweep,
    folder: &SweepFolder,
    output: &Output,
) -> anyhow::Result<()> {
    // refused before anything is written
    let draft = job.scripts(&plan, &folder.root().join("slurm").join("NEW"))?;
    for script in draft.iter().take(1) {
        client::test(script)?;
    }
    folder.prepare(sweep)?;
    let submission = Submission::create(folder, plan)?;
    let plan = submission.plan();
    for (number, script) in job.scripts(plan, submission.path())?.iter().enumerate() {
        let path = submission.script(number);
        layerprobe_durable::write(&path, script.as_bytes()).map_err(|source| SlurmError::Io {
            action: "write",
            path: path.clone(),
            source,
        })?;
        let id = client::submit(&path)?;
        submission.add_job(id)?;
        tracing::info!(job = id, script = %path.display(), "submitted an array");
        match is_json(output) {
            true => terminal::say(&json!({"reason": "submitted", "job": id, "script": path}))?,
            false => terminal::say(&format!("array job {id}: {}", path.display()))?,
        }
    }
    tell_plan(plan, Some(&submission), output)
}

fn tell_plan(plan: &Plan, submission: Option<&Submission>, output: &Output) -> anyhow::Result<()> {
    let cells: usize = plan.tasks.iter().map(|task| task.cells.len()).sum();
    let longest: Option<f64> = plan
        .tasks
        .iter()
        .map(|task| task.seconds)
        .try_fold(0.0, |longest, seconds| seconds.map(|s| s.max(longest)));
    if is_json(output) {
        terminal::say(&json!({
            "reason": "plan", "cells": cells, "tasks": plan.tasks,
            "arrays": plan.tasks.len().div_ceil(plan.array),
            "submission": submission.map(Submission::path),
        }))?;
        return Ok(());
    }
    let tasks = plan.tasks.len();
    let time = match (longest, plan.workers) {
        (None, _) => "of unknown time".to_owned(),
        (Some(seconds), 1) => format!("the fullest of about {}", duration(seconds)),
        (Some(seconds), workers) => format!(
            "the fullest of about {} over {workers} cells at a time",
            duration(seconds)
        ),
    };
    terminal::say(&format!("{cells} cells in {tasks} tasks, {time}"))?;
    Ok(())
}
