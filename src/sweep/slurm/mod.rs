//! Slurm as the engine past one machine: what is missing of a sweep is packed
//! into tasks of array jobs, which meet in the sweep's folder alone. No database,
//! no daemon, none of Slurm's accounting.
//!
//! ```
//! use layerprobe::sweep::slurm::{Site, Slot, pack};
//!
//! let seconds = [Some(40.0), Some(30.0), Some(20.0)];
//! assert_eq!(pack(&seconds, 60.0), [vec![0, 2], vec![1]]);
//! assert!(Site::load(None)?.has(Slot::Account));
//! # Ok::<(), layerprobe::sweep::slurm::SlurmError>(())
//! ```

pub mod client;
mod error;
mod mark;
mod pack;
mod requeue;
mod script;
mod span;
mod submission;
mod task;

pub use error::SlurmError;
pub use mark::Marks;
pub use pack::pack;
pub use requeue::{Asked, JobNow, Stay, decide};
pub use script::{Bare, Site, Slot, USUAL_SITE, Values, Wishes, scripts, shell};
pub use span::Span;
pub use submission::{Plan, PlannedTask, Submission, TaskRecord};
pub use task::{Share, Start, memory_of_a_cell};
