use layerprobe_linalg::{MatMut, MatRef, Threads, matmul};
use layerprobe_streams::StreamKey;

use super::{HIDDEN, SLOPE};
use crate::adam::{Columns, Correction, Real, Student, residuals, top};

/// A probe with one hidden layer: linear, leaky ReLU, linear, softmax.
#[derive(Clone, Debug)]
pub(crate) struct Mlp<'a, T> {
    first: Columns<T>,
    second: Columns<T>,
    labels: &'a [u32],
    classes: usize,
    hidden: Vec<T>,
    /// Logits, then the loss's slopes by them.
    logits: Vec<T>,
    /// The loss's slopes by what enters the hidden units.
    slopes: Vec<T>,
}

impl<'a, T: Real> Mlp<'a, T> {
    /// PyTorch's initial values, a stream an output of either layer; `setting`
    /// is learning rate and weight decay.
    pub fn new(
        inputs: usize,
        labels: &'a [u32],
        classes: usize,
        setting: (f64, f64),
        key: StreamKey,
    ) -> Self {
        let layer = |inputs: usize, outputs: usize, name: &str| {
            let key = key.derive(name);
            let settings = vec![setting; outputs];
            Columns::new(inputs, &settings, |output| key.at(output as u64))
        };
        Self {
            first: layer(inputs, HIDDEN, "hidden"),
            second: layer(HIDDEN, classes, "output"),
            labels,
            classes,
            hidden: Vec::new(),
            logits: Vec::new(),
            slopes: Vec::new(),
        }
    }

    /// Bytes of a probe, with the units and logits of `rows` at a time.
    pub fn bytes(inputs: usize, classes: usize, rows: usize) -> u64 {
        let units = rows * (2 * HIDDEN + classes.next_multiple_of(16));
        let layers = Columns::<T>::bytes(inputs, HIDDEN) + Columns::<T>::bytes(HIDDEN, classes);
        layers + (size_of::<T>() * units) as u64
    }

    fn forward(&mut self, x: MatRef<'_, T>) {
        let slope = T::cast(SLOPE);
        self.hidden.resize(x.rows() * HIDDEN, T::ZERO);
        self.first.forward(x, &mut self.hidden);
        for unit in &mut self.hidden {
            if *unit < T::ZERO {
                *unit *= slope;
            }
        }
        let (rows, stride) = (x.rows(), self.second.stride());
        self.logits.resize(rows * stride, T::ZERO);
        let hidden = MatRef::row_major(&self.hidden, rows, HIDDEN);
        self.second.forward(hidden, &mut self.logits);
    }

    /// From a batch to the slopes of its mean cross-entropy.
    fn backward(&mut self, x: MatRef<'_, T>, labels: &[u32]) {
        self.forward(x);
        let (rows, stride) = (x.rows(), self.second.stride());
        residuals(&mut self.logits, stride, 1, self.classes, |row, _| {
            labels[row]
        });
        self.slopes.resize(rows * HIDDEN, T::ZERO);
        matmul(
            MatMut::row_major(&mut self.slopes, rows, HIDDEN),
            T::ZERO,
            MatRef::row_major(&self.logits, rows, stride),
            self.second.matrix().t(),
            T::one(),
            Threads::One,
        );
        let slope = T::cast(SLOPE);
        for (slopes, unit) in self.slopes.iter_mut().zip(&self.hidden) {
            // a leak does not change signs
            if *unit <= T::ZERO {
                *slopes *= slope;
            }
        }
    }

    pub fn step(&mut self, x: &[T], labels: &[u32], correction: Correction) {
        let inputs = x.len() / labels.len().max(1);
        self.backward(MatRef::row_major(x, labels.len(), inputs), labels);
        self.second
            .learn(&self.hidden, HIDDEN, &self.logits, correction);
        self.first.learn(x, inputs, &self.slopes, correction);
    }

    fn labels(&self, rows: &[usize]) -> Vec<u32> {
        rows.iter().map(|&row| self.labels[row]).collect()
    }
}

impl Student for Mlp<'_, f32> {
    fn learn(&mut self, x: &[f32], rows: &[usize], correction: Correction) {
        let labels = self.labels(rows);
        self.step(x, &labels, correction);
    }

    fn judge(&mut self, x: MatRef<'_, f32>, rows: &[usize], right: &mut [u32]) {
        self.forward(x);
        let logits = self.logits.chunks_exact(self.second.stride());
        let labels = self.labels(rows);
        let hits = logits
            .zip(labels)
            .filter(|(logits, label)| top(&logits[..self.classes]) == *label as usize);
        let hits = hits.count() as u32;
        right.iter_mut().for_each(|right| *right += hits);
    }

    fn probes(&self) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adam::goldens::{golden, list, numbers};

    const INPUTS: usize = 5;
    const CLASSES: usize = 3;

    fn mlp<T: Real>(labels: &[u32]) -> Mlp<'_, T> {
        Mlp::new(
            INPUTS,
            labels,
            CLASSES,
            (1e-3, 0.0),
            StreamKey::from_seed(4),
        )
    }

    /// Mean cross-entropy, nats.
    fn loss<T: Real>(mlp: &mut Mlp<'_, T>, x: MatRef<'_, T>, labels: &[u32]) -> f64 {
        mlp.forward(x);
        let rows = mlp.logits.chunks(mlp.second.stride()).zip(labels);
        let losses = rows.map(|(logits, label)| {
            let logits = logits[..CLASSES].iter().filter_map(|z| z.to_f64());
            -crate::score::read_logits(&logits.collect::<Vec<_>>(), *label).1
        });
        losses.sum::<f64>() / labels.len() as f64
    }

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let x = numbers(8 * INPUTS, 1, 2.0);
        let x = MatRef::row_major(&x, 8, INPUTS);
        let labels: Vec<u32> = (0..8).map(|row| row * 7 % 3).collect();
        let mut mlp = mlp::<f64>(&labels);
        mlp.backward(x, &labels);
        let hidden = MatRef::row_major(&mlp.hidden, 8, HIDDEN);
        assert!(mlp.hidden.iter().any(|h| *h < 0.0) && mlp.hidden.iter().any(|h| *h > 0.0));
        let stride = mlp.second.stride();
        let residual = MatRef::row_major(&mlp.logits, 8, stride);
        let entering = MatRef::row_major(&mlp.slopes, 8, HIDDEN);
        let mut of_first = vec![0.0; INPUTS * HIDDEN];
        Columns::slopes(x, entering, &mut of_first);
        let mut of_second = vec![0.0; HIDDEN * stride];
        Columns::slopes(hidden, residual, &mut of_second);
        let mut check = |second: bool, place: usize, slope: f64| {
            let mut at = |step: f64| {
                let layer = if second {
                    &mut mlp.second
                } else {
                    &mut mlp.first
                };
                layer.weights_mut()[place] += step;
                let found = loss(&mut mlp, x, &labels);
                let layer = if second {
                    &mut mlp.second
                } else {
                    &mut mlp.first
                };
                layer.weights_mut()[place] -= step;
                found
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((slope - difference).abs() < 1e-9, "{slope}, {difference}");
        };
        for (place, slope) in of_first.iter().enumerate().step_by(3) {
            check(false, place, *slope);
        }
        for input in 0..HIDDEN {
            for class in 0..CLASSES {
                let place = input * stride + class;
                check(true, place, of_second[place]);
            }
        }
    }

    /// The golden network has four hidden units: the others' weights are 0,
    /// and so are all their slopes.
    #[test]
    fn twelve_steps_agree_with_pytorch() {
        const UNITS: usize = 4;
        let x = numbers(20 * INPUTS, 1, 2.0);
        let x: Vec<f32> = x.iter().map(|x| *x as f32).collect();
        let labels: Vec<u32> = (0..20).map(|row| row * 7 % 3).collect();
        let cases = golden()["mlp"].as_array().unwrap().clone();
        for case in cases {
            let number = |name: &str| case[name].as_f64().unwrap();
            let setting = (number("rate"), number("decay"));
            let layer = |inputs: usize, outputs: usize| {
                let key = StreamKey::from_seed(0);
                let mut columns =
                    Columns::<f32>::new(inputs, &vec![setting; outputs], |_| key.at(0));
                columns.weights_mut().fill(0.0);
                columns
            };
            let mut mlp = Mlp {
                first: layer(INPUTS, HIDDEN),
                second: layer(HIDDEN, CLASSES),
                ..mlp::<f32>(&labels)
            };
            let places = |columns: &Columns<f32>, inputs: usize, all: usize, outputs: usize| {
                let stride = columns.stride();
                let weights: Vec<usize> = (0..outputs * inputs)
                    .map(|i| i % inputs * stride + i / inputs)
                    .collect();
                let biases = (0..outputs).map(|output| all * stride + output).collect();
                [weights, biases]
            };
            let [w1, b1] = places(&mlp.first, INPUTS, INPUTS, UNITS);
            let [w2, b2] = places(&mlp.second, UNITS, HIDDEN, CLASSES);
            for (second, places, seed) in [
                (false, &w1, 20),
                (false, &b1, 21),
                (true, &w2, 30),
                (true, &b2, 31),
            ] {
                let layer = if second {
                    &mut mlp.second
                } else {
                    &mut mlp.first
                };
                for (place, value) in places.iter().zip(numbers(places.len(), seed, 0.5)) {
                    layer.weights_mut()[*place] = value as f32;
                }
            }
            for (step, expected) in list(&case["losses"]).into_iter().enumerate() {
                let rows = [0..8, 8..16, 16..20][step % 3].clone();
                let x = &x[rows.start * INPUTS..rows.end * INPUTS];
                let labels = &labels[rows];
                let found = loss(&mut mlp, MatRef::row_major(x, labels.len(), INPUTS), labels);
                assert!(
                    (found - expected).abs() < 1e-5,
                    "{step}: {found} {expected}"
                );
                mlp.step(x, labels, Correction::at(step as u64 + 1));
            }
            for (part, (second, places)) in [(false, w1), (false, b1), (true, w2), (true, b2)]
                .iter()
                .enumerate()
            {
                let layer = if *second {
                    &mut mlp.second
                } else {
                    &mut mlp.first
                };
                let expected = list(&case["weights"][part]);
                for (place, expected) in places.iter().zip(expected) {
                    let found = f64::from(layer.weights_mut()[*place]);
                    assert!(
                        (found - expected).abs() < 1e-4,
                        "{part}: {found} {expected}"
                    );
                }
            }
        }
    }
}
