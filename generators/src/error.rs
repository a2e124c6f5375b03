use std::path::PathBuf;

/// What can be wrong with a request for stimuli.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeneratorError {
    /// A size or a count is outside of what can be drawn.
    #[error("{what} is {value}, but must lie between {least} and {most}: {why}")]
    OutOfRange {
        /// The parameter's name in the configuration.
        what: &'static str,
        /// What was asked for.
        value: usize,
        /// The smallest value that works with the other parameters.
        least: usize,
        /// The largest value that works with the other parameters.
        most: usize,
        /// The reason of the bound, and what to change.
        why: &'static str,
    },
    /// The object does not fit into the image at every angle.
    #[error(
        "an object of {object_size} px spans {needed} px when turned by 45 degrees, \
         but image_size is {image_size}: raise image_size or lower object_size"
    )]
    ObjectTooLarge {
        /// Side of the object's box before it is turned, in pixels.
        object_size: usize,
        /// Side of the image in pixels.
        image_size: usize,
        /// The smallest image that holds the object, in pixels.
        needed: usize,
    },
    /// Too few stimuli whose pair does not match.
    #[error(
        "a predictivity of {predictivity} needs {needed} stimuli whose pair does not match, \
         but there are {found}: raise the predictivity or the number of exemplars"
    )]
    Unmatched {
        /// The predictivity asked for.
        predictivity: f64,
        /// How many it needs.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// A version of the hold-outs which does not exist.
    #[error("hold-out version {version} does not exist: versions are 0 to {}", .versions - 1)]
    UnknownVersion {
        /// What was asked for.
        version: u32,
        /// How many there are.
        versions: u32,
    },
    /// Hold-outs that leave no task, or nothing to validate on.
    #[error(
        "{held} of the {values} values of {feature} held out leaves {} to train on: \
         hold out between 1 and {} of them", .values.saturating_sub(*.held), .values.saturating_sub(2)
    )]
    HoldOuts {
        /// The feature.
        feature: &'static str,
        /// How many values were to be held out.
        held: usize,
        /// How many values it has.
        values: usize,
    },
    /// Hold-outs drawn for another set of features.
    #[error(
        "the hold-outs are for features {hold_outs}, but the stimuli have {set}: \
         draw them from the features of the same set"
    )]
    OtherFeatures {
        /// The features the hold-outs were drawn for.
        hold_outs: String,
        /// The features of the set.
        set: String,
    },
    /// A matching drawn for another set of features.
    #[error(
        "the matching is of features {matching}, but is used for {features}: \
         draw it from the features of the same set"
    )]
    OtherMatching {
        /// The features the matching was drawn for.
        matching: String,
        /// The features it is used for.
        features: String,
    },
    /// A feature number that the set does not have.
    #[error("feature number {feature} does not exist: the set has {features} features, from 0 on")]
    UnknownFeature {
        /// What was asked for.
        feature: usize,
        /// How many features there are.
        features: usize,
    },
    /// Two features that cannot be correlated with each other.
    #[error(
        "{first} has {first_values} values and {second} has {second_values}: \
         a matching needs two different features with equally many"
    )]
    Unmatchable {
        /// The first feature.
        first: &'static str,
        /// How many values it has.
        first_values: usize,
        /// The second feature.
        second: &'static str,
        /// How many values it has.
        second_values: usize,
    },
    /// A predictivity which no choice among the stimuli has.
    #[error(
        "predictivity {predictivity} cannot be had: it must lie between {least:.4} \
         (uncorrelated, all the unmatched stimuli there are) and 1"
    )]
    Predictivity {
        /// What was asked for.
        predictivity: f64,
        /// The predictivity of the whole set.
        least: f64,
    },
    /// A feature that predicts its label with less or more than can be.
    #[error(
        "{what} is {value}, but a feature equals its label with a probability from 0.5 (it tells nothing) to 1"
    )]
    LabelPredictivity {
        /// The parameter's name in the configuration.
        what: &'static str,
        /// What was asked for.
        value: f64,
    },
    /// The embedded font lacks something.
    #[error("the embedded font {what}")]
    Font {
        /// What is missing.
        what: String,
    },
    /// A file or folder cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An image cannot be encoded.
    #[error("cannot encode {} as PNG", path.display())]
    Encode {
        /// Where it was to be written.
        path: PathBuf,
        /// What the encoder said.
        source: image::ImageError,
    },
}
