use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::LOG2_E;

use super::Figure;
use super::axis::Axis;
use super::legend::{Legend, Sample};
use super::palette::Palette;
use super::panel::{FLAT_FOOT, Panel};
use super::sheet::{Frame, MAX_ROWS, Sheet, WIDTH};
use crate::drawing::{Color, Drawing, Marker};
use crate::evidence::{Network, in_order, is_of_a_network, shown_view};
use crate::{ReportInput, ResultRow};

/// Panels side by side.
const COLUMNS: usize = 3;

/// Loss-data curves of the last layer: by network and feature, the sum and
/// the number of the blocks' cross-entropies (nats), by stimuli before them.
type Curves = BTreeMap<(Network, String), BTreeMap<u64, (f64, usize)>>;

/// How well a probe predicts the next block, by how many stimuli it was
/// fitted to (Whitney et al. 2020): a panel a feature, a curve a network.
pub(super) fn figures(input: &ReportInput, palette: &Palette) -> Vec<Figure> {
    let (layer, curves) = curves(input);
    let features = in_order(&input.features, curves.keys().map(|(_, f)| f.as_str()));
    let features: Vec<String> = features
        .into_iter()
        .filter(|feature| curves.keys().any(|(_, f)| f == feature))
        .collect();
    features
        .chunks(COLUMNS * MAX_ROWS)
        .enumerate()
        .map(|(page, features)| Figure {
            id: match page {
                0 => "loss-data-curves".to_owned(),
                page => format!("loss-data-curves-{}", page + 1),
            },
            title: "Loss-data curves".to_owned(),
            caption: format!(
                "Mean cross-entropy of the next block of labels by a probe of {layer}, the last layer \
                 read, fitted to all blocks before it (Whitney et al. 2020): the fits of the online \
                 code, so that the area under a curve is what the code costs. Means over orders and \
                 runs; the untrained network against the last checkpoints. A representation may need \
                 fewer stimuli and still end no lower."
            ),
            of_training: false,
            drawing: draw(&layer, features, &curves, palette),
        })
        .collect()
}

/// The last layer, and its curves.
fn curves(input: &ReportInput) -> (String, Curves) {
    let wanted = |row: &&ResultRow| {
        let of_code = row.metric == "cross_entropy" && row.split_kind == "next_block";
        of_code && row.value.is_finite() && is_of_a_network(row)
    };
    let rows = || input.rows.iter().filter(wanted);
    let view = shown_view(rows().map(|row| &*row.view));
    let rows = || rows().filter(|row| row.view == view);
    let layers = in_order(&input.layers, rows().map(|row| &*row.layer));
    let found = layers.iter().rfind(|l| rows().any(|row| row.layer == **l));
    let mut curves = Curves::new();
    for row in rows().filter(|row| Some(&row.layer) == found) {
        let network = match row.step {
            Some(0) => Network::Untrained,
            _ => Network::Trained(row.target.clone()),
        };
        let curve = curves.entry((network, row.feature.clone())).or_default();
        let (sum, n) = curve.entry(row.n_train.unwrap_or(0)).or_default();
        *sum += row.value;
        *n += 1;
    }
    (found.cloned().unwrap_or_default(), curves)
}

fn draw(layer: &str, features: &[String], curves: &Curves, palette: &Palette) -> Drawing {
    let networks: BTreeSet<&Network> = curves.keys().map(|(network, _)| network).collect();
    let entries = networks.iter().map(|network| {
        let (color, marker) = look(network, palette);
        let sample = Sample::Curve {
            color,
            marker,
            dashed: false,
        };
        let name = match network {
            Network::Untrained => "untrained".to_owned(),
            Network::Trained(target) => format!("trained on {target}"),
        };
        (sample, name)
    });
    let legend = Legend::new(entries.collect(), WIDTH - 24.0);
    let points = || curves.values().flatten();
    let x = Axis::steps(points().map(|(n, _)| *n as f64));
    let highest = points().map(|(_, (sum, n))| sum / *n as f64 * LOG2_E);
    let y = Axis::Linear {
        low: 0.0,
        high: 1.05 * highest.fold(0.2, f64::max),
    };
    let columns = features.len().clamp(1, COLUMNS);
    let frame = Frame {
        title: "How many stimuli a probe needs",
        subtitle: &format!("cross-entropy of the next block at {layer}, mean over orders and runs"),
        x_label: "stimuli the probe was fitted to",
        y_label: "bits a label",
    };
    let rows = features.len().div_ceil(columns);
    let (sheet, mut drawing) = Sheet::new(&frame, &legend, columns, rows, FLAT_FOOT);
    for (index, feature) in features.iter().enumerate() {
        let panel = Panel::new(&sheet, index / columns, index % columns, y.clone());
        panel.title(&mut drawing, feature);
        panel.y_grid(&mut drawing, index % columns == 0);
        panel.edges(&mut drawing);
        panel.x_numbers(&mut drawing, &x);
        for ((network, _), curve) in curves.iter().filter(|((_, f), _)| f == feature) {
            let (color, marker) = look(network, palette);
            let line: Vec<_> = curve
                .iter()
                .map(|(n, (sum, count))| panel.at(x.place(*n as f64), sum / *count as f64 * LOG2_E))
                .collect();
            drawing.line(line.clone(), color, 1.8);
            for at in line {
                marker.draw(&mut drawing, at, 3.2, color);
            }
        }
    }
    drawing
}

fn look(network: &Network, palette: &Palette) -> (Color, Marker) {
    match network {
        Network::Untrained => (Color::GRAY, Marker::Circle),
        Network::Trained(target) => (palette.color(target), palette.marker(target)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_averaged_over_orders_and_kept_by_size() {
        let row = |step, repeat, n_train, value| ResultRow {
            target: "shape".into(),
            layer: "fc1".into(),
            feature: "color".into(),
            metric: "cross_entropy".into(),
            split_kind: "next_block".into(),
            step: Some(step),
            repeat: Some(repeat),
            n_train: Some(n_train),
            value,
            ..ResultRow::default()
        };
        let other = ResultRow {
            split_kind: "held_out_values".into(),
            ..row(0, 0, 11, 9.0)
        };
        let input = ReportInput {
            rows: vec![
                row(0, 0, 11, 2.0),
                row(0, 1, 11, 1.0),
                row(0, 0, 22, 0.5),
                row(540, 0, 11, 0.25),
                other,
            ],
            ..ReportInput::default()
        };
        let (layer, found) = curves(&input);
        assert_eq!(layer, "fc1");
        let untrained = &found[&(Network::Untrained, "color".to_owned())];
        let points: Vec<_> = untrained.iter().collect();
        assert_eq!(points, [(&11, &(3.0, 2)), (&22, &(0.5, 1))]);
        assert_eq!(found.len(), 2);
    }
}
