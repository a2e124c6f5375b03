//! A task of a submission: its share of the machine, its start and its end.

use std::env;

use super::client::{self, ArrayTask, Queued};
use super::error::SlurmError;
use super::mark::Marks;
use super::requeue::{Asked, decide};
use super::submission::{Submission, TaskRecord};
use crate::sweep::{Cell, Ended, SweepError, SweepFolder};

/// What Slurm gave this task, where it says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Processors.
    pub cpus: Option<usize>,
    /// Bytes of memory.
    pub memory: Option<u64>,
}

impl Share {
    /// That of this process.
    pub fn of_this_process() -> Self {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name: &str| variable(name)?.parse::<u64>().ok().filter(|n| *n > 0);
        let cpus = number("SLURM_CPUS_PER_TASK").or_else(|| number("SLURM_CPUS_ON_NODE"));
        // in MiB; 0 is all that the node has
        let per_cpu = || number("SLURM_MEM_PER_CPU")?.checked_mul(cpus?);
        let memory = number("SLURM_MEM_PER_NODE").or_else(per_cpu);
        Self {
            cpus: cpus.and_then(|n| usize::try_from(n).ok()),
            memory: memory.and_then(|mebibytes| mebibytes.checked_mul(1 << 20)),
        }
    }
}

/// What a cell may take of a task's memory, beside others: a tenth is left to
/// the task itself.
pub fn memory_of_a_cell(bytes: u64, workers: usize) -> u64 {
    bytes / 10 * 9 / workers.max(1) as u64
}

/// A task that was started.
#[derive(Debug)]
pub struct Start<'a> {
    submission: &'a Submission,
    task: usize,
    cells: Vec<Cell>,
    folder: SweepFolder,
    record: TaskRecord,
    element: Option<(ArrayTask, u32)>,
}

impl<'a> Start<'a> {
    /// Takes note that a task starts here, and how far its cells are.
    ///
    /// # Errors
    /// If there is no such task, or its files cannot be read or written.
    pub fn begin(submission: &'a Submission, task: usize) -> Result<Self, SweepError> {
        let cells = submission.cells(task)?;
        let folder = submission.sweep();
        let mut record = submission.record(task).unwrap_or_default();
        record.starts += 1;
        record.node = env::var("SLURMD_NODENAME").unwrap_or_default();
        record.at_start = Marks::now(&cells, &folder)?;
        record.ended = String::new();
        submission.keep_record(task, &record)?;
        let element = Queued::this_process();
        tracing::info!(
            task,
            job = element.map(|(task, _)| task.to_string()),
            starts = record.starts,
            requeues = record.requeues,
            node = record.node,
            "a task starts"
        );
        Ok(Self {
            submission,
            task,
            cells,
            folder,
            record,
            element,
        })
    }

    /// The task's cells.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The sweep's folder.
    pub fn folder(&self) -> &SweepFolder {
        &self.folder
    }

    /// Takes note of how it ended, and puts the task back into the queue where
    /// it was asked to stop and may go on later. Returns what is to be said
    /// of it.
    ///
    /// # Errors
    /// Of the file system. That it is not put back is no error.
    pub fn end(mut self, ended: &Ended) -> Result<String, SweepError> {
        if ended.interrupted {
            return self.stopped();
        }
        let text = match ended.failures.len() {
            0 => "done".to_owned(),
            n => format!("{n} cells failed"),
        };
        self.keep(&text)?;
        Ok(text)
    }

    fn stopped(&mut self) -> Result<String, SweepError> {
        let Some((element, restarts)) = self.element else {
            let text = "asked to stop; the same command goes on".to_owned();
            self.keep(&text)?;
            return Ok(text);
        };
        let job = client::job(element);
        if let Err(error) = &job {
            tracing::warn!(%error, "Slurm does not say how the job is");
        }
        let job = job.ok();
        let cause = match job.as_ref().is_some_and(|job| job.preempted) {
            true => "to make room for another job",
            false => "near its time limit",
        };
        let decision = decide(&Asked {
            job,
            restarts,
            progressed: Marks::now(&self.cells, &self.folder)?.is_past(&self.record.at_start),
            requeues: self.record.requeues,
            cap: self.submission.plan().requeues,
        });
        if let Err(stay) = decision {
            let text = format!("asked to stop, not put back into the queue: {stay}");
            self.keep(&text)?;
            return Ok(text);
        }
        // Slurm ends this process once it is put back: the note comes first
        self.record.requeues += 1;
        let text = format!("put back into the queue {cause}");
        self.keep(&text)?;
        if let Err(error) = client::requeue(element) {
            let said = match &error {
                SlurmError::Refused { said, .. } => said.clone(),
                error => error.to_string(),
            };
            // Slurm ends the processes of a job that it puts back, and may end the
            // one that asked for it before it has its answer
            let is_refused = match client::job(element) {
                Ok(job) => job.state == "RUNNING" && job.restarts == restarts,
                Err(_) => !said.is_empty(),
            };
            if is_refused {
                self.record.requeues -= 1;
                let text = format!("asked to stop, not put back into the queue: {said}");
                self.keep(&text)?;
                return Ok(text);
            }
        }
        Ok(text)
    }

    /// Takes note of an end, unless the task was started again meanwhile.
    fn keep(&mut self, text: &str) -> Result<(), SlurmError> {
        tracing::info!(task = self.task, requeues = self.record.requeues, "{text}");
        self.record.ended = text.to_owned();
        let newest = self.submission.record(self.task);
        match newest.is_some_and(|newest| newest.starts > self.record.starts) {
            true => Ok(()),
            false => self.submission.keep_record(self.task, &self.record),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(variables: &[(&str, &str)]) -> Share {
        Share::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_task_takes_what_slurm_gave_it() {
        assert_eq!(share(&[]), Share::default());
        let whole = share(&[
            ("SLURM_CPUS_PER_TASK", "4"),
            ("SLURM_CPUS_ON_NODE", "8"),
            ("SLURM_MEM_PER_NODE", "8192"),
        ]);
        assert_eq!((whole.cpus, whole.memory), (Some(4), Some(8 << 30)));
        let by_cpu = share(&[("SLURM_CPUS_ON_NODE", "2"), ("SLURM_MEM_PER_CPU", "500")]);
        assert_eq!((by_cpu.cpus, by_cpu.memory), (Some(2), Some(1000 << 20)));
        let all = share(&[("SLURM_CPUS_ON_NODE", "2"), ("SLURM_MEM_PER_NODE", "0")]);
        assert_eq!(all.memory, None);
    }
}
