//! What a layer's probes are given: its data, and what to decode from it.

use ndarray::ArrayView2;

use crate::ActivationBlocks;

/// The activations of one layer: a row a stimulus.
#[derive(Clone, Copy, Debug)]
pub struct LayerData<'a> {
    /// Stimuli x dimensions.
    pub activations: ArrayView2<'a, f32>,
    /// The group (the combination of feature values) of each stimulus.
    pub groups: &'a [u32],
    /// Which training rows choose the penalty.
    pub selection: Selection<'a>,
    /// Channels of a convolutional layer, its activations flattened as channel,
    /// row, column; none for vectors. Only [`crate::Scaling::Channel`] asks.
    pub channels: Option<usize>,
}

/// A layer that is not in memory as a whole; the fields are those of
/// [`LayerData`].
#[derive(Clone, Copy)]
pub struct StreamedLayer<'a> {
    /// The activations.
    pub activations: &'a dyn ActivationBlocks,
    /// The group of each stimulus.
    pub groups: &'a [u32],
    /// Which training rows choose the penalty.
    pub selection: Selection<'a>,
    /// Channels of a convolutional layer.
    pub channels: Option<usize>,
}

/// What is known of a layer's stimuli beside its activations.
#[derive(Clone, Copy)]
pub(crate) struct Stimuli<'a> {
    pub groups: &'a [u32],
    pub selection: Selection<'a>,
    pub channels: Option<usize>,
}

impl<'a> From<&LayerData<'a>> for Stimuli<'a> {
    fn from(data: &LayerData<'a>) -> Self {
        Self {
            groups: data.groups,
            selection: data.selection,
            channels: data.channels,
        }
    }
}

impl<'a> From<&StreamedLayer<'a>> for Stimuli<'a> {
    fn from(data: &StreamedLayer<'a>) -> Self {
        Self {
            groups: data.groups,
            selection: data.selection,
            channels: data.channels,
        }
    }
}

/// Which training rows choose the penalty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection<'a> {
    /// Whole groups, a share of [`crate::ProbeParams::selection_fraction`],
    /// balanced over the classes of all features.
    Drawn,
    /// These, some of the training rows.
    Rows(&'a [usize]),
}

/// One feature to decode.
#[derive(Clone, Copy, Debug)]
pub struct ProbeTask<'a> {
    /// The feature's name.
    pub feature: &'a str,
    /// Number of classes; labels run from 0 to one less.
    pub classes: usize,
    /// One label a stimulus, read only for rows of the training and test set.
    pub labels: &'a [u32],
    /// The rows this feature is tested on.
    pub test: &'a [usize],
}

/// A continuous property to decode: a position, an angle, a phase.
#[derive(Clone, Copy, Debug)]
pub struct RidgeTask<'a> {
    /// The property's name.
    pub property: &'a str,
    /// Its value for each stimulus, read only for rows of the training and
    /// test set.
    pub values: &'a [f64],
    /// After how much it repeats, for a phase: its sine and cosine are decoded
    /// then, and judged together.
    pub period: Option<f64>,
    /// The rows it is tested on.
    pub test: &'a [usize],
}
