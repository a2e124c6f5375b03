//! Whole networks against torchvision's.

use std::collections::BTreeMap;

use layerprobe_streams::StreamKey;
use serde::Deserialize;

use super::double;
use crate::models::{Arch, Design, ImageBatch, Network, Parameter, Workspace};
use crate::nn::goldens::{Sample, numbers, read};
use crate::nn::optimizers::{AdamParams, LearningRate, OptimizerParams};
use crate::training::Trainer;

#[derive(Deserialize)]
struct Golden {
    size: usize,
    classes: usize,
    batch: usize,
    labels: Vec<Vec<u32>>,
    shapes: BTreeMap<String, Vec<usize>>,
    layers: BTreeMap<String, Sample>,
    loss: f64,
    gradients: BTreeMap<String, Sample>,
    statistics: BTreeMap<String, Sample>,
    losses: Vec<f64>,
}

impl Golden {
    fn design(&self, arch: Arch) -> Design {
        let mut design = Design::new(arch, self.size, self.classes);
        if arch == Arch::AlexNet {
            // what it leaves out cannot be the same on both sides
            design.options.dropout = Some(0.0);
        }
        design
    }

    /// The weights of the golden script: `fill` there.
    fn weights(&self) -> Vec<Parameter> {
        let fill = |(seed, (name, shape)): (usize, (&String, &Vec<usize>))| {
            let values = numbers(shape.iter().product(), 100 + seed as u64, 1.0);
            let last_of_block = name.ends_with(self.last_norm());
            let norm = name.ends_with("weight") && shape.len() == 1;
            let shift = name
                .strip_suffix("bias")
                .map(|of| format!("{of}running_mean"));
            let shift = shift.is_some_and(|mean| self.shapes.contains_key(&mean));
            let scaled = |x: f64| match shape.len() {
                1 if last_of_block => 0.3 * (1.0 + 0.5 * x),
                1 if norm || name.ends_with("running_var") => 1.0 + 0.5 * x,
                1 if shift => 2.5 * x.signum() + 0.5 * x,
                1 => 0.1 * x,
                _ => x * (3.0 / shape[1..].iter().product::<usize>() as f64).sqrt(),
            };
            Parameter {
                name: name.clone(),
                shape: shape.clone(),
                values: values.into_iter().map(|x| scaled(x) as f32).collect(),
            }
        };
        self.shapes.iter().enumerate().map(fill).collect()
    }

    /// How the scale of the last batch norm of a block is called.
    fn last_norm(&self) -> &str {
        match self.shapes.contains_key("layer1.0.bn3.weight") {
            true => "bn3.weight",
            false => "bn2.weight",
        }
    }

    fn batch(&self, network: &Network, batch: usize) -> ImageBatch {
        let len = self.batch * 3 * self.size * self.size;
        let images = numbers(len, 900 + batch as u64, 2.0);
        let images: Vec<f32> = images.into_iter().map(|x| x as f32).collect();
        ImageBatch::from_chw(network.input_layout(), &images)
    }
}

fn trainer(network: &Network, rate: f64) -> Trainer {
    let adam = OptimizerParams::Adam(AdamParams {
        weight_decay: 1e-4,
        ..AdamParams::default()
    });
    let rate = LearningRate::constant(rate).unwrap();
    Trainer::new(
        network,
        adam.check().unwrap(),
        rate,
        StreamKey::from_seed(0),
    )
}

/// Layers in eval mode, loss, gradients and running statistics of a training
/// pass, and the losses of twenty steps of Adam.
fn agrees_with_torchvision(arch: Arch) {
    let golden: Golden = read(&format!("network_{arch}.json"));
    let design = golden.design(arch);
    let mut network = Network::with_parameters(design, golden.weights()).unwrap();
    let shapes = network.tensors().map(|t| (t.name.clone(), t.shape.clone()));
    assert_eq!(shapes.collect::<BTreeMap<_, _>>(), golden.shapes);

    let batch = golden.batch(&network, 0);
    let names: Vec<&str> = golden.layers.keys().map(String::as_str).collect();
    let layers = network.layers();
    assert!(layers.iter().all(|layer| {
        let mut all = layer.aliases.iter().chain([&layer.name]);
        all.any(|name| golden.layers.contains_key(name))
    }));
    let rows = network.read(&mut Workspace::default(), &batch, &names);
    for rows in rows.unwrap() {
        let error = golden.layers[&rows.name].error(&double(&rows.values));
        assert!(error < 1e-5, "{}: relative error {error}", rows.name);
    }

    let mut trainer_once = trainer(&network, 1e-4);
    let labels = &golden.labels[0];
    let (loss, gradients) = trainer_once
        .loss_and_gradients(&network, &batch, labels)
        .unwrap();
    assert!(
        (loss / golden.loss - 1.0).abs() < 1e-5,
        "{loss} for {}",
        golden.loss
    );
    for (parameter, gradient) in network.parameters().iter().zip(gradients) {
        let error = golden.gradients[&parameter.name].error(&double(gradient));
        assert!(error < 1e-4, "{}: relative error {error}", parameter.name);
    }

    let mut trainer = trainer(&network, 3e-6);
    for (step, expected) in golden.losses.iter().enumerate() {
        let which = step % golden.labels.len();
        let batch = golden.batch(&network, which);
        let result = trainer.step(&mut network, &batch, &golden.labels[which]);
        let loss = result.unwrap().loss;
        let error = (loss - expected).abs() / expected;
        assert!(error < 1e-3, "step {step}: {loss} for {expected}");
        if step == 0 {
            for tensor in network.statistics() {
                let error = golden.statistics[&tensor.name].error(&double(&tensor.values));
                assert!(error < 1e-5, "{}: relative error {error}", tensor.name);
            }
        }
    }
    assert_eq!(golden.losses.len(), 20);
}

#[test]
fn mlp_agrees_with_pytorch() {
    agrees_with_torchvision(Arch::Mlp);
}

#[test]
fn alexnet_agrees_with_torchvision() {
    agrees_with_torchvision(Arch::AlexNet);
}

#[test]
fn resnet18_agrees_with_torchvision() {
    agrees_with_torchvision(Arch::ResNet18);
}

#[test]
fn resnet50_agrees_with_torchvision() {
    agrees_with_torchvision(Arch::ResNet50);
}
