use serde::{Deserialize, Serialize};

/// A number that every run gives: which rows of the table it is read from.
///
/// What is not said has its default, or, on the second side of a comparison,
/// is what the first side says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quantity {
    /// The experiment: what stands before the `/` in a row's condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// What the network was trained on, or `untrained`: step 0 of any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// When in training; `initial` for `untrained`, else `last`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// The layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// The feature decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// The metric; `accuracy`, or of a pair `rsa_pearson`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The kind of probe; `linear`, or of a pair `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<String>,
    /// What the protocol's name begins with; any, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// What the probe was tested on; stimuli that are new to it in a feature
    /// (`held_out_values`, bits drawn anew), unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_kind: Option<String>,
    /// What of the layer was probed; `full`, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
    /// The nominal predictivity of the training set; any, unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predictivity: Option<f64>,
    /// Of a pair of representations: what the other side differs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<Box<Quantity>>,
    /// Of a pair: which runs are paired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairing: Option<Pairing>,
}

/// A moment of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Before the first step.
    Initial,
    /// After the last step.
    Last,
    /// Where validation was best.
    BestValidation,
    /// Wherever among the checkpoints the number is largest. A maximum lies
    /// above what it estimates.
    Highest,
}

/// Which runs' networks make the pairs of a similarity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// Networks of two runs.
    DifferentRuns,
    /// Networks, or layers of one network, of the same run.
    SameRun,
}

/// The word for step 0 of any network.
pub const UNTRAINED: &str = "untrained";

impl Quantity {
    /// This quantity where it says something, else the other.
    pub(super) fn or(&self, other: &Self) -> Self {
        let text =
            |own: &Option<String>, other: &Option<String>| own.clone().or_else(|| other.clone());
        // a moment belongs to the target it is said of
        let at = match (self.at, &self.target) {
            (None, Some(_)) => None,
            (at, _) => at.or(other.at),
        };
        let with = match (&self.with, &other.with) {
            (Some(own), Some(other)) => Some(Box::new(own.or(other))),
            (own, other) => own.clone().or_else(|| other.clone()),
        };
        Self {
            experiment: text(&self.experiment, &other.experiment),
            target: text(&self.target, &other.target),
            at,
            layer: text(&self.layer, &other.layer),
            feature: text(&self.feature, &other.feature),
            metric: text(&self.metric, &other.metric),
            probe: text(&self.probe, &other.probe),
            protocol: text(&self.protocol, &other.protocol),
            split_kind: text(&self.split_kind, &other.split_kind),
            view: text(&self.view, &other.view),
            predictivity: self.predictivity.or(other.predictivity),
            with,
            pairing: self.pairing.or(other.pairing),
        }
    }

    /// Of a pair: its other side, as a quantity.
    pub fn other_side(&self) -> Option<Self> {
        self.with.as_ref().map(|with| with.or(self))
    }

    /// When in training.
    pub fn moment(&self) -> Moment {
        let usual = match self.target.as_deref() {
            Some(UNTRAINED) => Moment::Initial,
            _ => Moment::Last,
        };
        self.at.unwrap_or(usual)
    }

    /// The metric's name.
    pub fn metric_name(&self) -> &str {
        let usual = match self.with {
            Some(_) => "rsa_pearson",
            None => "accuracy",
        };
        self.metric.as_deref().unwrap_or(usual)
    }

    /// The name of the kind of probe.
    pub fn probe_name(&self) -> &str {
        let usual = match (&self.with, self.metric_name()) {
            (Some(_), _) => "none",
            (None, _) => "linear",
        };
        self.probe.as_deref().unwrap_or(usual)
    }

    /// Puts a study's names of layers and experiments in place of the claims'
    /// words for them.
    pub(super) fn rename(&mut self, name: &dyn Fn(&str) -> Option<String>) {
        for word in [&mut self.layer, &mut self.experiment] {
            if let Some(renamed) = word.as_deref().and_then(name) {
                *word = Some(renamed);
            }
        }
        if let Some(with) = &mut self.with {
            with.rename(name);
        }
    }
}

impl Quantity {
    /// What it says, value by value; of a pair also where the other side is.
    pub(super) fn values(&self) -> Vec<String> {
        let texts = [
            &self.experiment,
            &self.target,
            &self.layer,
            &self.feature,
            &self.metric,
            &self.probe,
            &self.protocol,
            &self.split_kind,
            &self.view,
        ];
        let predictivity = self.predictivity.map(|p| format!("p {p}"));
        let texts = texts.into_iter().flatten().cloned();
        let elsewhere = self.with.iter().filter_map(|with| {
            let place = [&with.experiment, &with.layer].into_iter().flatten();
            let place: Vec<&str> = place.map(String::as_str).collect();
            (!place.is_empty()).then(|| format!("with {}", place.join(" ")))
        });
        texts.chain(predictivity).chain(elsewhere).collect()
    }

    /// The quantity in words: what is measured by what, of which network, where.
    pub(super) fn in_words(&self) -> String {
        let mut words = self.metric_name().replace('_', " ");
        if let Some(feature) = &self.feature {
            words += &format!(" of {feature}");
        }
        if !matches!(self.probe_name(), "linear" | "none") {
            words += &format!(" by {}", self.probe_name());
        }
        words += &format!(" in {}", self.side());
        let other = self.other_side();
        if let Some(other) = &other {
            words += &format!(" and {}", other.side());
        }
        if let Some(split) = &self.split_kind {
            words += &format!(" on {}", split.replace('_', " "));
        }
        let other = other.and_then(|other| other.experiment);
        match (&self.experiment, other) {
            (Some(own), Some(other)) if *own != other => format!("{words} [{own} and {other}]"),
            (Some(own), _) => format!("{words} [{own}]"),
            (None, _) => words,
        }
    }

    fn side(&self) -> String {
        let network = match (self.target.as_deref(), self.moment()) {
            (None, _) => "all networks".to_owned(),
            (Some(UNTRAINED), _) => "untrained networks".to_owned(),
            (Some(target), Moment::Initial) => format!("{target} networks before training"),
            (Some(target), Moment::Last) => format!("{target}-trained networks"),
            (Some(target), Moment::BestValidation) => format!("the best {target}-trained networks"),
            (Some(target), Moment::Highest) => format!("{target} networks at their highest"),
        };
        let at = self.predictivity.map(|p| format!(" at p {p}"));
        let layer = self.layer.as_ref().map(|layer| format!(", {layer}"));
        let view = self.view.as_ref().map(|view| format!(" ({view})"));
        [at, layer, view]
            .into_iter()
            .fold(network, |words, more| words + &more.unwrap_or_default())
    }
}
