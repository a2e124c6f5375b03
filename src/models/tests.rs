use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};
use layerprobe_streams::StreamKey;
use serde::Deserialize;

use super::{
    Arch, Design, ImageBatch, ModelError, Network, Options, Parameter, TensorPass, Workspace,
};
use crate::nn::goldens::{Sample, numbers, read};
use crate::nn::ops;
use crate::nn::optimizers::{AdamParams, LearningRate, OptimizerParams};
use crate::training::Trainer;

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

fn single(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|x| x as f32).collect()
}

fn double(values: &[f32]) -> Vec<f64> {
    values.iter().map(|x| f64::from(*x)).collect()
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

#[test]
fn initial_weights_are_uniform_and_each_tensors_own() {
    let key = StreamKey::from_seed(1);
    let network = Network::new(Arch::Cnn4, 64, 7, key).unwrap();
    let fan_ins = [27, 27, 288, 288, 576, 576, 1152, 1152, 2048, 2048, 128, 128];
    for (parameter, fan_in) in network.parameters().iter().zip(fan_ins) {
        let bound = 1.0 / f64::from(fan_in).sqrt();
        let values = double(&parameter.values);
        assert!(values.iter().all(|x| x.abs() <= bound));
        if values.len() > 1000 {
            let variance = values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
            assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 0.1);
        }
    }
    // other classes and sizes leave the other tensors as they are
    let other = Network::new(Arch::Cnn4, 64, 9, key).unwrap();
    assert_eq!(network.parameters()[..10], other.parameters()[..10]);
    let other_seed = Network::new(Arch::Cnn4, 64, 7, StreamKey::from_seed(2)).unwrap();
    assert_ne!(network.parameters()[0], other_seed.parameters()[0]);
}

#[test]
fn mistakes_name_what_is_wrong() {
    let key = StreamKey::from_seed(0);
    let message = |result: Result<Network, ModelError>| result.unwrap_err().to_string();
    for size in [0, 24, 63, usize::MAX - 15] {
        assert!(message(Network::new(Arch::Cnn4, size, 7, key)).contains("divisible by 16"));
    }
    assert!(message(Network::new(Arch::Cnn4, 32, 1, key)).contains("not 1"));

    let network = Network::new(Arch::Cnn4, 32, 7, key).unwrap();
    let error = network.layer_dim("pool9").unwrap_err().to_string();
    assert!(error.contains("`pool9`") && error.contains("pool1, pool2"));
    let small = Network::new(Arch::Cnn4, 16, 7, key).unwrap();
    let batch = ImageBatch::new(small.input_layout());
    let mut workspace = Workspace::default();
    let error = network.logits(&mut workspace, &batch);
    assert!(error.unwrap_err().to_string().contains("16 x 16"));

    let with = |change: fn(&mut Vec<Parameter>)| {
        let mut weights = network.parameters().to_vec();
        change(&mut weights);
        message(Network::with_parameters(
            Design::new(Arch::Cnn4, 32, 7),
            weights,
        ))
    };
    let missing = with(|weights| drop(weights.remove(2)));
    assert!(missing.contains("conv2.weight") && missing.contains("[64, 32, 3, 3]"));
    let extra = with(|weights| {
        weights.push(Parameter {
            name: "bn".into(),
            ..weights[1].clone()
        })
    });
    assert!(extra.contains("`bn`") && extra.contains("[32]"));
    let wrong = with(|weights| weights[8].shape = vec![512, 128]);
    assert!(wrong.contains("[512, 128]") && wrong.contains("[128, 512]"));
}

/// A small network of each architecture.
fn each_arch() -> impl Iterator<Item = Network> {
    let key = StreamKey::from_seed(5);
    Arch::ALL.into_iter().map(move |arch| {
        let size = match arch {
            Arch::Cnn4 => 16,
            Arch::Mlp => 5,
            Arch::AlexNet => 63,
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

/// The counts of torchvision's documentation, with a thousand classes.
#[test]
fn parameter_counts_are_torchvisions() {
    let count = |design: Design| -> usize {
        let layers = design.layers().unwrap();
        layers.iter().map(|layer| layer.parameters).sum()
    };
    assert_eq!(count(Design::new(Arch::AlexNet, 224, 1000)), 61_100_840);
    assert_eq!(count(Design::new(Arch::ResNet18, 224, 1000)), 11_689_512);
    assert_eq!(count(Design::new(Arch::ResNet50, 224, 1000)), 25_557_032);
}

#[test]
fn the_papers_widths_follow_the_classes() {
    for (classes, width) in [(23, 95), (7, 29), (1000, 4096)] {
        let layers = Design::new(Arch::AlexNet, 224, classes).layers().unwrap();
        let fc6 = layers.iter().find(|layer| layer.name == "fc6").unwrap();
        assert_eq!(fc6.shape.dim(), width);
    }
}

#[test]
fn a_design_fits_itself_to_weights() {
    let key = StreamKey::from_seed(0);
    let mut wide = Design::new(Arch::AlexNet, 63, 5);
    wide.options.fc_width = Some(11);
    let mut deep = Design::new(Arch::Mlp, 1, 4);
    deep.channels = 32;
    deep.options.widths = Some(vec![9, 8]);
    for design in [wide, deep, Design::new(Arch::ResNet18, 40, 6)] {
        let network = Network::from_design(design.clone(), key).unwrap();
        let weights: Vec<Parameter> = network.tensors().cloned().collect();
        let guess = Design {
            classes: 2,
            options: Options::default(),
            ..design
        };
        let fitted = guess.fitted_to(&weights).unwrap();
        assert_eq!(fitted.classes, design.classes);
        let same = Network::with_parameters(fitted, weights.clone()).unwrap();
        assert_eq!(same.parameters(), network.parameters());

        let message = |result: Result<Design, ModelError>| result.unwrap_err().to_string();
        assert!(message(guess.fitted_to(&weights[..0])).contains("they lack the tensor"));
    }
}

#[test]
fn initial_values_of_a_resnet_are_torchvisions() {
    let network = Network::new(Arch::ResNet18, 32, 7, StreamKey::from_seed(1)).unwrap();
    for tensor in network.tensors() {
        let values = double(&tensor.values);
        let constant = |x: f64| values.iter().all(|value| *value == x);
        let mean_square = values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
        match tensor.shape.as_slice() {
            [out, _, kernel, _] => {
                let variance = 2.0 / (out * kernel * kernel) as f64;
                assert!(
                    (mean_square / variance - 1.0).abs() < 0.05,
                    "{}",
                    tensor.name
                );
            }
            _ if tensor.name.starts_with("fc.") => assert!(mean_square < 1.0 / 512.0),
            _ if tensor.name.ends_with("weight") || tensor.name.ends_with("var") => {
                assert!(constant(1.0), "{}", tensor.name);
            }
            _ => assert!(constant(0.0), "{}", tensor.name),
        }
    }
}

#[test]
fn options_belong_to_their_architectures() {
    let message = |arch, options: Options| {
        let design = Design {
            options,
            ..Design::new(arch, 64, 7)
        };
        design.layers().unwrap_err().to_string()
    };
    let default = Options::default();
    let fc_width = |width| Options {
        fc_width: Some(width),
        ..default.clone()
    };
    let slope = |slope| Options {
        slope: Some(slope),
        ..default.clone()
    };
    let widths = |widths| Options {
        widths: Some(widths),
        ..default.clone()
    };
    assert!(message(Arch::ResNet50, fc_width(9)).contains("no such option"));
    assert!(message(Arch::AlexNet, fc_width(0)).contains("from 1 to"));
    assert!(message(Arch::Cnn4, slope(0.1)).contains("no such option"));
    assert!(message(Arch::Mlp, slope(f64::NAN)).contains("above 0"));
    assert!(message(Arch::Mlp, widths(vec![3, 0])).contains("each width"));
    assert!(message(Arch::AlexNet, widths(vec![3])).contains("no such option"));
}
