use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, Result, Shape, Tensor};

use super::activate;
use super::custom::{Gradients3, Ternary, ternary};
use super::elsewhere;
use super::pools::layout;
use super::slices::{TensorReal, stored, tensor, values};
use crate::nn::{Activation, BatchNorm, InputGradient, NormBackward, NormBuffers, NormTraining};

/// What a batch norm in training gives.
#[derive(Clone, Debug)]
pub struct BatchNormOutput {
    /// The normalized images, through which gradients flow.
    pub output: Tensor,
    /// The batch's mean of each channel, without a gradient.
    pub mean: Tensor,
    /// The batch's unbiased variance of each channel, without a gradient: what
    /// PyTorch's running variance moves towards.
    pub variance: Tensor,
}

/// `activation((images - mean) / sqrt(variance + epsilon) * scale + shift)` with
/// the batch's own mean and biased variance: PyTorch's `batch_norm` in
/// training.
///
/// `images` is `[n, channels, height, width]`, `scale` and `shift`
/// `[channels]`. Running statistics are the caller's:
/// `running + momentum * (batch - running)`.
///
/// # Errors
/// If shapes or types do not fit, or there is no image.
pub fn batch_norm(
    images: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    epsilon: f64,
    activation: Activation,
) -> Result<BatchNormOutput> {
    let layout = layout(images)?;
    let channels = layout.channels;
    if scale.dims1()? != channels || shift.dims1()? != channels || images.elem_count() == 0 {
        candle_core::bail!(
            "a scale of shape {:?} and a shift of shape {:?} do not fit images of shape {:?}",
            scale.dims(),
            shift.dims(),
            images.dims()
        );
    }
    if !images.device().is_cpu() {
        return elsewhere::batch_norm(images, scale, shift, epsilon, activation);
    }
    let statistics = Arc::new(Mutex::new(Statistics::default()));
    let op = BatchNormOp {
        norm: BatchNorm {
            epsilon,
            momentum: 1.0,
            ..BatchNorm::new(layout, 0, activation)
        },
        statistics: Arc::clone(&statistics),
    };
    let output = ternary([images, scale, shift], op)?;
    let statistics = statistics.lock().unwrap_or_else(PoisonError::into_inner);
    let of = |values: &[f64]| {
        Tensor::from_slice(values, channels, images.device())?.to_dtype(images.dtype())
    };
    Ok(BatchNormOutput {
        output,
        mean: of(&statistics.mean)?,
        variance: of(&statistics.variance)?,
    })
}

/// As [`batch_norm`] with given `mean` and `variance`, through which no
/// gradient flows: PyTorch's `batch_norm` in eval mode. Made of candle's own
/// operations on every device; where speed counts, it folds into the
/// convolution before it ([`fold_norm`](crate::nn::fold_norm)).
///
/// # Errors
/// If shapes or types do not fit.
pub fn batch_norm_eval(
    images: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    mean: &Tensor,
    variance: &Tensor,
    epsilon: f64,
    activation: Activation,
) -> Result<Tensor> {
    let (_, channels, _, _) = images.dims4()?;
    let broad = |x: &Tensor| x.reshape((1, channels, 1, 1));
    let factor = scale.div(&(variance.detach() + epsilon)?.sqrt()?)?;
    let off = images.broadcast_sub(&broad(&mean.detach())?)?;
    let scaled = off.broadcast_mul(&broad(&factor)?)?;
    activate(&scaled.broadcast_add(&broad(shift)?)?, activation)
}

/// The batch's statistics, for the caller.
#[derive(Default)]
struct Statistics {
    mean: Vec<f64>,
    variance: Vec<f64>,
}

struct BatchNormOp {
    norm: BatchNorm,
    statistics: Arc<Mutex<Statistics>>,
}

impl BatchNormOp {
    /// The forward pass over images in the kernels' order.
    fn run<T: TensorReal>(
        &self,
        x: &[T],
        scale: &[T],
        shift: &[T],
        buffers: &mut NormBuffers<T>,
    ) -> Vec<T> {
        let channels = self.norm.input.channels;
        let mut statistics = [vec![T::ZERO; channels], vec![T::ZERO; channels]];
        let [running_mean, running_variance] = &mut statistics;
        let mut y = vec![T::ZERO; x.len()];
        let training = NormTraining {
            scale,
            shift,
            running_mean,
            running_variance,
        };
        self.norm.forward_train(x, training, None, buffers, &mut y);
        let [mean, variance] =
            statistics.map(|row| row.into_iter().map(crate::nn::Real::to_f64).collect());
        *self
            .statistics
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Statistics { mean, variance };
        y
    }
}

impl Ternary for BatchNormOp {
    const NAME: &'static str = "batch-norm";

    fn forward<T: TensorReal>(&self, [x, scale, shift]: [&[T]; 3]) -> Result<(CpuStorage, Shape)> {
        let layout = self.norm.input;
        let x = layout.batch_from_chw(x);
        let y = self.run(&x, scale, shift, &mut NormBuffers::default());
        let n = y.len() / layout.len();
        let shape = (n, layout.channels, layout.height, layout.width);
        Ok(stored(layout.batch_to_chw(&y), shape))
    }

    fn backward<T: TensorReal>(
        &self,
        [images, scale, shift]: [&Tensor; 3],
        _output: &Tensor,
        slopes: &Tensor,
    ) -> Result<Gradients3> {
        let layout = self.norm.input;
        let x = layout.batch_from_chw(&values::<T>(images)?);
        let (scales, shifts) = (values::<T>(scale)?, values::<T>(shift)?);
        let mut gradient = layout.batch_from_chw(&values::<T>(slopes)?);
        let mut buffers = NormBuffers::default();
        // the batch's statistics again, rather than kept for either type
        let y = self.run(&x, &scales, &shifts, &mut buffers);
        let mut scale_gradient = vec![T::ZERO; scales.len()];
        let mut shift_gradient = vec![T::ZERO; shifts.len()];
        self.norm.backward(
            &x,
            NormBackward {
                scale: &scales,
                output: &y,
                gradient: &mut gradient,
                scale_gradient: &mut scale_gradient,
                shift_gradient: &mut shift_gradient,
                residual: InputGradient::Unwanted,
            },
            &mut buffers,
        );
        Ok((
            Some(tensor(layout.batch_to_chw(&gradient), images)?),
            Some(tensor(scale_gradient, scale)?),
            Some(tensor(shift_gradient, shift)?),
        ))
    }
}
