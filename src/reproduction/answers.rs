//! What was answered, for programs and for readers.

use std::path::{Path, PathBuf};

use layerprobe_reports::Fact;
use layerprobe_reports::claims::{Answer, ClaimsPage, LinkedRun, OpenChoice, write_claims_page};
use serde::Serialize;

use super::error::ReproductionError;
use super::experiment::Experiment;
use super::folder::run_folder;
use super::study::{Needed, Scale, Study};

/// The page of a run, in its folder.
const PAGE: &str = "report/index.html";

/// An experiment, and whether it is finished.
pub(super) struct Progress {
    pub(super) experiment: Experiment,
    /// Whether the study is not at its end without it.
    pub(super) basic: bool,
    pub(super) done: bool,
}

impl Progress {
    /// An experiment that decides claims and is not finished.
    fn is_left(&self) -> bool {
        !self.done && self.basic
    }
}

#[derive(Serialize)]
struct Document<'a> {
    study: &'a str,
    title: &'a str,
    scale: Scale,
    about: &'a str,
    layerprobe: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amended: Option<&'a str>,
    /// By which interval all parts are decided.
    interval: &'static str,
    ceiling: f64,
    least_runs: usize,
    open: &'a [OpenChoice],
    claims: &'a [Answer],
}

/// How intervals of differences are made.
const INTERVAL: &str = "95 %, over runs: Student's t with n - 1 degrees of freedom on differences paired within runs, of similarities on pseudovalues of the jackknife over runs";

/// Writes `claims.json`.
pub(super) fn write_json(
    study: &Study,
    answers: &[Answer],
    out: &Path,
) -> Result<PathBuf, ReproductionError> {
    let path = out.join("claims.json");
    let failed = |source| ReproductionError::Io {
        action: "write",
        path: path.clone(),
        source,
    };
    let document = Document {
        study: &study.name,
        title: &study.title,
        scale: study.scale,
        about: &study.about,
        layerprobe: env!("CARGO_PKG_VERSION"),
        amended: study.claims.amended.as_deref(),
        interval: INTERVAL,
        ceiling: study.claims.ceiling,
        least_runs: study.claims.least_runs,
        open: &study.open,
        claims: answers,
    };
    let json = serde_json::to_string_pretty(&document).map_err(|e| failed(e.into()))?;
    layerprobe_durable::write(&path, (json + "\n").as_bytes()).map_err(failed)?;
    Ok(path)
}

/// Writes the page of claims with its figures.
pub(super) fn write_page(
    study: &Study,
    needed: &Needed,
    progress: &[Progress],
    answers: &[Answer],
    out: &Path,
) -> Result<PathBuf, ReproductionError> {
    let left = progress.iter().filter(|p| p.is_left()).count();
    let basic = needed.basic().count();
    let mut cautions = Vec::new();
    if left > 0 {
        cautions.push(format!(
            "{left} of {basic} experiments are not finished: what needs them is not decided. The same command goes on."
        ));
    }
    if study.scale == Scale::Smoke {
        cautions
            .push("Smoke only shows that every stage works: its verdicts mean nothing.".to_owned());
    }
    if study.scale == Scale::Quick {
        cautions.push(
            "Quick scale: smaller images, other networks and fewer epochs than the paper's. A claim that is not reproduced here may hold at the paper's scale, and the other way round.".to_owned(),
        );
    }
    let listed = progress.iter().filter(|p| p.done || p.is_left());
    let runs = listed.map(|found| {
        let id = &found.experiment.id;
        let about = &found.experiment.about;
        LinkedRun {
            name: id.clone(),
            about: match found.done {
                true => about.clone(),
                false => format!("{about} (not finished)"),
            },
            // taken over from elsewhere, it has no report here, and bits have no page
            link: match found.done && run_folder(out, id).join(PAGE).exists() {
                true => format!("../runs/{id}/{PAGE}"),
                false => String::new(),
            },
        }
    });
    let page = ClaimsPage {
        title: format!("Claims of {}", study.title),
        cautions,
        amended: study.claims.amended.clone(),
        open: study.open.clone(),
        facts: vec![
            Fact::new("scale", study.about.clone()),
            Fact::new("experiments", basic.to_string()),
            Fact::new("claims", needed.claims.claims.len().to_string()),
            Fact::new("command", command(study)),
        ],
        runs: runs.collect(),
    };
    Ok(write_claims_page(&page, answers, &out.join("report"))?)
}

fn command(study: &Study) -> String {
    let scale = study.scale.name();
    format!("layerprobe reproduce {} --scale {scale}", study.name)
}
