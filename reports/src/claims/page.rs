use std::fs;
use std::path::{Path, PathBuf};

use askama::Template;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Decided, Finding, Outcome, Verdict};
use crate::drawing::FONT_FACE;
use crate::figures::{Difference, Forest, ForestPart, draw_forest};
use crate::report::write_drawing;
use crate::{Fact, ReportError};

/// What stands on the page of claims beside the answers.
#[derive(Clone, Debug, Default)]
pub struct ClaimsPage {
    /// Its heading.
    pub title: String,
    /// What a reader must know before believing the verdicts.
    pub cautions: Vec<String>,
    /// What was changed of the rules for all claims once results were known.
    pub amended: Option<String>,
    /// What the paper leaves open, and what is done here.
    pub open: Vec<OpenChoice>,
    /// What was run, in short.
    pub facts: Vec<Fact>,
    /// The experiments behind it.
    pub runs: Vec<LinkedRun>,
}

/// Something that a paper leaves open. Words between backticks are names of options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenChoice {
    /// What is open.
    pub what: String,
    /// What is done here.
    pub here: String,
    /// The option by which it is done otherwise; empty, if there is none.
    pub option: String,
    /// Why this is the default.
    pub why: String,
}

/// An experiment with its own report.
#[derive(Clone, Debug, Default)]
pub struct LinkedRun {
    /// Its name.
    pub name: String,
    /// What it is, or what is missing of it.
    pub about: String,
    /// Its report, relative to the page; empty where there is none.
    pub link: String,
}

#[derive(Template)]
#[template(path = "claims.html")]
struct Page<'a> {
    page: &'a ClaimsPage,
    font_face: &'a str,
    counts: String,
    views: Vec<View<'a>>,
}

struct View<'a> {
    answer: &'a Answer,
    svg: String,
}

impl View<'_> {
    /// Each part with what every variation says of it.
    fn varied_parts(&self) -> Vec<(&Finding, Vec<&Decided>)> {
        let by_all = |part: usize| {
            let varied = self.answer.varied.iter();
            varied.filter_map(|varied| varied.parts.get(part)).collect()
        };
        let parts = self.answer.parts.iter().enumerate();
        parts.map(|(i, part)| (part, by_all(i))).collect()
    }
}

/// Filters of the template.
mod filters {
    use std::fmt::Display;

    /// A text whose words between backticks are set as code.
    #[askama::filter_fn]
    pub(super) fn coded(text: &str, _: &dyn askama::Values) -> askama::Result<impl Display> {
        let pieces = text.split('`').enumerate().map(|(i, piece)| {
            let piece =
                askama::filters::escape(piece, askama::filters::Html).map(|p| p.to_string());
            piece.map(|piece| match i % 2 {
                0 => piece,
                _ => format!("<code>{piece}</code>"),
            })
        });
        let pieces: Result<Vec<String>, _> = pieces.collect();
        match pieces {
            Ok(pieces) => Ok(pieces.concat()),
            Err(never) => match never {},
        }
    }

    /// A number with two digits, and a minus that is one.
    #[askama::filter_fn]
    pub(super) fn two(value: &f64, _: &dyn askama::Values) -> askama::Result<impl Display> {
        Ok(format!("{value:.2}").replace('-', "\u{2212}"))
    }
}

/// Writes `dir/index.html` and, for each claim, a figure of what decided it,
/// `dir/figures/<claim>.svg` and `.png`. Returns the page.
///
/// # Errors
/// [`ReportError::Write`], [`ReportError::Draw`] and [`ReportError::Page`].
pub fn write_claims_page(
    page: &ClaimsPage,
    answers: &[Answer],
    dir: &Path,
) -> Result<PathBuf, ReportError> {
    let figures = dir.join("figures");
    fs::create_dir_all(&figures).map_err(ReportError::write(&figures))?;
    let mut views = Vec::new();
    for answer in answers {
        let (svg, _) = write_drawing(&draw_forest(&forest(answer)), &figures, &answer.id)?;
        views.push(View {
            answer,
            svg: svg.inline().to_owned(),
        });
    }
    let html = Page {
        page,
        font_face: &FONT_FACE,
        counts: counts(answers),
        views,
    }
    .render()?;
    let index = dir.join("index.html");
    layerprobe_durable::write(&index, html.as_bytes()).map_err(ReportError::write(&index))?;
    Ok(index)
}

/// The figure of what decided a claim.
fn forest(answer: &Answer) -> Forest<'_> {
    Forest {
        title: format!("{}: {}", answer.id, answer.verdict),
        says: &answer.says,
        parts: answer.parts.iter().map(forest_part).collect(),
    }
}

fn forest_part(part: &Finding) -> ForestPart<'_> {
    ForestPart {
        says: &part.says,
        difference: part.estimate.map(|estimate| Difference {
            value: estimate.value,
            lower: estimate.lower,
            upper: estimate.upper,
        }),
        reach: part.reach(),
        outcome: part.outcome.word(),
        holds: match part.outcome {
            Outcome::Holds => Some(true),
            Outcome::Fails => Some(false),
            Outcome::AtCeiling | Outcome::CannotTell(_) | Outcome::NotRun(_) => None,
        },
    }
}

/// How many claims got which verdict.
pub(super) fn counts(answers: &[Answer]) -> String {
    let count = |verdict| answers.iter().filter(|a| a.verdict == verdict).count();
    let kinds = [
        Verdict::Reproduced,
        Verdict::Partly,
        Verdict::NotReproduced,
        Verdict::CannotTell,
        Verdict::NotRun,
    ];
    let counts: Vec<String> = kinds
        .into_iter()
        .map(|verdict| format!("{} {verdict}", count(verdict)))
        .collect();
    let claims = match answers.len() {
        1 => "1 claim".to_owned(),
        n => format!("{n} claims"),
    };
    format!("{claims}: {}.", counts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Relation;

    #[test]
    fn a_part_is_drawn_with_its_margin_or_the_amount_asked_for() {
        let part = |by, outcome| Finding {
            says: String::new(),
            measured: String::new(),
            estimate: None,
            is: Relation::Above,
            margin: 0.05,
            by,
            learned: None,
            unless_ceiling: false,
            outcome,
            by_upper_bounds: None,
            upper_bounds_minus_clean: None,
            without_gate: None,
            amended: None,
            notes: Vec::new(),
        };
        for (by, reach) in [(0.0, 0.05), (0.2, 0.2), (-0.3, 0.3)] {
            assert_eq!(forest_part(&part(by, Outcome::Holds)).reach, reach);
        }
        for (outcome, holds) in [
            (Outcome::Holds, Some(true)),
            (Outcome::Fails, Some(false)),
            (Outcome::AtCeiling, None),
            (Outcome::NotRun("the experiment".to_owned()), None),
        ] {
            let part = part(0.0, outcome);
            let drawn = forest_part(&part);
            assert_eq!((drawn.outcome, drawn.holds), (part.outcome.word(), holds));
        }
    }
}
