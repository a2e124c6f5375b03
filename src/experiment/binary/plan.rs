use crate::config::{BinaryConfig, BinaryTarget};
use crate::experiment::design::training_plan::schedule;
use crate::training::TrainingError;
use crate::training::descent::{CheckedDescentPlan, DescentPlan};

/// One network to train: target x easy predictivity x run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BinaryCondition {
    /// Names its folder.
    pub id: String,
    /// The same with a `*` for the run.
    pub kind: String,
    /// What it is trained to say.
    pub target: BinaryTarget,
    /// How well the easy feature predicts the label in its stimuli.
    pub easy: f64,
    /// Which run: its own stimuli and initial weights, shared by the networks
    /// of a run.
    pub run: u32,
}

impl BinaryCondition {
    /// Its network in words, without the run.
    pub fn group(&self) -> String {
        match self.target {
            BinaryTarget::Label => format!("easy {}", self.easy),
            BinaryTarget::Multi => "multi".to_owned(),
        }
    }
}

/// The conditions of a configuration, run by run, so that a run that is stopped
/// has whole runs.
pub(super) fn conditions(config: &BinaryConfig) -> Vec<BinaryCondition> {
    let mut conditions = Vec::new();
    for run in 0..config.training.runs {
        for &target in &config.training.targets {
            let multi = [config.training.multi_easy_predictivity];
            let easy = match target {
                BinaryTarget::Label => &config.stimuli.easy_predictivity[..],
                BinaryTarget::Multi => &multi,
            };
            conditions.extend(easy.iter().map(|&easy| {
                let name = |run: &str| {
                    let target = target.as_str();
                    format!(
                        "binary-{target}-easy{easy}-mlp-run{run}-seed{}",
                        config.seed
                    )
                };
                BinaryCondition {
                    id: name(&run.to_string()),
                    kind: name("*"),
                    target,
                    easy,
                    run,
                }
            }));
        }
    }
    conditions
}

/// How every network is trained.
///
/// # Errors
/// If the checkpoints do not fit the epochs.
pub(super) fn descent(config: &BinaryConfig) -> Result<CheckedDescentPlan, TrainingError> {
    DescentPlan {
        epochs: config.training.epochs,
        learning_rate: config.training.learning_rate,
        checkpoints: schedule(&config.checkpoints),
        logged: config.training.log_points,
    }
    .check()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_network_for_each_predictivity_and_run_and_one_for_both_features() {
        let config = BinaryConfig::load("binary-quick", &[]).unwrap();
        let all = conditions(&config);
        assert_eq!(all.len(), 5 * (9 + 1));
        assert_eq!(all[2].id, "binary-label-easy0.65-mlp-run0-seed0");
        assert_eq!(all[2].kind, "binary-label-easy0.65-mlp-run*-seed0");
        assert_eq!((all[9].group(), all[9].easy), ("multi".to_owned(), 0.5));
        assert_eq!(all[10].run, 1);
    }
}
