//! What probing a layer costs, in operations of matrix products.

use layerprobe_generators::splits::Split;

use crate::config::{Config, PaperGrid, Probes};

/// Iterations that fits take at all penalties together, times what their
/// vectors, factors and searches cost beside the two products of each: so that the
/// layers of `quick`, of 128 to 32,768 dimensions, come out within a factor of
/// three.
const ITERATIONS: f64 = 55.0;
/// Adam's own arithmetic and small batches, over large products: what layers of 128
/// and 2048 dimensions took beside their products.
const IN_BATCHES: f64 = 2.5;

/// What decides about the cost of a layer's probes beside its own width.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProbeCost<'a> {
    probes: &'a Probes,
    /// Training stimuli.
    train: f64,
    /// Classes over all features.
    classes: f64,
}

impl<'a> ProbeCost<'a> {
    /// Of a configuration whose probes see so many training stimuli.
    pub fn new(config: &'a Config, train: usize) -> Self {
        let kept = config.classes();
        Self {
            probes: &config.probes,
            train: train as f64,
            classes: (config.probes.features.len() * kept) as f64,
        }
    }

    /// Operations for a layer of so many dimensions at a checkpoint `at_an_end` of
    /// training or between.
    pub fn operations(&self, dims: usize, at_an_end: bool) -> f64 {
        let probes = self.probes;
        let paths = probes.penalties.len() as f64 * self.classes;
        let mut columns = paths;
        if probes.seen_values {
            columns += paths;
        }
        if probes.controls > 0 {
            columns += (probes.controls + 1) as f64 * self.classes;
        }
        if at_an_end {
            columns += probes.permutations as f64 * self.classes;
        }
        let own = gram(self.train, dims) + fits(self.train, dims, columns);
        match at_an_end {
            true => own + probes.code_orders as f64 * self.code(dims, paths),
            false => own,
        }
    }

    /// One order of a code: halves of the training set, and halves of those.
    fn code(&self, dims: usize, columns: f64) -> f64 {
        let prefixes = [2.0, 4.0, 8.0, 16.0, 32.0];
        let of = |part: f64| gram(self.train / part, dims) + fits(self.train / part, dims, columns);
        prefixes.into_iter().map(of).sum()
    }
}

/// What decides about the cost of a layer's decoders by the protocol `paper` beside
/// its own width.
#[derive(Clone, Copy, Debug)]
pub(super) struct PaperCost {
    /// Decoders of a feature times their epochs.
    epochs: f64,
    /// Classes of a feature.
    classes: f64,
    /// Stimuli that a feature's decoders are trained on, over all features.
    trained: f64,
    /// Stimuli that they are judged by, over all features.
    judged: f64,
}

impl PaperCost {
    /// Of a grid of decoders for each feature that a split has validation stimuli of.
    pub fn new(config: &Config, grid: &PaperGrid, split: &Split) -> Self {
        let points = grid.learning_rates.len() * grid.weight_decays.len();
        let judged: usize = split.validation.iter().map(Vec::len).sum();
        Self {
            epochs: (points * grid.epochs) as f64,
            classes: config.classes() as f64,
            trained: (split.train.len() * config.probes.features.len()) as f64,
            judged: judged as f64,
        }
    }

    /// Operations for a layer of so many dimensions.
    pub fn operations(&self, dims: usize) -> f64 {
        let columns = self.epochs * self.classes;
        columns * dims as f64 * (4.0 * self.trained + 2.0 * self.judged) * IN_BATCHES
    }
}

/// Half of a Gram matrix over the smaller side.
fn gram(rows: f64, dims: usize) -> f64 {
    rows * rows.min(dims as f64) * dims as f64
}

fn fits(rows: f64, dims: usize, columns: f64) -> f64 {
    4.0 * rows * rows.min(dims as f64) * columns * ITERATIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operations(setting: &str, dims: usize, at_an_end: bool) -> f64 {
        let config = Config::load("quick5", &[setting.to_owned()]).unwrap();
        ProbeCost::new(&config, 3430).operations(dims, at_an_end)
    }

    #[test]
    fn a_wide_layer_costs_its_gram_matrix_and_its_fits() {
        let n: f64 = 3430.0;
        let wanted = n * n * 32768.0 + 4.0 * n * n * (9.0 * 21.0) * ITERATIONS;
        let found = operations("probes.controls=0", 32768, true);
        assert!((found / wanted - 1.0).abs() < 1e-12, "{found} {wanted}");
    }

    #[test]
    fn what_is_measured_around_a_number_costs_where_it_is_measured() {
        let plain = operations("probes.controls=0", 8192, true);
        for (setting, everywhere) in [
            ("probes.seen_values=true", true),
            ("probes.controls=5", true),
            ("probes.permutations=19", false),
            ("probes.code_orders=5", false),
        ] {
            assert!(operations(setting, 8192, true) > 1.1 * plain, "{setting}");
            let between = operations(setting, 8192, false) > plain;
            assert_eq!(between, everywhere, "{setting}");
        }
        // all prefixes of a code together are a third of a whole path's products
        let one = operations("probes.code_orders=1", 8192, true);
        let five = operations("probes.code_orders=5", 8192, true);
        assert!(((five - plain) / (one - plain) - 5.0).abs() < 1e-9);
        assert!(one - plain < 0.5 * plain);
    }
}
