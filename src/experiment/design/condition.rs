use crate::config::{Config, PMode};
use crate::training::CheckedTrainingPlan;

use super::stimuli::Version;

/// One network to train: dataset x target x architecture x hold-out version x
/// seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Names its folder.
    pub id: String,
    /// The feature it is trained to classify.
    pub target: String,
    /// Place of the target among the dataset's features.
    pub target_index: usize,
    /// Hold-out version.
    pub version: u32,
}

impl Condition {
    /// What its part of a log lies in, while it is entered.
    pub fn span(&self) -> tracing::Span {
        tracing::info_span!("condition", id = self.id)
    }
}

/// A condition with all that its work needs to know beforehand.
#[derive(Clone, Debug)]
pub struct Planned<'a> {
    /// The condition.
    pub condition: Condition,
    /// Its hold-out version.
    pub version: &'a Version,
    /// The steps of its training; versions may have different numbers of
    /// training stimuli.
    pub training: CheckedTrainingPlan,
}

/// The conditions of a configuration, version by version.
pub fn conditions(config: &Config) -> Vec<Condition> {
    let features = config.stimuli.feature_names();
    let mut conditions = Vec::new();
    for &version in &config.split.versions {
        for target in &config.training.targets {
            let Some(target_index) = features.iter().position(|f| f == target) else {
                continue;
            };
            conditions.push(Condition {
                id: format!(
                    "{}-{}-{}-split{version}-seed{}",
                    config.stimuli.dataset(),
                    target,
                    config.network.arch,
                    config.seed
                ),
                target: target.clone(),
                target_index,
                version,
            });
        }
    }
    conditions
}

/// What a reader must know of networks that are not trained.
pub const NOT_TRAINED: &str = "networks are not trained: this shows what they represent by their \
                               architecture and initial weights alone";

/// What a reader must know of the design before believing the numbers.
pub fn cautions(config: &Config) -> Vec<String> {
    let mut cautions = Vec::new();
    if config.name == "smoke" {
        cautions
            .push("smoke only shows that every stage works: its numbers mean nothing".to_owned());
    }
    if config.training.epochs == 0 {
        cautions.push(NOT_TRAINED.to_owned());
    }
    if let Some(correlation) = &config.correlation {
        cautions.push(format!(
            "training sets correlate {} with {} at a {} predictivity of {} {}",
            correlation.pair[0],
            correlation.pair[1],
            match correlation.p_mode {
                PMode::Nominal => "nominal",
                PMode::Effective => "effective",
            },
            correlation.predictivity,
            match correlation.p_mode {
                PMode::Nominal => "in the pool of all values",
                PMode::Effective => "in training and in validation",
            }
        ));
    }
    cautions
}

/// What too few runs cannot show, said before the work; the report counts its
/// runs itself.
pub fn caution_of_few_runs(config: &Config) -> Option<String> {
    match config.split.versions.len() {
        _ if config.name == "smoke" => None,
        1 => Some(format!(
            "one network for each target and one hold-out version (n = 1): this shows, but proves nothing. \
             Intervals are over stimuli, for this network and these held-out values; \
             for claims run all five versions (preset quick5, or --set 'split.versions=[0, 1, 2, 3, 4]' on {})",
            config.name
        )),
        n if n < 5 => Some(format!(
            "{n} hold-out versions: too few for claims, run all five"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_has_a_condition_per_target_and_quick5_five_times_as_many() {
        let quick = conditions(&Config::load("quick", &[]).unwrap());
        assert_eq!(quick.len(), 3);
        assert_eq!(quick[0].id, "trifeature-shape-cnn4-split0-seed0");
        let quick5 = conditions(&Config::load("quick5", &[]).unwrap());
        assert_eq!(quick5.len(), 15);
    }

    #[test]
    fn one_version_is_called_what_it_is() {
        let config = Config::load("quick", &[]).unwrap();
        assert!(
            caution_of_few_runs(&config)
                .unwrap()
                .contains("proves nothing")
        );
        assert_eq!(
            caution_of_few_runs(&Config::load("quick5", &[]).unwrap()),
            None
        );
    }
}
