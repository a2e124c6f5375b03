use std::fs;
use std::path::{Path, PathBuf};

use crate::evidence::gather;
use crate::{ReportError, ReportInput, drawing, figures, page};

/// What [`write_report`] has written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportFiles {
    /// The page.
    pub index: PathBuf,
    /// The figures, each as SVG and as PNG.
    pub figures: Vec<PathBuf>,
    /// What a reader should know before trusting a number, in words.
    pub warnings: Vec<String>,
}

/// Writes `dir/index.html`, one self-contained page, and its figures as
/// `dir/figures/*.svg` and `*.png` (at twice the size).
///
/// The folders are made where they are missing; each file appears whole or
/// not at all, and the page comes last. Figures for which nothing was
/// measured are left out. The same input gives the same bytes.
///
/// # Errors
/// [`ReportError::SheetNotPng`] before anything is written;
/// [`ReportError::Write`], [`ReportError::Draw`] and [`ReportError::Page`].
pub fn write_report(input: &ReportInput, dir: &Path) -> Result<ReportFiles, ReportError> {
    page::check_sheets(&input.sheets)?;
    let evidence = gather(input);
    let figures = figures::all(input, &evidence);

    let folder = dir.join("figures");
    fs::create_dir_all(&folder).map_err(ReportError::write(&folder))?;
    let mut files = ReportFiles {
        index: dir.join("index.html"),
        figures: Vec::new(),
        warnings: page::warnings(&evidence),
    };
    let mut inline = Vec::new();
    for figure in &figures {
        let (svg, paths) = write_drawing(&figure.drawing, &folder, &figure.id)?;
        files.figures.extend(paths);
        inline.push(svg.inline().to_owned());
    }
    let html = page::render(input, &evidence, &figures, &inline)?;
    layerprobe_durable::write(&files.index, html.as_bytes())
        .map_err(ReportError::write(&files.index))?;
    Ok(files)
}

/// Writes a drawing as `folder/name.svg` and `folder/name.png`.
pub(crate) fn write_drawing(
    drawing: &drawing::Drawing,
    folder: &Path,
    name: &str,
) -> Result<(drawing::Svg, [PathBuf; 2]), ReportError> {
    let failed = |reason| ReportError::Draw {
        figure: name.to_owned(),
        reason,
    };
    let svg = drawing::svg(drawing).map_err(failed)?;
    let png = drawing::png(drawing).map_err(failed)?;
    let paths = ["svg", "png"].map(|extension| folder.join(format!("{name}.{extension}")));
    for (path, bytes) in paths.iter().zip([svg.standalone().as_bytes(), &png]) {
        layerprobe_durable::write(path, bytes).map_err(ReportError::write(path))?;
    }
    Ok((svg, paths))
}
