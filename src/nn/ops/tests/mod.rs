mod elsewhere;
mod goldens;

use candle_core::{DType, Device, Result, Tensor, Var};

use crate::nn::Activation;
use crate::nn::goldens::numbers;
use crate::nn::ops::{conv_block, cross_entropy, linear};

fn var(shape: &[usize], seed: u64) -> Result<Var> {
    let values = numbers(shape.iter().product(), seed, 1.0);
    Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?)
}

/// A small network whose every tensor is a variable.
fn loss(vars: &[Var]) -> Result<Tensor> {
    let block = conv_block(&vars[0], &vars[1], &vars[2], 1, 1)?;
    let hidden = linear(
        &block.flatten_from(1)?,
        &vars[3],
        &vars[4],
        Activation::Relu,
    )?;
    // a transposed weight and a scaled loss: other strides, other slopes
    let logits = linear(&hidden, &vars[5].t()?, &vars[6], Activation::None)?;
    cross_entropy(&logits, &[2, 0])? * 3.0
}

#[test]
fn autograd_through_all_operations_is_a_finite_difference() -> Result<()> {
    let vars = [
        var(&[2, 2, 6, 5], 1)?,
        var(&[4, 2, 3, 3], 2)?,
        var(&[4], 3)?,
        var(&[5, 24], 4)?,
        var(&[5], 5)?,
        var(&[5, 3], 6)?,
        var(&[3], 7)?,
    ];
    let gradients = loss(&vars)?.backward()?;
    for (i, var) in vars.iter().enumerate() {
        let gradient = gradients
            .get(var)
            .unwrap()
            .flatten_all()?
            .to_vec1::<f64>()?;
        let values = var.flatten_all()?.to_vec1::<f64>()?;
        for at in (0..values.len()).step_by(values.len().div_ceil(8)) {
            let moved = |by: f64| -> Result<f64> {
                let mut values = values.clone();
                values[at] += by;
                var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu)?)?;
                loss(&vars)?.to_scalar::<f64>()
            };
            let slope = (moved(1e-6)? - moved(-1e-6)?) / 2e-6;
            moved(0.0)?;
            let error = (slope - gradient[at]).abs();
            assert!(error < 1e-7, "tensor {i}, place {at}: off by {error}");
        }
    }
    Ok(())
}

/// Why the block has its own pool: candle's gives a quarter of the gradient.
/// Should this fail one day, candle was mended.
#[test]
fn candles_own_max_pool_gradient_is_wrong() -> Result<()> {
    let images = Tensor::from_vec(vec![1.0, 3.0, 2.0, 0.5], (1, 1, 2, 2), &Device::Cpu)?;
    let images = Var::from_tensor(&images)?;
    let of = |loss: Tensor| -> Result<Vec<f64>> {
        let gradients = loss.sum_all()?.backward()?;
        gradients.get(&images).unwrap().flatten_all()?.to_vec1()
    };
    assert_eq!(of(images.max_pool2d(2)?)?, [0.0, 0.25, 0.0, 0.0]);

    let one = Tensor::ones((1, 1, 1, 1), DType::F64, &Device::Cpu)?;
    let zero = Tensor::zeros(1, DType::F64, &Device::Cpu)?;
    let ours = conv_block(&images, &one, &zero, 1, 0)?;
    assert_eq!(of(ours)?, [0.0, 1.0, 0.0, 0.0]);
    Ok(())
}

#[test]
fn what_does_not_fit_is_an_error() -> Result<()> {
    let images = Tensor::zeros((1, 2, 4, 4), DType::F32, &Device::Cpu)?;
    let weight = Tensor::zeros((3, 2, 3, 3), DType::F32, &Device::Cpu)?;
    let bias = Tensor::zeros(3, DType::F32, &Device::Cpu)?;
    assert!(conv_block(&images, &weight, &bias, 1, 1).is_ok());
    let message = |result: Result<Tensor>| result.unwrap_err().to_string();
    let few = weight.narrow(1, 0, 1)?;
    assert!(message(conv_block(&images, &few, &bias, 1, 1)).contains("[3, 1, 3, 3]"));
    let short = bias.narrow(0, 0, 2)?;
    assert!(message(conv_block(&images, &weight, &short, 1, 1)).contains("[2]"));
    assert!(message(conv_block(&images, &weight, &bias, 0, 1)).contains("stride"));
    let half = images.to_dtype(DType::F16)?;
    assert!(message(conv_block(&half, &weight, &bias, 1, 1)).contains("F16"));

    let logits = Tensor::zeros((2, 3), DType::F32, &Device::Cpu)?;
    assert!(message(cross_entropy(&logits, &[0])).contains("1 labels for 2 rows"));
    assert!(message(cross_entropy(&logits, &[0, 3])).contains("label 3 of 3"));
    assert!(message(linear(&logits, &logits.t()?, &bias, Activation::None)).contains("[3, 2]"));
    Ok(())
}
