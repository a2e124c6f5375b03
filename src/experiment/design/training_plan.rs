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
    let classes = config.stimuli.values_per_feature() - config.split.held_out;
    let design = config.network.design(config.stimuli.image_size(), classes);
    let design = design.map_err(|unknown| ExperimentError::UnknownArch(unknown.to_string()))?;
    let norm = design.norm_of_one_pixel()?;
    let mut planned = Vec::with_capacity(conditions.len());
    for version in &stimuli.versions {
        let examples = stimuli.training_split(version).train.len();
        check_batch_norm(examples, config.training.batch_size, norm.as_deref())
            .map_err(ExperimentError::Plan)?;
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
