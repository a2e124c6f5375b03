//! Every operation by its kernel against the same made of candle's own, which
//! also runs on the CPU: outputs and gradients.

use candle_core::{Result, Tensor, Var};
use layerprobe_streams::StreamKey;

use super::var;
use crate::nn::ops::{self, ConvSettings, elsewhere};
use crate::nn::{Activation, AveragePool, Dropout, PoolSpec};

fn flat(tensor: &Tensor) -> Result<Vec<f64>> {
    tensor.flatten_all()?.to_vec1()
}

/// Compares two ways to compute the same of some variables.
fn same(
    what: &str,
    vars: &[Var],
    kernel: impl Fn(&[Var]) -> Result<Tensor>,
    candle: impl Fn(&[Var]) -> Result<Tensor>,
) -> Result<()> {
    let (ours, theirs) = (kernel(vars)?, candle(vars)?);
    assert_eq!(ours.dims(), theirs.dims(), "{what}");
    let slopes = var(ours.dims(), 77)?;
    let near = |a: &Tensor, b: &Tensor, of: &str| -> Result<()> {
        for (a, b) in flat(a)?.into_iter().zip(flat(b)?) {
            assert!(
                (a - b).abs() < 1e-10 * (1.0 + a.abs()),
                "{what}, {of}: {a} and {b}"
            );
        }
        Ok(())
    };
    near(&ours, &theirs, "output")?;
    let gradients = |y: &Tensor| (y * slopes.as_tensor())?.sum_all()?.backward();
    let (ours, theirs) = (gradients(&ours)?, gradients(&theirs)?);
    for (at, var) in vars.iter().enumerate() {
        let of = format!("gradient {at}");
        near(ours.get(var).unwrap(), theirs.get(var).unwrap(), &of)?;
    }
    Ok(())
}

#[test]
fn convolutions() -> Result<()> {
    for (settings, kernel, activation) in [
        (ConvSettings::default(), 1, Activation::None),
        (
            ConvSettings {
                padding: 1,
                ..Default::default()
            },
            3,
            Activation::Relu,
        ),
        (
            ConvSettings {
                stride: 2,
                padding: 2,
                ..Default::default()
            },
            5,
            Activation::LeakyRelu(0.1),
        ),
        (
            ConvSettings {
                padding: 1,
                groups: 2,
                ..Default::default()
            },
            3,
            Activation::Relu,
        ),
        (
            ConvSettings {
                padding: 2,
                dilation: 2,
                ..Default::default()
            },
            3,
            Activation::None,
        ),
    ] {
        let vars = [
            // odd sides, so that a stride of 2 leaves nothing out, which
            // candle's gradient could not take
            var(&[2, 4, 7, 9], 1)?,
            var(&[6, 4 / settings.groups, kernel, kernel], 2)?,
            var(&[6], 3)?,
        ];
        same(
            &format!("{settings:?}"),
            &vars,
            |v| ops::conv2d(&v[0], &v[1], Some(&v[2]), settings, activation),
            |v| elsewhere::conv2d(&v[0], &v[1], Some(&v[2]), settings, activation),
        )?;
        same(
            &format!("{settings:?} without a bias"),
            &vars[..2],
            |v| ops::conv2d(&v[0], &v[1], None, settings, activation),
            |v| elsewhere::conv2d(&v[0], &v[1], None, settings, activation),
        )?;
    }
    Ok(())
}

#[test]
fn pools() -> Result<()> {
    let spec = |window, stride, padding| PoolSpec {
        window,
        stride,
        padding,
    };
    // halves of small whole numbers: many ties
    let tied = Var::from_tensor(&((var(&[2, 3, 7, 8], 4)?.as_tensor() * 3.0)?.round()? / 2.0)?)?;
    for spec in [
        spec(2, 2, 0),
        spec(3, 2, 1),
        spec(3, 2, 0),
        spec(3, 1, 1),
        spec(4, 3, 2),
    ] {
        for images in [var(&[2, 3, 7, 8], 1)?, tied.clone()] {
            same(
                &format!("max, {spec:?}"),
                std::slice::from_ref(&images),
                |v| ops::max_pool2d(&v[0], spec),
                |v| elsewhere::max_pool2d(&v[0], spec),
            )?;
            let pool = AveragePool::new(spec, super::super::pools::layout(&images)?, 0).unwrap();
            same(
                &format!("average, {spec:?}"),
                &[images],
                |v| ops::average_pool2d(&v[0], spec),
                |v| elsewhere::average(&v[0], &pool),
            )?;
        }
    }
    let images = var(&[2, 3, 7, 8], 1)?;
    let layout = super::super::pools::layout(&images)?;
    let pool = AveragePool::adaptive(layout, 3, 5, 0).unwrap();
    same(
        "adaptive",
        &[images],
        |v| ops::adaptive_average_pool2d(&v[0], 3, 5),
        |v| elsewhere::average(&v[0], &pool),
    )
}

#[test]
fn batch_norm_and_its_statistics() -> Result<()> {
    let vars = [var(&[3, 4, 5, 2], 1)?, var(&[4], 2)?, var(&[4], 3)?];
    for activation in [
        Activation::None,
        Activation::Relu,
        Activation::LeakyRelu(0.3),
    ] {
        let ours = |v: &[Var]| ops::batch_norm(&v[0], &v[1], &v[2], 1e-3, activation);
        let theirs = |v: &[Var]| elsewhere::batch_norm(&v[0], &v[1], &v[2], 1e-3, activation);
        same(
            "batch norm",
            &vars,
            |v| Ok(ours(v)?.output),
            |v| Ok(theirs(v)?.output),
        )?;
        let (ours, theirs) = (ours(&vars)?, theirs(&vars)?);
        for (a, b) in [
            (&ours.mean, &theirs.mean),
            (&ours.variance, &theirs.variance),
        ] {
            for (a, b) in flat(a)?.into_iter().zip(flat(b)?) {
                assert!((a - b).abs() < 1e-12);
            }
        }
        // eval mode with the batch's own biased variance is training's output
        let biased = (&ours.variance * (29.0 / 30.0))?;
        let eval = ops::batch_norm_eval(
            &vars[0], &vars[1], &vars[2], &ours.mean, &biased, 1e-3, activation,
        )?;
        for (a, b) in flat(&eval)?.into_iter().zip(flat(&ours.output)?) {
            assert!((a - b).abs() < 1e-12);
        }
    }
    Ok(())
}

#[test]
fn rows_and_losses() -> Result<()> {
    let vars = [var(&[3, 5], 1)?, var(&[4, 5], 2)?, var(&[4], 3)?];
    for activation in [
        Activation::None,
        Activation::Relu,
        Activation::LeakyRelu(0.3),
    ] {
        same(
            "linear",
            &vars,
            |v| ops::linear(&v[0], &v[1], &v[2], activation),
            |v| elsewhere::linear(&v[0], &v[1], &v[2], activation),
        )?;
        same(
            "activation",
            &vars[..1],
            |v| ops::activate(&v[0], activation),
            |v| elsewhere::activate(&v[0], activation),
        )?;
    }
    same(
        "cross-entropy",
        &vars[..1],
        |v| ops::cross_entropy(&(v[0].as_tensor() * 50.0)?, &[4, 0, 2]),
        |v| elsewhere::cross_entropy(&(v[0].as_tensor() * 50.0)?, &[4, 0, 2]),
    )
}

#[test]
fn dropout_scales_what_it_keeps() -> Result<()> {
    let x = var(&[3, 4, 5], 1)?;
    let key = StreamKey::from_seed(3);
    let y = ops::dropout(&x, Dropout::new(0.25).unwrap(), key)?;
    let gradient = y.sum_all()?.backward()?;
    let gradient = flat(gradient.get(&x).unwrap())?;
    for ((x, y), slope) in flat(&x)?.into_iter().zip(flat(&y)?).zip(&gradient) {
        assert!(*slope == 0.0 || *slope == 1.0 / 0.75);
        assert_eq!(y, x * slope);
    }
    assert!(gradient.contains(&0.0));
    Ok(())
}
