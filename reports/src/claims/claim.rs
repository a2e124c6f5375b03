use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::answer::{Answer, Decided, Finding, Outcome, Verdict};
use super::comparison::Relation;
use super::evidence::{Evidence, TRAINING_ACCURACY, VALIDATION_ACCURACY, upper_bounds};
use super::quantity::Quantity;
use super::raw::RawClaims;
use super::variation::{Decoder, Measure};
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
    /// A threshold of all claims that is no number.
    #[error("the list of claims: `{name}` is {value}, which is no number to compare with")]
    NoNumber {
        /// Its name.
        name: &'static str,
        /// What stands there.
        value: f64,
    },
    /// What was amended in all claims is not told as it should be.
    #[error("the list of claims: {0}")]
    Amended(String),
}

/// What a paper claims, and how each claim is decided.
#[derive(Clone, Debug)]
pub struct Claims {
    /// What holds for parts that do not say it.
    pub(super) defaults: PartDefaults,
    /// An untrained quantity whose interval lies above this has no room to rise.
    pub ceiling: f64,
    /// Fewer runs than this decide nothing.
    pub least_runs: usize,
    /// What was changed of the rules for all claims once results were known: the
    /// day, what, and why.
    pub amended: Option<String>,
    /// Measures of similarity by which claims are decided again.
    pub measures: Vec<Measure>,
    /// Decoders by which claims are decided again.
    pub decoders: Vec<Decoder>,
    /// The claims, in the paper's order.
    pub claims: Vec<Claim>,
}

/// What holds for parts that do not say it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartDefaults {
    /// The smallest difference that counts.
    pub(super) margin: f64,
    /// The accuracy from which on a trained network counts.
    pub(super) learned: f64,
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
    /// What was changed of all its parts once results were known.
    pub amended: Option<String>,
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
    /// Whether the quantity is computed, the same in every run, of networks that
    /// nobody trained.
    pub exact: bool,
    /// What was changed of this part once results were known.
    pub amended: Option<String>,
}

/// By which of its accuracies a network has learned its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    pub(super) fn metric(self) -> &'static str {
        match self {
            Self::Validation => VALIDATION_ACCURACY,
            Self::Training => TRAINING_ACCURACY,
        }
    }
}

impl Claims {
    /// Reads a list of claims, as TOML.
    ///
    /// # Errors
    /// If it is none, a claim's name comes twice, or a part compares nothing.
    pub fn parse(text: &str) -> Result<Self, ClaimsError> {
        toml::from_str::<RawClaims>(text)?.checked()
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
        let bounds = upper_bounds(rows);
        self.decide_by(&Evidence::of(rows), &Evidence::of(&bounds))
    }

    /// Decides by evidence, and again by that of decoders chosen on the tested stimuli,
    /// where there is any.
    pub(super) fn decide_by(&self, evidence: &Evidence<'_>, bounds: &Evidence<'_>) -> Vec<Answer> {
        let finding = |part: &Part| {
            let mut finding = self.finding(part, evidence);
            if part.is_of_decodability() && !bounds.is_empty() {
                let found = self.finding(part, bounds);
                let measured = !matches!(found.outcome, Outcome::NotRun(_));
                finding.upper_bounds_minus_clean = match measured {
                    true => Self::change(part, bounds, evidence),
                    false => None,
                };
                finding.by_upper_bounds = measured.then_some(Decided {
                    estimate: found.estimate,
                    outcome: found.outcome,
                });
            }
            finding
        };
        let answer = |claim: &Claim| {
            let parts: Vec<Finding> = claim.parts.iter().map(finding).collect();
            let bounded = parts.iter().any(|part| part.by_upper_bounds.is_some());
            let by_them = parts.iter().filter(|part| part.by_upper_bounds.is_some());
            let by_them = by_them.count();
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
                parts_by_upper_bounds: bounded.then_some(by_them),
                parts,
                varied: Vec::new(),
                remark: claim.remark.clone(),
                amended: claim.amended.clone(),
            }
        };
        self.claims.iter().map(answer).collect()
    }
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
    /// The experiments whose networks' decodability by linear probes it looks at, whatever
    /// the protocol.
    pub fn decoded(&self) -> BTreeSet<String> {
        let parts = self.parts.iter().filter(|part| part.is_of_decodability());
        let sides = parts.flat_map(|part| [Some(&part.of), part.over.as_ref()]);
        let experiments = sides.flatten().map(|side| side.experiment.clone());
        experiments.flatten().collect()
    }

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

    pub(super) fn in_words(&self) -> String {
        match &self.over {
            Some(over) => format!("{} minus {}", self.of.in_words(), over.in_words()),
            None => format!("{} minus {}", self.of.in_words(), self.value),
        }
    }
}
