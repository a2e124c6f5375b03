use thiserror::Error;

/// A parameter of an optimizer or a learning rate that cannot work.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum OptimizerError {
    /// A number out of its range.
    #[error("the {name} is {value}; it must be {range}")]
    Range {
        /// Which parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// Nesterov's step looks ahead along an undamped momentum.
    #[error(
        "Nesterov needs a momentum above 0 and no dampening; they are {momentum} and {dampening}"
    )]
    Nesterov {
        /// The momentum.
        momentum: f64,
        /// The dampening.
        dampening: f64,
    },
    /// Nothing is left of a training after its warm-up.
    #[error(
        "a warm-up of {warmup} steps leaves nothing of the {steps} steps along which the learning rate falls"
    )]
    Warmup {
        /// Steps of the warm-up.
        warmup: u64,
        /// Steps of the schedule, the warm-up's counted.
        steps: u64,
    },
}

/// Fails unless `valid`.
pub(super) fn within(
    name: &'static str,
    value: f64,
    valid: bool,
    range: &'static str,
) -> Result<(), OptimizerError> {
    match valid {
        true => Ok(()),
        false => Err(OptimizerError::Range { name, value, range }),
    }
}

pub(super) fn positive(name: &'static str, value: f64) -> Result<(), OptimizerError> {
    within(name, value, value.is_finite() && value > 0.0, "positive")
}

pub(super) fn not_negative(name: &'static str, value: f64) -> Result<(), OptimizerError> {
    let valid = value.is_finite() && value >= 0.0;
    within(name, value, valid, "0 or positive")
}

pub(super) fn fraction(name: &'static str, value: f64) -> Result<(), OptimizerError> {
    let valid = (0.0..1.0).contains(&value);
    within(name, value, valid, "at least 0 and below 1")
}
