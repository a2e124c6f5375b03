use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, Error, Result, Shape, Tensor};

use super::custom::{Unary, unary};
use super::elsewhere;
use super::slices::{TensorReal, stored, tensor, values};
use crate::nn::layout::ImageLayout;
use crate::nn::{AveragePool, MaxPool, PoolSpec, Real};

/// PyTorch's `max_pool2d`: the first of equal maxima takes the gradient.
/// `images` is `[n, channels, height, width]`.
///
/// # Errors
/// If the window does not fit, or the type is neither `f32` nor `f64`.
pub fn max_pool2d(images: &Tensor, spec: PoolSpec) -> Result<Tensor> {
    let pool = MaxPool::new(spec, layout(images)?, 0).map_err(Error::wrap)?;
    if !images.device().is_cpu() {
        return elsewhere::max_pool2d(images, spec);
    }
    let winners = Mutex::new(Vec::new());
    unary(images, MaxPoolOp { pool, winners })
}

/// PyTorch's `avg_pool2d`, zeros of the padding included. `images` is
/// `[n, channels, height, width]`.
///
/// # Errors
/// If the window does not fit, or the type is neither `f32` nor `f64`.
pub fn average_pool2d(images: &Tensor, spec: PoolSpec) -> Result<Tensor> {
    let pool = AveragePool::new(spec, layout(images)?, 0).map_err(Error::wrap)?;
    if !images.device().is_cpu() {
        return elsewhere::average(images, &pool);
    }
    unary(images, pool)
}

/// PyTorch's `adaptive_avg_pool2d` to `height` x `width` cells. `images` is
/// `[n, channels, rows, columns]`.
///
/// # Errors
/// If a count is 0, or the type is neither `f32` nor `f64`.
pub fn adaptive_average_pool2d(images: &Tensor, height: usize, width: usize) -> Result<Tensor> {
    let pool = AveragePool::adaptive(layout(images)?, height, width, 0).map_err(Error::wrap)?;
    if !images.device().is_cpu() {
        return elsewhere::average(images, &pool);
    }
    unary(images, pool)
}

/// The layout of a batch without a border.
pub(super) fn layout(images: &Tensor) -> Result<ImageLayout> {
    let (_, channels, height, width) = images.dims4()?;
    Ok(ImageLayout {
        height,
        width,
        channels,
        border: 0,
    })
}

/// Runs a pass over images in the kernels' order.
fn by_pixels<T: Real>(
    chw: &[T],
    from: ImageLayout,
    to: ImageLayout,
    pass: impl FnOnce(&[T], &mut [T]),
) -> (Vec<T>, usize) {
    let n = chw.len() / from.inner_len();
    let mut out = vec![T::ZERO; n * to.len()];
    pass(&from.batch_from_chw(chw), &mut out);
    (to.batch_to_chw(&out), n)
}

fn shape(n: usize, layout: ImageLayout) -> (usize, usize, usize, usize) {
    (n, layout.channels, layout.height, layout.width)
}

/// The operation; the winners of its forward pass live here.
struct MaxPoolOp {
    pool: MaxPool,
    winners: Mutex<Vec<u8>>,
}

impl Unary for MaxPoolOp {
    const NAME: &'static str = "max-pool2d";

    fn forward<T: TensorReal>(&self, x: &[T], _: &Shape) -> Result<(CpuStorage, Shape)> {
        let (input, output) = (self.pool.in_layout(), self.pool.out_layout());
        let mut winners = self.winners.lock().unwrap_or_else(PoisonError::into_inner);
        let (y, n) = by_pixels(x, input, output, |x, y| {
            winners.resize(y.len(), 0);
            self.pool.forward(x, y, Some(&mut winners));
        });
        Ok(stored(y, shape(n, output)))
    }

    fn backward<T: TensorReal>(&self, x: &Tensor, _: &Tensor, slopes: &Tensor) -> Result<Tensor> {
        let (input, output) = (self.pool.in_layout(), self.pool.out_layout());
        let winners = self.winners.lock().unwrap_or_else(PoisonError::into_inner);
        let (gradient, _) = by_pixels(&values::<T>(slopes)?, output, input, |slopes, to| {
            self.pool.backward(&winners, slopes, to);
        });
        tensor(gradient, x)
    }
}

impl Unary for AveragePool {
    const NAME: &'static str = "average-pool2d";

    fn forward<T: TensorReal>(&self, x: &[T], _: &Shape) -> Result<(CpuStorage, Shape)> {
        let (input, output) = (self.in_layout(), self.out_layout());
        let (y, n) = by_pixels(x, input, output, |x, y| AveragePool::forward(self, x, y));
        Ok(stored(y, shape(n, output)))
    }

    fn backward<T: TensorReal>(&self, x: &Tensor, _: &Tensor, slopes: &Tensor) -> Result<Tensor> {
        let (input, output) = (self.in_layout(), self.out_layout());
        let slopes = values::<T>(slopes)?;
        let (gradient, _) = by_pixels(&slopes, output, input, |slopes, to| {
            AveragePool::backward(self, slopes, to);
        });
        tensor(gradient, x)
    }
}
