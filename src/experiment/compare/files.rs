use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use layerprobe_probes::View;
use layerprobe_probes::similarity::{Representation, Resamples, SimilarityError, silent_stimuli};
use layerprobe_reports::ResultRow;
use layerprobe_streams::StreamKey;
use ndarray::{ArrayView2, Axis, CowArray, Ix2};

use super::names::file_names;
use super::silent::{Chosen, SilentLayer};
use super::{CompareError, Compared, Measures, Side, Watch, announce, finish, pairs_of};
use crate::activations::Matrix;
use crate::experiment::{Event, ExperimentError, Observer};
use crate::foreign::{ForeignFile, ForeignLayer};

/// Compares the arrays of one or two files of activations (`layers` of the
/// first, `layers_b` of the second; all, unless told), rows being the same
/// stimuli in the same order, and writes `out` with a figure of each metric
/// beside it.
///
/// # Errors
/// If a file cannot be read, the numbers of rows differ, or a similarity is
/// undefined. Where that is so for some stimuli, since all units of a layer are
/// alike for them, those are left out of all layers, with a warning.
pub fn compare_files(
    files: &[PathBuf],
    (layers, layers_b): (Option<&[String]>, Option<&[String]>),
    measures: &Measures,
    seed: u64,
    out: &Path,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<Compared, CompareError> {
    let watch = Watch { stop, observer };
    let wanted = [layers, layers_b.or(layers)];
    let mut read = Vec::new();
    for ((path, layers), name) in files.iter().zip(wanted).zip(file_names(files)) {
        let file = ForeignFile::open(path, layers)?;
        let arrays = file.arrays().iter().map(|array| file.read(array, None));
        read.push(Arrays {
            path,
            name,
            layers: arrays.collect::<Result<_, _>>()?,
        });
    }
    let rows = same_rows(&read)?;
    let counts: Vec<usize> = read.iter().map(|file| file.layers.len()).collect();
    let (layers, pairs) = (counts.iter().sum(), pairs_of(&counts));
    if pairs == 0 {
        return Err(CompareError::OnlyOne);
    }
    let wanted = measures.stimuli_of(rows)?;
    announce(layers, pairs, wanted, measures, &watch)?;
    let key = StreamKey::from_seed(seed).derive("similarity/files");
    let mut chosen = key.derive("choice").at(0).permutation(rows);
    chosen.truncate(wanted);
    chosen.sort_unstable();
    let draw =
        |stimuli: usize| Resamples::draw(stimuli, measures.resamples, key.derive("bootstrap"));
    let everything = Chosen::everything(wanted);
    let mut resamples = draw(wanted);
    let mut sides = all_sides(&read, &chosen, &everything, measures, &resamples, &watch);
    if let Err(CompareError::Similarity(SimilarityError::ConstantStimulus { .. })) = sides {
        drop(sides);
        let left = without_silent(&read, &chosen, &watch)?;
        chosen = left
            .rows
            .iter()
            .filter_map(|row| chosen.get(*row).copied())
            .collect();
        resamples = draw(chosen.len());
        sides = all_sides(&read, &chosen, &left, measures, &resamples, &watch);
    }
    let sides = sides?;
    let second = sides.get(1).map(Vec::as_slice);
    let first = sides.first().map_or(&[][..], Vec::as_slice);
    finish((first, second), measures, out, &watch)
}

/// What a file has.
struct Arrays<'a> {
    path: &'a Path,
    /// The file's name without its ending.
    name: String,
    layers: Vec<ForeignLayer>,
}

impl Arrays<'_> {
    /// What tells its layers from those of a file of the same name.
    fn condition(&self) -> String {
        self.path.display().to_string()
    }

    /// Rows of a layer of it, copied only where they are not all.
    fn rows<'l>(
        &self,
        layer: &'l ForeignLayer,
        rows: &[usize],
    ) -> Result<CowArray<'l, f32, Ix2>, CompareError> {
        let values = match &layer.matrix {
            Matrix::Memory(values) => values.as_slice(),
            Matrix::Disk(_) => &[],
        };
        let all = ArrayView2::from_shape((layer.rows, layer.dim), values);
        let all = all.map_err(|e| ExperimentError::Damaged {
            path: self.path.to_owned(),
            problem: format!("{}: {e}", layer.name),
        })?;
        Ok(match rows.len() == layer.rows {
            true => all.into(),
            false => all.select(Axis(0), rows).into(),
        })
    }
}

/// The number of rows that all arrays have.
fn same_rows(read: &[Arrays<'_>]) -> Result<usize, CompareError> {
    let mut layers = read.iter().flat_map(|file| &file.layers);
    let Some(first) = layers.next() else {
        return Err(CompareError::OnlyOne);
    };
    match layers.find(|layer| layer.rows != first.rows) {
        None => Ok(first.rows),
        Some(other) => Err(CompareError::Rows {
            first: first.name.clone(),
            first_rows: first.rows,
            second: other.name.clone(),
            second_rows: other.rows,
        }),
    }
}

/// What is left without stimuli for which all units of a layer are alike, and
/// without layers that would take too many along.
fn without_silent(
    read: &[Arrays<'_>],
    rows: &[usize],
    watch: &Watch<'_>,
) -> Result<Chosen, CompareError> {
    let mut silent = Vec::new();
    for file in read {
        for layer in &file.layers {
            watch.go_on()?;
            let found = silent_stimuli(file.rows(layer, rows)?.view());
            if !found.is_empty() {
                silent.push(SilentLayer {
                    group: file.name.clone(),
                    condition: file.condition(),
                    step: None,
                    layer: layer.name.clone(),
                    rows: found,
                });
            }
        }
    }
    let (chosen, told) = Chosen::without(silent, rows.len());
    for warning in &told {
        watch.observer.event(Event::Warning(warning));
    }
    Ok(chosen)
}

/// The sides to compare, file by file: rows of the layers that are measured.
fn all_sides<'a>(
    read: &[Arrays<'_>],
    rows: &[usize],
    chosen: &Chosen,
    measures: &Measures,
    resamples: &'a Resamples,
    watch: &Watch<'_>,
) -> Result<Vec<Vec<Side<'a>>>, CompareError> {
    let of_file = |file: &Arrays<'_>| {
        let layers = file.layers.iter();
        let measured = layers.filter(|l| chosen.has(&file.condition(), None, &l.name));
        let sides = measured.map(|layer| {
            watch.go_on()?;
            side((file, layer), rows, measures, resamples)
        });
        sides.collect()
    };
    read.iter().map(of_file).collect()
}

fn side<'a>(
    (file, layer): (&Arrays<'_>, &ForeignLayer),
    rows: &[usize],
    measures: &Measures,
    resamples: &'a Resamples,
) -> Result<Side<'a>, CompareError> {
    let activations = file.rows(layer, rows)?;
    let name = format!("{}, {}", file.name, layer.name);
    let Measures {
        metrics, distance, ..
    } = measures;
    let representation =
        Representation::new(&name, activations.view(), metrics, *distance, resamples)?;
    Ok(Side {
        row: ResultRow {
            condition: file.name.clone(),
            layer: layer.name.clone(),
            dim: Some(layer.dim as u64),
            probe: "none".to_owned(),
            n_test: Some(rows.len() as u64),
            view: View::Full.to_string(),
            n_runs: Some(1),
            split_kind: "given".to_owned(),
            ..ResultRow::default()
        },
        group: file.name.clone(),
        kind: file.name.clone(),
        representation,
    })
}
