//! Outcomes of ridge probes -> rows of the results table.

use layerprobe_probes::RidgeOutcome;
use layerprobe_reports::ResultRow;

/// R^2 with its interval, and the chance it is measured from; `here` says where
/// it was measured.
pub fn rows_of_ridge(here: &ResultRow, outcome: &RidgeOutcome) -> Vec<ResultRow> {
    let tested = ResultRow {
        feature: outcome.property.clone(),
        n_train: Some(outcome.n_train as u64),
        n_test: Some(outcome.n_test as u64),
        n_runs: Some(1),
        ..here.clone()
    };
    let interval = outcome.interval;
    vec![
        ResultRow {
            probe: "ridge".to_owned(),
            metric: "r2".to_owned(),
            value: outcome.r2,
            lower: interval.map(|interval| interval.lower),
            upper: interval.map(|interval| interval.upper),
            interval_kind: interval.map_or("", |_| "stimuli").to_owned(),
            n_clusters: interval.map(|interval| interval.n_clusters as u64),
            penalty: Some(outcome.penalty),
            iterations: Some(outcome.iterations as u64),
            gradient_norm: outcome.certificate.gradient_norm,
            objective_gap: Some(outcome.certificate.relative_gap()),
            status: outcome.status.as_str().to_owned(),
            selected_by: "r2".to_owned(),
            ..tested.clone()
        },
        ResultRow {
            probe: "none".to_owned(),
            metric: "chance".to_owned(),
            value: 0.0,
            ..tested
        },
    ]
}
