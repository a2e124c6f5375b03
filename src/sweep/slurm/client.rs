//! Slurm's programs: `sbatch`, `squeue`, `scontrol`. None of its accounting.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::error::SlurmError;
use super::requeue::JobNow;

/// Elements an array may have where Slurm does not say, as it comes.
pub const USUAL_MAX_ARRAY: usize = 1001;

/// A task of an array job. Never the bare number of a job: of the task whose
/// number is its array's, that would name all tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArrayTask {
    /// The array's job number.
    pub job: u64,
    /// The task's index in it.
    pub index: usize,
}

impl fmt::Display for ArrayTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.job, self.index)
    }
}

/// A task in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Which.
    pub task: ArrayTask,
    /// `PENDING`, `RUNNING`, ...
    pub state: String,
    /// Why it waits; `None` if it does not.
    pub reason: String,
}

impl Queued {
    /// The task that this process is, if Slurm started it as one, and how often
    /// it had been put back into the queue by then.
    pub fn this_process() -> Option<(ArrayTask, u32)> {
        let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        let task = ArrayTask {
            job: number("SLURM_ARRAY_JOB_ID")?,
            index: usize::try_from(number("SLURM_ARRAY_TASK_ID")?).ok()?,
        };
        // it is not set at the first start
        let restarts = number("SLURM_RESTART_COUNT").unwrap_or(0);
        Some((task, u32::try_from(restarts).ok()?))
    }
}

/// Asks `sbatch` whether it would take a script; what it says of it.
///
/// # Errors
/// If it would not, or is not here.
pub fn test(script: &str) -> Result<String, SlurmError> {
    let mut sbatch = Command::new("sbatch");
    sbatch.arg("--test-only");
    let output = run("sbatch", &mut sbatch, Some(script))?;
    // it answers on standard error
    Ok(said(&output))
}

/// Submits a script and returns its job number.
///
/// # Errors
/// If it is refused, or `sbatch` is not here.
pub fn submit(script: &Path) -> Result<u64, SlurmError> {
    let mut sbatch = Command::new("sbatch");
    sbatch.arg("--parsable").arg(script);
    let output = run("sbatch", &mut sbatch, None)?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    // the cluster's name may follow
    let number = said.split(';').next().unwrap_or_default().parse();
    number.map_err(|_| SlurmError::Answer {
        command: "sbatch --parsable".to_owned(),
        said,
        wanted: "job number",
    })
}

/// The greatest number of elements an array may have, where Slurm says.
pub fn max_array() -> Option<usize> {
    let mut scontrol = Command::new("scontrol");
    let output = run("scontrol", scontrol.args(["show", "config"]), None).ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == "MaxArraySize")?
        .1
        .trim()
        .parse()
        .ok()
}

/// Those tasks of these jobs that are in the queue.
///
/// # Errors
/// If Slurm is not here, or does not answer.
pub fn queue(jobs: &[u64]) -> Result<Vec<Queued>, SlurmError> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let jobs: Vec<String> = jobs.iter().map(u64::to_string).collect();
    let mut squeue = Command::new("squeue");
    squeue.args(["--noheader", "--array", "--format=%F|%K|%T|%r", "--jobs"]);
    squeue.arg(jobs.join(","));
    let output = match run("squeue", &mut squeue, None) {
        // a job of long ago is forgotten
        Err(SlurmError::Refused { said, .. }) if said.contains("Invalid job id") => {
            return Ok(Vec::new());
        }
        answer => answer?,
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().filter_map(queued).collect())
}

/// A line of `squeue`; none of a job that is no array's.
fn queued(line: &str) -> Option<Queued> {
    let mut parts = line.trim().splitn(4, '|');
    let mut next = || parts.next();
    Some(Queued {
        task: ArrayTask {
            job: next()?.parse().ok()?,
            index: next()?.parse().ok()?,
        },
        state: next()?.to_owned(),
        reason: next()?.to_owned(),
    })
}

/// What Slurm says of a task.
///
/// # Errors
/// If Slurm is not here, does not know it, or does not answer.
pub fn job(task: ArrayTask) -> Result<JobNow, SlurmError> {
    let id = task.to_string();
    let mut scontrol = Command::new("scontrol");
    let output = run("scontrol", scontrol.args(["show", "job", &id]), None)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    job_now(&said).ok_or_else(|| SlurmError::Answer {
        command: format!("scontrol show job {id}"),
        said: said.lines().next().unwrap_or_default().to_owned(),
        wanted: "state of a job",
    })
}

fn job_now(text: &str) -> Option<JobNow> {
    let field = |name: &str| {
        let mut words = text.split_whitespace();
        words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    };
    // a preemption of an earlier start is shown still; of times written alike, the
    // later is the greater
    let preempted = field("PreemptTime").filter(|time| *time != "None");
    Some(JobNow {
        state: field("JobState")?.to_owned(),
        restarts: field("Restarts")?.parse().ok()?,
        preempted: preempted.is_some_and(|time| Some(time) >= field("StartTime")),
    })
}

/// Puts a task that runs back into the queue; Slurm then ends it.
///
/// # Errors
/// If Slurm refuses.
pub fn requeue(task: ArrayTask) -> Result<(), SlurmError> {
    let mut scontrol = Command::new("scontrol");
    scontrol.args(["requeue", &task.to_string()]);
    run("scontrol", &mut scontrol, None).map(|_| ())
}

fn run(
    program: &'static str,
    command: &mut Command,
    input: Option<&str>,
) -> Result<Output, SlurmError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => SlurmError::NoSlurm { program },
        _ => SlurmError::Run { program, source },
    };
    command.stdin(match input {
        Some(_) => Stdio::piped(),
        None => Stdio::null(),
    });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    if let Some((mut stdin, input)) = child.stdin.take().zip(input) {
        // one that ended before it read all tells why by its exit
        match stdin.write_all(input.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(failed(error)),
            _ => {}
        }
    }
    let output = child.wait_with_output().map_err(failed)?;
    match output.status.success() {
        true => Ok(output),
        false => {
            let words = std::iter::once(command.get_program()).chain(command.get_args());
            let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
            Err(SlurmError::Refused {
                command: words.join(" "),
                said: said(&output),
            })
        }
    }
}

/// What a program said on standard error, else on standard output, in one line.
fn said(output: &Output) -> String {
    let one_line = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.join("; ")
    };
    let on_error = one_line(&output.stderr);
    match on_error.is_empty() {
        true => one_line(&output.stdout),
        false => on_error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_read_task_by_task() {
        // Slurm 22.05
        let found = queued("3|1|PENDING|JobArrayTaskLimit").unwrap();
        assert_eq!(found.task.to_string(), "3_1");
        assert_eq!(
            (&*found.state, &*found.reason),
            ("PENDING", "JobArrayTaskLimit")
        );
        assert_eq!(queued("3|N/A|RUNNING|None"), None);
        assert_eq!(queued(""), None);
    }

    #[test]
    fn a_job_is_read_from_what_scontrol_shows() {
        // Slurm 22.05, parts left out
        let text = "JobId=4 ArrayJobId=3 ArrayTaskId=0 JobName=x\n   \
                    JobState=RUNNING Reason=None Dependency=(null)\n   \
                    Requeue=1 Restarts=2 BatchFlag=1 Reboot=0 ExitCode=0:0\n   \
                    StartTime=2026-11-26T06:31:21 EndTime=2026-11-26T06:32:21\n   \
                    PreemptEligibleTime=2026-11-26T06:31:21 PreemptTime=None\n";
        let running = JobNow {
            state: "RUNNING".to_owned(),
            restarts: 2,
            preempted: false,
        };
        assert_eq!(job_now(text), Some(running.clone()));
        let at = |time| text.replace("PreemptTime=None", &format!("PreemptTime={time}"));
        assert!(job_now(&at("2026-11-26T06:33:27")).unwrap().preempted);
        // an earlier start was
        assert_eq!(job_now(&at("2026-11-26T06:30:59")), Some(running));
        assert_eq!(job_now("slurm_load_jobs error"), None);
    }
}
