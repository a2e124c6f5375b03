use thiserror::Error;

/// Why two representations cannot be compared.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SimilarityError {
    /// Too few stimuli for the statistic or its interval.
    #[error("{name}: {found} stimuli, but {what} needs at least {needed}; use more stimuli")]
    TooFew {
        /// The representation.
        name: String,
        /// Stimuli given.
        found: usize,
        /// Stimuli needed.
        needed: usize,
        /// What needs them.
        what: &'static str,
    },
    /// More stimuli than the tables of pairs can number.
    #[error("{name}: {found} stimuli; at most {most} can be compared, draw some of them")]
    TooMany {
        /// The representation.
        name: String,
        /// Stimuli given.
        found: usize,
        /// The most there may be.
        most: usize,
    },
    /// No dimensions.
    #[error("{name}: the activations have no dimensions; there is nothing to compare")]
    NoDimensions {
        /// The representation.
        name: String,
    },
    /// An activation is NaN or infinite.
    #[error(
        "{name}: activation {value} at stimulus {row}, dimension {dim}; the network has diverged or the file is damaged"
    )]
    NotFinite {
        /// The representation.
        name: String,
        /// Row of the activation matrix.
        row: usize,
        /// Column of the activation matrix.
        dim: usize,
        /// What was found there.
        value: f32,
    },
    /// A stimulus whose activations do not vary over dimensions.
    #[error(
        "{name}: all {dims} activations of stimulus {row} are {value}, so its correlation with other stimuli is undefined; \
         use Euclidean distance or leave this layer out"
    )]
    ConstantStimulus {
        /// The representation.
        name: String,
        /// Row of the activation matrix.
        row: usize,
        /// Its dimensions.
        dims: usize,
        /// The activation they all have, up to rounding.
        value: f64,
    },
    /// A representation in which all stimuli are equally far apart.
    #[error(
        "{name}: all stimuli are equally far apart (or all the same), so {metric} is undefined; leave this layer out"
    )]
    NothingVaries {
        /// The representation.
        name: String,
        /// What is undefined.
        metric: &'static str,
    },
    /// A resample of the stimuli in which the statistic is undefined.
    #[error(
        "{a} and {b}: {metric} is undefined in resample {resample}: too few stimuli differ; use more, or no resamples"
    )]
    UndefinedResample {
        /// One representation.
        a: String,
        /// The other.
        b: String,
        /// The metric.
        metric: &'static str,
        /// The resample's number.
        resample: usize,
    },
    /// Two sides with different numbers of stimuli.
    #[error(
        "{a} has {n_a} stimuli and {b} has {n_b}; both sides must show the same stimuli in the same order"
    )]
    Counts {
        /// One side.
        a: String,
        /// Its stimuli.
        n_a: usize,
        /// The other.
        b: String,
        /// Its stimuli.
        n_b: usize,
    },
    /// A metric that a representation was not made for.
    #[error("{name} was not made for {metric}; name it when the representation is made")]
    NotPrepared {
        /// The representation.
        name: String,
        /// The metric.
        metric: &'static str,
    },
}
