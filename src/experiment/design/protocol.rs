//! The protocol in words: everything that turns activations into a number.

use layerprobe_generators::TextureAngle;
use layerprobe_probes::{Scaling, Solver, View};
use layerprobe_reports::ProtocolParagraph;

use crate::activations::Baseline;
use crate::config::{
    AdamNumbers, AtCheckpoints, Checkpoints, Config, InitialWeights, Optimizer, PMode, Protocol,
    Schedule, Stimuli, Training, UntrainedImages,
};
use crate::models::{Arch, Options};
use crate::results::PAPER_PROTOCOL;

use super::paper_protocol;

/// The protocol's name and version, written into every row.
pub const PROTOCOL: &str = "clean/4";

/// The protocol's name with what this configuration changes in it.
pub fn name(config: &Config) -> String {
    let scaling = match config.probes.scaling {
        Scaling::Channel => String::new(),
        scaling => format!(" scaling={}", scaling.as_str()),
    };
    let untrained = match config.probes.untrained_images {
        UntrainedImages::Normalized => "",
        UntrainedImages::Raw => " untrained_images=raw",
    };
    format!("{PROTOCOL}{scaling}{untrained}")
}

/// The names of all protocols of this configuration.
pub fn names(config: &Config) -> String {
    let name = |protocol: &Protocol| match protocol {
        Protocol::Clean => name(config),
        Protocol::Paper => PAPER_PROTOCOL.to_owned(),
    };
    let names: Vec<String> = config.probes.protocol.iter().map(name).collect();
    names.join(", ")
}

/// The protocol of this configuration, a paragraph for each step.
pub fn in_words(config: &Config) -> Vec<ProtocolParagraph> {
    let paragraph = |heading: &str, text: String| ProtocolParagraph {
        heading: heading.to_owned(),
        text,
    };
    let mut paragraphs = vec![
        paragraph("Stimuli", stimuli(config)),
        paragraph("Hold-outs", hold_outs(config)),
        paragraph("Network and training", training(config)),
        paragraph("Checkpoints", checkpoints(config)),
    ];
    if config.probes.protocol.contains(&Protocol::Clean) {
        paragraphs.extend([
            paragraph("Activations", activations(config)),
            paragraph("Probe", probe(config)),
            paragraph("Choice of the penalty, and the test", choice(config)),
            paragraph("Intervals and chance", intervals(config)),
        ]);
        let around = around(config);
        paragraphs.extend(around.map(|text| paragraph("Around the number", text)));
    }
    let paper = paper_protocol::in_words(config);
    paragraphs.extend(paper.map(|text| paragraph("Protocol paper/1", text)));
    paragraphs
}

/// What is measured beside accuracies, if anything.
fn around(config: &Config) -> Option<String> {
    let mut parts = Vec::new();
    let when = match config.probes.v_information {
        AtCheckpoints::None => None,
        AtCheckpoints::Ends => Some(", at step 0 and the last step"),
        AtCheckpoints::All => Some(""),
    };
    parts.extend(when.map(|when| {
        format!(
            "V-information (Xu et al. 2020){when}, bits a stimulus: cross-entropy on the test of the training set's \
             class frequencies, minus that of the probe refitted at the penalty with the lowest cross-entropy on \
             the selection combinations (selected_by cross_entropy). Nothing is subtracted or cut off."
        )
    }));
    let share = config.probes.selection_fraction;
    if config.probes.seen_values {
        parts.push(format!(
            "split_kind seen_values: a share of {share} of the training set's combinations, the same for every \
             feature, is withheld and tested on; the penalty is chosen anew among the others."
        ));
    }
    if config.probes.controls > 0 {
        parts.push(format!(
            "split_kind instance: of each training combination's exemplars a share of {share} is tested on, the \
             others fit. Control task (Hewitt & Liang 2019): each combination of a feature's training set is \
             given the value of another, {} labelings. Both are fitted at the penalty that the feature's probe on \
             held-out values chose, the feature's own probe to a relative gap of 0.001, controls to 0.01 in at \
             most 50 iterations a penalty; selectivity is the probe's accuracy minus the control's, its mean and \
             range over labelings, on this split only.",
            config.probes.controls
        ));
    }
    if config.probes.code_orders > 0 {
        parts.push(format!(
            "Online code length (Voita & Titov 2020) of the training set's labels, at step 0 and the last step, in \
             {} random orders of its combinations: blocks end after 1/32, 1/16, 1/8, 1/4, 1/2 and all of them, the \
             first (at least so long that every class is in it) is coded uniformly, each other by a probe whose \
             scaling, weights and penalty come from the blocks before it, its predictions mixed with 0.001 of \
             uniform. Compression is the uniform code's length over it.",
            config.probes.code_orders
        ));
    }
    if config.probes.nonlinear_seeds > 0 {
        parts.push(format!(
            "Nonlinear probes (probe mlp64), at step 0 and the last step, {} seeds each: one hidden layer of 64 leaky \
             ReLU units (0.01 below 0), mean cross-entropy, Adam with learning rate 0.001 and no weight decay, batches \
             of 64, 40 epochs on the training combinations that are left when a share of {share} is set aside; the \
             first epoch with the highest accuracy on that share is tested. Nothing proves such a fit optimal \
             (status fixed_budget): mean and range over seeds are given instead.",
            config.probes.nonlinear_seeds
        ));
    }
    if config.probes.permutations > 0 {
        parts.push(format!(
            "Permutation null, at step 0 and the last step: labels of whole combinations are permuted, separately \
             in training and test, the same {} permutations for all layers and checkpoints, and each probe is \
             refitted at its penalty, as closely as controls. A p-value compares an accuracy with the permutations' \
             maxima over all layers and both steps of its condition and feature: (b + 1) / (B + 1).",
            config.probes.permutations
        ));
    }
    if !config.probes.ridge.is_empty() {
        parts.push(format!(
            "Ridge regression (probe ridge) decodes {}, at the penalty of the list with the highest R^2 on the \
             selection combinations; R^2 is over all stimuli that some feature is tested on, 0 for the training \
             mean. Phases are decoded by their sine and cosine, whose squares are summed.",
            config.probes.ridge.join(", ")
        ));
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn stimuli(config: &Config) -> String {
    let mut text = match &config.stimuli {
        Stimuli::Trifeature {
            image_size,
            object_size,
            texture_period,
            exemplars,
        } => format!(
            "Trifeature (Hermann & Lampinen 2020, section 3.1): 10 shapes x 10 textures x 10 colors, \
             {exemplars} exemplars a combination, {image_size} x {image_size} pixels, object {object_size} pixels, \
             texture period {texture_period} pixels. Shape and texture are rotated independently by up to 45 \
             degrees either way; the object lies wholly inside the frame at a random position."
        ),
        Stimuli::Navon {
            image_size,
            large_letter,
            small_letter,
            texture_angle,
        } => format!(
            "Navon (Hermann & Lampinen 2020, section 3.1): 26 large letters (shape) made of 26 small letters \
             (texture), 5 positions each, without the pairs of a letter with itself; {image_size} x {image_size} \
             pixels, letters of {large_letter} and {small_letter} pixels, Liberation Sans Bold. The texture angle is {}.",
            match texture_angle {
                TextureAngle::Absolute => "drawn independently of the large letter's",
                TextureAngle::Relative =>
                    "drawn relative to the large letter's, as the authors' script does",
            }
        ),
    };
    if let Some(correlation) = &config.correlation {
        text += &format!(
            " In the training set {} and {} are correlated: the matched value has probability {} {}. \
             Probes use an uncorrelated set with the same held-out values.",
            correlation.pair[0],
            correlation.pair[1],
            correlation.predictivity,
            match correlation.p_mode {
                PMode::Nominal => "in the pool of all values",
                PMode::Effective => "in the training set and in each validation set",
            }
        );
    }
    text
}

fn hold_outs(config: &Config) -> String {
    format!(
        "Each hold-out version holds {} values of every feature out ({} remain, chance 1/{}). The training set \
         is every stimulus whose values are all kept, the same for all targets. The validation set of a feature \
         is every stimulus that keeps that feature's value and has a held-out value of another feature. Versions \
         here: {}.",
        config.split.held_out,
        config.stimuli.values_per_feature() - config.split.held_out,
        config.stimuli.values_per_feature() - config.split.held_out,
        config
            .split
            .versions
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    )
}

fn training(config: &Config) -> String {
    format!(
        "{} with {}'s default initialization ({}), one network for each target ({}); cross-entropy, {} \
         with learning rate {}{} and {} {}, batches of {}, {} epochs, no augmentation. Images are normalized by \
         the mean and deviation of each color channel over the training set.",
        network(config),
        match config.network.arch {
            Arch::Cnn4 | Arch::Mlp => "PyTorch",
            Arch::AlexNet | Arch::AlexNet64 | Arch::ResNet18 | Arch::ResNet50 => "torchvision",
        },
        match config.network.initial_weights {
            InitialWeights::Shared => "all conditions start from the same weights, as in the paper",
            InitialWeights::PerRun => "each condition draws its own",
        },
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

fn checkpoints(config: &Config) -> String {
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

fn activations(config: &Config) -> String {
    let layers: Vec<&str> = config.probes.network_layers().collect();
    let baselines: Vec<&str> = config.probes.baselines().map(Baseline::name).collect();
    let beside = match baselines.as_slice() {
        [] => String::new(),
        names => format!(
            " Beside them, without any network: {} (input: the raw pixels; pixel_stats: mean and deviation of \
             each color channel), probed once for each hold-out version.",
            names.join(", ")
        ),
    };
    format!(
        "Layers {} in evaluation mode, after the ReLU (and the pooling, for convolutional blocks), flattened \
         whole. Every stimulus passes through each checkpoint once. {}{beside}{}",
        layers.join(", "),
        match config.probes.untrained_images {
            UntrainedImages::Normalized =>
                "Untrained and trained networks see images normalized in the same way.",
            UntrainedImages::Raw =>
                "Untrained networks see images as they are (pixels from 0 to 1), trained ones normalized as in \
                 training: a difference between them is one of images, too.",
        },
        views(config)
    )
}

/// What of a layer is probed, if not (only) all of it.
fn views(config: &Config) -> String {
    let words = |view: &View| match view {
        View::Full => "full (all dimensions)".to_owned(),
        View::Gap => {
            "gap (the mean of each channel over its pixels, then scaled; maps of channels only)"
                .to_owned()
        }
        View::Pca(count) => format!(
            "pca:{count} (the first {count} principal components of the scaled training activations, not scaled again)"
        ),
        View::RandomProjection(count) => format!(
            "rp:{count} ({count} Gaussian random combinations of the scaled dimensions, the same for all \
             checkpoints, not scaled again)"
        ),
    };
    match config.probes.views.as_slice() {
        [View::Full] => String::new(),
        views => {
            let views: Vec<String> = views.iter().map(words).collect();
            format!(
                " Views of each layer: {}. A layer with no more dimensions than components is left whole.",
                views.join("; ")
            )
        }
    }
}

fn probe(config: &Config) -> String {
    format!(
        "Multinomial logistic regression on the layer's activations, {}. Objective: summed cross-entropy + penalty/2 * ||W||^2, the \
         intercept free. Solver: {}. Each fit carries its objective, a bound on its distance to the optimum \
         and its status: converged where the bound is below 1e-6 of the objective. Probes that did not \
         converge are marked.",
        match config.probes.scaling {
            Scaling::Channel =>
                "each dimension centered at its mean over the training set; dimensions of one channel of a \
                 convolutional layer divided by the root of their mean variance, those of vectors by their \
                 deviation, at least 1 % of the layer's",
            Scaling::None => "as they are",
            Scaling::Standard =>
                "each dimension standardized by its mean and deviation over the training set",
        },
        match config.probes.solver {
            Solver::Linfa => "linfa-logistic, its objective and gradient recomputed after the fit",
            Solver::Batched => "layerprobe's own, all features and penalties of a layer at once",
        }
    )
}

fn choice(config: &Config) -> String {
    let penalties: Vec<String> = config.probes.penalties.iter().map(f64::to_string).collect();
    let free = match config.probes.penalties.contains(&0.0) {
        true => {
            " Penalty 0 is cross-entropy alone: where a decoder separates the training classes it has no \
             optimum (status separable), and the fit is that of penalty 0.001, marked as not converged."
        }
        false => "",
    };
    format!(
        "Penalties: {}.{free} A share of {} of the training set's combinations of values, whole combinations balanced \
         over the classes of all features, chooses the penalty by accuracy; then the probe is fitted again on \
         the whole training set and tested once on the decoded feature's validation set (its value kept, \
         another feature's held out: split_kind held_out_values). No choice sees a stimulus it is tested on.",
        penalties.join(", "),
        config.probes.selection_fraction
    )
}

fn intervals(config: &Config) -> String {
    format!(
        "Intervals of kind `stimuli` are 95 % percentile bootstrap over combinations of values ({} resamples): \
         they speak of this network and these held-out values only. Intervals of kind `runs` are 95 % t \
         intervals over networks (hold-out versions), given where there are several. Chance is the accuracy on the \
         test of always naming the training set's most frequent class.",
        config.probes.resamples
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predictivity_is_said_to_hold_where_it_does() {
        let said = |p_mode: &str| {
            let set = format!("correlation.p_mode={p_mode:?}");
            stimuli(&Config::load("hl2020-quick-shape-color", &[set]).unwrap())
        };
        assert!(said("nominal").contains(" 0.5 in the pool of all values. "));
        let each = " 0.5 in the training set and in each validation set. ";
        assert!(said("effective").contains(each));
    }
}
