//! A probe with one hidden layer beside the linear one.

mod mlp;

use std::ops::ControlFlow;

use layerprobe_streams::StreamKey;

use crate::adam::{JUDGED, Lessons, Source};
use crate::standardize::Standardized;
use crate::{ProbeTask, Repeats, Workload};

pub(crate) use mlp::Mlp;

/// Hidden units (Hermann & Lampinen 2020, appendix B.3: 64).
const HIDDEN: usize = 64;
/// What a hidden unit lets through below 0 (PyTorch's default; the paper does
/// not say).
const SLOPE: f64 = 0.01;
/// The paper's learning rate and weight decay for nonlinear decoders.
const RATE: f64 = 1e-3;
const DECAY: f64 = 0.0;
const BATCH: usize = 64;
/// Epochs trained; the best on the selection rows is tested.
const EPOCHS: usize = 40;

/// One feature's nonlinear probes, one a seed.
///
/// Linear, 64 leaky ReLU units, linear, softmax; mean cross-entropy, Adam with
/// learning rate 1e-3 on batches of 64, 40 epochs on the rows that linear
/// probes are fitted to while their penalty is chosen, on activations scaled
/// in the same way. Of the epochs, the first with the highest accuracy on the
/// selection rows is tested. Its objective has many minima: no certificate can
/// be given, hence several seeds. Seeds differ in initial values and share
/// their batches.
#[derive(Clone, Debug, PartialEq)]
pub struct Nonlinear {
    /// The feature.
    pub feature: String,
    /// Rows trained on.
    pub n_train: usize,
    /// Rows tested on.
    pub n_test: usize,
    /// A probe a seed, at least one.
    pub fits: Vec<NonlinearFit>,
}

/// One seed's probe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NonlinearFit {
    /// Share of test rows classified rightly.
    pub accuracy: f64,
    /// Share of selection rows classified rightly, by which the epoch was
    /// chosen.
    pub selection_accuracy: f64,
    /// Optimizer steps until the chosen epoch's end.
    pub iterations: usize,
}

impl Nonlinear {
    /// Learning rate of every step.
    pub const LEARNING_RATE: f64 = RATE;
    /// Weight decay.
    pub const WEIGHT_DECAY: f64 = DECAY;

    /// Mean accuracy over seeds.
    pub fn mean(&self) -> f64 {
        let sum: f64 = self.fits.iter().map(|fit| fit.accuracy).sum();
        sum / self.fits.len() as f64
    }

    /// Smallest and largest accuracy over seeds.
    pub fn range(&self) -> (f64, f64) {
        let all = || self.fits.iter().map(|fit| fit.accuracy);
        (
            all().fold(f64::INFINITY, f64::min),
            all().fold(f64::NEG_INFINITY, f64::max),
        )
    }
}

/// Bytes that a layer's nonlinear probes take beside what they are taught from: all
/// of them with Adam's moments, and the rows of a few batches.
pub(crate) fn bytes(work: &Workload<'_>) -> u64 {
    let seeds = work.extras.nonlinear.map_or(0, |seeds| seeds.count) as u64;
    if seeds == 0 {
        return 0;
    }
    let each = work.classes.iter();
    let probes: u64 = each
        .map(|&classes| Mlp::<f32>::bytes(work.dims, classes, JUDGED))
        .sum();
    seeds * probes + Lessons::bytes(BATCH, work.dims)
}

/// Trains probes on `fitting`, chooses their epochs on `choosing`, and tests
/// each on its task's test rows. Only epochs that were the best so far are
/// tested, and only the last of them counts.
pub(crate) fn nonlinear(
    scaled: &Standardized<'_>,
    (fitting, choosing): (&[usize], &[usize]),
    tasks: &[ProbeTask<'_>],
    seeds: Repeats,
) -> Vec<Nonlinear> {
    let source = Source::Scaled(scaled);
    let mut students: Vec<Mlp<'_, f32>> = Vec::new();
    for task in tasks {
        for seed in 0..seeds.count {
            let key: StreamKey = seeds.key.derive(task.feature).derive(&seed.to_string());
            let setting = (RATE, DECAY);
            students.push(Mlp::new(
                source.dims(),
                task.labels,
                task.classes,
                setting,
                key,
            ));
        }
    }
    let lessons = Lessons {
        source,
        train: fitting,
        batch: BATCH,
        shuffle: seeds.key.derive("shuffle"),
    };
    let mut found: Vec<Nonlinear> = tasks
        .iter()
        .map(|task| Nonlinear {
            feature: task.feature.to_owned(),
            n_train: fitting.len(),
            n_test: task.test.len(),
            fits: Vec::new(),
        })
        .collect();
    let share = |right: &[u32], of: &[usize]| f64::from(right[0]) / of.len() as f64;
    for epoch in 0..EPOCHS {
        let mut go_on = || ControlFlow::Continue(());
        // it never breaks
        let _ = lessons.epoch(epoch as u64, &mut students, &mut go_on);
        let chosen = lessons.judge(&mut students, choosing);
        for (number, right) in chosen.iter().enumerate() {
            let (task, seed) = (number / seeds.count, number % seeds.count);
            let selection_accuracy = share(right, choosing);
            let best = found[task].fits.get(seed);
            if best.is_some_and(|best| selection_accuracy <= best.selection_accuracy) {
                continue;
            }
            let test = tasks[task].test;
            let tested = lessons.judge(&mut students[number..=number], test);
            let fit = NonlinearFit {
                accuracy: share(&tested[0], test),
                selection_accuracy,
                iterations: (epoch + 1) * lessons.steps(),
            };
            match found[task].fits.get_mut(seed) {
                Some(best) => *best = fit,
                None => found[task].fits.push(fit),
            }
        }
    }
    found
}
