use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use layerprobe_probes::View;
use layerprobe_probes::similarity::{Representation, Resamples};
use layerprobe_reports::ResultRow;
use layerprobe_streams::StreamKey;
use ndarray::{ArrayView2, Axis};

use super::{CompareError, Compared, Measures, Side, Watch, announce, finish};
use crate::activations::Matrix;
use crate::experiment::{ExperimentError, Observer};
use crate::foreign::{ForeignFile, ForeignLayer};

/// Compares the arrays of one or two files of activations (`layers` of the
/// first, `layers_b` of the second; all, unless told), rows being the same
/// stimuli in the same order, and writes `out` with a figure of each metric
/// beside it.
///
/// # Errors
/// If a file cannot be read, the numbers of rows differ, or a similarity is
/// undefined.
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
    let mut read: Vec<(String, Vec<ForeignLayer>)> = Vec::new();
    for (file, layers) in files.iter().zip(wanted) {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let file = ForeignFile::open(file, layers)?;
        let arrays = file.arrays().iter().map(|array| file.read(array, None));
        let arrays = arrays.collect::<Result<_, _>>()?;
        read.push((name.into_owned(), arrays));
    }
    let rows = same_rows(&read)?;
    let counts: Vec<usize> = read.iter().map(|(_, layers)| layers.len()).collect();
    let (layers, pairs) = match counts[..] {
        [n] => (n, n * n.saturating_sub(1) / 2),
        _ => (counts.iter().sum(), counts.iter().product()),
    };
    if pairs == 0 {
        return Err(CompareError::OnlyOne);
    }
    let wanted = measures.stimuli_of(rows)?;
    announce(layers, pairs, wanted, measures, &watch);
    let key = StreamKey::from_seed(seed).derive("similarity/files");
    let mut chosen = key.derive("choice").at(0).permutation(rows);
    chosen.truncate(wanted);
    chosen.sort_unstable();
    let resamples = Resamples::draw(wanted, measures.resamples, key.derive("bootstrap"));
    let mut sides = Vec::new();
    for ((name, layers), path) in read.iter().zip(files) {
        let of_file = layers.iter().map(|layer| {
            watch.go_on()?;
            side((name, layer), path, &chosen, measures, &resamples)
        });
        sides.push(of_file.collect::<Result<Vec<_>, CompareError>>()?);
    }
    let second = sides.get(1).map(Vec::as_slice);
    let first = sides.first().map_or(&[][..], Vec::as_slice);
    finish((first, second), measures, out, key.derive("runs"), &watch)
}

/// The number of rows that all arrays have.
fn same_rows(read: &[(String, Vec<ForeignLayer>)]) -> Result<usize, CompareError> {
    let mut layers = read.iter().flat_map(|(_, layers)| layers);
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

fn side<'a>(
    (file, layer): (&str, &ForeignLayer),
    path: &Path,
    chosen: &[usize],
    measures: &Measures,
    resamples: &'a Resamples,
) -> Result<Side<'a>, CompareError> {
    let values = match &layer.matrix {
        Matrix::Memory(values) => values.as_slice(),
        Matrix::Disk(_) => &[],
    };
    let activations = ArrayView2::from_shape((layer.rows, layer.dim), values);
    let activations = activations.map_err(|e| ExperimentError::Damaged {
        path: path.to_owned(),
        problem: format!("{}: {e}", layer.name),
    })?;
    let name = format!("{file}, {}", layer.name);
    let Measures {
        metrics, distance, ..
    } = measures;
    let representation = match chosen.len() == layer.rows {
        true => Representation::new(&name, activations, metrics, *distance, resamples)?,
        false => {
            let rows = activations.select(Axis(0), chosen);
            Representation::new(&name, rows.view(), metrics, *distance, resamples)?
        }
    };
    Ok(Side {
        row: ResultRow {
            condition: file.to_owned(),
            layer: layer.name.clone(),
            dim: Some(layer.dim as u64),
            probe: "none".to_owned(),
            n_test: Some(chosen.len() as u64),
            view: View::Full.to_string(),
            n_runs: Some(1),
            split_kind: "given".to_owned(),
            ..ResultRow::default()
        },
        group: file.to_owned(),
        kind: file.to_owned(),
        representation,
    })
}
