//! What a holder's counter says to those who wait.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

use super::Pace;
use crate::holder::Holder;

/// Processes that this one found dead. Their other folders are then had sooner:
/// a chain of full waits may be longer than a job's time.
static DEAD: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// What the readings of a holder's counter say so far.
pub(super) struct Watch {
    pace: Pace,
    last: Option<(u64, u64)>,
    read: Instant,
    still: u32,
    alive: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Its counter goes on, or the system says that its process is there and the
    /// counter has not stood still for too long.
    Alive,
    /// Not known yet.
    Unknown,
    /// Its counter has stood still for too long, whatever the system says: a
    /// process that hangs is there, too, and its work would never be done.
    Dead,
}

impl Watch {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            last: None,
            read: Instant::now(),
            still: 0,
            alive: false,
        }
    }

    /// Takes a reading, if it is time for one.
    pub(super) fn see(&mut self, reading: (u64, u64), holder: &Holder, locked: bool) -> Sight {
        match self.last {
            Some(last) if last == reading => {
                if self.read.elapsed() >= self.pace.interval {
                    self.still += 1;
                    self.read = Instant::now();
                }
            }
            last => {
                self.alive = last.is_some();
                self.last = Some(reading);
                self.still = 0;
                self.read = Instant::now();
            }
        }
        let mut dead = DEAD.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = match dead.contains(&holder.process) {
            true => self.pace.readings.div_ceil(5),
            false => self.pace.readings,
        };
        if self.still >= enough {
            if !holder.process.is_empty() {
                dead.insert(holder.process.clone());
            }
            Sight::Dead
        } else if self.alive || locked {
            Sight::Alive
        } else {
            Sight::Unknown
        }
    }
}
