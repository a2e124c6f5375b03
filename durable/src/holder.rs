//! Who holds a folder.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// A process that holds a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Name of its machine; empty where it is not known.
    pub host: String,
    /// Its process number there.
    pub pid: u32,
    /// When it took the folder, in seconds of its own wall clock since 1970:
    /// for people, nothing is decided by it.
    pub since: u64,
    /// What tells one running kernel from another; empty where it is not known.
    pub(crate) kernel: String,
    /// What tells one process from every other; empty where it is not known.
    pub(crate) process: String,
}

/// Drawn once, since numbers of processes come again.
pub(crate) static THIS_PROCESS: LazyLock<String> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let draw = std::collections::hash_map::RandomState::new();
    format!("{:016x}", draw.hash_one((std::process::id(), now.ok())))
});

impl Holder {
    /// This process, now.
    pub(crate) fn this_process() -> Self {
        let line = |path: &str| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.trim().to_owned()
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            host: line("/proc/sys/kernel/hostname"),
            pid: std::process::id(),
            since: now.map_or(0, |now| now.as_secs()),
            kernel: line("/proc/sys/kernel/random/boot_id"),
            process: THIS_PROCESS.clone(),
        }
    }

    /// As text: a line a fact, closed by a line that shows it is whole.
    pub(crate) fn to_text(&self) -> String {
        format!(
            "host {}\npid {}\nsince {}\nkernel {}\nprocess {}\nend\n",
            self.host, self.pid, self.since, self.kernel, self.process
        )
    }

    /// Reads the text, if it is whole.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut fact = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let holder = Self {
            host: fact("host")?.to_owned(),
            pid: fact("pid")?.parse().ok()?,
            since: fact("since")?.parse().ok()?,
            kernel: fact("kernel")?.to_owned(),
            process: fact("process")?.to_owned(),
        };
        (lines.next()? == "end").then_some(holder)
    }

    /// Whether a lock of the system tells of it here: it runs, or ran, under
    /// this very kernel.
    pub(crate) fn is_local(&self) -> bool {
        !self.kernel.is_empty() && self.kernel == Self::this_process().kernel
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.host.as_str() {
            "" => "an unknown machine",
            host => host,
        };
        write!(
            f,
            "process {} on {host}, since {}",
            self.pid,
            utc(self.since)
        )
    }
}

/// Seconds since 1970 as a date and time of day.
fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // years begin in March here, so that a leap day is a year's last; an era
    // has 400 years
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02} UTC",
        rest / 3600,
        rest / 60 % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // date -u -d @N
        for (seconds, date) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_709_251_200, "2024-03-01 00:00 UTC"),
            (4_107_542_399, "2100-02-28 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(utc(seconds), date);
        }
    }

    #[test]
    fn a_torn_text_is_no_holder() {
        let holder = Holder::this_process();
        let text = holder.to_text();
        assert_eq!(Holder::from_text(&text), Some(holder));
        for end in 0..text.len() - 1 {
            assert_eq!(Holder::from_text(&text[..end]), None, "{end}");
        }
    }
}
