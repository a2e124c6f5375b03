use std::fmt;

use serde::Serialize;

use super::comparison::Estimate;

/// What the runs say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every part holds.
    Reproduced,
    /// Some parts hold, others do not.
    Partly,
    /// No part holds, and at least one does not.
    NotReproduced,
    /// Too few runs, or too wide an interval, for a part that decides.
    CannotTell,
    /// Nothing of it has been run.
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

/// A part of a claim, decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The part in words.
    pub says: String,
    /// What was measured, in words.
    pub measured: String,
    /// The difference that decides, where there are enough runs for one.
    pub estimate: Option<Estimate>,
    /// The margin it was held against.
    pub margin: f64,
    /// What it says.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What to know beside it: networks left out, fits without proof.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
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
    /// Part by part.
    pub parts: Vec<Finding>,
    /// What this scale leaves out or stands in for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

impl Verdict {
    /// What all parts say together: a conjunction, in which parts at the
    /// ceiling decide nothing.
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
            (0, 0, 0, 0) => Self::CannotTell,
            (0, 0, 0, _) => Self::NotRun,
            (0, 1.., ..) => Self::NotReproduced,
            (_, 1.., ..) => Self::Partly,
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
