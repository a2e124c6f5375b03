use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// A mean with the ends of its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanInterval {
    /// The arithmetic mean.
    pub mean: f64,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// Mean of `values` and its 95 % interval, `mean +- t s / sqrt(n)` with
/// Student's t of n - 1 degrees of freedom and s the sample deviation.
///
/// `None` for fewer than two values: one run says nothing about the spread
/// of runs.
///
/// ```
/// use layerprobe_reports::statistics::mean_interval;
///
/// let over_runs = mean_interval(&[0.71, 0.74, 0.69, 0.75, 0.71]).ok_or("one run")?;
/// assert!((over_runs.mean - 0.72).abs() < 1e-12);
/// assert!((over_runs.upper - 0.7504135).abs() < 1e-6);
/// # Ok::<(), &str>(())
/// ```
pub fn mean_interval(values: &[f64]) -> Option<MeanInterval> {
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    let error = (squares / (n - 1.0) / n).sqrt();
    let half = student_quantile(0.95, values.len() as u64 - 1) * error;
    Some(MeanInterval {
        mean,
        lower: mean - half,
        upper: mean + half,
    })
}

/// The t for which Student's distribution with `degrees` of freedom lies
/// within -t and t with probability `coverage`.
///
/// The probability is the finite trigonometric series in theta = atan(t /
/// sqrt(degrees)) (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4), inverted by
/// bisection on theta; its cost grows with `degrees`, so that beyond 10,000
/// the value for 10,000 is returned (2e-4 from the normal limit).
///
/// # Panics
/// If `degrees` is 0 or `coverage` outside 0 to 1 (exclusive): there is no
/// such t.
pub fn student_quantile(coverage: f64, degrees: u64) -> f64 {
    assert!(degrees > 0, "Student's t needs a degree of freedom");
    assert!(
        coverage > 0.0 && coverage < 1.0,
        "a coverage of {coverage} has no quantile"
    );
    let degrees = degrees.min(10_000);
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    // 60 halvings bring theta to the last bit
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if central_probability(middle, degrees) < coverage {
            low = middle;
        } else {
            high = middle;
        }
    }
    (0.5 * (low + high)).tan() * (degrees as f64).sqrt()
}

/// P(|T| < sqrt(degrees) tan(theta)).
fn central_probability(theta: f64, degrees: u64) -> f64 {
    let (sin, cos) = theta.sin_cos();
    let odd = degrees % 2 == 1;
    let mut term = if odd { cos } else { 1.0 };
    let mut sum = 0.0;
    let mut k = if odd { 1 } else { 0 };
    // powers of cos up to degrees - 2, each from the one before
    while k + 2 <= degrees {
        sum += term;
        term *= cos * cos * (k + 1) as f64 / (k + 2) as f64;
        k += 2;
    }
    if odd {
        FRAC_2_PI * (theta + sin * sum)
    } else {
        sin * sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/golden/reports_student.csv"
    ));

    #[test]
    fn quantiles_agree_with_scipy() {
        let mut checked = 0;
        for line in GOLDEN.lines().skip(1) {
            let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
            let found = student_quantile(cells[0], cells[1] as u64);
            assert!((found / cells[2] - 1.0).abs() < 1e-10, "{line}: {found}");
            checked += 1;
        }
        assert_eq!(checked, 40);
    }

    #[test]
    fn four_degrees_have_the_textbook_value() {
        assert!((student_quantile(0.95, 4) - 2.776445).abs() < 1e-6);
    }

    #[test]
    fn many_degrees_come_near_the_normal_limit() {
        assert!((student_quantile(0.95, u64::MAX) - 1.959964).abs() < 3e-4);
    }

    #[test]
    fn one_value_has_no_interval_and_equal_values_none_wide() {
        assert_eq!(mean_interval(&[0.5]), None);
        let equal = mean_interval(&[0.5, 0.5]).unwrap();
        assert_eq!((equal.lower, equal.upper), (0.5, 0.5));
    }
}
