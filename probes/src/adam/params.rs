use crate::ProbeError;
use crate::params::check_count;

/// A grid of probes trained by Adam, not yet checked. Default: the paper's
/// (Hermann & Lampinen 2020, appendix B.1.1).
///
/// ```
/// use layerprobe_probes::AdamGrid;
///
/// let grid = AdamGrid { epochs: 10, ..AdamGrid::default() }.check()?;
/// assert_eq!(grid.points().len(), 36);
/// assert_eq!(grid.points()[1], (1e-6, 1e-6));
/// # Ok::<(), layerprobe_probes::ProbeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AdamGrid {
    /// Learning rates.
    pub learning_rates: Vec<f64>,
    /// Weight decays, added to the slopes as L2 (PyTorch's `Adam`).
    pub weight_decays: Vec<f64>,
    /// Stimuli a step; the last batch of an epoch may be shorter and is kept.
    pub batch_size: usize,
    /// Passes over the training stimuli.
    pub epochs: usize,
}

impl Default for AdamGrid {
    fn default() -> Self {
        Self {
            learning_rates: vec![1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0],
            weight_decays: vec![0.0, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1],
            batch_size: 64,
            epochs: 250,
        }
    }
}

impl AdamGrid {
    /// Checks every value.
    ///
    /// # Errors
    /// If there is no learning rate or weight decay, one that is no positive
    /// finite number (a weight decay may be 0), or a count is 0.
    pub fn check(self) -> Result<CheckedAdamGrid, ProbeError> {
        check_count("number of learning rates", self.learning_rates.len())?;
        check_count("number of weight decays", self.weight_decays.len())?;
        check_count("batch size", self.batch_size)?;
        check_count("number of epochs", self.epochs)?;
        for &value in &self.learning_rates {
            if !(value > 0.0 && value.is_finite()) {
                return Err(ProbeError::Rate {
                    what: "learning rate",
                    value,
                });
            }
        }
        for &value in &self.weight_decays {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(ProbeError::Rate {
                    what: "weight decay",
                    value,
                });
            }
        }
        Ok(CheckedAdamGrid(self))
    }
}

/// A grid that passed every check; made by [`AdamGrid::check`].
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedAdamGrid(AdamGrid);

impl CheckedAdamGrid {
    /// Learning rate and weight decay of each point, decays fastest.
    pub fn points(&self) -> Vec<(f64, f64)> {
        let decays = |rate: f64| self.0.weight_decays.iter().map(move |decay| (rate, *decay));
        let rates = self.0.learning_rates.iter();
        rates.flat_map(|rate| decays(*rate)).collect()
    }

    /// Stimuli a step.
    pub fn batch_size(&self) -> usize {
        self.0.batch_size
    }

    /// Passes over the training stimuli.
    pub fn epochs(&self) -> usize {
        self.0.epochs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_trained_with_is_named() {
        let refused = |grid: AdamGrid| grid.check().unwrap_err().to_string();
        let grid = AdamGrid::default;
        for (bad, said) in [
            (
                AdamGrid {
                    learning_rates: vec![],
                    ..grid()
                },
                "number of learning rates is 0",
            ),
            (
                AdamGrid {
                    learning_rates: vec![0.1, 0.0],
                    ..grid()
                },
                "learning rate 0 ",
            ),
            (
                AdamGrid {
                    learning_rates: vec![f64::NAN],
                    ..grid()
                },
                "learning rate NaN",
            ),
            (
                AdamGrid {
                    weight_decays: vec![-1.0],
                    ..grid()
                },
                "weight decay -1 ",
            ),
            (
                AdamGrid {
                    weight_decays: vec![],
                    ..grid()
                },
                "number of weight decays is 0",
            ),
            (
                AdamGrid {
                    batch_size: 0,
                    ..grid()
                },
                "batch size is 0",
            ),
            (
                AdamGrid {
                    epochs: 0,
                    ..grid()
                },
                "number of epochs is 0",
            ),
        ] {
            let message = refused(bad);
            assert!(message.contains(said), "{message}");
        }
    }
}
