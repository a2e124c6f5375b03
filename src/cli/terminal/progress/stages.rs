//! The stages under way. One may run inside another: stimuli are rendered when
//! training comes to them.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::lines::Lines;
use crate::cli::terminal::say_aside;
use crate::experiment::Stage;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The innermost stage's bar.
    Bars,
    /// Lines now and then.
    Lines,
}

/// The stages under way, the innermost last.
pub(super) struct Stages {
    shown: Shown,
    running: Vec<Running>,
}

struct Running {
    stage: Stage,
    total: u64,
    done: u64,
    started: Instant,
    lines: Lines,
    bar: Option<ProgressBar>,
}

impl Stages {
    pub fn new(shown: Shown) -> Self {
        let running = Vec::new();
        Self { shown, running }
    }

    /// A stage begins, inside of the last one if that has not ended.
    pub fn start(&mut self, stage: Stage, total: u64, done: u64, now: Instant) {
        if let Some(outer) = self.running.last_mut() {
            outer.hide();
        }
        self.running.push(Running {
            stage,
            total,
            done,
            started: now,
            lines: Lines::new(stage, total, now),
            bar: None,
        });
        self.show(now);
    }

    /// How far a stage is. Returns a line, if it is time for one.
    pub fn advance(
        &mut self,
        stage: Stage,
        done: u64,
        detail: &str,
        now: Instant,
    ) -> Option<String> {
        let running = self.running.iter_mut().rfind(|one| one.stage == stage)?;
        running.done = done;
        if let Some(bar) = &running.bar {
            bar.set_position(done);
            bar.set_message(detail.to_owned());
        }
        match self.shown {
            Shown::Bars => None,
            Shown::Lines => running.lines.advanced(done, detail, now),
        }
    }

    /// A stage has ended, and the one around it goes on. Returns a line to end
    /// with.
    pub fn finish(&mut self, stage: Stage, seconds: f64, now: Instant) -> Option<String> {
        let place = self.running.iter().rposition(|one| one.stage == stage)?;
        let mut ended = self.running.remove(place);
        ended.hide();
        if let Some(outer) = self.running.last_mut() {
            outer.lines.waited(now.duration_since(ended.started));
        }
        self.show(now);
        let line = || format!("{:>7} done in {seconds:.1} s", stage.name());
        let is_told = self.shown == Shown::Bars || ended.lines.has_spoken();
        is_told.then(line)
    }

    /// Says a line, above the bar if there is one.
    pub fn say(&self, line: &str) {
        match self.running.last().and_then(|last| last.bar.as_ref()) {
            Some(bar) => bar.suspend(|| say_aside(&line)),
            None => say_aside(&line),
        }
    }

    fn show(&mut self, now: Instant) {
        let last = self.running.last_mut().filter(|last| last.bar.is_none());
        if let Some(last) = last.filter(|_| self.shown == Shown::Bars) {
            last.bar = Some(last.new_bar(now));
        }
    }
}

impl Running {
    fn hide(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn new_bar(&self, now: Instant) -> ProgressBar {
        let (name, unit) = (self.stage.name(), self.stage.unit());
        let done = match self.stage.is_shown_in_percent() {
            true => "{percent} %".to_owned(),
            false => format!("{{pos}}/{{len}} {unit}"),
        };
        let template =
            format!("{name:>7} [{{bar:30}}] {done}, {{elapsed}} so far, {{eta}} left  {{msg}}");
        let style = ProgressStyle::with_template(&template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        let bar = ProgressBar::new(self.total)
            .with_style(style)
            .with_elapsed(now.duration_since(self.started));
        bar.set_position(self.done);
        bar.reset_eta();
        bar.enable_steady_tick(Duration::from_millis(500));
        bar
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_goes_on_when_one_inside_of_it_has_ended() {
        for shown in [Shown::Lines, Shown::Bars] {
            let start = Instant::now();
            let after = |seconds| start + Duration::from_secs(seconds);
            let mut stages = Stages::new(shown);
            let bars = |stages: &Stages| {
                let running = stages.running.iter();
                let bars = running.map(|one| one.bar.is_some() == (shown == Shown::Bars));
                bars.collect::<Vec<_>>()
            };
            stages.start(Stage::Train, 400, 0, start);
            stages.start(Stage::Render, 50, 0, start);
            assert_eq!(bars(&stages).last(), Some(&true));
            assert_eq!(stages.advance(Stage::Render, 50, "", after(1)), None);
            let end = stages.finish(Stage::Render, 1.0, after(1));
            assert_eq!(end.is_some(), shown == Shown::Bars);
            assert_eq!(stages.advance(Stage::Train, 0, "", after(1)), None);
            let line = stages.advance(Stage::Train, 100, "shape", after(31));
            let wanted = "  train 100/400 steps, 31 s so far, about 90 s left  shape";
            assert_eq!(bars(&stages), [true]);
            match shown {
                Shown::Lines => assert_eq!(line.as_deref(), Some(wanted)),
                Shown::Bars => assert_eq!(line, None),
            }
            let end = stages.finish(Stage::Train, 120.0, after(120));
            assert_eq!(end.as_deref(), Some("  train done in 120.0 s"));
            assert_eq!(stages.advance(Stage::Train, 1, "", after(200)), None);
        }
    }
}
