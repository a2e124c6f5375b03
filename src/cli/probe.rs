use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use layerprobe_probes::{
    CheckedProbeParams, Extras, ProbeOutcome, ProbeParams, Status, View, Workload,
};
use layerprobe_reports::write_results;
use layerprobe_streams::StreamKey;
use serde_json::json;

use super::arguments::{MessageFormat, Output, Probe};
use super::exit::Usage;
use super::progress::Progress;
use super::{exit, threads};
use crate::experiment::{Event, Observer, Stage};
use crate::foreign::{
    ArrayShape, Cut, ForeignError, ForeignFile, ForeignLayer, ForeignOutcomes, Labels,
    PredictionFile, plan, probe as probe_layer, rows,
};
use crate::memory::{self, MemoryLimit};

/// Probes activations that were made elsewhere.
pub fn probe(command: &Probe, output: &Output) -> anyhow::Result<ExitCode> {
    let params = params(command)?;
    threads::set(command.threads)?;
    let key = StreamKey::from_seed(command.seed);
    let labels = Labels::read(&command.labels, command.features.as_deref())?;
    let cut = Cut::of(&labels, key.derive("probe/test"))?;
    let file = ForeignFile::open(&command.activations, command.layers.as_deref())?;
    let classes: Vec<usize> = labels.features.iter().map(|f| f.values.len()).collect();
    let work = Workload {
        stimuli: labels.len(),
        dims: 0,
        train: cut.train.len(),
        classes: &classes,
        penalties: params.penalties(),
        solver: params.solver(),
        extras: &Extras::default(),
        threads: rayon::current_num_threads(),
    };
    let limit = command
        .max_memory
        .unwrap_or_else(MemoryLimit::of_this_machine);
    let stored = plan(limit, file.arrays(), &command.view, &work)?;
    let folder = match command.out.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut predictions = match &command.predictions {
        Some(path) => Some(PredictionFile::create(path, &labels)?),
        None => None,
    };
    let places = places(file.arrays(), &command.view)?;
    let stored: HashSet<&str> = (file.arrays().iter().zip(stored))
        .filter_map(|(array, stored)| stored.then_some(array.name.as_str()))
        .collect();
    let read = |array: &ArrayShape| {
        let on_disk = stored.contains(array.name.as_str());
        file.read(array, on_disk.then_some(folder))
    };
    let probed = (&labels, &cut, &params, key);
    let found = all(&places, read, probed, &mut predictions, output)?;

    let condition = command.activations.file_stem().map_or_else(
        || "activations".to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    );
    let table: Vec<_> = found
        .iter()
        .flat_map(|layer| rows(&condition, command.seed, &cut, layer))
        .collect();
    write_results(&command.out, &table)?;
    if let Some(predictions) = predictions {
        predictions.commit()?;
    }
    tell(command, output, &cut, &found)?;
    let outcomes = found.iter().flat_map(|layer| &layer.outcomes);
    let open = outcomes.filter(|o| matches!(o.status, Status::MaxIterations | Status::Separable));
    Ok(match open.count() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(exit::NOT_CONVERGED),
    })
}

fn params(command: &Probe) -> anyhow::Result<CheckedProbeParams> {
    let mut params = ProbeParams {
        scaling: command.scaling.into(),
        solver: command.solver.into(),
        max_iterations: command.max_iterations,
        ..ProbeParams::default()
    };
    if let Some(penalties) = &command.penalties {
        params.penalties.clone_from(penalties);
    }
    params.check().map_err(|e| Usage(e.to_string()).into())
}

/// The views that there are of each array; a vector has no gap.
fn places<'a>(
    arrays: &'a [ArrayShape],
    views: &[View],
) -> anyhow::Result<Vec<(&'a ArrayShape, Vec<View>)>> {
    let of_array = |array: &'a ArrayShape| {
        let views = views.iter().filter(|view| view.applies(array.channels));
        (array, views.copied().collect::<Vec<_>>())
    };
    let mut places: Vec<_> = arrays.iter().map(of_array).collect();
    places.retain(|(_, views)| !views.is_empty());
    match places.is_empty() {
        true => Err(Usage(
            "--view gap averages channels over pixels: no array has the axes stimulus, channel, row, column"
                .to_owned(),
        )
        .into()),
        false => Ok(places),
    }
}

/// Probes view after view, layer after layer, each layer read when its turn has
/// come, with a bar; what is said of single stimuli goes into the file, if
/// there is one, and not into memory.
fn all(
    places: &[(&ArrayShape, Vec<View>)],
    read: impl Fn(&ArrayShape) -> Result<ForeignLayer, ForeignError>,
    (labels, cut, params, key): (&Labels, &Cut, &CheckedProbeParams, StreamKey),
    predictions: &mut Option<PredictionFile<'_>>,
    output: &Output,
) -> anyhow::Result<Vec<ForeignOutcomes>> {
    let progress = Progress::new(output);
    let start = Instant::now();
    let stage = Stage::Probe;
    progress.event(Event::Started {
        stage,
        total: places.iter().map(|(_, views)| views.len() as u64).sum(),
        done: 0,
    });
    let mut found = Vec::new();
    for (array, views) in places {
        let layer = read(array)?;
        for &view in views {
            let log_probabilities = predictions.is_some();
            let place = (&layer, view);
            let mut outcomes = probe_layer(place, labels, cut, params, key, log_probabilities)?;
            if let Some(file) = predictions {
                file.write(cut, &outcomes)?;
            }
            for outcome in &mut outcomes.outcomes {
                outcome.predictions = Vec::new();
            }
            found.push(outcomes);
            progress.event(Event::Advanced {
                stage,
                done: found.len() as u64,
                detail: &layer.name,
            });
        }
    }
    progress.event(Event::Finished {
        stage,
        seconds: start.elapsed().as_secs_f64(),
    });
    Ok(found)
}

fn tell(
    command: &Probe,
    output: &Output,
    cut: &Cut,
    found: &[ForeignOutcomes],
) -> anyhow::Result<()> {
    if output.message_format == MessageFormat::Json {
        return Ok(super::say(
            &json!({"reason": "done", "results": command.out, "peak_rss_bytes": memory::peak()}),
        )?);
    }
    if output.quiet {
        return Ok(());
    }
    let width = found.iter().map(|layer| shown(layer).len()).max();
    let layer_width = width.unwrap_or_default().max("layer".len());
    let names = found.iter().flat_map(|layer| &layer.outcomes);
    let width = names.map(|outcome| outcome.feature.len()).max();
    let feature_width = width.unwrap_or_default().max("feature".len());
    super::say(&format!(
        "{:layer_width$}  {:feature_width$}  accuracy  95 % interval  chance  penalty  fit",
        "layer", "feature"
    ))?;
    for layer in found {
        for outcome in &layer.outcomes {
            let line = numbers(outcome);
            let (name, feature) = (shown(layer), &outcome.feature);
            super::say(&format!(
                "{name:layer_width$}  {feature:feature_width$}  {line}"
            ))?;
        }
    }
    super::say(&format!(
        "{} stimuli train, {} test (split {}); intervals over groups of test stimuli",
        cut.train.len(),
        cut.test.len(),
        cut.kind
    ))?;
    Ok(super::say(&format!("results  {}", command.out.display()))?)
}

/// A layer with its view, if it is not shown whole.
fn shown(layer: &ForeignOutcomes) -> String {
    match layer.view {
        View::Full => layer.layer.clone(),
        view => format!("{} {view}", layer.layer),
    }
}

fn numbers(outcome: &ProbeOutcome) -> String {
    format!(
        "{:8.3}  [{:.3}, {:.3}]  {:6.3}  {:>7}  {}",
        outcome.accuracy,
        outcome.interval.lower,
        outcome.interval.upper,
        outcome.chance,
        outcome.penalty,
        outcome.status
    )
}
