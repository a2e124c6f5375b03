//! Probes on activations that were made elsewhere: by PyTorch hooks,
//! thingsvision, torchlens or an array file of any origin.
//!
//! [`run()`] does all that a [`ForeignRequest`] asks for. Its steps, for those who want
//! others between them: [`ForeignFile`] reads the matrices, [`plan`] says which of them
//! do not fit into memory, [`Labels::read`] reads the features of each stimulus,
//! [`Cut::of`] says which rows train, select and test, and [`probe`] gives the outcomes
//! that [`rows`] and a [`PredictionFile`] write down.

mod around;
mod array;
mod cut;
mod error;
mod header;
mod labels;
mod layers;
mod memory;
mod npy;
mod outcomes;
mod paper;
mod predictions;
mod request;
mod run;
mod safetensors;
mod table;
#[cfg(test)]
mod tests;

pub use around::Around;
pub use array::ArrayShape;
pub use cut::Cut;
pub use error::ForeignError;
pub use labels::{FeatureLabels, Labels, Strata};
pub use layers::{ForeignFile, ForeignLayer};
pub use memory::plan;
pub(crate) use memory::planned;
pub use outcomes::{ForeignOutcomes, PROTOCOL, probe, rows};
pub use paper::rows_by_paper;
pub use predictions::PredictionFile;
pub use request::{CheckedForeignRequest, ForeignRequest};
pub use run::{ForeignEvent, ForeignRunError, ForeignTable, run};
