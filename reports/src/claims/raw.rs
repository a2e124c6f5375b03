//! Claims as they stand in a file, before they are checked.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::claim::{Claim, Claims, ClaimsError, LearnedOn, Part, PartDefaults};
use super::comparison::Relation;
use super::quantity::Quantity;
use super::variation::{Decoder, Measure};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClaims {
    margin: f64,
    learned: f64,
    ceiling: f64,
    least_runs: usize,
    amended: Option<String>,
    #[serde(default)]
    measure: Vec<Measure>,
    #[serde(default)]
    decoder: Vec<Decoder>,
    claim: Vec<RawClaim>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClaim {
    id: String,
    says: String,
    place: String,
    remark: Option<String>,
    amended: Option<String>,
    part: Vec<RawPart>,
}

/// Parts of a claim that only some scale of a study has the experiments for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedParts {
    /// The claim's name.
    claim: String,
    part: Vec<RawPart>,
}

impl Claims {
    /// Adds parts to a claim, after its own.
    ///
    /// # Errors
    /// If there is no such claim, or a part compares nothing.
    pub fn add(&mut self, added: &AddedParts) -> Result<(), ClaimsError> {
        let wrong = |problem: String| ClaimsError::Claim {
            id: added.claim.clone(),
            problem,
        };
        let defaults = self.defaults;
        let claim = self.claims.iter_mut().find(|c| c.id == added.claim);
        let claim = claim.ok_or_else(|| wrong("there is no such claim to add to".to_owned()))?;
        for part in &added.part {
            claim.parts.extend(part.checked(defaults).map_err(wrong)?);
        }
        Ok(())
    }
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
    amended: Option<String>,
    /// One part for each, which changes `of` (and what `over` takes from it).
    #[serde(default)]
    each: Vec<Quantity>,
    /// One part for each of these layers.
    #[serde(default)]
    layers: Vec<String>,
}

impl RawClaims {
    pub(super) fn checked(self) -> Result<Claims, ClaimsError> {
        dated(&self.amended).map_err(ClaimsError::Amended)?;
        for (name, value) in [("learned", self.learned), ("ceiling", self.ceiling)] {
            if !value.is_finite() {
                return Err(ClaimsError::NoNumber { name, value });
            }
        }
        let defaults = PartDefaults {
            margin: self.margin,
            learned: self.learned,
        };
        let mut names = BTreeSet::new();
        let mut claims = Vec::new();
        for claim in &self.claim {
            let wrong = |problem: String| ClaimsError::Claim {
                id: claim.id.clone(),
                problem,
            };
            if !names.insert(&claim.id) {
                return Err(wrong("its name comes twice".to_owned()));
            }
            dated(&claim.amended).map_err(wrong)?;
            let mut parts = Vec::new();
            for part in &claim.part {
                parts.extend(part.checked(defaults).map_err(wrong)?);
            }
            if parts.is_empty() {
                return Err(wrong("it has no part that could decide it".to_owned()));
            }
            claims.push(Claim {
                id: claim.id.clone(),
                says: claim.says.clone(),
                place: claim.place.clone(),
                remark: claim.remark.clone(),
                amended: claim.amended.clone(),
                parts,
            });
        }
        Ok(Claims {
            defaults,
            ceiling: self.ceiling,
            least_runs: self.least_runs,
            amended: self.amended,
            measures: self.measure,
            decoders: self.decoder,
            claims,
        })
    }
}

impl RawPart {
    fn checked(&self, defaults: PartDefaults) -> Result<Vec<Part>, String> {
        if self.over.is_some() == self.value.is_some() {
            return Err(format!("`{}`: give either `over` or `value`", self.says));
        }
        if self.exact && self.value.is_none() {
            return Err(format!(
                "`{}`: what is `exact` is held against a number: give `value`, not `over`",
                self.says
            ));
        }
        let margin = self.margin.unwrap_or(defaults.margin);
        if !(margin.is_finite() && margin >= 0.0) {
            return Err(format!("`{}`: a margin of {margin}", self.says));
        }
        if let Some(number) = [self.value, self.learned]
            .into_iter()
            .flatten()
            .find(|x| !x.is_finite())
        {
            return Err(format!(
                "`{}`: {number} is no number to compare with",
                self.says
            ));
        }
        if !self.by.is_finite() || (self.by != 0.0 && self.is == Relation::Equal) {
            return Err(format!(
                "`{}`: `by` is an amount above or below, not {}",
                self.says, self.by
            ));
        }
        dated(&self.amended).map_err(|problem| format!("`{}`: {problem}", self.says))?;
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
                    learned: self.learned.unwrap_or(defaults.learned),
                    learned_on: self.learned_on,
                    unless_ceiling: self.unless_ceiling,
                    exact: self.exact,
                    amended: self.amended.clone(),
                });
            }
        }
        Ok(parts)
    }
}

/// Whether what was amended says when.
fn dated(amended: &Option<String>) -> Result<(), String> {
    let Some(amended) = amended else {
        return Ok(());
    };
    let day = amended.split([':', ',', ' ']).next().unwrap_or_default();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match day.split('-').collect::<Vec<_>>().as_slice() {
        [year, month, day] if [year, month, day].into_iter().all(|part| digits(part)) => Ok(()),
        _ => Err(format!(
            "`amended` begins with the day, like 2026-11-27: and then says what and why, not `{amended}`"
        )),
    }
}
