//! The similarity of two kinds of network, each trained several times.

use std::collections::BTreeSet;

use layerprobe_reports::statistics::{MeanInterval, jackknife, student_quantile};

/// With fewer runs than this on a side there is no interval over runs.
const MIN_RUNS: usize = 3;

/// What tells a run of a kind from another: its hold-out version and its seed.
pub(super) type RunName = (Option<u32>, Option<u64>);

/// Similarities of every run of one kind with every run of another, or of one kind
/// among themselves.
pub(super) struct RunTable {
    /// The runs of its rows.
    pub(super) rows: Vec<RunName>,
    /// The runs of its columns.
    pub(super) columns: Vec<RunName>,
    /// `values[i][j]` is the similarity of run `i` of the first kind and run `j` of the
    /// second.
    pub(super) values: Vec<Vec<f64>>,
    /// Whether both sides are the same networks, none of which is paired with itself.
    pub(super) same_networks: bool,
}

/// The mean similarity over pairs of runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OverRuns {
    pub(super) value: f64,
    /// The 95 % interval over runs; none with fewer than 3 on a side.
    pub(super) interval: Option<(f64, f64)>,
}

/// A run that is left out, of one side or of both.
#[derive(Clone, Copy)]
struct LeftOut {
    name: RunName,
    of_rows: bool,
    of_columns: bool,
}

impl RunTable {
    /// The mean over pairs of runs with its interval by the jackknife; `None` if there is
    /// no pair.
    ///
    /// Where both sides have the same runs, of one kind or of two, a run is left out on
    /// both: what its hold-out version has in common on both sides varies once. Otherwise
    /// each run has the influence of its row and of its column, which a run on both sides
    /// adds up. A bootstrap of so few runs is too narrow: by simulation that of five
    /// contains the true mean 81 times of 100, the jackknife's 95 times.
    pub(super) fn mean(&self) -> Option<OverRuns> {
        let value = self.mean_without(None)?;
        let enough = self.rows.len() >= MIN_RUNS && self.columns.len() >= MIN_RUNS;
        let interval = match self.same_networks || same_names(&self.rows, &self.columns) {
            _ if !enough => None,
            true => self.leaving_out(&self.rows),
            false => self.of_unlike_sides(value),
        };
        // no similarity lies beyond
        let cut = |end: f64| end.clamp(-1.0, 1.0);
        Some(OverRuns {
            value,
            interval: interval.map(|interval| (cut(interval.lower), cut(interval.upper))),
        })
    }

    fn leaving_out(&self, runs: &[RunName]) -> Option<MeanInterval> {
        jackknife(runs, |without| {
            self.mean_without(without.map(|name| LeftOut {
                name: *name,
                of_rows: true,
                of_columns: true,
            }))
        })
    }

    /// The interval where runs are on one side only: the jackknife's error of each side,
    /// `sqrt((n - 1) / n * sum of (mean without the run - mean)^2)`, with the two parts of
    /// a run that is on both added before they are squared, and Student's t of the smaller
    /// side.
    fn of_unlike_sides(&self, mean: f64) -> Option<MeanInterval> {
        let of_side = |runs: &[RunName], name: RunName, (of_rows, of_columns): (bool, bool)| {
            if !runs.contains(&name) {
                return Some(0.0);
            }
            let rest = self.mean_without(Some(LeftOut {
                name,
                of_rows,
                of_columns,
            }))?;
            let n = runs.len() as f64;
            Some(((n - 1.0) / n).sqrt() * (rest - mean))
        };
        let names: BTreeSet<RunName> = self.rows.iter().chain(&self.columns).copied().collect();
        let mut squares = 0.0;
        for name in names {
            let by_row = of_side(&self.rows, name, (true, false))?;
            let by_column = of_side(&self.columns, name, (false, true))?;
            squares += (by_row + by_column).powi(2);
        }
        let smaller = self.rows.len().min(self.columns.len()) as u64;
        let half = student_quantile(0.95, smaller - 1) * squares.sqrt();
        Some(MeanInterval {
            mean,
            lower: mean - half,
            upper: mean + half,
        })
    }

    fn mean_without(&self, without: Option<LeftOut>) -> Option<f64> {
        let is_out = |row: &RunName, column: &RunName| {
            without.is_some_and(|out| {
                (out.of_rows && out.name == *row) || (out.of_columns && out.name == *column)
            })
        };
        let (mut sum, mut count) = (0.0, 0usize);
        for (i, (row, values)) in self.rows.iter().zip(&self.values).enumerate() {
            for (j, (column, value)) in self.columns.iter().zip(values).enumerate() {
                let is_itself = self.same_networks && i == j;
                if !is_itself && !is_out(row, column) {
                    sum += value;
                    count += 1;
                }
            }
        }
        (count > 0).then(|| sum / count as f64)
    }
}

/// Whether two lists name the same runs, each once.
fn same_names(first: &[RunName], second: &[RunName]) -> bool {
    let sorted = |names: &[RunName]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    };
    let (first, second) = (sorted(first), sorted(second));
    first == second && first.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerprobe_reports::statistics::mean_interval;
    use layerprobe_streams::StreamKey;

    fn names(versions: std::ops::Range<u32>) -> Vec<RunName> {
        versions.map(|version| (Some(version), Some(0))).collect()
    }

    fn table(
        (rows, columns): (std::ops::Range<u32>, std::ops::Range<u32>),
        same_networks: bool,
        value: impl Fn(u32, u32) -> f64,
    ) -> RunTable {
        let row = |i: u32| columns.clone().map(|j| value(i, j)).collect();
        RunTable {
            values: rows.clone().map(row).collect(),
            rows: names(rows),
            columns: names(columns.clone()),
            same_networks,
        }
    }

    fn close(found: (f64, f64), wanted: (f64, f64)) {
        let off = (found.0 - wanted.0).abs() + (found.1 - wanted.1).abs();
        assert!(off < 1e-12, "{found:?} {wanted:?}");
    }

    #[test]
    fn a_run_is_never_paired_with_itself() {
        let value = |i, j| if i == j { 1.0 } else { 0.2 };
        let found = table((0..5, 0..5), true, value).mean().unwrap();
        assert!((found.value - 0.2).abs() < 1e-12);
        close(found.interval.unwrap(), (0.2, 0.2));
    }

    /// Pairs a_i + a_j have the mean 2 mean(a), and leaving a run out takes its a twice.
    #[test]
    fn pairs_of_one_kind_count_their_runs() {
        let own = [0.1, 0.3, 0.2, 0.35];
        let value = |i: u32, j: u32| own[i as usize] + own[j as usize];
        let doubled = mean_interval(&own.map(|a| 2.0 * a)).unwrap();
        for same_networks in [true, false] {
            let found = table((0..4, 0..4), same_networks, value).mean().unwrap();
            close(found.interval.unwrap(), (doubled.lower, doubled.upper));
        }
    }

    #[test]
    fn sides_of_other_runs_vary_apart() {
        let (first, second) = ([0.1, 0.3, 0.2, 0.35], [0.05, 0.4, 0.3]);
        let value = |i: u32, j: u32| first[i as usize] + second[(j - 10) as usize];
        let found = table((0..4, 10..13), false, value).mean().unwrap();
        let error = |values: &[f64]| {
            let interval = mean_interval(values).unwrap();
            (interval.upper - interval.mean) / student_quantile(0.95, values.len() as u64 - 1)
        };
        let half = student_quantile(0.95, 2) * error(&first).hypot(error(&second));
        assert!((found.value - 0.4875).abs() < 1e-12);
        close(
            found.interval.unwrap(),
            (found.value - half, found.value + half),
        );
    }

    /// What a run has in common on both sides varies once, where others are on one side.
    #[test]
    fn runs_on_both_sides_vary_once() {
        let own = [0.1, 0.3, 0.2, 0.35, 0.15];
        let value = |i: u32, j: u32| own[i as usize] + own[j as usize];
        let few = table((0..5, 0..4), false, value).mean().unwrap();
        let (lower, upper) = few.interval.unwrap();
        let all = table((0..5, 0..5), false, value).mean().unwrap();
        let (least, most) = all.interval.unwrap();
        // one fewer on a side makes it no narrower
        assert!(upper - lower > most - least, "{few:?} {all:?}");
        let apart = table((0..5, 10..14), false, |i, j| value(i, j - 10));
        let (low, high) = apart.mean().unwrap().interval.unwrap();
        assert!(high - low < 0.8 * (upper - lower), "{few:?} {low} {high}");
    }

    #[test]
    fn ends_beyond_any_similarity_are_cut() {
        let value = |i: u32, j: u32| if i + j < 3 { 0.99 } else { -0.5 };
        let found = table((0..3, 0..3), true, value).mean().unwrap();
        assert_eq!(found.interval, Some((-1.0, 1.0)));
    }

    /// How often the interval of five runs has the mean of all pairs there could be,
    /// which is 0.
    #[test]
    fn intervals_of_five_runs_contain_the_true_mean() {
        const DRAWS: u64 = 2000;
        let key = StreamKey::from_seed(7);
        let contained = (0..DRAWS).filter(|draw| {
            let mut stream = key.at(*draw);
            // twelve uniform numbers make a nearly normal one
            let mut normal = || (0..12).map(|_| stream.uniform_in(-0.5, 0.5)).sum::<f64>();
            let own: Vec<f64> = (0..5).map(|_| normal()).collect();
            let noise: Vec<f64> = (0..25).map(|_| 0.3 * normal()).collect();
            let value = |i: u32, j: u32| {
                let pair = 5 * i.min(j) + i.max(j);
                own[i as usize] + own[j as usize] + noise[pair as usize]
            };
            let found = table((0..5, 0..5), true, value).mean().unwrap();
            let (lower, upper) = found.interval.unwrap();
            lower < 0.0 && upper > 0.0
        });
        let share = contained.count() as f64 / DRAWS as f64;
        assert!((0.935..0.965).contains(&share), "{share}");
    }

    #[test]
    fn few_runs_have_no_interval_and_one_has_no_pair() {
        let two = table((0..2, 0..2), true, |_, _| 0.3).mean().unwrap();
        assert_eq!((two.value, two.interval), (0.3, None));
        let uneven = table((0..5, 0..2), false, |_, _| 0.3).mean().unwrap();
        assert_eq!(uneven.interval, None);
        assert_eq!(table((0..1, 0..1), true, |_, _| 1.0).mean(), None);
        assert_eq!(table((0..0, 0..0), false, |_, _| 1.0).mean(), None);
    }
}
