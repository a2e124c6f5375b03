use layerprobe_probes::similarity::{Distance, Metric};
use layerprobe_reports::HeatMap;

use super::Measures;
use super::runs::Groups;

/// The figure of each metric.
pub(super) fn maps(groups: &Groups, measures: &Measures) -> Vec<HeatMap> {
    let metrics = measures.metrics.iter().enumerate();
    metrics
        .map(|(number, metric)| HeatMap {
            title: title(*metric).to_owned(),
            subtitle: subtitle(*metric, groups, measures.distance),
            rows: groups.row_names(),
            columns: groups.column_names(),
            values: groups.values(number),
        })
        .collect()
}

fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::RsaPearson => "Similarity of layers: RSA, Pearson's correlation",
        Metric::RsaSpearman => "Similarity of layers: RSA, Spearman's correlation",
        Metric::Cka => "Similarity of layers: linear CKA",
        Metric::CkaDebiased => "Similarity of layers: linear CKA, debiased",
    }
}

fn subtitle(metric: Metric, groups: &Groups, distance: Distance) -> String {
    let of = match (metric, distance) {
        (Metric::Cka | Metric::CkaDebiased, _) => String::new(),
        (_, Distance::Correlation) => "RDMs of correlation distances, ".to_owned(),
        (_, Distance::Euclidean) => "RDMs of Euclidean distances, ".to_owned(),
    };
    let runs = match groups.runs() {
        0 | 1 => "one network of each kind".to_owned(),
        runs => format!("mean over pairs of {runs} runs"),
    };
    format!("{of}{}, {runs}", groups.stimuli())
}
