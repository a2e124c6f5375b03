use super::super::tile::{Runs, multiply};
use super::geometry::Geometry;
use crate::nn::lanes::Lanes;
use crate::nn::layout::{ImageLayout, Images};
use crate::nn::real::Kernel;
use crate::nn::{Activation, Real};

/// The forward pass of one image.
pub(crate) struct ForwardImage<'a, T> {
    pub(crate) geometry: &'a Geometry,
    pub(crate) activation: Activation,
    /// One image with its border.
    pub(crate) x: &'a [T],
    /// Packed weights, see `pack`.
    pub(crate) weights: &'a [T],
    /// Biases, filled up with zeros to whole blocks.
    pub(crate) bias: &'a [T],
    /// An image to add before the activation.
    pub(crate) residual: Option<Images<'a, T>>,
    /// One output with its border; the border is not touched.
    pub(crate) y: &'a mut [T],
}

impl<T: Real> Kernel<T> for ForwardImage<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(mut self) {
        let geometry = self.geometry;
        assert_eq!(geometry.channel_block, 2 * V::COUNT);
        assert_eq!(self.x.len(), geometry.input.len());
        assert_eq!(self.weights.len(), geometry.packed_len());
        assert_eq!(
            self.bias.len(),
            geometry.spec.groups * geometry.out_filled()
        );
        assert_eq!(self.y.len(), geometry.output.len());
        if let Some(residual) = &self.residual {
            assert_eq!(residual.values.len(), residual.layout.len());
            assert!(residual.layout.same_inside(&geometry.output));
        }
        let pixels = geometry.output.height * geometry.output.width;
        for block in 0..geometry.spec.groups * geometry.out_blocks() {
            let mut at = 0;
            // SAFETY: the lengths were checked above; pixels `at..at + P` are
            // pixels of the output.
            unsafe {
                if V::MANY_REGISTERS {
                    while at + 12 <= pixels {
                        self.pixels::<V, 12>(block, at);
                        at += 12;
                    }
                }
                while at + 4 <= pixels {
                    self.pixels::<V, 4>(block, at);
                    at += 4;
                }
                while at < pixels {
                    self.pixels::<V, 1>(block, at);
                    at += 1;
                }
            }
        }
    }
}

impl<T: Real> ForwardImage<'_, T> {
    /// Computes the `P` outputs from number `at`, counted row by row, of one
    /// block of channels (blocks counted through all groups).
    ///
    /// # Safety
    /// As [`Lanes`]; slices have the lengths of `geometry`, which has outputs
    /// `at..at + P`.
    #[inline(always)]
    unsafe fn pixels<V: Lanes<Scalar = T>, const P: usize>(&mut self, block: usize, at: usize) {
        let geometry = self.geometry;
        let spec = &geometry.spec;
        let group = block / geometry.out_blocks();
        let of_group = block % geometry.out_blocks() * geometry.channel_block;
        let in_row = geometry.in_row();
        let mut places = [(0, 0); P];
        let (mut row, mut column) = (at / geometry.output.width, at % geometry.output.width);
        for place in &mut places {
            *place = (row, column);
            column += 1;
            if column == geometry.output.width {
                (row, column) = (row + 1, 0);
            }
        }
        // SAFETY: the kernel's taps lie within the bordered image for every
        // output; packed weights and biases are whole blocks.
        let acc = unsafe {
            let corner = self
                .x
                .as_ptr()
                .add(geometry.in_corner() + group * spec.in_group());
            let x = places.map(|(row, column)| {
                corner.add(spec.stride * (row * in_row + column * spec.in_channels))
            });
            let bias = self.bias.as_ptr().add(block * geometry.channel_block);
            let start = [V::load(bias), V::load(bias.add(V::COUNT))];
            let runs = geometry.runs();
            let weights = self.weights.as_ptr().add(block * geometry.packed_block());
            multiply::<V, P>([start; P], x, runs, weights)
        };
        let first = group * spec.out_group() + of_group;
        let valid = (spec.out_group() - of_group).min(geometry.channel_block);
        for ((row, column), sums) in places.into_iter().zip(acc) {
            let at =
                |layout: &ImageLayout| layout.row_start(row) + column * layout.channels + first;
            let y_at = at(&geometry.output);
            let residual = self
                .residual
                .map(|residual| (residual.values, at(&residual.layout)));
            for (half, mut sum) in sums.into_iter().enumerate() {
                let offset = half * V::COUNT;
                let lanes = valid.saturating_sub(offset).min(V::COUNT);
                if lanes == 0 {
                    continue;
                }
                // SAFETY: `lanes` channels from here exist in the pixel, of
                // the output and of the residual, whose insides are alike.
                unsafe {
                    if let Some((values, at)) = residual {
                        sum = sum.add(V::load_part(values.as_ptr().add(at + offset), lanes));
                    }
                    let y = self.activation.apply(sum);
                    y.store_part(self.y.as_mut_ptr().add(y_at + offset), lanes);
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
