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
use crate::drawing::Drawing;
use crate::evidence::Evidence;

pub(crate) use axis::short;
pub(crate) use curves::draw as draw_curves;
pub(crate) use forest::draw as draw_forest;
pub(crate) use heat_map::draw as draw_heat_map;
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
        figures.extend(named(of_family, number, family));
    }
    for of_quantity in evidence.around.chunk_by(|a, b| a.quantity == b.quantity) {
        for (number, family) in of_quantity.iter().enumerate() {
            let of_family = untrained_trained::figures(&context(family));
            figures.extend(named(of_family, number, family));
        }
    }
    figures.extend(loss_data::figures(input, &colors));
    figures.extend(by_value::figures(input, &colors));
    figures.extend(confusion::figures(input));
    figures.extend(training_curves::figure(input, evidence));
    figures
}

/// Figures of family number `number` of its kind, named so that they differ
/// from the others'.
fn named(mut figures: Vec<Figure>, number: usize, family: &crate::evidence::Family) -> Vec<Figure> {
    for figure in &mut figures {
        if number > 0 {
            figure.id.push_str(&format!("-family{}", number + 1));
        }
        if !family.label.is_empty() {
            figure.title.push_str(&format!(" ({})", family.label));
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
        self.chances.of_feature(&self.family.dataset, feature)
    }
}

#[cfg(test)]
mod layout_tests;
