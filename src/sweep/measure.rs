//! A short trial of a cell, to forecast time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::error::SweepError;
use crate::config::{Checkpoints, Config};
use crate::experiment::{self, Event, Execution, Observer, Stage};

/// What a trial measured; nothing where it did not come so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Seconds a step of training.
    pub step: Option<f64>,
    /// Seconds a probed layer of a checkpoint.
    pub layer: Option<f64>,
}

/// Runs one network of a configuration for an epoch and probes it before and
/// after, in a temporary folder, until it is done. Where the epoch is not over
/// within `budget`, nothing is probed; else probing ends after as long, or with
/// its first layer.
///
/// # Errors
/// If the run fails.
pub fn measure(
    config: &Config,
    execution: &Execution,
    budget: Duration,
    stop: &AtomicBool,
) -> Result<Measured, SweepError> {
    let mut short = config.clone();
    short.training.targets.truncate(1);
    short.split.versions.truncate(1);
    short.training.epochs = 1;
    short.checkpoints = Checkpoints::List { steps: Vec::new() };
    let dir = tempfile::tempdir().map_err(SweepError::io("make", &std::env::temp_dir()))?;
    let watch = Watch {
        budget,
        asked: stop,
        stop: AtomicBool::new(false),
        seen: Mutex::default(),
    };
    match experiment::run(&short, dir.path(), execution, &watch.stop, &watch) {
        Err(error) if !error.is_interruption() => return Err(error.into()),
        _ => {}
    }
    let seen = watch.seen.lock().map(|seen| *seen).unwrap_or_default();
    let each = |(count, seconds): (u64, f64)| (count > 0).then(|| seconds / count as f64);
    Ok(Measured {
        step: each(seen.steps),
        layer: each(seen.layers),
    })
}

/// Takes the time of a run's stages, and ends it in time.
struct Watch<'a> {
    budget: Duration,
    asked: &'a AtomicBool,
    stop: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    /// When the stage in hand began.
    stage: Option<Instant>,
    /// When the first step was done: what is measured once before it, the
    /// untrained network on all stimuli, is no step.
    first_step: Option<Instant>,
    /// How many so far, and in how many seconds.
    steps: (u64, f64),
    layers: (u64, f64),
}

impl Observer for Watch<'_> {
    fn event(&self, event: Event<'_>) {
        let Ok(mut seen) = self.seen.lock() else {
            return;
        };
        let since = |began: Option<Instant>| began.map_or(Duration::ZERO, |began| began.elapsed());
        let mut is_enough = self.asked.load(Ordering::SeqCst);
        match event {
            // a stage's time begins anew when its stimuli are rendered
            Event::Started { .. } | Event::Finished { .. } => seen.stage = Some(Instant::now()),
            Event::Advanced { stage, done, .. } => match stage {
                Stage::Train if seen.first_step.is_none() => {
                    seen.first_step = Some(Instant::now());
                }
                Stage::Train => {
                    let spent = since(seen.first_step);
                    seen.steps = (done.saturating_sub(1), spent.as_secs_f64());
                    is_enough |= spent >= self.budget;
                }
                Stage::Probe => {
                    let spent = since(seen.stage);
                    seen.layers = (done, spent.as_secs_f64());
                    is_enough |= spent >= self.budget;
                }
                _ => {}
            },
            _ => {}
        }
        if is_enough {
            self.stop.store(true, Ordering::SeqCst);
        }
    }
}
