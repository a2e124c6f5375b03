use super::axis::Axis;
use super::legend::{Legend, Sample};
use super::panel::{Names, Panel};
use super::sheet::{Frame, MAX_ROWS, Sheet, WIDTH};
use super::words::{basis, capitalized};
use super::{Context, Figure};
use crate::drawing::{Color, Drawing, Marker};
use crate::evidence::Estimate;

/// Stands in the place of a bar where a difference says nothing.
const CEILING_MARKER: Marker = Marker::Diamond;

/// Room a bar needs.
const BAR_PITCH: f64 = 7.0;

/// Enhancement and suppression: trained minus untrained, a panel a target,
/// the layers side by side, a bar a feature (Hermann & Lampinen 2020,
/// Fig. 5).
pub(super) fn figures(context: &Context<'_>) -> Vec<Figure> {
    let measured: Vec<&String> = context
        .family
        .targets
        .iter()
        .filter(|target| !estimates(context, &[target]).is_empty())
        .collect();
    let columns = columns(context, measured.len());
    measured
        .chunks(columns * MAX_ROWS)
        .enumerate()
        .map(|(page, targets)| {
            let suffix = if page == 0 {
                String::new()
            } else {
                format!("-{}", page + 1)
            };
            let all = estimates(context, targets);
            Figure {
                id: format!("enhancement-and-suppression{suffix}"),
                title: "Enhancement and suppression".to_owned(),
                caption: caption(context, &all),
                of_training: false,
                drawing: draw(context, targets, &all, columns),
            }
        })
        .collect()
}

fn columns(context: &Context<'_>, targets: usize) -> usize {
    let bars = context.family.layers.len() * (context.family.features.len() + 1);
    let needed = bars as f64 * BAR_PITCH;
    (2..=targets.min(3))
        .rev()
        .find(|columns| Sheet::width_of(*columns) >= needed)
        .unwrap_or(1)
}

fn estimates(context: &Context<'_>, targets: &[&String]) -> Vec<Estimate> {
    let family = context.family;
    let mut found = Vec::new();
    for target in targets {
        for layer in &family.layers {
            for feature in &family.features {
                found.extend(family.change(target, layer, feature));
            }
        }
    }
    found
}

/// A range about 0 that holds all changes and their intervals, in tenths,
/// within the differences that accuracies can have.
fn range(estimates: &[Estimate]) -> Axis {
    let ends = estimates.iter().flat_map(|e| {
        let (lower, upper) = e.interval.map_or((e.mean, e.mean), |(l, u, _)| (l, u));
        [lower, upper, e.mean]
    });
    let (low, high) = ends.fold((0.0f64, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
    let tenths = |v: f64| (v * 10.0).ceil() / 10.0;
    Axis::Linear {
        low: -tenths(-low).clamp(0.2, 1.0),
        high: tenths(high).clamp(0.2, 1.0),
    }
}

fn draw(context: &Context<'_>, targets: &[&String], all: &[Estimate], columns: usize) -> Drawing {
    let family = context.family;
    let frame = Frame {
        title: "Change of decodability by training, by layer",
        subtitle: &capitalized(&words(context, all)),
        x_label: "layer, from input to output",
        y_label: "trained \u{2212} untrained accuracy",
    };
    let mut entries: Vec<_> = family
        .features
        .iter()
        .map(|feature| {
            let color = context.palette.color(feature);
            (Sample::Bar { color }, format!("{feature} decodability"))
        })
        .collect();
    if all.iter().any(Estimate::is_marked) {
        entries.push((Sample::Unconverged, "a probe did not converge".to_owned()));
    }
    if targets.iter().any(|target| has_ceiling(context, target)) {
        entries.push((
            Sample::Open {
                color: Color::GRAY,
                marker: CEILING_MARKER,
            },
            "ceiling: both at least 0.99".to_owned(),
        ));
    }
    let legend = Legend::new(entries, WIDTH - 24.0);
    let names = Names::fitting(&family.layers, Sheet::width_of(columns));
    let rows = targets.len().div_ceil(columns);
    let (sheet, mut drawing) = Sheet::new(&frame, &legend, columns, rows, names.foot);
    for (index, target) in targets.iter().enumerate() {
        let panel = Panel::new(&sheet, index / columns, index % columns, range(all));
        panel.title(&mut drawing, &format!("trained on {target}"));
        panel.stripes(&mut drawing, family.layers.len());
        panel.y_grid(&mut drawing, index % columns == 0);
        panel.edges(&mut drawing);
        panel.zero(&mut drawing);
        panel.x_names(&mut drawing, &family.layers);
        bars(&mut drawing, &panel, context, target, sheet.panel_width);
    }
    drawing
}

fn bars(
    drawing: &mut Drawing,
    panel: &Panel,
    context: &Context<'_>,
    target: &str,
    panel_width: f64,
) {
    let family = context.family;
    let (layers, features) = (&family.layers, &family.features);
    let slot = panel_width / layers.len().max(1) as f64;
    let pitch = (slot / (features.len() as f64 + 0.8)).min(26.0);
    for (index, layer) in layers.iter().enumerate() {
        for (k, feature) in features.iter().enumerate() {
            let Some(change) = family.change(target, layer, feature) else {
                continue;
            };
            let offset = (k as f64 - 0.5 * (features.len() as f64 - 1.0)) * pitch;
            let x = panel.slot(index, layers.len()) + offset;
            let half = 0.43 * pitch;
            let color = context.palette.color(feature);
            if family.is_at_ceiling(target, layer, feature) {
                CEILING_MARKER.outline(drawing, (x, panel.y_of(0.0)), half.min(4.0), color);
                continue;
            }
            let (zero, end) = (panel.y_of(0.0), panel.y_of(change.mean));
            drawing.rectangle((x - half, zero), (x + half, end), color);
            panel.whisker(drawing, x, &change, Color::INK);
            if change.is_marked() {
                // beyond the bar and its interval, on the bar's side of 0
                let (lower, upper) = change.interval.map_or((0.0, 0.0), |(l, u, _)| (l, u));
                let y = if change.mean < 0.0 {
                    panel.y_of(lower.min(change.mean)) + 8.0
                } else {
                    panel.y_of(upper.max(change.mean)) - 8.0
                };
                Marker::Circle.crossed(drawing, (x, y), 3.4, color);
            }
        }
    }
}

fn has_ceiling(context: &Context<'_>, target: &str) -> bool {
    let family = context.family;
    family.layers.iter().any(|layer| {
        let features = family.features.iter();
        let measured = |feature: &&String| family.change(target, layer, feature).is_some();
        features
            .filter(measured)
            .any(|feature| family.is_at_ceiling(target, layer, feature))
    })
}

fn words(context: &Context<'_>, all: &[Estimate]) -> String {
    format!(
        "above 0 enhanced, below 0 suppressed; {}",
        basis(context.family, all)
    )
}

fn caption(context: &Context<'_>, all: &[Estimate]) -> String {
    let alone = match context.family.n_range() {
        (_, 0 | 1) => {
            " One run gives no interval: its two accuracies are measured on the same stimuli."
        }
        _ => "",
    };
    format!(
        "Probe accuracy at the last checkpoint minus that of the same condition's untrained \
         network, for networks trained on one target (panel), at each layer. {}.{alone}",
        capitalized(&words(context, all))
    )
}
