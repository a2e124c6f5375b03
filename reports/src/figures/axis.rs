/// A marked place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// Maps numbers to places from 0 to 1 along an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Axis {
    /// Evenly from `low` to `high`.
    Linear { low: f64, high: f64 },
    /// Linear from 0 to `first`, logarithmic from there to `last`, so that
    /// step 0 can be shown beside powers of ten.
    Symlog { first: f64, last: f64 },
}

/// Part of a decade that the way from 0 to the first step takes.
const LINEAR_PART: f64 = 0.5;

/// No axis is marked at more places, whatever its range.
const MOST_TICKS: usize = 100;

impl Axis {
    /// The axis for training steps: from 0, logarithmic from the first
    /// positive one. Where those span less than a decade, or there are
    /// none, a linear axis.
    pub(crate) fn steps(steps: impl Iterator<Item = f64> + Clone) -> Self {
        let positive = steps.filter(|s| *s > 0.0 && s.is_finite());
        let first = positive.clone().fold(f64::INFINITY, f64::min);
        let last = positive.fold(0.0, f64::max);
        if last >= 10.0 * first {
            Self::Symlog { first, last }
        } else {
            Self::Linear {
                low: 0.0,
                high: if last > 0.0 { last } else { 1.0 },
            }
        }
    }

    pub(crate) fn is_symlog(&self) -> bool {
        matches!(self, Self::Symlog { .. })
    }

    /// The place of a value, 0 to 1 within the axis.
    pub(crate) fn place(&self, value: f64) -> f64 {
        match *self {
            Self::Linear { low, high } => (value - low) / (high - low),
            Self::Symlog { first, last } => {
                let along = |v: f64| {
                    if v <= first {
                        LINEAR_PART * v / first
                    } else {
                        LINEAR_PART + (v / first).log10()
                    }
                };
                along(value) / along(last)
            }
        }
    }

    /// The places to mark: about `count` of a linear axis; 0 and the decades
    /// of a symlog axis, with three times each if those fit too. `fits` says
    /// whether a tick may stand beside others.
    pub(crate) fn ticks(&self, count: usize, fits: impl Fn(&[Tick], &Tick) -> bool) -> Vec<Tick> {
        let tick = |value| Tick {
            value,
            label: label(value),
        };
        let mut ticks: Vec<Tick> = Vec::new();
        for tick in self.candidates(count).into_iter().map(tick) {
            if fits(&ticks, &tick) {
                ticks.push(tick);
            }
        }
        let mut with_between = ticks.clone();
        let mut all_fit = true;
        for tick in self.multiples(&[3]).into_iter().map(tick) {
            all_fit &= fits(&with_between, &tick);
            with_between.push(tick);
        }
        let mut ticks = if all_fit { with_between } else { ticks };
        ticks.sort_by(|a, b| a.value.total_cmp(&b.value));
        ticks
    }

    /// Places for small marks without a number: a symlog axis shows its
    /// decades by them.
    pub(crate) fn small_ticks(&self) -> Vec<f64> {
        self.multiples(&[2, 3, 4, 5, 6, 7, 8, 9])
    }

    /// These multiples of the powers of ten on a symlog axis.
    fn multiples(&self, of: &[u32]) -> Vec<f64> {
        let Self::Symlog { first, last } = *self else {
            return Vec::new();
        };
        let decades = first.log10().floor() as i32..=last.log10().floor() as i32;
        decades
            .flat_map(|d| of.iter().map(move |m| f64::from(*m) * 10f64.powi(d)))
            .filter(|v| *v >= first && *v <= last)
            .collect()
    }

    fn candidates(&self, count: usize) -> Vec<f64> {
        match *self {
            Self::Linear { low, high } => {
                let step = nice_step((high - low) / count.max(1) as f64);
                let (from, to) = (
                    (low / step).ceil() as i64,
                    (high / step + 1e-9).floor() as i64,
                );
                (from..=to)
                    .take(MOST_TICKS)
                    .map(|k| k as f64 * step)
                    .collect()
            }
            Self::Symlog { .. } => {
                let mut values = vec![0.0];
                values.extend(self.multiples(&[1]));
                values
            }
        }
    }
}

/// The smallest of 1, 2, 2.5, 5 times a power of ten that is not below
/// `rough`.
fn nice_step(rough: f64) -> f64 {
    if !(rough > 0.0 && rough.is_finite()) {
        return 1.0;
    }
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0]
        .into_iter()
        .find(|f| f * power >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0);
    factor * power
}

/// A number with at most one decimal.
pub(crate) fn short(value: f64) -> String {
    rounded((value * 10.0).round() / 10.0)
}

/// A number as short as it can be said: 0.25, 100, 30k, 2M.
fn label(value: f64) -> String {
    let size = value.abs();
    if size >= 1e15 || (size > 0.0 && size < 1e-3) {
        format!("{value:.1e}")
    } else if size >= 1e6 {
        format!("{}M", rounded(value / 1e6))
    } else if size >= 1e4 {
        format!("{}k", rounded(value / 1e3))
    } else {
        rounded(value)
    }
}

fn rounded(value: f64) -> String {
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" | "" => "0".to_owned(),
        text => text.replace('-', "\u{2212}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, count: usize) -> Vec<String> {
        let ticks = axis.ticks(count, |_, _| true);
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn a_symlog_axis_marks_zero_and_decades() {
        let axis = Axis::steps([0.0, 1.0, 4.0, 30.0, 540.0].into_iter());
        assert_eq!(labels(&axis, 5), ["0", "1", "3", "10", "30", "100", "300"]);
        // with little room 0 and the decades stay
        let few = axis.ticks(5, |taken, _| taken.len() < 6);
        let few: Vec<f64> = few.iter().map(|t| t.value).collect();
        assert_eq!(few, [0.0, 1.0, 10.0, 100.0]);
        let small = axis.small_ticks();
        assert_eq!((small[0], small.last()), (2.0, Some(&500.0)));
    }

    #[test]
    fn a_symlog_axis_is_continuous_and_spans_the_unit() {
        let axis = Axis::steps([0.0, 5.0, 500.0].into_iter());
        assert_eq!(axis.place(0.0), 0.0);
        assert!((axis.place(5.0) - 0.5 / 2.5).abs() < 1e-12);
        assert!((axis.place(50.0) - 1.5 / 2.5).abs() < 1e-12);
        assert!((axis.place(500.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn step_zero_alone_gives_an_axis() {
        let axis = Axis::steps([0.0].into_iter());
        assert_eq!(
            axis,
            Axis::Linear {
                low: 0.0,
                high: 1.0
            }
        );
    }

    #[test]
    fn less_than_a_decade_is_linear() {
        let axis = Axis::steps([0.0, 100.0, 200.0, 300.0].into_iter());
        assert_eq!(labels(&axis, 3), ["0", "100", "200", "300"]);
    }

    #[test]
    fn labels_are_short() {
        let said: Vec<String> = [0.0, 0.25, -0.5, 100.0, 30_000.0, 2e6].map(label).into();
        assert_eq!(said, ["0", "0.25", "\u{2212}0.5", "100", "30k", "2M"]);
    }
}
