//! What the end of a child means for its cell.

use std::fs;
use std::process::ExitStatus;

use layerprobe_reports::{read_results, unproven_fits};

use super::cells::Cell;
use super::error::SweepError;
use super::folder::{CellState, SweepFolder};
use super::told::Failure;
use crate::exit_code::{DONE, INTERRUPTED, NOT_CONVERGED, USAGE};

/// Lines of a failed cell's log that are shown.
const LAST_LINES: usize = 8;

/// What became of a cell.
pub(super) enum Judged {
    Done { converged: bool },
    Stopped,
    Again(String),
    Failed(Failure),
}

/// What a child's end means, where a failed cell is tried again so often and the
/// children were `asked` to stop or not. A failed attempt is written down.
pub(super) fn judge(
    cell: &Cell,
    folder: &SweepFolder,
    status: ExitStatus,
    retries: u32,
    asked: bool,
) -> Result<Judged, SweepError> {
    let code = status.code();
    let is = |with: u8| code == Some(i32::from(with));
    // whoever has taken the folder since; maybe also by another process, which
    // this one's child made room for
    if is(DONE) || is(NOT_CONVERGED) || matches!(folder.state(cell)?, CellState::Done { .. }) {
        return Ok(Judged::Done {
            converged: is(DONE) || (!is(NOT_CONVERGED) && is_proven(cell, folder)),
        });
    }
    // one that had only just begun ends by the signal itself
    if asked && (is(INTERRUPTED) || code.is_none()) {
        return Ok(Judged::Stopped);
    }
    let mut attempts = folder.attempts(cell);
    attempts.attempts += 1;
    attempts.last = in_words(status);
    // a mistake in the configuration will not pass
    let again = attempts.attempts <= retries && !is(USAGE) && !asked;
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

/// Whether every probe of a finished cell converged. A table that cannot be read is told
/// of by whoever collects it.
pub(super) fn is_proven(cell: &Cell, folder: &SweepFolder) -> bool {
    let rows = read_results(folder.cell(cell).join("results.csv"));
    !rows.is_ok_and(|rows| unproven_fits(&rows) > 0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_cell_whose_child_is_done_is_done_whoever_holds_its_folder() {
        use std::ops::ControlFlow;
        use std::os::unix::process::ExitStatusExt;

        use layerprobe_durable::{Holder, Lease, Pace};

        use crate::config::Config;

        let dir = tempfile::tempdir().unwrap();
        let folder = SweepFolder::new(dir.path());
        let cell = Cell {
            id: "base".to_owned(),
            values: Vec::new(),
            config: Config::load("smoke", &[]).unwrap(),
        };
        let root = folder.cell(&cell);
        let give_up = |_: &Holder, _| ControlFlow::Break(());
        let _other = Lease::take(&root, Pace::default(), give_up).unwrap();
        let state = folder.state(&cell).unwrap();
        assert!(matches!(state, CellState::Held(..)), "{state:?}");
        let judged = |code: i32| {
            let status = ExitStatus::from_raw(code << 8);
            judge(&cell, &folder, status, 0, false).unwrap()
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
