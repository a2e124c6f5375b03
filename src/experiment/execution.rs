//! How a run is made, apart from what it computes.

use std::path::PathBuf;
use std::time::Duration;

use crate::memory::MemoryLimit;

use super::folder::opening::WhenHeld;

/// How a run is made, without a part in its results.
#[derive(Clone, Debug)]
pub struct Execution {
    /// What probing keeps within: layers that do not fit are kept on disk, in
    /// the run folder, while they are needed.
    pub limit: MemoryLimit,
    /// What to do while another process holds the folder.
    pub when_held: WhenHeld,
    /// How often training keeps a snapshot: a crash costs at most this much
    /// work.
    pub snapshot_every: Duration,
    /// A folder of finished work shared with other runs; made if needed. What
    /// is there is not done again, what is done is put there.
    pub store: Option<PathBuf>,
}

impl Default for Execution {
    fn default() -> Self {
        Self {
            limit: MemoryLimit::of_this_machine(),
            when_held: WhenHeld::Stop,
            snapshot_every: Duration::from_secs(60),
            store: None,
        }
    }
}
