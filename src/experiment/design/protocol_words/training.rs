//! In words: the network, its training, and which checkpoints are kept.

use crate::config::{
    AdamNumbers, Checkpoints, Config, InitialWeights, Optimizer, Schedule, Training,
};
use crate::experiment::design::protocol::PROTOCOL;
use crate::models::{Arch, Options};

/// The network, and how it is trained, if it is.
pub fn training(config: &Config) -> String {
    let start = format!(
        "{} with {}'s default initialization ({})",
        network(config),
        match config.network.arch {
            Arch::Cnn4 | Arch::Mlp => "PyTorch",
            Arch::AlexNet | Arch::AlexNet64 | Arch::ResNet18 | Arch::ResNet50 => "torchvision",
        },
        match config.network.initial_weights {
            InitialWeights::Shared => "all conditions start from the same weights, as in the paper",
            InitialWeights::PerRun => "each condition draws its own",
        },
    );
    let normalized = "Images are normalized by the mean and deviation of each color channel over the \
                      training set.";
    if config.training.epochs == 0 {
        return format!("{start}, not trained. {normalized}");
    }
    format!(
        "{start}, one network for each target ({}); cross-entropy, {} with learning rate {}{} and {} {}, \
         batches of {}, {} epochs, no augmentation. {normalized}",
        config.training.targets.join(", "),
        optimizer(&config.training.optimizer),
        config.training.learning_rate,
        rate(&config.training),
        match config.training.optimizer {
            Optimizer::Adamw(_) => "weight decay",
            _ => "L2",
        },
        config.training.weight_decay,
        config.training.batch_size,
        config.training.epochs,
    )
}

/// The architecture and what of it was chosen.
fn network(config: &Config) -> String {
    let Options {
        dropout,
        fc_width,
        slope,
        widths,
    } = &config.network.options;
    let chosen = [
        dropout.map(|p| format!("dropout {p}")),
        fc_width.map(|width| format!("fully connected layers of {width}")),
        slope.map(|slope| format!("slope {slope} below 0")),
        widths.as_ref().map(|widths| format!("widths {widths:?}")),
    ];
    let chosen: Vec<String> = chosen.into_iter().flatten().collect();
    match chosen.is_empty() {
        true => config.network.arch.to_string(),
        false => format!("{} ({})", config.network.arch, chosen.join(", ")),
    }
}

fn optimizer(optimizer: &Optimizer) -> String {
    match optimizer {
        Optimizer::Adam(numbers) if *numbers == AdamNumbers::default() => "Adam".to_owned(),
        Optimizer::Adam(AdamNumbers {
            beta1,
            beta2,
            epsilon,
        }) => format!("Adam (betas {beta1} and {beta2}, epsilon {epsilon})"),
        Optimizer::Adamw(AdamNumbers {
            beta1,
            beta2,
            epsilon,
        }) => format!("AdamW (betas {beta1} and {beta2}, epsilon {epsilon})"),
        Optimizer::Sgd {
            momentum,
            dampening,
            nesterov,
        } => format!(
            "gradient descent with {} {momentum} (dampening {dampening})",
            if *nesterov {
                "Nesterov momentum"
            } else {
                "momentum"
            }
        ),
        Optimizer::GradientDescent => "plain gradient descent".to_owned(),
    }
}

/// What the learning rate does, if it does not stay.
fn rate(training: &Training) -> String {
    let warmup = match training.warmup_epochs {
        0.0 => String::new(),
        epochs => format!(", reached linearly over {epochs} epochs"),
    };
    let schedule = match training.schedule {
        Schedule::Constant => String::new(),
        Schedule::Step {
            step_epochs,
            step_factor,
        } => format!(", multiplied by {step_factor} every {step_epochs} epochs"),
        Schedule::Cosine { last_learning_rate } => {
            format!(", falling along a cosine to {last_learning_rate}")
        }
    };
    warmup + &schedule
}

/// The checkpoints that are kept.
pub fn checkpoints(config: &Config) -> String {
    if config.training.epochs == 0 {
        return "Kept: step 0, the untrained network.".to_owned();
    }
    let schedule = match &config.checkpoints {
        Checkpoints::Log { count } => format!("{count} steps, evenly spaced in log(step)"),
        Checkpoints::Every { every } => format!("every {every} steps"),
        Checkpoints::List { .. } => "the listed steps".to_owned(),
    };
    format!(
        "Kept: {schedule}, always with step 0 (the untrained network) and the last. The checkpoint with the \
         best validation accuracy is kept beside them; protocol {PROTOCOL} does not probe it, since it was chosen on \
         stimuli that the probes are tested on."
    )
}
