use layerprobe_linalg::MatRef;
use layerprobe_streams::Stream;

use super::columns::{Columns, Correction};
use super::lessons::Student;
use super::real::Real;
use super::softmax::{residuals, top};

/// Linear probes side by side: the columns of a single product.
#[derive(Clone, Debug)]
pub(crate) struct LinearProbes<'a, T> {
    columns: Columns<T>,
    /// Of each probe.
    labels: Vec<&'a [u32]>,
    classes: usize,
    logits: Vec<T>,
}

impl<'a, T: Real> LinearProbes<'a, T> {
    /// A probe of so many classes for each list of labels, learning rate and
    /// weight decay; `draw` gives the stream of a probe's class.
    pub fn new(
        dims: usize,
        labels: Vec<&'a [u32]>,
        classes: usize,
        settings: &[(f64, f64)],
        draw: impl Fn(usize, usize) -> Stream,
    ) -> Self {
        let settings: Vec<(f64, f64)> = settings
            .iter()
            .flat_map(|setting| std::iter::repeat_n(*setting, classes))
            .collect();
        Self {
            columns: Columns::new(dims, &settings, |output| {
                draw(output / classes, output % classes)
            }),
            labels,
            classes,
            logits: Vec::new(),
        }
    }

    /// Bytes of so many columns, with the logits of `rows` at a time.
    pub fn bytes(dims: usize, columns: usize, rows: usize) -> u64 {
        let logits = rows * columns.next_multiple_of(16);
        Columns::<T>::bytes(dims, columns) + (size_of::<T>() * logits) as u64
    }

    fn forward(&mut self, x: MatRef<'_, T>) {
        let needed = x.rows() * self.columns.stride();
        self.logits.resize(needed, T::ZERO);
        self.columns.forward(x, &mut self.logits);
    }

    pub fn step(&mut self, x: &[T], rows: &[usize], correction: Correction) {
        let dims = x.len() / rows.len().max(1);
        self.forward(MatRef::row_major(x, rows.len(), dims));
        let probes = self.columns.outputs() / self.classes;
        let stride = self.columns.stride();
        let needed = rows.len() * stride;
        let (logits, labels) = (&mut self.logits[..needed], &self.labels);
        residuals(logits, stride, probes, self.classes, |row, probe| {
            labels[probe][rows[row]]
        });
        self.columns.learn(x, dims, &self.logits, correction);
    }
}

#[cfg(test)]
impl<T: Real> LinearProbes<'_, T> {
    pub fn columns_mut(&mut self) -> &mut Columns<T> {
        &mut self.columns
    }

    /// Mean cross-entropy of each probe on these rows, nats.
    pub fn losses(&mut self, x: MatRef<'_, T>, rows: &[usize]) -> Vec<f64> {
        self.forward(x);
        let (width, classes) = (self.columns.outputs(), self.classes);
        let mut losses = vec![0.0; width / classes];
        for (logits, row) in self.logits.chunks(self.columns.stride()).zip(rows) {
            for ((logits, loss), labels) in logits
                .chunks_exact(classes)
                .zip(&mut losses)
                .zip(&self.labels)
            {
                let logits: Vec<f64> = logits.iter().filter_map(|z| z.to_f64()).collect();
                let (_, log_probability) = crate::score::read_logits(&logits, labels[*row]);
                *loss -= log_probability / rows.len() as f64;
            }
        }
        losses
    }
}

impl Student for LinearProbes<'_, f32> {
    fn learn(&mut self, x: &[f32], rows: &[usize], correction: Correction) {
        self.step(x, rows, correction);
    }

    fn judge(&mut self, x: MatRef<'_, f32>, rows: &[usize], right: &mut [u32]) {
        self.forward(x);
        let logits = self.logits.chunks_exact(self.columns.stride());
        for (row, logits) in rows.iter().zip(logits) {
            let probes = logits.chunks_exact(self.classes).zip(&self.labels);
            for ((logits, labels), right) in probes.zip(right.iter_mut()) {
                *right += u32::from(top(logits) == labels[*row] as usize);
            }
        }
    }

    fn probes(&self) -> usize {
        self.columns.outputs() / self.classes
    }
}
