use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::evidence::{Observation, RunId};
use crate::statistics::jackknife;

/// How a quantity has to stand to what it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Larger: the interval of the difference lies above 0. It is not, where
    /// the interval lies below the margin. With an amount, larger by that much:
    /// the interval lies above it; it is not, where the interval lies below it.
    Above,
    /// Smaller: as above, the other way round.
    Below,
    /// Equal for what matters: the interval lies within the margin on both
    /// sides of 0. It is not, where the interval lies outside of that.
    Equal,
}

/// A difference with its 95 % interval over runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The difference of means.
    pub value: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Runs behind it.
    pub runs: usize,
}

impl Relation {
    /// A word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Above => "larger",
            Self::Below => "smaller",
            Self::Equal => "equal",
        }
    }

    /// Whether a difference is so (by an amount, unless that is 0), is not so, or
    /// neither can be told.
    pub(super) fn holds(self, estimate: &Estimate, margin: f64, by: f64) -> Option<bool> {
        let (lower, upper) = (estimate.lower, estimate.upper);
        let least = if by == 0.0 { margin } else { by };
        match self {
            // the second, where there is no margin and runs do not differ
            Self::Above if upper < least || upper <= by => Some(false),
            Self::Above if lower > by => Some(true),
            Self::Below if lower > -least || lower >= -by => Some(false),
            Self::Below if upper < -by => Some(true),
            Self::Equal if -margin < lower && upper < margin => Some(true),
            Self::Equal if lower > margin || upper < -margin => Some(false),
            _ => None,
        }
    }
}

/// What the first observations are above the second, or above a number, over
/// the runs that both have.
///
/// The interval is the jackknife's over runs: a run is left out with all
/// observations it takes part in, and the pseudovalues get Student's t with
/// n - 1 degrees of freedom. For one observation a run that is the paired t
/// interval; for pairs of runs it counts runs, not pairs, and only runs that stand
/// on both sides of the pairs: three networks beside five others are three runs.
/// `None` with fewer than two runs, or where a side has nothing left without one of
/// them.
pub(super) fn difference(first: &[Observation], second: &Against<'_>) -> Option<Estimate> {
    let mut runs = runs_of(first);
    if let Against::Observations(second) = second {
        let others = runs_of(second);
        runs.retain(|run| others.contains(run));
    }
    let mean = |observations: &[Observation], without: Option<&RunId>| {
        let mut sum = 0.0;
        let mut count = 0usize;
        for observation in observations {
            let inside = observation.runs.iter().all(|run| runs.contains(run));
            if inside && !without.is_some_and(|run| observation.runs.contains(run)) {
                sum += observation.value;
                count += 1;
            }
        }
        (count > 0).then(|| sum / count as f64)
    };
    let above = |without: Option<&RunId>| {
        let second = match second {
            Against::Observations(second) => mean(second, without)?,
            Against::Number(number) => *number,
        };
        Some(mean(first, without)? - second)
    };
    let counted: Vec<&RunId> = runs.iter().collect();
    let interval = jackknife(&counted, |without| above(without.copied()))?;
    Some(Estimate {
        value: interval.mean,
        lower: interval.lower,
        upper: interval.upper,
        runs: runs.len(),
    })
}

/// What a quantity is compared with.
pub(super) enum Against<'a> {
    /// Another quantity.
    Observations(&'a [Observation]),
    /// A number.
    Number(f64),
}

/// The runs of observations; of pairs between two kinds of networks, those that
/// have a network of each kind among them.
fn runs_of(observations: &[Observation]) -> BTreeSet<RunId> {
    let all = observations.iter().flat_map(|o| o.runs.iter().copied());
    let mut runs: BTreeSet<RunId> = all.collect();
    if observations.iter().any(|o| o.between_kinds) {
        for side in 0..2 {
            let on_side: BTreeSet<RunId> = observations
                .iter()
                .filter_map(|o| o.runs.get(side).copied())
                .collect();
            runs.retain(|run| on_side.contains(run));
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::mean_interval;

    fn alone(run: u32, value: f64) -> Observation {
        Observation {
            runs: vec![RunId::of(run)],
            between_kinds: false,
            value,
        }
    }

    fn pair(a: u32, b: u32, value: f64) -> Observation {
        Observation {
            runs: vec![RunId::of(a), RunId::of(b)],
            between_kinds: false,
            value,
        }
    }

    /// Of a network of one kind and one of another.
    fn between(a: u32, b: u32, value: f64) -> Observation {
        Observation {
            between_kinds: true,
            ..pair(a, b, value)
        }
    }

    #[test]
    fn single_observations_have_the_paired_t_interval() {
        let first = [alone(0, 0.9), alone(1, 0.7), alone(2, 0.8), alone(7, 0.0)];
        let second = [alone(2, 0.5), alone(0, 0.4), alone(1, 0.45), alone(9, 1.0)];
        let found = difference(&first, &Against::Observations(&second)).unwrap();
        let paired = mean_interval(&[0.5, 0.25, 0.3]).unwrap();
        assert!((found.value - paired.mean).abs() < 1e-12);
        assert!((found.lower - paired.lower).abs() < 1e-12);
        assert!((found.upper - paired.upper).abs() < 1e-12);
        assert_eq!(found.runs, 3);
    }

    /// Pairs a_i + a_j have the mean 2 mean(a), and leaving a run out takes
    /// its a twice: the interval is that of 2 a.
    #[test]
    fn pairs_are_counted_by_their_runs() {
        let own = [0.1, 0.3, 0.2, 0.35];
        let mut pairs = Vec::new();
        for i in 0..4u32 {
            for j in i + 1..4 {
                pairs.push(pair(i, j, own[i as usize] + own[j as usize]));
            }
        }
        let found = difference(&pairs, &Against::Number(0.25)).unwrap();
        let doubled = mean_interval(&own.map(|a| 2.0 * a)).unwrap();
        assert!((found.value - (doubled.mean - 0.25)).abs() < 1e-12);
        assert!((found.upper - found.lower - (doubled.upper - doubled.lower)).abs() < 1e-12);
        assert_eq!(found.runs, 4);
    }

    /// Three networks of a kind beside five of another are three runs, and say
    /// nothing of how further ones would turn out.
    #[test]
    fn runs_of_one_kind_alone_do_not_count() {
        let value = |i: u32, j: u32| 0.1 * f64::from(i * i) + 0.02 * f64::from(j);
        let pairs = |kinds: u32, others: u32| -> Vec<Observation> {
            let all = (0..kinds).flat_map(|i| (0..others).map(move |j| (i, j)));
            let apart = all.filter(|(i, j)| i != j);
            apart.map(|(i, j)| between(i, j, value(i, j))).collect()
        };
        let uneven = difference(&pairs(3, 5), &Against::Number(0.0)).unwrap();
        let even = difference(&pairs(3, 3), &Against::Number(0.0)).unwrap();
        assert_eq!((uneven, uneven.runs), (even, 3));
        let more = difference(&pairs(5, 5), &Against::Number(0.0)).unwrap();
        assert_eq!(more.runs, 5);
        // one in two orders is two pairs
        let turned = [between(0, 1, 0.2), between(1, 0, 0.4)];
        assert!(difference(&turned, &Against::Number(0.0)).is_none());
    }

    #[test]
    fn one_run_and_strangers_have_no_interval() {
        assert_eq!(difference(&[alone(0, 1.0)], &Against::Number(0.5)), None);
        let (a, b) = (
            [alone(0, 1.0), alone(1, 1.0)],
            [alone(2, 1.0), alone(3, 1.0)],
        );
        assert_eq!(difference(&a, &Against::Observations(&b)), None);
        // without either run no pair is left
        assert_eq!(difference(&[pair(0, 1, 0.5)], &Against::Number(0.0)), None);
    }

    #[test]
    fn relations_turn_with_the_interval() {
        let at = |lower: f64, upper: f64| Estimate {
            value: (lower + upper) / 2.0,
            lower,
            upper,
            runs: 5,
        };
        let cases = [
            (Relation::Above, at(0.01, 0.2), Some(true)),
            (Relation::Above, at(-0.01, 0.2), None),
            (Relation::Above, at(-0.2, 0.04), Some(false)),
            // real, but smaller than what counts
            (Relation::Above, at(0.01, 0.04), Some(false)),
            (Relation::Below, at(-0.2, -0.01), Some(true)),
            (Relation::Below, at(-0.2, 0.01), None),
            (Relation::Below, at(-0.04, 0.2), Some(false)),
            (Relation::Equal, at(-0.04, 0.04), Some(true)),
            (Relation::Equal, at(-0.06, 0.04), None),
            (Relation::Equal, at(0.06, 0.08), Some(false)),
            (Relation::Equal, at(-0.08, -0.06), Some(false)),
        ];
        for (relation, estimate, wanted) in cases {
            assert_eq!(
                relation.holds(&estimate, 0.05, 0.0),
                wanted,
                "{relation:?} {estimate:?}"
            );
        }
        let by = [
            (Relation::Above, at(0.21, 0.3), 0.2, Some(true)),
            (Relation::Above, at(0.19, 0.3), 0.2, None),
            (Relation::Above, at(0.1, 0.19), 0.2, Some(false)),
            (Relation::Below, at(-0.3, -0.21), 0.2, Some(true)),
            (Relation::Below, at(-0.3, -0.19), 0.2, None),
            (Relation::Below, at(-0.19, -0.1), 0.2, Some(false)),
            // less, but by less than .1
            (Relation::Above, at(-0.09, -0.01), -0.1, Some(true)),
            (Relation::Above, at(-0.11, -0.01), -0.1, None),
            (Relation::Above, at(-0.3, -0.11), -0.1, Some(false)),
        ];
        for (relation, estimate, by, wanted) in by {
            let found = relation.holds(&estimate, 0.05, by);
            assert_eq!(found, wanted, "{relation:?} {estimate:?} {by}");
        }
    }
}
