//! Pairs of features of which one predicts the other (Hermann & Lampinen
//! 2020, section 3 and the authors' split scripts).

mod sample;

pub use crate::matching::Matching;
pub use sample::{Correlation, CorrelationParams, Predictivity, PredictivityMode};
