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

use super::cells::Cell;
use super::error::SweepError;
use super::folder::{Attempts, CellState, SweepFolder};
use super::judged::{Judged, is_proven, judge};
use super::told::{Ended, Told};

/// Between two looks at the children.
const LOOK: Duration = Duration::from_millis(50);

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
        let mut session = Session {
            workers: self,
            folder,
            stop,
            tell,
            asked: false,
            queue: VecDeque::new(),
            held: VecDeque::new(),
            running: Vec::new(),
            all: cells.len(),
            ended: Ended::default(),
        };
        let worked = session.work(cells);
        if worked.is_err() {
            session.leave();
        }
        worked.map(|()| session.ended)
    }

    /// Starts a child that runs a cell.
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
}

/// A cell whose child is under way.
struct Running<'a> {
    cell: &'a Cell,
    child: Child,
    began: Instant,
}

/// Some cells, from the first look at their folders to the end of the last child.
struct Session<'a, F> {
    workers: &'a Workers,
    folder: &'a SweepFolder,
    stop: &'a AtomicBool,
    tell: F,
    /// Whether the children were asked to stop.
    asked: bool,
    /// Cells to start.
    queue: VecDeque<&'a Cell>,
    /// Cells that others hold, to start after all those.
    held: VecDeque<&'a Cell>,
    running: Vec<Running<'a>>,
    /// How many cells there are.
    all: usize,
    ended: Ended,
}

impl<'a, F: FnMut(Told<'_>)> Session<'a, F> {
    /// Runs what is missing of these cells.
    fn work(&mut self, cells: &'a [Cell]) -> Result<(), SweepError> {
        self.line_up(cells)?;
        loop {
            self.heed_stop();
            if self.queue.is_empty() && self.running.is_empty() && self.held.is_empty() {
                break;
            }
            self.start_more()?;
            self.see_who_has_ended()?;
            thread::sleep(LOOK);
        }
        let ended = &mut self.ended;
        ended.interrupted = self.asked && ended.done + ended.failures.len() < self.all;
        Ok(())
    }

    /// Puts cells that are not done into the queue; earlier attempts no longer count.
    fn line_up(&mut self, cells: &'a [Cell]) -> Result<(), SweepError> {
        for cell in cells {
            match self.folder.state(cell)? {
                CellState::Done { .. } => self.count_done(cell),
                _ => {
                    self.folder.keep_attempts(cell, &Attempts::default())?;
                    self.queue.push_back(cell);
                }
            }
        }
        Ok(())
    }

    /// Counts a cell that others did, or an earlier session.
    fn count_done(&mut self, cell: &Cell) {
        self.ended.done += 1;
        self.ended.not_converged += usize::from(!is_proven(cell, self.folder));
    }

    /// Asks the children to stop, once that is wanted; no more are started then.
    fn heed_stop(&mut self) {
        if self.asked || !self.stop.load(Ordering::SeqCst) {
            return;
        }
        self.asked = true;
        (self.tell)(Told::Stopping {
            running: self.running.len(),
        });
        self.ask_all_to_stop();
        self.queue.clear();
        self.held.clear();
    }

    fn ask_all_to_stop(&self) {
        for one in &self.running {
            ask_to_stop(&one.child);
        }
    }

    /// Starts children, as many as there may be at a time.
    fn start_more(&mut self) -> Result<(), SweepError> {
        while self.running.len() < self.workers.workers.max(1) && !self.asked {
            // those that others hold come last: a child then waits for the
            // other, and takes over if it is dead
            let first = self.queue.pop_front().map(|cell| (cell, true));
            let next = first.or_else(|| self.held.pop_front().map(|cell| (cell, false)));
            let Some((cell, comes_first)) = next else {
                break;
            };
            match self.folder.state(cell)? {
                CellState::Done { .. } => self.count_done(cell),
                CellState::Held(holder, _) if comes_first => {
                    (self.tell)(Told::Held(cell, &holder));
                    self.held.push_back(cell);
                }
                _ => {
                    let started = self.workers.start(cell, self.folder)?;
                    self.running.push(started);
                    (self.tell)(Told::Started {
                        cell,
                        running: self.running.len(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Looks at every child once.
    fn see_who_has_ended(&mut self) -> Result<(), SweepError> {
        let mut place = 0;
        while let Some(one) = self.running.get_mut(place) {
            let status = one.child.try_wait();
            let status = status.map_err(SweepError::io("wait for", &self.workers.program))?;
            match status {
                Some(status) => {
                    let one = self.running.remove(place);
                    self.settle(&one, status)?;
                }
                None => place += 1,
            }
        }
        Ok(())
    }

    /// Counts and tells what a child's end means, or has its cell come again.
    fn settle(&mut self, one: &Running<'a>, status: ExitStatus) -> Result<(), SweepError> {
        let seconds = one.began.elapsed().as_secs_f64();
        let cell = one.cell;
        // the same signal may have ended a child before it came here
        let asked = self.asked || self.stop.load(Ordering::SeqCst);
        match judge(cell, self.folder, status, self.workers.retries, asked)? {
            Judged::Done { converged } => {
                self.ended.done += 1;
                self.ended.not_converged += usize::from(!converged);
                (self.tell)(Told::Done {
                    cell,
                    seconds,
                    done: self.ended.done,
                    all: self.all,
                });
            }
            Judged::Stopped => {}
            Judged::Again(how) => {
                (self.tell)(Told::Again { cell, how: &how });
                self.queue.push_back(cell);
            }
            Judged::Failed(failure) => {
                let how = &failure.how;
                (self.tell)(Told::Failed { cell, how });
                self.ended.failures.push(failure);
            }
        }
        Ok(())
    }

    /// Asks the children to stop and waits for them all.
    fn leave(&mut self) {
        self.ask_all_to_stop();
        for one in &mut self.running {
            // the first error is what is told
            let _ = one.child.wait();
        }
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
