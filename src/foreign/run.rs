use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use layerprobe_probes::{CheckedProbeParams, Extras, View, Workload};
use layerprobe_reports::{ReportError, ResultRow, write_results};
use layerprobe_streams::StreamKey;

use super::{
    ArrayShape, CheckedForeignRequest, Cut, ForeignError, ForeignFile, ForeignLayer,
    ForeignRequest, Labels, PredictionFile, plan, planned, probe, rows, rows_by_paper,
};
use crate::memory::MemoryLimit;
use crate::results::rows_of_families;

/// What a run tells while it goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ForeignEvent<'a> {
    /// Everything is planned, and the first layer is next.
    Started {
        /// How many views of layers there are to probe.
        total: u64,
    },
    /// The run has come this far.
    Advanced {
        /// How many views of layers are done.
        done: u64,
        /// What is in hand.
        detail: &'a str,
    },
    /// All layers are probed.
    Finished {
        /// Seconds that took.
        seconds: f64,
    },
}

/// What a run found, all of it written down.
#[derive(Clone, Debug)]
pub struct ForeignTable {
    /// The rows of the table of results.
    pub rows: Vec<ResultRow>,
    /// Which stimuli trained, chose and tested.
    pub cut: Cut,
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ForeignRunError {
    /// The request, the activations or the labels.
    #[error(transparent)]
    Foreign(#[from] ForeignError),
    /// A table that cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The same at a later layer: what was probed before stays in the tables.
    #[error(transparent)]
    Partial(Box<ForeignRunError>),
}

/// Probes activations that were made elsewhere, layer by layer, and writes the table of
/// results after each; `progress` is told how far it is.
///
/// ```no_run
/// use layerprobe::foreign::{self, ForeignRequest};
///
/// let request = ForeignRequest::new("activations.npz", "labels.csv", "results.csv").check()?;
/// let found = foreign::run(&request, &|event| println!("{event:?}"))?;
/// for row in found.rows.iter().filter(|row| row.metric == "accuracy") {
///     println!("{} {} {:.3}", row.layer, row.feature, row.value);
/// }
/// # Ok::<(), foreign::ForeignRunError>(())
/// ```
///
/// # Errors
/// If the activations or the labels cannot be read or probed, do not belong together or
/// take more memory than they may, or if a table cannot be written.
pub fn run(
    request: &CheckedForeignRequest,
    progress: &dyn Fn(ForeignEvent<'_>),
) -> Result<ForeignTable, ForeignRunError> {
    let asked = request.request();
    let labels = read_labels(asked)?;
    let run = Run::prepare(request, &labels)?;
    let stored = run.stored()?;
    let mut predictions = match &asked.predictions {
        Some(path) => Some(PredictionFile::create(path, &labels)?),
        None => None,
    };
    let places = places(run.file.arrays(), &asked.views)?;
    let mut table = Vec::new();
    let ended = run.all(&places, &stored, &mut table, &mut predictions, progress);
    if let Some(predictions) = predictions.filter(|_| !table.is_empty()) {
        predictions.commit()?;
    }
    match ended {
        Err(error) if table.is_empty() => return Err(error),
        Err(error) => return Err(ForeignRunError::Partial(Box::new(error))),
        Ok(()) => {}
    }
    let families = rows_of_families(&table).map_err(|source| ForeignError::Probe {
        path: asked.activations.clone(),
        source,
    })?;
    table.extend(families);
    write_results(&asked.out, &table)?;
    Ok(ForeignTable {
        rows: table,
        cut: run.cut.clone(),
    })
}

/// The labels, in groups that control tasks can be made of, if there are to be any.
fn read_labels(asked: &ForeignRequest) -> Result<Labels, ForeignError> {
    let (features, strata) = (asked.features.as_deref(), asked.strata.as_deref());
    let labels = Labels::read_in_strata(&asked.labels, features, strata)?;
    if asked.around.controls > 0 && labels.group_count() == labels.len() {
        let problem = "--controls withholds some stimuli of each group: give the labels a column `group` \
                       with two stimuli or more in a group, or leave it out";
        return Err(ForeignError::request(problem));
    }
    Ok(labels)
}

/// The views that there are of each array; a vector has no gap.
fn places<'a>(
    arrays: &'a [ArrayShape],
    views: &[View],
) -> Result<Vec<(&'a ArrayShape, Vec<View>)>, ForeignError> {
    let of_array = |array: &'a ArrayShape| {
        let views = views.iter().filter(|view| view.applies(array.channels));
        (array, views.copied().collect::<Vec<_>>())
    };
    let mut places: Vec<_> = arrays.iter().map(of_array).collect();
    places.retain(|(_, views)| !views.is_empty());
    match places.is_empty() {
        true => Err(ForeignError::request(
            "--view gap averages channels over pixels: no array has the axes stimulus, channel, row, column",
        )),
        false => Ok(places),
    }
}

/// What all layers have in common.
struct Run<'a> {
    asked: &'a ForeignRequest,
    params: &'a CheckedProbeParams,
    labels: &'a Labels,
    cut: Cut,
    file: ForeignFile,
    extras: Extras<'a>,
    key: StreamKey,
}

impl<'a> Run<'a> {
    /// Cuts the stimuli, and looks at the arrays.
    fn prepare(
        request: &'a CheckedForeignRequest,
        labels: &'a Labels,
    ) -> Result<Self, ForeignError> {
        let asked = request.request();
        let key = StreamKey::from_seed(asked.seed);
        let cut = Cut::of(labels, key.derive("probe/test"))?;
        let file = ForeignFile::open(&asked.activations, asked.layers.as_deref())?;
        file.check_counts(labels.len())?;
        let kept = asked.predictions.is_some();
        Ok(Self {
            asked,
            params: request.params(),
            labels,
            cut,
            file,
            extras: asked.around.extras(key, kept, labels.strata.as_ref()),
            key,
        })
    }

    /// The names of the arrays that go to the disk before they are probed.
    fn stored(&self) -> Result<HashSet<&str>, ForeignError> {
        let (asked, arrays) = (self.asked, self.file.arrays());
        let features = self.labels.features.iter();
        let classes: Vec<usize> = features.map(|feature| feature.values.len()).collect();
        let limit = asked.limit.unwrap_or_else(MemoryLimit::of_this_machine);
        let stored = planned(|threads| {
            let work = Workload {
                stimuli: self.labels.len(),
                dims: 0,
                train: self.cut.train.len(),
                classes: &classes,
                penalties: self.params.penalties(),
                solver: self.params.solver(),
                extras: &self.extras,
                threads,
            };
            plan(limit, arrays, &asked.views, &work, asked.grid.as_ref())
        })?;
        let stored = (arrays.iter().zip(stored))
            .filter_map(|(array, stored)| stored.then_some(array.name.as_str()));
        Ok(stored.collect())
    }

    /// Reads an array into memory, or to the disk beside the results.
    fn read(
        &self,
        array: &ArrayShape,
        stored: &HashSet<&str>,
    ) -> Result<ForeignLayer, ForeignError> {
        let folder = match self.asked.out.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let on_disk = stored.contains(array.name.as_str());
        self.file.read(array, on_disk.then_some(folder))
    }

    /// Probes layer after layer, view after view, each layer read when its turn has
    /// come. The table is written after each; what is said of single stimuli goes
    /// into the file, if there is one, and not into memory.
    fn all(
        &self,
        places: &[(&ArrayShape, Vec<View>)],
        stored: &HashSet<&str>,
        table: &mut Vec<ResultRow>,
        predictions: &mut Option<PredictionFile<'_>>,
        progress: &dyn Fn(ForeignEvent<'_>),
    ) -> Result<(), ForeignRunError> {
        let condition = self.condition();
        let start = Instant::now();
        progress(ForeignEvent::Started {
            total: places.iter().map(|(_, views)| views.len() as u64).sum(),
        });
        let mut done = 0;
        for (array, views) in places {
            let layer = self.read(array, stored)?;
            for &view in views {
                let mut tell = |text: &str| {
                    let detail = &format!("{}{text}", layer.name);
                    progress(ForeignEvent::Advanced { done, detail });
                };
                let place = (&layer, view);
                let written = table.len();
                table.extend(self.rows(&condition, place, predictions, &mut tell)?);
                // the table holds what the file does
                if let Err(error) = write_results(&self.asked.out, table) {
                    table.truncate(written);
                    return Err(error.into());
                }
                done += 1;
                let detail = &layer.name;
                progress(ForeignEvent::Advanced { done, detail });
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        progress(ForeignEvent::Finished { seconds });
        Ok(())
    }

    /// What the rows call the network: the name of its file.
    fn condition(&self) -> String {
        self.asked.activations.file_stem().map_or_else(
            || "activations".to_owned(),
            |stem| stem.to_string_lossy().into_owned(),
        )
    }

    /// The rows of a view of a layer.
    fn rows(
        &self,
        condition: &str,
        (layer, view): (&ForeignLayer, View),
        predictions: &mut Option<PredictionFile<'_>>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Vec<ResultRow>, ForeignRunError> {
        let (labels, cut, seed) = (self.labels, &self.cut, self.asked.seed);
        if let Some(grid) = &self.asked.grid {
            let mut epochs = |epoch| tell(&format!(", epoch {epoch} of {}", grid.epochs()));
            let run = (condition, seed);
            let found = rows_by_paper(run, layer, (labels, cut), grid, self.key, &mut epochs)?;
            return Ok(found);
        }
        let place = (layer, view);
        let found = probe(place, labels, cut, self.params, self.key, &self.extras)?;
        if let Some(file) = predictions {
            file.write(cut, &found)?;
        }
        Ok(rows(condition, seed, cut, &found))
    }
}
