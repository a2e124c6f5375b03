//! What the experiment will take, told before it starts: time from doing a little of
//! it on this machine, with as many threads as it will have.

use std::time::{Duration, Instant};

use super::initial::{parameters, spec};
use super::measures::Price;
use super::plan::{conditions, descent};
use super::run::streams;
use super::stimuli::Stimuli;
use crate::config::BinaryConfig;
use crate::experiment::ExperimentError;
use crate::nn::{Perceptron, PerceptronBatch};

/// How long every thread trains for the measurement.
const TRAINED: Duration = Duration::from_millis(1500);
/// Steps between two looks at the clock.
const AT_A_TIME: usize = 20;

/// What an experiment on bits will take.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BinaryForecast {
    /// Networks to train.
    pub networks: usize,
    /// Epochs of each.
    pub epochs: u64,
    /// Checkpoints of each, the first and the last among them.
    pub checkpoints: usize,
    /// Seconds of training.
    pub train_seconds: f64,
    /// Seconds of decoding.
    pub measure_seconds: f64,
    /// Bytes of checkpoints on disk.
    pub disk: u64,
    /// Bytes in memory, of the networks that are trained at a time.
    pub memory: u64,
}

impl BinaryForecast {
    /// Measures a network of the configuration on this machine, each thread one of its
    /// own, since threads may share a core. Takes seconds. How networks are compared is
    /// not counted: it takes an instant.
    ///
    /// # Errors
    /// If the configuration cannot be run at all.
    pub fn of(config: &BinaryConfig) -> Result<Self, ExperimentError> {
        let plan = descent(config).map_err(ExperimentError::Plan)?;
        let streams = streams(config);
        let stimuli = Stimuli {
            config,
            streams: &streams,
        };
        let all = conditions(config);
        let Some(first) = all.first() else {
            return Ok(Self::default());
        };
        let spec = spec(&config.network, first);
        let weights = parameters(&spec, config.network.initial, streams.binary_init(0));
        let train = stimuli.train(first)?;
        let each = rayon::broadcast(|_| {
            let network = || Perceptron::new(&spec, &weights);
            let mut batch = train.batch(&spec, first.target)?;
            let rate = steps_a_second(network()?, &mut batch, config.training.learning_rate);
            Ok((rate, Price::measured(&stimuli, first, &network()?)?))
        });
        let measured: Vec<(f64, Price)> =
            each.into_iter().collect::<Result<_, ExperimentError>>()?;
        let rate: f64 = measured.iter().map(|(rate, _)| rate).sum();
        let prices = || measured.iter().map(|(_, price)| price);
        let threads = measured.len() as f64;
        let mean = |of: fn(&Price) -> f64| prices().map(of).sum::<f64>() / threads;
        let checkpoints = plan.checkpoints().len();
        let middle = checkpoints.saturating_sub(2) as f64 * mean(|price| price.last_layer);
        let decoded = middle + 2.0 * mean(|price| price.all_layers);
        let nonlinear = all
            .iter()
            .filter(|c| c.run < config.decoding.nonlinear_runs);
        let measure =
            all.len() as f64 * decoded + nonlinear.count() as f64 * mean(|price| price.nonlinear);
        let weights: usize = weights.iter().map(Vec::len).sum();
        let units: usize = config.network.widths.iter().sum();
        let of_one = 4 * (3 * weights + 2 * units * (config.stimuli.train + config.stimuli.test));
        Ok(Self {
            networks: all.len(),
            epochs: plan.epochs(),
            checkpoints,
            train_seconds: all.len() as f64 * plan.epochs() as f64 / rate,
            measure_seconds: measure / threads,
            disk: (all.len() * checkpoints * 4 * weights) as u64,
            memory: (measured.len() * of_one) as u64,
        })
    }

    /// Seconds in all.
    pub fn seconds(&self) -> f64 {
        self.train_seconds + self.measure_seconds
    }
}

/// Steps of descent a second of one thread.
fn steps_a_second(
    mut network: Perceptron<f32>,
    batch: &mut PerceptronBatch<f32>,
    rate: f64,
) -> f64 {
    let (mut steps, started) = (0, Instant::now());
    while started.elapsed() < TRAINED {
        for _ in 0..AT_A_TIME {
            network.descend(batch, rate);
        }
        steps += AT_A_TIME;
    }
    steps as f64 / started.elapsed().as_secs_f64()
}
