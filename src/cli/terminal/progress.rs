//! Progress: bars on a terminal, JSON lines on request, else a line now and then;
//! and in the log, if there is one.

mod lines;
mod stages;

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;
use tracing::{debug, info, warn};

use crate::cli::arguments::{MessageFormat, Output};
use crate::experiment::{Event, Observer};
use stages::{Shown, Stages};

/// Tells the user what an experiment does.
pub struct Progress {
    output: Kind,
    stages: Mutex<Stages>,
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
        let shown = match output {
            Kind::Terminal => Shown::Bars,
            _ => Shown::Lines,
        };
        Self {
            output,
            stages: Mutex::new(Stages::new(shown)),
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

    fn human(&self, event: Event<'_>) {
        let Ok(mut stages) = self.stages.lock() else {
            return;
        };
        let now = Instant::now();
        let line = match event {
            Event::Note(text) => Some(format!("note: {text}")),
            Event::Warning(text) => Some(format!("warning: {text}")),
            Event::Started { stage, total, done } => {
                stages.start(stage, total, done, now);
                None
            }
            Event::Advanced {
                stage,
                done,
                detail,
            } => stages.advance(stage, done, detail, now),
            Event::Finished { stage, seconds } => stages.finish(stage, seconds, now),
        };
        if let Some(line) = line {
            stages.say(&line);
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
