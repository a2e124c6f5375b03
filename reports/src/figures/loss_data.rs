use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::LOG2_E;

use super::axis::Axis;
use super::legend::{Legend, Sample};
use super::palette::Palette;
use super::panel::{FLAT_FOOT, Panel};
use super::sheet::{Frame, MAX_ROWS, Sheet, WIDTH};
use super::{Figure, named};
use crate::drawing::{Color, Drawing, Marker};
use crate::evidence::{Group, Network, groups, in_order, is_of_a_network, shown_view};
use crate::{ReportInput, ResultRow};

/// Panels side by side.
const COLUMNS: usize = 3;

/// Loss-data curves of the last layer: by network and feature, the sum and
/// the number of the blocks' cross-entropies (nats), by stimuli before them.
type Curves = BTreeMap<(Network, String), BTreeMap<u64, (f64, usize)>>;

/// How well a probe predicts the next block, by how many stimuli it was
/// fitted to (Whitney et al. 2020): a panel a feature, a curve a network.
pub(super) fn figures(input: &ReportInput, palette: &Palette) -> Vec<Figure> {
    let wanted = |row: &&ResultRow| {
        let of_code = row.metric == "cross_entropy" && row.split_kind == "next_block";
        of_code && row.value.is_finite() && is_of_a_network(row)
    };
    let rows = || input.rows.iter().filter(wanted);
    let view = shown_view(rows().map(|row| &*row.view));
    let groups = groups(rows().filter(|row| row.view == view));
    let groups = groups.iter().enumerate();
    groups
        .flat_map(|(number, group)| named(of_group(input, group, palette), number, &group.label))
        .collect()
}

/// The figures of runs that may be put side by side.
fn of_group(input: &ReportInput, group: &Group<'_>, palette: &Palette) -> Vec<Figure> {
    let (layer, curves) = curves(input, &group.rows);
    let features = in_order(&input.features, curves.keys().map(|(_, f)| f.as_str()));
    let features: Vec<String> = features
        .into_iter()
        .filter(|feature| curves.keys().any(|(_, f)| f == feature))
        .collect();
    let x = Axis::steps(curves.values().flatten().map(|(n, _)| *n as f64));
    let subtitle = subtitle(&layer, &group.label);
    features
        .chunks(COLUMNS * MAX_ROWS)
        .enumerate()
        .map(|(page, features)| Figure {
            id: match page {
                0 => "loss-data-curves".to_owned(),
                page => format!("loss-data-curves-{}", page + 1),
            },
            title: "Loss-data curves".to_owned(),
            caption: caption(&layer, &x),
            of_training: false,
            drawing: draw(&subtitle, features, &curves, &x, palette),
        })
        .collect()
}

fn caption(layer: &str, x: &Axis) -> String {
    let scale = match x.is_symlog() {
        true => {
            " The horizontal axis is linear from 0 to the first point and logarithmic from there."
        }
        false => "",
    };
    format!(
        "Mean cross-entropy of the next block of labels by a probe of {layer}, the last layer read, \
         fitted to all blocks before it (Whitney et al. 2020): the fits of the online code, which has \
         none for its first block. Means over orders and runs; the untrained network against the last \
         checkpoints. A representation may need fewer stimuli and still end no lower.{scale}"
    )
}

fn subtitle(layer: &str, label: &str) -> String {
    let what = format!("cross-entropy of the next block at {layer}, mean over orders and runs");
    match label {
        "" => what,
        label => format!("{label}: {what}"),
    }
}

/// The last layer of these rows, and its curves.
fn curves(input: &ReportInput, rows: &[&ResultRow]) -> (String, Curves) {
    let layers = in_order(&input.layers, rows.iter().map(|row| &*row.layer));
    let is_read = |layer: &&String| rows.iter().any(|row| row.layer == **layer);
    let found = layers.iter().rfind(is_read);
    let mut curves = Curves::new();
    for row in rows.iter().filter(|row| Some(&row.layer) == found) {
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

fn draw(
    subtitle: &str,
    features: &[String],
    curves: &Curves,
    x: &Axis,
    palette: &Palette,
) -> Drawing {
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
    let points = curves.values().flatten();
    let highest = points.map(|(_, (sum, n))| sum / *n as f64 * LOG2_E);
    let y = Axis::Linear {
        low: 0.0,
        high: 1.05 * highest.fold(0.2, f64::max),
    };
    let columns = features.len().clamp(1, COLUMNS);
    let frame = Frame {
        title: "How many stimuli a probe needs",
        subtitle,
        x_label: match x.is_symlog() {
            true => {
                "stimuli the probe was fitted to (linear up to the first point, then logarithmic)"
            }
            false => "stimuli the probe was fitted to",
        },
        y_label: "bits a label",
    };
    let rows = features.len().div_ceil(columns);
    let (sheet, mut drawing) = Sheet::new(&frame, &legend, columns, rows, FLAT_FOOT);
    for (index, feature) in features.iter().enumerate() {
        let panel = Panel::new(&sheet, index / columns, index % columns, y.clone());
        panel.title(&mut drawing, feature);
        panel.y_grid(&mut drawing, index % columns == 0);
        panel.edges(&mut drawing);
        panel.x_numbers(&mut drawing, x);
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
    use crate::drawing::Shape;
    use crate::evidence::gather;

    fn row(step: u64, repeat: u64, n_train: u64, value: f64) -> ResultRow {
        ResultRow {
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
        }
    }

    fn drawn(rows: Vec<ResultRow>) -> Vec<Figure> {
        let input = ReportInput {
            rows,
            ..ReportInput::default()
        };
        figures(&input, &Palette::of(&input, &gather(&input)))
    }

    /// Whether a text of the drawing has these words.
    fn says(figure: &Figure, words: &str) -> bool {
        let mut shapes = figure.drawing.shapes.iter();
        shapes.any(|shape| matches!(shape, Shape::Text(text) if text.content.contains(words)))
    }

    #[test]
    fn blocks_are_averaged_over_orders_and_kept_by_size() {
        let rows = [
            row(0, 0, 11, 2.0),
            row(0, 1, 11, 1.0),
            row(0, 0, 22, 0.5),
            row(540, 0, 11, 0.25),
        ];
        let rows: Vec<&ResultRow> = rows.iter().collect();
        let (layer, found) = curves(&ReportInput::default(), &rows);
        assert_eq!(layer, "fc1");
        let untrained = &found[&(Network::Untrained, "color".to_owned())];
        let points: Vec<_> = untrained.iter().collect();
        assert_eq!(points, [(&11, &(3.0, 2)), (&22, &(0.5, 1))]);
        assert_eq!(found.len(), 2);
        // what is no code's gives none
        let other = ResultRow {
            split_kind: "held_out_values".into(),
            ..row(0, 0, 11, 9.0)
        };
        assert!(drawn(vec![other]).is_empty());
    }

    #[test]
    fn unlike_networks_have_figures_of_their_own() {
        let of = |epochs: u32, row: ResultRow| ResultRow {
            variant: format!("training.epochs={epochs}"),
            ..row
        };
        let named = |rows: Vec<ResultRow>| -> Vec<(String, String)> {
            let figures = drawn(rows).into_iter();
            figures.map(|figure| (figure.id, figure.title)).collect()
        };
        let name = |id: &str, title: &str| (id.to_owned(), title.to_owned());
        assert_eq!(
            named(vec![of(5, row(0, 0, 11, 2.0))]),
            [name("loss-data-curves", "Loss-data curves")]
        );
        let both = vec![of(5, row(0, 0, 11, 2.0)), of(10, row(0, 0, 11, 1.0))];
        assert!(says(&drawn(both.clone())[1], "variant training.epochs=5: "));
        assert_eq!(
            named(both),
            [
                name(
                    "loss-data-curves",
                    "Loss-data curves (variant training.epochs=10)"
                ),
                name(
                    "loss-data-curves-family2",
                    "Loss-data curves (variant training.epochs=5)"
                ),
            ]
        );
    }

    #[test]
    fn each_network_is_drawn_by_its_own_last_layer() {
        let of = |arch: &str, layer: &str| ResultRow {
            arch: arch.into(),
            layer: layer.into(),
            ..row(0, 0, 11, 1.0)
        };
        let found = drawn(vec![of("cnn4", "fc1"), of("mlp", "hidden")]);
        let layers = found.iter().zip(["fc1", "hidden"]);
        assert_eq!(layers.len(), 2);
        for (figure, layer) in layers {
            assert!(figure.caption.contains(&format!("a probe of {layer},")));
        }
    }

    #[test]
    fn a_logarithmic_axis_is_called_so() {
        for (last, logarithmic) in [(22, false), (110, true)] {
            let figure = drawn(vec![row(0, 0, 11, 2.0), row(0, 0, last, 1.0)]).remove(0);
            assert_eq!(figure.caption.contains("logarithmic"), logarithmic);
            assert_eq!(says(&figure, "logarithmic"), logarithmic);
            assert!(!figure.caption.contains("area under"));
        }
    }
}
