//! Around the number: bits, further splits, controls and nulls.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Synthetic, keys, synthetic};
use layerprobe_probes::{
    Extras, LayerOutcome, ProbeParams, ProbeTask, SplitKind, Status, measure_layer, probe_layer,
};

fn params() -> ProbeParams {
    ProbeParams {
        penalties: vec![1e-2, 1.0, 1e2, 1e4],
        resamples: 100,
        ..ProbeParams::default()
    }
}

fn measure(data: &Synthetic, extras: &Extras) -> LayerOutcome {
    let tasks = data.tasks();
    let params = params().check().unwrap();
    let layer = data.data();
    measure_layer("fc1", &layer, &data.train, &tasks, &params, &keys(), extras).unwrap()
}

#[test]
fn bits_come_from_the_penalty_that_cross_entropy_chose() {
    let extras = Extras {
        by_cross_entropy: true,
        ..Extras::default()
    };
    let mut differed = 0;
    for dims in [40, 300] {
        let data = synthetic(3, 6, dims, 1);
        let measured = measure(&data, &extras);
        for (outcome, task) in measured.probes.iter().zip(data.tasks()) {
            let bits = outcome.bits.unwrap();
            assert_eq!(bits.refit.penalty, outcome.penalty_by_cross_entropy);
            assert_eq!(bits.refit.status, Status::Converged);
            let information = bits.information;
            assert!(information.bits <= information.entropy);
            let nats = information.cross_entropy * std::f64::consts::LN_2;
            assert!((nats - bits.refit.cross_entropy).abs() < 1e-12);
            // the same fit by itself
            let alone = ProbeParams {
                penalties: vec![bits.refit.penalty],
                ..params()
            };
            let tasks = [ProbeTask { ..task }];
            let layer = data.data();
            let alone = alone.check().unwrap();
            let fit = probe_layer("fc1", &layer, &data.train, &tasks, &alone, &keys()).unwrap();
            let objective = fit[0].certificate.objective;
            assert!((bits.refit.certificate.objective - objective).abs() < 3e-6 * objective);
            assert!((bits.refit.cross_entropy - fit[0].cross_entropy).abs() < 2e-3);
            differed += usize::from(bits.refit.penalty != outcome.penalty);
        }
    }
    assert!(differed > 0, "no case in which the two choices differ");
}

#[test]
fn extras_leave_the_plain_outcome_as_it_is() {
    let data = synthetic(3, 6, 60, 2);
    let plain = measure(&data, &Extras::default());
    let mut more = measure(
        &data,
        &Extras {
            by_cross_entropy: true,
            ..Extras::default()
        },
    );
    for outcome in &mut more.probes {
        assert_eq!(outcome.split, SplitKind::HeldOutValues);
        outcome.bits = None;
    }
    assert_eq!(plain, more);
}
