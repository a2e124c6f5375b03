//! Optimizer, learning rate, epochs.

use crate::config::error::ConfigError;
use crate::config::keys::Keys;
use crate::config::sections::Stimuli;
use crate::config::training::{AdamNumbers, Optimizer, Schedule, Training};
use toml::Value;

/// Keys that only some optimizers or schedules have.
const OWNED: [(&str, &str, &[&str]); 9] = [
    ("beta1", "optimizer", &["adam", "adamw"]),
    ("beta2", "optimizer", &["adam", "adamw"]),
    ("epsilon", "optimizer", &["adam", "adamw"]),
    ("momentum", "optimizer", &["sgd"]),
    ("dampening", "optimizer", &["sgd"]),
    ("nesterov", "optimizer", &["sgd"]),
    ("step_epochs", "schedule", &["step"]),
    ("step_factor", "schedule", &["step"]),
    ("last_learning_rate", "schedule", &["cosine"]),
];

/// Most epochs of a training.
const LONGEST: u64 = 1_000_000;

pub(super) fn training(keys: &Keys, stimuli: &Stimuli) -> Result<Training, ConfigError> {
    let epochs = keys.whole_in("training.epochs", 0, LONGEST)?;
    let key = "training.learning_rate";
    let learning_rate = keys.positive(key, keys.number(key)?, 10.0)?;
    Ok(Training {
        targets: keys.names("training.targets", "feature", stimuli.feature_names())?,
        epochs,
        batch_size: keys.whole_in("training.batch_size", 1, 1 << 20)? as usize,
        learning_rate,
        weight_decay: keys.number_in("training.weight_decay", 0.0, 10.0)?,
        optimizer: optimizer(keys)?,
        schedule: schedule(keys, epochs, learning_rate)?,
        warmup_epochs: warmup(keys, epochs)?,
    })
}

fn optimizer(keys: &Keys) -> Result<Optimizer, ConfigError> {
    let name = chosen(keys, "optimizer", "adam", &Optimizer::NAMES)?;
    Ok(match name {
        "adamw" => Optimizer::Adamw(adam(keys)?),
        "sgd" => {
            let momentum = fraction(keys, "training.momentum", 0.9)?;
            let dampening = fraction(keys, "training.dampening", 0.0)?;
            let nesterov = keys
                .get("training.nesterov", "true or false", Value::as_bool)?
                .unwrap_or(false);
            if nesterov && (momentum == 0.0 || dampening > 0.0) {
                return Err(keys.invalid(
                    "training.nesterov",
                    format!(
                        "Nesterov needs a momentum above 0 and no dampening; they are {momentum} and {dampening}"
                    ),
                ));
            }
            Optimizer::Sgd {
                momentum,
                dampening,
                nesterov,
            }
        }
        "gradient_descent" => Optimizer::GradientDescent,
        _ => Optimizer::Adam(adam(keys)?),
    })
}

fn adam(keys: &Keys) -> Result<AdamNumbers, ConfigError> {
    let default = AdamNumbers::default();
    Ok(AdamNumbers {
        beta1: fraction(keys, "training.beta1", default.beta1)?,
        beta2: fraction(keys, "training.beta2", default.beta2)?,
        epsilon: keys.number_or_in("training.epsilon", default.epsilon, 1e-30, 1.0)?,
    })
}

fn schedule(keys: &Keys, epochs: u64, rate: f64) -> Result<Schedule, ConfigError> {
    let name = chosen(keys, "schedule", "constant", &Schedule::NAMES)?;
    // what never begins has no end that a schedule could miss
    let end = if epochs == 0 { LONGEST } else { epochs };
    Ok(match name {
        "step" => Schedule::Step {
            step_epochs: keys.whole_in("training.step_epochs", 1, end)?,
            step_factor: keys.number_or_in("training.step_factor", 0.1, 1e-9, 1.0)?,
        },
        "cosine" => Schedule::Cosine {
            last_learning_rate: keys.number_or_in("training.last_learning_rate", 0.0, 0.0, rate)?,
        },
        _ => Schedule::Constant,
    })
}

fn warmup(keys: &Keys, epochs: u64) -> Result<f64, ConfigError> {
    let warmup = keys.number_or("training.warmup_epochs", 0.0)?;
    let (end, whose) = match epochs {
        0 => (LONGEST, ""),
        _ => (epochs, " epochs of training"),
    };
    if !(0.0..end as f64).contains(&warmup) {
        let problem = format!("{warmup} is not from 0 to below {end}{whose}");
        return Err(keys.invalid("training.warmup_epochs", problem));
    }
    Ok(warmup)
}

fn fraction(keys: &Keys, key: &str, default: f64) -> Result<f64, ConfigError> {
    let value = keys.number_or(key, default)?;
    match (0.0..1.0).contains(&value) {
        true => Ok(value),
        false => Err(keys.invalid(key, format!("{value} is not from 0 to below 1"))),
    }
}

/// The choice made by `training.<what>`; keys of other choices are refused by
/// the name of theirs.
fn chosen<'a>(
    keys: &Keys,
    what: &'static str,
    default: &str,
    names: &[&'a str],
) -> Result<&'a str, ConfigError> {
    let key = format!("training.{what}");
    let given = keys.text_or(&key, default)?;
    let name = keys.known(&key, what, &given, names)?;
    for (own, _, owners) in OWNED.iter().filter(|(_, of, _)| *of == what) {
        keys.owned(&format!("training.{own}"), (&key, name), owners)?;
    }
    Ok(name)
}
