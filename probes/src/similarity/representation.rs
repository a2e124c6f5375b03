use ndarray::ArrayView2;

use super::inner_products::InnerProducts;
use super::kernel::{Kernel, KernelSums, hsic};
use super::rsa::{Moments, Ranked, pearsons, spearman, spearmans};
use super::weights::Weights;
use super::{Distance, MIN_RESAMPLED, Rdm, Resamples, SimilarityError, intervals};

/// A measure of how alike two representations are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Pearson's correlation of the RDMs' upper triangles.
    RsaPearson,
    /// Spearman's, equal distances sharing their mean rank.
    RsaSpearman,
    /// Linear CKA with the biased estimator of HSIC: `HSIC(K, L) / sqrt(HSIC(K,
    /// K) HSIC(L, L))`, from 0 to 1, too high where dimensions outnumber
    /// stimuli.
    Cka,
    /// Linear CKA with the unbiased estimator of HSIC: around 0 for unrelated
    /// representations, also below it.
    CkaDebiased,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::RsaPearson,
        Self::RsaSpearman,
        Self::Cka,
        Self::CkaDebiased,
    ];

    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RsaPearson => "rsa_pearson",
            Self::RsaSpearman => "rsa_spearman",
            Self::Cka => "cka",
            Self::CkaDebiased => "cka_debiased",
        }
    }
}

/// One side of a comparison: what is needed of a layer's activations, which
/// may then be let go.
///
/// Needs, for `n` stimuli, `4 n^2` bytes for Pearson's correlation, about
/// `7 n^2` for both correlations and `4 n^2` more for CKA; while it is made,
/// `8 n^2` and 256 columns of the activations in f64.
#[derive(Debug)]
pub struct Representation<'a> {
    name: String,
    stimuli: usize,
    dims: usize,
    resamples: &'a Resamples,
    pearson: Option<(Rdm, Moments, Moments)>,
    ranked: Option<Ranked>,
    kernel: Option<Centered>,
}

/// A kernel with its sums and its HSIC with itself.
#[derive(Debug)]
struct Centered {
    kernel: Kernel,
    sample: OwnSums,
    resampled: OwnSums,
}

#[derive(Debug)]
struct OwnSums {
    sums: KernelSums,
    biased: Vec<f64>,
    unbiased: Vec<f64>,
}

impl OwnSums {
    fn of(kernel: &Kernel, weights: &Weights) -> Self {
        let sums = kernel.sums(weights);
        let own = hsic((kernel, &sums), (kernel, &sums), weights);
        Self {
            sums,
            biased: own.biased,
            unbiased: own.unbiased,
        }
    }
}

impl<'a> Representation<'a> {
    /// Prepares a layer's activations, a row a stimulus, for these metrics.
    /// `name` appears in errors.
    ///
    /// # Errors
    /// With too few stimuli ([`MIN_STIMULI`](super::MIN_STIMULI), or
    /// [`MIN_RESAMPLED`] if there are resamples), another number of stimuli
    /// than are resampled, a number that is not finite, a stimulus whose
    /// activations are all the same (for [`Distance::Correlation`]), or stimuli
    /// that are all the same.
    pub fn new(
        name: &str,
        activations: ArrayView2<'_, f32>,
        metrics: &[Metric],
        distance: Distance,
        resamples: &'a Resamples,
    ) -> Result<Self, SimilarityError> {
        let products = InnerProducts::of(name, activations)?;
        let stimuli = products.n();
        if stimuli != resamples.stimuli() {
            return Err(SimilarityError::Counts {
                a: name.to_owned(),
                n_a: stimuli,
                b: "the resampling".to_owned(),
                n_b: resamples.stimuli(),
            });
        }
        if resamples.count() > 0 && stimuli < MIN_RESAMPLED {
            return Err(SimilarityError::TooFew {
                name: name.to_owned(),
                found: stimuli,
                needed: MIN_RESAMPLED,
                what: "an interval over stimuli",
            });
        }
        let nothing_varies = |metric: Metric| SimilarityError::NothingVaries {
            name: name.to_owned(),
            metric: metric.as_str(),
        };
        let wanted = |metric: Metric| metrics.contains(&metric);
        let (mut pearson, mut ranked) = (None, None);
        if wanted(Metric::RsaPearson) || wanted(Metric::RsaSpearman) {
            let rdm = Rdm::of_products(name, &products, distance)?;
            if rdm.is_constant() {
                return Err(nothing_varies(Metric::RsaPearson));
            }
            if wanted(Metric::RsaSpearman) {
                ranked = Some(Ranked::of(&rdm, resamples.weights()));
            }
            if wanted(Metric::RsaPearson) {
                let of = |weights| Moments::of(&rdm.entries, weights);
                let (sample, resampled) = (of(resamples.sample()), of(resamples.weights()));
                pearson = Some((rdm, sample, resampled));
            }
        }
        let dims = products.dims;
        let kernel = match wanted(Metric::Cka) || wanted(Metric::CkaDebiased) {
            false => None,
            true => {
                let kernel = Kernel::of(products).ok_or_else(|| nothing_varies(Metric::Cka))?;
                Some(Centered {
                    sample: OwnSums::of(&kernel, resamples.sample()),
                    resampled: OwnSums::of(&kernel, resamples.weights()),
                    kernel,
                })
            }
        };
        Ok(Self {
            name: name.to_owned(),
            stimuli,
            dims,
            resamples,
            pearson,
            ranked,
            kernel,
        })
    }

    /// The name given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of stimuli.
    pub fn stimuli(&self) -> usize {
        self.stimuli
    }

    /// The number of dimensions.
    pub fn dims(&self) -> usize {
        self.dims
    }
}

/// How alike two representations are.
#[derive(Clone, Debug, PartialEq)]
pub struct Similarity {
    /// By which measure.
    pub metric: Metric,
    /// The measure of the sample itself.
    pub value: f64,
    /// The measure in each resample of the stimuli: resample `r` is the same
    /// for all that share their [`Resamples`].
    pub resampled: Vec<f64>,
}

impl Similarity {
    /// The 95 % interval over stimuli: the 2.5 % and 97.5 % quantiles of the
    /// resamples; none without resamples.
    pub fn interval(&self) -> Option<(f64, f64)> {
        intervals::percentiles(&self.resampled)
    }
}

/// Compares two representations of the same stimuli.
///
/// A representation is exactly 1 like itself.
///
/// ```
/// use layerprobe_probes::similarity::{
///     Distance, Metric, Representation, Resamples, similarity,
/// };
/// use layerprobe_streams::StreamKey;
/// use ndarray::Array2;
///
/// let mut stream = StreamKey::from_seed(0).at(0);
/// let early = Array2::from_shape_simple_fn((40, 12), || stream.normal() as f32);
/// let late = early.mapv(|x| x.max(0.0));
///
/// let resamples = Resamples::draw(40, 200, StreamKey::from_seed(1));
/// let of = |name, layer: &Array2<f32>| {
///     Representation::new(name, layer.view(), &Metric::ALL, Distance::Correlation, &resamples)
/// };
/// let (early, late) = (of("conv1", &early)?, of("relu1", &late)?);
/// let found = similarity(Metric::CkaDebiased, &early, &late)?;
/// let (lower, upper) = found.interval().unwrap();
/// assert!(0.5 < lower && lower < found.value && found.value < upper && upper < 1.0);
/// assert_eq!(similarity(Metric::RsaSpearman, &early, &early)?.value, 1.0);
/// # Ok::<(), layerprobe_probes::similarity::SimilarityError>(())
/// ```
///
/// # Errors
/// If one side was not made for the metric, or it is undefined in a resample.
///
/// # Panics
/// If the two sides were made with different resamples.
pub fn similarity(
    metric: Metric,
    a: &Representation<'_>,
    b: &Representation<'_>,
) -> Result<Similarity, SimilarityError> {
    assert!(
        std::ptr::eq(a.resamples, b.resamples),
        "{} and {} have different resamples",
        a.name,
        b.name
    );
    let resamples = a.resamples;
    let not_prepared = |side: &Representation<'_>| SimilarityError::NotPrepared {
        name: side.name.clone(),
        metric: metric.as_str(),
    };
    let (value, resampled) = match metric {
        Metric::RsaPearson => {
            let of_a = a.pearson.as_ref().ok_or_else(|| not_prepared(a))?;
            let of_b = b.pearson.as_ref().ok_or_else(|| not_prepared(b))?;
            let (entries_a, entries_b) = (&of_a.0.entries, &of_b.0.entries);
            let (sample, weights) = (resamples.sample(), resamples.weights());
            let value = pearsons((entries_a, &of_a.1), (entries_b, &of_b.1), sample);
            let resampled = pearsons((entries_a, &of_a.2), (entries_b, &of_b.2), weights);
            (value.first().copied(), resampled)
        }
        Metric::RsaSpearman => {
            let of_a = a.ranked.as_ref().ok_or_else(|| not_prepared(a))?;
            let of_b = b.ranked.as_ref().ok_or_else(|| not_prepared(b))?;
            (
                spearman(of_a, of_b),
                spearmans(of_a, of_b, resamples.weights()),
            )
        }
        Metric::Cka | Metric::CkaDebiased => {
            let of_a = a.kernel.as_ref().ok_or_else(|| not_prepared(a))?;
            let of_b = b.kernel.as_ref().ok_or_else(|| not_prepared(b))?;
            let of = |own: fn(&Centered) -> &OwnSums, weights| {
                let kernels = (&of_a.kernel, &of_b.kernel);
                alignment(metric, kernels, (own(of_a), own(of_b)), weights)
            };
            let value = of(|side| &side.sample, resamples.sample());
            let resampled = of(|side| &side.resampled, resamples.weights());
            (value.first().copied(), resampled)
        }
    };
    let value =
        value
            .filter(|value| value.is_finite())
            .ok_or_else(|| SimilarityError::NothingVaries {
                name: format!("{} or {}", a.name, b.name),
                metric: metric.as_str(),
            })?;
    match resampled.iter().position(|value| !value.is_finite()) {
        None => Ok(Similarity {
            metric,
            value,
            resampled,
        }),
        Some(resample) => Err(SimilarityError::UndefinedResample {
            a: a.name.clone(),
            b: b.name.clone(),
            metric: metric.as_str(),
            resample,
        }),
    }
}

/// CKA in each resample; NaN where a kernel's HSIC with itself is not above 0.
fn alignment(
    metric: Metric,
    (k, l): (&Kernel, &Kernel),
    (of_k, of_l): (&OwnSums, &OwnSums),
    weights: &Weights,
) -> Vec<f64> {
    let both = hsic((k, &of_k.sums), (l, &of_l.sums), weights);
    let (both, own_k, own_l) = match metric {
        Metric::CkaDebiased => (both.unbiased, &of_k.unbiased, &of_l.unbiased),
        _ => (both.biased, &of_k.biased, &of_l.biased),
    };
    let terms = both.iter().zip(own_k.iter().zip(own_l));
    terms
        .map(|(both, (&k, &l))| match k > 0.0 && l > 0.0 {
            true => both / (k * l).sqrt(),
            false => f64::NAN,
        })
        .collect()
}
