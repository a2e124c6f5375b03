//! The multinomial likelihood, row by row, stable at any scale of logits.

/// Sums over some rows of a [`Task`]'s likelihood and of its derivatives
/// along a few directions and the intercepts.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    /// Sum of cross-entropies, nats.
    pub loss: f64,
    /// Sum of `p (1 - p)` over rows and classes.
    pub spread: f64,
    /// Gradient: directions first, then intercepts.
    pub gradient: Vec<f64>,
    /// Hessian in the same order, row-major; only the upper triangle is set.
    pub hessian: Vec<f64>,
}

impl Sums {
    pub fn zero(order: usize) -> Self {
        Self {
            loss: 0.0,
            spread: 0.0,
            gradient: vec![0.0; order],
            hessian: vec![0.0; order * order],
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.spread += other.spread;
        for (x, y) in self.gradient.iter_mut().zip(&other.gradient) {
            *x += y;
        }
        for (x, y) in self.hessian.iter_mut().zip(&other.hessian) {
            *x += y;
        }
    }
}

/// Softmax of one row of logits around its true class.
///
/// Writes the residual `p - e_y`, whose entry at `y` is minus the sum of the
/// others' probabilities and so keeps its relative accuracy when the fit is
/// nearly perfect. Returns the cross-entropy in nats.
pub(crate) fn residual_row(logits: &[f64], label: usize, residual: &mut [f64]) -> f64 {
    let mut top = f64::NEG_INFINITY;
    for &z in logits {
        top = top.max(z);
    }
    let mut total = 0.0;
    let mut others = 0.0;
    for (c, (r, &z)) in residual.iter_mut().zip(logits).enumerate() {
        *r = (z - top).exp();
        total += *r;
        if c != label {
            others += *r;
        }
    }
    let inverse = 1.0 / total;
    for r in residual.iter_mut() {
        *r *= inverse;
    }
    residual[label] = -others * inverse;
    if logits[label] == top {
        others.ln_1p()
    } else {
        total.ln() + (top - logits[label])
    }
}

/// Adds one row to `sums`. `shifted` holds each direction's image of the row
/// minus its entry at the true class: sums then run over small terms only,
/// without cancellation.
pub(crate) fn add_row(sums: &mut Sums, residual: &[f64], label: usize, shifted: &[f64], loss: f64) {
    let k = residual.len();
    let q = shifted.len() / k.max(1);
    let order = q + k;
    sums.loss += loss;
    let miss = -residual[label];
    let probability = |c: usize| {
        if c == label { 1.0 - miss } else { residual[c] }
    };
    for i in 0..q {
        let zi = &shifted[i * k..][..k];
        // the true class' own shifted entry is 0, its residual does not count
        let mean: f64 = zi.iter().zip(residual).map(|(z, r)| z * r).sum();
        sums.gradient[i] += mean;
        for j in i..q {
            let zj = &shifted[j * k..][..k];
            let mean_j: f64 = zj.iter().zip(residual).map(|(z, r)| z * r).sum();
            let square: f64 = zi
                .iter()
                .zip(zj)
                .zip(residual)
                .map(|((a, b), r)| a * b * r)
                .sum();
            sums.hessian[i * order + j] += square - mean * mean_j;
        }
        let mixed = &mut sums.hessian[i * order + q..][..k];
        for (c, (entry, z)) in mixed.iter_mut().zip(zi).enumerate() {
            *entry += probability(c) * (z - mean);
        }
    }
    for c in 0..k {
        let p = probability(c);
        let rest = if c == label { miss } else { 1.0 - p };
        sums.gradient[q + c] += residual[c];
        let diagonal = p * rest;
        sums.spread += diagonal;
        let row = &mut sums.hessian[(q + c) * order + q..][..k];
        row[c] += diagonal;
        for (d, entry) in row.iter_mut().enumerate().skip(c + 1) {
            *entry -= p * probability(d);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_and_tiny_logits_stay_finite_and_exact() {
        let mut r = [0.0; 3];
        let loss = residual_row(&[1000.0, 0.0, -1000.0], 0, &mut r);
        assert_eq!((loss, r), (0.0, [0.0, 0.0, 0.0]));
        let loss = residual_row(&[1000.0, 0.0, -1000.0], 2, &mut r);
        assert_eq!((loss, r), (2000.0, [1.0, 0.0, -1.0]));
        // a miss of 1e-26 is kept, where 1 - p would be 0
        let loss = residual_row(&[0.0, -60.0], 0, &mut r[..2]);
        assert!((loss / (-60f64).exp() - 1.0).abs() < 1e-12);
        assert_eq!(r[0], -r[1]);
        assert!(r[1] > 0.0);
    }

    #[test]
    fn derivatives_agree_with_finite_differences() {
        let base = [0.3, -0.2, 0.9];
        let directions = [[1.0, -2.0, 0.5], [0.1, 0.4, -0.7]];
        let label = 1;
        let logits = |t: &[f64; 5]| -> [f64; 3] {
            std::array::from_fn(|c| {
                base[c] + t[0] * directions[0][c] + t[1] * directions[1][c] + t[2 + c]
            })
        };
        let sums = |t: &[f64; 5]| {
            let mut residual = [0.0; 3];
            let loss = residual_row(&logits(t), label, &mut residual);
            let shifted: Vec<f64> = directions
                .iter()
                .flat_map(|d| d.iter().map(|x| x - d[label]))
                .collect();
            let mut sums = Sums::zero(5);
            add_row(&mut sums, &residual, label, &shifted, loss);
            sums
        };
        let at = sums(&[0.0; 5]);
        let h = 1e-5;
        for i in 0..5 {
            let (mut up, mut down) = ([0.0; 5], [0.0; 5]);
            (up[i], down[i]) = (h, -h);
            let (up, down) = (sums(&up), sums(&down));
            let slope = (up.loss - down.loss) / (2.0 * h);
            assert!((slope - at.gradient[i]).abs() < 1e-9);
            for j in i..5 {
                let bend = (up.gradient[j] - down.gradient[j]) / (2.0 * h);
                assert!((bend - at.hessian[i * 5 + j]).abs() < 1e-9, "{i} {j}");
            }
        }
    }
}
