use super::layer::{Layer, LayerKind};
use super::{Arch, ModelError};
use crate::nn::{Activation, ConvBlock, ConvSpec, Linear};

/// Output channels of the four blocks.
const CHANNELS: [usize; 4] = [32, 64, 128, 128];
/// Width of the fully connected layer.
const WIDTH: usize = 128;
/// Larger images are a mistake, and their sizes would not fit the arithmetic.
const MAX_SIZE: usize = 1 << 14;

/// The layers of `cnn4` for RGB images of `size` x `size`.
pub(super) fn layers(size: usize, classes: usize) -> Result<Vec<Layer>, ModelError> {
    if size == 0 || size > MAX_SIZE || !size.is_multiple_of(16) {
        return Err(ModelError::ImageSize {
            arch: Arch::Cnn4,
            size,
            needs: "its four 2 x 2 pools need a side divisible by 16, at most 16384",
        });
    }
    let mut layers = Vec::with_capacity(CHANNELS.len() + 2);
    let (mut side, mut channels) = (size, 3);
    for (i, out_channels) in CHANNELS.into_iter().enumerate() {
        // the next convolution's padding; the fully connected layer wants none
        let out_border = usize::from(i + 1 < CHANNELS.len());
        let name = format!("pool{}", i + 1);
        let spec = ConvSpec::same3(channels, out_channels);
        let block = ConvBlock::new::<f32>(spec, side, side, out_border).map_err(|source| {
            ModelError::Layer {
                layer: name.clone(),
                source,
            }
        })?;
        layers.push(Layer {
            name,
            weights: format!("conv{}", i + 1),
            kind: LayerKind::ConvBlock(block),
        });
        side /= 2;
        channels = out_channels;
    }
    let linear = |name: &str, inputs, outputs, activation| Layer {
        name: name.to_owned(),
        weights: name.to_owned(),
        kind: LayerKind::Linear(Linear {
            inputs,
            outputs,
            activation,
        }),
    };
    layers.push(linear(
        "fc1",
        side * side * channels,
        WIDTH,
        Activation::Relu,
    ));
    layers.push(linear("fc2", WIDTH, classes, Activation::None));
    Ok(layers)
}
