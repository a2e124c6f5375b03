use layerprobe_generators::binary::BinaryFeature;
use layerprobe_reports::ResultRow;

use crate::config::BinaryTarget;
use crate::experiment::ExperimentError;
use crate::experiment::binary::plan::BinaryCondition;
use crate::experiment::binary::rows::row_of_share;
use crate::experiment::binary::stimuli::StimulusSet;
use crate::nn::Perceptron;

/// The stimuli on which a network's own answers are judged.
pub(super) struct UseSets {
    /// Like those it was trained on.
    pub evaluation: StimulusSet,
    /// For each feature, stimuli in which the other one tells nothing.
    pub of_feature: [(BinaryFeature, StimulusSet); 2],
}

/// What a network says: how often it is right on stimuli like those it was
/// trained on, and how often its answer is a feature where the other feature
/// tells nothing. `here` says which network and when.
pub(super) fn rows(
    here: &ResultRow,
    network: &Perceptron<f32>,
    condition: &BinaryCondition,
    sets: &UseSets,
) -> Result<Vec<ResultRow>, ExperimentError> {
    let here = ResultRow {
        layer: format!("fc{}", network.spec().hidden.len() + 1),
        dim: Some(network.spec().outputs as u64),
        probe: "none".to_owned(),
        ..here.clone()
    };
    let row = |feature: &str, metric: &str, right: usize, n: usize| {
        let feature = feature.to_owned();
        row_of_share(
            ResultRow {
                feature,
                ..here.clone()
            },
            metric,
            right,
            n,
        )
    };
    let mut batch = sets.evaluation.batch(network.spec(), condition.target)?;
    network.forward(&mut batch);
    let targets: &[&str] = match condition.target {
        BinaryTarget::Label => &["label"],
        BinaryTarget::Multi => &["easy", "hard"],
    };
    let mut rows: Vec<ResultRow> = targets
        .iter()
        .enumerate()
        .map(|(output, name)| row(name, "accuracy", batch.right(output), batch.len()))
        .collect();
    for (feature, set) in &sets.of_feature {
        let mut batch = set.batch(network.spec(), condition.target)?;
        network.forward(&mut batch);
        // a network of one output answers with that one
        let output = match (condition.target, feature) {
            (BinaryTarget::Multi, BinaryFeature::Hard) => 1,
            _ => 0,
        };
        let said = batch.logits().iter().skip(output);
        let said = said
            .step_by(network.spec().outputs)
            .map(|z| u32::from(*z > 0.0));
        let agree = said.zip(set.feature(*feature)).filter(|(a, b)| a == b);
        rows.push(row(feature.name(), "feature_use", agree.count(), set.len()));
    }
    Ok(rows)
}
