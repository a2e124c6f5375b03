//! How much memory a command may take.

mod control_group;

use std::fmt;
use std::fs;
use std::str::FromStr;

/// Bytes that a process may have in memory at most.
///
/// ```
/// use layerprobe::memory::MemoryLimit;
///
/// let limit: MemoryLimit = "1.5G".parse()?;
/// assert_eq!(limit.bytes(), 3 << 29);
/// assert_eq!(limit.to_string(), "1.5 GiB");
/// assert!("much".parse::<MemoryLimit>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoryLimit(u64);

impl MemoryLimit {
    /// No limit.
    pub const NONE: Self = Self(u64::MAX);

    /// A limit of so many bytes.
    pub fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// What the process has, and half of what is free, where the system tells
    /// (Linux, with the limits of its control groups); else none.
    pub fn of_this_machine() -> Self {
        match (free(), resident()) {
            (Some(free), Some(resident)) => Self(resident + free / 2),
            _ => Self::NONE,
        }
    }

    /// The bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for MemoryLimit {
    type Err = String;

    /// A number with K, M, G or T, powers of 1024: `512M`, `4G`, `1.5G`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no amount of memory; write 512M, 4G or 1.5G");
        let trimmed = text
            .trim()
            .trim_end_matches("iB")
            .trim_end_matches(['B', 'b']);
        let unit = match trimmed.chars().last().map(|c| c.to_ascii_uppercase()) {
            Some('K') => 10,
            Some('M') => 20,
            Some('G') => 30,
            Some('T') => 40,
            _ => return Err(wrong()),
        };
        let number = trimmed.get(..trimmed.len() - 1).unwrap_or("").trim();
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let bytes = number * (1u64 << unit) as f64;
        match bytes >= 1.0 && bytes < u64::MAX as f64 {
            true => Ok(Self(bytes as u64)),
            false => Err(wrong()),
        }
    }
}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Bytes(self.0))
    }
}

/// A number of bytes, for people.
#[derive(Clone, Copy, Debug)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ 0..0x4000_0000 => write!(f, "{} MiB", bytes.div_ceil(1 << 20)),
            bytes => {
                let gibibytes = bytes as f64 / f64::from(1 << 30);
                // rounded up, so that what is told is enough
                write!(f, "{} GiB", (gibibytes * 100.0).ceil() / 100.0)
            }
        }
    }
}

/// Memory this process has now, where the system tells.
pub fn resident() -> Option<u64> {
    status("VmRSS:")
}

/// The most memory this process has had, where the system tells.
pub fn peak() -> Option<u64> {
    status("VmHWM:")
}

fn status(field: &str) -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/self/status").ok()?, field)
}

/// Memory that can be had without others giving theirs up, where the system tells: what
/// the machine has, within the limits of this process's control groups.
pub fn free() -> Option<u64> {
    let machine = kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")?;
    Some(control_group::free().map_or(machine, |group| group.min(machine)))
}

fn kibibytes(table: &str, field: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_with_their_units() {
        let bytes = |text: &str| text.parse::<MemoryLimit>().map(MemoryLimit::bytes);
        assert_eq!(bytes("4G"), Ok(4 << 30));
        assert_eq!(bytes("512m"), Ok(512 << 20));
        assert_eq!(bytes("64 MiB"), Ok(64 << 20));
        assert_eq!(bytes("2TB"), Ok(2 << 40));
        for wrong in ["", "G", "4", "-1G", "nanG", "1e30T", "0G", "4 apples", "é"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_told_is_enough() {
        assert_eq!(Bytes(1).to_string(), "1 MiB");
        assert_eq!(Bytes((3 << 30) + 1).to_string(), "3.01 GiB");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_machine_tells() {
        assert!(resident().unwrap() <= peak().unwrap());
        assert!(MemoryLimit::of_this_machine() < MemoryLimit::NONE);
    }
}
