//! How alike two representations of the same stimuli are.
//!
//! A representation is a matrix of activations, a row a stimulus. Two of them,
//! from different layers, networks or moments of training, are compared through
//! what they say of each pair of stimuli, so they may have different numbers of
//! dimensions:
//!
//! * representational similarity analysis (RSA; Kriegeskorte, Mur & Bandettini
//!   2008): the correlation, Pearson's or Spearman's, of two [`Rdm`]s;
//! * linear centered kernel alignment (CKA; Kornblith et al. 2019), with the
//!   biased estimator of HSIC and with the unbiased one (Song et al. 2012).
//!
//! [`Representation`] holds what is needed of one side and [`similarity`]
//! compares two, with an interval over stimuli.
//!
//! Everything is accumulated in f64, in an order that depends on shapes alone.

mod error;
mod inner_products;
mod intervals;
mod kernel;
mod pair_sums;
mod ranks;
mod rdm;
mod representation;
mod rsa;
#[cfg(test)]
mod tests;
mod triangle;
mod weights;

pub use error::SimilarityError;
pub use inner_products::silent_stimuli;
pub use rdm::{Distance, Rdm};
pub use representation::{Metric, Representation, Similarity, similarity};
pub use weights::Resamples;

/// Fewer stimuli than this leave the unbiased HSIC undefined, and a
/// correlation of RDMs without meaning.
pub const MIN_STIMULI: usize = 4;

/// With fewer stimuli than this, resampling them says little about others.
pub const MIN_RESAMPLED: usize = 20;
