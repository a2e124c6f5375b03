//! Lengths of time, as people and Slurm write them.

use std::fmt;
use std::str::FromStr;

/// A length of time in whole seconds, at least one.
///
/// ```
/// use layerprobe::sweep::slurm::Span;
///
/// let span: Span = "1.5h".parse()?;
/// assert_eq!(span.seconds(), 5400);
/// assert_eq!(span.to_string(), "1:30:00");
/// assert!("soon".parse::<Span>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u64);

/// A year: more is a slip of the hand.
const LONGEST: f64 = 366.0 * 86_400.0;

impl Span {
    /// So many seconds; less than one is one.
    pub fn new(seconds: u64) -> Self {
        Self(seconds.max(1))
    }

    /// The seconds.
    pub fn seconds(self) -> u64 {
        self.0
    }
}

impl FromStr for Span {
    type Err = String;

    /// A number with s, m, h or d: `90s`, `30m`, `1.5h`, `2d`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no length of time; write 90s, 30m, 1.5h or 2d");
        let trimmed = text.trim();
        let unit = match trimmed.chars().last() {
            Some('s') => 1.0,
            Some('m') => 60.0,
            Some('h') => 3600.0,
            Some('d') => 86_400.0,
            _ => return Err(wrong()),
        };
        let number = trimmed.get(..trimmed.len() - 1).unwrap_or_default().trim();
        let seconds = number.parse::<f64>().map_err(|_| wrong())? * unit;
        match (1.0..=LONGEST).contains(&seconds) {
            true => Ok(Self(seconds.round() as u64)),
            false => Err(wrong()),
        }
    }
}

impl fmt::Display for Span {
    /// As Slurm reads it: `H:MM:SS`, from a day on `D-HH:MM:SS`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.0 / 86_400, self.0 % 86_400);
        let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
        match days {
            0 => write!(f, "{hours}:{minutes:02}:{seconds:02}"),
            days => write!(f, "{days}-{hours:02}:{minutes:02}:{seconds:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_with_their_units_and_written_as_slurm_reads_them() {
        for (text, written) in [
            ("90s", "0:01:30"),
            ("30m", "0:30:00"),
            ("1.5h", "1:30:00"),
            ("23h", "23:00:00"),
            ("2d", "2-00:00:00"),
            (" 36 h", "1-12:00:00"),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), written);
        }
        for wrong in ["", "h", "3", "-1h", "0s", "nan h", "1e9d", "1:30:00", "µ"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }
}
