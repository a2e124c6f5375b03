//! Claims decided again with another choice: by an experiment that chooses otherwise
//! where the paper leaves something open, by another measure of similarity, or by another
//! decoder of the same networks.

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Decided, Finding, Outcome, Verdict};
use super::claim::{Claim, Claims, Part};
use super::evidence::{Evidence, upper_bounds};
use super::quantity::{Moment, Quantity};
use crate::ResultRow;

/// An experiment that stands in for another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variation {
    /// Its name.
    pub experiment: String,
    /// The name of the experiment that the claims look at.
    pub varies: String,
    /// What it does otherwise, in words.
    pub about: String,
}

/// A measure of similarity, by which claims on similarities are decided again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Its metric in the table.
    pub metric: String,
    /// What it is, in words.
    pub about: String,
}

/// A linear decoder, by which claims on decodability are decided again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decoder {
    /// What its protocol's name begins with.
    pub protocol: String,
    /// What that of the decoder begins with that the claims name.
    pub instead_of: String,
    /// What it is, in words.
    pub about: String,
}

/// A claim, decided with another choice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Varied {
    /// The experiment, the metric, or the decoder's protocol.
    pub by: String,
    /// What it does otherwise, in words.
    pub about: String,
    /// The verdict by it.
    pub verdict: Verdict,
    /// How many of the parts it decides itself, where the others stay as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decides: Option<usize>,
    /// Part by part, in the claim's order.
    pub parts: Vec<Decided>,
}

impl Claims {
    /// Decides every claim by the rows of a table, as [`Claims::decide`]; those that look
    /// at a varied experiment by each variation, too, and those on similarities by each
    /// further measure, those on decodability by each further decoder, as far as there are
    /// rows of it. What lacks rows that could change a verdict gives none.
    pub fn decide_with(&self, rows: &[ResultRow], variations: &[Variation]) -> Vec<Answer> {
        let bounds = upper_bounds(rows);
        let (evidence, bounds) = (Evidence::of(rows), Evidence::of(&bounds));
        let mut answers = self.decide_by(&evidence, &bounds);
        let variations = variations.iter();
        let by_variations = variations.map(|v| (&v.experiment, &v.about, self.varied(v)));
        let measures = self.measures.iter();
        let by_measures = measures.map(|m| (&m.metric, &m.about, self.measured(m)));
        for (by, about, claims) in by_variations.chain(by_measures) {
            let decided = claims.decide_by(&evidence, &bounds);
            for by_it in decided.iter().filter(|a| a.verdict != Verdict::NotRun) {
                let answers = answers.iter_mut().filter(|answer| answer.id == by_it.id);
                answers.for_each(|answer| answer.varied.push(varied(by, about, by_it)));
            }
        }
        for decoder in &self.decoders {
            let decided = self.decoded_by(decoder).decide_by(&evidence, &bounds);
            for ((answer, by_it), claim) in answers.iter_mut().zip(decided).zip(&self.claims) {
                let by_it = decoder.varied(answer, &by_it, claim);
                answer.varied.extend(by_it);
            }
        }
        answers
    }

    /// The claims, looking at another decoder where they name the one in whose place it
    /// stands.
    fn decoded_by(&self, decoder: &Decoder) -> Self {
        let mut decoded = self.clone();
        let parts = decoded.claims.iter_mut().flat_map(|c| &mut c.parts);
        let parts = parts.filter(|part| decoder.decides(part));
        let sides = parts.flat_map(|part| [Some(&mut part.of), part.over.as_mut()]);
        for side in sides.flatten().filter(|side| decoder.stands_in(side)) {
            side.protocol = Some(decoder.protocol.clone());
        }
        decoded
    }

    /// What the claims read of a variation's rows: all that has to be kept of it.
    pub fn read_of(&self, variation: &Variation, rows: &[ResultRow]) -> Vec<ResultRow> {
        let varied = self.varied(variation);
        let parts = varied.claims.iter().flat_map(|claim| &claim.parts);
        let sides: Vec<&Quantity> = parts
            .flat_map(|part| [Some(&part.of), part.over.as_ref()])
            .flatten()
            .collect();
        let read = Evidence::of(rows).read_by(&sides);
        read.into_iter().cloned().collect()
    }

    /// The claims that look at a varied experiment, looking at the variation. What is
    /// computed without a network is the same by any.
    pub fn varied(&self, variation: &Variation) -> Self {
        let of_it = |claim: &&Claim| {
            claim.experiments().contains(&variation.varies)
                && claim.parts.iter().any(|part| !part.exact)
        };
        let mut varied = Self {
            claims: self.claims.iter().filter(of_it).cloned().collect(),
            ..self.clone()
        };
        varied.rename(&|word| (word == variation.varies).then(|| variation.experiment.clone()));
        varied
    }

    /// The claims that compare similarities with each other, by another measure. A
    /// number that the paper gives is one of its own measure.
    fn measured(&self, measure: &Measure) -> Self {
        let is_of_similarities = |part: &Part| {
            let sides = [Some(&part.of), part.over.as_ref()];
            let mut sides = sides.into_iter().flatten();
            part.over.is_some() && sides.all(|side| side.with.is_some() && side.metric.is_none())
        };
        let claims = self.claims.iter();
        let claims = claims.filter(|claim| claim.parts.iter().all(is_of_similarities));
        let mut measured = Self {
            claims: claims.cloned().collect(),
            ..self.clone()
        };
        let parts = measured
            .claims
            .iter_mut()
            .flat_map(|claim| &mut claim.parts);
        let sides = parts.flat_map(|part| [Some(&mut part.of), part.over.as_mut()]);
        for side in sides.flatten() {
            side.metric = Some(measure.metric.clone());
        }
        measured
    }
}

impl Decoder {
    /// Whether it can be read in the place of a quantity's decoder.
    fn stands_in(&self, side: &Quantity) -> bool {
        let is_named = side.protocol.as_deref() == Some(&*self.instead_of);
        is_named && side.with.is_none() && side.probe_name() == "linear"
    }

    /// Whether a part can be decided by it: that names the other decoder, and no highest
    /// checkpoint, since this one need not be fitted at every checkpoint.
    fn decides(&self, part: &Part) -> bool {
        let sides = || [Some(&part.of), part.over.as_ref()].into_iter().flatten();
        sides().any(|side| self.stands_in(side))
            && sides().all(|side| side.moment() != Moment::Highest)
    }

    /// A claim by this decoder: the parts that read it and have rows of it by it, the
    /// others as they are.
    fn varied(&self, answer: &Answer, by_it: &Answer, claim: &Claim) -> Option<Varied> {
        let mut decides = 0;
        let mut parts = Vec::new();
        let both = answer.parts.iter().zip(&by_it.parts);
        for ((own, by_it), part) in both.zip(&claim.parts) {
            let is_by_it = self.decides(part) && !matches!(by_it.outcome, Outcome::NotRun(_));
            decides += usize::from(is_by_it);
            parts.push(decided(if is_by_it { by_it } else { own }));
        }
        (decides > 0).then(|| Varied {
            by: self.protocol.clone(),
            about: self.about.clone(),
            verdict: Verdict::of(parts.iter().map(|part| &part.outcome)),
            decides: Some(decides),
            parts,
        })
    }
}

fn decided(part: &Finding) -> Decided {
    Decided {
        estimate: part.estimate,
        outcome: part.outcome.clone(),
    }
}

fn varied(by: &str, about: &str, answer: &Answer) -> Varied {
    Varied {
        by: by.to_owned(),
        about: about.to_owned(),
        verdict: answer.verdict,
        decides: None,
        parts: answer.parts.iter().map(decided).collect(),
    }
}
