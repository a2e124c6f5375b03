//! The page: what the template shows, made from the input and the evidence.

mod findings;
mod numbers;
mod tables;
mod warnings;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::drawing::FONT_FACE;
use crate::evidence::{CEILING, Evidence, tested};
use crate::figures::{Figure, interval_note};
use crate::input::{Fact, Sheet};
use crate::{ReportError, ReportInput};
use findings::Finding;
use tables::Table;

pub(crate) use warnings::warnings;

/// The first bytes of every PNG file.
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    title: &'a str,
    font_face: &'a str,
    facts: &'a [Fact],
    cautions: Vec<String>,
    warnings: Vec<String>,
    families: Vec<FamilyView>,
    p_values: Vec<Table>,
    figures: Vec<FigureView<'a>>,
    training: Vec<FigureView<'a>>,
    ceiling: f64,
    protocol: Vec<Paragraphs<'a>>,
    sheets: Vec<SheetView<'a>>,
    command: &'a str,
    config: &'a str,
    provenance: &'a [Fact],
    rows: usize,
    shown: usize,
}

/// What was found in one family of runs.
struct FamilyView {
    number: usize,
    label: String,
    findings: Vec<Finding>,
    intervals: &'static str,
    decodability: Vec<Table>,
    change: Vec<Table>,
}

struct FigureView<'a> {
    number: usize,
    id: &'a str,
    title: &'a str,
    caption: &'a str,
    svg: &'a str,
}

struct Paragraphs<'a> {
    heading: &'a str,
    paragraphs: Vec<&'a str>,
}

struct SheetView<'a> {
    caption: &'a str,
    data: String,
}

/// Refuses a sheet that no browser could show.
pub(crate) fn check_sheets(sheets: &[Sheet]) -> Result<(), ReportError> {
    let wrong = sheets
        .iter()
        .position(|sheet| !sheet.png.starts_with(PNG_SIGNATURE));
    wrong.map_or(Ok(()), |index| {
        Err(ReportError::SheetNotPng {
            number: index + 1,
            caption: sheets
                .get(index)
                .map(|s| s.caption.clone())
                .unwrap_or_default(),
        })
    })
}

/// The page as HTML; `inline` holds each figure's SVG.
pub(crate) fn render(
    input: &ReportInput,
    evidence: &Evidence,
    figures: &[Figure],
    inline: &[String],
) -> Result<String, ReportError> {
    let views: Vec<(bool, FigureView<'_>)> = figures
        .iter()
        .zip(inline)
        .enumerate()
        .map(|(index, (figure, svg))| {
            let view = FigureView {
                number: index + 1,
                id: &figure.id,
                title: &figure.title,
                caption: &figure.caption,
                svg,
            };
            (figure.of_training, view)
        })
        .collect();
    let (training, results): (Vec<_>, Vec<_>) = views.into_iter().partition(|(t, _)| *t);
    let title = match input.title.trim() {
        "" => "Report",
        title => title,
    };
    let page = Page {
        title,
        font_face: &FONT_FACE,
        facts: &input.facts,
        cautions: cautions(input, evidence),
        warnings: warnings(evidence),
        families: families(evidence),
        p_values: tables::p_values(&tested(input)),
        figures: results.into_iter().map(|(_, view)| view).collect(),
        training: training.into_iter().map(|(_, view)| view).collect(),
        ceiling: CEILING,
        protocol: input
            .protocol
            .iter()
            .map(|part| Paragraphs {
                heading: &part.heading,
                paragraphs: paragraphs(&part.text),
            })
            .collect(),
        sheets: input
            .sheets
            .iter()
            .map(|sheet| SheetView {
                caption: &sheet.caption,
                data: STANDARD.encode(&sheet.png),
            })
            .collect(),
        command: &input.command,
        config: &input.config_toml,
        provenance: &input.provenance,
        rows: input.rows.len(),
        shown: evidence.shown,
    };
    Ok(page.render()?)
}

/// The caution that every single run needs, then those of the input.
fn cautions(input: &ReportInput, evidence: &Evidence) -> Vec<String> {
    let single = evidence.families.iter().any(|f| f.n_range().0 == 1);
    let own = "One run: one network and one hold-out version for a target. The numbers show what \
               this network does; they prove nothing about networks in general."
        .to_owned();
    single
        .then_some(own)
        .into_iter()
        .chain(input.cautions.iter().cloned())
        .collect()
}

fn families(evidence: &Evidence) -> Vec<FamilyView> {
    let views = evidence.families.iter().enumerate();
    views
        .map(|(index, family)| FamilyView {
            number: index + 1,
            label: family.label.clone(),
            findings: findings::of(family, &evidence.chances),
            intervals: interval_note(family),
            decodability: tables::decodability(family, &evidence.chances),
            change: tables::change(family),
        })
        .collect()
}

/// The parts of a text between empty lines.
fn paragraphs(text: &str) -> Vec<&str> {
    let parts = text.split("\n\n").map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}
