//! How the tasks of a sweep are: from their own notes first, then from Slurm's
//! queue where there is one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::is_json;
use crate::cli::arguments::Output;
use crate::cli::terminal;
use crate::sweep::SweepFolder;
use crate::sweep::slurm::Submission;
use crate::sweep::slurm::client::{self, Queued};

/// Tells of each task of a sweep's submissions that is not done; `done` are the
/// cells that are.
pub fn status(folder: &SweepFolder, done: &BTreeSet<&str>, output: &Output) -> anyhow::Result<()> {
    for submission in Submission::all(folder)? {
        let tasks = submission.plan().tasks.len();
        // the notes are enough to go by where Slurm is silent
        let queue = client::queue(&submission.jobs());
        if let Err(error) = &queue {
            tracing::warn!(%error, "the queue is not known");
        }
        let queue: Option<BTreeMap<usize, Queued>> = queue.ok().map(|queue| {
            let numbered = |one: Queued| Some((submission.task_of(one.task)?, one));
            queue.into_iter().filter_map(numbered).collect()
        });
        let mut counts = Counts::default();
        for task in 0..tasks {
            let at = queue.as_ref().map(|queue| queue.get(&task));
            let Some(line) = line_of(&submission, task, done, at, &mut counts) else {
                continue;
            };
            match is_json(output) {
                true => terminal::say(&json!({
                    "reason": "task", "submission": submission.path(), "task": task,
                    "state": at.flatten().map(|queued| &queued.state), "message": line,
                }))?,
                false => {
                    terminal::say(&format!("slurm/{} task {task}: {line}", submission.name()))?
                }
            }
        }
        if !is_json(output) {
            let Counts { done, queued, lost } = counts;
            let jobs: Vec<String> = submission.jobs().iter().map(u64::to_string).collect();
            let in_queue = match queue {
                Some(_) => format!("{queued} in the queue, {lost} neither"),
                None => "the queue is not known here".to_owned(),
            };
            terminal::say(&format!(
                "slurm/{} (array jobs {}): {done} of {tasks} tasks are done, {in_queue}{}",
                submission.name(),
                jobs.join(", "),
                match lost {
                    0 => "",
                    _ => "; submit again what is missing",
                }
            ))?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Counts {
    done: usize,
    queued: usize,
    lost: usize,
}

/// A task in words; nothing if all its cells are done. `at` is its place in the
/// queue, if the queue is known.
fn line_of(
    submission: &Submission,
    task: usize,
    done: &BTreeSet<&str>,
    at: Option<Option<&Queued>>,
    counts: &mut Counts,
) -> Option<String> {
    let cells = &submission.plan().tasks.get(task)?.cells;
    let is_done = |cell: &&String| done.contains(cell.as_str());
    let done = cells.iter().filter(is_done).count();
    if done == cells.len() {
        counts.done += 1;
        return None;
    }
    let record = submission.record(task);
    let place = match at {
        Some(Some(queued)) => {
            counts.queued += 1;
            match queued.reason.as_str() {
                "None" => queued.state.to_lowercase(),
                reason => format!("{} ({reason})", queued.state.to_lowercase()),
            }
        }
        Some(None) => {
            counts.lost += 1;
            "not in the queue".to_owned()
        }
        None => match &record {
            Some(record) if record.ended.is_empty() => "started".to_owned(),
            Some(_) => "stopped".to_owned(),
            None => "not started".to_owned(),
        },
    };
    let mut line = format!("{place}, {done} of {} cells done", cells.len());
    if let Some(record) = record {
        line += &format!(", started {} times", record.starts);
        if !record.node.is_empty() {
            line += &format!(", last on {}", record.node);
        }
        if !record.ended.is_empty() {
            line += &format!("; {}", record.ended);
        }
    }
    Some(line)
}
