//! Activations read block by block give the outcomes of those in memory.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Synthetic, keys, synthetic};
use layerprobe_probes::{
    ActivationBlocks, Extras, Instance, LayerData, LayerOutcome, ProbeError, ProbeParams, Repeats,
    RidgeTask, Scaling, StreamedLayer, measure_layer, measure_streamed,
};
use layerprobe_streams::StreamKey;

/// A matrix cut into blocks; what is not opened cannot be read.
struct Cut {
    shape: (usize, usize),
    each: usize,
    blocks: Vec<Vec<f32>>,
    open: AtomicUsize,
    most: AtomicUsize,
}

impl Cut {
    fn of(data: &Synthetic, each: usize) -> Self {
        let shape = data.activations.dim();
        let blocks = (0..shape.1)
            .step_by(each)
            .map(|start| {
                let end = (start + each).min(shape.1);
                let rows = data.activations.rows().into_iter();
                rows.flat_map(|row| row.to_vec()[start..end].to_vec())
                    .collect()
            })
            .collect();
        Self {
            shape,
            each,
            blocks,
            open: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }
}

impl ActivationBlocks for Cut {
    fn shape(&self) -> (usize, usize) {
        self.shape
    }

    fn block_dims(&self) -> usize {
        self.each
    }

    fn block(&self, number: usize) -> &[f32] {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(open, Ordering::SeqCst);
        &self.blocks[number]
    }

    fn release(&self, _: usize) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn extras<'a>(ridge: &'a [RidgeTask<'a>]) -> Extras<'a> {
    let key = StreamKey::from_seed(3);
    Extras {
        log_probabilities: true,
        nonlinear: Some(Repeats {
            key: key.derive("nonlinear"),
            count: 1,
        }),
        by_cross_entropy: true,
        seen_values: Some(key.derive("seen")),
        instance: Some(Instance {
            key: key.derive("instance"),
            // the deviation over one would be no number
            labelings: 2,
        }),
        code: Some(Repeats {
            key: key.derive("code"),
            count: 1,
        }),
        permutations: Some(Repeats {
            key: key.derive("null"),
            count: 2,
        }),
        strata: None,
        ridge,
    }
}

fn both(
    data: &Synthetic,
    each: usize,
    scaling: Scaling,
    channels: Option<usize>,
) -> [Result<LayerOutcome, ProbeError>; 2] {
    let params = ProbeParams {
        penalties: vec![1.0, 100.0],
        resamples: 50,
        scaling,
        ..ProbeParams::default()
    };
    let params = params.check().unwrap();
    let values: Vec<f64> = data.groups.iter().map(|&g| f64::from(g % 7)).collect();
    let test = data.tasks()[0].test;
    let ridge = [None, Some(5.0)].map(|period| RidgeTask {
        property: "position",
        values: &values,
        period,
        test,
    });
    let extras = extras(&ridge);
    let (tasks, keys) = (data.tasks(), keys());
    let whole = LayerData {
        channels,
        ..data.data()
    };
    let blocks = Cut::of(data, each);
    let streamed = StreamedLayer {
        activations: &blocks,
        groups: &data.groups,
        selection: whole.selection,
        channels,
    };
    let train = &data.train;
    let found = measure_streamed("a", &streamed, train, &tasks, &params, &keys, &extras);
    assert_eq!(blocks.open.load(Ordering::SeqCst), 0, "blocks kept open");
    if each >= 2048 {
        let most = blocks.most.load(Ordering::SeqCst);
        assert!(most <= 1 + rayon::current_num_threads(), "{most} at once");
    }
    [
        measure_layer("a", &whole, train, &tasks, &params, &keys, &extras),
        found,
    ]
}

#[test]
fn outcomes_are_the_same_bits_whatever_the_blocks() {
    // narrow and wide; a dead dimension at a block's edge
    for (dims, each) in [(40, 7), (40, 64), (300, 32), (300, 299), (4200, 2048)] {
        let mut data = synthetic(3, 3, dims, 21);
        data.activations.column_mut(31).fill(2.5);
        let [whole, streamed] = both(&data, each, Scaling::Standard, None);
        assert!(whole.unwrap() == streamed.unwrap(), "{dims} by {each}");
    }
}

#[test]
fn channels_may_lie_across_blocks() {
    let data = synthetic(3, 3, 300, 22);
    let [whole, streamed] = both(&data, 47, Scaling::Channel, Some(10));
    assert!(whole.unwrap() == streamed.unwrap());
}

#[test]
fn what_is_not_finite_has_the_same_name() {
    for (row, dim) in [(5, 250), (60, 3), (60, 299)] {
        let mut data = synthetic(3, 3, 300, 23);
        data.activations[[row, dim]] = f32::NAN;
        // another one, later in the rows and earlier in the dimensions
        data.activations[[90, 1]] = f32::INFINITY;
        let told = both(&data, 64, Scaling::Standard, None).map(|r| r.unwrap_err().to_string());
        assert_eq!(told[0], told[1]);
    }
}
