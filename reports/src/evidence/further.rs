//! Fits without proof that are not shown as decodability.

use super::baseline::is_of_a_network;
use super::quantity::Quantity;
use crate::ResultRow;
use crate::table::unproven_fits;

/// What a fit is for that is not shown as decodability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Further {
    /// Bits: a linear probe at the penalty that cross-entropy chose.
    Information,
    /// The control task of a selectivity.
    Control,
    /// A property that no network is trained on.
    Ridge,
    /// What there is without a network, whatever the probe.
    Baseline,
}

impl Further {
    /// Follows a number of fits.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Information => "for V-information",
            Self::Control => "of control tasks",
            Self::Ridge => "of ridge probes",
            Self::Baseline => "on what no network has read",
        }
    }

    /// What a row's fit is for; none where it is shown as decodability.
    fn of(row: &ResultRow) -> Option<Self> {
        match row.probe.as_str() {
            _ if Quantity::Decodability.is_in(row) => None,
            _ if !is_of_a_network(row) => Some(Self::Baseline),
            "ridge" => Some(Self::Ridge),
            "control" => Some(Self::Control),
            _ => Some(Self::Information),
        }
    }
}

/// How many fits without proof there are beside those that are shown, by what they
/// are for.
pub(super) fn further(rows: &[ResultRow]) -> Vec<(Further, usize)> {
    let shown = || rows.iter().filter(|row| Further::of(row).is_none());
    let of = |kind: Further| {
        rows.iter()
            .filter(move |row| Further::of(row) == Some(kind))
    };
    // a shown fit may have told its bits, too
    let with_shown = unproven_fits(shown().chain(of(Further::Information)));
    [
        (Further::Information, with_shown - unproven_fits(shown())),
        (Further::Control, unproven_fits(of(Further::Control))),
        (Further::Ridge, unproven_fits(of(Further::Ridge))),
        (Further::Baseline, unproven_fits(of(Further::Baseline))),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(probe: &str, metric: &str, penalty: f64) -> ResultRow {
        ResultRow {
            condition: "shape-0".into(),
            arch: "cnn4".into(),
            step: Some(0),
            layer: "fc1".into(),
            feature: "color".into(),
            probe: probe.into(),
            metric: metric.into(),
            penalty: Some(penalty),
            status: "max_iterations".into(),
            value: 0.5,
            ..ResultRow::default()
        }
    }

    #[test]
    fn each_fit_counts_once_by_what_it_is_for() {
        let baseline = |probe, metric, penalty| ResultRow {
            condition: "baseline".into(),
            arch: "none".into(),
            step: None,
            layer: "input".into(),
            ..row(probe, metric, penalty)
        };
        let control = ResultRow {
            repeat: Some(0),
            ..row("control", "accuracy", 1.0)
        };
        let rows = [
            row("linear", "accuracy", 1.0),
            // the same fit, and another
            row("linear", "v_information", 1.0),
            row("linear", "v_information", 10.0),
            control,
            row("ridge", "r2", 1.0),
            baseline("linear", "accuracy", 1.0),
            baseline("ridge", "r2", 1.0),
        ];
        assert_eq!(
            further(&rows),
            [
                (Further::Information, 1),
                (Further::Control, 1),
                (Further::Ridge, 1),
                (Further::Baseline, 2),
            ]
        );
        assert_eq!(further(&rows[5..6]), [(Further::Baseline, 1)]);
        assert!(further(&rows[..2]).is_empty());
    }
}
