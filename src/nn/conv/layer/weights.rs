#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]

use super::super::tile::{Ahead, correlate_packed};
use super::geometry::Geometry;
use crate::nn::lanes::Lanes;
use crate::nn::real::Kernel;
use crate::nn::sizes::product;
use crate::nn::{Activation, Real};

/// The gradient of the weights and biases of some blocks of output channels,
/// summed over some images. Added to what is there.
///
/// A chunk of pixels at a time, the gradients of all blocks are packed together,
/// and a few inputs below each tap, so that both stay in near caches while they
/// are multiplied.
pub(crate) struct WeightGradient<'a, T> {
    pub(crate) geometry: &'a Geometry,
    pub(crate) activation: Activation,
    /// The images with their borders, as in the forward pass.
    pub(crate) x: &'a [T],
    /// The outputs with their borders; empty where there is no activation.
    pub(crate) y: &'a [T],
    /// The gradient of the outputs, without borders.
    pub(crate) slopes: &'a [T],
    /// Scratch of [`chunk_len`](Self::chunk_len) elements.
    pub(crate) packed: &'a mut [T],
    /// The first block, counted through all groups.
    pub(crate) first_block: usize,
    /// Packed gradients of the weights, whole blocks.
    pub(crate) weights: &'a mut [T],
    /// Gradients of the biases, whole blocks.
    pub(crate) bias: &'a mut [T],
}

/// Rows of the output in a chunk, counted through all images.
#[inline]
fn rows_per_chunk(geometry: &Geometry) -> usize {
    /// Pixels that fill the nearest cache with a block of channels.
    const PIXELS: usize = 192;
    (PIXELS / geometry.output.width).max(1)
}

/// Inputs packed at a time: four tiles of twelve.
const INPUTS: usize = 48;

impl<T: Real> WeightGradient<'_, T> {
    /// Elements of scratch for a task of `blocks` blocks.
    pub(crate) fn chunk_len(geometry: &Geometry, blocks: usize) -> usize {
        let pixels = rows_per_chunk(geometry) * geometry.output.width;
        product([pixels, blocks * geometry.channel_block + INPUTS])
    }
}

impl<T: Real> Kernel<T> for WeightGradient<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(mut self) {
        let geometry = self.geometry;
        let n = self.slopes.len() / geometry.output.inner_len();
        let blocks = self.bias.len() / geometry.channel_block;
        assert_eq!(geometry.channel_block, 2 * V::COUNT);
        assert_eq!(self.slopes.len(), n * geometry.output.inner_len());
        assert_eq!(self.x.len(), n * geometry.input.len());
        assert_eq!(self.packed.len(), Self::chunk_len(geometry, blocks));
        assert_eq!(self.bias.len(), blocks * geometry.channel_block);
        assert_eq!(self.weights.len(), blocks * geometry.packed_block());
        assert!(self.first_block + blocks <= geometry.spec.groups * geometry.out_blocks());
        if self.activation != Activation::None {
            assert_eq!(self.y.len(), n * geometry.output.len());
        }
        let rows = n * geometry.output.height;
        let chunk = rows_per_chunk(geometry);
        for first_row in (0..rows).step_by(chunk) {
            let rows = first_row..rows.min(first_row + chunk);
            // SAFETY: the lengths were just checked.
            unsafe {
                for block in 0..blocks {
                    self.pack::<V>(rows.clone(), block);
                }
                self.taps::<V>(rows, blocks);
            }
        }
    }
}

impl<T: Real> WeightGradient<'_, T> {
    /// The inputs of the chunk after this one, spread over the pixels of all
    /// tiles of this one. Tiles read a few channels of many pixels, which no
    /// processor foresees.
    fn next_inputs(&self, rows: std::ops::Range<usize>, blocks: usize) -> Ahead<T> {
        let geometry = self.geometry;
        let tiles = blocks * geometry.spec.fan_in().div_ceil(12);
        let visits = tiles * rows.len() * geometry.output.width;
        let place = |row: usize| {
            let (image, row) = (row / geometry.output.height, row % geometry.output.height);
            image * geometry.input.len() + row * geometry.spec.stride * geometry.in_row()
        };
        let (start, end) = (place(rows.end), place(rows.end + rows.len()));
        Ahead {
            at: self.x.as_ptr().wrapping_add(start),
            step: (end - start).div_ceil(visits.max(1)),
        }
    }

    /// Takes the gradient of one block back through the activation, into the
    /// scratch; sums the gradient of the biases on the way.
    ///
    /// # Safety
    /// As [`Lanes`]; slices have the lengths of `geometry`.
    #[inline(always)]
    unsafe fn pack<V: Lanes<Scalar = T>>(&mut self, rows: std::ops::Range<usize>, block: usize) {
        let geometry = self.geometry;
        let output = geometry.output;
        let counted = self.first_block + block;
        let group = counted / geometry.out_blocks();
        let of_group = counted % geometry.out_blocks() * geometry.channel_block;
        let valid = (geometry.spec.out_group() - of_group).min(geometry.channel_block);
        let first = group * geometry.spec.out_group() + of_group;
        let active = self.activation != Activation::None;
        for half in 0..2 {
            let lanes = valid.saturating_sub(half * V::COUNT).min(V::COUNT);
            // SAFETY: `lanes` channels from here exist; scratch and biases are
            // whole blocks.
            unsafe {
                let panel = rows.len() * output.width * geometry.channel_block;
                let mut to = self
                    .packed
                    .as_mut_ptr()
                    .add(block * panel + half * V::COUNT);
                let mut sum = V::splat(T::ZERO);
                for row in rows.clone() {
                    let (image, of_image) = (row / output.height, row % output.height);
                    let from = row * output.width * output.channels + first + half * V::COUNT;
                    let mut from = self.slopes.as_ptr().add(from.min(self.slopes.len()));
                    let y = output.place((image, of_image, 0)) + first;
                    let y = (y + half * V::COUNT).min(self.y.len());
                    let mut y = self.y.as_ptr().add(y);
                    for _ in 0..output.width {
                        let mut value = V::load_part(from, lanes);
                        if active {
                            value = self.activation.slope(V::load_part(y, lanes), value);
                        }
                        sum = sum.add(value);
                        value.store(to);
                        to = to.add(geometry.channel_block);
                        from = from.wrapping_add(output.channels);
                        y = y.wrapping_add(output.channels);
                    }
                }
                let place = block * geometry.channel_block + half * V::COUNT;
                let place = self.bias.as_mut_ptr().add(place);
                V::load(place).add(sum).store(place);
            }
        }
    }

    /// Adds the products of the packed gradients with the inputs below every
    /// tap.
    ///
    /// # Safety
    /// As [`pack`](Self::pack), and after it.
    #[inline(always)]
    unsafe fn taps<V: Lanes<Scalar = T>>(&mut self, rows: std::ops::Range<usize>, blocks: usize) {
        let geometry = self.geometry;
        let runs = geometry.runs();
        let pixels = rows.len() * geometry.output.width;
        let mut ahead = self.next_inputs(rows.clone(), blocks);
        let slopes = blocks * pixels * geometry.channel_block;
        let mut block = 0;
        while block < blocks {
            // the blocks of one group see the same inputs
            let group = (self.first_block + block) / geometry.out_blocks();
            let last = blocks.min((group + 1) * geometry.out_blocks() - self.first_block);
            let mut done = 0;
            for row in 0..runs.rows {
                for column in 0..runs.columns {
                    for at in (0..runs.run).step_by(INPUTS) {
                        let width = INPUTS.min(runs.run - at);
                        let tap = row * runs.row_stride + column * runs.column_stride + at;
                        let from = geometry.in_corner() + group * geometry.spec.in_group() + tap;
                        // SAFETY: taps lie within the bordered image for every
                        // output, `width` of them in the run.
                        unsafe {
                            self.pack_inputs::<V>(rows.clone(), from, width, slopes);
                            for block in block..last {
                                let panel = block * pixels * geometry.channel_block;
                                let x = self.packed.as_ptr().add(slopes);
                                let z = self.packed.as_ptr().add(panel);
                                let dst = block * geometry.packed_block() + done;
                                let dst = self.weights.as_mut_ptr().add(dst);
                                tiles::<V>(dst, x, z, width, pixels, &mut ahead);
                            }
                        }
                        done += width * geometry.channel_block;
                    }
                }
            }
            block = last;
        }
    }

    /// Puts `width` inputs from `from` on together for all pixels of some rows.
    ///
    /// # Safety
    /// As [`taps`](Self::taps).
    #[inline(always)]
    unsafe fn pack_inputs<V: Lanes<Scalar = T>>(
        &mut self,
        rows: std::ops::Range<usize>,
        from: usize,
        width: usize,
        to: usize,
    ) {
        let geometry = self.geometry;
        let output = geometry.output;
        let (stride, len) = (geometry.spec.stride, geometry.input.len());
        // SAFETY: as the caller says; the scratch has room for all inputs.
        unsafe {
            let mut to = self.packed.as_mut_ptr().add(to);
            for row in rows {
                let (image, row) = (row / output.height, row % output.height);
                let start = image * len + row * stride * geometry.in_row();
                let mut x = self.x.as_ptr().add(from + start);
                for _ in 0..output.width {
                    let mut at = 0;
                    while at + V::COUNT <= width {
                        V::load(x.add(at)).store(to.add(at));
                        at += V::COUNT;
                    }
                    if at < width {
                        V::load_part(x.add(at), width - at).store_part(to.add(at), width - at);
                    }
                    to = to.add(width);
                    x = x.wrapping_add(stride * geometry.spec.in_channels);
                }
            }
        }
    }
}

/// Adds the products of `width` inputs with one block of slopes, both packed.
///
/// # Safety
/// As [`correlate_packed`].
#[inline(always)]
unsafe fn tiles<V: Lanes>(
    mut dst: *mut V::Scalar,
    mut x: *const V::Scalar,
    z: *const V::Scalar,
    width: usize,
    pixels: usize,
    ahead: &mut Ahead<V::Scalar>,
) {
    let mut left = width;
    while left > 0 {
        // SAFETY: as the caller says; tiles stay within the width.
        let tile = unsafe {
            // 16 is two tiles of 8, rather than one of 12 and a rest
            if V::MANY_REGISTERS && left >= 12 && left != 16 {
                correlate_packed::<V, 12>(dst, x, width, z, pixels, ahead);
                12
            } else if V::MANY_REGISTERS && left == 9 {
                correlate_packed::<V, 9>(dst, x, width, z, pixels, ahead);
                9
            } else if V::MANY_REGISTERS && left >= 8 {
                correlate_packed::<V, 8>(dst, x, width, z, pixels, ahead);
                8
            } else if left >= 4 {
                correlate_packed::<V, 4>(dst, x, width, z, pixels, ahead);
                4
            } else {
                correlate_packed::<V, 1>(dst, x, width, z, pixels, ahead);
                1
            }
        };
        left -= tile;
        // SAFETY: as above.
        unsafe {
            dst = dst.add(tile * 2 * V::COUNT);
            x = x.add(tile);
        }
    }
}
