//! docs/configuration.md names every key there is.

use std::collections::BTreeSet;

use super::presets::{BINARY_PRESETS, PRESETS};
use super::{check, open, overridden};

/// Each choice that brings keys of its own.
const CHOICES: &[&[&str]] = &[
    &["training.optimizer=adam"],
    &["training.optimizer=sgd"],
    &["training.schedule=step", "training.step_epochs=1"],
    &["training.schedule=cosine"],
    &["checkpoints.schedule=every", "checkpoints.every=1"],
    &["checkpoints.schedule=list", "checkpoints.steps=[0]"],
    &["probes.protocol=paper"],
    &[
        "correlation.pair=['shape', 'color']",
        "correlation.predictivity=0.5",
        "correlation.validation_stimuli=100",
    ],
];

#[test]
fn every_key_is_documented() {
    let documented = include_str!("../../docs/configuration.md");
    let mut asked = BTreeSet::new();
    for preset in PRESETS {
        for choice in CHOICES {
            let choice: Vec<String> = choice.iter().map(ToString::to_string).collect();
            let keys = overridden(open(preset.name, PRESETS).unwrap(), &choice).unwrap();
            // a choice may not suit every preset; what it asks for counts all the same
            let _ = check::check(&keys);
            asked.extend(keys.asked());
        }
    }
    for preset in BINARY_PRESETS {
        let keys = open(preset.name, BINARY_PRESETS).unwrap();
        check::binary(&keys).unwrap();
        asked.extend(keys.asked());
    }
    assert!(asked.contains("training.dampening") && asked.contains("decoding.bits"));
    let missing: Vec<&String> = asked
        .iter()
        .filter(|key| !documented.contains(&format!("`{key}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
