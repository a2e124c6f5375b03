//! A submission: which cells are whose task, and what became of the tasks. It
//! lies in `slurm/NNNN` of the sweep's folder:
//!
//! ```text
//! plan.json        the tasks with their cells
//! array-0.sh       the script of each array
//! jobs.json        the arrays' job numbers
//! tasks/N.json     what task N says of itself
//! logs/JOB_N.log   what it printed
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::client::ArrayTask;
use super::error::SlurmError;
use super::mark::Marks;
use crate::config::Config;
use crate::sweep::{Cell, SweepError, SweepFolder};

/// What a submission is to do. It is not changed once it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The tasks, in the order of their numbers.
    pub tasks: Vec<PlannedTask>,
    /// Tasks of an array: task N is element N mod this of array N div this.
    pub array: usize,
    /// Cells at a time in a task.
    pub workers: usize,
    /// How often a cell that failed is tried again.
    pub retries: u32,
    /// How often a task may put itself back into the queue.
    pub requeues: u32,
}

/// The cells of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// Their names, in the order they are run.
    pub cells: Vec<String>,
    /// Seconds they take one after another, about; none where that is unknown.
    pub seconds: Option<f64>,
}

/// What a task says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskRecord {
    /// How often it was started.
    pub starts: u32,
    /// How often it put itself back into the queue.
    pub requeues: u32,
    /// The node it was started on last.
    pub node: String,
    /// How far its cells were at its last start.
    pub at_start: Marks,
    /// How the last start ended; empty while it has not.
    pub ended: String,
}

/// A submission in its folder.
#[derive(Clone, Debug)]
pub struct Submission {
    path: PathBuf,
    plan: Plan,
}

/// The arrays' job numbers.
#[derive(Default, Serialize, Deserialize)]
struct Jobs {
    jobs: Vec<u64>,
}

impl Submission {
    /// Makes the folder for a new submission.
    ///
    /// # Errors
    /// Of the file system.
    pub fn create(folder: &SweepFolder, plan: Plan) -> Result<Self, SlurmError> {
        let all = folder.root().join("slurm");
        let failed = SlurmError::io("make", &all);
        fs::create_dir_all(&all).map_err(failed)?;
        let mut number = numbers(&all)?.last().map_or(1, |last| last + 1);
        let path = loop {
            let path = all.join(format!("{number:04}"));
            match fs::create_dir(&path) {
                Ok(()) => break path,
                // someone else submits now
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(e) => return Err(SlurmError::io("make", &path)(e)),
            }
        };
        let logs = path.join("logs");
        fs::create_dir(&logs).map_err(SlurmError::io("make", &logs))?;
        write_json(&path.join("plan.json"), &plan)?;
        Ok(Self { path, plan })
    }

    /// Opens a submission.
    ///
    /// # Errors
    /// If there is none, or its plan is none.
    pub fn open(path: &Path) -> Result<Self, SlurmError> {
        let file = path.join("plan.json");
        let wrong = |problem: String| SlurmError::Plan {
            path: file.clone(),
            problem,
        };
        let bytes = fs::read(&file).map_err(|e| wrong(e.to_string()))?;
        let plan: Plan = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
        let cells = plan.tasks.iter().flat_map(|task| &task.cells);
        let is_name = |cell: &str| !cell.is_empty() && !cell.starts_with('.') && is_plain(cell);
        if let Some(cell) = cells.into_iter().find(|cell| !is_name(cell)) {
            return Err(wrong(format!("`{cell}` names no cell")));
        }
        if plan.tasks.is_empty() || plan.array == 0 {
            return Err(wrong("it has no tasks".to_owned()));
        }
        Ok(Self {
            path: path.to_owned(),
            plan,
        })
    }

    /// The submissions of a sweep, the oldest first. One that is not whole,
    /// since it was being written, is passed by.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub fn all(folder: &SweepFolder) -> Result<Vec<Self>, SlurmError> {
        let all = folder.root().join("slurm");
        let paths = numbers(&all)?
            .into_iter()
            .map(|n| all.join(format!("{n:04}")));
        Ok(paths.filter_map(|path| Self::open(&path).ok()).collect())
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its number, as text.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// What it is to do.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The sweep's folder.
    pub fn sweep(&self) -> SweepFolder {
        let slurm = self.path.parent().unwrap_or(Path::new(""));
        SweepFolder::new(slurm.parent().unwrap_or(Path::new("")))
    }

    /// Where an array's script lies.
    pub fn script(&self, array: usize) -> PathBuf {
        self.path.join(format!("array-{array}.sh"))
    }

    /// The arrays' job numbers, as far as they were submitted.
    pub fn jobs(&self) -> Vec<u64> {
        let jobs: Option<Jobs> = read_json(&self.path.join("jobs.json"));
        jobs.unwrap_or_default().jobs
    }

    /// Keeps the job number of the next array.
    ///
    /// # Errors
    /// Of the file system.
    pub fn add_job(&self, job: u64) -> Result<(), SlurmError> {
        let mut jobs = self.jobs();
        jobs.push(job);
        write_json(&self.path.join("jobs.json"), &Jobs { jobs })
    }

    /// The number of the task that is an element of one of its arrays.
    pub fn task_of(&self, element: ArrayTask) -> Option<usize> {
        let array = self.jobs().iter().position(|job| *job == element.job)?;
        let task = array * self.plan.array + element.index;
        (task < self.plan.tasks.len()).then_some(task)
    }

    /// The cells of a task, each with the configuration that lies in its
    /// folder.
    ///
    /// # Errors
    /// If there is no such task, or a configuration cannot be read.
    pub fn cells(&self, task: usize) -> Result<Vec<Cell>, SweepError> {
        let planned = self.planned(task)?;
        let root = self.sweep().root().join("cells");
        let cell = |id: &String| {
            let config = root.join(id).join("config.toml");
            let config = Config::load(&config.to_string_lossy(), &[]);
            config.map(|config| Cell {
                id: id.clone(),
                values: Vec::new(),
                config,
            })
        };
        let cells = planned.cells.iter().map(|id| {
            cell(id).map_err(|source| SweepError::Cell {
                cell: id.clone(),
                values: "as submitted".to_owned(),
                source,
            })
        });
        cells.collect()
    }

    fn planned(&self, task: usize) -> Result<&PlannedTask, SlurmError> {
        self.plan.tasks.get(task).ok_or_else(|| SlurmError::NoTask {
            task,
            path: self.path.clone(),
            last: self.plan.tasks.len().saturating_sub(1),
        })
    }

    fn record_path(&self, task: usize) -> PathBuf {
        self.path.join("tasks").join(format!("{task}.json"))
    }

    /// What a task said of itself last; nothing before its first start.
    pub fn record(&self, task: usize) -> Option<TaskRecord> {
        read_json(&self.record_path(task))
    }

    /// Keeps what a task says of itself.
    ///
    /// # Errors
    /// Of the file system.
    pub fn keep_record(&self, task: usize, record: &TaskRecord) -> Result<(), SlurmError> {
        write_json(&self.record_path(task), record)
    }
}

fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    name.chars().all(plain)
}

/// The numbers of the submissions in a folder, sorted.
fn numbers(all: &Path) -> Result<Vec<u32>, SlurmError> {
    let entries = match fs::read_dir(all) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(SlurmError::io("list", all)(e)),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry.map_err(SlurmError::io("list", all))?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), SlurmError> {
    let json = serde_json::to_string_pretty(value).map_err(io::Error::from);
    let written = json.and_then(|json| layerprobe_durable::write(path, (json + "\n").as_bytes()));
    written.map_err(SlurmError::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(cells: &[&[&str]], array: usize) -> Plan {
        let task = |cells: &&[&str]| PlannedTask {
            cells: cells.iter().map(|c| (*c).to_owned()).collect(),
            seconds: Some(1.5),
        };
        Plan {
            tasks: cells.iter().map(task).collect(),
            array,
            workers: 1,
            retries: 1,
            requeues: 20,
        }
    }

    #[test]
    fn a_submission_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let folder = SweepFolder::new(dir.path());
        assert!(Submission::all(&folder).unwrap().is_empty());
        let made = plan(&[&["seed0", "seed1"], &["seed2"], &["p0.1-x_y"]], 2);
        let first = Submission::create(&folder, made.clone()).unwrap();
        let second = Submission::create(&folder, made.clone()).unwrap();
        assert_eq!((&*first.name(), &*second.name()), ("0001", "0002"));
        let opened = Submission::open(second.path()).unwrap();
        assert_eq!(opened.plan(), &made);
        assert_eq!(opened.sweep().root(), dir.path());
        assert_eq!(Submission::all(&folder).unwrap().len(), 2);

        assert!(opened.jobs().is_empty());
        second.add_job(17).unwrap();
        second.add_job(30).unwrap();
        assert_eq!(opened.jobs(), [17, 30]);
        let element = |job, index| opened.task_of(ArrayTask { job, index });
        assert_eq!(element(17, 1), Some(1));
        assert_eq!(element(30, 0), Some(2));
        assert_eq!(element(30, 1), None);
        assert_eq!(element(18, 0), None);

        assert_eq!(opened.record(2), None);
        let record = TaskRecord {
            starts: 2,
            node: "n1".to_owned(),
            ..TaskRecord::default()
        };
        opened.keep_record(2, &record).unwrap();
        assert_eq!(opened.record(2), Some(record));
        let error = opened.cells(3).unwrap_err().to_string();
        assert!(error.contains("its tasks are 0 to 2"), "{error}");
    }

    #[test]
    fn a_plan_that_leads_elsewhere_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = SweepFolder::new(dir.path());
        for (cells, array) in [
            (&[&["../x"][..]][..], 2),
            (&[&[".lease"]], 2),
            (&[&["a/b"]], 2),
            (&[&[""]], 2),
            (&[], 2),
            (&[&["a"]], 0),
        ] {
            let made = Submission::create(&folder, plan(cells, array)).unwrap();
            let error = Submission::open(made.path()).unwrap_err().to_string();
            assert!(error.contains("submit again"), "{error}");
        }
        assert!(Submission::open(&dir.path().join("none")).is_err());
    }
}
