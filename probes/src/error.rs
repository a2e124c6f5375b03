use thiserror::Error;

/// Everything that can be wrong with what a probe is given.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// A penalty is negative or not finite.
    #[error(
        "penalty {value} is neither a positive finite number nor 0; use values such as 0.001 to 100000"
    )]
    Penalty {
        /// The value found.
        value: f64,
    },
    /// Ridge probes with penalty 0 alone.
    #[error("ridge probes need a penalty above 0, and 0 is the only one; give another, such as 1")]
    RidgePenalty,
    /// A learning rate or weight decay that Adam cannot work with.
    #[error("{what} {value} is not a positive finite number{}", if *what == "weight decay" { ", nor 0" } else { "" })]
    Rate {
        /// Which of the two.
        what: &'static str,
        /// The value found.
        value: f64,
    },
    /// The list of penalties is empty.
    #[error("no penalty is given; name at least one, such as 1")]
    NoPenalty,
    /// The share of training groups that choose the penalty is not inside (0, 1).
    #[error("selection fraction {value} is not between 0 and 1 (both excluded); 0.2 is usual")]
    SelectionFraction {
        /// The value found.
        value: f64,
    },
    /// The tolerance is not inside (0, 1).
    #[error("tolerance {value} is not between 0 and 1 (both excluded); 1e-6 is usual")]
    Tolerance {
        /// The value found.
        value: f64,
    },
    /// A count that must be at least one is zero.
    #[error("{what} is 0; it must be at least 1")]
    ZeroCount {
        /// Which count.
        what: &'static str,
    },
    /// The layer has no rows or no dimensions.
    #[error("layer {layer}: activations are {rows} x {dims}; there is nothing to probe")]
    EmptyLayer {
        /// The layer's name.
        layer: String,
        /// Stimuli found.
        rows: usize,
        /// Dimensions found.
        dims: usize,
    },
    /// An activation is NaN or infinite.
    #[error(
        "layer {layer}: activation {value} at stimulus {row}, dimension {dim}; the network has diverged or the file is damaged"
    )]
    NotFinite {
        /// The layer's name.
        layer: String,
        /// Row of the activation matrix.
        row: usize,
        /// Column of the activation matrix.
        dim: usize,
        /// What was found there.
        value: f32,
    },
    /// Two things that must be equally long are not.
    #[error("{what}: {found} where the activations have {expected} stimuli")]
    Count {
        /// What was counted.
        what: String,
        /// Its length.
        found: usize,
        /// The number of stimuli.
        expected: usize,
    },
    /// A row index lies outside the activation matrix.
    #[error("{what} names stimulus {row}, the activations have {rows}")]
    RowOutOfRange {
        /// Which list of rows.
        what: String,
        /// The index found.
        row: usize,
        /// The number of stimuli.
        rows: usize,
    },
    /// A row stands twice in a list, or in two lists that must not meet.
    #[error("{what}: stimulus {row} is named twice")]
    RowTwice {
        /// Which list or lists of rows.
        what: String,
        /// The index found twice.
        row: usize,
    },
    /// A row that chooses the penalty, but does not train.
    #[error(
        "the selection set names stimulus {row}, which is not in the training set; \
         the final probe is trained on both"
    )]
    NotTrained {
        /// The stimulus.
        row: usize,
    },
    /// A list of rows is empty.
    #[error("{what} names no stimulus")]
    NoRows {
        /// Which list of rows.
        what: String,
    },
    /// A label is not below the number of classes.
    #[error("feature {feature}: label {label} at stimulus {row}, but there are {classes} classes")]
    Label {
        /// The feature.
        feature: String,
        /// The stimulus.
        row: usize,
        /// The label found.
        label: u32,
        /// The number of classes.
        classes: usize,
    },
    /// A feature takes one value only, so there is nothing to decode.
    #[error(
        "feature {feature} has {classes} class(es) in training; a probe needs at least two values to tell apart"
    )]
    OneValue {
        /// The feature.
        feature: String,
        /// The number of classes.
        classes: usize,
    },
    /// A class has no stimulus in a part of the data that must show all.
    #[error("feature {feature}: class {class} has no stimulus in the {part} rows")]
    MissingClass {
        /// The feature.
        feature: String,
        /// The class without a stimulus.
        class: usize,
        /// Which part: `training` or `selection-training`.
        part: &'static str,
    },
    /// Fewer than two groups: none can be set aside to choose the penalty.
    #[error("the training rows form {groups} group(s); choosing a penalty needs at least 2")]
    TooFewGroups {
        /// The number of groups.
        groups: usize,
    },
    /// What should be the logarithm of a probability is above 0 or NaN.
    #[error("{value} is not the logarithm of a probability")]
    LogProbability {
        /// The value found.
        value: f64,
    },
    /// More information than there is to have.
    #[error("{bits} bits about a feature whose entropy is {entropy} bits")]
    AboveEntropy {
        /// The information found, bits a stimulus.
        bits: f64,
        /// The feature's entropy, bits a stimulus.
        entropy: f64,
    },
    /// No combination has the exemplars that testing on others needs.
    #[error(
        "no combination has 2 stimuli in the training set: other exemplars cannot be withheld; use more exemplars a combination, or leave the instance split out"
    )]
    NoExemplars,
    /// The first block of a code is all there is.
    #[error(
        "the shortest block of whole combinations with every class is the whole training set: there is nothing left to code with a probe"
    )]
    OneBlock,
    /// Statistics of one family have different numbers of permutations.
    #[error("one statistic has {found} permutations, another of its family {expected}")]
    Permutations {
        /// Its number.
        found: usize,
        /// The first one's.
        expected: usize,
    },
    /// Dimensions do not divide into channels.
    #[error("layer {layer}: {dims} dimensions do not divide into {channels} channels")]
    Channels {
        /// The layer's name.
        layer: String,
        /// Its number of dimensions.
        dims: usize,
        /// Channels given.
        channels: usize,
    },
    /// A group holds stimuli of several classes where labels belong to groups.
    #[error(
        "feature {feature}: group {group} has stimuli of class {} and of class {}; controls and permutations give one label to each group",
        labels.0, labels.1
    )]
    MixedGroup {
        /// The feature.
        feature: String,
        /// The group.
        group: u32,
        /// Two of its labels.
        labels: (u32, u32),
    },
    /// A group holds stimuli of several strata.
    #[error(
        "group {group} has stimuli of stratum {} and of stratum {}; labels are permuted among whole groups of one stratum",
        strata.0, strata.1
    )]
    MixedStrata {
        /// The group.
        group: u32,
        /// Two of its strata.
        strata: (u32, u32),
    },
    /// No stratum holds groups of different labels.
    #[error(
        "feature {feature}: all training groups of a stratum have one class, so within strata there is nothing to permute; choose other strata, or decode the feature without them"
    )]
    NothingToPermute {
        /// The feature.
        feature: String,
    },
    /// A property to decode is NaN or infinite.
    #[error("property {property} is {value} at stimulus {row}; ridge probes need finite numbers")]
    Property {
        /// The property.
        property: String,
        /// The stimulus.
        row: usize,
        /// What was found there.
        value: f64,
    },
    /// The period of a property is no length.
    #[error("property {property} has the period {period}; give a positive finite number, or none")]
    Period {
        /// The property.
        property: String,
        /// The period found.
        period: f64,
    },
    /// A property has one value only, so there is nothing to decode.
    #[error(
        "property {property} is {value} throughout the training rows; there is nothing to decode"
    )]
    OneNumber {
        /// The property.
        property: String,
        /// Its value.
        value: f64,
    },
    /// The factorization of a matrix did not succeed.
    #[error("layer {layer}: {source}")]
    Factorization {
        /// The layer's name.
        layer: String,
        /// What failed.
        source: layerprobe_linalg::EigenError,
    },
    /// linfa-logistic gave up.
    #[error("linfa-logistic: {0}")]
    LinfaLogistic(#[from] linfa_logistic::error::Error),
    /// linfa refused its input.
    #[error("linfa: {0}")]
    Linfa(#[from] linfa::Error),
}
