use crate::evidence::Estimate;

/// The minus of printed mathematics, as wide as the plus.
pub(super) const MINUS: &str = "\u{2212}";

/// A space at which no line is broken.
const SPACE: char = '\u{a0}';

/// "0.96 [0.95, 0.97]", or the number alone where it has no interval.
pub(super) fn accuracy(estimate: &Estimate) -> String {
    let mark = mark(estimate);
    match estimate.interval {
        Some((lower, upper, _)) => {
            format!("{:.2}{mark} [{lower:.2},{SPACE}{upper:.2}]", estimate.mean)
        }
        None => format!("{:.2}{mark}", estimate.mean),
    }
}

/// "+0.24 [+0.10, +0.38]".
pub(super) fn difference(estimate: &Estimate) -> String {
    let mark = mark(estimate);
    let mean = signed(estimate.mean, 2);
    match estimate.interval {
        Some((lower, upper, _)) => {
            format!(
                "{mean}{mark} [{},{SPACE}{}]",
                signed(lower, 2),
                signed(upper, 2)
            )
        }
        None => format!("{mean}{mark}"),
    }
}

/// "+0.36 bits [+0.10, +0.62]".
pub(super) fn bits(estimate: &Estimate) -> String {
    let text = difference(estimate);
    match text.split_once(" [") {
        Some((mean, interval)) => format!("{mean}{SPACE}bits [{interval}"),
        None => format!("{text}{SPACE}bits"),
    }
}

/// A number with its sign; what rounds to 0 has none.
pub(super) fn signed(value: f64, decimals: usize) -> String {
    let size = format!("{:.decimals$}", value.abs());
    if size.chars().all(|c| matches!(c, '0' | '.')) {
        size
    } else if value < 0.0 {
        format!("{MINUS}{size}")
    } else {
        format!("+{size}")
    }
}

/// The sign of a probe that did not converge.
pub(super) fn mark(estimate: &Estimate) -> &'static str {
    if estimate.is_marked() { "\u{2020}" } else { "" }
}

/// "a", "a and b", "a, b and c".
pub(super) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_those_of_what_is_printed() {
        assert_eq!(signed(0.2449, 2), "+0.24");
        assert_eq!(signed(-0.2451, 2), "\u{2212}0.25");
        assert_eq!(signed(-0.001, 2), "0.00");
    }

    #[test]
    fn lists_end_in_and() {
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
        assert_eq!(listed(&names), "a, b and c");
        assert_eq!(listed(&names[..2]), "a and b");
        assert_eq!(listed(&names[..1]), "a");
    }
}
