use std::process::ExitCode;
use std::time::Instant;

use layerprobe_probes::{FittedProbe, MultinomialProbe, MultinomialProbeParams, fit_grid};
use ndarray::ArrayView2;
use serde_json::{Value, json};

use super::arguments::{BenchProbe, MessageFormat, Output};
use super::bench::{mebibytes, peak_rss};
use super::threads;
use crate::foreign::{ForeignError, ForeignLayer, Labels, read_layers};

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
    for layer in read_layers(&command.activations, command.layers.as_deref())? {
        let (fits, seconds) = measure(&params, &layer, &labels, &command.penalties)?;
        tell(command, output, &layer, &labels, &fits, seconds)?;
    }
    Ok(ExitCode::SUCCESS)
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
        layer: layer.name.clone(),
        stimuli: layer.rows(),
        labels: labels.len(),
    };
    let shape = (layer.rows(), layer.dim);
    let activations = ArrayView2::from_shape(shape, &layer.values).map_err(|_| mismatch())?;
    let features = labels.features.iter();
    let targets: Vec<&[u32]> = features.map(|f| f.classes.as_slice()).collect();
    if targets.iter().any(|target| target.len() != layer.rows()) {
        return Err(mismatch().into());
    }
    let started = Instant::now();
    let fits = fit_grid(params, activations, &targets, penalties)?;
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
    let (threads, peak) = (rayon::current_num_threads(), peak_rss());
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
        return Ok(super::say(&json!({
            "reason": "done",
            "bench": "probe",
            "layer": layer.name,
            "stimuli": layer.rows(),
            "dim": layer.dim,
            "seconds": seconds,
            "peak_rss_bytes": peak,
            "threads": threads,
            "fits": each,
        }))?);
    }
    for (feature, penalty, fit) in fits() {
        super::say(&format!(
            "{feature} at penalty {penalty}: objective {:.6}, relative gap {:.0e}, {} iterations, {}",
            fit.certificate().objective,
            fit.certificate().relative_gap(),
            fit.iterations(),
            fit.status()
        ))?;
    }
    Ok(super::say(&format!(
        "{}, {} x {}: {} fits in {seconds:.2} s, {threads} threads, peak memory {}",
        layer.name,
        layer.rows(),
        layer.dim,
        fits().count(),
        mebibytes(peak)
    ))?)
}
