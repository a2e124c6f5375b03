use super::axis::Axis;
use super::legend::{Legend, Sample};
use super::palette::layer_color;
use super::panel::{ACCURACY, FLAT_FOOT, Panel};
use super::sheet::{Frame, MAX_ROWS, Sheet, WIDTH};
use super::words::{basis, capitalized, interval_note};
use super::{Context, Figure};
use crate::drawing::{Drawing, Marker};
use crate::evidence::{CurvePoint, Family};

/// Decodability over training: a panel a target and feature, a curve a
/// layer, from step 0 on.
pub(super) fn figures(context: &Context<'_>) -> Vec<Figure> {
    let family = context.family;
    let places = places(family);
    let columns = places.iter().map(|p| p.column + 1).max().unwrap_or(1);
    let rows = places.iter().map(|p| p.row + 1).max().unwrap_or(0);
    let steps = all_points(family)
        .map(|point| point.step)
        .collect::<Vec<_>>();
    // of one moment there is no curve
    if steps.iter().all(|step| Some(step) == steps.first()) {
        return Vec::new();
    }
    let axis = Axis::steps(steps.iter().copied());
    (0..rows.div_ceil(MAX_ROWS))
        .map(|page| {
            let first = page * MAX_ROWS;
            let here: Vec<Place<'_>> = places
                .iter()
                .filter(|p| p.row / MAX_ROWS == page)
                .map(|p| Place {
                    row: p.row - first,
                    ..*p
                })
                .collect();
            let rows = (rows - first).min(MAX_ROWS);
            let drawing = draw(context, &here, columns, rows, &axis);
            let suffix = if page == 0 {
                String::new()
            } else {
                format!("-{}", page + 1)
            };
            Figure {
                id: format!("decodability-over-training{suffix}"),
                title: "Decodability over training".to_owned(),
                caption: caption(context, &axis),
                of_training: false,
                drawing,
            }
        })
        .collect()
}

/// A panel's place in the grid.
#[derive(Clone, Copy)]
struct Place<'a> {
    target: &'a str,
    feature: &'a str,
    row: usize,
    column: usize,
}

/// A row of panels for each target; one feature alone gets the targets side
/// by side; many features take several rows.
fn places(family: &Family) -> Vec<Place<'_>> {
    let (targets, features) = (&family.targets, &family.features);
    let one = features.len() == 1;
    let columns = match features.len() {
        2..=3 => features.len(),
        1 => targets.len().min(3),
        _ => 3,
    };
    let rows_a_target = features.len().div_ceil(columns.max(1));
    let mut places = Vec::new();
    for (t, target) in targets.iter().enumerate() {
        for (f, feature) in features.iter().enumerate() {
            let (row, column) = if one {
                (t / columns, t % columns)
            } else {
                (t * rows_a_target + f / columns, f % columns)
            };
            places.push(Place {
                target,
                feature,
                row,
                column,
            });
        }
    }
    places
}

fn all_points(family: &Family) -> impl Iterator<Item = CurvePoint> {
    family.targets.iter().flat_map(move |target| {
        family.features.iter().flat_map(move |feature| {
            family
                .layers
                .iter()
                .flat_map(move |layer| family.curve(target, layer, feature))
        })
    })
}

fn draw(
    context: &Context<'_>,
    places: &[Place<'_>],
    columns: usize,
    rows: usize,
    axis: &Axis,
) -> Drawing {
    let family = context.family;
    let estimates: Vec<_> = all_points(family).map(|point| point.estimate).collect();
    let scale = if axis.is_symlog() {
        "training step (linear up to the first checkpoint, then logarithmic)"
    } else {
        "training step"
    };
    let frame = Frame {
        title: "Decodability over training, by layer",
        subtitle: &capitalized(&basis(family, &estimates)),
        x_label: scale,
        y_label: "probe accuracy",
    };
    let marked = estimates.iter().any(|e| e.is_marked()) || context.has_marked_reference();
    let legend = Legend::new(entries(context, marked), WIDTH - 24.0);
    let (sheet, mut drawing) = Sheet::new(&frame, &legend, columns, rows, FLAT_FOOT);
    for place in places {
        let panel = Panel::new(&sheet, place.row, place.column, ACCURACY);
        panel.title(
            &mut drawing,
            &format!("{}, trained on {}", place.feature, place.target),
        );
        panel.y_grid(&mut drawing, place.column == 0);
        context.references(&mut drawing, &panel, place.feature);
        panel.edges(&mut drawing);
        panel.x_numbers(&mut drawing, axis);
        curves(&mut drawing, &panel, family, place, axis);
    }
    drawing
}

fn entries(context: &Context<'_>, marked: bool) -> Vec<(Sample, String)> {
    let family = context.family;
    let count = family.layers.len();
    let mut entries: Vec<_> = family
        .layers
        .iter()
        .enumerate()
        .map(|(index, layer)| {
            let sample = Sample::Curve {
                color: layer_color(index, count),
                marker: Marker::nth(index),
                dashed: is_dashed(index),
            };
            (sample, layer.clone())
        })
        .collect();
    entries.extend(context.reference_entries());
    if marked {
        entries.push((Sample::Unconverged, "probe did not converge".to_owned()));
    }
    entries
}

/// Layers that share a marker differ in their lines.
fn is_dashed(layer: usize) -> bool {
    layer / Marker::ALL.len() % 2 == 1
}

fn curves(drawing: &mut Drawing, panel: &Panel, family: &Family, place: &Place<'_>, axis: &Axis) {
    let count = family.layers.len();
    let by_layer: Vec<Vec<CurvePoint>> = family
        .layers
        .iter()
        .map(|layer| family.curve(place.target, layer, place.feature))
        .collect();
    for (index, points) in by_layer.iter().enumerate() {
        band(drawing, panel, points, axis, index, count);
    }
    // the deepest layers, on which most is said, lie on top
    for (index, points) in by_layer.iter().enumerate() {
        let color = layer_color(index, count);
        let line: Vec<_> = points
            .iter()
            .map(|p| panel.at(axis.place(p.step), p.estimate.mean))
            .collect();
        if is_dashed(index) {
            drawing.dashed(&line, color, 1.8, 5.0, 3.0);
        } else {
            drawing.line(line.clone(), color, 1.8);
        }
        for (point, at) in points.iter().zip(line) {
            if point.estimate.is_marked() {
                Marker::nth(index).crossed(drawing, at, 3.4, color);
            } else {
                Marker::nth(index).draw(drawing, at, 3.2, color);
            }
        }
    }
}

/// The interval around a curve; around a single point a line.
fn band(
    drawing: &mut Drawing,
    panel: &Panel,
    points: &[CurvePoint],
    axis: &Axis,
    index: usize,
    count: usize,
) {
    let color = layer_color(index, count);
    let ends: Vec<_> = points
        .iter()
        .filter_map(|p| {
            let (lower, upper, _) = p.estimate.interval?;
            let place = axis.place(p.step);
            Some((panel.at(place, lower), panel.at(place, upper)))
        })
        .collect();
    if let [(lower, upper)] = ends.as_slice() {
        drawing.line(vec![*lower, *upper], color, 1.5);
        return;
    }
    let outline = ends
        .iter()
        .map(|(_, upper)| *upper)
        .chain(ends.iter().rev().map(|(lower, _)| *lower))
        .collect();
    drawing.area(outline, color, 0.16);
}

fn caption(context: &Context<'_>, axis: &Axis) -> String {
    let family = context.family;
    let mut text = String::from(
        "Held-out accuracy of a linear probe for one feature (panel) at each layer (curve), from \
         the untrained network (step 0) on. ",
    );
    let estimates: Vec<_> = all_points(family).map(|point| point.estimate).collect();
    text.push_str(&capitalized(&basis(family, &estimates)));
    text.push_str(" (band). ");
    text.push_str(interval_note(family));
    text.push_str(&context.reference_words());
    if axis.is_symlog() {
        text.push_str(
            " The horizontal axis is linear from 0 to the first checkpoint and logarithmic from there.",
        );
    }
    if let Some(steps) = family.steps_per_epoch() {
        text.push_str(&format!(
            " One epoch is {} steps.",
            super::axis::short(steps)
        ));
    }
    text
}
