use super::Figure;
use super::legend::{Legend, Sample};
use super::palette::Palette;
use super::panel::{ACCURACY, Names, Panel};
use super::sheet::{Frame, MAX_ROWS, Sheet, WIDTH};
use crate::ReportInput;
use crate::drawing::{Color, Drawing, Marker};
use crate::evidence::{ByValue, Estimate, IntervalKind, Network};

/// Panels side by side.
const COLUMNS: usize = 2;

/// Accuracy by held-out value: a panel for each decoded feature and other
/// feature, the other's held-out values side by side, a dot for each network.
pub(super) fn figures(input: &ReportInput, palette: &Palette) -> Vec<Figure> {
    let mut figures = Vec::new();
    for found in ByValue::all(input) {
        for pairs in found.pairs.chunks(COLUMNS * MAX_ROWS) {
            let number = figures.len() + 1;
            let suffix = match number {
                1 => String::new(),
                number => format!("-{number}"),
            };
            let label = match found.label.as_str() {
                "" => String::new(),
                label => format!(" ({label})"),
            };
            figures.push(Figure {
                id: format!("accuracy-by-held-out-value{suffix}"),
                title: format!("Accuracy by held-out value{label}"),
                caption: caption(&found),
                of_training: false,
                drawing: draw(&found, pairs, palette),
            });
        }
    }
    figures
}

fn shown<'a>(
    found: &'a ByValue,
    pairs: &'a [(String, String)],
) -> impl Iterator<Item = Estimate> + 'a {
    pairs.iter().flat_map(move |pair| {
        let values = found.values(pair);
        values.into_iter().flat_map(move |value| {
            let networks = found.networks.iter();
            networks.filter_map(move |network| found.estimate(network, pair, &value))
        })
    })
}

fn basis(found: &ByValue) -> &'static str {
    let over_runs = |e: Estimate| matches!(e.interval, Some((.., IntervalKind::Runs)));
    match shown(found, &found.pairs).any(over_runs) {
        false => "95 % intervals over combinations of values, of one run",
        true => "95 % intervals over combinations, over runs where several hold the value out",
    }
}

fn caption(found: &ByValue) -> String {
    format!(
        "Accuracy of the probes of {}, the last layer read, on the test stimuli that have one \
         held-out value (below) of the other feature named over the panel: an accuracy over all of \
         them can hide that some are decoded and others are not. Dots: the untrained network{}; bars: {}. \
         Every layer and checkpoint: by_value.csv.",
        found.layer,
        match &found.networks[..] {
            [Network::Untrained] => "",
            _ => " and the last checkpoints",
        },
        basis(found)
    )
}

fn draw(found: &ByValue, pairs: &[(String, String)], palette: &Palette) -> Drawing {
    let columns = pairs.len().clamp(1, COLUMNS);
    let of_network = |network: &Network| match network {
        Network::Untrained => (
            Sample::Open {
                color: Color::GRAY,
                marker: Marker::Circle,
            },
            "untrained".to_owned(),
        ),
        Network::Trained(target) => (
            Sample::Dot {
                color: palette.color(target),
                marker: palette.marker(target),
            },
            format!("trained on {target}"),
        ),
    };
    let mut entries: Vec<_> = found.networks.iter().map(of_network).collect();
    if shown(found, pairs).any(|estimate| estimate.is_marked()) {
        entries.push((Sample::Unconverged, "probe did not converge".to_owned()));
    }
    let legend = Legend::new(entries, WIDTH - 24.0);
    let width = Sheet::width_of(columns);
    let feet = pairs
        .iter()
        .map(|pair| Names::fitting(&found.values(pair), width).foot);
    let frame = Frame {
        title: "Decodability by the held-out value of another feature",
        subtitle: &format!("at {}; {}", found.layer, basis(found)),
        x_label: "held-out value",
        y_label: "probe accuracy",
    };
    let rows = pairs.len().div_ceil(columns);
    let foot = feet.fold(0.0, f64::max);
    let (sheet, mut drawing) = Sheet::new(&frame, &legend, columns, rows, foot);
    for (index, pair) in pairs.iter().enumerate() {
        let values = found.values(pair);
        let panel = Panel::new(&sheet, index / columns, index % columns, ACCURACY);
        let (feature, held) = pair;
        panel.title(&mut drawing, &format!("{feature} decodability by {held}"));
        panel.stripes(&mut drawing, values.len());
        panel.y_grid(&mut drawing, index % columns == 0);
        panel.edges(&mut drawing);
        panel.x_names(&mut drawing, &values);
        let slot = sheet.panel_width / values.len().max(1) as f64;
        let pitch = (slot / (found.networks.len() as f64 + 0.6)).min(16.0);
        let size = (0.42 * pitch).clamp(1.8, 4.4);
        for (place, value) in values.iter().enumerate() {
            for (k, network) in found.networks.iter().enumerate() {
                let Some(estimate) = found.estimate(network, pair, value) else {
                    continue;
                };
                let offset = (k as f64 - 0.5 * (found.networks.len() as f64 - 1.0)) * pitch;
                let x = panel.slot(place, values.len()) + offset;
                let at = (x, panel.y_of(estimate.mean));
                let color = match network {
                    Network::Untrained => Color::GRAY,
                    Network::Trained(target) => palette.color(target),
                };
                panel.whisker(&mut drawing, x, &estimate, color);
                match network {
                    _ if estimate.is_marked() => {
                        Marker::Circle.crossed(&mut drawing, at, size, color);
                    }
                    Network::Untrained => Marker::Circle.outline(&mut drawing, at, size, color),
                    Network::Trained(target) => {
                        palette.marker(target).solid(&mut drawing, at, size, color);
                    }
                }
            }
        }
    }
    drawing
}
