use layerprobe_streams::StreamKey;

use super::{SimilarityError, intervals};

/// With fewer runs than this on a side there is no interval over runs.
const MIN_RUNS: usize = 3;

/// Draws of runs in a row that may hold one run only before it is given up.
const REDRAWS: usize = 1000;

/// The similarity of two kinds of network, each trained several times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OverRuns {
    /// The mean over pairs of runs.
    pub value: f64,
    /// The 95 % interval over runs; none with fewer than 3 on a side.
    pub interval: Option<(f64, f64)>,
    /// Pairs of runs behind the mean.
    pub pairs: usize,
}

/// The mean similarity over pairs of runs with a bootstrap interval over runs.
///
/// `table[i][j]` is the similarity of run `i` of the first kind and run `j` of
/// the second. If both sides are the same runs of one kind (`same_runs`), a run is
/// never paired with itself, nor with its own copy in a resample: at a
/// similarity of 1 these would bias the mean upward. Otherwise both sides are
/// resampled independently. Resample number `r` draws from the key's stream
/// `r`; a draw of a single run over and over, which has no pair, is drawn again.
/// `None` if there is no pair of runs.
///
/// ```
/// use layerprobe_probes::similarity::over_runs;
/// use layerprobe_streams::StreamKey;
///
/// let table = [vec![1.0, 0.4, 0.5], vec![0.4, 1.0, 0.3], vec![0.5, 0.3, 1.0]];
/// let found = over_runs(&table, true, 1000, StreamKey::from_seed(0))?.unwrap();
/// assert!((found.value - 0.4).abs() < 1e-12);
/// assert_eq!(found.pairs, 3);
/// let (lower, upper) = found.interval.unwrap();
/// assert!((lower - 0.3).abs() < 1e-12 && (upper - 0.5).abs() < 1e-12);
/// # Ok::<(), layerprobe_probes::similarity::SimilarityError>(())
/// ```
///
/// # Errors
/// If the table is not rectangular, or not square for the same runs.
pub fn over_runs(
    table: &[Vec<f64>],
    same_runs: bool,
    resamples: usize,
    key: StreamKey,
) -> Result<Option<OverRuns>, SimilarityError> {
    let rows = table.len();
    let columns = if same_runs {
        rows
    } else {
        table.first().map_or(0, Vec::len)
    };
    let misfit = |row: &Vec<f64>| row.len() != columns;
    if let Some(row) = table.iter().position(misfit) {
        return Err(SimilarityError::RunTable {
            rows,
            columns,
            row,
            found: table[row].len(),
        });
    }
    let mean = |of_rows: &[f64], of_columns: &[f64]| {
        let (mut sum, mut weight) = (0.0, 0.0);
        for (i, (row, a)) in table.iter().zip(of_rows).enumerate() {
            for (j, (value, b)) in row.iter().zip(of_columns).enumerate() {
                if !(same_runs && i == j) {
                    sum += a * b * value;
                    weight += a * b;
                }
            }
        }
        (weight > 0.0).then(|| sum / weight)
    };
    let (every_row, every_column) = (vec![1.0; rows], vec![1.0; columns]);
    let Some(value) = mean(&every_row, &every_column) else {
        return Ok(None);
    };
    let pairs = match same_runs {
        true => rows * (rows - 1) / 2,
        false => rows * columns,
    };
    let mut interval = None;
    if rows >= MIN_RUNS && columns >= MIN_RUNS {
        let resampled: Vec<f64> = (0..resamples as u64)
            .filter_map(|resample| {
                let mut stream = key.at(resample);
                let mut draw = |runs: usize| {
                    let mut weights = vec![0.0; runs];
                    for _ in 0..runs {
                        weights[stream.below(runs as u64) as usize] += 1.0;
                    }
                    weights
                };
                (0..REDRAWS).find_map(|_| {
                    let of_rows = draw(rows);
                    match same_runs {
                        true => mean(&of_rows, &of_rows),
                        false => mean(&of_rows, &draw(columns)),
                    }
                })
            })
            .collect();
        interval = intervals::percentiles(&resampled);
    }
    Ok(Some(OverRuns {
        value,
        interval,
        pairs,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_copies_do_not_raise_the_mean() {
        let table: Vec<Vec<f64>> = (0..5)
            .map(|i| (0..5).map(|j| if i == j { 1.0 } else { 0.2 }).collect())
            .collect();
        let found = over_runs(&table, true, 500, StreamKey::from_seed(2));
        let found = found.unwrap().unwrap();
        let (lower, upper) = found.interval.unwrap();
        for x in [found.value, lower, upper] {
            assert!((x - 0.2).abs() < 1e-12, "{x}");
        }
        assert_eq!(found.pairs, 10);
    }

    #[test]
    fn different_runs_are_resampled_apart() {
        // all of the spread lies between the first side's runs
        let table: Vec<Vec<f64>> = (0..4).map(|i| vec![f64::from(i); 3]).collect();
        let found = over_runs(&table, false, 2000, StreamKey::from_seed(2));
        let found = found.unwrap().unwrap();
        assert_eq!((found.value, found.pairs), (1.5, 12));
        let (lower, upper) = found.interval.unwrap();
        // the mean of 4 draws from 0..4 has a deviation of 0.56
        assert!((0.25..0.75).contains(&lower), "{lower}");
        assert!((2.25..2.75).contains(&upper), "{upper}");
    }

    #[test]
    fn few_runs_have_no_interval_and_one_has_no_pair() {
        let key = StreamKey::from_seed(0);
        let two = over_runs(&[vec![1.0, 0.3], vec![0.3, 1.0]], true, 100, key);
        let two = two.unwrap().unwrap();
        assert_eq!((two.value, two.interval), (0.3, None));
        assert_eq!(over_runs(&[vec![1.0]], true, 100, key).unwrap(), None);
        assert_eq!(over_runs(&[], false, 100, key).unwrap(), None);
        let ragged = over_runs(&[vec![0.1, 0.2], vec![0.3]], false, 10, key);
        assert!(ragged.unwrap_err().to_string().contains("row 1 has 1"));
    }
}
