use crate::ResultRow;
use crate::statistics::mean_interval;

/// What an interval is over, and so what it may be used to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum IntervalKind {
    /// Test stimuli: how well this one network was measured.
    Stimuli,
    /// Smallest and largest over control labelings of this one network.
    Labelings,
    /// Smallest and largest over orders of a code of this one network.
    Orders,
    /// Smallest and largest over seeds of a nonlinear probe of this one network.
    Seeds,
    /// Runs: how another network and hold-out would turn out.
    Runs,
}

/// What a run's held-out values and test stimuli are drawn by: the hold-out version and
/// the seed of the data.
pub(super) type Division = (Option<u32>, Option<u64>);

/// A number with its interval, and how many runs it stands on: where they are of several
/// hold-out versions, how many of these, since runs of one share its stimuli.
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
    /// runs, within the values that there can be, or the single run's own
    /// value and interval.
    pub(super) fn over(measures: &[(Division, &Measure)], (low, high): (f64, f64)) -> Option<Self> {
        let ((_, first), rest) = measures.split_first()?;
        let unconverged = measures.iter().filter(|(_, m)| m.unconverged).count();
        if rest.is_empty() {
            return Some(Self {
                mean: first.value,
                interval: first.interval,
                n: 1,
                unconverged,
            });
        }
        let values = independent(measures.iter().map(|(of, m)| (*of, m.value)));
        let over_runs = mean_interval(&values)?;
        Some(Self {
            mean: over_runs.mean,
            interval: Some((
                over_runs.lower.max(low),
                over_runs.upper.min(high),
                IntervalKind::Runs,
            )),
            n: values.len(),
            unconverged,
        })
    }

    /// The estimate of a difference, from one pair a run; without an
    /// interval where there is one run, because its two sides share stimuli.
    pub(super) fn of_difference(pairs: &[(Division, (&Measure, &Measure))]) -> Option<Self> {
        let differences = pairs.iter().map(|(of, (a, b))| (*of, a.value - b.value));
        let values = independent(differences);
        let (first, n) = (values.first()?, values.len());
        let over_runs = mean_interval(&values);
        Some(Self {
            mean: over_runs.map_or(*first, |m| m.mean),
            interval: over_runs.map(|m| (m.lower, m.upper, IntervalKind::Runs)),
            n,
            unconverged: pairs
                .iter()
                .filter(|(_, (a, b))| a.unconverged || b.unconverged)
                .count(),
        })
    }

    /// The same in another unit.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        let ends = |(a, b, kind): (f64, f64, _)| {
            let (a, b) = (a * factor, b * factor);
            (a.min(b), a.max(b), kind)
        };
        Self {
            mean: self.mean * factor,
            interval: self.interval.map(ends),
            ..self
        }
    }

    /// 1 or -1 where the whole interval over runs lies above or below 0,
    /// else 0: it cannot be told.
    pub(crate) fn verdict(&self) -> i8 {
        match self.interval {
            Some((lower, _, IntervalKind::Runs)) if lower > 0.0 => 1,
            Some((_, upper, IntervalKind::Runs)) if upper < 0.0 => -1,
            _ => 0,
        }
    }

    pub(crate) fn is_marked(&self) -> bool {
        self.unconverged > 0
    }
}

/// One value for each hold-out version, the mean of its runs. Runs of a single version stay
/// as they are: an interval over them speaks of their weights.
fn independent(values: impl Iterator<Item = (Division, f64)>) -> Vec<f64> {
    // in their order, on which the rounding of a mean hangs
    let mut by_version: Vec<(Division, Vec<f64>)> = Vec::new();
    for (of, value) in values {
        match by_version.iter_mut().find(|(known, _)| *known == of) {
            Some((_, own)) => own.push(value),
            None => by_version.push((of, vec![value])),
        }
    }
    if by_version.len() == 1 {
        return by_version.into_iter().flat_map(|(_, own)| own).collect();
    }
    let mean = |own: &[f64]| own.iter().sum::<f64>() / own.len() as f64;
    by_version.iter().map(|(_, own)| mean(own)).collect()
}

/// One run's number, as a row gives it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measure {
    pub(crate) value: f64,
    pub(crate) interval: Option<(f64, f64, IntervalKind)>,
    pub(crate) unconverged: bool,
}

impl Measure {
    /// The row's number; `None` if it is not finite.
    pub(crate) fn of(row: &ResultRow) -> Option<Self> {
        let kind = match row.interval_kind.as_str() {
            "labelings" => IntervalKind::Labelings,
            "orders" => IntervalKind::Orders,
            "seeds" => IntervalKind::Seeds,
            _ => IntervalKind::Stimuli,
        };
        row.value.is_finite().then(|| Self {
            unconverged: row.is_unconverged(),
            ..Self::with_ends(row.value, row.lower.zip(row.upper), kind)
        })
    }

    /// The difference of two numbers of one run, without an interval.
    pub(super) fn minus(&self, other: &Self) -> Self {
        Self {
            value: self.value - other.value,
            interval: None,
            unconverged: self.unconverged || other.unconverged,
        }
    }

    /// A number and the ends of its interval, if they are numbers.
    pub(super) fn with_ends(value: f64, ends: Option<(f64, f64)>, kind: IntervalKind) -> Self {
        Self {
            value,
            interval: ends
                .filter(|(lower, upper)| lower.is_finite() && upper.is_finite())
                .map(|(lower, upper)| (lower.min(upper), upper.max(lower), kind)),
            unconverged: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(value: f64) -> Measure {
        Measure {
            value,
            interval: Some((value - 0.01, value + 0.01, IntervalKind::Stimuli)),
            unconverged: false,
        }
    }

    fn of(version: u32) -> Division {
        (Some(version), Some(0))
    }

    /// Of accuracies, each with its hold-out version.
    fn over(values: &[(u32, f64)]) -> Estimate {
        let measures: Vec<_> = values.iter().map(|&(v, x)| (of(v), measure(x))).collect();
        let measures: Vec<_> = measures.iter().map(|(of, m)| (*of, m)).collect();
        Estimate::over(&measures, (0.0, 1.0)).unwrap()
    }

    #[test]
    fn one_run_keeps_its_own_interval() {
        let estimate = over(&[(0, 0.5)]);
        assert_eq!(estimate.interval, Some((0.49, 0.51, IntervalKind::Stimuli)));
        assert_eq!(estimate.n, 1);
    }

    #[test]
    fn several_runs_have_an_interval_over_runs_within_the_unit() {
        let estimate = over(&[(0, 0.9), (1, 1.0)]);
        // 0.95 +- 12.7062 * 0.05 leaves the unit on both sides of 1
        let (lower, upper, kind) = estimate.interval.unwrap();
        assert!((lower - (0.95 - 12.706205 * 0.05)).abs() < 1e-6);
        assert_eq!((upper, kind), (1.0, IntervalKind::Runs));
        assert_eq!(estimate.n, 2);
    }

    #[test]
    fn runs_of_one_version_are_no_independent_draws_of_others() {
        let versions = over(&[(0, 0.5), (1, 0.6), (2, 0.7)]);
        let mut twice = [
            (0, 0.49),
            (0, 0.51),
            (1, 0.6),
            (1, 0.6),
            (2, 0.71),
            (2, 0.69),
        ];
        let again = over(&twice);
        let ends = |estimate: &Estimate| estimate.interval.map(|(a, b, _)| [a, b]).unwrap();
        assert_eq!((again.n, versions.n), (3, 3));
        assert!((again.mean - versions.mean).abs() < 1e-12);
        for (a, b) in ends(&again).iter().zip(ends(&versions)) {
            assert!((a - b).abs() < 1e-12, "{again:?} {versions:?}");
        }
        // of one version alone, what is left to vary is how networks begin
        twice.iter_mut().for_each(|(version, _)| *version = 4);
        assert_eq!(over(&twice).n, 6);
    }

    #[test]
    fn a_verdict_needs_a_whole_interval_over_runs() {
        let change = |pairs: &[(f64, f64)]| {
            let pairs: Vec<(Measure, Measure)> = pairs
                .iter()
                .map(|&(a, b)| (measure(a), measure(b)))
                .collect();
            let pairs = (0..).zip(&pairs);
            let pairs: Vec<_> = pairs.map(|(v, (a, b))| (of(v), (a, b))).collect();
            Estimate::of_difference(&pairs).unwrap()
        };
        let falls = change(&[(0.5, 0.70), (0.5, 0.71), (0.5, 0.72)]);
        assert_eq!(
            (falls.verdict(), falls.clone().scaled(-2.0).verdict()),
            (-1, 1)
        );
        assert_eq!(change(&[(0.5, 0.7), (0.7, 0.5)]).verdict(), 0);
        // one run cannot tell, however large its change
        assert_eq!(change(&[(0.1, 0.9)]).verdict(), 0);
        let stimuli = over(&[(0, 0.5)]);
        assert_eq!(stimuli.verdict(), 0);
    }

    #[test]
    fn a_difference_of_one_run_has_no_interval() {
        let pair = (of(0), (&measure(0.25), &measure(0.75)));
        let estimate = Estimate::of_difference(&[pair]).unwrap();
        assert_eq!((estimate.mean, estimate.interval), (-0.5, None));
    }
}
