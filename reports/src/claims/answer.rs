use std::fmt;

use serde::Serialize;

use super::claim::LearnedOn;
use super::comparison::{Estimate, Relation};
use super::variation::Varied;

/// What the runs say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every part holds.
    Reproduced,
    /// Some parts hold, others do not.
    Partly,
    /// No part holds, and none is open that could.
    NotReproduced,
    /// Too few runs, or too wide an interval, for a part that could change the verdict.
    CannotTell,
    /// What has not been run of it could change the verdict.
    NotRun,
}

/// What the runs say of a part of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "because")]
pub enum Outcome {
    /// It is so.
    Holds,
    /// It is not so.
    Fails,
    /// What it starts from leaves no room to rise.
    AtCeiling,
    /// Why the runs cannot tell.
    CannotTell(String),
    /// What has not been run.
    NotRun(String),
}

/// A comparison, decided by other rows than those that decide the claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decided {
    /// The difference that decides.
    pub estimate: Option<Estimate>,
    /// What it says.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Which trained networks count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Learned {
    /// The lowest accuracy at its own target.
    pub least: f64,
    /// On which stimuli.
    pub on: LearnedOn,
}

/// A part of a claim, decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The part in words.
    pub says: String,
    /// What was measured, in words.
    pub measured: String,
    /// The difference that decides, where there are enough runs for one.
    pub estimate: Option<Estimate>,
    /// How the difference has to lie.
    pub is: Relation,
    /// The margin it was held against.
    pub margin: f64,
    /// By how much it had to be above or below; 0 for any difference.
    #[serde(skip_serializing_if = "is_zero")]
    pub by: f64,
    /// Which trained networks count; all, where nothing is trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
    /// Whether what is at the ceiling before training decides nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unless_ceiling: bool,
    /// What it says.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The same by decoders that were chosen on the very stimuli they are tested on,
    /// as the paper chose its own, where there are any: upper bounds of what can be
    /// decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_upper_bounds: Option<Decided>,
    /// By how much the difference is larger by these decoders, paired within runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper_bounds_minus_clean: Option<Estimate>,
    /// The difference over all networks, where some were left out because they had
    /// not learned their target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_gate: Option<Estimate>,
    /// What was changed of the part once results were known: the day, what, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amended: Option<String>,
    /// What to know beside it: networks left out, fits without proof.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Finding {
    /// How the difference has to lie, and by how much.
    pub(crate) fn wanted(&self) -> String {
        match (self.is, self.by) {
            (Relation::Equal, _) => format!("equal within {}", self.margin),
            (is, 0.0) => format!("{}, margin {}", is.word(), self.margin),
            (is, by) if by > 0.0 => format!("{} by {by}", is.word()),
            (Relation::Above, by) => format!("smaller by less than {}", -by),
            (_, by) => format!("larger by less than {}", -by),
        }
    }

    /// How far from 0 a difference has to lie to count.
    pub(crate) fn reach(&self) -> f64 {
        match is_zero(&self.by) {
            true => self.margin,
            false => self.by.abs(),
        }
    }
}

/// A claim, decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The claim's name.
    pub id: String,
    /// The claim in words.
    pub says: String,
    /// Where in the paper.
    pub place: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The verdict where parts are taken by upper bounds, as far as there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict_by_upper_bounds: Option<Verdict>,
    /// How many parts upper bounds decide; the others count as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts_by_upper_bounds: Option<usize>,
    /// Part by part.
    pub parts: Vec<Finding>,
    /// The same with other choices: by experiments that choose otherwise where the
    /// paper leaves something open, by other measures of similarity.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub varied: Vec<Varied>,
    /// What a reader should know of this test of the claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// What was changed of all parts once results were known: the day, what, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amended: Option<String>,
}

/// Whether a part asks for no amount.
fn is_zero(by: &f64) -> bool {
    *by == 0.0
}

impl Verdict {
    /// What all parts say together: a conjunction, in which parts at the
    /// ceiling decide nothing, and others that are open or not run leave open what
    /// they could change.
    pub(super) fn of<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Self {
        let (mut holds, mut fails, mut open, mut missing) = (0, 0, 0, 0);
        for outcome in outcomes {
            match outcome {
                Outcome::Holds => holds += 1,
                Outcome::Fails => fails += 1,
                Outcome::CannotTell(_) => open += 1,
                Outcome::NotRun(_) => missing += 1,
                Outcome::AtCeiling => {}
            }
        }
        match (holds, fails, open, missing) {
            (1.., 1.., ..) => Self::Partly,
            (.., 1..) => Self::NotRun,
            (0, 1.., 0, 0) => Self::NotReproduced,
            (1.., 0, 0, 0) => Self::Reproduced,
            _ => Self::CannotTell,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reproduced => "reproduced",
            Self::Partly => "partly",
            Self::NotReproduced => "not reproduced",
            Self::CannotTell => "cannot tell",
            Self::NotRun => "not run",
        })
    }
}

impl Outcome {
    /// A word or two.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::AtCeiling => "at the ceiling",
            Self::CannotTell(_) => "cannot tell",
            Self::NotRun(_) => "not run",
        }
    }

    /// Why, where that is said.
    pub fn because(&self) -> Option<&str> {
        match self {
            Self::CannotTell(why) | Self::NotRun(why) => Some(why),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_leaves_open_what_it_could_change() {
        let open = || Outcome::CannotTell("too few runs".into());
        let missing = || Outcome::NotRun("the experiment".into());
        let (holds, fails, ceiling) = (|| Outcome::Holds, || Outcome::Fails, || Outcome::AtCeiling);
        for (outcomes, verdict) in [
            (vec![holds(), holds(), ceiling()], Verdict::Reproduced),
            (vec![holds(), fails(), missing()], Verdict::Partly),
            (vec![fails(), fails(), ceiling()], Verdict::NotReproduced),
            (vec![fails(), open()], Verdict::CannotTell),
            (vec![holds(), fails(), open()], Verdict::Partly),
            (vec![holds(), open()], Verdict::CannotTell),
            (vec![ceiling()], Verdict::CannotTell),
            (vec![missing()], Verdict::NotRun),
            (vec![holds(), missing()], Verdict::NotRun),
            (vec![fails(), missing()], Verdict::NotRun),
            (vec![open(), missing()], Verdict::NotRun),
        ] {
            assert_eq!(Verdict::of(outcomes.iter()), verdict, "{outcomes:?}");
        }
    }
}
