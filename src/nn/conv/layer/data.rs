#![allow(
    unsafe_code,
    reason = "a kernel: vector instructions, and parts of a buffer that threads share"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "accumulators are counted by place, as registers are"
)]

use super::super::tile::{Ahead, Runs, multiply};
use super::border::Border;
use super::geometry::{Geometry, Grid};
use crate::nn::lanes::Lanes;
use crate::nn::real::Kernel;
use crate::nn::{Activation, Real};

/// The gradient of a few images: for each phase of rows and columns, the
/// gradient of the output convolved with the flipped taps of that phase.
pub(crate) struct DataGradient<'a, T> {
    pub(crate) geometry: &'a Geometry,
    pub(crate) activation: Activation,
    /// The outputs with their borders; empty where there is no activation.
    pub(crate) y: &'a [T],
    /// The gradient of the outputs, without borders.
    pub(crate) slopes: &'a [T],
    /// Scratch for the gradient before the activation, inside borders; zero in
    /// the borders and where a channel is missing. Empty where `slopes` serves
    /// as it is: see [`needs_border`](Geometry::needs_border).
    pub(crate) bordered: &'a mut [T],
    /// Flipped weights, see `pack`.
    pub(crate) flipped: &'a [T],
    /// The gradient of the images, without borders.
    pub(crate) gradient: &'a mut [T],
    /// Whether to add to what is there.
    pub(crate) add: bool,
}

impl<T: Real> Kernel<T> for DataGradient<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(mut self) {
        let geometry = self.geometry;
        let n = self.slopes.len() / geometry.output.inner_len();
        assert_eq!(geometry.channel_block, 2 * V::COUNT);
        assert_eq!(self.slopes.len(), n * geometry.output.inner_len());
        assert_eq!(self.gradient.len(), n * geometry.input.inner_len());
        assert_eq!(self.flipped.len(), geometry.flipped_len());
        if self.activation != Activation::None {
            assert_eq!(self.y.len(), n * geometry.output.len());
        }
        // SAFETY: the lengths are checked.
        unsafe {
            if geometry.needs_border(self.activation) {
                assert_eq!(self.bordered.len(), n * geometry.gradient_len());
                let border = Border {
                    geometry,
                    activation: self.activation,
                    y: self.y,
                    slopes: self.slopes,
                    bordered: self.bordered,
                };
                border.run::<V>();
            } else {
                assert_eq!(geometry.gradient_len(), geometry.output.inner_len());
            }
            self.phases::<V>(n);
        }
    }
}

impl<T: Real> DataGradient<'_, T> {
    /// # Safety
    /// As [`Lanes`]; slices have the lengths of `geometry`.
    #[inline(always)]
    unsafe fn phases<V: Lanes<Scalar = T>>(&mut self, n: usize) {
        let geometry = self.geometry;
        let stride = geometry.spec.stride;
        let chunk = geometry.gradient_chunk();
        let mut weights = 0;
        for row_phase in 0..stride {
            for column_phase in 0..stride {
                let class = Class::new(geometry, row_phase, column_phase);
                let pixels = n * class.grid.rows * class.grid.columns;
                let mut done = 0;
                while done < pixels {
                    let end = pixels.min(done + chunk);
                    let mut ahead = self.next_slopes(&class, done..end);
                    for block in 0..geometry.spec.groups * geometry.in_blocks() {
                        let mut at = done;
                        let weights = block * geometry.flipped_block() + weights;
                        // SAFETY: pixels `at..at + P` are pixels of the class.
                        unsafe {
                            if V::MANY_REGISTERS {
                                while at + 12 <= end {
                                    self.pixels::<V, 12>(&class, weights, block, at, &mut ahead);
                                    at += 12;
                                }
                                if at + 8 <= end {
                                    self.pixels::<V, 8>(&class, weights, block, at, &mut ahead);
                                    at += 8;
                                }
                            }
                            while at + 4 <= end {
                                self.pixels::<V, 4>(&class, weights, block, at, &mut ahead);
                                at += 4;
                            }
                            while at < end {
                                self.pixels::<V, 1>(&class, weights, block, at, &mut ahead);
                                at += 1;
                            }
                        }
                    }
                    done = end;
                }
                weights += class.taps * geometry.out_filled() * geometry.channel_block;
            }
        }
    }

    /// The slopes of the pixels after these, spread over all tiles of these;
    /// scratch is near as it is.
    #[inline(always)]
    fn next_slopes(&self, class: &Class, pixels: std::ops::Range<usize>) -> Ahead<T> {
        let geometry = self.geometry;
        if !self.bordered.is_empty() {
            return Ahead::none(self.bordered.as_ptr());
        }
        // without a border, pixels of slopes lie as those of the class do
        let step = geometry.gradient_pixel();
        let tiles = pixels.len().div_ceil(12) * geometry.spec.groups * geometry.in_blocks();
        let visits = tiles * class.taps * geometry.out_filled();
        Ahead {
            at: self.slopes.as_ptr().wrapping_add(pixels.end * step),
            step: (pixels.len() * step).div_ceil(visits.max(1)),
        }
    }

    /// The `P` pixels of a class from number `at`.
    ///
    /// # Safety
    /// As [`phases`](Self::phases).
    #[inline(always)]
    unsafe fn pixels<V: Lanes<Scalar = T>, const P: usize>(
        &mut self,
        class: &Class,
        weights: usize,
        block: usize,
        at: usize,
        ahead: &mut Ahead<T>,
    ) {
        let geometry = self.geometry;
        let (group_channels, stride) = (geometry.spec.in_group(), geometry.spec.stride);
        let group = block / geometry.in_blocks();
        let of_group = block % geometry.in_blocks() * geometry.channel_block;
        let z_pixel = geometry.gradient_pixel();
        let z_row = geometry.gradient_columns() * z_pixel;
        let z_len = geometry.gradient_len();
        let places = class.grid.places::<P>(at);
        let z = match self.bordered.is_empty() {
            true => self.slopes.as_ptr(),
            false => self.bordered.as_ptr(),
        };
        let first = group * group_channels + of_group;
        let valid = (group_channels - of_group).min(geometry.channel_block);
        // SAFETY: the border is wide enough for every tap of every pixel;
        // `valid` channels from `first` exist in a pixel of the image.
        unsafe {
            let corner = class.z_row * z_row + class.z_column * z_pixel;
            let mut z = [z.add(corner + group * geometry.out_filled()); P];
            let mut to = [first; P];
            for p in 0..P {
                let (image, row, column) = places[p];
                let pixel = row * z_row + column * z_pixel;
                z[p] = z[p].add(image * z_len + pixel);
                let row = image * geometry.input.height + class.row + stride * row;
                let pixel = row * geometry.input.width + class.column + stride * column;
                to[p] += pixel * geometry.input.channels;
                // asked for while the sums are made
                let to = self.gradient.as_ptr().add(to[p]);
                V::prefetch(to);
                V::prefetch(to.wrapping_add(V::COUNT));
            }
            let zero = [[V::splat(T::ZERO); 2]; P];
            let weights = self.flipped.as_ptr().add(weights);
            let acc = multiply::<V, P>(zero, z, class.runs, weights, ahead);
            for p in 0..P {
                for half in 0..2 {
                    let offset = half * V::COUNT;
                    let lanes = valid.saturating_sub(offset).min(V::COUNT);
                    if lanes == 0 {
                        continue;
                    }
                    let to = self.gradient.as_mut_ptr().add(to[p] + offset);
                    let mut sum = acc[p][half];
                    if self.add {
                        sum = sum.add(V::load_part(to, lanes));
                    }
                    sum.store_part(to, lanes);
                }
            }
        }
    }
}

/// The pixels of an image whose row and column have given phases.
struct Class {
    /// How many there are.
    grid: Grid,
    /// The first of them in the image.
    row: usize,
    column: usize,
    /// Where the first tap of the first pixel lies in the bordered gradient.
    z_row: usize,
    z_column: usize,
    /// The taps.
    taps: usize,
    runs: Runs,
}

impl Class {
    #[inline]
    fn new(geometry: &Geometry, row_phase: usize, column_phase: usize) -> Self {
        let spec = &geometry.spec;
        let (stride, padding) = (spec.stride, spec.padding);
        let border = geometry.gradient_border();
        // the first pixel of a phase, and how many there are
        let pixels = |phase: usize, side: usize| {
            let first = (phase + stride - padding % stride) % stride;
            (first, side.saturating_sub(first).div_ceil(stride))
        };
        let (row, rows) = pixels(row_phase, geometry.input.height);
        let (column, columns) = pixels(column_phase, geometry.input.width);
        let (down, across) = (geometry.phase(row_phase), geometry.phase(column_phase));
        // where a tap reaches beyond the first output, the border steps in
        let start = |first: usize, last_tap: usize| {
            let reach = spec.dilation * last_tap;
            // both are of the same phase, so the division has no remainder
            (first + padding + border * stride - reach) / stride
        };
        let (z_row, z_column) = if down.taps * across.taps == 0 {
            (0, 0)
        } else {
            (start(row, down.last_tap), start(column, across.last_tap))
        };
        let pixel = geometry.gradient_pixel();
        let row_stride = down.out_step * geometry.gradient_columns() * pixel;
        let runs = if across.out_step == 1 && spec.groups == 1 {
            Runs {
                rows: down.taps,
                row_stride,
                columns: 1,
                column_stride: 0,
                run: across.taps * pixel,
            }
        } else {
            Runs {
                rows: down.taps,
                row_stride,
                columns: across.taps,
                column_stride: across.out_step * pixel,
                run: geometry.out_filled(),
            }
        };
        Self {
            grid: Grid { rows, columns },
            row,
            column,
            z_row,
            z_column,
            taps: down.taps * across.taps,
            runs,
        }
    }
}
