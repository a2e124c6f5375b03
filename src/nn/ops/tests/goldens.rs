//! Every operation against PyTorch, in `f64` and `f32`.

use candle_core::{DType, Result, Tensor, Var};
use serde::Deserialize;

use crate::nn::goldens::{Sample, numbers, read, whole};
use crate::nn::ops::{self, ConvSettings};
use crate::nn::{Activation, PoolSpec};

#[derive(Deserialize)]
struct Layers {
    conv: Vec<Conv>,
    pool: Vec<Pool>,
    norm: Vec<Norm>,
}

#[derive(Deserialize)]
struct Conv {
    shape: [usize; 10],
    slope: Option<f64>,
    out_shape: Vec<usize>,
    output: Sample,
    images: Sample,
    weight: Sample,
    bias: Sample,
}

#[derive(Deserialize)]
struct Pool {
    kind: String,
    spec: [usize; 3],
    shape: Vec<usize>,
    ties: bool,
    output: Sample,
    gradient: Sample,
}

#[derive(Deserialize)]
struct Norm {
    shape: Vec<usize>,
    slope: Option<f64>,
    residual: Option<Sample>,
    output: Sample,
    images: Sample,
    scale: Sample,
    shift: Sample,
    mean: Vec<f64>,
    variance: Vec<f64>,
}

/// Both element types, and how near they must come.
const TYPES: [(DType, f64); 2] = [(DType::F64, 1e-12), (DType::F32, 1e-5)];

fn activation(slope: Option<f64>) -> Activation {
    match slope {
        None => Activation::None,
        Some(0.0) => Activation::Relu,
        Some(slope) => Activation::LeakyRelu(slope),
    }
}

fn tensor(values: Vec<f64>, shape: &[usize], dtype: DType) -> Result<Tensor> {
    Tensor::from_vec(values, shape, &candle_core::Device::Cpu)?.to_dtype(dtype)
}

/// Checks an output and the gradients of what it was computed from.
fn check(
    what: &str,
    tolerance: f64,
    y: &Tensor,
    output: &Sample,
    gradients: &[(&Var, &Sample)],
) -> Result<()> {
    let error = |sample: &Sample, tensor: &Tensor| -> Result<f64> {
        Ok(sample.error(&tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?))
    };
    let off = error(output, y)?;
    assert!(off < tolerance, "{what}: output off by {off}");
    let slopes = tensor(numbers(y.elem_count(), 4, 1.0), y.dims(), y.dtype())?;
    let found = (y * slopes)?.sum_all()?.backward()?;
    for (at, (var, sample)) in gradients.iter().enumerate() {
        let off = error(sample, found.get(var).unwrap())?;
        assert!(off < tolerance, "{what}: gradient {at} off by {off}");
    }
    Ok(())
}

#[test]
fn convolutions_agree_with_pytorch() -> Result<()> {
    let goldens: Layers = read("engine_layers.json");
    assert_eq!(goldens.conv.len(), 9);
    for golden in &goldens.conv {
        let [
            n,
            cin,
            cout,
            height,
            width,
            kernel,
            stride,
            padding,
            dilation,
            groups,
        ] = golden.shape;
        let settings = ConvSettings {
            stride,
            padding,
            dilation,
            groups,
        };
        for (dtype, tolerance) in TYPES {
            let make = |shape: &[usize], seed| {
                let values = numbers(shape.iter().product(), seed, 1.0);
                Var::from_tensor(&tensor(values, shape, dtype)?)
            };
            let images = make(&[n, cin, height, width], 1)?;
            let weight = make(&[cout, cin / groups, kernel, kernel], 2)?;
            let bias = make(&[cout], 3)?;
            let activation = activation(golden.slope);
            let y = ops::conv2d(&images, &weight, Some(&bias), settings, activation)?;
            assert_eq!(y.dims(), golden.out_shape);
            let gradients = [
                (&images, &golden.images),
                (&weight, &golden.weight),
                (&bias, &golden.bias),
            ];
            let what = format!("{:?} in {dtype:?}", golden.shape);
            check(&what, tolerance, &y, &golden.output, &gradients)?;
        }
    }
    Ok(())
}

#[test]
fn pools_agree_with_pytorch_ties_included() -> Result<()> {
    let goldens: Layers = read("engine_layers.json");
    assert_eq!(goldens.pool.len(), 9);
    for golden in &goldens.pool {
        let [window, stride, padding] = golden.spec;
        let spec = PoolSpec {
            window,
            stride,
            padding,
        };
        let count = golden.shape.iter().product();
        for (dtype, tolerance) in TYPES {
            let values = match golden.ties {
                true => whole(count, 1, -1.0, 1.0),
                false => numbers(count, 1, 1.0),
            };
            let images = Var::from_tensor(&tensor(values, &golden.shape, dtype)?)?;
            let y = match golden.kind.as_str() {
                "max" => ops::max_pool2d(&images, spec)?,
                "average" => ops::average_pool2d(&images, spec)?,
                _ => ops::adaptive_average_pool2d(&images, window, window)?,
            };
            let gradients = [(&images, &golden.gradient)];
            let what = format!("{} pool {spec:?} in {dtype:?}", golden.kind);
            check(&what, tolerance, &y, &golden.output, &gradients)?;
        }
    }
    Ok(())
}

#[test]
fn batch_norm_agrees_with_pytorch() -> Result<()> {
    let goldens: Layers = read("engine_layers.json");
    assert_eq!(goldens.norm.len(), 3);
    for golden in &goldens.norm {
        let (count, channels) = (golden.shape.iter().product(), golden.shape[1]);
        for (dtype, tolerance) in TYPES {
            let make = |values: Vec<f64>, shape: &[usize]| {
                Var::from_tensor(&tensor(values, shape, dtype)?)
            };
            let x = numbers(count, 1, 2.0).iter().map(|x| x + 0.5).collect();
            let images = make(x, &golden.shape)?;
            let scale = make(numbers(channels, 2, 1.0), &[channels])?;
            let shift = make(numbers(channels, 3, 1.0), &[channels])?;
            let added = make(numbers(count, 5, 1.0), &golden.shape)?;
            let activation = activation(golden.slope);
            let mut gradients = vec![
                (&images, &golden.images),
                (&scale, &golden.scale),
                (&shift, &golden.shift),
            ];
            let found = match &golden.residual {
                None => ops::batch_norm(&images, &scale, &shift, 1e-5, activation)?,
                Some(residual) => {
                    gradients.push((&added, residual));
                    let mut found =
                        ops::batch_norm(&images, &scale, &shift, 1e-5, Activation::None)?;
                    found.output = ops::activate(&(found.output + added.as_tensor())?, activation)?;
                    found
                }
            };
            let what = format!("batch norm of {:?} in {dtype:?}", golden.shape);
            check(&what, tolerance, &found.output, &golden.output, &gradients)?;
            // PyTorch's running statistics after one batch, from 0 and 1
            for (batch, running, start) in [
                (&found.mean, &golden.mean, 0.0),
                (&found.variance, &golden.variance, 0.9),
            ] {
                let batch = batch.to_dtype(DType::F64)?.to_vec1::<f64>()?;
                for (batch, running) in batch.iter().zip(running) {
                    assert!((start + 0.1 * batch - running).abs() < tolerance, "{what}");
                }
            }
        }
    }
    Ok(())
}
