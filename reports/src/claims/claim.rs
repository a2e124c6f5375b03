use std::collections::BTreeSet;

use serde::Deserialize;
use thiserror::Error;

use super::answer::{Answer, ByUpperBounds, Finding, Outcome, Verdict};
use super::comparison::{Against, Relation, difference};
use super::evidence::{Evidence, Observed, TRAINING_ACCURACY, VALIDATION_ACCURACY, upper_bounds};
use super::quantity::Quantity;
use crate::ResultRow;

/// Why a list of claims is refused.
#[derive(Debug, Error)]
pub enum ClaimsError {
    /// It is no list of claims.
    #[error("the list of claims: {0}")]
    Toml(#[from] toml::de::Error),
    /// A claim that cannot be decided.
    #[error("claim `{id}`: {problem}")]
    Claim {
        /// Its name.
        id: String,
        /// What is wrong.
        problem: String,
    },
}

/// What a paper claims, and how each claim is decided.
#[derive(Clone, Debug)]
pub struct Claims {
    /// An untrained quantity whose interval lies above this has no room to rise.
    pub ceiling: f64,
    /// Fewer runs than this decide nothing.
    pub least_runs: usize,
    /// The claims, in the paper's order.
    pub claims: Vec<Claim>,
}

/// One claim.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its name.
    pub id: String,
    /// What it says, in words.
    pub says: String,
    /// Where in the paper.
    pub place: String,
    /// What a reader should know of this test of it.
    pub remark: Option<String>,
    /// All of which must hold.
    pub parts: Vec<Part>,
}

/// One comparison.
#[derive(Clone, Debug)]
pub struct Part {
    /// What has to be so, in words.
    pub says: String,
    /// What tells it from the parts that say the same of other networks, layers
    /// or features.
    pub each: Quantity,
    /// The first side.
    pub of: Quantity,
    /// The second side, or else `value`.
    pub over: Option<Quantity>,
    /// A number in place of a second side.
    pub value: f64,
    /// How the first has to stand to the second.
    pub is: Relation,
    /// The smallest difference that counts.
    pub margin: f64,
    /// By how much it has to be above or below, as the words `much` and `slightly`
    /// want it; 0 for any difference.
    pub by: f64,
    /// Trained networks of a lower accuracy are left out.
    pub learned: f64,
    /// The accuracy meant: on held-out stimuli, or on those of the training.
    pub learned_on: LearnedOn,
    /// Whether a second side at the ceiling decides nothing.
    pub unless_ceiling: bool,
    /// Whether the quantity is computed, the same in every run.
    pub exact: bool,
}

/// By which of its accuracies a network has learned its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LearnedOn {
    /// On combinations that it has not met.
    #[default]
    Validation,
    /// On what it was trained on: where the accuracy on other stimuli is what the
    /// claim is about, it must not choose the networks.
    Training,
}

impl LearnedOn {
    /// The metric of such rows.
    fn metric(self) -> &'static str {
        match self {
            Self::Validation => VALIDATION_ACCURACY,
            Self::Training => TRAINING_ACCURACY,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClaims {
    margin: f64,
    learned: f64,
    ceiling: f64,
    least_runs: usize,
    claim: Vec<RawClaim>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClaim {
    id: String,
    says: String,
    place: String,
    remark: Option<String>,
    part: Vec<RawPart>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPart {
    says: String,
    of: Quantity,
    over: Option<Quantity>,
    value: Option<f64>,
    is: Relation,
    margin: Option<f64>,
    #[serde(default)]
    by: f64,
    learned: Option<f64>,
    #[serde(default)]
    learned_on: LearnedOn,
    #[serde(default)]
    unless_ceiling: bool,
    #[serde(default)]
    exact: bool,
    /// One part for each, which changes `of` (and what `over` takes from it).
    #[serde(default)]
    each: Vec<Quantity>,
    /// One part for each of these layers.
    #[serde(default)]
    layers: Vec<String>,
}

impl Claims {
    /// Reads a list of claims, as TOML.
    ///
    /// # Errors
    /// If it is none, a claim's name comes twice, or a part compares nothing.
    pub fn parse(text: &str) -> Result<Self, ClaimsError> {
        let raw: RawClaims = toml::from_str(text)?;
        let mut names = BTreeSet::new();
        let mut claims = Vec::new();
        for claim in &raw.claim {
            let wrong = |problem: String| ClaimsError::Claim {
                id: claim.id.clone(),
                problem,
            };
            if !names.insert(&claim.id) {
                return Err(wrong("its name comes twice".to_owned()));
            }
            let mut parts = Vec::new();
            for part in &claim.part {
                parts.extend(part.checked(&raw).map_err(wrong)?);
            }
            if parts.is_empty() {
                return Err(wrong("it has no part that could decide it".to_owned()));
            }
            claims.push(Claim {
                id: claim.id.clone(),
                says: claim.says.clone(),
                place: claim.place.clone(),
                remark: claim.remark.clone(),
                parts,
            });
        }
        Ok(Self {
            ceiling: raw.ceiling,
            least_runs: raw.least_runs,
            claims,
        })
    }

    /// The experiments whose rows the claims look at.
    pub fn experiments(&self) -> BTreeSet<String> {
        self.claims.iter().flat_map(Claim::experiments).collect()
    }

    /// Puts a study's names of layers and experiments in place of the claims'
    /// words for them.
    pub fn rename(&mut self, name: &dyn Fn(&str) -> Option<String>) {
        for part in self.claims.iter_mut().flat_map(|c| c.parts.iter_mut()) {
            part.of.rename(name);
            part.each.rename(name);
            if let Some(over) = &mut part.over {
                over.rename(name);
            }
        }
    }

    /// Decides every claim by the rows of a table, in the claims' order.
    pub fn decide(&self, rows: &[ResultRow]) -> Vec<Answer> {
        let evidence = Evidence::of(rows);
        let bounds = upper_bounds(rows);
        let bounds = (!bounds.is_empty()).then(|| Evidence::of(&bounds));
        let finding = |part: &Part| {
            let mut finding = self.finding(part, &evidence);
            if let Some(bounds) = bounds.as_ref().filter(|_| part.is_of_decodability()) {
                let found = self.finding(part, bounds);
                let measured = !matches!(found.outcome, Outcome::NotRun(_));
                finding.by_upper_bounds = measured.then_some(ByUpperBounds {
                    estimate: found.estimate,
                    outcome: found.outcome,
                });
            }
            finding
        };
        let answer = |claim: &Claim| {
            let parts: Vec<Finding> = claim.parts.iter().map(finding).collect();
            let bounded = parts.iter().any(|part| part.by_upper_bounds.is_some());
            let by_bounds = || {
                let each = parts.iter().map(|part| match &part.by_upper_bounds {
                    Some(found) => &found.outcome,
                    None => &part.outcome,
                });
                Verdict::of(each)
            };
            Answer {
                id: claim.id.clone(),
                says: claim.says.clone(),
                place: claim.place.clone(),
                verdict: Verdict::of(parts.iter().map(|part| &part.outcome)),
                verdict_by_upper_bounds: bounded.then(by_bounds),
                parts,
                remark: claim.remark.clone(),
            }
        };
        self.claims.iter().map(answer).collect()
    }

    fn finding(&self, part: &Part, evidence: &Evidence<'_>) -> Finding {
        let learned = (part.learned_on.metric(), part.learned);
        let first = evidence.observed(&part.of, learned);
        let second = part.over.as_ref();
        let second = second.map(|over| evidence.observed(over, learned));
        let against = match &second {
            Some(second) => Against::Observations(&second.observations),
            None => Against::Number(part.value),
        };
        let estimate = match (part.exact, first.observations.as_slice()) {
            (true, [only]) => Some(super::Estimate {
                value: only.value - part.value,
                lower: only.value - part.value,
                upper: only.value - part.value,
                runs: 1,
            }),
            _ => difference(&first.observations, &against),
        };
        let observed: Vec<(&Quantity, &Observed)> = [
            Some((&part.of, &first)),
            part.over.as_ref().zip(second.as_ref()),
        ]
        .into_iter()
        .flatten()
        .collect();
        let missing = observed
            .iter()
            .find(|(_, seen)| seen.observations.is_empty());
        let outcome = if let Some((quantity, seen)) = missing {
            match (seen.experiment_ran, seen.unlearned) {
                (false, _) => Outcome::NotRun(format!(
                    "{} has not been run",
                    quantity.experiment.as_deref().unwrap_or_default()
                )),
                (true, 0) => Outcome::NotRun(format!("no row of {}", quantity.in_words())),
                (true, n) => Outcome::CannotTell(format!(
                    "none of {n} networks learned its target to {}",
                    part.learned
                )),
            }
        } else if part.unless_ceiling && self.at_ceiling(second.as_ref()) {
            Outcome::AtCeiling
        } else {
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
                None => Outcome::CannotTell("one run has no interval over runs".to_owned()),
            }
        };
        Finding {
            says: part.name(),
            measured: part.in_words(),
            estimate,
            margin: part.margin,
            by: part.by,
            outcome,
            by_upper_bounds: None,
            notes: notes(&observed, part.learned),
        }
    }

    fn at_ceiling(&self, observed: Option<&Observed>) -> bool {
        let estimate = observed.and_then(|o| difference(&o.observations, &Against::Number(0.0)));
        estimate.is_some_and(|estimate| {
            estimate.runs >= self.least_runs && estimate.lower > self.ceiling
        })
    }
}

fn notes(observed: &[(&Quantity, &Observed)], learned: f64) -> Vec<String> {
    let sum =
        |of: fn(&Observed) -> usize| -> usize { observed.iter().map(|(_, seen)| of(seen)).sum() };
    let (unlearned, unconverged) = (sum(|o| o.unlearned), sum(|o| o.unconverged));
    let left_out = (unlearned > 0).then(|| {
        format!(
            "{unlearned} rows of networks left out that did not learn their target to {learned}"
        )
    });
    let unproven = (unconverged > 0).then(|| format!("{unconverged} fits without proof"));
    left_out.into_iter().chain(unproven).collect()
}

impl Claim {
    /// The experiments whose rows it looks at.
    pub fn experiments(&self) -> BTreeSet<String> {
        let sides = self
            .parts
            .iter()
            .flat_map(|p| [Some(&p.of), p.over.as_ref()]);
        let names = sides.flatten().flat_map(|quantity| {
            let with = quantity
                .with
                .as_ref()
                .and_then(|with| with.experiment.clone());
            quantity.experiment.clone().into_iter().chain(with)
        });
        names.collect()
    }
}

impl Claim {
    /// The pairs of experiments whose networks it compares with each other, an
    /// experiment with itself among them.
    pub fn pairs(&self) -> BTreeSet<(String, String)> {
        let sides = self
            .parts
            .iter()
            .flat_map(|p| [Some(&p.of), p.over.as_ref()]);
        let pairs = sides.flatten().filter_map(|quantity| {
            let own = quantity.experiment.clone()?;
            let with = quantity.with.as_ref()?;
            Some((own.clone(), with.experiment.clone().unwrap_or(own)))
        });
        pairs.collect()
    }
}

impl RawPart {
    fn checked(&self, claims: &RawClaims) -> Result<Vec<Part>, String> {
        if self.over.is_some() == self.value.is_some() {
            return Err(format!("`{}`: give either `over` or `value`", self.says));
        }
        let margin = self.margin.unwrap_or(claims.margin);
        if !(margin.is_finite() && margin >= 0.0) {
            return Err(format!("`{}`: a margin of {margin}", self.says));
        }
        if !self.by.is_finite() || (self.by != 0.0 && self.is == Relation::Equal) {
            return Err(format!(
                "`{}`: `by` is an amount above or below, not {}",
                self.says, self.by
            ));
        }
        let whole = [Quantity::default()];
        let each = if self.each.is_empty() {
            &whole[..]
        } else {
            &self.each
        };
        let layers: Vec<Option<&String>> = match self.layers.as_slice() {
            [] => vec![None],
            layers => layers.iter().map(Some).collect(),
        };
        let mut parts = Vec::new();
        for change in each {
            for layer in &layers {
                let mut change = change.clone();
                change.layer = change.layer.or(layer.cloned());
                let of = change.or(&self.of);
                if of.experiment.is_none() {
                    return Err(format!("`{}`: name its experiment", self.says));
                }
                parts.push(Part {
                    says: self.says.clone(),
                    each: change,
                    over: self.over.as_ref().map(|over| over.or(&of)),
                    of,
                    value: self.value.unwrap_or_default(),
                    is: self.is,
                    margin,
                    by: self.by,
                    learned: self.learned.unwrap_or(claims.learned),
                    learned_on: self.learned_on,
                    unless_ceiling: self.unless_ceiling,
                    exact: self.exact,
                });
            }
        }
        Ok(parts)
    }
}

impl Part {
    /// Whether it compares accuracies of linear probes, by any protocol.
    fn is_of_decodability(&self) -> bool {
        let sides = [Some(&self.of), self.over.as_ref()];
        sides.into_iter().flatten().all(|side| {
            let what = (side.metric_name(), side.probe_name());
            side.with.is_none() && side.protocol.is_none() && what == ("accuracy", "linear")
        })
    }

    /// What it says, and of what.
    pub(super) fn name(&self) -> String {
        let each = self.each.values();
        match each.is_empty() {
            true => self.says.clone(),
            false => format!("{} ({})", self.says, each.join(", ")),
        }
    }

    fn in_words(&self) -> String {
        match &self.over {
            Some(over) => format!("{} minus {}", self.of.in_words(), over.in_words()),
            None => format!("{} minus {}", self.of.in_words(), self.value),
        }
    }
}
