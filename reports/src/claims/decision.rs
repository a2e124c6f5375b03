//! A part of a claim, held against what was observed.

use std::collections::BTreeSet;

use super::answer::{Finding, Learned, Outcome};
use super::claim::{Claims, Part};
use super::comparison::{Against, Estimate, difference};
use super::evidence::{Evidence, Gate, Observation, Observed, RunId, experiment_of};
use super::quantity::Quantity;

impl Claims {
    /// What the evidence says of a part.
    pub(super) fn finding(&self, part: &Part, evidence: &Evidence<'_>) -> Finding {
        let gate = part.gate();
        let sides = Sides::of(part, evidence, gate.as_ref());
        let estimate = sides.estimate();
        let left_out = sides.each().any(|(_, seen)| seen.left_out > 0);
        let without_gate = || Sides::of(part, evidence, None).estimate();
        Finding {
            says: part.name(),
            measured: part.in_words(),
            estimate,
            is: part.is,
            margin: part.margin,
            by: part.by,
            learned: gate.as_ref().map(|gate| Learned {
                least: gate.least,
                on: part.learned_on,
            }),
            unless_ceiling: part.unless_ceiling,
            outcome: match sides.undecided() {
                Some(outcome) => outcome,
                None => self.outcome(&sides, estimate),
            },
            by_upper_bounds: None,
            upper_bounds_minus_clean: None,
            without_gate: left_out.then(without_gate).flatten(),
            amended: part.amended.clone(),
            notes: sides.notes(),
        }
    }

    /// By how much the difference of a part is larger by some evidence than by other
    /// evidence of the same runs, for quantities of single networks.
    pub(super) fn change(part: &Part, by: &Evidence<'_>, than: &Evidence<'_>) -> Option<Estimate> {
        let gate = part.gate();
        let by_run = |evidence| Sides::of(part, evidence, gate.as_ref()).by_run();
        difference(&by_run(by), &Against::Observations(&by_run(than)))
    }

    fn outcome(&self, sides: &Sides<'_>, estimate: Option<Estimate>) -> Outcome {
        let part = sides.part;
        if part.unless_ceiling && self.at_ceiling(sides.second.as_ref()) {
            return Outcome::AtCeiling;
        }
        match &estimate {
            Some(estimate) if estimate.runs >= self.least_runs || part.exact => {
                match part.is.holds(estimate, part.margin, part.by) {
                    Some(true) => Outcome::Holds,
                    Some(false) => Outcome::Fails,
                    None => Outcome::CannotTell("the interval is too wide".to_owned()),
                }
            }
            Some(estimate) => Outcome::CannotTell(format!(
                "{} runs, {} are the least that decide",
                estimate.runs, self.least_runs
            )),
            None => Outcome::CannotTell(sides.without_interval().to_owned()),
        }
    }

    fn at_ceiling(&self, observed: Option<&Observed>) -> bool {
        let estimate = observed.and_then(|o| difference(&o.observations, &Against::Number(0.0)));
        estimate.is_some_and(|estimate| {
            estimate.runs >= self.least_runs && estimate.lower > self.ceiling
        })
    }
}

impl Part {
    /// Which networks count; what is computed has nothing to learn.
    fn gate(&self) -> Option<Gate<'_>> {
        (!self.exact).then(|| Gate {
            metric: self.learned_on.metric(),
            least: self.learned,
        })
    }
}

/// What was observed of both sides of a part.
struct Sides<'a> {
    part: &'a Part,
    first: Observed,
    second: Option<Observed>,
}

impl<'a> Sides<'a> {
    fn of(part: &'a Part, evidence: &Evidence<'_>, gate: Option<&Gate<'_>>) -> Self {
        let over = part.over.as_ref();
        Self {
            part,
            first: evidence.observed(&part.of, gate),
            second: over.map(|over| evidence.observed(over, gate)),
        }
    }

    fn each(&self) -> impl Iterator<Item = (&Quantity, &Observed)> {
        let first = (&self.part.of, &self.first);
        let second = self.part.over.as_ref().zip(self.second.as_ref());
        std::iter::once(first).chain(second)
    }

    /// The difference of each run that both sides have, or of the first side and the
    /// number.
    fn by_run(&self) -> Vec<Observation> {
        let less = |own: &Observation| {
            let value = match &self.second {
                Some(second) => {
                    let mut others = second.observations.iter();
                    others.find(|other| other.runs == own.runs)?.value
                }
                None => self.part.value,
            };
            Some(Observation {
                value: own.value - value,
                ..own.clone()
            })
        };
        self.first.observations.iter().filter_map(less).collect()
    }

    fn estimate(&self) -> Option<Estimate> {
        // of what is not all known, no number is given
        if self.each().any(|(_, seen)| !seen.unknown.is_empty()) {
            return None;
        }
        let against = match &self.second {
            Some(second) => Against::Observations(&second.observations),
            None => Against::Number(self.part.value),
        };
        match (self.part.exact, self.first.observations.as_slice()) {
            (true, [only]) => {
                let value = only.value - self.part.value;
                Some(Estimate {
                    value,
                    lower: value,
                    upper: value,
                    runs: 1,
                })
            }
            _ => difference(&self.first.observations, &against),
        }
    }

    /// Why there is no difference with an interval over runs.
    fn without_interval(&self) -> &'static str {
        let sides = self
            .each()
            .flat_map(|(_, seen)| runs_by_kind(&seen.observations));
        let common = sides.reduce(|a, b| &a & &b).unwrap_or_default();
        match common.len() {
            0 => "no run in common",
            1 => "one run has no interval over runs",
            _ => "without one of its runs nothing is left",
        }
    }

    /// What is missing, if something is.
    fn undecided(&self) -> Option<Outcome> {
        let learned = self.part.learned;
        let missing = || self.each().filter(|(_, seen)| seen.observations.is_empty());
        if let Some((quantity, _)) = missing().find(|(_, seen)| !seen.experiment_ran) {
            let experiment = quantity.experiment.as_deref().unwrap_or_default();
            return Some(Outcome::NotRun(format!("{experiment} has not been run")));
        }
        let unknown = networks(self.each().map(|(_, seen)| &seen.unknown));
        if !unknown.is_empty() {
            let experiments: BTreeSet<&str> =
                unknown.iter().filter_map(|id| experiment_of(id)).collect();
            let experiments: Vec<&str> = experiments.into_iter().collect();
            return Some(Outcome::NotRun(format!(
                "whether {} learned their target is not known; run {} again",
                counted(unknown.len(), "network"),
                experiments.join(", ")
            )));
        }
        let (quantity, seen) = missing().next()?;
        Some(match (seen.unlearned.len(), &quantity.with) {
            (0, _) => Outcome::NotRun(format!("no row of {}", quantity.in_words())),
            (n, None) => Outcome::CannotTell(format!(
                "none of {} learned its target to {learned}",
                counted(n, "network")
            )),
            (n, Some(_)) => Outcome::CannotTell(format!(
                "no pair is left without {} that did not learn their target to {learned}",
                counted(n, "network")
            )),
        })
    }

    fn notes(&self) -> Vec<String> {
        let sum =
            |of: fn(&Observed) -> usize| -> usize { self.each().map(|(_, seen)| of(seen)).sum() };
        let (left_out, unconverged) = (sum(|o| o.left_out), sum(|o| o.unconverged));
        let unlearned = networks(self.each().map(|(_, seen)| &seen.unlearned));
        let left_out = (left_out > 0).then(|| {
            format!(
                "{} left out, of {} that did not learn their target to {}",
                counted(left_out, "row"),
                counted(unlearned.len(), "network"),
                self.part.learned
            )
        });
        let unproven = (unconverged > 0).then(|| format!("{unconverged} fits without proof"));
        left_out.into_iter().chain(unproven).collect()
    }
}

/// The runs of observations; of pairs between two kinds of networks, those of each kind.
fn runs_by_kind(observations: &[Observation]) -> Vec<BTreeSet<RunId>> {
    let of_kind = |kind: usize| -> BTreeSet<RunId> {
        let runs = observations.iter();
        runs.filter_map(|o| o.runs.get(kind).copied()).collect()
    };
    match observations.iter().any(|o| o.between_kinds) {
        true => vec![of_kind(0), of_kind(1)],
        false => {
            let runs = observations.iter().flat_map(|o| &o.runs);
            vec![runs.copied().collect()]
        }
    }
}

/// The networks of both sides, each once.
fn networks<'a>(sides: impl Iterator<Item = &'a BTreeSet<String>>) -> BTreeSet<&'a str> {
    sides.flatten().map(String::as_str).collect()
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
