use layerprobe_streams::StreamKey;

/// How often each stimulus is taken, in several resamples of the stimuli.
///
/// Resample number `r` draws as many stimuli as there are, with replacement,
/// from the key's stream `r`. Comparisons that share their resamples are
/// paired: their differences can be judged resample by resample.
///
/// A resampled stimulus meets its own copies. Such pairs, at distance 0 in every
/// representation, would make all representations look alike; they are left out.
#[derive(Clone, Debug)]
pub struct Resamples {
    stimuli: usize,
    weights: Weights,
    once: Weights,
}

impl Resamples {
    /// Draws `count` resamples of so many stimuli; 0 for no intervals.
    pub fn draw(stimuli: usize, count: usize, key: StreamKey) -> Self {
        Self {
            stimuli,
            weights: Weights::drawn(stimuli, count, key),
            once: Weights::once(stimuli),
        }
    }

    /// Resamples given as columns of weights.
    #[cfg(test)]
    pub(super) fn of_columns(columns: &[Vec<f64>]) -> Self {
        let (count, stimuli) = (columns.len(), columns[0].len());
        let entries = (0..stimuli).flat_map(|i| columns.iter().map(move |column| column[i]));
        Self {
            stimuli,
            weights: Weights {
                stimuli,
                count,
                values: entries.collect(),
            },
            once: Weights::once(stimuli),
        }
    }

    /// How many resamples there are.
    pub fn count(&self) -> usize {
        self.weights.count
    }

    /// How many stimuli are resampled.
    pub fn stimuli(&self) -> usize {
        self.stimuli
    }

    pub(super) fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Every stimulus once: the sample itself.
    pub(super) fn sample(&self) -> &Weights {
        &self.once
    }
}

/// A column of weights for each resample, a row for each stimulus.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    pub(super) stimuli: usize,
    pub(super) count: usize,
    /// Row-major.
    pub(super) values: Vec<f64>,
}

impl Weights {
    fn once(stimuli: usize) -> Self {
        Self {
            stimuli,
            count: 1,
            values: vec![1.0; stimuli],
        }
    }

    fn drawn(stimuli: usize, count: usize, key: StreamKey) -> Self {
        let mut values = vec![0.0; stimuli * count];
        for resample in 0..count {
            let mut stream = key.at(resample as u64);
            for _ in 0..stimuli {
                let drawn = stream.below(stimuli as u64) as usize;
                values[drawn * count + resample] += 1.0;
            }
        }
        Self {
            stimuli,
            count,
            values,
        }
    }

    pub(super) fn row(&self, stimulus: usize) -> &[f64] {
        &self.values[stimulus * self.count..(stimulus + 1) * self.count]
    }

    /// One resample's weights.
    pub(super) fn column(&self, resample: usize) -> Vec<f64> {
        let column = self.values.iter().skip(resample).step_by(self.count.max(1));
        column.copied().collect()
    }

    /// Each resample's sum over stimuli of a power of its weights.
    pub(super) fn power_sums(&self, power: i32) -> Vec<f64> {
        let mut sums = vec![0.0; self.count];
        for stimulus in 0..self.stimuli {
            for (sum, weight) in sums.iter_mut().zip(self.row(stimulus)) {
                *sum += weight.powi(power);
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_resample_takes_as_many_as_there_are() {
        let drawn = Resamples::draw(30, 7, StreamKey::from_seed(1));
        assert_eq!(drawn.weights().power_sums(1), [30.0; 7]);
        // a sum of squares near 2 n: multiplicities are nearly Poisson
        let squares = drawn.weights().power_sums(2);
        assert!(
            squares.iter().all(|s| (40.0..90.0).contains(s)),
            "{squares:?}"
        );
        // more resamples leave the first as they were
        let more = Resamples::draw(30, 9, StreamKey::from_seed(1));
        assert_eq!(more.weights().column(6), drawn.weights().column(6));
    }
}
