//! In words: what is probed, by which probe, and how it is judged.

use layerprobe_probes::{Scaling, Solver, View};

use crate::activations::Baseline;
use crate::config::{Config, UntrainedImages};

/// The activations that are probed.
pub fn activations(config: &Config) -> String {
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

/// The probe and its solver.
pub fn probe(config: &Config) -> String {
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

/// How the penalty is chosen, and what is tested.
pub fn choice(config: &Config) -> String {
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

/// Intervals, and chance.
pub fn intervals(config: &Config) -> String {
    format!(
        "Intervals of kind `stimuli` are 95 % percentile bootstrap over combinations of values ({} resamples): \
         they speak of this network and these held-out values only. Intervals of kind `runs` are 95 % t \
         intervals over networks (hold-out versions), given where there are several. Chance is the accuracy on the \
         test of always naming the training set's most frequent class.",
        config.probes.resamples
    )
}
