use std::path::Path;

use super::study::Study;
use crate::experiment::Execution;

/// What to do of a study, and where.
#[derive(Clone, Debug)]
pub struct Reproduction<'a> {
    /// The study.
    pub study: &'a Study,
    /// Only these claims; all, if none is named.
    pub only: &'a [String],
    /// The folder: a run folder for each experiment, the pooled table, claims and
    /// their page.
    pub out: &'a Path,
    /// Whether missing experiments are run, or the claims decided by what is
    /// there.
    pub run: bool,
    /// Whether missing variations of the experiments are run, too.
    pub variations: bool,
    /// The folder of another reproduction of the same study: experiments that are
    /// finished there and not here are taken over, without their networks.
    pub evidence: Option<&'a Path>,
    /// How the runs are made.
    pub execution: Execution,
}
