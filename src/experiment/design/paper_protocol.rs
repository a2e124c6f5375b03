//! The paper's protocol: which networks it reads, and what it is in words.

use crate::config::{Config, PaperGrid};
use crate::training::Role;

/// The checkpoints of a network that it reads: before training, and the best on
/// validation if there is training.
pub fn roles(config: &Config) -> &'static [Role] {
    match config.training.epochs {
        0 => &[Role::Initial],
        _ => &[Role::Initial, Role::BestValidation],
    }
}

/// The protocol in words, if the configuration names it.
pub fn in_words(config: &Config) -> Option<String> {
    let PaperGrid {
        learning_rates,
        weight_decays,
        batch_size,
        epochs,
    } = config.probes.paper.as_ref()?;
    let listed = |values: &[f64]| {
        let values: Vec<String> = values.iter().map(|value| format!("{value:e}")).collect();
        values.join(", ")
    };
    Some(format!(
        "The decoders of Hermann & Lampinen 2020 (appendix B.1.1), for comparison with their figures: upper \
         bounds, since they are chosen on the stimuli they are tested on. One linear layer with softmax on the \
         activations as they are (never standardized), mean cross-entropy, Adam, batches of {batch_size}, \
         {epochs} epochs, PyTorch's initial values, on the whole training set; every learning rate ({}) with \
         every weight decay ({}). After each epoch each decoder is tested on its feature's validation set. For \
         each target, layer and feature one learning rate, weight decay and epoch is taken: the one with the \
         highest mean accuracy over the hold-out versions' networks ({} here, five in the paper). The accuracies \
         there are what is reported (selected_by tested_stimuli). Networks are read at step 0{}. Untrained \
         networks see unnormalized images (pixels from 0 to 1){}.",
        listed(learning_rates),
        listed(weight_decays),
        config.split.versions.len(),
        match config.training.epochs {
            0 => "",
            _ =>
                " and at the checkpoint with the best validation accuracy (chosen on the target's same validation \
                 set)",
        },
        match config.training.epochs {
            0 => "",
            _ => ", trained ones images normalized as in training",
        },
    ))
}
