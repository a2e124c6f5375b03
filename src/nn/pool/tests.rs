use proptest::prelude::*;

use super::{AveragePool, MaxPool, PoolSpec};
use crate::nn::goldens::{numbers, whole};
use crate::nn::layout::ImageLayout;
use crate::nn::{Real, ShapeError};

fn any_images() -> impl Strategy<Value = (usize, ImageLayout, PoolSpec, u64)> {
    let sizes = (1..4usize, 1..40usize, 0..3usize, 0..8usize, 0..8usize);
    (sizes, 1..5usize, 1..4usize, 1..1000u64).prop_flat_map(
        |((n, channels, border, more_rows, more_columns), window, stride, seed)| {
            (0..=window / 2).prop_map(move |padding| {
                let least = window.saturating_sub(2 * padding).max(1);
                let layout = ImageLayout {
                    height: least + more_rows,
                    width: least + more_columns,
                    channels,
                    border,
                };
                let spec = PoolSpec {
                    window,
                    stride,
                    padding,
                };
                (n, layout, spec, seed)
            })
        },
    )
}

fn cast<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::from_f64(value)).collect()
}

/// Output and gradient of a max-pool, in PyTorch's order; the input's border
/// holds what must never win.
fn max_pool<T: Real>(pool: &MaxPool, chw: &[f64], slopes: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (input, output) = (pool.in_layout(), pool.out_layout());
    let n = chw.len() / input.inner_len();
    let mut x = vec![T::from_f64(1e9); n * input.len()];
    let chw = cast::<T>(chw);
    for (from, to) in chw
        .chunks_exact(input.inner_len())
        .zip(x.chunks_exact_mut(input.len()))
    {
        input.from_chw(from, to);
    }
    let mut y = vec![T::ZERO; n * output.len()];
    let mut winners = vec![0; n * output.inner_len()];
    pool.forward(&x, &mut y, Some(&mut winners));
    let mut alone = vec![T::ZERO; y.len()];
    pool.forward(&x, &mut alone, None);
    let same = |(a, b): (&T, &T)| a.to_f64().to_bits() == b.to_f64().to_bits();
    assert!(y.iter().zip(&alone).all(same));
    let slopes = output.with_border(0).batch_from_chw(&cast::<T>(slopes));
    let mut gradient = vec![T::ONE; n * input.inner_len()];
    pool.backward(&winners, &slopes, &mut gradient);
    let back = |values: Vec<T>| values.iter().map(|x| x.to_f64()).collect();
    (
        back(output.batch_to_chw(&y)),
        back(input.with_border(0).batch_to_chw(&gradient)),
    )
}

/// PyTorch's loop: the first maximum wins.
fn max_by_definition(pool: &MaxPool, chw: &[f64], slopes: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (spec, input, output) = (pool.spec(), pool.in_layout(), pool.out_layout());
    let mut gradient = vec![0.0; chw.len()];
    let mut found = Vec::new();
    let area = input.height * input.width;
    for plane in 0..chw.len() / area {
        for row in 0..output.height {
            for column in 0..output.width {
                let mut best: Option<usize> = None;
                for ky in 0..spec.window {
                    for kx in 0..spec.window {
                        let y = (row * spec.stride + ky).wrapping_sub(spec.padding);
                        let x = (column * spec.stride + kx).wrapping_sub(spec.padding);
                        if y < input.height && x < input.width {
                            let at = plane * area + y * input.width + x;
                            if best.is_none_or(|best| chw[at] > chw[best]) {
                                best = Some(at);
                            }
                        }
                    }
                }
                let best = best.unwrap();
                gradient[best] += slopes[found.len()];
                found.push(chw[best]);
            }
        }
    }
    (found, gradient)
}

proptest! {
    #[test]
    fn max_pool_is_that_of_the_definition((n, layout, spec, seed) in any_images(), ties: bool) {
        let pool = MaxPool::new(spec, layout, 1).unwrap();
        let count = n * layout.inner_len();
        let x = if ties { whole(count, seed, -1.0, 1.0) } else { numbers(count, seed, 1.0) };
        let slopes = whole(n * pool.out_layout().inner_len(), seed + 1, -3.0, 3.0);
        let expected = max_by_definition(&pool, &x, &slopes);
        prop_assert_eq!(&max_pool::<f64>(&pool, &x, &slopes), &expected);
        let single: Vec<f64> = x.iter().map(|x| f64::from(*x as f32)).collect();
        let expected = max_by_definition(&pool, &single, &slopes);
        prop_assert_eq!(&max_pool::<f32>(&pool, &single, &slopes), &expected);
    }

    /// Averages are linear: the gradient is the transpose of the forward pass.
    #[test]
    fn average_gradients_are_the_transpose(
        (n, layout, spec, seed) in any_images(),
        cells in (1..6usize, 1..6usize),
    ) {
        let average = AveragePool::new(spec, layout, 2).unwrap();
        let adaptive = AveragePool::adaptive(layout, cells.0, cells.1, 2).unwrap();
        let x = layout.batch_from_chw(&numbers(n * layout.inner_len(), seed, 1.0));
        let inside = |layout: ImageLayout, values: &[f64]| {
            layout.with_border(0).batch_from_chw(&layout.batch_to_chw(values))
        };
        for pool in [average, adaptive] {
            let output = pool.out_layout();
            let mut y = vec![0.0; n * output.len()];
            let slopes = numbers(n * output.inner_len(), seed + 1, 1.0);
            let mut gradient = vec![7.0; n * layout.inner_len()];
            pool.forward(&x, &mut y);
            pool.backward(&slopes, &mut gradient);
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let (there, back) = (
                dot(&inside(output, &y), &slopes),
                dot(&inside(layout, &x), &gradient),
            );
            prop_assert!((there - back).abs() < 1e-9 * (1.0 + there.abs()));
        }
    }
}

#[test]
fn averages_are_pytorchs() {
    let layout = ImageLayout {
        height: 1,
        width: 5,
        channels: 1,
        border: 0,
    };
    let x = [1.0, 2.0, 4.0, 8.0, 16.0];
    let spec = PoolSpec {
        window: 1,
        stride: 2,
        padding: 0,
    };
    let mut y = vec![0.0; 3];
    AveragePool::new(spec, layout, 0)
        .unwrap()
        .forward(&x, &mut y);
    assert_eq!(y, [1.0, 4.0, 16.0]);
    // cells 0..2, 1..4, 3..5
    let adaptive = AveragePool::adaptive(layout, 1, 3, 0).unwrap();
    adaptive.forward(&x, &mut y);
    assert_eq!(y, [1.5, 14.0 / 3.0, 12.0]);
    // a window of 3 x 3 over one row counts two rows of zeros
    let padded = PoolSpec {
        window: 3,
        stride: 3,
        padding: 1,
    };
    let mut y = vec![0.0; 2];
    AveragePool::new(padded, layout, 0)
        .unwrap()
        .forward(&x, &mut y);
    assert_eq!(y, [3.0 / 9.0, 28.0 / 9.0]);
}

#[test]
fn not_a_number_wins() {
    let layout = ImageLayout {
        height: 1,
        width: 3,
        channels: 1,
        border: 0,
    };
    let spec = PoolSpec {
        window: 3,
        stride: 1,
        padding: 1,
    };
    let pool = MaxPool::new(spec, layout, 0).unwrap();
    let (y, gradient) = max_pool::<f32>(&pool, &[5.0, f64::NAN, 9.0], &[1.0, 2.0, 4.0]);
    assert!(y.iter().all(|y| y.is_nan()));
    assert_eq!(gradient, [0.0, 7.0, 0.0]);
}

#[test]
fn impossible_windows_are_refused() {
    let layout = ImageLayout {
        height: 4,
        width: 4,
        channels: 2,
        border: 0,
    };
    let spec = PoolSpec {
        window: 2,
        stride: 2,
        padding: 0,
    };
    let error = |spec| MaxPool::new(spec, layout, 0).unwrap_err();
    assert_eq!(
        error(PoolSpec { stride: 0, ..spec }),
        ShapeError::Zero { what: "stride" }
    );
    assert_eq!(
        error(PoolSpec { padding: 2, ..spec }),
        ShapeError::Padding {
            padding: 2,
            window: 2,
            most: 1
        }
    );
    assert!(matches!(
        error(PoolSpec { window: 5, ..spec }),
        ShapeError::TooSmall { window: 5, .. }
    ));
    let huge = ImageLayout {
        height: 40,
        width: 40,
        ..layout
    };
    let wide = PoolSpec { window: 17, ..spec };
    assert_eq!(
        MaxPool::new(wide, huge, 0).unwrap_err(),
        ShapeError::Window { window: 17 }
    );
    assert!(AveragePool::adaptive(layout, 0, 1, 0).is_err());
}
