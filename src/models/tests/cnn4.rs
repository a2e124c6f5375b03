//! `cnn4` against the same network in PyTorch.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};
use layerprobe_streams::StreamKey;
use serde::Deserialize;

use super::{double, single, trainer};
use crate::models::{Arch, ImageBatch, Network, TensorPass, Workspace};
use crate::nn::goldens::{Sample, numbers, read};
use crate::nn::ops;

#[derive(Deserialize)]
struct Golden {
    size: usize,
    classes: usize,
    batch: usize,
    labels: Vec<Vec<u32>>,
    layers: BTreeMap<String, Sample>,
    loss: f64,
    gradients: BTreeMap<String, Sample>,
    shapes: BTreeMap<String, Vec<usize>>,
    losses: Vec<f64>,
}

impl Golden {
    fn read() -> Self {
        read("engine_cnn4.json")
    }

    /// The network with the weights of the golden script.
    fn network(&self) -> Network {
        let key = StreamKey::from_seed(0);
        let mut network = Network::new(Arch::Cnn4, self.size, self.classes, key).unwrap();
        let mut weights = network.parameters().to_vec();
        let mut fan_in = 1;
        for (seed, parameter) in weights.iter_mut().enumerate() {
            if parameter.shape.len() > 1 {
                fan_in = parameter.shape[1..].iter().product();
            }
            let bound = 1.0 / (fan_in as f64).sqrt();
            parameter.values = single(numbers(parameter.values.len(), 100 + seed as u64, bound));
        }
        // taken over by name, so in any order
        weights.reverse();
        network.set_parameters(weights).unwrap();
        network
    }

    fn images(&self, batch: u64) -> Vec<f32> {
        let len = self.batch * 3 * self.size * self.size;
        single(numbers(len, 200 + batch, 2.0))
    }
}

#[test]
fn each_layer_agrees_with_pytorch() {
    let golden = Golden::read();
    let network = golden.network();
    let batch = ImageBatch::from_chw(network.input_layout(), &golden.images(0));
    let names = network.layer_names();
    assert_eq!(names, ["pool1", "pool2", "pool3", "pool4", "fc1", "fc2"]);
    let read = network
        .read(&mut Workspace::default(), &batch, &names)
        .unwrap();
    for rows in read {
        assert_eq!(rows.dim, network.layer_dim(&rows.name).unwrap());
        let error = golden.layers[&rows.name].error(&double(&rows.values));
        assert!(error < 1e-5, "{}: relative error {error}", rows.name);
    }
}

#[test]
fn names_and_shapes_are_pytorchs() {
    let golden = Golden::read();
    let network = golden.network();
    let shapes: BTreeMap<_, _> = network
        .parameters()
        .iter()
        .map(|p| (p.name.clone(), p.shape.clone()))
        .collect();
    assert_eq!(shapes, golden.shapes);
}

#[test]
fn gradients_agree_with_pytorch() {
    let golden = Golden::read();
    let network = golden.network();
    let batch = ImageBatch::from_chw(network.input_layout(), &golden.images(0));
    let mut trainer = trainer(&network, 0.0);
    let (loss, gradients) = trainer
        .loss_and_gradients(&network, &batch, &golden.labels[0])
        .unwrap();
    assert!((loss - golden.loss).abs() < 1e-6);
    for (parameter, gradient) in network.parameters().iter().zip(gradients) {
        let error = golden.gradients[&parameter.name].error(&double(gradient));
        assert!(error < 1e-4, "{}: relative error {error}", parameter.name);
    }
}

#[test]
fn twenty_steps_of_adam_agree_with_pytorch() {
    let golden = Golden::read();
    let mut network = golden.network();
    let mut trainer = trainer(&network, 1e-4);
    assert_eq!(golden.losses.len(), 20);
    for (step, expected) in golden.losses.iter().enumerate() {
        let which = step % golden.labels.len();
        let images = golden.images(which as u64);
        let batch = ImageBatch::from_chw(network.input_layout(), &images);
        let result = trainer
            .step(&mut network, &batch, &golden.labels[which])
            .unwrap();
        let error = (result.loss - expected).abs() / expected;
        assert!(error < 1e-3, "step {step}: {} for {expected}", result.loss);
    }
}

#[test]
fn autograd_and_training_run_the_same_layers() -> candle_core::Result<()> {
    let golden = Golden::read();
    let network = golden.network();
    let pixels = golden.images(0);
    let batch = ImageBatch::from_chw(network.input_layout(), &pixels);
    let mut trainer = trainer(&network, 0.0);
    let (loss, gradients) = trainer
        .loss_and_gradients(&network, &batch, &golden.labels[0])
        .unwrap();

    let vars: Vec<Var> = network
        .parameters()
        .iter()
        .map(|p| Var::from_tensor(&p.to_tensor()?))
        .collect::<candle_core::Result<_>>()?;
    let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let shape = (golden.batch, 3, golden.size, golden.size);
    let images = Tensor::from_vec(pixels, shape, &Device::Cpu)?;
    let by_tensors = ops::cross_entropy(
        &network.forward_tensors(&images, &tensors, TensorPass::Eval)?,
        &golden.labels[0],
    )?;
    assert_eq!(by_tensors.to_scalar::<f32>()?, loss as f32);
    let by_autograd = by_tensors.backward()?;
    for (var, gradient) in vars.iter().zip(gradients) {
        let found = by_autograd.get(var).unwrap().flatten_all()?;
        assert_eq!(&found.to_vec1::<f32>()?, gradient);
    }
    Ok(())
}
