use crate::ResultRow;
use crate::statistics::mean_interval;

/// What an interval is over, and so what it may be used to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum IntervalKind {
    /// Test stimuli: how well this one network was measured.
    Stimuli,
    /// Runs: how another network and hold-out would turn out.
    Runs,
}

/// A number with its interval, and how many runs it stands on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) mean: f64,
    pub(crate) interval: Option<(f64, f64, IntervalKind)>,
    pub(crate) n: usize,
    /// Runs among the n whose probe has no proof of convergence.
    pub(crate) unconverged: usize,
}

impl Estimate {
    /// The estimate from one value a run: the mean with an interval over
    /// runs, or the single run's own value and interval.
    pub(crate) fn over(measures: &[&Measure]) -> Option<Self> {
        let (first, rest) = measures.split_first()?;
        let unconverged = measures.iter().filter(|m| m.unconverged).count();
        if rest.is_empty() {
            return Some(Self {
                mean: first.value,
                interval: first.interval,
                n: first.runs,
                unconverged,
            });
        }
        let values: Vec<f64> = measures.iter().map(|m| m.value).collect();
        let over_runs = mean_interval(&values)?;
        Some(Self {
            mean: over_runs.mean,
            // an accuracy cannot leave 0 to 1, however few the runs
            interval: Some((
                over_runs.lower.max(0.0),
                over_runs.upper.min(1.0),
                IntervalKind::Runs,
            )),
            n: measures.len(),
            unconverged,
        })
    }

    /// The estimate of a difference, from one pair a run; without an
    /// interval where there is one run, because its two sides share stimuli.
    pub(crate) fn of_difference(pairs: &[(&Measure, &Measure)]) -> Option<Self> {
        let values: Vec<f64> = pairs.iter().map(|(a, b)| a.value - b.value).collect();
        let (first, n) = (values.first()?, values.len());
        let over_runs = mean_interval(&values);
        Some(Self {
            mean: over_runs.map_or(*first, |m| m.mean),
            interval: over_runs.map(|m| (m.lower, m.upper, IntervalKind::Runs)),
            n,
            unconverged: pairs
                .iter()
                .filter(|(a, b)| a.unconverged || b.unconverged)
                .count(),
        })
    }

    pub(crate) fn is_marked(&self) -> bool {
        self.unconverged > 0
    }
}

/// One run's number, as a row gives it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measure {
    pub(crate) value: f64,
    pub(crate) interval: Option<(f64, f64, IntervalKind)>,
    pub(crate) runs: usize,
    pub(crate) unconverged: bool,
}

impl Measure {
    /// The row's number; `None` if it is not finite.
    pub(crate) fn of(row: &ResultRow) -> Option<Self> {
        let kind = if row.interval_kind == "runs" {
            IntervalKind::Runs
        } else {
            IntervalKind::Stimuli
        };
        let ends = row.lower.zip(row.upper);
        row.value.is_finite().then(|| Self {
            value: row.value,
            interval: ends
                .filter(|(lower, upper)| lower.is_finite() && upper.is_finite())
                .map(|(lower, upper)| (lower.min(upper), upper.max(lower), kind)),
            runs: row.n_runs.map_or(1, |n| n.max(1) as usize),
            unconverged: row.is_unconverged(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(value: f64) -> Measure {
        Measure {
            value,
            interval: Some((value - 0.01, value + 0.01, IntervalKind::Stimuli)),
            runs: 1,
            unconverged: false,
        }
    }

    #[test]
    fn one_run_keeps_its_own_interval() {
        let estimate = Estimate::over(&[&measure(0.5)]).unwrap();
        assert_eq!(estimate.interval, Some((0.49, 0.51, IntervalKind::Stimuli)));
        assert_eq!(estimate.n, 1);
    }

    #[test]
    fn several_runs_have_an_interval_over_runs_within_the_unit() {
        let estimate = Estimate::over(&[&measure(0.9), &measure(1.0)]).unwrap();
        // 0.95 +- 12.7062 * 0.05 leaves the unit on both sides of 1
        let (lower, upper, kind) = estimate.interval.unwrap();
        assert!((lower - (0.95 - 12.706205 * 0.05)).abs() < 1e-6);
        assert_eq!((upper, kind), (1.0, IntervalKind::Runs));
        assert_eq!(estimate.n, 2);
    }

    #[test]
    fn a_difference_of_one_run_has_no_interval() {
        let estimate = Estimate::of_difference(&[(&measure(0.25), &measure(0.75))]).unwrap();
        assert_eq!((estimate.mean, estimate.interval), (-0.5, None));
    }
}
