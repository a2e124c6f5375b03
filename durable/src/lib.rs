//! Files that are written whole or not at all, in folders that one process at
//! a time works in.
//!
//! ```
//! let path = std::env::temp_dir().join("layerprobe-durable-example.txt");
//! layerprobe_durable::write(&path, b"all of it")?;
//! assert_eq!(std::fs::read(&path)?, b"all of it");
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod aside;
#[cfg(feature = "faults")]
pub mod faults;
mod fence;
mod holder;
mod lease;
mod link;
mod pending;
mod seam;

pub use aside::{ASIDE, is_aside, set_aside};
pub use fence::Superseded;
pub use holder::Holder;
pub use lease::{Lease, LeaseError, Pace};
pub use link::{copy, link};
pub use pending::{Pending, is_temporary, remove_temporaries, write};
