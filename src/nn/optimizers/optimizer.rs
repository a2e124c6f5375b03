use rayon::prelude::*;

use super::adam::AdamStep;
use super::sgd::SgdStep;
use super::{CheckedOptimizerParams, OptimizerParams};

/// Numbers a task moves.
const PIECE: usize = 16 * 1024;

/// Moves parameters along their gradients, in place, and keeps what it needs
/// from step to step.
#[derive(Clone, Debug)]
pub struct Optimizer {
    params: CheckedOptimizerParams,
    steps: u64,
    /// Lengths of the parameters.
    lengths: Vec<usize>,
    /// For each kept quantity, a tensor for each parameter.
    kept: Vec<Vec<Vec<f32>>>,
}

impl Optimizer {
    /// An optimizer at its start, for tensors of these lengths.
    pub fn new(params: CheckedOptimizerParams, lengths: impl IntoIterator<Item = usize>) -> Self {
        let lengths: Vec<usize> = lengths.into_iter().collect();
        let zeros = || lengths.iter().map(|&len| vec![0.0; len]).collect();
        Self {
            params,
            steps: 0,
            kept: params.kept().iter().map(|_| zeros()).collect(),
            lengths,
        }
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What is kept beside the parameters, by name: a tensor for each
    /// parameter, as `adam.first` and `adam.second`, the means of gradients
    /// and of squared gradients.
    pub fn kept(&self) -> impl Iterator<Item = (&'static str, &[Vec<f32>])> {
        let names = self.params.kept().iter().copied();
        names.zip(self.kept.iter().map(Vec::as_slice))
    }

    /// Goes on from what was kept after `steps` steps, in the order of
    /// [`kept`](Self::kept).
    ///
    /// # Panics
    /// If the numbers of tensors or their lengths are not those the optimizer
    /// was made for.
    pub fn restore(&mut self, steps: u64, kept: Vec<Vec<Vec<f32>>>) {
        assert_eq!(kept.len(), self.kept.len(), "number of kept quantities");
        for tensors in &kept {
            assert!(
                tensors
                    .iter()
                    .map(Vec::len)
                    .eq(self.lengths.iter().copied()),
                "lengths of the kept tensors"
            );
        }
        self.steps = steps;
        self.kept = kept;
    }

    /// One step: `parameters` move along `gradients`, tensor by tensor.
    ///
    /// # Panics
    /// If there are not as many tensors, as long, as the optimizer was made
    /// for.
    pub fn step<'a>(
        &mut self,
        parameters: impl IntoIterator<Item = &'a mut [f32]>,
        gradients: &[Vec<f32>],
        learning_rate: f64,
    ) {
        self.steps += 1;
        let (rate, step) = (learning_rate, self.steps);
        let update = match self.params.get() {
            OptimizerParams::Adam(params) => Update::Adam(AdamStep::new(params, false, rate, step)),
            OptimizerParams::AdamW(params) => Update::Adam(AdamStep::new(params, true, rate, step)),
            OptimizerParams::Sgd(params) => Update::Sgd(SgdStep::new(params, rate, step)),
        };
        let mut moved = 0;
        for (parameter, gradient) in parameters.into_iter().zip(gradients) {
            assert_eq!(parameter.len(), gradient.len(), "a gradient's length");
            assert_eq!(parameter.len(), self.lengths[moved], "a tensor's length");
            let mut kept = self
                .kept
                .iter_mut()
                .map(|tensors| tensors[moved].as_mut_slice());
            update.apply(parameter, gradient, [kept.next(), kept.next()]);
            moved += 1;
        }
        assert_eq!(moved, self.lengths.len(), "number of tensors");
    }
}

/// What one step does to every number.
enum Update {
    Adam(AdamStep),
    Sgd(SgdStep),
}

impl Update {
    fn apply(&self, p: &mut [f32], g: &[f32], kept: [Option<&mut [f32]>; 2]) {
        let pairs = p.par_chunks_mut(PIECE).zip(g.par_chunks(PIECE));
        match (self, kept) {
            (Self::Adam(step), [Some(m), Some(v)]) => pairs
                .zip(m.par_chunks_mut(PIECE).zip(v.par_chunks_mut(PIECE)))
                .for_each(|((p, g), (m, v))| step.apply(p, g, m, v)),
            (Self::Sgd(step), [Some(d), _]) => pairs
                .zip(d.par_chunks_mut(PIECE))
                .for_each(|((p, g), d)| step.apply_with_momentum(p, g, d)),
            (Self::Sgd(step), _) => pairs.for_each(|(p, g)| step.apply(p, g)),
            (Self::Adam(_), _) => unreachable!("Adam keeps two numbers for each parameter"),
        }
    }
}
