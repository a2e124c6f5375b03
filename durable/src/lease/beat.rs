//! The counter that shows a holder alive.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
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
    pub(super) fn start(counter: PathBuf, interval: Duration) -> Self {
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
        Self {
            stop: Some(stop),
            thread: thread::Builder::new()
                .name("lease".into())
                .spawn(count)
                .ok(),
        }
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
fn write(counter: &Path, number: u64) -> std::io::Result<()> {
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(counter)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(format!("{number:020}\n").as_bytes())?;
    file.sync_data()
}
