//! Claims as data, decided by rows of the results table.
//!
//! A claim says in words what a paper found and, part by part, which comparison
//! decides it: two quantities of the table, or one and a number, with a margin.
//! Rules are fixed before what they read is run; what was changed later says so
//! (`amended`). [`Claims::decide`] compares and gives each claim a [`Verdict`];
//! nothing is decided by hand.
//!
//! ```
//! use layerprobe_reports::ResultRow;
//! use layerprobe_reports::claims::{Claims, Verdict};
//!
//! let claims = Claims::parse(r#"
//!     margin = 0.05
//!     learned = 0.5
//!     ceiling = 0.95
//!     least_runs = 3
//!     [[claim]]
//!     id = "color-first"
//!     says = "Before training, color is decoded better than shape"
//!     place = "section 4.1"
//!     [[claim.part]]
//!     says = "color over shape"
//!     of = { experiment = "first", target = "untrained", layer = "fc1", feature = "color" }
//!     over = { feature = "shape" }
//!     is = "above"
//! "#)?;
//! let row = |split, feature: &str, value| ResultRow {
//!     condition: format!("first/shape-{split}"),
//!     target: "shape".into(),
//!     split: Some(split),
//!     step: Some(0),
//!     checkpoint_role: "initial".into(),
//!     layer: "fc1".into(),
//!     feature: feature.into(),
//!     probe: "linear".into(),
//!     protocol: "clean/1".into(),
//!     metric: "accuracy".into(),
//!     split_kind: "held_out_values".into(),
//!     selected_by: "accuracy".into(),
//!     value,
//!     ..ResultRow::default()
//! };
//! let mut rows = Vec::new();
//! for (split, shape) in [(0, 0.7), (1, 0.75), (2, 0.8)] {
//!     rows.extend([row(split, "color", 1.0), row(split, "shape", shape)]);
//! }
//! assert_eq!(claims.decide(&rows)[0].verdict, Verdict::Reproduced);
//! // two runs are too few to tell
//! assert_eq!(claims.decide(&rows[..4])[0].verdict, Verdict::CannotTell);
//! # Ok::<(), layerprobe_reports::claims::ClaimsError>(())
//! ```

mod answer;
mod claim;
mod comparison;
mod decision;
mod evidence;
mod page;
mod quantity;
mod raw;
mod table;
#[cfg(test)]
mod tests;
mod variation;

pub use answer::{Answer, Decided, Finding, Learned, Outcome, Verdict};
pub use claim::{Claim, Claims, ClaimsError, LearnedOn, Part};
pub use comparison::{Estimate, Relation};
pub use evidence::{TRAINING_ACCURACY, VALIDATION_ACCURACY};
pub use page::{ClaimsPage, LinkedRun, OpenChoice, write_claims_page};
pub use quantity::{Moment, Pairing, Quantity, UNTRAINED};
pub use raw::AddedParts;
pub use table::claims_table;
pub use variation::{Decoder, Measure, Variation, Varied};
