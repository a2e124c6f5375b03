//! Whether a task that was asked to stop puts itself back into the queue.

use std::fmt;

/// What Slurm says of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobNow {
    /// `RUNNING`, `COMPLETING`, ...
    pub state: String,
    /// How often it was put back into the queue.
    pub restarts: u32,
    /// Whether it makes room for another job.
    pub preempted: bool,
}

/// What there is to decide from.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What Slurm says of this task's job; none where Slurm does not answer.
    pub job: Option<JobNow>,
    /// How often the job had been put back when this process was started.
    pub restarts: u32,
    /// Whether anything was done since the task was started.
    pub progressed: bool,
    /// How often the task has put itself back so far.
    pub requeues: u32,
    /// How often it may.
    pub cap: u32,
}

/// Why a task does not put itself back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stay {
    /// Slurm does not answer.
    NoAnswer,
    /// Slurm has taken the job in hand: it was canceled, is over its time, or
    /// is put back by Slurm itself.
    InHand(String),
    /// The job runs elsewhere again; this process was thought lost.
    Elsewhere,
    /// It would come to the same point again.
    NoProgress,
    /// It was put back as often as it may be.
    Cap(u32),
}

/// `Ok` if the task is to put itself back.
///
/// A job that runs still, though it was asked to stop, is near its time limit or
/// makes room for another, and Slurm would take its leaving for its end. One that
/// was canceled, or that Slurm puts back itself, is not running any more by the
/// time it is told (both seen with Slurm 22.05).
///
/// # Errors
/// Why not.
pub fn decide(asked: &Asked) -> Result<(), Stay> {
    let Some(job) = &asked.job else {
        return Err(Stay::NoAnswer);
    };
    if job.state != "RUNNING" {
        return Err(Stay::InHand(job.state.clone()));
    }
    if job.restarts != asked.restarts {
        return Err(Stay::Elsewhere);
    }
    if !asked.progressed {
        return Err(Stay::NoProgress);
    }
    if asked.requeues >= asked.cap {
        return Err(Stay::Cap(asked.cap));
    }
    Ok(())
}

impl fmt::Display for Stay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer => {
                write!(f, "Slurm does not answer; submit again what is missing")
            }
            Self::InHand(state) => write!(f, "Slurm has the job in hand ({state})"),
            Self::Elsewhere => write!(f, "the job was started again elsewhere"),
            Self::NoProgress => write!(
                f,
                "nothing was done since it started: give tasks more time (--time-limit), or more \
                 between the signal and the limit (--signal-before), and submit again"
            ),
            Self::Cap(cap) => write!(
                f,
                "it was put back {cap} times already (--requeues); submit again what is missing"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Asked {
        Asked {
            job: Some(JobNow {
                state: "RUNNING".to_owned(),
                restarts: 2,
                preempted: false,
            }),
            restarts: 2,
            progressed: true,
            requeues: 2,
            cap: 3,
        }
    }

    #[test]
    fn a_job_that_got_on_and_runs_still_is_put_back() {
        assert_eq!(decide(&asked()), Ok(()));
    }

    #[test]
    fn a_job_without_progress_or_at_its_cap_is_not() {
        let still = Asked {
            progressed: false,
            ..asked()
        };
        assert_eq!(decide(&still), Err(Stay::NoProgress));
        let often = Asked {
            requeues: 3,
            ..asked()
        };
        assert_eq!(decide(&often), Err(Stay::Cap(3)));
        let never = Asked { cap: 0, ..asked() };
        assert_eq!(decide(&never), Err(Stay::Cap(0)));
    }

    #[test]
    fn a_job_that_slurm_has_in_hand_is_left_to_it() {
        for (state, restarts) in [("COMPLETING", 2), ("CANCELLED", 2), ("COMPLETING", 3)] {
            let job = JobNow {
                state: state.to_owned(),
                restarts,
                preempted: false,
            };
            let asked = Asked {
                job: Some(job),
                ..asked()
            };
            assert_eq!(decide(&asked), Err(Stay::InHand(state.to_owned())));
        }
        let lost = Asked {
            restarts: 1,
            ..asked()
        };
        assert_eq!(decide(&lost), Err(Stay::Elsewhere), "its successor runs");
        let silent = Asked {
            job: None,
            ..asked()
        };
        assert_eq!(decide(&silent), Err(Stay::NoAnswer));
    }
}
