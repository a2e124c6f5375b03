use std::path::PathBuf;

use layerprobe_probes::{CheckedAdamGrid, CheckedProbeParams, ProbeParams, View};

use super::{Around, ForeignError};
use crate::config::{MOST_CONTROLS, MOST_PERMUTATIONS, too_few_controls, too_few_permutations};
use crate::memory::MemoryLimit;

/// Most iterations at one penalty, unless told otherwise.
const MAX_ITERATIONS: usize = 2000;

/// What is to be probed, how, and where it is written down.
///
/// ```
/// use layerprobe::foreign::ForeignRequest;
///
/// let mut request = ForeignRequest::new("activations.npz", "labels.csv", "results.csv");
/// request.around.permutations = 19;
/// assert!(request.clone().check().is_ok());
/// // too few for a p-value of 0.05
/// request.around.permutations = 5;
/// assert!(request.clone().check().is_err());
/// request.around.permutations = usize::MAX;
/// assert!(request.check().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignRequest {
    /// Activations: a `.safetensors`, `.npy` or `.npz` file.
    pub activations: PathBuf,
    /// The table of labels.
    pub labels: PathBuf,
    /// Where the results go. Arrays that do not fit into memory are kept in the same
    /// folder meanwhile.
    pub out: PathBuf,
    /// Where goes what the probes said of each test stimulus, if anywhere.
    pub predictions: Option<PathBuf>,
    /// The arrays to probe; all, if none is named.
    pub layers: Option<Vec<String>>,
    /// The columns to decode; all, if none is named.
    pub features: Option<Vec<String>>,
    /// The column within whose values labels are permuted, if any.
    pub strata: Option<String>,
    /// What of each array is probed.
    pub views: Vec<View>,
    /// What is measured beside each accuracy.
    pub around: Around,
    /// How probes are fitted. The protocol `paper` has no use for it.
    pub params: ProbeParams,
    /// The decoders of the protocol `paper`, which are trained in place of probes.
    pub grid: Option<CheckedAdamGrid>,
    /// Seed of all that is drawn.
    pub seed: u64,
    /// Memory that may be taken; else half of what is free.
    pub limit: Option<MemoryLimit>,
}

impl ForeignRequest {
    /// Every feature in all of every array, with nothing beside the accuracies.
    pub fn new(
        activations: impl Into<PathBuf>,
        labels: impl Into<PathBuf>,
        out: impl Into<PathBuf>,
    ) -> Self {
        Self {
            activations: activations.into(),
            labels: labels.into(),
            out: out.into(),
            predictions: None,
            layers: None,
            features: None,
            strata: None,
            views: vec![View::Full],
            around: Around::default(),
            params: ProbeParams {
                max_iterations: MAX_ITERATIONS,
                ..ProbeParams::default()
            },
            grid: None,
            seed: 0,
            limit: None,
        }
    }

    /// Checks what can be checked before a file is opened. What is refused is named as
    /// the command line names it.
    ///
    /// # Errors
    /// If something does not go with the protocol `paper`, is repeated too seldom, or is
    /// named twice, or if a parameter of the probes cannot be worked with.
    pub fn check(self) -> Result<CheckedForeignRequest, ForeignError> {
        self.check_protocol()?;
        self.check_repeats()?;
        self.check_views()?;
        let params = self.params.clone().check();
        let params = params.map_err(|e| ForeignError::request(e.to_string()))?;
        let request = self;
        Ok(CheckedForeignRequest { request, params })
    }

    /// Refuses what the protocol `paper` has no use for.
    fn check_protocol(&self) -> Result<(), ForeignError> {
        if self.grid.is_none() {
            return Ok(());
        }
        let given = [
            ("--view", self.views != [View::Full]),
            ("--controls", self.around.controls > 0),
            ("--permutations", self.around.permutations > 0),
            ("--strata", self.strata.is_some()),
            ("--v-information", self.around.v_information),
            ("--code-orders", self.around.code_orders > 0),
            ("--predictions", self.predictions.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(ForeignError::not_of_paper(option)),
            None => Ok(()),
        }
    }

    /// Refuses what is repeated too seldom to say anything.
    fn check_repeats(&self) -> Result<(), ForeignError> {
        let Around {
            controls,
            permutations,
            ..
        } = self.around;
        let few = [
            ("--controls", too_few_controls(controls)),
            ("--permutations", too_few_permutations(permutations)),
        ];
        if let Some((option, problem)) = few.into_iter().find_map(|(o, few)| Some((o, few?))) {
            return Err(ForeignError::request(format!("{option}: {problem}")));
        }
        let most = [
            ("--controls", controls, MOST_CONTROLS),
            ("--permutations", permutations, MOST_PERMUTATIONS),
        ];
        if let Some((option, asked, most)) = most.iter().find(|(_, asked, most)| asked > most) {
            let problem = format!("{option} {asked}: at most {most}");
            return Err(ForeignError::request(problem));
        }
        if self.strata.is_some() && permutations == 0 {
            let problem = "--strata says within what labels are permuted; give --permutations 19 or more, too";
            return Err(ForeignError::request(problem));
        }
        Ok(())
    }

    /// Refuses a view that is named twice: its rows would be there twice, and a p-value
    /// over all layers would be of more than there are.
    fn check_views(&self) -> Result<(), ForeignError> {
        if self.views.is_empty() {
            return Err(ForeignError::request("--view: name at least one"));
        }
        let mut views = self.views.iter().enumerate();
        let is_named = |(i, view): &(usize, &View)| self.views.iter().take(*i).any(|v| v == *view);
        match views.find(is_named) {
            Some((_, view)) => {
                let problem = format!("--view: `{view}` is named twice");
                Err(ForeignError::request(problem))
            }
            None => Ok(()),
        }
    }
}

/// A request that passed every check; made by [`ForeignRequest::check`].
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedForeignRequest {
    request: ForeignRequest,
    params: CheckedProbeParams,
}

impl CheckedForeignRequest {
    /// The request.
    pub fn request(&self) -> &ForeignRequest {
        &self.request
    }

    /// How probes are fitted.
    pub fn params(&self) -> &CheckedProbeParams {
        &self.params
    }
}
