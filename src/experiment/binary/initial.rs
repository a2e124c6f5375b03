use layerprobe_generators::binary::BITS;
use layerprobe_streams::StreamKey;

use super::plan::BinaryCondition;
use crate::config::{BinaryNetwork, InitialValues};
use crate::nn::PerceptronSpec;
use crate::nn::init::{normal_leaky, uniform_fan_in, uniform_xavier};

/// The network of a condition.
pub(super) fn spec(network: &BinaryNetwork, condition: &BinaryCondition) -> PerceptronSpec {
    PerceptronSpec {
        inputs: BITS,
        hidden: network.widths.clone(),
        outputs: condition.target.outputs(),
        slope: network.slope,
    }
}

/// Initial parameters, each tensor from its own stream `key.derive("fc1.weight")`
/// and so on.
pub(super) fn parameters(
    spec: &PerceptronSpec,
    initial: InitialValues,
    key: StreamKey,
) -> Vec<Vec<f32>> {
    let mut inputs = spec.inputs;
    let shapes = spec.shapes().into_iter().enumerate();
    shapes
        .map(|(number, shape)| {
            let mut values = vec![0.0; shape.iter().product()];
            let layer = number / 2 + 1;
            match (&shape[..], initial) {
                ([outputs, of], _) => {
                    inputs = *of;
                    let key = key.derive(&format!("fc{layer}.weight"));
                    match initial {
                        InitialValues::Torch => uniform_fan_in(&mut values, inputs, key),
                        InitialValues::Xavier => uniform_xavier(&mut values, inputs + outputs, key),
                        InitialValues::He => normal_leaky(&mut values, inputs, spec.slope, key),
                    }
                }
                (_, InitialValues::Torch) => {
                    uniform_fan_in(&mut values, inputs, key.derive(&format!("fc{layer}.bias")));
                }
                (_, InitialValues::Xavier | InitialValues::He) => {}
            }
            values
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initial_values_have_the_spread_of_their_kind() {
        let spec = PerceptronSpec {
            inputs: 32,
            hidden: vec![256, 64],
            outputs: 1,
            slope: 0.5,
        };
        let draw = |initial| parameters(&spec, initial, StreamKey::from_seed(3));
        let largest = |values: &[f32]| values.iter().fold(0.0f32, |most, v| most.max(v.abs()));
        let deviation = |values: &[f32]| {
            let squares: f64 = values.iter().map(|v| f64::from(*v).powi(2)).sum();
            (squares / values.len() as f64).sqrt()
        };
        let torch = draw(InitialValues::Torch);
        let near = |found: f32, bound: f64| (0.98 * bound..=bound).contains(&f64::from(found));
        assert!(near(largest(&torch[0]), 1.0 / 32f64.sqrt()));
        assert!(near(largest(&torch[1]), 1.0 / 32f64.sqrt()));
        assert!(near(largest(&torch[2]), 1.0 / 256f64.sqrt()));
        let xavier = draw(InitialValues::Xavier);
        assert!(near(largest(&xavier[2]), (6.0 / 320f64).sqrt()));
        let he = draw(InitialValues::He);
        let expected = (2.0 / 1.25 / 256f64).sqrt();
        assert!((deviation(&he[2]) / expected - 1.0).abs() < 0.03);
        for flat in [&xavier[1], &he[3]] {
            assert!(flat.iter().all(|bias| *bias == 0.0));
        }
    }
}
