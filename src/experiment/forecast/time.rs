//! What a run will take, told before it starts: time from a short bench on this
//! machine, disk and memory from shapes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use layerprobe_linalg::{MatMut, MatRef, Threads, matmul};
use layerprobe_probes::View;
use layerprobe_streams::StreamKey;

use crate::config::{Config, Protocol};
use crate::models::{Design, ImageBatch, Network, Workspace};
use crate::nn::optimizers::{AdamParams, LearningRate, OptimizerParams};
use crate::training::Trainer;

use super::standing::counts;
use crate::experiment::design::condition::{Condition, conditions};
use crate::experiment::design::stimuli::ExperimentStimuli;
use crate::experiment::design::streams::Streams;
use crate::experiment::design::training_plan::plan_conditions;
use crate::experiment::error::ExperimentError;

/// Measurements of one thing at least, after one that is not counted, and at
/// most; more than the least are made within so many seconds. The shortest
/// counts, so that other work on the machine disturbs little.
const MEASURED: usize = 2;
const MOST: usize = 200;
const BUDGET: Duration = Duration::from_millis(1500);
/// Images of a measured forward pass.
const READ: usize = 32;
/// Side of the measured product: over within a millisecond or so, before another
/// process has its turn.
const SIDE: usize = 512;
/// Iterations that all fits of a layer take together, and what their vectors,
/// factors and searches cost beside the products, as multiples: chosen so that
/// the layers of `quick`, of 128 to 32,768 dimensions, come out within a factor
/// of three.
const ITERATIONS: f64 = 60.0;
const OVERHEAD: f64 = 8.0;

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

/// What a run will take.
#[derive(Clone, Debug, PartialEq)]
pub struct RunForecast {
    /// The networks to train.
    pub conditions: Vec<Condition>,
    /// Training steps of all of them.
    pub steps: u64,
    /// Training stimuli and combinations, in words.
    pub training: String,
    /// Checkpoints whose layers are probed; an untrained network that several
    /// targets share counts once.
    pub checkpoints: u64,
    /// Layers to probe over all of these, each one solve for all features and
    /// penalties.
    pub layers: u64,
    /// Seconds of training.
    pub train_seconds: f64,
    /// Seconds of reading activations and fitting probes: within a factor of
    /// three.
    pub probe_seconds: f64,
    /// Bytes of checkpoints on disk.
    pub disk: u64,
    /// Bytes in memory for images, network and the widest probed layer.
    pub memory: u64,
    /// What the forecast leaves out.
    pub left_out: Vec<String>,
}

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
        let design = design(config)?;
        let failed = |e: &dyn std::fmt::Display| ExperimentError::UnknownArch(e.to_string());
        let key = StreamKey::from_seed(0);
        let mut network = Network::from_design(design, key)?;
        let size = config.training.batch_size;
        let batch = noise(&network, size, key);
        let labels: Vec<u32> = (0..size).map(|i| (i % network.classes()) as u32).collect();
        let adam = OptimizerParams::Adam(AdamParams::default());
        let adam = adam.check().map_err(|e| failed(&e))?;
        let rate = LearningRate::constant(1e-4).map_err(|e| failed(&e))?;
        let mut trainer = Trainer::new(&network, adam, rate, key.derive("train/dropout"));
        let step = seconds(|| {
            trainer
                .step(&mut network, &batch, &labels)
                .map(|_| ())
                .map_err(|e| failed(&e))
        })?;
        let images = noise(&network, READ, key);
        let mut workspace = Workspace::default();
        let forward = seconds(|| {
            network.logits(&mut workspace, &images)?;
            Ok(())
        })?;
        let a = vec![0.5f32; SIDE * SIDE];
        let mut c = vec![0.0f32; SIDE * SIDE];
        let product = seconds(|| {
            let square = MatRef::row_major(&a, SIDE, SIDE);
            let product = MatMut::row_major(&mut c, SIDE, SIDE);
            matmul(product, 0.0, square, square, 1.0, Threads::One);
            Ok(())
        })?;
        Ok(Self {
            train: size as f64 / step,
            read: READ as f64 / forward,
            // of one thread, taken times the threads: together they would wait for the
            // one that other work on the machine keeps longest
            products: 2.0 * (SIDE as f64).powi(3) / product * rayon::current_num_threads() as f64,
        })
    }
}

impl RunForecast {
    /// What a configuration takes at these speeds.
    ///
    /// # Errors
    /// If the configuration cannot be run at all.
    pub fn of(config: &Config, speeds: &Speeds) -> Result<Self, ExperimentError> {
        let streams = Streams::new(&config.seeds);
        let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams)?;
        let planned = plan_conditions(config, &stimuli)?;
        let layers = design(config)?.layers()?;
        let parameters: usize = layers.iter().map(|layer| layer.parameters).sum();
        let counts = counts(config)?;
        let dims: Vec<usize> = config
            .probes
            .layers
            .iter()
            .filter_map(|name| {
                let named = |layer: &&crate::models::Layer| {
                    layer.name == *name || layer.aliases.contains(name)
                };
                layers.iter().find(named).map(|layer| layer.shape.dim())
            })
            .collect();
        let mut images = 0.0;
        for planned in &planned {
            let split = stimuli.training_split(planned.version);
            let validation = split.validation.get(planned.condition.target_index);
            let validated = validation.map_or(0, Vec::len) as f64 / speeds.read * speeds.train;
            let per_epoch = split.train.len() as f64 + validated;
            images += per_epoch * config.training.epochs as f64;
        }
        let set = stimuli.set.len() as f64;
        let train = stimuli.versions.first().map_or(0, |v| v.split.train.len()) as f64;
        let classes = config.stimuli.values_per_feature() - config.split.held_out;
        let columns = config.probes.features.len() * config.probes.penalties.len() * classes;
        let fits = dims.iter().map(|&dims| {
            let width = (dims as f64).min(train);
            let gram = 2.0 * train * train.min(dims as f64) * dims as f64;
            let products = 4.0 * train * width * columns as f64 * ITERATIONS;
            (gram + OVERHEAD * products) / speeds.products
        });
        let checkpoints = counts.layers / (dims.len() as u64).max(1);
        let per_checkpoint = set / speeds.read + fits.sum::<f64>();
        let widest = dims.iter().max().copied().unwrap_or(0) as u64;
        let pixels = 3 * config.stimuli.image_size().pow(2) as u64;
        let mut left_out = Vec::new();
        if config.probes.protocol.contains(&Protocol::Paper) {
            left_out.push("the decoders of the protocol paper".to_owned());
        }
        let around = [
            (config.probes.baselines().next().is_some(), "baselines"),
            (config.probes.views != [View::Full], "views of layers"),
            (!config.probes.ridge.is_empty(), "ridge probes"),
            (config.probes.controls > 0, "control tasks"),
            (config.probes.code_orders > 0, "code lengths"),
            (config.probes.permutations > 0, "permutations"),
            (config.probes.nonlinear_seeds > 0, "nonlinear probes"),
        ];
        left_out.extend(
            around
                .iter()
                .filter(|(on, _)| *on)
                .map(|(_, what)| (*what).to_owned()),
        );
        Ok(Self {
            conditions: conditions(config),
            steps: counts.steps,
            training: stimuli.training_sizes(),
            checkpoints,
            layers: counts.layers,
            train_seconds: images / speeds.train,
            probe_seconds: checkpoints as f64 * per_checkpoint,
            disk: counts.checkpoint_bytes,
            memory: (stimuli.set.len() + stimuli.pool_size()) as u64 * pixels
                + 16 * parameters as u64
                + 8 * stimuli.set.len() as u64 * widest,
            left_out,
        })
    }

    /// Seconds of all.
    pub fn seconds(&self) -> f64 {
        self.train_seconds + self.probe_seconds
    }
}

fn design(config: &Config) -> Result<Design, ExperimentError> {
    let classes = config.stimuli.values_per_feature() - config.split.held_out;
    config
        .network
        .design(config.stimuli.image_size(), classes)
        .map_err(|unknown| ExperimentError::UnknownArch(unknown.to_string()))
}

fn noise(network: &Network, images: usize, key: StreamKey) -> ImageBatch {
    let size = network.image_size();
    let mut pixels = key.derive("bench/pixels").at(0);
    let values = (0..images * 3 * size * size).map(|_| pixels.uniform_in(-1.7, 1.7) as f32);
    let mut batch = ImageBatch::new(network.input_layout());
    batch.fill_from_chw(&values.collect::<Vec<f32>>());
    batch
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

#[cfg(test)]
mod tests {
    use super::*;

    const SPEEDS: Speeds = Speeds {
        train: 1000.0,
        read: 4000.0,
        products: 4e11,
    };

    fn forecast(settings: &[&str]) -> RunForecast {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        RunForecast::of(&Config::load("quick", &settings).unwrap(), &SPEEDS).unwrap()
    }

    #[test]
    fn quick_is_counted_as_it_runs() {
        let quick = forecast(&[]);
        assert_eq!(quick.conditions.len(), 3);
        assert_eq!(
            (quick.steps, quick.checkpoints, quick.layers),
            (3 * 540, 22, 110)
        );
        // 10 epochs of 3430 steps' images and of 3570 forward, three times
        let wanted = 30.0 * (3430.0 / 1000.0 + 3570.0 / 4000.0);
        assert!((quick.train_seconds - wanted).abs() < 1e-9);
        assert_eq!(quick.training, "3430 stimuli of 343 combinations");
        assert!(quick.left_out.is_empty());
    }

    #[test]
    fn twice_the_work_takes_twice_as_long() {
        let (once, twice) = (forecast(&[]), forecast(&["training.epochs=20"]));
        assert!((twice.train_seconds / once.train_seconds - 2.0).abs() < 1e-9);
        assert_eq!(twice.probe_seconds, once.probe_seconds);
        let wide = forecast(&["probes.layers=['pool1']"]);
        let narrow = forecast(&["probes.layers=['fc1']"]);
        assert!(wide.probe_seconds > narrow.probe_seconds);
        let extras = forecast(&["probes.controls=5"]);
        assert_eq!(extras.left_out, ["control tasks"]);
    }
}
