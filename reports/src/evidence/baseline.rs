use std::collections::BTreeMap;

use super::estimate::{Division, Estimate, Measure};
use super::quantity::Quantity;
use crate::ResultRow;

/// The architecture in rows of what no network has read.
pub(super) const NO_NETWORK: &str = "none";

/// A layer that is no network's, such as the raw pixels: features decoded
/// from it are what there was to begin with.
#[derive(Clone, Debug)]
pub(crate) struct Baseline {
    pub(crate) layer: String,
    quantity: Quantity,
    /// A measure for each hold-out version, by feature.
    measures: BTreeMap<String, BTreeMap<Division, Measure>>,
}

impl Baseline {
    /// Mean over hold-out versions, or the one's own number.
    pub(crate) fn estimate(&self, feature: &str) -> Option<Estimate> {
        let measures = self.measures.get(feature)?.iter();
        let measures: Vec<_> = measures.map(|(of, measure)| (*of, measure)).collect();
        Estimate::over(&measures, self.quantity.bounds())
    }
}

/// Whether a row is a number of a network's layer.
pub(crate) fn is_of_a_network(row: &ResultRow) -> bool {
    row.arch != NO_NETWORK
}

/// Whether a row is a baseline's number of a quantity.
fn is_baseline(row: &ResultRow, quantity: Quantity) -> bool {
    !is_of_a_network(row)
        && quantity.is_measured_by(row)
        && row.step.is_none()
        && row.value.is_finite()
}

/// The baselines that may stand beside the rows of a family, `like` one of
/// these: measured by the same protocol on the same kind of stimuli. Cells of a sweep
/// that have one hold-out version in common have its baselines in common; they count once.
pub(super) fn beside(
    rows: &[ResultRow],
    quantity: Quantity,
    like: &ResultRow,
    layers: &[String],
) -> Vec<Baseline> {
    let alike = |row: &ResultRow| {
        [
            &row.dataset,
            &row.protocol,
            &row.split_kind,
            &row.selected_by,
            &row.view,
            &row.variant,
        ] == [
            &like.dataset,
            &like.protocol,
            &like.split_kind,
            &like.selected_by,
            &like.view,
            &like.variant,
        ]
    };
    let own = || {
        let rows = rows.iter();
        rows.filter(|row| is_baseline(row, quantity) && alike(row))
    };
    type ByFeature = BTreeMap<String, BTreeMap<Division, Measure>>;
    let mut found: BTreeMap<&str, ByFeature> = BTreeMap::new();
    for row in own() {
        if let Some(measure) = Measure::of(row) {
            let measures = found.entry(&row.layer).or_default();
            let of_feature = measures.entry(row.feature.clone()).or_default();
            let division = (row.split, row.data_seed);
            of_feature.entry(division).or_insert(measure);
        }
    }
    let names = super::in_order(layers, found.keys().copied());
    names
        .into_iter()
        .filter_map(|layer| {
            let measures = found.remove(layer.as_str())?;
            Some(Baseline {
                layer,
                quantity,
                measures,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_beside_their_own_protocol() {
        let row = |layer: &str, split: u32, protocol: &str, value: f64| ResultRow {
            arch: "none".into(),
            layer: layer.into(),
            split: Some(split),
            protocol: protocol.into(),
            feature: "color".into(),
            probe: "linear".into(),
            metric: "accuracy".into(),
            value,
            ..ResultRow::default()
        };
        let rows = [
            row("input", 0, "a", 0.5),
            row("input", 1, "a", 0.75),
            row("pixel_stats", 0, "a", 1.0),
            row("input", 0, "b", 0.1),
            // of another target's cell of the sweep
            row("input", 1, "a", 0.75),
            ResultRow {
                variant: "stimuli.size=32".into(),
                ..row("input", 2, "a", 0.2)
            },
            ResultRow {
                step: Some(0),
                ..row("input", 0, "a", 0.9)
            },
        ];
        let like = ResultRow {
            protocol: "a".into(),
            arch: "cnn4".into(),
            ..ResultRow::default()
        };
        let found = beside(
            &rows,
            Quantity::Decodability,
            &like,
            &["pixel_stats".into(), "input".into()],
        );
        let names: Vec<&str> = found.iter().map(|b| &*b.layer).collect();
        assert_eq!(names, ["pixel_stats", "input"]);
        let input = found[1].estimate("color").unwrap();
        assert_eq!((input.mean, input.n), (0.625, 2));
        assert!(found[1].estimate("shape").is_none());
    }
}
