use super::{MeanInterval, mean_interval};

/// A statistic of runs with its 95 % interval over them, by the jackknife (Tukey 1958).
///
/// `statistic` gives the number from all runs, or from all but one. With `s` from all `n`
/// and `s_i` without run `i`, the pseudovalues `s + (n - 1)(s - s_i)` get the interval of a
/// mean, Student's t with n - 1 degrees of freedom, around `s`. For a mean over runs that
/// is its t interval; for a mean over pairs of runs it counts runs, not pairs.
///
/// `None` with fewer than two runs, or where nothing is left without one of them.
///
/// ```
/// use layerprobe_reports::statistics::jackknife;
///
/// // pairs of runs 0 and 1, 0 and 2, 1 and 2
/// let pairs = [((0, 1), 0.4), ((0, 2), 0.5), ((1, 2), 0.3)];
/// let mean = |without: Option<&i32>| {
///     let left = pairs.iter().filter(|((a, b), _)| without.is_none_or(|run| run != a && run != b));
///     let left: Vec<f64> = left.map(|(_, value)| *value).collect();
///     (!left.is_empty()).then(|| left.iter().sum::<f64>() / left.len() as f64)
/// };
/// let found = jackknife(&[0, 1, 2], mean).ok_or("two runs at least")?;
/// assert!((found.mean - 0.4).abs() < 1e-12);
/// assert!(found.lower < 0.0 && found.upper > 0.8, "three runs say little");
/// # Ok::<(), &str>(())
/// ```
pub fn jackknife<R>(
    runs: &[R],
    statistic: impl Fn(Option<&R>) -> Option<f64>,
) -> Option<MeanInterval> {
    let whole = statistic(None)?;
    let n = runs.len() as f64;
    let pseudovalues = runs.iter().map(|run| {
        let rest = statistic(Some(run))?;
        // exactly the run's own value where all are equal
        Some(whole + (n - 1.0) * (whole - rest))
    });
    let pseudovalues: Vec<f64> = pseudovalues.collect::<Option<_>>()?;
    let interval = mean_interval(&pseudovalues)?;
    let half = (interval.upper - interval.lower) / 2.0;
    Some(MeanInterval {
        mean: whole,
        lower: whole - half,
        upper: whole + half,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_mean_it_is_the_t_interval() {
        let values = [0.71, 0.74, 0.69, 0.75, 0.71];
        let runs: Vec<usize> = (0..values.len()).collect();
        let found = jackknife(&runs, |without| {
            let left = runs.iter().filter(|run| Some(*run) != without);
            let left: Vec<f64> = left.map(|run| values[*run]).collect();
            Some(left.iter().sum::<f64>() / left.len() as f64)
        });
        let (found, wanted) = (found.unwrap(), mean_interval(&values).unwrap());
        assert!((found.mean - wanted.mean).abs() < 1e-12);
        assert!((found.lower - wanted.lower).abs() < 1e-12);
        assert!((found.upper - wanted.upper).abs() < 1e-12);
    }

    #[test]
    fn what_has_nothing_left_without_a_run_has_no_interval() {
        assert_eq!(jackknife(&[0], |_| Some(0.5)), None);
        assert_eq!(jackknife(&[0, 1], |without| without.map(|_| 0.5)), None);
        let only_both = |without: Option<&i32>| without.is_none().then_some(0.5);
        assert_eq!(jackknife(&[0, 1], only_both), None);
    }
}
