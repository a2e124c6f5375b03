//! How fast this machine is at a network, from a bench of seconds.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use layerprobe_linalg::{MatMut, MatRef, Threads, matmul};
use layerprobe_streams::StreamKey;

use crate::config::Config;
use crate::experiment::error::ExperimentError;
use crate::models::{Design, ImageBatch, Network, Workspace};
use crate::nn::optimizers::{AdamParams, LearningRate, OptimizerError, OptimizerParams};
use crate::training::Trainer;

/// Measurements of one thing at least, after one that is not counted, and at
/// most; more than the least are made within so many seconds. The shortest
/// counts, so that other work on the machine disturbs little.
const MEASURED: usize = 2;
const MOST: usize = 200;
const BUDGET: Duration = Duration::from_millis(1500);
/// Images of a measured forward pass.
const READ: usize = 32;
/// Side of the measured product, and how long every thread repeats it at a time.
const SIDE: usize = 512;
const TOGETHER: Duration = Duration::from_millis(50);
/// How fast this machine is, at one network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speeds {
    /// Images a second of full training steps.
    pub train: f64,
    /// Images a second of forward passes.
    pub read: f64,
    /// Operations a second of a large matrix product.
    pub products: f64,
}

/// The speeds of networks on this machine, each measured once.
#[derive(Clone, Debug, Default)]
pub struct Bench(BTreeMap<String, Speeds>);

impl Bench {
    /// The speeds at a configuration's network, and whether they were measured
    /// just now.
    ///
    /// # Errors
    /// If the network cannot be built.
    pub fn of(&mut self, config: &Config) -> Result<(Speeds, bool), ExperimentError> {
        let size = config.stimuli.image_size();
        let batch = config.training.batch_size;
        let network = format!("{:?} {size} {batch}", config.network);
        if let Some(speeds) = self.0.get(&network) {
            return Ok((*speeds, false));
        }
        let speeds = Speeds::measure(config)?;
        self.0.insert(network, speeds);
        Ok((speeds, true))
    }
}

impl Speeds {
    /// Measures a configuration's network on this machine, with as many threads
    /// as the run will have. Takes seconds.
    ///
    /// # Errors
    /// If the network cannot be built.
    pub fn measure(config: &Config) -> Result<Self, ExperimentError> {
        let unplanned = |error: OptimizerError| ExperimentError::Plan(error.into());
        let key = StreamKey::from_seed(0);
        let mut network = Network::from_design(design(config), key)?;
        let size = config.training.batch_size;
        let batch = noise(&network, size, key);
        let labels: Vec<u32> = (0..size).map(|i| (i % network.classes()) as u32).collect();
        let adam = OptimizerParams::Adam(AdamParams::default());
        let adam = adam.check().map_err(unplanned)?;
        let rate = LearningRate::constant(1e-4).map_err(unplanned)?;
        let mut trainer = Trainer::new(&network, adam, rate, key.derive("train/dropout"));
        let step = seconds(|| {
            trainer.step(&mut network, &batch, &labels)?;
            Ok(())
        })?;
        let images = noise(&network, READ, key);
        let mut workspace = Workspace::default();
        let forward = seconds(|| {
            network.logits(&mut workspace, &images)?;
            Ok(())
        })?;
        Ok(Self {
            train: size as f64 / step,
            read: READ as f64 / forward,
            products: products(),
        })
    }
}

pub(super) fn design(config: &Config) -> Design {
    let classes = config.classes();
    config.network.design(config.stimuli.image_size(), classes)
}

fn noise(network: &Network, images: usize, key: StreamKey) -> ImageBatch {
    let size = network.image_size();
    let mut pixels = key.derive("bench/pixels").at(0);
    let values = (0..images * 3 * size * size).map(|_| pixels.uniform_in(-1.7, 1.7) as f32);
    let mut batch = ImageBatch::new(network.input_layout());
    batch.fill_from_chw(&values.collect::<Vec<f32>>());
    batch
}

/// Operations a second of products that all threads make at once, each its own:
/// threads may share a core, and would wait for each other in one product of all.
fn products() -> f64 {
    let rate = || {
        let each = rayon::broadcast(|_| {
            let a = vec![0.5f32; SIDE * SIDE];
            let mut c = vec![0.0f32; SIDE * SIDE];
            let square = MatRef::row_major(&a, SIDE, SIDE);
            let (mut made, begun) = (0.0, Instant::now());
            while begun.elapsed() < TOGETHER {
                let product = MatMut::row_major(&mut c, SIDE, SIDE);
                matmul(product, 0.0, square, square, 1.0, Threads::One);
                made += 1.0;
            }
            made / begun.elapsed().as_secs_f64()
        });
        each.into_iter().sum::<f64>()
    };
    let rounds = BUDGET.as_millis() / TOGETHER.as_millis();
    let best = (0..rounds).map(|_| rate()).fold(0.0, f64::max);
    2.0 * (SIDE as f64).powi(3) * best
}

/// The least of several measurements, after one that is not counted.
fn seconds(mut work: impl FnMut() -> Result<(), ExperimentError>) -> Result<f64, ExperimentError> {
    work()?;
    let mut least = f64::INFINITY;
    let begun = Instant::now();
    for done in 0..MOST {
        if done >= MEASURED && begun.elapsed() >= BUDGET {
            break;
        }
        let started = Instant::now();
        work()?;
        least = least.min(started.elapsed().as_secs_f64());
    }
    Ok(least)
}
