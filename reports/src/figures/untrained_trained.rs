use super::legend::{Legend, Sample};
use super::panel::{Names, Panel};
use super::quantities::{axis, wording};
use super::sheet::{Frame, MAX_ROWS, Sheet, WIDTH};
use super::words::{basis, capitalized, interval_note};
use super::{Context, Figure};
use crate::drawing::{Color, Drawing, Marker};
use crate::evidence::{Estimate, Quantity};

/// Room a dot and its neighbors need beside each other.
const DOT_PITCH: f64 = 9.0;

/// The untrained network against the trained ones: a panel a feature, the
/// layers side by side, a dot with its interval for each network (Hermann &
/// Lampinen 2020, Fig. 2). Of decodability, or of what else was measured.
pub(super) fn figures(context: &Context<'_>) -> Vec<Figure> {
    let features = &context.family.features;
    let columns = columns(context);
    features
        .chunks(columns * MAX_ROWS)
        .enumerate()
        .map(|(page, features)| {
            let suffix = if page == 0 {
                String::new()
            } else {
                format!("-{}", page + 1)
            };
            Figure {
                id: format!("{}{suffix}", wording(context.family.quantity).id),
                title: title(context).to_owned(),
                caption: caption(context),
                of_training: false,
                drawing: draw(context, features, columns),
            }
        })
        .collect()
}

/// A network in the figure: untrained, or trained on a target.
#[derive(Clone, Copy)]
enum Network<'a> {
    Untrained,
    Trained(&'a str),
}

impl Network<'_> {
    fn estimate(self, context: &Context<'_>, layer: &str, feature: &str) -> Option<Estimate> {
        match self {
            Self::Untrained => context.family.untrained(layer, feature),
            Self::Trained(target) => context.family.trained(target, layer, feature),
        }
    }

    fn color(self, context: &Context<'_>) -> Color {
        match self {
            Self::Untrained => Color::GRAY,
            Self::Trained(target) => context.palette.color(target),
        }
    }
}

fn networks<'a>(context: &Context<'a>) -> Vec<Network<'a>> {
    let targets = &context.family.targets;
    let trained = targets
        .iter()
        .filter(|target| !context.family.trained_moments(target).is_empty());
    std::iter::once(Network::Untrained)
        .chain(trained.map(|target| Network::Trained(target)))
        .collect()
}

/// As many panels side by side, up to three, as leave room for the dots of
/// each layer.
fn columns(context: &Context<'_>) -> usize {
    let slots = context.family.layers.len() * networks(context).len();
    let needed = slots as f64 * DOT_PITCH;
    (2..=context.family.features.len().min(3))
        .rev()
        .find(|columns| Sheet::width_of(*columns) >= needed)
        .unwrap_or(1)
}

fn all_estimates(context: &Context<'_>) -> Vec<Estimate> {
    let family = context.family;
    let mut estimates = Vec::new();
    for network in networks(context) {
        for feature in &family.features {
            for layer in &family.layers {
                estimates.extend(network.estimate(context, layer, feature));
            }
        }
    }
    estimates
}

fn draw(context: &Context<'_>, features: &[String], columns: usize) -> Drawing {
    let family = context.family;
    let estimates = all_estimates(context);
    let trained = family.has_training();
    let wording = wording(family.quantity);
    let networks = match trained {
        true => "untrained against trained",
        false => "untrained",
    };
    let frame = Frame {
        title: &format!("{} by layer, {networks}", wording.name),
        subtitle: &capitalized(&basis(family, &estimates)),
        x_label: "layer, from input to output",
        y_label: wording.y_label,
    };
    let y = axis(family.quantity, &estimates);
    let marked = estimates.iter().any(Estimate::is_marked) || context.has_marked_reference();
    let legend = Legend::new(entries(context, marked), WIDTH - 24.0);
    let names = Names::fitting(&family.layers, Sheet::width_of(columns));
    let rows = features.len().div_ceil(columns);
    let (sheet, mut drawing) = Sheet::new(&frame, &legend, columns, rows, names.foot);
    for (index, feature) in features.iter().enumerate() {
        let panel = Panel::new(&sheet, index / columns, index % columns, y.clone());
        panel.title(&mut drawing, &format!("{feature} {}", wording.panel));
        panel.stripes(&mut drawing, family.layers.len());
        panel.y_grid(&mut drawing, index % columns == 0);
        context.references(&mut drawing, &panel, feature);
        panel.edges(&mut drawing);
        panel.x_names(&mut drawing, &family.layers);
        dots(&mut drawing, &panel, context, feature, sheet.panel_width);
    }
    drawing
}

fn entries(context: &Context<'_>, marked: bool) -> Vec<(Sample, String)> {
    let mut entries: Vec<_> = networks(context)
        .into_iter()
        .map(|network| match network {
            Network::Untrained => (
                Sample::Open {
                    color: Color::GRAY,
                    marker: Marker::Circle,
                },
                "untrained".to_owned(),
            ),
            Network::Trained(target) => (
                Sample::Dot {
                    color: context.palette.color(target),
                    marker: context.palette.marker(target),
                },
                format!("trained on {target}"),
            ),
        })
        .collect();
    entries.extend(context.reference_entries());
    if marked {
        entries.push((Sample::Unconverged, "probe did not converge".to_owned()));
    }
    entries
}

fn dots(
    drawing: &mut Drawing,
    panel: &Panel,
    context: &Context<'_>,
    feature: &str,
    panel_width: f64,
) {
    let networks = networks(context);
    let layers = &context.family.layers;
    let slot = panel_width / layers.len().max(1) as f64;
    let pitch = (slot / (networks.len() as f64 + 0.6)).min(16.0);
    let size = (0.42 * pitch).clamp(1.8, 4.4);
    for (index, layer) in layers.iter().enumerate() {
        for (k, network) in networks.iter().enumerate() {
            let Some(estimate) = network.estimate(context, layer, feature) else {
                continue;
            };
            let offset = (k as f64 - 0.5 * (networks.len() as f64 - 1.0)) * pitch;
            let x = panel.slot(index, layers.len()) + offset;
            let color = network.color(context);
            panel.whisker(drawing, x, &estimate, color);
            let at = (x, panel.y_of(estimate.mean));
            match network {
                _ if estimate.is_marked() => {
                    Marker::Circle.crossed(drawing, at, size, color);
                }
                Network::Untrained => Marker::Circle.outline(drawing, at, size, color),
                Network::Trained(target) => {
                    let marker = context.palette.marker(target);
                    marker.solid(drawing, at, size, color);
                }
            }
        }
    }
}

fn title(context: &Context<'_>) -> &'static str {
    match (context.family.quantity, context.family.has_training()) {
        (Quantity::Decodability, false) => "Untrained networks",
        (quantity, _) => wording(quantity).title,
    }
}

fn caption(context: &Context<'_>) -> String {
    let family = context.family;
    let basis = capitalized(&basis(family, &all_estimates(context)));
    let shared = "An untrained network that several targets start from is counted once.";
    let note = match (family.quantity, family.n_range()) {
        (Quantity::Decodability, _) | (_, (2.., _)) => interval_note(family),
        _ => "It says how this one network was measured, not how another would turn out.",
    };
    format!(
        "{} for one feature (panel) at each layer, in the untrained network{}. {basis} (bar). {note} {shared}{}",
        wording(context.family.quantity).caption,
        match family.has_training() {
            true => " and at the last checkpoint of networks trained on each target",
            false => "",
        },
        context.reference_words()
    )
}
