//! Probe outcomes -> rows of the results table.

use layerprobe_probes::{
    Bits, CodeLength, LayerOutcome, Nonlinear, PermutationNull, ProbeOutcome, Refit, Selectivity,
    SplitKind,
};
use layerprobe_reports::{EDGE_GAIN, ResultRow};

use super::ridge_rows::rows_of_ridge;

/// The rows of one layer's outcome; `here` says where it was measured.
pub fn rows_of_layer(here: &ResultRow, outcome: &LayerOutcome) -> Vec<ResultRow> {
    let mut rows: Vec<ResultRow> = outcome
        .probes
        .iter()
        .flat_map(|outcome| {
            let mut rows = rows_of_outcome(here, outcome);
            rows.extend(rows_of_selection(here, outcome));
            rows
        })
        .collect();
    let instance = outcome
        .probes
        .iter()
        .filter(|probe| probe.split == SplitKind::Instance);
    for (selectivity, real) in outcome.selectivity.iter().zip(instance) {
        rows.extend(rows_of_control(here, selectivity, real));
    }
    for null in &outcome.nulls {
        rows.extend(rows_of_null(here, null));
    }
    for code in &outcome.codes {
        rows.extend(rows_of_code(here, code));
    }
    for probes in &outcome.nonlinear {
        rows.extend(rows_of_nonlinear(here, probes));
    }
    for ridge in &outcome.ridge {
        rows.extend(rows_of_ridge(here, ridge));
    }
    rows
}

/// The rows of one feature's outcome; `here` says where it was measured.
pub fn rows_of_outcome(here: &ResultRow, outcome: &ProbeOutcome) -> Vec<ResultRow> {
    let tested = ResultRow {
        feature: outcome.feature.clone(),
        n_train: Some(outcome.n_train as u64),
        n_test: Some(outcome.n_test as u64),
        split_kind: split_name(here, outcome.split),
        n_runs: Some(1),
        ..here.clone()
    };
    let fitted = ResultRow {
        probe: "linear".to_owned(),
        penalty: Some(outcome.penalty),
        iterations: Some(outcome.iterations as u64),
        gradient_norm: outcome.certificate.gradient_norm,
        objective_gap: Some(outcome.certificate.relative_gap()),
        status: outcome.status.as_str().to_owned(),
        selected_by: "accuracy".to_owned(),
        ..tested.clone()
    };
    let bits = outcome.bits.map(|bits| {
        let surest = ResultRow {
            selected_by: "cross_entropy".to_owned(),
            ..row_of_refit(&fitted, &bits.refit)
        };
        [
            ("cross_entropy", bits.refit.cross_entropy),
            ("v_information", bits.information.bits),
        ]
        .map(|(metric, value)| row_of_metric(&surest, metric, value))
    });
    let mut rows = vec![
        ResultRow {
            metric: "accuracy".to_owned(),
            value: outcome.accuracy,
            lower: Some(outcome.interval.lower),
            upper: Some(outcome.interval.upper),
            interval_kind: "stimuli".to_owned(),
            n_clusters: Some(outcome.interval.n_clusters as u64),
            ..fitted.clone()
        },
        row_of_metric(&fitted, "balanced_accuracy", outcome.balanced_accuracy),
        row_of_metric(&fitted, "cross_entropy", outcome.cross_entropy),
        row_of_metric(&fitted, "objective", outcome.certificate.objective),
        ResultRow {
            metric: "chance".to_owned(),
            probe: "none".to_owned(),
            value: outcome.chance,
            ..tested
        },
    ];
    rows.extend(bits.into_iter().flatten());
    rows
}

/// What the choice of penalties leaves beside the probe: the penalty that
/// cross-entropy chose, where no bits tell of it, and what penalties at the grid's
/// edge gain over the next ones, where such were chosen.
fn rows_of_selection(here: &ResultRow, outcome: &ProbeOutcome) -> Vec<ResultRow> {
    let (by_accuracy, by_bits) = ("accuracy", "cross_entropy");
    let row = |selected_by: &str, penalty, metric, value| ResultRow {
        feature: outcome.feature.clone(),
        probe: "linear".to_owned(),
        penalty: Some(penalty),
        split_kind: split_name(here, outcome.split),
        selected_by: selected_by.to_owned(),
        n_runs: Some(1),
        ..row_of_metric(here, metric, value)
    };
    let surest = outcome.penalty_by_cross_entropy;
    let untold = outcome
        .least_surprised()
        .filter(|_| outcome.bits.is_none())
        .map(|chosen| {
            let metric = "selection_cross_entropy";
            row(by_bits, surest, metric, chosen.cross_entropy)
        });
    let accuracy = outcome.edge_gain();
    let accuracy = accuracy.map(|gain| row(by_accuracy, outcome.penalty, EDGE_GAIN, gain));
    let nats = outcome.bits.and_then(|_| outcome.edge_gain_in_nats());
    let nats = nats.map(|gain| row(by_bits, surest, EDGE_GAIN, gain));
    [untold, accuracy, nats].into_iter().flatten().collect()
}

/// What a probe was tested on, in the table's word.
pub fn split_name(here: &ResultRow, split: SplitKind) -> String {
    match split {
        SplitKind::Given => here.split_kind.clone(),
        within => within.as_str().to_owned(),
    }
}

/// Each control labeling's accuracy, and what the feature's own probe is above
/// them.
fn rows_of_control(
    here: &ResultRow,
    selectivity: &Selectivity,
    real: &ProbeOutcome,
) -> Vec<ResultRow> {
    let control = ResultRow {
        feature: selectivity.feature.clone(),
        probe: "control".to_owned(),
        n_train: Some(real.n_train as u64),
        n_test: Some(real.n_test as u64),
        split_kind: real.split.as_str().to_owned(),
        n_runs: Some(1),
        selected_by: "accuracy".to_owned(),
        ..here.clone()
    };
    let mut rows: Vec<ResultRow> = selectivity
        .controls
        .iter()
        .zip(0..)
        .map(|(refit, repeat)| ResultRow {
            repeat: Some(repeat),
            ..row_of_metric(&row_of_refit(&control, refit), "accuracy", refit.accuracy)
        })
        .collect();
    rows.push(ResultRow {
        lower: Some(selectivity.lowest),
        upper: Some(selectivity.highest),
        interval_kind: "labelings".to_owned(),
        n_clusters: Some(selectivity.controls.len() as u64),
        penalty: Some(real.penalty),
        ..row_of_metric(&control, "selectivity", selectivity.mean)
    });
    rows
}

/// Each permutation's accuracy, on the stimuli of the feature's own probe, and
/// its V-information where that probe has one.
fn rows_of_null(here: &ResultRow, null: &PermutationNull) -> Vec<ResultRow> {
    let permuted = |selected_by: &str, repeat, refit| ResultRow {
        feature: null.feature.clone(),
        probe: "linear".to_owned(),
        n_runs: Some(1),
        selected_by: selected_by.to_owned(),
        repeat: Some(repeat),
        ..row_of_refit(here, refit)
    };
    let accuracies = null.fits.iter().zip(0..).map(|(refit, repeat)| {
        let fitted = permuted("accuracy", repeat, refit);
        row_of_metric(&fitted, "null_accuracy", refit.accuracy)
    });
    let bits = null.fits_for_bits.iter().zip(0..);
    let bits = bits.map(|(Bits { information, refit }, repeat)| {
        let fitted = permuted("cross_entropy", repeat, refit);
        row_of_metric(&fitted, "v_information_null", information.bits)
    });
    accuracies.chain(bits).collect()
}

/// Each seed's accuracy, and their mean and range.
fn rows_of_nonlinear(here: &ResultRow, probes: &Nonlinear) -> Vec<ResultRow> {
    let trained = ResultRow {
        feature: probes.feature.clone(),
        probe: "mlp64".to_owned(),
        metric: "accuracy".to_owned(),
        n_train: Some(probes.n_train as u64),
        n_test: Some(probes.n_test as u64),
        n_runs: Some(1),
        status: "fixed_budget".to_owned(),
        selected_by: "accuracy".to_owned(),
        learning_rate: Some(Nonlinear::LEARNING_RATE),
        weight_decay: Some(Nonlinear::WEIGHT_DECAY),
        ..here.clone()
    };
    let mut rows: Vec<ResultRow> = probes
        .fits
        .iter()
        .zip(0..)
        .map(|(fit, repeat)| ResultRow {
            value: fit.accuracy,
            iterations: Some(fit.iterations as u64),
            repeat: Some(repeat),
            ..trained.clone()
        })
        .collect();
    let (lowest, highest) = probes.range();
    rows.push(ResultRow {
        value: probes.mean(),
        lower: Some(lowest),
        upper: Some(highest),
        interval_kind: "seeds".to_owned(),
        n_clusters: Some(probes.fits.len() as u64),
        ..trained
    });
    rows
}

/// A code's bits and compression, and its loss-data curves.
fn rows_of_code(here: &ResultRow, code: &CodeLength) -> Vec<ResultRow> {
    let coded = ResultRow {
        feature: code.feature.clone(),
        probe: "linear".to_owned(),
        n_train: Some(code.labels as u64),
        n_test: Some(code.labels as u64),
        split_kind: "next_block".to_owned(),
        selected_by: "code_length".to_owned(),
        n_runs: Some(1),
        ..here.clone()
    };
    let (least, most) = code.range();
    let over_orders = |metric: &str, value: f64, ends: [f64; 2]| ResultRow {
        lower: Some(ends[0]),
        upper: Some(ends[1]),
        interval_kind: "orders".to_owned(),
        n_clusters: Some(code.orders.len() as u64),
        ..row_of_metric(&coded, metric, value)
    };
    let shares = [code.uniform_bits / most, code.uniform_bits / least];
    let mut rows = vec![
        over_orders("code_length", code.bits(), [least, most]),
        over_orders("compression", code.compression(), shares),
    ];
    for (order, repeat) in code.orders.iter().zip(0..) {
        rows.extend(order.blocks.iter().map(|block| ResultRow {
            n_train: Some(block.n_train as u64),
            n_test: Some(block.n_test as u64),
            penalty: Some(block.penalty),
            status: block.status.as_str().to_owned(),
            repeat: Some(repeat),
            ..row_of_metric(&coded, "cross_entropy", block.cross_entropy())
        }));
    }
    rows
}

/// A row with a fit's own columns.
fn row_of_refit(row: &ResultRow, refit: &Refit) -> ResultRow {
    ResultRow {
        penalty: Some(refit.penalty),
        iterations: Some(refit.iterations as u64),
        gradient_norm: refit.certificate.gradient_norm,
        objective_gap: Some(refit.certificate.relative_gap()),
        status: refit.status.as_str().to_owned(),
        ..row.clone()
    }
}

fn row_of_metric(row: &ResultRow, metric: &str, value: f64) -> ResultRow {
    ResultRow {
        metric: metric.to_owned(),
        value,
        ..row.clone()
    }
}
