//! How alike layers of trained networks are: the networks of one or two
//! finished runs, or activations from elsewhere.

mod error;
mod files;
mod maps;
mod moments;
mod names;
mod networks;
mod over_runs;
mod pairs;
mod reading;
mod runs;
mod silent;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use layerprobe_probes::similarity::{
    Distance, MIN_RESAMPLED, MIN_STIMULI, Metric, Representation, SimilarityError,
};
use layerprobe_reports::{HeatMap, ResultRow, heat_map_table, write_heat_map, write_results};

use super::{Event, Observer};
use crate::memory::{self, Bytes};

pub use error::CompareError;
pub use files::compare_files;
pub use moments::Moments;
pub(super) use names::run_names;
pub use reading::compare_runs;

/// What is measured, between whichever layers.
#[derive(Clone, Debug)]
pub struct Measures {
    /// By which measures.
    pub metrics: Vec<Metric>,
    /// How far apart two stimuli are in a layer, for RSA.
    pub distance: Distance,
    /// How many stimuli are shown; unless told, 1000 or all there are.
    pub stimuli: Option<usize>,
    /// Resamples behind each interval over stimuli; 0 for none.
    pub resamples: usize,
}

/// The networks to compare.
#[derive(Clone, Debug)]
pub struct ComparedRuns {
    /// One run, whose networks are compared with each other, or two.
    pub folders: Vec<PathBuf>,
    /// Layers of the first run (and of the second, unless told); those it
    /// probes, unless told.
    pub layers: Option<Vec<String>>,
    /// Layers of the second run.
    pub layers_b: Option<Vec<String>>,
    /// Networks trained on these targets; all, unless told.
    pub targets: Option<Vec<String>>,
    /// At which moments of their training.
    pub moments: Moments,
}

/// What a comparison left.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The table of results.
    pub results: PathBuf,
    /// Number of rows in it.
    pub rows: usize,
    /// A figure of each metric, as SVG and as PNG.
    pub figures: Vec<PathBuf>,
    /// A short table of the first metric.
    pub table: String,
}

/// Columns of the table for the terminal.
const TABLE_WIDTH: usize = 80;

/// Stimuli unless told.
const USUAL_STIMULI: usize = 1000;

/// A layer of a network at one moment, ready to be compared.
pub(super) struct Side<'a> {
    /// What of it goes into a row: condition, step, layer, ...
    pub(super) row: ResultRow,
    /// Its network, in words; networks that differ in their hold-out version
    /// or run only have the same words.
    pub(super) group: String,
    /// The condition's name with a `*` for what differs within the group.
    pub(super) kind: String,
    pub(super) representation: Representation<'a>,
}

/// Who is told, and who may stop it.
pub(super) struct Watch<'a> {
    pub(super) stop: &'a AtomicBool,
    pub(super) observer: &'a dyn Observer,
}

/// What a comparison found.
pub(super) struct Found {
    /// Rows of every pair, and of pairs of groups over runs.
    pub(super) rows: Vec<ResultRow>,
    /// A figure of each metric.
    pub(super) maps: Vec<HeatMap>,
}

impl Watch<'_> {
    pub(super) fn go_on(&self) -> Result<(), CompareError> {
        match self.stop.load(Ordering::SeqCst) {
            true => Err(CompareError::Stopped),
            false => Ok(()),
        }
    }
}

/// How many pairs there are within one list of so many layers, or between two.
pub(super) fn pairs_of(counts: &[usize]) -> usize {
    match counts {
        [n] => n * n.saturating_sub(1) / 2,
        _ => counts.iter().product(),
    }
}

/// Compares all sides, or those of one list with those of another.
pub(super) fn compare_sides(
    (first, second): (&[Side<'_>], Option<&[Side<'_>]>),
    measures: &Measures,
    watch: &Watch<'_>,
) -> Result<Found, CompareError> {
    let found = pairs::compare(first, second, measures, watch)?;
    let groups = runs::Groups::of(first, second, measures, &found)?;
    let mut rows = found.rows(first, second, measures);
    rows.extend(groups.rows(measures));
    let maps = maps::maps(&groups, measures);
    Ok(Found { rows, maps })
}

/// As [`compare_sides`], and writes what was found.
pub(super) fn finish(
    (first, second): (&[Side<'_>], Option<&[Side<'_>]>),
    measures: &Measures,
    out: &Path,
    watch: &Watch<'_>,
) -> Result<Compared, CompareError> {
    let Found { rows, maps } = compare_sides((first, second), measures, watch)?;
    if rows.is_empty() {
        // layers that are silent too often were left out
        return Err(CompareError::OnlyOne);
    }
    write_results(out, &rows)?;
    let folder = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    let mut figures = Vec::new();
    for (metric, map) in measures.metrics.iter().zip(&maps) {
        figures.extend(write_heat_map(
            map,
            folder,
            &format!("{stem}-{}", metric.as_str()),
        )?);
    }
    Ok(Compared {
        results: out.to_owned(),
        rows: rows.len(),
        figures,
        table: maps
            .first()
            .map(|map| heat_map_table(map, TABLE_WIDTH))
            .unwrap_or_default(),
    })
}

impl Measures {
    /// How many stimuli are shown of so many.
    pub(super) fn stimuli_of(&self, known: usize) -> Result<usize, CompareError> {
        let wanted = self.stimuli.unwrap_or(USUAL_STIMULI.min(known));
        if wanted > known {
            return Err(CompareError::Stimuli { wanted, known });
        }
        let (needed, what) = match self.resamples {
            0 => (MIN_STIMULI, "a comparison"),
            _ => (MIN_RESAMPLED, "an interval over stimuli"),
        };
        if wanted < needed {
            return Err(CompareError::Similarity(SimilarityError::TooFew {
                name: "the comparison".to_owned(),
                found: wanted,
                needed,
                what,
            }));
        }
        Ok(wanted)
    }
}

/// The name of what turned activations into a similarity.
fn protocol(metric: Metric, distance: Distance) -> String {
    let distance = match (metric, distance) {
        (Metric::Cka | Metric::CkaDebiased, _) => "",
        (_, Distance::Correlation) => " distance=correlation",
        (_, Distance::Euclidean) => " distance=euclidean",
    };
    format!("similarity/1{distance}")
}

/// Tells how much there is to do and what it takes, where that is much.
///
/// # Errors
/// If it takes more memory than is free.
pub(super) fn announce(
    layers: usize,
    pairs: usize,
    stimuli: usize,
    measures: &Measures,
    watch: &Watch<'_>,
) -> Result<(), CompareError> {
    let (n, resamples) = (stimuli as f64, measures.resamples as f64);
    let wanted = |metric: Metric| measures.metrics.contains(&metric);
    let mut bytes = 0.0;
    if wanted(Metric::RsaPearson) {
        bytes += 4.0 * n * n;
    }
    if wanted(Metric::RsaSpearman) {
        bytes += 3.0 * n * n + 8192.0 * resamples;
    }
    if wanted(Metric::Cka) || wanted(Metric::CkaDebiased) {
        bytes += 4.0 * n * n + 8.0 * n * resamples;
    }
    let bytes = bytes * layers as f64 + 8.0 * n * (n + resamples);
    if let Some(free) = memory::free().filter(|free| bytes > *free as f64) {
        return Err(CompareError::Memory {
            stimuli,
            layers,
            needed: Bytes(bytes as u64),
            free: Bytes(free),
        });
    }
    let gigabytes = bytes / 1e9;
    let memory = match gigabytes {
        gigabytes if gigabytes < 1.0 => String::new(),
        gigabytes => format!(
            ", in about {gigabytes:.1} GB of memory (fewer layers, checkpoints, stimuli or metrics need less)"
        ),
    };
    watch.observer.event(Event::Note(&format!(
        "{pairs} {} of {layers} layers over {stimuli} stimuli{memory}",
        if pairs == 1 { "pair" } else { "pairs" }
    )));
    Ok(())
}
