//! From the configuration's words to a plan of training.

use crate::config::{self, Checkpoints, Config};
use crate::nn::optimizers::{AdamParams, OptimizerParams, SgdParams};
use crate::training::{
    CheckedTrainingPlan, CheckpointSchedule, RatePlan, RateSchedule, TrainingError, TrainingPlan,
    check_batch_norm,
};

use crate::experiment::error::ExperimentError;

use super::condition::{Planned, conditions};
use super::stimuli::ExperimentStimuli;

/// Each condition with its hold-out version and the steps of its training.
pub fn plan_conditions<'a>(
    config: &Config,
    stimuli: &'a ExperimentStimuli,
) -> Result<Vec<Planned<'a>>, ExperimentError> {
    let conditions = conditions(config);
    let classes = config.classes();
    let design = config.network.design(config.stimuli.image_size(), classes);
    let norm = design.norm_of_one_pixel()?;
    let mut planned = Vec::with_capacity(conditions.len());
    for version in &stimuli.versions {
        let examples = stimuli.training_split(version).train.len();
        if config.training.epochs > 0 {
            check_batch_norm(examples, config.training.batch_size, norm.as_deref())
                .map_err(ExperimentError::Plan)?;
        }
        let training = plan(config, examples).map_err(ExperimentError::Plan)?;
        let here = conditions.iter().filter(|c| c.version == version.number);
        planned.extend(here.map(|condition| Planned {
            condition: condition.clone(),
            version,
            training: training.clone(),
        }));
    }
    Ok(planned)
}

/// The training plan of a configuration for so many training stimuli.
///
/// # Errors
/// If it does not fit them: a checkpoint after the end, for example.
pub fn plan(config: &Config, examples: usize) -> Result<CheckedTrainingPlan, TrainingError> {
    TrainingPlan {
        epochs: config.training.epochs,
        batch_size: config.training.batch_size,
        optimizer: optimizer(&config.training),
        rate: RatePlan {
            base: config.training.learning_rate,
            warmup_epochs: config.training.warmup_epochs,
            schedule: match config.training.schedule {
                config::Schedule::Constant => RateSchedule::Constant,
                config::Schedule::Step {
                    step_epochs: epochs,
                    step_factor: factor,
                } => RateSchedule::Step { epochs, factor },
                config::Schedule::Cosine {
                    last_learning_rate: last,
                } => RateSchedule::Cosine { last },
            },
        },
        checkpoints: schedule(&config.checkpoints),
    }
    .check(examples)
}

/// Which steps are kept.
pub fn schedule(checkpoints: &Checkpoints) -> CheckpointSchedule {
    match checkpoints {
        Checkpoints::Log { count } => CheckpointSchedule::LogSpaced(*count),
        Checkpoints::Every { every } => CheckpointSchedule::Every(*every),
        Checkpoints::List { steps } => CheckpointSchedule::Steps(steps.clone()),
    }
}

fn optimizer(training: &config::Training) -> OptimizerParams {
    let weight_decay = training.weight_decay;
    let adam = |numbers: &config::AdamNumbers| AdamParams {
        beta1: numbers.beta1,
        beta2: numbers.beta2,
        epsilon: numbers.epsilon,
        weight_decay,
    };
    match &training.optimizer {
        config::Optimizer::Adam(numbers) => OptimizerParams::Adam(adam(numbers)),
        config::Optimizer::Adamw(numbers) => OptimizerParams::AdamW(adam(numbers)),
        config::Optimizer::Sgd {
            momentum,
            dampening,
            nesterov,
        } => OptimizerParams::Sgd(SgdParams {
            momentum: *momentum,
            dampening: *dampening,
            nesterov: *nesterov,
            weight_decay,
        }),
        config::Optimizer::GradientDescent => OptimizerParams::Sgd(SgdParams {
            weight_decay,
            ..SgdParams::default()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plan of `quick` with these settings of its training, for as many stimuli
    /// as make ten steps an epoch.
    fn planned(settings: &str) -> CheckedTrainingPlan {
        let settings = settings.split_whitespace();
        let settings: Vec<String> = settings.map(|s| format!("training.{s}")).collect();
        plan(&Config::load("quick", &settings).unwrap(), 640).unwrap()
    }

    #[test]
    fn an_optimizer_is_the_one_that_was_named_with_all_its_numbers() {
        let usual = AdamParams {
            weight_decay: 1e-4,
            ..AdamParams::default()
        };
        let own = AdamParams {
            beta1: 0.8,
            beta2: 0.99,
            epsilon: 1e-6,
            weight_decay: 0.02,
        };
        let none = AdamParams::default();
        let sgd = |momentum, dampening, nesterov, weight_decay| {
            OptimizerParams::Sgd(SgdParams {
                momentum,
                dampening,
                nesterov,
                weight_decay,
            })
        };
        for (settings, expected) in [
            ("", OptimizerParams::Adam(usual)),
            ("optimizer=adam", OptimizerParams::Adam(usual)),
            ("weight_decay=0", OptimizerParams::Adam(none)),
            (
                "optimizer=adam beta1=0.8 beta2=0.99 epsilon=1e-6 weight_decay=0.02",
                OptimizerParams::Adam(own),
            ),
            ("optimizer=adamw", OptimizerParams::AdamW(usual)),
            (
                "optimizer=adamw beta1=0.8 beta2=0.99 epsilon=1e-6 weight_decay=0.02",
                OptimizerParams::AdamW(own),
            ),
            ("optimizer=sgd", sgd(0.9, 0.0, false, 1e-4)),
            (
                "optimizer=sgd momentum=0.5 dampening=0.25 weight_decay=0.02",
                sgd(0.5, 0.25, false, 0.02),
            ),
            (
                "optimizer=sgd momentum=0.5 nesterov=true",
                sgd(0.5, 0.0, true, 1e-4),
            ),
            (
                "optimizer=gradient_descent weight_decay=0.02",
                sgd(0.0, 0.0, false, 0.02),
            ),
        ] {
            let plan = planned(settings);
            assert_eq!(*plan.optimizer.get(), expected, "{settings}");
        }
    }

    #[test]
    fn a_rate_counts_epochs_by_their_steps() {
        let plan = planned("");
        assert_eq!((plan.steps_per_epoch(), plan.total_steps()), (10, 100));
        assert_eq!(plan.rate.at(0), 1e-3);
        let table: [(&str, &[(u64, f64)]); 7] = [
            ("", &[(0, 0.1), (50, 0.1), (99, 0.1)]),
            (
                "warmup_epochs=0.5",
                &[(0, 0.02), (3, 0.08), (4, 0.1), (5, 0.1), (99, 0.1)],
            ),
            (
                "warmup_epochs=2",
                &[(0, 0.005), (9, 0.05), (19, 0.1), (20, 0.1)],
            ),
            (
                "schedule=step step_epochs=2 step_factor=0.5",
                &[(0, 0.1), (19, 0.1), (20, 0.05), (39, 0.05), (40, 0.025)],
            ),
            // the schedule's own steps count from the end of the warm-up
            (
                "schedule=step step_epochs=2 step_factor=0.5 warmup_epochs=1",
                &[(0, 0.01), (10, 0.1), (29, 0.1), (30, 0.05), (99, 0.00625)],
            ),
            // a quarter of the way: 0.02 + 0.04 (1 + cos(pi / 4))
            (
                "schedule=cosine last_learning_rate=0.02",
                &[(0, 0.1), (25, 0.088284271), (50, 0.06), (75, 0.031715729)],
            ),
            (
                "schedule=cosine last_learning_rate=0.02 warmup_epochs=2",
                &[(0, 0.005), (20, 0.1), (40, 0.088284271), (60, 0.06)],
            ),
        ];
        for (settings, rates) in table {
            let plan = planned(&format!("learning_rate=0.1 {settings}"));
            for &(step, expected) in rates {
                let found = plan.rate.at(step);
                let off = (found - expected).abs();
                assert!(off < 1e-9, "{settings}, step {step}: {found}");
            }
        }
    }
}
