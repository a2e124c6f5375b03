//! Cells run on this machine, each by a process of its own: what kills one
//! costs that cell alone.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use layerprobe_durable::Holder;

use super::cells::Cell;
use super::error::SweepError;
use super::folder::{Attempts, CellState, SweepFolder};

/// Between two looks at the children.
const LOOK: Duration = Duration::from_millis(50);
/// Lines of a failed cell's log that are shown.
const LAST_LINES: usize = 8;

/// Exit codes of a child.
const DONE: i32 = 0;
const NOT_CONVERGED: i32 = 3;
const USAGE: i32 = 2;
const INTERRUPTED: i32 = 75;

/// How cells are run.
#[derive(Clone, Debug)]
pub struct Workers {
    /// The program that runs a cell: this one.
    pub program: PathBuf,
    /// Cells at a time.
    pub workers: usize,
    /// Threads of each.
    pub threads: usize,
    /// What each may take for probing, as `--max-memory` wants it.
    pub max_memory: Option<String>,
    /// How often a failed cell is tried again.
    pub retries: u32,
    /// The log that each appends to.
    pub log_file: Option<PathBuf>,
    /// Where cells share finished work, if they do.
    pub store: Option<PathBuf>,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum Told<'a> {
    /// Another process works on this cell; others come first.
    Held(&'a Cell, &'a Holder),
    /// A cell begins.
    Started {
        /// Which.
        cell: &'a Cell,
        /// Cells under way, this one too.
        running: usize,
    },
    /// A cell is done.
    Done {
        /// Which.
        cell: &'a Cell,
        /// Seconds it took.
        seconds: f64,
        /// Cells done so far.
        done: usize,
        /// Of so many.
        all: usize,
    },
    /// An attempt failed, and the cell comes again.
    Again {
        /// Which.
        cell: &'a Cell,
        /// How it ended.
        how: &'a str,
    },
    /// All attempts at a cell failed.
    Failed {
        /// Which.
        cell: &'a Cell,
        /// How the last one ended.
        how: &'a str,
    },
    /// The children were asked to stop.
    Stopping {
        /// How many.
        running: usize,
    },
}

/// A cell that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name.
    pub cell: String,
    /// How the last attempt ended.
    pub how: String,
    /// Its log.
    pub log: PathBuf,
    /// The log's last lines.
    pub last_lines: Vec<String>,
}

/// How it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Cells done, earlier ones too.
    pub done: usize,
    /// Cells of this session in which a probe did not converge.
    pub not_converged: usize,
    /// Cells that were given up.
    pub failures: Vec<Failure>,
    /// Whether it was asked to stop before all was done.
    pub interrupted: bool,
}

struct Running<'a> {
    cell: &'a Cell,
    child: Child,
    began: Instant,
}

impl Workers {
    /// Runs what is missing of some cells, whose folders were
    /// [prepared](SweepFolder::prepare).
    ///
    /// # Errors
    /// If the sweep's own files cannot be written, or the program not be
    /// started; cells that are being worked on save and leave first. What happens
    /// to a cell is no error here.
    pub fn run(
        &self,
        cells: &[Cell],
        folder: &SweepFolder,
        stop: &AtomicBool,
        tell: impl FnMut(Told<'_>),
    ) -> Result<Ended, SweepError> {
        let mut running = Vec::new();
        let ended = self.work(cells, folder, stop, tell, &mut running);
        if ended.is_err() {
            for one in &running {
                ask_to_stop(&one.child);
            }
            for one in &mut running {
                // the first error is what is told
                let _ = one.child.wait();
            }
        }
        ended
    }

    fn work<'a>(
        &self,
        cells: &'a [Cell],
        folder: &SweepFolder,
        stop: &AtomicBool,
        mut tell: impl FnMut(Told<'_>),
        running: &mut Vec<Running<'a>>,
    ) -> Result<Ended, SweepError> {
        let all = cells.len();
        let mut ended = Ended::default();
        let mut queue = VecDeque::new();
        for cell in cells {
            match folder.state(cell)? {
                CellState::Done { .. } => ended.done += 1,
                _ => {
                    folder.keep_attempts(cell, &Attempts::default())?;
                    queue.push_back(cell);
                }
            }
        }
        let mut held: VecDeque<&Cell> = VecDeque::new();
        let mut asked = false;
        loop {
            if stop.load(Ordering::SeqCst) && !asked {
                asked = true;
                tell(Told::Stopping {
                    running: running.len(),
                });
                for one in &*running {
                    ask_to_stop(&one.child);
                }
            }
            if asked {
                queue.clear();
                held.clear();
            }
            if queue.is_empty() && running.is_empty() && held.is_empty() {
                break;
            }
            while running.len() < self.workers.max(1) && !asked {
                // those that others hold come last: a child then waits for the
                // other, and takes over if it is dead
                let first = queue.pop_front().map(|cell| (cell, true));
                let next = first.or_else(|| held.pop_front().map(|cell| (cell, false)));
                let Some((cell, comes_first)) = next else {
                    break;
                };
                match folder.state(cell)? {
                    CellState::Done { .. } => ended.done += 1,
                    CellState::Held(holder, _) if comes_first => {
                        tell(Told::Held(cell, &holder));
                        held.push_back(cell);
                    }
                    _ => {
                        running.push(self.start(cell, folder)?);
                        tell(Told::Started {
                            cell,
                            running: running.len(),
                        });
                    }
                }
            }
            let mut place = 0;
            while let Some(one) = running.get_mut(place) {
                let status = one.child.try_wait();
                let Some(status) = status.map_err(SweepError::io("wait for", &self.program))?
                else {
                    place += 1;
                    continue;
                };
                let one = running.remove(place);
                let seconds = one.began.elapsed().as_secs_f64();
                let cell = one.cell;
                // the same signal may have ended a child before it came here
                let asked = asked || stop.load(Ordering::SeqCst);
                match self.judge(cell, folder, status, asked)? {
                    Judged::Done { converged } => {
                        ended.done += 1;
                        ended.not_converged += usize::from(!converged);
                        let done = ended.done;
                        tell(Told::Done {
                            cell,
                            seconds,
                            done,
                            all,
                        });
                    }
                    Judged::Stopped => {}
                    Judged::Again(how) => {
                        tell(Told::Again { cell, how: &how });
                        queue.push_back(cell);
                    }
                    Judged::Failed(failure) => {
                        let how = &failure.how;
                        tell(Told::Failed { cell, how });
                        ended.failures.push(failure);
                    }
                }
            }
            thread::sleep(LOOK);
        }
        ended.interrupted = asked && ended.done + ended.failures.len() < all;
        Ok(ended)
    }

    fn start<'a>(&self, cell: &'a Cell, folder: &SweepFolder) -> Result<Running<'a>, SweepError> {
        let path = folder.log(cell);
        let failed = |e| SweepError::io("write", &path)(e);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut log = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(failed)?;
        let attempt = folder.attempts(cell).attempts + 1;
        writeln!(log, "== {}, attempt {attempt}", cell.id).map_err(failed)?;
        let root = folder.cell(cell);
        let mut command = Command::new(&self.program);
        command
            .arg("run")
            .arg(root.join("config.toml"))
            .arg("--out")
            .arg(&root)
            // whoever took the folder since may finish it
            .arg("--wait")
            .args(["--threads", &self.threads.to_string()])
            .args(
                self.max_memory
                    .iter()
                    .flat_map(|size| ["--max-memory", size]),
            )
            .args(
                self.log_file
                    .iter()
                    .flat_map(|path| ["--log-file".as_ref(), path.as_os_str()]),
            )
            .args(
                self.store
                    .iter()
                    .flat_map(|path| ["--store".as_ref(), path.as_os_str()]),
            )
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log);
        // Ctrl-C is for this process, which tells its children
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command
            .spawn()
            .map_err(SweepError::io("start", &self.program))?;
        Ok(Running {
            cell,
            child,
            began: Instant::now(),
        })
    }

    /// What a child's end means.
    fn judge(
        &self,
        cell: &Cell,
        folder: &SweepFolder,
        status: ExitStatus,
        asked: bool,
    ) -> Result<Judged, SweepError> {
        let code = status.code();
        // whoever has taken the folder since; maybe also by another process, which
        // this one's child made room for
        let is_own = matches!(code, Some(DONE | NOT_CONVERGED));
        if is_own || matches!(folder.state(cell)?, CellState::Done { .. }) {
            return Ok(Judged::Done {
                converged: code != Some(NOT_CONVERGED),
            });
        }
        // one that had only just begun ends by the signal itself
        if asked && matches!(code, Some(INTERRUPTED) | None) {
            return Ok(Judged::Stopped);
        }
        let mut attempts = folder.attempts(cell);
        attempts.attempts += 1;
        attempts.last = in_words(status);
        // a mistake in the configuration will not pass
        let again = attempts.attempts <= self.retries && code != Some(USAGE) && !asked;
        attempts.given_up = !again;
        folder.keep_attempts(cell, &attempts)?;
        if again {
            return Ok(Judged::Again(attempts.last));
        }
        let log = folder.log(cell);
        Ok(Judged::Failed(Failure {
            cell: cell.id.clone(),
            how: attempts.last,
            last_lines: last_lines(&fs::read(&log).unwrap_or_default()),
            log,
        }))
    }
}

enum Judged {
    Done { converged: bool },
    Stopped,
    Again(String),
    Failed(Failure),
}

/// The last lines of a log, without what a progress bar may have left.
fn last_lines(log: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(log);
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let first = lines.len().saturating_sub(LAST_LINES);
    let last = lines.get(first..).unwrap_or_default();
    last.iter().map(|line| (*line).to_owned()).collect()
}

#[cfg(unix)]
fn in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;

    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(9)) => "killed (signal 9; the system does so when memory runs out)".to_owned(),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no exit code".to_owned(),
    }
}

#[cfg(not(unix))]
fn in_words(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "no exit code".to_owned(),
    }
}

/// Lets a child finish its step, save, and leave.
#[cfg(unix)]
fn ask_to_stop(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};

    // a child that has just ended needs no asking
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::TERM);
    }
}

/// Where there are no signals, the system tells the children itself.
#[cfg(not(unix))]
fn ask_to_stop(_: &Child) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_cell_whose_child_is_done_is_done_whoever_holds_its_folder() {
        use std::ops::ControlFlow;
        use std::os::unix::process::ExitStatusExt;

        use layerprobe_durable::{Lease, Pace};

        use crate::config::Config;

        let dir = tempfile::tempdir().unwrap();
        let folder = SweepFolder::new(dir.path());
        let cell = Cell {
            id: "base".to_owned(),
            values: Vec::new(),
            config: Config::load("smoke", &[]).unwrap(),
        };
        let workers = Workers {
            program: PathBuf::from("layerprobe"),
            workers: 1,
            threads: 1,
            max_memory: None,
            retries: 0,
            log_file: None,
            store: None,
        };
        let root = folder.cell(&cell);
        let give_up = |_: &Holder, _| ControlFlow::Break(());
        let _other = Lease::take(&root, Pace::default(), give_up).unwrap();
        let state = folder.state(&cell).unwrap();
        assert!(matches!(state, CellState::Held(..)), "{state:?}");
        let judged = |code: i32| {
            let status = ExitStatus::from_raw(code << 8);
            workers.judge(&cell, &folder, status, false).unwrap()
        };
        assert!(matches!(judged(0), Judged::Done { converged: true }));
        assert!(matches!(judged(3), Judged::Done { converged: false }));
        assert!(matches!(judged(1), Judged::Failed(_)));
    }

    #[test]
    fn the_last_lines_of_a_log_are_shown() {
        let log: String = (0..20).map(|n| format!("line {n}\n\n")).collect();
        let last = last_lines(log.as_bytes());
        assert_eq!(last.len(), LAST_LINES);
        assert_eq!((&*last[0], &*last[7]), ("line 12", "line 19"));
        assert_eq!(last_lines(b"one \xff\n"), ["one \u{fffd}"]);
        assert!(last_lines(b"").is_empty());
    }
}
