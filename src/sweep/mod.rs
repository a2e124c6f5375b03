//! Many runs: a file of axes, a run for each of its cells, one table of all.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use layerprobe::sweep::{Sweep, SweepFolder};
//!
//! let sweep = Sweep::load(Path::new("seeds.toml"))?;
//! let folder = SweepFolder::new(Path::new("sweeps").join(&sweep.name));
//! for cell in &sweep.cells {
//!     println!("{} {:?}", cell.id, folder.state(cell)?);
//! }
//! # Ok::<(), layerprobe::sweep::SweepError>(())
//! ```

mod cells;
mod collect;
mod error;
mod export;
mod file;
mod folder;
mod judged;
mod plan;
pub mod slurm;
mod told;
mod workers;

pub use cells::{Assignment, Cell};
pub use collect::{Collected, collect};
pub use error::SweepError;
pub use export::{Exported, export};
pub use file::Sweep;
pub use folder::{Attempts, CellState, SweepFolder};
pub use plan::{Basis, CellPlan, plan};
pub use told::{Ended, Failure, Told};
pub use workers::Workers;
