use layerprobe_reports::ResultRow;
use layerprobe_reports::statistics::mean_interval;

use crate::config::BinaryConfig;
use crate::experiment::binary::measures::protocol;

/// Metric, feature, probe and heading of each column.
const COLUMNS: [(&str, &str, &str, &str); 5] = [
    ("accuracy", "label", "none", "label right"),
    ("accuracy", "easy", "linear", "easy decoded"),
    ("accuracy", "hard", "linear", "hard decoded"),
    ("feature_use", "easy", "none", "easy used"),
    ("feature_use", "hard", "none", "hard used"),
];

/// A line for each predictivity of the easy feature: what its networks say and
/// what is decoded from their last hidden layer after training; then the RSA of
/// networks of one kind over runs.
pub(in crate::experiment::binary) fn table(
    config: &BinaryConfig,
    rows: &[ResultRow],
    compared: &[ResultRow],
) -> String {
    let decoders = protocol(config, "adam");
    let layer = format!("fc{}", config.network.widths.len());
    let mut text = format!("{:<8}", "easy");
    text.extend(COLUMNS.map(|(.., heading)| format!("{heading:>14}")));
    text.push('\n');
    let mut predictivities = config.stimuli.easy_predictivity.clone();
    predictivities.sort_by(f64::total_cmp);
    for easy in predictivities {
        text.push_str(&format!("{easy:<8}"));
        for (metric, feature, probe, _) in COLUMNS {
            let of_probe = |row: &&ResultRow| {
                probe == "none" || (row.protocol == decoders && row.layer == layer)
            };
            let found = rows.iter().filter(|row| {
                row.target == "label"
                    && row.checkpoint_role == "last"
                    && row.predictivity == Some(easy)
                    && (
                        row.metric.as_str(),
                        row.feature.as_str(),
                        row.probe.as_str(),
                    ) == (metric, feature, probe)
            });
            let values: Vec<f64> = found.filter(of_probe).map(|row| row.value).collect();
            text.push_str(&format!("{:>14}", cell(&values)));
        }
        text.push('\n');
    }
    let alike: Vec<&ResultRow> = compared
        .iter()
        .filter(|row| row.n_runs > Some(1) && row.condition == row.condition_b)
        .filter(|row| row.step == row.step_b && row.metric == "rsa_pearson")
        .collect();
    if !alike.is_empty() {
        text.push_str("\nRSA between runs\n");
    }
    for row in alike {
        let name = match (row.step, row.target.as_str(), row.predictivity) {
            (Some(0), ..) => "untrained".to_owned(),
            (_, "multi", _) => "both features".to_owned(),
            (.., easy) => format!("easy {}", easy.unwrap_or_default()),
        };
        let interval = match (row.lower, row.upper) {
            (Some(lower), Some(upper)) => format!(" [{lower:.3}, {upper:.3}]"),
            _ => String::new(),
        };
        text.push_str(&format!("{name:<16}{:.3}{interval}\n", row.value));
    }
    text
}

/// Mean and half its interval.
fn cell(values: &[f64]) -> String {
    match (mean_interval(values), values.first()) {
        (Some(mean), _) => format!("{:.3} \u{b1} {:.3}", mean.mean, mean.upper - mean.mean),
        (None, Some(value)) => format!("{value:.3}"),
        (None, None) => "-".to_owned(),
    }
}
