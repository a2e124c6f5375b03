//! Decoders trained by Adam on all their stimuli at once.

use std::ops::ControlFlow;

use layerprobe_linalg::MatRef;
use layerprobe_streams::StreamKey;

use crate::adam::{Correction, LinearProbes, Source, Student};
use crate::checks::{check_finite, check_layer};
use crate::nonlinear::Mlp;
use crate::params::check_count;
use crate::task::Stimuli;
use crate::{LayerData, ProbeError, ProbeTask};

/// Epochs between two questions whether to go on.
const ASKED: usize = 128;

/// Decoders of small layers and few stimuli, each epoch one step of Adam on all
/// of them: the binary-features decoders of Hermann & Lampinen 2020 (appendix
/// B.3). Not yet checked; the default is their linear one.
///
/// A linear decoder is PyTorch's `Linear` with its default initial values and
/// softmax; a nonlinear one has a hidden layer of 64 leaky ReLU units (slope
/// 0.01) before it. The loss is the mean cross-entropy, without weight decay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FullBatch {
    /// Whether there is a hidden layer.
    pub hidden: bool,
    /// Learning rate.
    pub learning_rate: f64,
    /// Steps.
    pub epochs: usize,
}

impl Default for FullBatch {
    fn default() -> Self {
        Self {
            hidden: false,
            learning_rate: 1e-3,
            epochs: 5000,
        }
    }
}

impl FullBatch {
    /// Checks the values.
    ///
    /// # Errors
    /// If the learning rate is no positive finite number or there is no epoch.
    pub fn check(self) -> Result<CheckedFullBatch, ProbeError> {
        check_count("number of epochs", self.epochs)?;
        match self.learning_rate > 0.0 && self.learning_rate.is_finite() {
            true => Ok(CheckedFullBatch(self)),
            false => Err(ProbeError::Rate {
                what: "learning rate",
                value: self.learning_rate,
            }),
        }
    }
}

/// A way of training that passed every check; made by [`FullBatch::check`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckedFullBatch(FullBatch);

/// How well one feature was decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The feature.
    pub feature: String,
    /// Test stimuli classified rightly.
    pub right: u32,
    /// Training stimuli classified rightly.
    pub right_in_training: u32,
    /// Stimuli trained on.
    pub n_train: usize,
    /// Stimuli tested on.
    pub n_test: usize,
}

impl Decoded {
    /// Share of the test stimuli classified rightly.
    pub fn accuracy(&self) -> f64 {
        f64::from(self.right) / self.n_test as f64
    }
}

/// Trains a decoder for every feature on the training rows of a layer, its
/// activations as they are, and tests each once, after the last epoch.
///
/// Linear decoders with as many classes are the columns of one product. Initial
/// values come from `key.derive(feature)`: no feature's depend on which others
/// are decoded. Training runs on the calling thread; rows are checked and gathered by
/// all.
///
/// `go_on` is asked now and then; where it breaks there is no result.
///
/// ```
/// use std::ops::ControlFlow;
/// use layerprobe_probes::{FullBatch, LayerData, ProbeTask, Selection, train_full_batch};
/// use layerprobe_streams::StreamKey;
/// use ndarray::Array2;
///
/// // four units that see two bits; is the XOR of the bits there?
/// let bits = |row: usize| (row & 1 == 1, row >> 1 & 1 == 1);
/// let activations = Array2::from_shape_fn((64, 2), |(row, dim)| {
///     let (a, b) = bits(row);
///     f32::from(if dim == 0 { a } else { b })
/// });
/// let xor: Vec<u32> = (0..64).map(|row| u32::from(bits(row).0 != bits(row).1)).collect();
/// let (train, test): (Vec<usize>, Vec<usize>) = ((0..32).collect(), (32..64).collect());
/// let data = LayerData { activations: activations.view(), groups: &xor, selection: Selection::Drawn, channels: None };
/// let tasks = [ProbeTask { feature: "xor", classes: 2, labels: &xor, test: &test }];
/// let accuracy = |hidden| {
///     let decoder = FullBatch { hidden, learning_rate: 0.01, epochs: 1000 }.check()?;
///     let key = StreamKey::from_seed(0);
///     let found = train_full_batch("fc1", &data, &train, &tasks, &decoder, key, &mut || ControlFlow::Continue(()))?;
///     let ControlFlow::Continue(found) = found else { unreachable!("nobody stopped it") };
///     Ok::<_, layerprobe_probes::ProbeError>(found[0].accuracy())
/// };
/// assert!(accuracy(false)? <= 0.75);
/// assert_eq!(accuracy(true)?, 1.0);
/// # Ok::<(), layerprobe_probes::ProbeError>(())
/// ```
///
/// # Errors
/// As [`crate::probe_layer`], of rows, labels and activations.
pub fn train_full_batch(
    layer: &str,
    data: &LayerData<'_>,
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    decoder: &CheckedFullBatch,
    key: StreamKey,
    go_on: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<ControlFlow<(), Vec<Decoded>>, ProbeError> {
    let stimuli = Stimuli::from(data);
    check_layer(layer, data.activations.dim(), &stimuli, train, tasks)?;
    let owned = data.activations.as_standard_layout();
    let (dims, values) = (owned.ncols(), owned.as_slice().unwrap_or(&[]));
    check_finite(layer, values, dims, train)?;
    for task in tasks {
        check_finite(layer, values, dims, task.test)?;
    }
    let source = Source::Plain { values, dims };
    let lesson = Lesson {
        source,
        train,
        epochs: decoder.0.epochs,
    };
    let setting = (decoder.0.learning_rate, 0.0);
    let mut found = Vec::with_capacity(tasks.len());
    if decoder.0.hidden {
        for task in tasks {
            let key = key.derive(task.feature);
            let mlp = Mlp::new(dims, task.labels, task.classes, setting, key);
            match lesson.teach(mlp, std::slice::from_ref(task), go_on) {
                ControlFlow::Continue(decoded) => found.extend(decoded),
                ControlFlow::Break(()) => return Ok(ControlFlow::Break(())),
            }
        }
        return Ok(ControlFlow::Continue(found));
    }
    for tasks in tasks.chunk_by(|a, b| a.classes == b.classes) {
        let classes = tasks[0].classes;
        let labels = tasks.iter().map(|task| task.labels).collect();
        let settings = vec![setting; tasks.len()];
        let draw = |probe: usize, class: usize| {
            let key = key.derive(tasks[probe].feature);
            key.at(class as u64)
        };
        let probes = LinearProbes::new(dims, labels, classes, &settings, draw);
        match lesson.teach(probes, tasks, go_on) {
            ControlFlow::Continue(decoded) => found.extend(decoded),
            ControlFlow::Break(()) => return Ok(ControlFlow::Break(())),
        }
    }
    Ok(ControlFlow::Continue(found))
}

/// What a student is taught with, the same rows at every step.
struct Lesson<'a> {
    source: Source<'a>,
    train: &'a [usize],
    epochs: usize,
}

impl Lesson<'_> {
    /// Teaches and tests a student with a probe for each task.
    fn teach<S: Student>(
        &self,
        mut student: S,
        tasks: &[ProbeTask<'_>],
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> ControlFlow<(), Vec<Decoded>> {
        let mut x = Vec::new();
        self.source.gather(self.train, &mut x);
        for epoch in 0..self.epochs {
            if epoch % ASKED == 0 {
                go_on()?;
            }
            student.learn(&x, self.train, Correction::at(epoch as u64 + 1));
        }
        let dims = self.source.dims();
        let mut judge = |x: &[f32], rows: &[usize]| {
            let mut right = vec![0; tasks.len()];
            student.judge(MatRef::row_major(x, rows.len(), dims), rows, &mut right);
            right
        };
        let in_training = judge(&x, self.train);
        let mut found = Vec::with_capacity(tasks.len());
        for (number, (task, right_in_training)) in tasks.iter().zip(in_training).enumerate() {
            self.source.gather(task.test, &mut x);
            found.push(Decoded {
                feature: task.feature.to_owned(),
                right: judge(&x, task.test)[number],
                right_in_training,
                n_train: self.train.len(),
                n_test: task.test.len(),
            });
        }
        ControlFlow::Continue(found)
    }
}
