use std::path::PathBuf;

use clap::Args;

/// Where several runs share finished work.
#[derive(Debug, Args)]
pub struct StoreAt {
    /// A folder of finished work that the runs share, also with others [default:
    /// store, in the folder of all]; the results do not depend on it
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Share nothing: each run does all of its work itself
    #[arg(long, conflicts_with = "store")]
    no_store: bool,
}

impl StoreAt {
    /// The store in use, if one is.
    pub fn in_use(&self, usual: impl FnOnce() -> PathBuf) -> Option<PathBuf> {
        match self.no_store {
            true => None,
            false => Some(self.store.clone().unwrap_or_else(usual)),
        }
    }
}
