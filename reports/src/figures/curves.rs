//! Curves in panels that share their axes.

use super::axis::Axis;
use super::legend::{Legend, Sample};
use super::palette::category;
use super::panel::{ACCURACY, FLAT_FOOT, Panel};
use super::sheet::{Frame, Sheet, WIDTH};
use crate::drawing::{Color, Drawing, Marker};

/// Panels side by side at most.
const COLUMNS: usize = 3;

/// A figure of curves, in panels that share their axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// The figure's title.
    pub title: String,
    /// A line under the title: what the numbers are, over how many runs.
    pub subtitle: String,
    /// What lies along the x axis.
    pub x_label: String,
    /// What lies along the y axis; it goes from 0 to 1.
    pub y_label: String,
    /// Whether x is a number of steps from 0 on, drawn linear up to the first
    /// positive one and logarithmic from there.
    pub steps: bool,
    /// The panels, side by side, at most three in a row.
    pub panels: Vec<CurvesPanel>,
}

/// A panel of curves. Curves of one name look alike in all panels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurvesPanel {
    /// What the panel shows.
    pub title: String,
    /// Where chance lies, if there is any.
    pub chance: Option<f64>,
    /// The curves.
    pub curves: Vec<Curve>,
}

/// A curve with an interval around each point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// What the legend says.
    pub name: String,
    /// Whether it is dashed: a second curve in the color of the one before.
    pub dashed: bool,
    /// Its points, in order of x.
    pub points: Vec<CurvesPoint>,
}

/// A point of a curve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CurvesPoint {
    /// Where it lies along the x axis.
    pub x: f64,
    /// The value.
    pub y: f64,
    /// The ends of its interval, if it has one.
    pub interval: Option<(f64, f64)>,
}

/// Draws the figure.
pub(crate) fn draw(curves: &Curves) -> Drawing {
    let styles = Styles::of(curves);
    let mut entries: Vec<(Sample, String)> = styles.entries();
    if curves.panels.iter().any(|panel| panel.chance.is_some()) {
        entries.push((Sample::Chance, "chance".to_owned()));
    }
    let legend = Legend::new(entries, WIDTH - 24.0);
    let columns = curves.panels.len().clamp(1, COLUMNS);
    let rows = curves.panels.len().div_ceil(columns);
    let axis = axis(curves);
    let x_label = match axis.is_symlog() {
        true => format!(
            "{} (linear up to the first checkpoint, then logarithmic)",
            curves.x_label
        ),
        false => curves.x_label.clone(),
    };
    let frame = Frame {
        title: &curves.title,
        subtitle: &curves.subtitle,
        x_label: &x_label,
        y_label: &curves.y_label,
    };
    let (sheet, mut drawing) = Sheet::new(&frame, &legend, columns, rows, FLAT_FOOT);
    for (index, of_panel) in curves.panels.iter().enumerate() {
        let (row, column) = (index / columns, index % columns);
        let panel = Panel::new(&sheet, row, column, ACCURACY);
        panel.title(&mut drawing, &of_panel.title);
        let numbers = column == 0 || curves.y_label.is_empty();
        panel.y_grid(&mut drawing, numbers);
        panel.chance(&mut drawing, of_panel.chance);
        panel.edges(&mut drawing);
        panel.x_numbers(&mut drawing, &axis);
        for curve in &of_panel.curves {
            band(&mut drawing, &panel, curve, &axis, styles.color(curve));
        }
        for curve in &of_panel.curves {
            line(&mut drawing, &panel, curve, &axis, &styles);
        }
    }
    drawing
}

/// Points that can be drawn.
fn points(curve: &Curve) -> impl Iterator<Item = &CurvesPoint> + Clone {
    let points = curve.points.iter();
    points.filter(|point| point.x.is_finite() && point.y.is_finite())
}

fn axis(curves: &Curves) -> Axis {
    let panels: &[CurvesPanel] = &curves.panels;
    let all = panels.iter().flat_map(|panel| &panel.curves);
    let places: Vec<f64> = all.flat_map(points).map(|point| point.x).collect();
    if curves.steps {
        return Axis::steps(places.into_iter());
    }
    let low = places.iter().copied().fold(f64::INFINITY, f64::min);
    let high = places.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match low < high {
        true => Axis::Linear { low, high },
        // one place, or none
        false => {
            let middle = if low.is_finite() { low } else { 0.5 };
            Axis::Linear {
                low: middle - 0.5,
                high: middle + 0.5,
            }
        }
    }
}

/// The look of each name, in the order in which they come.
struct Styles<'a> {
    curves: Vec<(&'a Curve, usize)>,
}

impl<'a> Styles<'a> {
    fn of(curves: &'a Curves) -> Self {
        let mut found: Vec<(&Curve, usize)> = Vec::new();
        for curve in curves.panels.iter().flat_map(|panel| &panel.curves) {
            if found.iter().any(|(known, _)| known.name == curve.name) {
                continue;
            }
            let place = match found.last() {
                Some((_, last)) if curve.dashed => *last,
                Some((_, last)) => last + 1,
                None => 0,
            };
            found.push((curve, place));
        }
        Self { curves: found }
    }

    fn place(&self, curve: &Curve) -> usize {
        let mut known = self.curves.iter();
        let found = known.find(|(known, _)| known.name == curve.name);
        found.map_or(0, |(_, place)| *place)
    }

    fn color(&self, curve: &Curve) -> Color {
        category(self.place(curve))
    }

    fn entries(&self) -> Vec<(Sample, String)> {
        let entries = self.curves.iter().map(|(curve, place)| {
            let sample = Sample::Curve {
                color: category(*place),
                marker: Marker::nth(*place),
                dashed: curve.dashed,
            };
            (sample, curve.name.clone())
        });
        entries.collect()
    }
}

fn band(drawing: &mut Drawing, panel: &Panel, curve: &Curve, axis: &Axis, color: Color) {
    let ends = points(curve).filter_map(|point| {
        let (lower, upper) = point.interval?;
        let place = axis.place(point.x);
        Some((panel.at(place, lower), panel.at(place, upper)))
    });
    let ends: Vec<_> = ends.collect();
    if let [(lower, upper)] = ends.as_slice() {
        drawing.line(vec![*lower, *upper], color, 1.5);
        return;
    }
    let upper = ends.iter().map(|(_, upper)| *upper);
    let lower = ends.iter().rev().map(|(lower, _)| *lower);
    drawing.area(upper.chain(lower).collect(), color, 0.16);
}

fn line(drawing: &mut Drawing, panel: &Panel, curve: &Curve, axis: &Axis, styles: &Styles<'_>) {
    let color = styles.color(curve);
    let at: Vec<_> = points(curve)
        .map(|point| panel.at(axis.place(point.x), point.y))
        .collect();
    match curve.dashed {
        true => drawing.dashed(&at, color, 1.8, 5.0, 3.0),
        false => drawing.line(at.clone(), color, 1.8),
    }
    for at in at {
        Marker::nth(styles.place(curve)).draw(drawing, at, 3.2, color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(name: &str, dashed: bool, xs: &[f64]) -> Curve {
        Curve {
            name: name.to_owned(),
            dashed,
            points: xs
                .iter()
                .map(|&x| CurvesPoint {
                    x,
                    y: 0.5,
                    interval: None,
                })
                .collect(),
        }
    }

    fn figure(panels: Vec<Vec<Curve>>) -> Curves {
        let panel = |curves| CurvesPanel {
            curves,
            ..CurvesPanel::default()
        };
        Curves {
            panels: panels.into_iter().map(panel).collect(),
            ..Curves::default()
        }
    }

    #[test]
    fn names_keep_their_look_and_dashes_their_color() {
        let of = |name: &str, dashed| curve(name, dashed, &[0.5]);
        let figure = figure(vec![
            vec![
                of("easy", false),
                of("easy, untrained", true),
                of("hard", false),
            ],
            vec![of("hard", false), of("easy", false)],
        ]);
        let styles = Styles::of(&figure);
        let place =
            |panel: usize, number: usize| styles.place(&figure.panels[panel].curves[number]);
        assert_eq!([place(0, 0), place(0, 1), place(0, 2)], [0, 0, 1]);
        assert_eq!([place(1, 0), place(1, 1)], [1, 0]);
        assert_eq!(styles.entries().len(), 3);
    }

    #[test]
    fn the_axis_holds_all_panels_and_one_place_alone() {
        let two = figure(vec![
            vec![curve("a", false, &[0.5])],
            vec![curve("a", false, &[1.0])],
        ]);
        assert_eq!(
            axis(&two),
            Axis::Linear {
                low: 0.5,
                high: 1.0
            }
        );
        let one = figure(vec![vec![curve("a", false, &[0.9])]]);
        assert!((axis(&one).place(0.9) - 0.5).abs() < 1e-12);
        assert_eq!(axis(&figure(Vec::new())).place(0.5), 0.5);
        let steps = Curves {
            steps: true,
            ..figure(vec![vec![curve("a", false, &[0.0, 1.0, 1000.0])]])
        };
        assert!(axis(&steps).is_symlog());
    }
}
