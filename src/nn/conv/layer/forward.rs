#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "accumulators are counted by place, as registers are"
)]

use super::super::tile::{Ahead, Runs, multiply};
use super::geometry::{Geometry, Grid};
use crate::nn::lanes::Lanes;
use crate::nn::layout::Images;
use crate::nn::real::Kernel;
use crate::nn::{Activation, Real};

/// The forward pass of a few images.
pub(crate) struct Forward<'a, T> {
    pub(crate) geometry: &'a Geometry,
    pub(crate) activation: Activation,
    /// Images with their borders.
    pub(crate) x: &'a [T],
    /// Packed weights, see `pack`.
    pub(crate) weights: &'a [T],
    /// Biases, filled up with zeros to whole blocks.
    pub(crate) bias: &'a [T],
    /// Images to add before the activation.
    pub(crate) residual: Option<Images<'a, T>>,
    /// Outputs with their borders; the borders are not touched.
    pub(crate) y: &'a mut [T],
}

impl<T: Real> Kernel<T> for Forward<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(mut self) {
        let geometry = self.geometry;
        let n = self.x.len() / geometry.input.len();
        assert_eq!(geometry.channel_block, 2 * V::COUNT);
        assert_eq!(self.x.len(), n * geometry.input.len());
        assert_eq!(self.weights.len(), geometry.packed_len());
        assert_eq!(
            self.bias.len(),
            geometry.spec.groups * geometry.out_filled()
        );
        assert_eq!(self.y.len(), n * geometry.output.len());
        if let Some(residual) = &self.residual {
            assert_eq!(residual.values.len(), n * residual.layout.len());
            assert!(residual.layout.same_inside(&geometry.output));
        }
        let grid = Grid {
            rows: geometry.output.height,
            columns: geometry.output.width,
        };
        let pixels = n * grid.rows * grid.columns;
        let chunk = geometry.chunk();
        let mut done = 0;
        while done < pixels {
            let end = pixels.min(done + chunk);
            let mut ahead = self.next_inputs(grid, done..end);
            for block in 0..geometry.spec.groups * geometry.out_blocks() {
                let mut at = done;
                // SAFETY: the lengths were checked above; pixels `at..at + P`
                // are pixels of the outputs.
                unsafe {
                    if V::MANY_REGISTERS {
                        while at + 12 <= end {
                            self.pixels::<V, 12>(grid, block, at, &mut ahead);
                            at += 12;
                        }
                        if at + 8 <= end {
                            self.pixels::<V, 8>(grid, block, at, &mut ahead);
                            at += 8;
                        }
                    }
                    while at + 4 <= end {
                        self.pixels::<V, 4>(grid, block, at, &mut ahead);
                        at += 4;
                    }
                    while at < end {
                        self.pixels::<V, 1>(grid, block, at, &mut ahead);
                        at += 1;
                    }
                }
            }
            done = end;
        }
    }
}

impl<T: Real> Forward<'_, T> {
    /// The inputs of the pixels after these, spread over all tiles of these.
    #[inline(always)]
    fn next_inputs(&self, grid: Grid, pixels: std::ops::Range<usize>) -> Ahead<T> {
        let geometry = self.geometry;
        let start = |pixel: usize| {
            let [(image, row, column)] = grid.places::<1>(pixel);
            let pixel = row * geometry.in_row() + column * geometry.input.channels;
            image * geometry.input.len() + geometry.spec.stride * pixel
        };
        let elements = start(pixels.end + pixels.len()) - start(pixels.end);
        let tiles = pixels.len().div_ceil(12) * geometry.spec.groups * geometry.out_blocks();
        Ahead {
            at: self.x.as_ptr().wrapping_add(start(pixels.end)),
            step: elements.div_ceil(tiles * geometry.spec.fan_in()),
        }
    }

    /// Computes the `P` outputs from number `at`, counted row by row and image
    /// by image, of one block of channels (blocks counted through all groups).
    ///
    /// # Safety
    /// As [`Lanes`]; slices have the lengths of `geometry`, which has outputs
    /// `at..at + P`.
    #[inline(always)]
    unsafe fn pixels<V: Lanes<Scalar = T>, const P: usize>(
        &mut self,
        grid: Grid,
        block: usize,
        at: usize,
        ahead: &mut Ahead<T>,
    ) {
        let geometry = self.geometry;
        let spec = &geometry.spec;
        let group = block / geometry.out_blocks();
        let of_group = block % geometry.out_blocks() * geometry.channel_block;
        let places = grid.places::<P>(at);
        let len = geometry.input.len();
        let first = group * spec.out_group() + of_group;
        let valid = (spec.out_group() - of_group).min(geometry.channel_block);
        // SAFETY: the kernel's taps lie within the bordered image for every
        // output; packed weights and biases are whole blocks; `valid` channels
        // from `first` exist in a pixel of the output, and of the residual,
        // whose insides are alike.
        unsafe {
            let corner = geometry.in_corner() + group * spec.in_group();
            let mut x = [self.x.as_ptr().add(corner); P];
            for p in 0..P {
                let (image, row, column) = places[p];
                let pixel = row * geometry.in_row() + column * spec.in_channels;
                x[p] = x[p].add(image * len + spec.stride * pixel);
                // outputs come from memory, too, before they are overwritten:
                // ask for them while the sums are made
                let y = geometry.output.place(places[p]) + first;
                let y = self.y.as_ptr().add(y);
                V::prefetch(y);
                V::prefetch(y.wrapping_add(V::COUNT));
            }
            let bias = self.bias.as_ptr().add(block * geometry.channel_block);
            let start = [V::load(bias), V::load(bias.add(V::COUNT))];
            let weights = self.weights.as_ptr().add(block * geometry.packed_block());
            let acc = multiply::<V, P>([start; P], x, geometry.runs(), weights, ahead);
            for p in 0..P {
                let y = geometry.output.place(places[p]) + first;
                for half in 0..2 {
                    let offset = half * V::COUNT;
                    let lanes = valid.saturating_sub(offset).min(V::COUNT);
                    if lanes == 0 {
                        continue;
                    }
                    let mut sum = acc[p][half];
                    if let Some(residual) = &self.residual {
                        let from = residual.layout.place(places[p]) + first + offset;
                        let from = residual.values.as_ptr().add(from);
                        sum = sum.add(V::load_part(from, lanes));
                    }
                    let to = self.y.as_mut_ptr().add(y + offset);
                    self.activation.apply(sum).store_part(to, lanes);
                }
            }
        }
    }
}

impl Geometry {
    /// The runs of contiguous numbers below one output's kernel.
    #[inline]
    pub(crate) fn runs(&self) -> Runs {
        let spec = &self.spec;
        let row_stride = spec.dilation * self.in_row();
        if spec.dilation == 1 && spec.groups == 1 {
            // the taps of a row touch
            return Runs {
                rows: spec.kernel,
                row_stride,
                columns: 1,
                column_stride: 0,
                run: spec.kernel * spec.in_channels,
            };
        }
        Runs {
            rows: spec.kernel,
            row_stride,
            columns: spec.kernel,
            column_stride: spec.dilation * spec.in_channels,
            run: spec.in_group(),
        }
    }
}
