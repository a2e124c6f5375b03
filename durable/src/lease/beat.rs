//! The counter that shows a holder alive.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Counts until it is dropped.
#[derive(Debug)]
pub(super) struct Beating {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Beating {
    /// Begins to count.
    ///
    /// # Errors
    /// If the system gives no thread: who does not count looks dead.
    pub(super) fn start(counter: PathBuf, interval: Duration) -> io::Result<Self> {
        Self::on(thread::Builder::new(), counter, interval)
    }

    /// Begins to count on a thread of this kind.
    fn on(builder: thread::Builder, counter: PathBuf, interval: Duration) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let count = move || {
            let mut number = 0u64;
            loop {
                number += 1;
                // on a full disk the next may pass; readers allow for several
                let _ = write(&counter, number);
                if stopped.recv_timeout(interval) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        Ok(Self {
            stop: Some(stop),
            thread: Some(builder.name("lease".into()).spawn(count)?),
        })
    }
}

impl Drop for Beating {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes the counter over the last one, in place: other clients of a file
/// server see a file's new content sooner than a new file of the same name.
fn write(counter: &Path, number: u64) -> io::Result<()> {
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(counter)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(format!("{number:020}\n").as_bytes())?;
    file.sync_data()
}

#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_the_system_refuses_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let counter = dir.path().join("1.count");
        // a stack larger than what a process can address
        let builder = thread::Builder::new().stack_size(1 << 60);
        let refused = Beating::on(builder, counter.clone(), Duration::from_secs(3600));
        assert!(refused.is_err());
        assert!(!counter.exists());
    }
}
