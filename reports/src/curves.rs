//! Shares over a number, such as accuracies over predictivities or epochs: as a
//! figure.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ReportError;
use crate::figures::{Curves, draw_curves};
use crate::report::write_drawing;

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
