//! Shares over a number, such as accuracies over predictivities or epochs: as a
//! figure.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ReportError;
use crate::figures::draw_curves;
use crate::report::write_drawing;

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

/// Draws the curves as `folder/name.svg` and `folder/name.png`; the folder is
/// made if it is missing.
///
/// ```
/// use layerprobe_reports::{Curve, Curves, CurvesPanel, CurvesPoint, write_curves};
///
/// let point = |x: f64| CurvesPoint { x, y: 0.5 + x / 3.0, interval: Some((0.4 + x / 3.0, 0.6 + x / 3.0)) };
/// let curves = Curves {
///     title: "Decodability".into(),
///     x_label: "predictivity".into(),
///     panels: vec![CurvesPanel {
///         title: "fc4".into(),
///         chance: Some(0.5),
///         curves: vec![Curve { name: "easy".into(), points: [0.5, 0.7, 1.0].map(point).into(), ..Curve::default() }],
///     }],
///     ..Curves::default()
/// };
/// let dir = tempfile::tempdir()?;
/// let [svg, png] = write_curves(&curves, dir.path(), "decodability")?;
/// assert!(std::fs::read_to_string(svg)?.contains("predictivity"));
/// assert!(png.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the figure cannot be drawn or written.
pub fn write_curves(
    curves: &Curves,
    folder: &Path,
    name: &str,
) -> Result<[PathBuf; 2], ReportError> {
    fs::create_dir_all(folder).map_err(ReportError::write(folder))?;
    Ok(write_drawing(&draw_curves(curves), folder, name)?.1)
}
