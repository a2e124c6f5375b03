use std::collections::BTreeMap;

use super::Figure;
use super::legend::{Legend, Sample};
use super::sheet::{MAX_ROWS, WIDTH};
use crate::drawing::{Color, Drawing, Horizontal, Marker, Text, fitted, text_width};
use crate::evidence::{in_order, shown_view};
use crate::{ConfusionRow, ReportInput};

/// Matrices side by side.
const COLUMNS: usize = 3;
const EDGE: f64 = 12.0;
const GAP: f64 = 16.0;
/// Size of the values' names, and the most room they take.
const NAME: f64 = 11.0;
const NAME_ROOM: f64 = 72.0;
/// Room over a matrix for its title.
const HEAD: f64 = 24.0;
const TITLE: f64 = 13.0;
/// Room before a title for the mark of a probe without proof, and its size.
const MARK_ROOM: f64 = 13.0;
const MARK: f64 = 4.0;
/// Room over the matrices for title, subtitle and legend.
const TOP: f64 = 92.0;
const FOOT: f64 = 30.0;
/// The color of a share of 1; a share of 0 is white.
const FULL: Color = Color(0, 68, 136);

/// Counts of one probe by true and predicted value.
struct Matrix {
    title: String,
    values: Vec<String>,
    /// Share of each true value's stimuli (row) taken for each value.
    shares: Vec<Vec<f64>>,
    /// Whether a probe that was counted has no proof of convergence.
    marked: bool,
}

/// The matrices of one dataset and network.
struct Confusions {
    /// What tells them from the others of a report; empty for the only ones.
    label: String,
    /// The last layer read.
    layer: String,
    matrices: Vec<Matrix>,
}

/// Confusion matrices of the last layer at the last checkpoint: a matrix for
/// each target and decoded feature.
pub(super) fn figures(input: &ReportInput) -> Vec<Figure> {
    let mut figures = Vec::new();
    for found in Confusions::all(input) {
        for matrices in found.matrices.chunks(COLUMNS * MAX_ROWS) {
            let number = figures.len() + 1;
            figures.push(Figure {
                id: match number {
                    1 => "confusions".to_owned(),
                    number => format!("confusions-{number}"),
                },
                title: match found.label.as_str() {
                    "" => "What is taken for what".to_owned(),
                    label => format!("What is taken for what ({label})"),
                },
                caption: caption(&found.layer),
                of_training: false,
                drawing: draw(&found, matrices),
            });
        }
    }
    figures
}

fn caption(layer: &str) -> String {
    format!(
        "Confusion matrices of the probes of {layer}, the last layer read, at the last \
         checkpoint: the darker a cell, the larger the share of the test stimuli with the true \
         value (row) that were taken for the predicted one (column, in the same order). On the \
         diagonal they were taken for what they are. Hold-out versions are counted together. \
         The counts: confusion.csv."
    )
}

impl Confusions {
    /// Of every dataset and network that the rows have.
    fn all(input: &ReportInput) -> Vec<Self> {
        let wanted = |row: &&ConfusionRow| {
            row.checkpoint_role == "last" && matches!(&*row.split_kind, "held_out_values" | "")
        };
        let rows = || input.confusions.iter().filter(wanted);
        let view = shown_view(rows().map(|row| &*row.view));
        let mut by_key: BTreeMap<[&str; 2], Vec<&ConfusionRow>> = BTreeMap::new();
        for row in rows().filter(|row| row.view == view) {
            let key = [&*row.dataset, &*row.arch];
            by_key.entry(key).or_default().push(row);
        }
        let several = by_key.len() > 1;
        let of = |(key, rows): (&[&str; 2], &Vec<&ConfusionRow>)| {
            let label = match several {
                true => key.join(", "),
                false => String::new(),
            };
            Self::of(input, rows, label)
        };
        by_key.iter().filter_map(of).collect()
    }

    /// By protocol, target and feature.
    fn of(input: &ReportInput, rows: &[&ConfusionRow], label: String) -> Option<Self> {
        let layers = in_order(&input.layers, rows.iter().map(|row| &*row.layer));
        let is_read = |layer: &&String| rows.iter().any(|row| row.layer == **layer);
        let layer = layers.iter().rfind(is_read)?;
        let rows = || rows.iter().copied().filter(|row| row.layer == *layer);
        let targets = in_order(&input.targets, rows().map(|row| &*row.target));
        let features = in_order(&input.features, rows().map(|row| &*row.feature));
        let protocols = in_order(&[], rows().map(|row| &*row.protocol));
        let several = protocols.len() > 1;
        let mut matrices = Vec::new();
        for protocol in protocols.iter().map(String::as_str).chain(
            // rows that name no protocol
            rows().any(|row| row.protocol.is_empty()).then_some(""),
        ) {
            for target in &targets {
                for feature in &features {
                    let own = rows().filter(|row| {
                        (&row.target, &row.feature) == (target, feature) && row.protocol == protocol
                    });
                    let title = format!("{feature}, trained on {target}");
                    let title = match several {
                        true => format!("{title}, {protocol}"),
                        false => title,
                    };
                    matrices.extend(Matrix::of(title, own));
                }
            }
        }
        Some(Self {
            label,
            layer: layer.clone(),
            matrices,
        })
    }
}

impl Matrix {
    fn of<'a>(title: String, rows: impl Iterator<Item = &'a ConfusionRow>) -> Option<Self> {
        let mut counts: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        let mut marked = false;
        for row in rows {
            marked |= row.is_unconverged();
            *counts.entry((&row.label, &row.predicted)).or_default() += row.count as f64;
        }
        let names = counts
            .keys()
            .flat_map(|(label, predicted)| [*label, *predicted]);
        let mut values: Vec<String> = in_order(&[], names);
        values.sort();
        let share = |label: &String, predicted: &String| {
            let own = counts.iter().filter(|((l, _), _)| l == label);
            let total: f64 = own.map(|(_, count)| count).sum();
            let count = counts.get(&(&**label, &**predicted)).copied();
            count.unwrap_or(0.0) / total.max(1.0)
        };
        let shares = values
            .iter()
            .map(|label| values.iter().map(|p| share(label, p)).collect())
            .collect();
        (!values.is_empty()).then_some(Self {
            title,
            values,
            shares,
            marked,
        })
    }
}

/// White at a share of 0, dark at 1; the root tells small shares apart.
fn shade(share: f64) -> Color {
    let part = share.clamp(0.0, 1.0).sqrt();
    let mix = |full: u8| (255.0 + part * (f64::from(full) - 255.0)).round() as u8;
    Color(mix(FULL.0), mix(FULL.1), mix(FULL.2))
}

/// A figure of some of the matrices that were found.
fn draw(found: &Confusions, matrices: &[Matrix]) -> Drawing {
    let columns = matrices.len().clamp(1, COLUMNS);
    let pitch = (WIDTH - 2.0 * EDGE + GAP) / COLUMNS as f64;
    let side = pitch - GAP - NAME_ROOM;
    let rows = matrices.len().div_ceil(columns);
    let row_height = HEAD + side + 14.0;
    let height = TOP + rows as f64 * row_height + FOOT;
    let mut drawing = Drawing::new(WIDTH, height.ceil(), "Confusion matrices of the last layer");
    drawing.text(Text::new((EDGE, 19.0), "What probes take for what", 17.0));
    let subtitle = format!(
        "at {}, the last checkpoint; share of the true value\u{2019}s stimuli",
        found.layer
    );
    let subtitle = match found.label.as_str() {
        "" => subtitle,
        label => format!("{label}: {subtitle}"),
    };
    let subtitle = fitted(&subtitle, 13.5, WIDTH - 2.0 * EDGE);
    drawing.text(Text::new((EDGE, 42.0), &subtitle, 13.5).colored(Color::GRAY));
    let entries = [0.02, 0.1, 0.25, 0.5, 1.0].map(|share: f64| {
        let color = shade(share);
        (Sample::Bar { color }, format!("{:.0} %", 100.0 * share))
    });
    let mut entries = Vec::from(entries);
    if matrices.iter().any(|matrix| matrix.marked) {
        entries.push((Sample::Unconverged, "probe did not converge".to_owned()));
    }
    Legend::new(entries, WIDTH - 24.0).draw(&mut drawing, EDGE + 2.0, 58.0);
    for (index, matrix) in matrices.iter().enumerate() {
        let left = EDGE + (index % columns) as f64 * pitch;
        let top = TOP + (index / columns) as f64 * row_height;
        matrix.draw(&mut drawing, (left, top), side);
    }
    drawing.text(Text::new(
        (EDGE, height - 14.0),
        "rows: true value; columns: predicted value, in the same order",
        NAME + 1.5,
    ));
    drawing
}

impl Matrix {
    /// Draws with the upper left corner, that of the title, at the point.
    fn draw(&self, drawing: &mut Drawing, (left, top): (f64, f64), side: f64) {
        let mut start = left;
        if self.marked {
            let at = (left + MARK, top + 10.0);
            Marker::Circle.crossed(drawing, at, MARK, Color::GRAY);
            start += MARK_ROOM;
        }
        let title = fitted(&self.title, TITLE, left + side + NAME_ROOM - start);
        drawing.text(Text::new((start, top + 10.0), &title, TITLE));
        let (x, y) = (left + NAME_ROOM, top + HEAD);
        let cell = side / self.values.len().max(1) as f64;
        let stride = ((NAME + 1.0) / cell).ceil().max(1.0) as usize;
        for (row, (value, shares)) in self.values.iter().zip(&self.shares).enumerate() {
            let upper = y + row as f64 * cell;
            if row % stride == 0 {
                let name = fitted(value, NAME, NAME_ROOM - 6.0);
                let at = (x - 5.0, upper + 0.5 * cell);
                debug_assert!(text_width(&name, NAME) <= NAME_ROOM);
                drawing.text(
                    Text::new(at, &name, NAME)
                        .colored(Color::GRAY)
                        .aligned(Horizontal::Right),
                );
            }
            for (column, &share) in shares.iter().enumerate().filter(|(_, s)| **s > 0.0) {
                let corner = (x + column as f64 * cell, upper);
                let end = (corner.0 + cell, corner.1 + cell);
                drawing.rectangle(corner, end, shade(share));
            }
        }
        let corners = [
            (x, y),
            (x + side, y),
            (x + side, y + side),
            (x, y + side),
            (x, y),
        ];
        drawing.line(corners.into(), Color::GRAY, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::Shape;

    fn row(split: u32, label: &str, predicted: &str, count: u64) -> ConfusionRow {
        ConfusionRow {
            split: Some(split),
            target: "shape".into(),
            feature: "color".into(),
            layer: "fc1".into(),
            checkpoint_role: "last".into(),
            label: label.into(),
            predicted: predicted.into(),
            count,
            ..ConfusionRow::default()
        }
    }

    #[test]
    fn versions_are_counted_together_and_rows_sum_to_one() {
        let input = ReportInput {
            confusions: vec![
                row(0, "red", "red", 6),
                row(0, "red", "blue", 2),
                row(1, "red", "red", 3),
                row(1, "red", "green", 1),
                row(1, "green", "green", 5),
            ],
            ..ReportInput::default()
        };
        let all = Confusions::all(&input).remove(0);
        let found = &all.matrices;
        assert_eq!((&*all.label, &*all.layer, found.len()), ("", "fc1", 1));
        assert_eq!(found[0].values, ["blue", "green", "red"]);
        let none = vec![0.0; 3];
        let green = vec![0.0, 1.0, 0.0];
        let red = vec![2.0 / 12.0, 1.0 / 12.0, 9.0 / 12.0];
        assert_eq!(found[0].shares, [none, green, red]);
        assert!(!found[0].marked);
    }

    #[test]
    fn other_networks_and_datasets_are_counted_apart() {
        let of = |arch: &str, layer: &str, predicted: &str| ConfusionRow {
            dataset: "trifeature".into(),
            arch: arch.into(),
            layer: layer.into(),
            ..row(0, "red", predicted, 4)
        };
        let input = |confusions| ReportInput {
            confusions,
            ..ReportInput::default()
        };
        let titles = |confusions| -> Vec<(String, String)> {
            let figures = figures(&input(confusions)).into_iter();
            figures.map(|figure| (figure.id, figure.title)).collect()
        };
        let name = |id: &str, title: &str| (id.to_owned(), title.to_owned());
        assert_eq!(
            titles(vec![of("cnn4", "fc1", "red")]),
            [name("confusions", "What is taken for what")]
        );
        let both = vec![of("cnn4", "fc1", "red"), of("mlp", "hidden", "blue")];
        let found = Confusions::all(&input(both.clone()));
        let layers: Vec<&str> = found.iter().map(|found| &*found.layer).collect();
        assert_eq!(layers, ["fc1", "hidden"]);
        // all right, and all wrong
        assert_eq!(found[0].matrices[0].shares, [[1.0]]);
        assert_eq!(found[1].matrices[0].shares, [[0.0, 0.0], [1.0, 0.0]]);
        assert_eq!(
            titles(both),
            [
                name("confusions", "What is taken for what (trifeature, cnn4)"),
                name("confusions-2", "What is taken for what (trifeature, mlp)"),
            ]
        );
    }

    #[test]
    fn a_matrix_with_a_fit_without_proof_is_marked() {
        let of = |status: &str| {
            let unsure = ConfusionRow {
                status: status.into(),
                ..row(1, "red", "blue", 2)
            };
            let input = ReportInput {
                confusions: vec![row(0, "red", "red", 6), unsure],
                ..ReportInput::default()
            };
            let said = |text: &Text| text.content.contains("did not converge");
            let shapes = figures(&input).remove(0).drawing.shapes;
            shapes
                .iter()
                .any(|shape| matches!(shape, Shape::Text(text) if said(text)))
        };
        assert!(of("max_iterations") && of("separable"));
        assert!(!of("converged") && !of(""));
    }

    #[test]
    fn only_the_last_checkpoint_of_held_out_values_is_drawn() {
        let of_role = |role: &str, split_kind: &str| ConfusionRow {
            checkpoint_role: role.into(),
            split_kind: split_kind.into(),
            ..row(0, "red", "red", 1)
        };
        let input = |row| ReportInput {
            confusions: vec![row],
            ..ReportInput::default()
        };
        assert_eq!(
            figures(&input(of_role("initial", "held_out_values"))).len(),
            0
        );
        assert_eq!(figures(&input(of_role("last", "seen_values"))).len(), 0);
        assert_eq!(figures(&input(of_role("last", "held_out_values"))).len(), 1);
    }

    #[test]
    fn the_larger_a_share_the_darker() {
        let light: Vec<u32> = [0.0, 0.01, 0.1, 0.5, 1.0]
            .map(shade)
            .map(|Color(r, g, b)| u32::from(r) + u32::from(g) + u32::from(b))
            .into();
        assert!(light.windows(2).all(|pair| pair[0] > pair[1]), "{light:?}");
        assert_eq!(shade(0.0), Color::WHITE);
    }
}
