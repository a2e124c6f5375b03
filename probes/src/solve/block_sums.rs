//! The kernel of the likelihood: sums over blocks of eight rows.

#![allow(
    clippy::needless_range_loop,
    reason = "one place in several vectors at a time, which compile to instructions on whole vectors"
)]

use super::softmax::Sums;
use super::vector::{Arithmetic, Kernel, LANES, Lanes, exp, ln_1p, total};

/// Some blocks of rows.
pub(super) struct Chunk<'a> {
    /// Blocks x (base, then directions) x classes, each logit less that of the
    /// row's true class.
    pub data: &'a [Lanes],
    /// The true class of each row, as a number to compare with.
    pub labels: &'a [Lanes],
    /// Where `p - e_y` goes, blocks x classes.
    pub residuals: &'a mut [Lanes],
    pub steps: &'a [f64],
    pub intercept: &'a [f64],
}

impl Kernel for Chunk<'_> {
    type Output = Sums;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> Sums {
        let (q, k) = (self.steps.len(), self.intercept.len());
        let order = q + k;
        let mut sums = Accumulators {
            loss: [0.0; LANES],
            spread: [0.0; LANES],
            gradient: vec![[0.0; LANES]; order],
            hessian: vec![[0.0; LANES]; order * order],
        };
        // of one block: probabilities, and the directions times them
        let mut p = vec![[0.0; LANES]; k];
        let mut weighted = vec![[0.0; LANES]; q * k];
        let mut means = vec![[0.0; LANES]; q];
        let blocks = self.data.chunks_exact(((1 + q) * k).max(1));
        let residuals = self.residuals.chunks_exact_mut(k.max(1));
        for ((data, label), residual) in blocks.zip(self.labels).zip(residuals) {
            let (base, directions) = data.split_at(k);
            add_up::<A>(&mut p, base, directions, self.steps, self.intercept, label);
            let miss = to_probabilities::<A>(&mut p, label, &mut sums.loss);
            to_residual(residual, &p, label, &miss);
            along_directions::<A>(&mut sums, directions, &p, &mut weighted, &mut means);
            along_intercepts::<A>(&mut sums, q, &p, residual, label, &miss);
        }
        Sums {
            loss: total(&sums.loss),
            spread: total(&sums.spread),
            gradient: sums.gradient.iter().map(total).collect(),
            hessian: sums.hessian.iter().map(total).collect(),
        }
    }
}

/// [`Sums`], apart for each place in a block.
struct Accumulators {
    loss: Lanes,
    spread: Lanes,
    gradient: Vec<Lanes>,
    hessian: Vec<Lanes>,
}

/// The logits of a block less that of the true class.
#[inline(always)]
fn add_up<A: Arithmetic>(
    z: &mut [Lanes],
    base: &[Lanes],
    directions: &[Lanes],
    steps: &[f64],
    intercept: &[f64],
    label: &Lanes,
) {
    let k = z.len();
    let mut own = [0.0; LANES];
    for (c, &a) in intercept.iter().enumerate() {
        for l in 0..LANES {
            own[l] = if label[l] == c as f64 { a } else { own[l] };
        }
    }
    for ((z, base), &a) in z.iter_mut().zip(base).zip(intercept) {
        for l in 0..LANES {
            z[l] = base[l] + (a - own[l]);
        }
    }
    for (&step, direction) in steps.iter().zip(directions.chunks_exact(k)) {
        for (z, x) in z.iter_mut().zip(direction) {
            for l in 0..LANES {
                z[l] = A::mul_add(step, x[l], z[l]);
            }
        }
    }
}

/// Softmax in place, and each row's sum of probabilities of wrong classes. Adds
/// cross-entropies to `loss`.
#[inline(always)]
fn to_probabilities<A: Arithmetic>(z: &mut [Lanes], label: &Lanes, loss: &mut Lanes) -> Lanes {
    // the true class's own logit is 0
    let mut top = [0.0; LANES];
    for z in z.iter() {
        for l in 0..LANES {
            top[l] = if z[l] > top[l] { z[l] } else { top[l] };
        }
    }
    let (mut sum, mut others) = ([0.0; LANES], [0.0; LANES]);
    for (c, z) in z.iter_mut().enumerate() {
        for l in 0..LANES {
            z[l] -= top[l];
        }
        *z = exp::<A>(z);
        for l in 0..LANES {
            sum[l] += z[l];
            others[l] += if label[l] == c as f64 { 0.0 } else { z[l] };
        }
    }
    let (mut rest, mut inverse) = ([0.0; LANES], [0.0; LANES]);
    for l in 0..LANES {
        rest[l] = if top[l] == 0.0 {
            others[l]
        } else {
            sum[l] - 1.0
        };
        inverse[l] = 1.0 / sum[l];
        others[l] *= inverse[l];
    }
    let logarithm = ln_1p::<A>(&rest);
    for l in 0..LANES {
        loss[l] += top[l] + logarithm[l];
    }
    for z in z.iter_mut() {
        for l in 0..LANES {
            z[l] *= inverse[l];
        }
    }
    others
}

#[inline(always)]
fn to_residual(residual: &mut [Lanes], p: &[Lanes], label: &Lanes, miss: &Lanes) {
    for (c, (r, p)) in residual.iter_mut().zip(p).enumerate() {
        for l in 0..LANES {
            r[l] = if label[l] == c as f64 { -miss[l] } else { p[l] };
        }
    }
}

/// Derivatives in which directions take part.
#[inline(always)]
fn along_directions<A: Arithmetic>(
    sums: &mut Accumulators,
    directions: &[Lanes],
    p: &[Lanes],
    weighted: &mut [Lanes],
    means: &mut [Lanes],
) {
    let (q, k) = (means.len(), p.len());
    let order = q + k;
    for i in 0..q {
        let direction = &directions[i * k..][..k];
        let weighted = &mut weighted[i * k..][..k];
        let mut mean = [0.0; LANES];
        for ((w, x), p) in weighted.iter_mut().zip(direction).zip(p) {
            for l in 0..LANES {
                w[l] = x[l] * p[l];
                mean[l] += w[l];
            }
        }
        for l in 0..LANES {
            sums.gradient[i][l] += mean[l];
        }
        means[i] = mean;
        let mixed = &mut sums.hessian[i * order + q..][..k];
        for ((entry, x), p) in mixed.iter_mut().zip(direction).zip(p) {
            for l in 0..LANES {
                entry[l] = A::mul_add(p[l], x[l] - mean[l], entry[l]);
            }
        }
    }
    for i in 0..q {
        let weighted = &weighted[i * k..][..k];
        for j in i..q {
            let mut square = [0.0; LANES];
            for (w, x) in weighted.iter().zip(&directions[j * k..][..k]) {
                for l in 0..LANES {
                    square[l] = A::mul_add(w[l], x[l], square[l]);
                }
            }
            let entry = &mut sums.hessian[i * order + j];
            for l in 0..LANES {
                entry[l] += A::mul_add(-means[i][l], means[j][l], square[l]);
            }
        }
    }
}

/// Derivatives along the intercepts alone.
#[inline(always)]
fn along_intercepts<A: Arithmetic>(
    sums: &mut Accumulators,
    q: usize,
    p: &[Lanes],
    residual: &[Lanes],
    label: &Lanes,
    miss: &Lanes,
) {
    let order = q + p.len();
    for (c, (own, residual)) in p.iter().zip(residual).enumerate() {
        let row = &mut sums.hessian[(q + c) * order + q + c..][..p.len() - c];
        let gradient = &mut sums.gradient[q + c];
        for l in 0..LANES {
            gradient[l] += residual[l];
            let others = if label[l] == c as f64 {
                miss[l]
            } else {
                1.0 - own[l]
            };
            let diagonal = own[l] * others;
            sums.spread[l] += diagonal;
            row[0][l] += diagonal;
        }
        for (entry, p) in row[1..].iter_mut().zip(&p[c + 1..]) {
            for l in 0..LANES {
                entry[l] = A::mul_add(-own[l], p[l], entry[l]);
            }
        }
    }
}
