mod cnn4;
mod designs;
mod goldens;

use candle_core::{Device, Tensor, Var};
use layerprobe_streams::StreamKey;

use super::{Arch, ImageBatch, Network, Parameter, TensorPass, Workspace};
use crate::nn::goldens::numbers;
use crate::nn::ops;
use crate::nn::optimizers::{AdamParams, LearningRate, OptimizerParams};
use crate::training::Trainer;

fn single(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|x| x as f32).collect()
}

fn double(values: &[f32]) -> Vec<f64> {
    values.iter().map(|x| f64::from(*x)).collect()
}

/// Adam as PyTorch's default, with L2.
fn trainer(network: &Network, weight_decay: f64) -> Trainer {
    let adam = OptimizerParams::Adam(AdamParams {
        weight_decay,
        ..AdamParams::default()
    });
    let rate = LearningRate::constant(1e-3).unwrap();
    Trainer::new(
        network,
        adam.check().unwrap(),
        rate,
        StreamKey::from_seed(0),
    )
}

#[test]
fn a_workspace_serves_other_batches_and_networks() {
    let key = StreamKey::from_seed(3);
    let small = Network::new(Arch::Cnn4, 16, 3, key).unwrap();
    let large = Network::new(Arch::Cnn4, 48, 4, key).unwrap();
    let batch = |network: &Network, n: usize| {
        let size = network.image_size();
        let images = single(numbers(n * 3 * size * size, 5, 1.0));
        ImageBatch::from_chw(network.input_layout(), &images)
    };
    let mut shared = Workspace::default();
    for (network, n) in [
        (&large, 5),
        (&small, 3),
        (&large, 2),
        (&large, 7),
        (&small, 9),
    ] {
        let batch = batch(network, n);
        let names = ["fc1", "pool2", "pool4"];
        let found = network.read(&mut shared, &batch, &names).unwrap();
        let fresh = network
            .read(&mut Workspace::default(), &batch, &names)
            .unwrap();
        assert_eq!(found, fresh);
        assert_eq!(found[1].values.len(), n * found[1].dim);
    }
}

/// A small network of each architecture.
fn each_arch() -> impl Iterator<Item = Network> {
    let key = StreamKey::from_seed(5);
    Arch::ALL.into_iter().map(move |arch| {
        let size = match arch {
            Arch::Cnn4 => 16,
            Arch::Mlp => 5,
            Arch::AlexNet => 63,
            Arch::AlexNet64 => 15,
            Arch::ResNet18 | Arch::ResNet50 => 33,
        };
        Network::new(arch, size, 3, key).unwrap()
    })
}

fn some_images(network: &Network, n: usize) -> (ImageBatch, Tensor) {
    let size = network.image_size();
    let pixels = single(numbers(n * 3 * size * size, 5, 1.0));
    let batch = ImageBatch::from_chw(network.input_layout(), &pixels);
    let tensor = Tensor::from_vec(pixels, (n, 3, size, size), &Device::Cpu);
    (batch, tensor.unwrap())
}

/// The largest difference, relative to the largest number.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let largest = a.iter().fold(f32::MIN_POSITIVE, |m, x| m.max(x.abs()));
    let pairs = a.iter().zip(b);
    pairs.fold(0.0f32, |m, (a, b)| m.max((a - b).abs())) / largest
}

/// Dropout and batch statistics in training, folded batch norms in eval mode:
/// tensors and buffers walk along one graph.
#[test]
fn tensors_and_buffers_agree_for_every_architecture() -> candle_core::Result<()> {
    for mut network in each_arch() {
        let arch = network.arch();
        let (batch, images) = some_images(&network, 4);
        let labels = [0, 2, 1, 1];
        let vars: Vec<Var> = network
            .parameters()
            .iter()
            .map(|p| Var::from_tensor(&p.to_tensor()?))
            .collect::<candle_core::Result<_>>()?;
        let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();

        // the trainer's first step
        let mut trainer = trainer(&network, 0.0);
        let dropout = StreamKey::from_seed(0).derive("0");
        let logits = network.forward_tensors(&images, &tensors, TensorPass::Training(dropout))?;
        let by_autograd = ops::cross_entropy(&logits, &labels)?.backward()?;
        let (_, gradients) = trainer
            .loss_and_gradients(&network, &batch, &labels)
            .unwrap();
        for (var, gradient) in vars.iter().zip(gradients) {
            let found = by_autograd
                .get(var)
                .unwrap()
                .flatten_all()?
                .to_vec1::<f32>()?;
            let off = difference(gradient, &found);
            assert!(
                off < 1e-4,
                "{arch}: gradients of {:?} off by {off}",
                var.dims()
            );
        }

        // running statistics as training left them
        trainer.step(&mut network, &batch, &labels).unwrap();
        let mut workspace = Workspace::default();
        let logits = network.logits(&mut workspace, &batch).unwrap();
        let tensors: Vec<Tensor> = network
            .parameters()
            .iter()
            .map(Parameter::to_tensor)
            .collect::<candle_core::Result<_>>()?;
        let by_tensors = network.forward_tensors(&images, &tensors, TensorPass::Eval)?;
        let off = difference(logits, &by_tensors.flatten_all()?.to_vec1()?);
        assert!(off < 1e-5, "{arch}: logits off by {off}");
    }
    Ok(())
}

#[test]
fn every_layer_is_read_by_every_name() {
    for network in each_arch() {
        let (batch, _) = some_images(&network, 3);
        let layers = network.layers();
        let mut workspace = Workspace::default();
        let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
        let all = network.read(&mut workspace, &batch, &names).unwrap();
        for (layer, rows) in layers.iter().zip(&all) {
            assert_eq!(rows.dim, layer.shape.dim());
            assert!(rows.values.iter().any(|x| *x != 0.0), "{}", layer.name);
            for alias in &layer.aliases {
                // alone, the pass ends there; memory is shared in another way
                let alone = network.read(&mut workspace, &batch, &[alias]).unwrap();
                assert_eq!(alone[0].values, rows.values, "{alias}");
            }
        }
        let parameters: usize = layers.iter().map(|layer| layer.parameters).sum();
        let weights = network.parameters().iter().map(|p| p.values.len());
        assert_eq!(parameters, weights.sum::<usize>());
    }
}
