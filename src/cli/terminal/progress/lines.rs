//! Progress where there is no terminal: a line now and then, for whoever reads
//! the log of a job.

use std::time::{Duration, Instant};

use crate::experiment::Stage;

/// What is shorter leaves no line.
const EVERY: Duration = Duration::from_secs(30);

/// A stage that runs, and when it last had a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines {
    stage: Stage,
    total: u64,
    started: Instant,
    /// How far it was when it was first heard of, and when: what came before was
    /// done by an earlier run, or is no measure of its speed.
    first: Option<(u64, Instant)>,
    /// What stages inside of it took since.
    inside: Duration,
    last: Instant,
    silent: bool,
}

impl Lines {
    pub fn new(stage: Stage, total: u64, now: Instant) -> Self {
        Self {
            stage,
            total,
            started: now,
            first: None,
            inside: Duration::ZERO,
            last: now,
            silent: true,
        }
    }

    /// A stage inside of this one has ended.
    pub fn waited(&mut self, inside: Duration) {
        if self.first.is_some() {
            self.inside += inside;
        }
    }

    /// A line, if it is time for one.
    pub fn advanced(&mut self, done: u64, detail: &str, now: Instant) -> Option<String> {
        let (before, since) = *self.first.get_or_insert((done, now));
        if now.duration_since(self.last) < EVERY {
            return None;
        }
        (self.last, self.silent) = (now, false);
        let spent = now.duration_since(self.started);
        let at_it = now.duration_since(since).saturating_sub(self.inside);
        let at_it = at_it.as_secs_f64();
        let left = match done.saturating_sub(before) {
            0 => String::new(),
            own => {
                let rest = self.total.saturating_sub(done) as f64;
                format!(", about {} left", in_words(at_it * rest / own as f64))
            }
        };
        let (name, done) = (self.stage.name(), self.how_far(done));
        let spent = in_words(spent.as_secs_f64());
        let line = format!("{name:>7} {done}, {spent} so far{left}  {detail}");
        Some(line.trim_end().to_owned())
    }

    fn how_far(&self, done: u64) -> String {
        let (total, unit) = (self.total, self.stage.unit());
        match self.stage.is_shown_in_percent() {
            true => format!("{:.1} %", 100.0 * done as f64 / total.max(1) as f64),
            false => format!("{done}/{total} {unit}"),
        }
    }

    /// Whether there was a line.
    pub fn has_spoken(&self) -> bool {
        !self.silent
    }
}

fn in_words(seconds: f64) -> String {
    match seconds.round() as u64 {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", (seconds + 30) / 60),
        seconds => format!("{:.1} h", seconds as f64 / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_every_half_minute_and_says_what_is_left() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut lines = Lines::new(Stage::Train, 1100, start);
        // a hundred of them were there before, or took no time
        assert_eq!(lines.advanced(100, "shape", after(5)), None);
        assert_eq!(lines.advanced(110, "shape", after(29)), None);
        assert!(!lines.has_spoken());
        let first = lines.advanced(120, "shape", after(30)).unwrap();
        assert_eq!(
            first,
            "  train 120/1100 steps, 30 s so far, about 20 min left  shape"
        );
        assert_eq!(lines.advanced(130, "shape", after(59)), None);
        assert!(lines.advanced(140, "shape", after(60)).is_some());
        assert!(lines.has_spoken());
    }

    #[test]
    fn a_unit_that_says_little_is_shown_in_percent() {
        let start = Instant::now();
        let mut lines = Lines::new(Stage::Paper, 4_000_000, start);
        assert_eq!(lines.advanced(0, "shape pool3", start), None);
        let after = start + Duration::from_secs(60);
        let line = lines.advanced(1_002_000, "shape pool3", after).unwrap();
        assert_eq!(
            line,
            "  paper 25.1 %, 60 s so far, about 3 min left  shape pool3"
        );
    }

    #[test]
    fn nothing_done_foretells_nothing() {
        let start = Instant::now();
        let mut lines = Lines::new(Stage::Probe, 10, start);
        let line = lines.advanced(3, "", start + Duration::from_secs(200));
        assert_eq!(line.as_deref(), Some("  probe 3/10 layers, 3 min so far"));
    }

    #[test]
    fn durations_have_a_unit_that_suits_them() {
        assert_eq!(in_words(119.4), "119 s");
        assert_eq!(in_words(150.0), "3 min");
        assert_eq!(in_words(9000.0), "2.5 h");
    }
}
