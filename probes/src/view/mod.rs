//! Views: what of a layer a probe is shown.

mod forecast;
mod project;

use std::fmt;
use std::str::FromStr;

use layerprobe_streams::StreamKey;
use ndarray::{Array2, ArrayView2};

use crate::source::Source;
use crate::standardize::{Standardized, Standardizer};
use crate::{ActivationBlocks, ProbeError, Scaling};

/// What of a layer is probed. Layers run from tens of thousands of dimensions
/// to a hundred: a statement about depth can also be made at equal numbers.
///
/// ```
/// use layerprobe_probes::View;
///
/// let view: View = "pca:64".parse()?;
/// assert_eq!((view, view.to_string()), (View::Pca(64), "pca:64".to_owned()));
/// assert!("pca:0".parse::<View>().is_err());
/// # Ok::<(), layerprobe_probes::UnknownView>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// All dimensions.
    #[default]
    Full,
    /// The mean of each channel of a convolutional layer over its pixels.
    Gap,
    /// The first so many principal components of the scaled training rows.
    Pca(usize),
    /// So many Gaussian random combinations of the scaled dimensions, of
    /// variance 1 / number each.
    RandomProjection(usize),
}

/// A text that names no view.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no view: there are full, gap, pca:K and rp:K, with K at least 1")]
pub struct UnknownView(pub String);

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("full"),
            Self::Gap => f.write_str("gap"),
            Self::Pca(count) => write!(f, "pca:{count}"),
            Self::RandomProjection(count) => write!(f, "rp:{count}"),
        }
    }
}

impl FromStr for View {
    type Err = UnknownView;

    fn from_str(text: &str) -> Result<Self, UnknownView> {
        let unknown = || UnknownView(text.to_owned());
        let count = |text: &str| match text.parse() {
            Ok(count @ 1..) => Ok(count),
            _ => Err(unknown()),
        };
        match text.split_once(':') {
            None if text == "full" => Ok(Self::Full),
            None if text == "gap" => Ok(Self::Gap),
            Some(("pca", text)) => count(text).map(Self::Pca),
            Some(("rp", text)) => count(text).map(Self::RandomProjection),
            _ => Err(unknown()),
        }
    }
}

/// A layer as a view shows it.
#[derive(Clone, Debug, PartialEq)]
pub enum Viewed {
    /// As it is.
    Whole,
    /// Other dimensions.
    Shown {
        /// Stimuli x dimensions; vectors, whatever the layer was.
        values: Array2<f32>,
        /// How they are to be scaled: components and projections are of scaled
        /// dimensions already.
        scaling: Scaling,
    },
}

impl View {
    /// Whether there is such a view of a layer with these channels: a vector has
    /// no pixels to average over.
    pub fn applies(self, channels: Option<usize>) -> bool {
        self != Self::Gap || channels.is_some()
    }

    /// Shows a layer (activations flattened as channel, row, column); what is
    /// fitted is fitted to the rows `train`. A layer with no more dimensions
    /// than components or projections is left whole.
    ///
    /// Principal components are exact: eigenvectors of the training rows' Gram
    /// matrix, or of their covariance where there are fewer dimensions. Each
    /// has its largest loading positive; those whose variance is below 1e-7 of
    /// the first's are rounding, and left out.
    ///
    /// A projection draws dimension `i`'s numbers from `key`'s stream `i`.
    ///
    /// # Errors
    /// If the activations are not finite, do not divide into channels, or a
    /// layer without channels is to be averaged.
    ///
    /// # Panics
    /// If a row of `train` does not exist.
    pub fn show(
        self,
        layer: &str,
        activations: ArrayView2<'_, f32>,
        channels: Option<usize>,
        train: &[usize],
        scaling: Scaling,
        key: StreamKey,
    ) -> Result<Viewed, ProbeError> {
        let owned = activations.as_standard_layout();
        let (rows, source) = (owned.nrows(), Source::from(owned.view()));
        self.of_source((layer, rows), source, channels, train, scaling, key)
    }

    /// [`View::show`] of activations that are read block by block: the same
    /// numbers, bit for bit.
    ///
    /// # Errors
    /// As [`View::show`].
    ///
    /// # Panics
    /// If a row of `train` does not exist.
    pub fn show_streamed(
        self,
        layer: &str,
        activations: &dyn ActivationBlocks,
        channels: Option<usize>,
        train: &[usize],
        scaling: Scaling,
        key: StreamKey,
    ) -> Result<Viewed, ProbeError> {
        let (rows, source) = (activations.shape().0, Source::Blocks(activations));
        self.of_source((layer, rows), source, channels, train, scaling, key)
    }

    /// Dimensions that there are of a layer with so many; none where it is left
    /// whole.
    fn dims(self, dims: usize, channels: Option<usize>) -> Option<usize> {
        match self {
            Self::Full => None,
            Self::Gap => Some(channels.unwrap_or(0)),
            Self::Pca(count) | Self::RandomProjection(count) => Some(count).filter(|c| *c < dims),
        }
    }

    fn of_source(
        self,
        (layer, rows): (&str, usize),
        source: Source<'_>,
        channels: Option<usize>,
        train: &[usize],
        scaling: Scaling,
        key: StreamKey,
    ) -> Result<Viewed, ProbeError> {
        let dims = source.dims();
        let Some(count) = self.dims(dims, channels) else {
            return Ok(Viewed::Whole);
        };
        if self == Self::Gap {
            if count == 0 || !dims.is_multiple_of(count) {
                return Err(ProbeError::Channels {
                    layer: layer.to_owned(),
                    dims,
                    channels: count,
                });
            }
            let means = project::channel_means(source, rows, count);
            return Ok(Viewed::Shown {
                values: as_array(means, rows, count),
                scaling,
            });
        }
        let scale = Standardizer::fit(layer, source, train, scaling, channels)?;
        let data = Standardized {
            layer,
            source,
            scale: &scale,
        };
        let (weights, count) = match self {
            Self::Pca(_) => project::components(&data, train, count)?,
            _ => (project::random(&scale, count, key), count),
        };
        if scale.width() == 0 || count == 0 {
            return Ok(Viewed::Whole);
        }
        let all: Vec<usize> = (0..rows).collect();
        let shown = data.project(&all, &weights, count);
        Ok(Viewed::Shown {
            values: as_array(shown, rows, count),
            scaling: Scaling::None,
        })
    }
}

fn as_array(values: Vec<f64>, rows: usize, cols: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, cols), |(row, col)| values[row * cols + col] as f32)
}
