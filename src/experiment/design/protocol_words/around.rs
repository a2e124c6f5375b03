//! In words: what stands beside accuracies.

use crate::config::{AtCheckpoints, Config};

/// What is measured beside accuracies, if anything.
pub fn around(config: &Config) -> Option<String> {
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
