//! Progress: bars on a terminal, JSON lines on request, else a line now and then;
//! and in the log, if there is one.

mod lines;

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tracing::{debug, info, warn};

use super::arguments::{MessageFormat, Output};
use crate::experiment::{Event, Observer};
use lines::Lines;

/// Tells the user what an experiment does.
pub struct Progress {
    output: Kind,
    bar: Mutex<Option<ProgressBar>>,
    lines: Mutex<Option<Lines>>,
    last_line: Mutex<Option<Instant>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Bars and messages on standard error.
    Terminal,
    /// Messages, and a line of progress now and then.
    Plain,
    /// One JSON object a line on standard output.
    Json,
    /// Nothing.
    Quiet,
}

impl Progress {
    /// What the arguments and the terminal ask for.
    pub fn new(output: &Output) -> Self {
        let output = match (output.message_format, output.quiet) {
            (MessageFormat::Json, _) => Kind::Json,
            (_, true) => Kind::Quiet,
            _ if std::io::stderr().is_terminal() => Kind::Terminal,
            _ => Kind::Plain,
        };
        Self {
            output,
            bar: Mutex::new(None),
            lines: Mutex::new(None),
            last_line: Mutex::new(None),
        }
    }

    /// Whether a progress line would follow the last within a second.
    fn too_soon(&self, event: &Event<'_>) -> bool {
        if !matches!(event, Event::Advanced { .. }) {
            return false;
        }
        let Ok(mut last) = self.last_line.lock() else {
            return true;
        };
        let soon = last.is_some_and(|at| at.elapsed() < Duration::from_secs(1));
        if !soon {
            *last = Some(Instant::now());
        }
        soon
    }

    fn say(&self, text: &str) {
        match self.bar.lock().ok().and_then(|bar| bar.clone()) {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    fn start_bar(&self, name: &str, unit: &str, total: u64, done: u64) {
        let template = format!(
            "{name:>7} [{{bar:30}}] {{pos}}/{{len}} {unit}, {{elapsed}} so far, {{eta}} left  {{msg}}"
        );
        let style = ProgressStyle::with_template(&template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        let bar = ProgressBar::new(total).with_style(style);
        bar.set_position(done);
        bar.reset_eta();
        bar.enable_steady_tick(Duration::from_millis(500));
        if let Ok(mut slot) = self.bar.lock() {
            *slot = Some(bar);
        }
    }

    fn human(&self, event: Event<'_>) {
        match event {
            Event::Note(text) => self.say(&format!("note: {text}")),
            Event::Warning(text) => self.say(&format!("warning: {text}")),
            Event::Started { stage, total, done } if self.output == Kind::Terminal => {
                self.start_bar(stage.name(), stage.unit(), total, done);
            }
            Event::Started { stage, total, done } => {
                if let Ok(mut lines) = self.lines.lock() {
                    *lines = Some(Lines::new(stage, total, done, Instant::now()));
                }
            }
            Event::Advanced { done, detail, .. } => {
                self.say_line(|lines| lines.advanced(done, detail, Instant::now()));
                if let Some(bar) = self.bar.lock().ok().and_then(|bar| bar.clone()) {
                    bar.set_position(done);
                    bar.set_message(detail.to_owned());
                }
            }
            Event::Finished { stage, seconds } => {
                let bar = self.bar.lock().ok().and_then(|mut bar| bar.take());
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                    eprintln!("{:>7} done in {seconds:.1} s", stage.name());
                }
                self.say_line(|lines| lines.finished(seconds));
            }
        }
    }

    fn say_line(&self, line: impl FnOnce(&mut Lines) -> Option<String>) {
        let Ok(mut lines) = self.lines.lock() else {
            return;
        };
        if let Some(line) = lines.as_mut().and_then(line) {
            eprintln!("{line}");
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: Event<'_>) {
        let too_soon = self.too_soon(&event);
        if !too_soon {
            log(&event);
        }
        match self.output {
            Kind::Quiet => {}
            Kind::Json if too_soon => {}
            // a reader that has left must not stop the run
            Kind::Json => drop(super::say(&as_json(&event))),
            Kind::Terminal | Kind::Plain => self.human(event),
        }
    }
}

/// The same for the log.
fn log(event: &Event<'_>) {
    match event {
        Event::Note(text) => info!("{text}"),
        Event::Warning(text) => warn!("{text}"),
        Event::Started { stage, total, done } => {
            info!(
                stage = stage.name(),
                total,
                done,
                unit = stage.unit(),
                "started"
            );
        }
        Event::Advanced {
            stage,
            done,
            detail,
        } => debug!(stage = stage.name(), done, "{detail}"),
        Event::Finished { stage, seconds } => {
            info!(stage = stage.name(), seconds, "finished");
        }
    }
}

fn as_json(event: &Event<'_>) -> serde_json::Value {
    match event {
        Event::Note(text) => json!({"reason": "note", "message": text}),
        Event::Warning(text) => json!({"reason": "warning", "message": text}),
        Event::Started { stage, total, done } => json!({
            "reason": "started", "stage": stage.name(), "unit": stage.unit(),
            "total": total, "done": done,
        }),
        Event::Advanced {
            stage,
            done,
            detail,
        } => json!({
            "reason": "progress", "stage": stage.name(), "done": done, "detail": detail,
        }),
        Event::Finished { stage, seconds } => json!({
            "reason": "finished", "stage": stage.name(), "seconds": seconds,
        }),
    }
}
