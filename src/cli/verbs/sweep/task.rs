//! One task of a submission.

use std::process::ExitCode;

use serde_json::json;

use super::{code_of, is_json, tell, tell_end};
use crate::cli::arguments::{Output, SweepTask};
use crate::cli::terminal::{self, stop};
use crate::memory::MemoryLimit;
use crate::sweep::Workers;
use crate::sweep::slurm::{Share, Start, Submission, memory_of_a_cell};

/// Runs a task's cells; asked to stop, puts it back into the queue.
pub fn task(command: &SweepTask, output: &Output) -> anyhow::Result<ExitCode> {
    // first of all: a signal must not end the program in between
    let stop = stop::flag()?;
    let submission = Submission::open(&command.submission)?;
    let plan = submission.plan();
    let start = Start::begin(&submission, command.task)?;
    let share = Share::of_this_process();
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let free = || {
        let here = MemoryLimit::of_this_machine();
        (here < MemoryLimit::NONE).then(|| here.bytes() / plan.workers.max(1) as u64)
    };
    let given = share.memory;
    let each = given.map(|bytes| memory_of_a_cell(bytes, plan.workers));
    let workers = Workers {
        program: std::env::current_exe()?,
        workers: plan.workers,
        threads: (share.cpus.unwrap_or_else(cores) / plan.workers.max(1)).max(1),
        max_memory: each
            .or_else(free)
            .map(|bytes| format!("{}K", (bytes >> 10).max(1))),
        retries: plan.retries,
        log_file: output.log_file.clone(),
        store: Some(start.folder().store()),
    };
    let ended = workers.run(start.cells(), start.folder(), stop, |told| {
        tell(&told, output);
    })?;
    let cells = start.cells().len();
    // kept before anything is told, which may fail
    let said = start.end(&ended)?;
    tell_end(&ended, cells, output)?;
    match is_json(output) {
        true => terminal::say(&json!({
            "reason": "task", "task": command.task, "message": said,
        }))?,
        false => terminal::say_aside(&format!("task {}: {said}", command.task)),
    }
    Ok(code_of(&ended))
}
