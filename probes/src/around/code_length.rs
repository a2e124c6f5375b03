//! Online code length: what it takes to send labels to somebody who has the
//! activations.

use std::f64::consts::LN_2;

use layerprobe_streams::StreamKey;

use super::code_order::Blocks;
use crate::fitting::{fit_all, rough_logits, shifted, status_from, unproven};
use crate::form::Form;
use crate::score::read_logits;
use crate::solve::{Fit, Path, Task};
use crate::standardize::{Standardized, Standardizer};
use crate::work::Work;
use crate::{ProbeError, ProbeTask, Status};

/// Share of the uniform distribution in each prediction: no label costs more
/// than `log2(classes / UNIFORM)` bits.
const UNIFORM: f64 = 1e-3;

/// The bits that a feature's labels cost when each block is predicted by a
/// probe of the blocks before it (prequential code; Voita & Titov 2020,
/// "Information-theoretic probing with minimum description length", section
/// 2.2.2).
///
/// Blocks are whole combinations of feature values and end after 1/32, 1/16,
/// 1/8, 1/4, 1/2 and all of them; the first is at least so long that every
/// class is in it. It costs `log2(classes)` a label. A later block costs
/// `-sum log2((1 - e) p(label) + e / classes)`, `e = 0.001`, with `p` of a
/// probe whose scaling and weights come from the blocks before, and whose
/// penalty would have coded the probed blocks so far in the fewest bits (the
/// largest penalty where there are none, and of equals). So a receiver who has
/// the activations can decode: nothing is used before it was sent. The code is
/// valid however well a fit converged; fits stop at the tolerance of those
/// that choose penalties.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeLength {
    /// The feature.
    pub feature: String,
    /// Labels that were sent.
    pub labels: usize,
    /// Bits of a code that knows nothing: `labels * log2(classes)`.
    pub uniform_bits: f64,
    /// The code, one for each random order of the combinations.
    pub orders: Vec<OrderCode>,
}

/// The code of one order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderCode {
    /// Bits of all blocks.
    pub bits: f64,
    /// Labels of the first block, coded uniformly.
    pub first: usize,
    /// The blocks after the first: the loss-data curve (Whitney et al. 2020,
    /// "Evaluating representations by the complexity of learning low-loss
    /// predictors") on combinations not yet seen.
    pub blocks: Vec<CodedBlock>,
}

/// A block and the probe that predicted it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodedBlock {
    /// Labels before the block.
    pub n_train: usize,
    /// Labels of the block.
    pub n_test: usize,
    /// Bits of the block.
    pub bits: f64,
    /// The probe's penalty.
    pub penalty: f64,
    /// How its fit ended.
    pub status: Status,
}

impl CodedBlock {
    /// Mean cross-entropy of the block, nats a label.
    pub fn cross_entropy(&self) -> f64 {
        self.bits * LN_2 / self.n_test as f64
    }
}

impl CodeLength {
    /// Mean over orders of the bits.
    pub fn bits(&self) -> f64 {
        self.mean(|order| order.bits)
    }

    /// Mean over orders of `uniform_bits / bits`: 1 says that nothing was
    /// read.
    pub fn compression(&self) -> f64 {
        self.mean(|order| self.uniform_bits / order.bits)
    }

    /// The smallest and the largest number of bits over orders.
    pub fn range(&self) -> (f64, f64) {
        let bits = || self.orders.iter().map(|order| order.bits);
        (
            bits().fold(f64::INFINITY, f64::min),
            bits().fold(f64::NEG_INFINITY, f64::max),
        )
    }

    fn mean(&self, of: impl Fn(&OrderCode) -> f64) -> f64 {
        self.orders.iter().map(of).sum::<f64>() / self.orders.len() as f64
    }
}

/// The orders in which labels over `train` are coded; the same for equal keys, groups
/// and labels.
pub(crate) fn code_orders(
    groups: &[u32],
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    orders: usize,
    key: StreamKey,
) -> Result<Vec<Blocks>, ProbeError> {
    let blocks = (0..orders as u64).map(|order| {
        let blocks = Blocks::draw(groups, train, tasks, key.at(order));
        match blocks.ends.len() {
            ..2 => Err(ProbeError::OneBlock),
            _ => Ok(blocks),
        }
    });
    blocks.collect()
}

/// Codes every task's labels over `train` in several orders.
pub(crate) fn code_lengths(
    work: &Work<'_>,
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    orders: &[Blocks],
) -> Result<Vec<CodeLength>, ProbeError> {
    let mut codes: Vec<CodeLength> = tasks
        .iter()
        .map(|task| CodeLength {
            feature: task.feature.to_owned(),
            labels: train.len(),
            uniform_bits: uniform_bits(train.len(), task.classes),
            orders: Vec::with_capacity(orders.len()),
        })
        .collect();
    for blocks in orders {
        let coded = code(work, blocks, tasks)?;
        for (code, coded) in codes.iter_mut().zip(coded) {
            code.orders.push(coded);
        }
    }
    Ok(codes)
}

fn uniform_bits(labels: usize, classes: usize) -> f64 {
    labels as f64 * (classes as f64).log2()
}

/// Codes every task's labels, block after block.
fn code(
    work: &Work<'_>,
    blocks: &Blocks,
    tasks: &[ProbeTask<'_>],
) -> Result<Vec<OrderCode>, ProbeError> {
    let first = blocks.ends[0];
    let penalties = work.params.penalties();
    let mut codes: Vec<OrderCode> = tasks
        .iter()
        .map(|task| OrderCode {
            bits: uniform_bits(first, task.classes),
            first,
            blocks: Vec::new(),
        })
        .collect();
    // what each penalty would have cost so far
    let mut costs = vec![vec![0.0; penalties.len()]; tasks.len()];
    for ends in blocks.ends.windows(2) {
        let (prefix, block) = (&blocks.rows[..ends[0]], &blocks.rows[ends[0]..ends[1]]);
        let along = block_bits(work, prefix, block, tasks)?;
        for ((code, costs), along) in codes.iter_mut().zip(&mut costs).zip(along) {
            let chosen = cheapest(costs);
            let (bits, status) = along[chosen];
            code.bits += bits;
            code.blocks.push(CodedBlock {
                n_train: prefix.len(),
                n_test: block.len(),
                bits,
                penalty: penalties[chosen],
                status,
            });
            for (cost, (bits, _)) in costs.iter_mut().zip(along) {
                *cost += bits;
            }
        }
    }
    Ok(codes)
}

/// The first of the least: penalties fall.
fn cheapest(costs: &[f64]) -> usize {
    let mut best = 0;
    for (place, &cost) in costs.iter().enumerate() {
        if cost < costs[best] {
            best = place;
        }
    }
    best
}

/// For each task and penalty, the bits of a block under the fit to a prefix.
fn block_bits(
    work: &Work<'_>,
    prefix: &[usize],
    block: &[usize],
    tasks: &[ProbeTask<'_>],
) -> Result<Vec<Vec<(f64, Status)>>, ProbeError> {
    let params = work.params;
    let (layer, scaling) = (work.data.layer, params.scaling());
    let scale = Standardizer::fit(layer, work.data.source, prefix, scaling, work.channels)?;
    let data = Standardized {
        scale: &scale,
        ..work.data
    };
    let form = Form::of(&data, prefix, params.solver());
    let n = prefix.len();
    let space = form.space(n, n).map_err(|source| work.failed(source))?;
    let labels: Vec<Vec<u32>> = tasks
        .iter()
        .map(|task| prefix.iter().map(|&row| task.labels[row]).collect())
        .collect();
    let wanted: Vec<Path<'_>> = tasks
        .iter()
        .zip(&labels)
        .map(|(task, labels)| Path {
            task: Task {
                labels,
                classes: task.classes,
            },
            penalties: params.penalties(),
            start: None,
        })
        .collect();
    let solver = params.solver();
    let rows = (&data, prefix);
    let paths = fit_all(&form, &space, rows, &wanted, work.roughly(), solver)?;
    let each: Vec<Task<'_>> = wanted
        .iter()
        .zip(&paths)
        .flat_map(|(wanted, path)| path.iter().map(|_| wanted.task))
        .collect();
    let steps: Vec<usize> = paths.iter().map(Vec::len).collect();
    let fits: Vec<Fit> = paths.into_iter().flatten().collect();
    let blocks = vec![block; fits.len()];
    let logits = rough_logits(&form, &data, prefix, &each, &fits, &blocks);
    let mut fits = fits.iter().zip(logits);
    Ok(tasks
        .iter()
        .zip(steps)
        .map(|(task, steps)| {
            fits.by_ref()
                .take(steps)
                .map(|(fit, logits)| {
                    let rows = logits.chunks_exact(task.classes).zip(block);
                    let bits = rows
                        .map(|(logits, &row)| {
                            let logits = shifted(logits, &fit.intercept);
                            label_bits(&logits, task.labels[row])
                        })
                        .sum();
                    let status = status_from(fit.separable, fit.converged, &scale);
                    (bits, unproven(status))
                })
                .collect()
        })
        .collect())
}

/// Bits of a label under mixed predictions.
fn label_bits(logits: &[f64], label: u32) -> f64 {
    let p = read_logits(logits, label).1.exp();
    -((1.0 - UNIFORM) * p + UNIFORM / logits.len() as f64).log2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProbeParams;
    use crate::source::Source;
    use ndarray::Array2;
    use serde_json::Value;

    #[test]
    fn no_label_costs_more_than_the_mixture_allows() {
        assert!((label_bits(&[900.0, 0.0], 1) - 2000f64.log2()).abs() < 1e-12);
        assert!(label_bits(&[900.0, 0.0], 0) < 1e-3);
        assert!((label_bits(&[0.0; 4], 2) - 2.0).abs() < 1e-12);
    }

    /// `tests/golden/probes_around.py`: each prefix scaled and fitted by
    /// scikit-learn at each penalty.
    #[test]
    fn block_by_block_the_code_is_that_of_scikit_learn() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/golden/probes_around.json"
        );
        let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let numbers = |value: &Value| -> Vec<f64> {
            let list = value.as_array().unwrap();
            list.iter().map(|x| x.as_f64().unwrap()).collect()
        };
        let cases = all["code_length"].as_array().unwrap();
        assert_eq!(cases.len(), 3);
        for case in cases {
            let labels: Vec<u32> = numbers(&case["y"]).iter().map(|&y| y as u32).collect();
            let x: Vec<f32> = numbers(&case["x"])
                .iter()
                .map(|x| (x / 64.0) as f32)
                .collect();
            let x = Array2::from_shape_vec((labels.len(), x.len() / labels.len()), x).unwrap();
            let params = ProbeParams {
                penalties: numbers(&case["penalties"]),
                selection_tolerance: 1e-10,
                ..ProbeParams::default()
            };
            let params = params.check().unwrap();
            let rows: Vec<usize> = (0..labels.len()).collect();
            let source = Source::from(x.view());
            let scale = Standardizer::fit("x", source, &rows, params.scaling(), None).unwrap();
            let work = Work {
                data: Standardized {
                    layer: "x",
                    source,
                    scale: &scale,
                },
                groups: &labels,
                channels: None,
                params: &params,
                bootstrap: StreamKey::from_seed(0),
                log_probabilities: false,
            };
            let task = ProbeTask {
                feature: "y",
                classes: case["classes"].as_u64().unwrap() as usize,
                labels: &labels,
                test: &[],
            };
            let ends = numbers(&case["ends"]);
            let blocks = Blocks {
                ends: ends.iter().map(|&end| end as usize).collect(),
                rows,
            };
            let found = &code(&work, &blocks, &[task]).unwrap()[0];
            let name = case["name"].as_str().unwrap();
            let expected = numbers(&case["chosen"]);
            let chosen: Vec<f64> = found.blocks.iter().map(|block| block.penalty).collect();
            assert_eq!(chosen, expected, "{name}");
            for (block, bits) in found.blocks.iter().zip(numbers(&case["block_bits"])) {
                let off = (block.bits - bits).abs();
                assert!(off < 2e-4 * bits.max(1.0), "{name}: {} {bits}", block.bits);
            }
            let bits = case["bits"].as_f64().unwrap();
            assert!(
                (found.bits - bits).abs() < 1e-4 * bits,
                "{name}: {} {bits}",
                found.bits
            );
        }
    }
}
