use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use layerprobe_probes::{
    AdamGrid, CheckedAdamGrid, CheckedProbeParams, Extras, ProbeParams, View, Workload,
};
use layerprobe_reports::{ResultRow, edge_warning, unproven_fits, write_results};
use layerprobe_streams::StreamKey;

use super::arguments::{Output, Probe, ProbeProtocol, ProbeSolver};
use super::exit::Usage;
use super::probe_table::{Shown, tell};
use super::progress::Progress;
use super::{exit, outputs, threads};
use crate::config::{too_few_controls, too_few_permutations};
use crate::experiment::{Event, Observer, Stage};
use crate::foreign::{
    Around, ArrayShape, Cut, ForeignError, ForeignFile, ForeignLayer, Labels, PredictionFile, plan,
    probe as probe_layer, rows, rows_by_paper,
};
use crate::memory::MemoryLimit;
use crate::results::rows_of_families;

/// Most iterations at one penalty, unless told otherwise.
const MAX_ITERATIONS: usize = 2000;

/// Probes activations that were made elsewhere.
pub fn probe(command: &Probe, output: &Output) -> anyhow::Result<ExitCode> {
    check_protocol(command)?;
    check_repeats(command)?;
    check_views(command)?;
    let params = params(command)?;
    check_outputs(command)?;
    threads::set(command.threads)?;
    let key = StreamKey::from_seed(command.seed);
    let (features, strata) = (command.features.as_deref(), command.strata.as_deref());
    let labels = Labels::read_in_strata(&command.labels, features, strata)?;
    if command.controls > 0 && labels.group_count() == labels.len() {
        let problem = "--controls withholds some stimuli of each group: give the labels a column `group` \
                       with two stimuli or more in a group, or leave it out";
        return Err(Usage(problem.to_owned()).into());
    }
    let cut = Cut::of(&labels, key.derive("probe/test"))?;
    let file = ForeignFile::open(&command.activations, command.layers.as_deref())?;
    file.check_counts(labels.len())?;
    let around = Around {
        controls: command.controls,
        permutations: command.permutations,
        v_information: command.v_information,
        code_orders: command.code_orders,
    };
    let kept = command.predictions.is_some();
    let extras = around.extras(key, kept, labels.strata.as_ref());
    let classes: Vec<usize> = labels.features.iter().map(|f| f.values.len()).collect();
    let work = Workload {
        stimuli: labels.len(),
        dims: 0,
        train: cut.train.len(),
        classes: &classes,
        penalties: params.penalties(),
        solver: params.solver(),
        extras: &extras,
        threads: rayon::current_num_threads(),
    };
    let limit = command
        .max_memory
        .unwrap_or_else(MemoryLimit::of_this_machine);
    let grid = match command.protocol {
        ProbeProtocol::Own => None,
        ProbeProtocol::Paper => Some(AdamGrid::default().check()?),
    };
    let stored = threads::planned(|threads| {
        let work = Workload {
            threads,
            ..work.clone()
        };
        plan(limit, file.arrays(), &command.view, &work, grid.as_ref())
    })?;
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
    let probed = Probed {
        command,
        labels: &labels,
        cut: &cut,
        params: &params,
        extras: &extras,
        grid: grid.as_ref(),
        key,
    };
    let mut table = Vec::new();
    let ended = probed.all(&places, read, &mut table, &mut predictions, output);
    if let Some(predictions) = predictions.filter(|_| !table.is_empty()) {
        predictions.commit()?;
    }
    if let Err(error) = ended {
        if !table.is_empty() {
            let out = command.out.display();
            let text = format!("what was probed before stays in {out}");
            super::warn(&text, output);
        }
        return Err(error);
    }
    table.extend(
        rows_of_families(&table).map_err(|source| ForeignError::Probe {
            path: command.activations.clone(),
            source,
        })?,
    );
    write_results(&command.out, &table)?;
    let shown = Shown {
        rows: &table,
        cut: &cut,
        around,
    };
    tell(command, output, &shown)?;
    if let Some(warning) = edge_warning(&table) {
        super::warn(&warning, output);
    }
    Ok(match unproven_fits(&table) {
        0 => ExitCode::SUCCESS,
        count => {
            let text = format!(
                "{count} fits are not proven: see the column status (raise --max-iterations; where it is separable, \
                 give penalties above 0)"
            );
            super::warn(&text, output);
            ExitCode::from(exit::NOT_CONVERGED)
        }
    })
}

fn check_outputs(command: &Probe) -> Result<(), Usage> {
    let inputs = [
        ("--activations", command.activations.as_path()),
        ("--labels", &command.labels),
    ];
    let predictions = command.predictions.as_deref();
    let mut outputs = vec![("--out", command.out.as_path())];
    outputs.extend(predictions.map(|path| ("--predictions", path)));
    outputs::check(&inputs, &outputs)
}

/// Refuses what the protocol `paper` has no use for.
fn check_protocol(command: &Probe) -> Result<(), Usage> {
    if command.protocol == ProbeProtocol::Own {
        return Ok(());
    }
    let given = [
        ("--penalties", command.penalties.is_some()),
        ("--scaling", command.scaling.is_some()),
        ("--solver", command.solver.is_some()),
        ("--max-iterations", command.max_iterations.is_some()),
        ("--view", command.view != [View::Full]),
        ("--controls", command.controls > 0),
        ("--permutations", command.permutations > 0),
        ("--strata", command.strata.is_some()),
        ("--v-information", command.v_information),
        ("--code-orders", command.code_orders > 0),
        ("--predictions", command.predictions.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(Usage(format!(
            "{option} belongs to --protocol own: the protocol paper trains one fixed grid on activations as they are"
        ))),
        None => Ok(()),
    }
}

/// Refuses what is repeated too seldom to say anything.
fn check_repeats(command: &Probe) -> Result<(), Usage> {
    let few = [
        ("--controls", too_few_controls(command.controls)),
        ("--permutations", too_few_permutations(command.permutations)),
    ];
    if let Some((option, problem)) = few.into_iter().find_map(|(o, few)| Some((o, few?))) {
        return Err(Usage(format!("{option}: {problem}")));
    }
    if command.strata.is_some() && command.permutations == 0 {
        let problem =
            "--strata says within what labels are permuted; give --permutations 19 or more, too";
        return Err(Usage(problem.to_owned()));
    }
    Ok(())
}

/// Refuses a view that is named twice: its rows would be there twice, and a p-value over
/// all layers would be of more than there are.
fn check_views(command: &Probe) -> Result<(), Usage> {
    let mut views = command.view.iter().enumerate();
    let is_named = |(i, view): &(usize, &View)| command.view.iter().take(*i).any(|v| v == *view);
    match views.find(is_named) {
        Some((_, view)) => Err(Usage(format!("--view: `{view}` is named twice"))),
        None => Ok(()),
    }
}

fn params(command: &Probe) -> anyhow::Result<CheckedProbeParams> {
    let mut params = ProbeParams {
        scaling: command.scaling.unwrap_or_default().into(),
        solver: command.solver.unwrap_or(ProbeSolver::Batched).into(),
        max_iterations: command.max_iterations.unwrap_or(MAX_ITERATIONS),
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

/// What all layers have in common.
struct Probed<'a> {
    command: &'a Probe,
    labels: &'a Labels,
    cut: &'a Cut,
    params: &'a CheckedProbeParams,
    extras: &'a Extras<'a>,
    /// What the protocol `paper` trains.
    grid: Option<&'a CheckedAdamGrid>,
    key: StreamKey,
}

impl Probed<'_> {
    /// Probes layer after layer, view after view, each layer read when its turn has
    /// come. The table is written after each; what is said of single stimuli goes
    /// into the file, if there is one, and not into memory.
    fn all(
        &self,
        places: &[(&ArrayShape, Vec<View>)],
        read: impl Fn(&ArrayShape) -> Result<ForeignLayer, ForeignError>,
        table: &mut Vec<ResultRow>,
        predictions: &mut Option<PredictionFile<'_>>,
        output: &Output,
    ) -> anyhow::Result<()> {
        let condition = self.command.activations.file_stem().map_or_else(
            || "activations".to_owned(),
            |stem| stem.to_string_lossy().into_owned(),
        );
        let progress = Progress::new(output);
        let start = Instant::now();
        let stage = Stage::Probe;
        progress.event(Event::Started {
            stage,
            total: places.iter().map(|(_, views)| views.len() as u64).sum(),
            done: 0,
        });
        let mut done = 0;
        for (array, views) in places {
            let layer = read(array)?;
            for &view in views {
                let mut tell = |text: &str| {
                    let detail = &format!("{}{text}", layer.name);
                    progress.event(Event::Advanced {
                        stage,
                        done,
                        detail,
                    });
                };
                let place = (&layer, view);
                let written = table.len();
                table.extend(self.rows(&condition, place, predictions, &mut tell)?);
                // the table holds what the file does
                if let Err(error) = write_results(&self.command.out, table) {
                    table.truncate(written);
                    return Err(error.into());
                }
                done += 1;
                progress.event(Event::Advanced {
                    stage,
                    done,
                    detail: &layer.name,
                });
            }
        }
        progress.event(Event::Finished {
            stage,
            seconds: start.elapsed().as_secs_f64(),
        });
        Ok(())
    }

    /// The rows of a view of a layer.
    fn rows(
        &self,
        condition: &str,
        (layer, view): (&ForeignLayer, View),
        predictions: &mut Option<PredictionFile<'_>>,
        tell: &mut dyn FnMut(&str),
    ) -> anyhow::Result<Vec<ResultRow>> {
        let (labels, cut, seed) = (self.labels, self.cut, self.command.seed);
        if let Some(grid) = self.grid {
            let mut epochs = |epoch| tell(&format!(", epoch {epoch} of {}", grid.epochs()));
            let run = (condition, seed);
            let found = rows_by_paper(run, layer, (labels, cut), grid, self.key, &mut epochs)?;
            return Ok(found);
        }
        let place = (layer, view);
        let found = probe_layer(place, labels, cut, self.params, self.key, self.extras)?;
        if let Some(file) = predictions {
            file.write(cut, &found)?;
        }
        Ok(rows(condition, seed, cut, &found))
    }
}
