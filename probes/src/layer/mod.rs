//! One layer: every feature's probes, from activations to outcomes.

mod drawn;
mod fits;
mod nulls;
mod outcome;
mod probes;
mod splits;
mod test_set;

use std::collections::HashMap;

use layerprobe_streams::StreamKey;

use crate::around::{code_lengths, selectivity};
use crate::checks::check_layer;
use crate::cut::Cut;
use crate::form::Form;
use crate::nonlinear::nonlinear;
use crate::ridge::{Targets, ridge_probes};
use crate::source::Source;
use crate::standardize::{Standardized, Standardizer};
use crate::task::Stimuli;
use crate::work::Work;
use crate::{
    CheckedProbeParams, Extras, LayerData, ProbeError, ProbeOutcome, ProbeTask, SplitKind,
    StreamedLayer,
};

use drawn::Drawn;
pub(crate) use nulls::BATCH as PERMUTED;
use nulls::{Asked, permutation_nulls};
pub use outcome::LayerOutcome;
use probes::{Probed, compare_at, probe_cut};
use splits::Withheld;

/// The streams a probe draws from.
#[derive(Clone, Copy, Debug)]
pub struct ProbeKeys {
    /// Chooses the groups that select the penalty.
    pub selection: StreamKey,
    /// Resamples groups for intervals; each feature draws from its own name
    /// below this key.
    pub bootstrap: StreamKey,
}

/// Decodes several features from one layer.
///
/// 1. Dimensions are standardized by the training rows: all of them, those that choose
///    penalties or that further splits withhold among them. Of such rows no label is
///    seen, but their activations count in means and scales.
/// 2. A share of the training groups (combinations), balanced over the
///    classes of all features, is set aside; one probe a penalty is fitted on
///    the rest and judged there. The penalty with the highest accuracy is
///    chosen, the largest of equals.
/// 3. The probe is refitted on all training rows at that penalty and tested
///    once, on the feature's own test rows.
///
/// Each fit minimizes `sum of cross-entropies + penalty / 2 * ||W||^2`,
/// intercept free: multinomial logistic regression as in Hermann & Lampinen
/// 2020, appendix B, but standardized, selected without the test set, and
/// certified. Nothing of the test rows takes part in any choice.
///
/// ```
/// use layerprobe_probes::{LayerData, ProbeKeys, ProbeParams, ProbeTask, Selection, probe_layer};
/// use layerprobe_streams::StreamKey;
/// use ndarray::Array2;
///
/// // 40 groups of 3 stimuli; dimension 0 tells the two classes apart
/// let groups: Vec<u32> = (0..120).map(|row| row / 3).collect();
/// let labels: Vec<u32> = groups.iter().map(|group| group % 2).collect();
/// let mut noise = StreamKey::from_seed(0).at(0);
/// let activations = Array2::from_shape_fn((120, 5), |(row, dim)| {
///     let signal = if dim == 0 { 3.0 * labels[row] as f64 } else { 0.0 };
///     (signal + noise.normal()) as f32
/// });
/// let (train, test): (Vec<usize>, Vec<usize>) = ((0..90).collect(), (90..120).collect());
/// let key = StreamKey::from_seed(0).derive("probe");
/// let outcomes = probe_layer(
///     "fc1",
///     &LayerData { activations: activations.view(), groups: &groups, selection: Selection::Drawn, channels: None },
///     &train,
///     &[ProbeTask { feature: "shape", classes: 2, labels: &labels, test: &test }],
///     &ProbeParams::default().check()?,
///     &ProbeKeys { selection: key.derive("split"), bootstrap: key.derive("bootstrap") },
/// )?;
/// assert!(outcomes[0].accuracy > 0.8);
/// assert!(outcomes[0].certificate.relative_gap() < 1e-6);
/// # Ok::<(), layerprobe_probes::ProbeError>(())
/// ```
///
/// # Errors
/// Activations that are not finite, row lists that are empty, repeated,
/// overlapping or out of range, labels out of range, a feature with one
/// value, a class missing from the training or the selection-training rows,
/// fewer than two groups. All but the first are found before any work starts.
pub fn probe_layer(
    layer: &str,
    data: &LayerData<'_>,
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    params: &CheckedProbeParams,
    keys: &ProbeKeys,
) -> Result<Vec<ProbeOutcome>, ProbeError> {
    let plain = Extras::default();
    Ok(measure_layer(layer, data, train, tasks, params, keys, &plain)?.probes)
}

/// [`probe_layer`] with what [`Extras`] asks for around each number.
///
/// The layer is read once: its Gram matrix (or, where it is narrow, the
/// standardized matrix) is formed for the training rows, and every further
/// split and labeling is solved over it.
///
/// # Errors
/// As [`probe_layer`], and what [`Extras`] says of each of its parts, before any work
/// starts.
pub fn measure_layer(
    layer: &str,
    data: &LayerData<'_>,
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    params: &CheckedProbeParams,
    keys: &ProbeKeys,
    extras: &Extras<'_>,
) -> Result<LayerOutcome, ProbeError> {
    let stimuli = Stimuli::from(data);
    check_layer(layer, data.activations.dim(), &stimuli, train, tasks)?;
    let owned = data.activations.as_standard_layout();
    let source = Source::from(owned.view());
    measure(layer, source, &stimuli, train, tasks, params, keys, extras)
}

/// [`measure_layer`] of activations that are read block by block: the same
/// outcomes, bit for bit.
///
/// One block (a few, where blocks have fewer than 2048 dimensions) is read at
/// a time, and a layer at least as wide as its training set is high is read
/// once for its Gram matrix and a few times more for the weights, their proof
/// and the test. What is in memory at once is told by [`Forecast`](crate::Forecast).
///
/// # Errors
/// As [`measure_layer`].
pub fn measure_streamed(
    layer: &str,
    data: &StreamedLayer<'_>,
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    params: &CheckedProbeParams,
    keys: &ProbeKeys,
    extras: &Extras<'_>,
) -> Result<LayerOutcome, ProbeError> {
    let stimuli = Stimuli::from(data);
    check_layer(layer, data.activations.shape(), &stimuli, train, tasks)?;
    let source = Source::Blocks(data.activations);
    measure(layer, source, &stimuli, train, tasks, params, keys, extras)
}

#[allow(clippy::too_many_arguments)]
fn measure(
    layer: &str,
    source: Source<'_>,
    data: &Stimuli<'_>,
    train: &[usize],
    tasks: &[ProbeTask<'_>],
    params: &CheckedProbeParams,
    keys: &ProbeKeys,
    extras: &Extras<'_>,
) -> Result<LayerOutcome, ProbeError> {
    let cut = Cut::of_layer(data, train, tasks, params, keys.selection)?;
    if !extras.ridge.is_empty() && params.positive_penalties().is_empty() {
        return Err(ProbeError::RidgePenalty);
    }
    let targets = Targets::of(extras.ridge, data.groups.len(), &cut)?;
    let drawn = Drawn::of(data, &cut, train, tasks, params, extras)?;
    let (scaling, channels) = (params.scaling(), data.channels);
    let scale = Standardizer::fit(layer, source, &cut.order, scaling, channels)?;
    let scaled = Standardized {
        layer,
        source,
        scale: &scale,
    };
    let mut tested = union(tasks.iter().map(|task| task.test));
    tested.extend(union(extras.ridge.iter().map(|task| task.test)));
    scaled.check_finite(&tested)?;
    let form = Form::of(&scaled, &cut.order, params.solver());
    let work = Work {
        data: scaled,
        groups: data.groups,
        channels: data.channels,
        params,
        bootstrap: keys.bootstrap,
        log_probabilities: extras.log_probabilities,
    };
    let bits = extras.by_cross_entropy;
    let kind = SplitKind::Given;
    let (mut probes, chosen) = probe_cut(&work, &form, &cut, tasks, kind, bits)?;
    let gather =
        |withheld: &Withheld| form.gather(&places(&cut, &withheld.cut.order), cut.order.len());
    if let Some(withheld) = &drawn.seen_values {
        let (part, own) = (gather(withheld), tested_on(tasks, &withheld.test));
        let kind = SplitKind::SeenValues;
        probes.extend(probe_cut(&work, &part, &withheld.cut, &own, kind, bits)?.0);
    }
    let mut selectivities = Vec::new();
    if let Some(withheld) = &drawn.instance {
        let own = tested_on(tasks, &withheld.test);
        let Probed { outcomes, further } = compare_at(
            &work,
            &gather(withheld),
            &withheld.cut,
            &own,
            SplitKind::Instance,
            &chosen,
            &drawn.controls,
        )?;
        let labelings = drawn.controls.len() / tasks.len().max(1);
        selectivities.extend(
            outcomes
                .iter()
                .zip(further.chunks(labelings.max(1)))
                .map(|(real, controls)| selectivity(real, controls.to_vec())),
        );
        probes.extend(outcomes);
    }
    let codes = match drawn.orders.as_slice() {
        [] => Vec::new(),
        orders => code_lengths(&work, train, tasks, orders)?,
    };
    let asked = Asked {
        permutable: &drawn.permutable,
        chosen: &chosen,
        bits,
    };
    let nulls = match extras.permutations {
        Some(repeats) if repeats.count > 0 => {
            permutation_nulls(&work, &form, &cut, tasks, &asked, repeats)?
        }
        _ => Vec::new(),
    };
    let nonlinear = match extras.nonlinear {
        Some(seeds) if seeds.count > 0 => {
            nonlinear(&scaled, cut.order.split_at(cut.used), tasks, seeds)
        }
        _ => Vec::new(),
    };
    let ridge = match extras.ridge {
        [] => Vec::new(),
        tasks => ridge_probes(&work, &form, &cut, tasks, &targets)?,
    };
    Ok(LayerOutcome {
        ridge,
        probes,
        selectivity: selectivities,
        codes,
        nulls,
        nonlinear,
    })
}

/// The same tasks with other test rows.
fn tested_on<'a>(tasks: &[ProbeTask<'a>], test: &'a [usize]) -> Vec<ProbeTask<'a>> {
    tasks
        .iter()
        .map(|task| ProbeTask { test, ..*task })
        .collect()
}

/// Where rows stand in a cut's order.
fn places(cut: &Cut, rows: &[usize]) -> Vec<usize> {
    let place: HashMap<usize, usize> = cut.order.iter().copied().zip(0..).collect();
    rows.iter()
        .filter_map(|row| place.get(row).copied())
        .collect()
}

/// All rows of the lists, ascending, each once.
fn union<'a>(lists: impl Iterator<Item = &'a [usize]>) -> Vec<usize> {
    let mut rows: Vec<usize> = lists.flatten().copied().collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}
