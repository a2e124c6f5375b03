//! The report's figures, each from evidence to a drawing.

mod axis;
mod by_value;
mod change;
mod confusion;
mod curves;
mod forest;
mod heat_map;
mod legend;
mod loss_data;
mod over_training;
mod palette;
mod panel;
mod quantities;
mod sheet;
mod training_curves;
mod untrained_trained;
mod words;

use crate::ReportInput;
use crate::drawing::{Color, Drawing, Point};
use crate::evidence::{Evidence, Quantity};

pub(crate) use axis::short;
pub(crate) use curves::draw as draw_curves;
pub use curves::{Curve, Curves, CurvesPanel, CurvesPoint};
pub(crate) use forest::{Difference, Forest, ForestPart, draw as draw_forest};
pub(crate) use heat_map::draw as draw_heat_map;
pub use heat_map::{HeatMap, HeatMapName};
pub(crate) use words::interval_note;

/// A figure with its words.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// The name of its files, and its anchor in the page.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) caption: String,
    /// Whether it shows the training itself, not what probes found.
    pub(crate) of_training: bool,
    pub(crate) drawing: Drawing,
}

/// All figures for which something was measured, in the page's order.
pub(crate) fn all(input: &ReportInput, evidence: &Evidence) -> Vec<Figure> {
    let colors = palette::Palette::of(input, evidence);
    let context = |family| Context {
        family,
        chances: &evidence.chances,
        palette: &colors,
    };
    let mut figures = Vec::new();
    for (number, family) in evidence.families.iter().enumerate() {
        let context = context(family);
        let mut of_family = over_training::figures(&context);
        of_family.extend(untrained_trained::figures(&context));
        of_family.extend(change::figures(&context));
        figures.extend(named(of_family, number, &family.label));
    }
    for of_quantity in evidence.around.chunk_by(|a, b| a.quantity == b.quantity) {
        for (number, family) in of_quantity.iter().enumerate() {
            let of_family = untrained_trained::figures(&context(family));
            figures.extend(named(of_family, number, &family.label));
        }
    }
    figures.extend(loss_data::figures(input, &colors));
    figures.extend(by_value::figures(input, &colors));
    figures.extend(confusion::figures(input));
    figures.extend(training_curves::figure(input, evidence));
    figures
}

/// Figures of family number `number` of its kind, named so that they differ
/// from the others' by its label.
fn named(mut figures: Vec<Figure>, number: usize, label: &str) -> Vec<Figure> {
    for figure in &mut figures {
        if number > 0 {
            figure.id.push_str(&format!("-family{}", number + 1));
        }
        if !label.is_empty() {
            figure.title.push_str(&format!(" ({label})"));
        }
    }
    figures
}

/// What the figures of a family share.
struct Context<'a> {
    family: &'a crate::evidence::Family,
    chances: &'a crate::evidence::Chances,
    palette: &'a palette::Palette,
}

impl Context<'_> {
    fn chance(&self, feature: &str) -> Option<f64> {
        self.chances.of_feature(self.family, feature)
    }

    /// The height of the dashed line: what says nothing of the feature.
    fn reference(&self, feature: &str) -> Option<f64> {
        match self.family.quantity {
            Quantity::Decodability | Quantity::Nonlinear => self.chance(feature),
            Quantity::Information | Quantity::Selectivity | Quantity::Ridge => Some(0.0),
            Quantity::Compression => Some(1.0),
        }
    }

    /// Lines across a panel: chance, and what no network has read.
    fn references(&self, drawing: &mut Drawing, panel: &panel::Panel, feature: &str) {
        panel.chance(drawing, self.reference(feature));
        for (number, baseline) in self.family.baselines.iter().enumerate() {
            if let Some(estimate) = baseline.estimate(feature) {
                panel.reference(drawing, &estimate, number);
            }
        }
    }

    /// Whether one of these lines stands on a probe without proof.
    fn has_marked_reference(&self) -> bool {
        let baselines = self.family.baselines.iter();
        let mut estimates = baselines.flat_map(|baseline| {
            let features = self.family.features.iter();
            features.filter_map(move |feature| baseline.estimate(feature))
        });
        estimates.any(|estimate| estimate.is_marked())
    }

    /// The legend's entries of these lines.
    fn reference_entries(&self) -> Vec<(legend::Sample, String)> {
        let features = &self.family.features;
        let dashed = features.iter().any(|f| self.reference(f).is_some());
        let label = quantities::wording(self.family.quantity).reference;
        let dashed = dashed.then(|| (legend::Sample::Chance, label.to_owned()));
        let baselines = self.family.baselines.iter().enumerate();
        let baselines = baselines.map(|(number, baseline)| {
            let label = format!("{} (no network)", baseline.layer);
            (legend::Sample::Reference(number), label)
        });
        dashed.into_iter().chain(baselines).collect()
    }

    /// The caption's sentence on these lines.
    fn reference_words(&self) -> String {
        let names: Vec<&str> = self.family.baselines.iter().map(|b| &*b.layer).collect();
        match names.is_empty() {
            true => String::new(),
            false => format!(
                " Dotted and long-dashed lines across a panel: the same probe on what no network has read ({}).",
                names.join(", ")
            ),
        }
    }
}

/// Draws the line of a baseline with this number: dotted, then long-dashed.
fn reference_line(drawing: &mut Drawing, ends: &[Point; 2], number: usize) {
    let (dash, gap) = [(1.5, 2.5), (9.0, 3.0)][number % 2];
    drawing.dashed(ends, Color::GRAY, 1.4, dash, gap);
}

#[cfg(test)]
mod layout_tests;
#[cfg(test)]
mod tests;
