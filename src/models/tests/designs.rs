//! What designs may be, what they come to, and what is wrong with others.

use layerprobe_streams::StreamKey;

use super::double;
use crate::models::graph::{Node, Op, Value};
use crate::models::{
    Arch, Design, ImageBatch, Layer, ModelError, Network, Options, Parameter, Workspace,
};

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

/// torchvision's places; half of the numbers unless another share is chosen.
#[test]
fn alexnet_has_dropout_before_both_hidden_layers() {
    for arch in [Arch::AlexNet, Arch::AlexNet64] {
        for (chosen, rate) in [(None, 0.5), (Some(0.25), 0.25), (Some(0.0), 0.0)] {
            let mut design = Design::new(arch, 64, 7);
            design.options.dropout = chosen;
            let graph = design.graph().unwrap();
            let mut found = Vec::new();
            for (i, node) in graph.nodes.iter().enumerate() {
                if let Op::Dropout { rate } = node.op {
                    let reads = |other: &&Node| other.inputs().any(|x| x == Value::of_node(i));
                    let readers = graph.nodes.iter().filter(reads);
                    let readers: Vec<&str> = readers.map(|other| other.name.as_str()).collect();
                    found.push((node.name.as_str(), readers, rate));
                }
            }
            let (fc6, fc7) = (vec!["classifier.1"], vec!["classifier.4"]);
            let expected = [("classifier.0", fc6, rate), ("classifier.3", fc7, rate)];
            assert_eq!(found, expected, "{arch}");
            let named = |name: &str| {
                let place = graph.places.iter().find(|place| place.names[0] == name);
                let node = place.and_then(|place| place.value.node());
                node.map(|node| graph.nodes[node].name.as_str())
            };
            let hidden = [named("fc6"), named("fc7")];
            assert_eq!(hidden, [Some("classifier.1"), Some("classifier.4")]);
        }
    }
}

/// At 64 pixels, a `pool3` of 7 x 7 places and otherwise torchvision's weights.
#[test]
fn alexnet64_keeps_places_apart_at_64_pixels() {
    let small = Design::new(Arch::AlexNet64, 64, 7).layers().unwrap();
    let large = Design::new(Arch::AlexNet, 224, 7).layers().unwrap();
    let parameters =
        |layers: &[Layer]| -> Vec<usize> { layers.iter().map(|layer| layer.parameters).collect() };
    assert_eq!(parameters(&small), parameters(&large));
    let dim = |name: &str| {
        let layer = small.iter().find(|layer| layer.name == name);
        layer.map(|layer| layer.shape.dim())
    };
    assert_eq!(dim("pool3"), Some(256 * 7 * 7));
    assert_eq!(dim("fc6"), Some(29));
    let too_small = Design::new(Arch::AlexNet64, 14, 7).layers();
    assert!(too_small.unwrap_err().to_string().contains("below 15"));
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
