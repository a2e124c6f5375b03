use std::process::ExitCode;
use std::time::Instant;

use layerprobe_probes::{
    Extras, FittedProbe, MultinomialProbe, MultinomialProbeParams, Status, View, Workload,
    fit_grid, fit_grid_streamed,
};
use ndarray::ArrayView2;
use serde_json::{Value, json};

use crate::activations::Matrix;
use crate::cli::arguments::{BenchProbe, MessageFormat, Output};
use crate::cli::terminal::{self, exit, threads};
use crate::foreign::{ForeignError, ForeignFile, ForeignLayer, Labels, plan, planned};
use crate::memory::{self, Bytes, MemoryLimit};

/// Measures fits of every feature at every penalty on all stimuli of each
/// layer, without selection or test.
pub fn probe(command: &BenchProbe, output: &Output) -> anyhow::Result<ExitCode> {
    let params = MultinomialProbe::params()
        .scaling(command.scaling.into())
        .solver(command.solver.into())
        .tolerance(command.tolerance)
        .max_iterations(command.max_iterations);
    threads::set(command.threads)?;
    let labels = Labels::read(&command.labels, command.features.as_deref())?;
    let file = ForeignFile::open(&command.activations, command.layers.as_deref())?;
    let classes: Vec<usize> = labels.features.iter().map(|f| f.values.len()).collect();
    let work = Workload {
        stimuli: labels.len(),
        dims: 0,
        train: labels.len(),
        classes: &classes,
        penalties: &command.penalties,
        solver: command.solver.into(),
        extras: &Extras::default(),
        threads: rayon::current_num_threads(),
    };
    let limit = command
        .max_memory
        .unwrap_or_else(MemoryLimit::of_this_machine);
    let stored = planned(|threads| {
        let work = Workload {
            threads,
            ..work.clone()
        };
        plan(limit, file.arrays(), &[View::Full], &work, None)
    })?;
    let folder = std::env::temp_dir();
    let mut not_proven = 0;
    for (array, stored) in file.arrays().iter().zip(stored) {
        let layer = file.read(array, stored.then_some(&folder))?;
        let (fits, seconds) = measure(&params, &layer, &labels, &command.penalties)?;
        tell(command, output, &layer, &labels, &fits, seconds)?;
        not_proven += fits.iter().flatten().filter(|fit| !is_proven(fit)).count();
    }
    if not_proven > 0 {
        let text = format!(
            "{not_proven} fits did not converge: their seconds are not those of a fit that is proven (raise --max-iterations; where the status is separable, give penalties above 0)"
        );
        terminal::warn(&text, output);
        return Ok(ExitCode::from(exit::NOT_CONVERGED));
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a fit is known to be the optimum, within the tolerance.
fn is_proven(fit: &FittedProbe) -> bool {
    matches!(fit.status(), Status::Converged | Status::Degenerate)
}

/// A feature's fits, one a penalty.
type Grid = Vec<Vec<FittedProbe>>;

fn measure(
    params: &MultinomialProbeParams,
    layer: &ForeignLayer,
    labels: &Labels,
    penalties: &[f64],
) -> anyhow::Result<(Grid, f64)> {
    let mismatch = || ForeignError::Count {
        path: layer.path.clone(),
        layer: layer.name.clone(),
        stimuli: layer.rows,
        labels: labels.len(),
    };
    let features = labels.features.iter();
    let targets: Vec<&[u32]> = features.map(|f| f.classes.as_slice()).collect();
    if labels.len() != layer.rows {
        return Err(mismatch().into());
    }
    let started = Instant::now();
    let fits = match &layer.matrix {
        Matrix::Memory(values) => {
            let shape = (layer.rows, layer.dim);
            let activations = ArrayView2::from_shape(shape, values).map_err(|_| mismatch())?;
            fit_grid(params, activations, &targets, penalties)?
        }
        Matrix::Disk(store) => fit_grid_streamed(params, store, &targets, penalties)?,
    };
    Ok((fits, started.elapsed().as_secs_f64()))
}

fn tell(
    command: &BenchProbe,
    output: &Output,
    layer: &ForeignLayer,
    labels: &Labels,
    grid: &Grid,
    seconds: f64,
) -> anyhow::Result<()> {
    let fits = || {
        let features = labels.features.iter().zip(grid);
        features.flat_map(|(feature, along)| {
            let along = command.penalties.iter().zip(along);
            along.map(move |(penalty, fit)| (&feature.name, penalty, fit))
        })
    };
    let (threads, peak) = (rayon::current_num_threads(), memory::peak());
    if command.json || output.message_format == MessageFormat::Json {
        let each: Vec<Value> = fits()
            .map(|(feature, penalty, fit)| {
                json!({
                    "feature": feature,
                    "penalty": penalty,
                    "classes": fit.intercept().len(),
                    "objective": fit.certificate().objective,
                    "gap": fit.certificate().gap,
                    "iterations": fit.iterations(),
                    "status": fit.status().as_str(),
                })
            })
            .collect();
        return Ok(terminal::say(&json!({
            "reason": "done",
            "bench": "probe",
            "layer": layer.name,
            "stimuli": layer.rows,
            "dim": layer.dim,
            "on_disk": matches!(layer.matrix, Matrix::Disk(_)),
            "seconds": seconds,
            "peak_rss_bytes": peak,
            "threads": threads,
            "fits": each,
        }))?);
    }
    for (feature, penalty, fit) in fits() {
        terminal::say(&format!(
            "{feature} at penalty {penalty}: objective {:.6}, relative gap {:.0e}, {} iterations, {}",
            fit.certificate().objective,
            fit.certificate().relative_gap(),
            fit.iterations(),
            fit.status()
        ))?;
    }
    Ok(terminal::say(&format!(
        "{}, {} x {}: {} fits in {seconds:.2} s, {threads} threads, peak memory {}",
        layer.name,
        layer.rows,
        layer.dim,
        fits().count(),
        peak.map_or_else(|| "unknown".to_owned(), |peak| Bytes(peak).to_string())
    ))?)
}
