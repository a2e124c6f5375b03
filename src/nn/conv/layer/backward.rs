use super::super::tile::{Pixels, Runs, correlate, multiply};
use super::geometry::Geometry;
use crate::nn::lanes::Lanes;
use crate::nn::real::Kernel;
use crate::nn::{Activation, Real};

/// The backward pass of one image. Gradients of weights and biases are added
/// to what is there.
pub(crate) struct BackwardImage<'a, T> {
    pub(crate) geometry: &'a Geometry,
    pub(crate) activation: Activation,
    /// The image with its border, as in the forward pass.
    pub(crate) x: &'a [T],
    /// The output with its border; empty where there is no activation.
    pub(crate) y: &'a [T],
    /// The gradient of the output, without a border.
    pub(crate) gradient: &'a [T],
    /// Scratch for the gradient before the activation, inside a border; zero
    /// in the border and where a channel is missing.
    pub(crate) bordered: &'a mut [T],
    /// Added to: packed gradient of the weights.
    pub(crate) weight_gradient: &'a mut [T],
    /// Added to: gradient of the biases, filled up to whole blocks.
    pub(crate) bias_gradient: &'a mut [T],
    /// What is wanted for the image.
    pub(crate) image: Option<ImageGradient<'a, T>>,
}

/// The gradient of one image.
pub(crate) struct ImageGradient<'a, T> {
    /// Flipped weights, see `pack`.
    pub(crate) flipped: &'a [T],
    /// The gradient, without a border.
    pub(crate) gradient: &'a mut [T],
    /// Whether to add to what is there.
    pub(crate) add: bool,
}

impl<T: Real> Kernel<T> for BackwardImage<'_, T> {
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(mut self) {
        let geometry = self.geometry;
        assert_eq!(geometry.channel_block, 2 * V::COUNT);
        assert_eq!(self.x.len(), geometry.input.len());
        assert_eq!(self.gradient.len(), geometry.output.inner_len());
        assert_eq!(self.bordered.len(), geometry.gradient_len());
        assert_eq!(self.weight_gradient.len(), geometry.packed_len());
        assert_eq!(self.bias_gradient.len(), geometry.gradient_pixel());
        if self.activation != Activation::None {
            assert_eq!(self.y.len(), geometry.output.len());
        }
        // SAFETY: the lengths were just checked.
        unsafe {
            self.put_in_border::<V>();
            self.weights::<V>();
            if let Some(image) = self.image.take() {
                assert_eq!(image.flipped.len(), geometry.flipped_len());
                assert_eq!(image.gradient.len(), geometry.input.inner_len());
                self.image::<V>(image);
            }
        }
    }
}

impl<T: Real> BackwardImage<'_, T> {
    /// Takes the gradient back through the activation, into the border. Sums
    /// the gradient of the biases on the way.
    ///
    /// # Safety
    /// As [`Lanes`]; slices have the lengths of `geometry`.
    #[inline(always)]
    unsafe fn put_in_border<V: Lanes<Scalar = T>>(&mut self) {
        let geometry = self.geometry;
        let (group_channels, filled) = (geometry.spec.out_group(), geometry.out_filled());
        let border = geometry.gradient_border();
        let output = geometry.output;
        for row in 0..output.height {
            for column in 0..output.width {
                let from = (row * output.width + column) * output.channels;
                let y_at = output.row_start(row) + column * output.channels;
                let to = ((row + border) * geometry.gradient_columns() + column + border)
                    * geometry.gradient_pixel();
                for group in 0..geometry.spec.groups {
                    for channel in (0..group_channels).step_by(V::COUNT) {
                        let lanes = (group_channels - channel).min(V::COUNT);
                        let of = group * group_channels + channel;
                        let place = group * filled + channel;
                        // SAFETY: `lanes` channels from here exist; scratch
                        // and biases have room for whole vectors.
                        unsafe {
                            let mut value =
                                V::load_part(self.gradient.as_ptr().add(from + of), lanes);
                            if self.activation != Activation::None {
                                let y = V::load_part(self.y.as_ptr().add(y_at + of), lanes);
                                value = self.activation.slope(y, value);
                            }
                            value.store(self.bordered.as_mut_ptr().add(to + place));
                            let sum = self.bias_gradient.as_mut_ptr().add(place);
                            V::load(sum).add(value).store(sum);
                        }
                    }
                }
            }
        }
    }

    /// Adds the gradient of the weights.
    ///
    /// # Safety
    /// As [`put_in_border`](Self::put_in_border), and after it.
    #[inline(always)]
    unsafe fn weights<V: Lanes<Scalar = T>>(&mut self) {
        let geometry = self.geometry;
        let spec = &geometry.spec;
        let border = geometry.gradient_border();
        let z_step = geometry.gradient_pixel();
        let z_row = geometry.gradient_columns() * z_step;
        let pixels = Pixels {
            rows: geometry.output.height,
            columns: geometry.output.width,
            x_row: spec.stride * geometry.in_row(),
            x_step: spec.stride * spec.in_channels,
            z_row,
            z_step,
        };
        let corner = border * (z_row + z_step);
        let runs = geometry.runs();
        for block in 0..spec.groups * geometry.out_blocks() {
            let group = block / geometry.out_blocks();
            let x_corner = geometry.in_corner() + group * spec.in_group();
            let mut done = block * geometry.packed_block();
            for row in 0..runs.rows {
                for column in 0..runs.columns {
                    let mut at = 0;
                    while at < runs.run {
                        // SAFETY: taps lie within the bordered image for every
                        // output; `at` and the tile's height stay in the run.
                        unsafe {
                            let z = self
                                .bordered
                                .as_ptr()
                                .add(corner + block * geometry.channel_block);
                            let x = self.x.as_ptr().add(
                                x_corner + row * runs.row_stride + column * runs.column_stride + at,
                            );
                            let dst = self.weight_gradient.as_mut_ptr().add(done);
                            let left = runs.run - at;
                            let tile = if V::MANY_REGISTERS && left >= 12 {
                                correlate::<V, 12>(dst, x, z, pixels);
                                12
                            } else if left >= 4 {
                                correlate::<V, 4>(dst, x, z, pixels);
                                4
                            } else {
                                correlate::<V, 1>(dst, x, z, pixels);
                                1
                            };
                            at += tile;
                            done += tile * geometry.channel_block;
                        }
                    }
                }
            }
        }
    }

    /// The gradient of the image: for each phase of rows and columns, the
    /// bordered gradient convolved with the flipped taps of that phase.
    ///
    /// # Safety
    /// As [`weights`](Self::weights); `image` has the lengths of `geometry`.
    #[inline(always)]
    unsafe fn image<V: Lanes<Scalar = T>>(&self, mut image: ImageGradient<'_, T>) {
        let geometry = self.geometry;
        let stride = geometry.spec.stride;
        for block in 0..geometry.spec.groups * geometry.in_blocks() {
            let mut weights = block * geometry.flipped_block();
            for row_phase in 0..stride {
                for column_phase in 0..stride {
                    let here = Class::new(geometry, row_phase, column_phase);
                    let mut at = 0;
                    let pixels = here.rows * here.columns;
                    // SAFETY: pixels `at..at + P` are pixels of the class.
                    unsafe {
                        if V::MANY_REGISTERS {
                            while at + 12 <= pixels {
                                self.pixels::<V, 12>(&mut image, &here, weights, block, at);
                                at += 12;
                            }
                        }
                        while at + 4 <= pixels {
                            self.pixels::<V, 4>(&mut image, &here, weights, block, at);
                            at += 4;
                        }
                        while at < pixels {
                            self.pixels::<V, 1>(&mut image, &here, weights, block, at);
                            at += 1;
                        }
                    }
                    weights += here.taps * geometry.out_filled() * geometry.channel_block;
                }
            }
        }
    }

    /// The `P` pixels of a class from number `at`, counted row by row.
    ///
    /// # Safety
    /// As [`image`](Self::image).
    #[inline(always)]
    unsafe fn pixels<V: Lanes<Scalar = T>, const P: usize>(
        &self,
        image: &mut ImageGradient<'_, T>,
        class: &Class,
        weights: usize,
        block: usize,
        at: usize,
    ) {
        let geometry = self.geometry;
        let (group_channels, stride) = (geometry.spec.in_group(), geometry.spec.stride);
        let group = block / geometry.in_blocks();
        let of_group = block % geometry.in_blocks() * geometry.channel_block;
        let z_pixel = geometry.gradient_pixel();
        let z_row = geometry.gradient_columns() * z_pixel;
        let mut places = [(0, 0); P];
        let (mut row, mut column) = (at / class.columns, at % class.columns);
        for place in &mut places {
            *place = (row, column);
            column += 1;
            if column == class.columns {
                (row, column) = (row + 1, 0);
            }
        }
        // SAFETY: the border is wide enough for every tap of every pixel.
        let acc = unsafe {
            let corner = self.bordered.as_ptr().add(
                class.z_row * z_row + class.z_column * z_pixel + group * geometry.out_filled(),
            );
            let z = places.map(|(row, column)| corner.add(row * z_row + column * z_pixel));
            multiply::<V, P>(
                [[V::splat(T::ZERO); 2]; P],
                z,
                class.runs,
                image.flipped.as_ptr().add(weights),
            )
        };
        let first = group * group_channels + of_group;
        let valid = (group_channels - of_group).min(geometry.channel_block);
        for ((row, column), sums) in places.into_iter().zip(acc) {
            let pixel =
                (class.row + stride * row) * geometry.input.width + class.column + stride * column;
            for (half, mut sum) in sums.into_iter().enumerate() {
                let offset = half * V::COUNT;
                let lanes = valid.saturating_sub(offset).min(V::COUNT);
                if lanes == 0 {
                    continue;
                }
                // SAFETY: `lanes` channels from here exist in the pixel.
                unsafe {
                    let to = image
                        .gradient
                        .as_mut_ptr()
                        .add(pixel * geometry.input.channels + first + offset);
                    if image.add {
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
    /// How many rows and columns.
    rows: usize,
    columns: usize,
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
            rows,
            columns,
            row,
            column,
            z_row,
            z_column,
            taps: down.taps * across.taps,
            runs,
        }
    }
}
