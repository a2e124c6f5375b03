use super::Figure;
use super::axis::Axis;
use super::legend::{Legend, Sample};
use super::palette::Palette;
use super::panel::{ACCURACY, FLAT_FOOT, Panel};
use super::sheet::{Frame, Sheet, WIDTH};
use crate::ReportInput;
use crate::drawing::Drawing;
use crate::evidence::{Evidence, in_order};
use crate::input::{TrainingCurve, TrainingPoint};

/// Loss and accuracy over the epochs of training, a line a condition;
/// `None` where no moment after its start is known.
pub(super) fn figure(input: &ReportInput, evidence: &Evidence) -> Option<Figure> {
    let last = epochs(input).fold(0.0, f64::max);
    if last == 0.0 {
        return None;
    }
    let palette = Palette::of(input, evidence);
    Some(Figure {
        id: "training-curves".to_owned(),
        title: "Training".to_owned(),
        caption: caption(input),
        of_training: true,
        drawing: draw(input, &palette, last),
    })
}

fn epochs(input: &ReportInput) -> impl Iterator<Item = f64> {
    let points = input.training.iter().flat_map(|curve| &curve.points);
    points
        .map(|p| p.epoch)
        .filter(|e| e.is_finite() && *e >= 0.0)
}

/// What is drawn of a moment of training.
type Quantity = fn(&TrainingPoint) -> Option<f64>;

const LOSS: Quantity = |p| p.loss;
const TRAIN: Quantity = |p| p.train_accuracy;
const VALIDATION: Quantity = |p| p.validation_accuracy;

fn targets(input: &ReportInput) -> Vec<String> {
    let trained = || input.training.iter().map(|curve| curve.target.as_str());
    let mut names = in_order(&input.targets, trained());
    names.retain(|name| trained().any(|found| found == name));
    names
}

fn n_words(input: &ReportInput) -> String {
    let runs = |target: &String| {
        input
            .training
            .iter()
            .filter(|c| c.target == *target)
            .count()
    };
    let counts: Vec<usize> = targets(input).iter().map(runs).collect();
    match (counts.iter().min(), counts.iter().max()) {
        (Some(1), Some(1)) => "one run for each target".to_owned(),
        (Some(low), Some(high)) if low == high => {
            format!("{high} runs for each target, a line each")
        }
        (Some(low), Some(high)) => format!("{low} to {high} runs for each target, a line each"),
        _ => "a line for each run".to_owned(),
    }
}

fn draw(input: &ReportInput, palette: &Palette, last: f64) -> Drawing {
    let frame = Frame {
        title: "Training, by target",
        subtitle: &super::words::capitalized(&n_words(input)),
        x_label: "epoch",
        y_label: "",
    };
    let mut entries: Vec<_> = targets(input)
        .into_iter()
        .map(|target| {
            let color = palette.color(&target);
            let sample = Sample::Line {
                color,
                dashed: false,
            };
            (sample, format!("trained on {target}"))
        })
        .collect();
    for (dashed, name) in [(false, "validation accuracy"), (true, "training accuracy")] {
        let color = crate::drawing::Color::INK;
        entries.push((Sample::Line { color, dashed }, name.to_owned()));
    }
    let legend = Legend::new(entries, WIDTH - 24.0);
    let (sheet, mut drawing) = Sheet::new(&frame, &legend, 2, 1, FLAT_FOOT);
    let x = Axis::Linear {
        low: 0.0,
        high: if last > 0.0 { last } else { 1.0 },
    };
    // a diverged loss must not make an axis without end
    let highest = largest(input, LOSS).min(1e12);
    let loss = Axis::Linear {
        low: 0.0,
        high: if highest > 0.0 { 1.05 * highest } else { 1.0 },
    };
    let panels = [
        (
            "training loss (cross-entropy, nats)",
            loss,
            vec![(LOSS, false)],
        ),
        (
            "accuracy",
            ACCURACY,
            vec![(TRAIN, true), (VALIDATION, false)],
        ),
    ];
    for (column, (title, y, quantities)) in panels.into_iter().enumerate() {
        let panel = Panel::new(&sheet, 0, column, y);
        panel.title(&mut drawing, title);
        panel.y_grid(&mut drawing, true);
        panel.edges(&mut drawing);
        panel.x_numbers(&mut drawing, &x);
        for (quantity, dashed) in quantities {
            for curve in &input.training {
                let points = points(curve, quantity, &panel, &x);
                let color = palette.color(&curve.target);
                match points.as_slice() {
                    [only] => drawing.disc(*only, 2.5, color),
                    points if dashed => drawing.dashed(points, color, 1.6, 4.0, 3.0),
                    _ => drawing.line(points, color, 1.8),
                }
            }
        }
    }
    drawing
}

fn largest(input: &ReportInput, quantity: Quantity) -> f64 {
    let points = input.training.iter().flat_map(|curve| &curve.points);
    points
        .filter_map(quantity)
        .filter(|v| v.is_finite())
        .fold(0.0, f64::max)
}

fn points(
    curve: &TrainingCurve,
    quantity: Quantity,
    panel: &Panel,
    x: &Axis,
) -> Vec<crate::drawing::Point> {
    curve
        .points
        .iter()
        .filter(|p| p.epoch.is_finite() && p.epoch >= 0.0)
        .filter_map(|p| Some((p.epoch, quantity(p).filter(|v| v.is_finite())?)))
        .map(|(epoch, value)| panel.at(x.place(epoch), value))
        .collect()
}

fn caption(input: &ReportInput) -> String {
    format!(
        "Training loss (left) and accuracy (right) over epochs; {}. Accuracy on validation \
         stimuli is solid, on training stimuli dashed.",
        n_words(input)
    )
}
