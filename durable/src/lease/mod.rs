//! Folders that one process at a time works in, also on several machines that
//! share nothing but the folder.
//!
//! `FOLDER/.lease/` holds a file for each lease, named by its number. The
//! greatest number is the holder's; numbers only grow. A holder counts up a
//! counter beside it for as long as it lives.

mod beat;
mod files;
mod watch;

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::fence;
use crate::holder::Holder;

use beat::Beating;
pub(crate) use files::Files;
use files::State;
use watch::{Sight, Watch};

/// The longest sleep between two looks at who holds a folder.
const LOOK: Duration = Duration::from_millis(100);

/// How long a holder may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time between two counts of a holder, and between two readings of those
    /// who wait; by each one's own monotonic clock.
    pub interval: Duration,
    /// A holder whose counter stands still over so many readings is taken for
    /// dead; a fifth is enough where another counter of its process did so before.
    pub readings: u32,
}

impl Default for Pace {
    /// Half a minute: longer than file servers commonly keep a client from
    /// seeing another's writes.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(2),
            readings: 15,
        }
    }
}

/// A folder held by this process, until this is dropped.
///
/// Of a holder that ended under the same kernel, the system tells at once; of
/// one elsewhere, its counter does: it stands still over several readings. The
/// counter also tells of a holder that hangs (stopped, or cut off from the
/// folder), even where the system says that its process is there: it counts as
/// dead, so that its work goes on. A holder that was only slow finds out before its
/// next rename ([`Pending::commit`](crate::Pending::commit)) that the folder has
/// another holder with a greater number, and writes nothing more.
///
/// ```
/// use std::ops::ControlFlow;
/// use layerprobe_durable::{Lease, LeaseError, Pace};
///
/// let folder = std::env::temp_dir().join(format!("lease-example-{}", std::process::id()));
/// let stop = |_: &_, alive| if alive { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
/// let held = Lease::take(&folder, Pace::default(), stop)?;
/// let second = Lease::take(&folder, Pace::default(), stop);
/// assert!(matches!(second, Err(LeaseError::Held { .. })));
/// drop(held);
/// let next = Lease::take(&folder, Pace::default(), stop)?;
/// assert_eq!(next.number(), 2);
/// # drop(next);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Lease {
    files: Files,
    number: u64,
    _fence: fence::Held,
    _beating: Beating,
    /// Held as long as the lease is; the system lets go of it when the
    /// process ends, however it ends.
    _lock: fs::File,
}

/// Why a folder was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another process has it.
    #[error("{} is held by {holder}", folder.display())]
    Held {
        /// The folder.
        folder: PathBuf,
        /// Who.
        holder: Holder,
    },
    /// The file system refused.
    #[error("cannot hold {}", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Lease {
    /// Takes a folder, which is made if needed.
    ///
    /// While another process has it, `while_held` is told who, and whether it
    /// is known to be alive (else its counter is still being watched), again
    /// and again; on `Break` this gives up.
    ///
    /// # Errors
    /// If it was given up, or of the file system.
    pub fn take(
        folder: &Path,
        pace: Pace,
        mut while_held: impl FnMut(&Holder, bool) -> ControlFlow<()>,
    ) -> Result<Self, LeaseError> {
        let failed = |source| LeaseError::Io {
            folder: folder.to_owned(),
            source,
        };
        let files = Files::open(folder).map_err(failed)?;
        let mut watch = Watch::new(pace);
        loop {
            let free = match files.newest().map_err(failed)? {
                None => Some(1),
                Some((number, State::Free)) => Some(number + 1),
                Some((number, State::Held { holder, locked })) => {
                    match watch.see((number, files.count(number)), &holder, locked) {
                        Sight::Dead => Some(number + 1),
                        sight => {
                            let alive = sight == Sight::Alive;
                            if while_held(&holder, alive).is_break() {
                                return Err(LeaseError::Held {
                                    folder: folder.to_owned(),
                                    holder,
                                });
                            }
                            None
                        }
                    }
                }
            };
            let taken = free.map(|number| files.create(number)).transpose();
            match taken.map_err(failed)?.flatten().zip(free) {
                Some((lock, number)) => {
                    files.remove_before(number);
                    let held = fence::Held::new(folder, &files, number);
                    let beating = Beating::start(files.counter(number), pace.interval);
                    // a lease that would look dead is given back at once
                    let (held, beating) = held
                        .and_then(|held| Ok((held, beating?)))
                        .inspect_err(|_| files.set_free(number))
                        .map_err(failed)?;
                    return Ok(Self {
                        _beating: beating,
                        _fence: held,
                        _lock: lock,
                        files,
                        number,
                    });
                }
                // another was quicker: look again at once
                None if free.is_some() => {}
                None => thread::sleep(LOOK.min(pace.interval)),
            }
        }
    }

    /// Who holds a folder now, as far as can be seen at once: a holder
    /// elsewhere that died lately counts still.
    pub fn holder(folder: &Path) -> Option<Holder> {
        match Files::at(folder).newest() {
            Ok(Some((_, State::Held { holder, .. }))) => Some(holder),
            _ => None,
        }
    }

    /// The fencing number: greater than that of every earlier holder.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.files.set_free(self.number);
    }
}

#[cfg(test)]
mod tests;
