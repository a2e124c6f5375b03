//! A set as a folder of PNG files with its labels and splits.
//!
//! ```text
//! images/triangle_solid_red_0.png         the stimuli, under the authors' names
//! labels.csv                              a row a stimulus: labels and properties
//! twins/color/triangle_solid_red_0_to_blue.png
//! twins/color.csv                         a row a twin: which stimulus, from what to what
//! splits/version-0.csv                    a row a stimulus: in which lists it is
//! splits/version-0-held-out.csv           the held-out values
//! ```
//!
//! Every file is written beside its place and then renamed, so that a file
//! under its own name is whole. Images are drawn and encoded in parallel; the
//! bytes do not depend on the number of threads.

mod images;
mod place;
mod tables;

use std::path::Path;

pub use tables::labels;

use crate::splits::{HoldOuts, Split};
use crate::{GeneratorError, StimulusSet};

/// One version of the hold-outs and the split that follows from it.
#[derive(Clone, Copy, Debug)]
pub struct SplitVersion<'a> {
    /// The version's number.
    pub version: u32,
    /// The values held out.
    pub hold_outs: &'a HoldOuts,
    /// The stimuli by use.
    pub split: &'a Split,
}

/// Writes stimuli into `dir`: their images, `labels.csv` and, for each version
/// given, the split files, of which only the chosen stimuli are listed.
///
/// `progress` is called after each image, from whatever thread wrote it.
/// Folders are made as needed, files of the same name replaced.
///
/// # Errors
/// If a folder or file cannot be written.
///
/// # Panics
/// If the set has no stimulus of such an index.
///
/// ```no_run
/// use layerprobe_generators::{StimulusSet, TrifeatureParams, files};
/// use layerprobe_streams::StreamKey;
///
/// let set = TrifeatureParams::default().check(StreamKey::from_seed(0))?;
/// let first: Vec<usize> = (0..100).collect();
/// files::write(&set, &first, &[], "stimuli".as_ref(), &|| ())?;
/// files::write_twins(&set, &first, 2, "stimuli".as_ref(), &|| ())?;
/// # Ok::<(), layerprobe_generators::GeneratorError>(())
/// ```
pub fn write(
    set: &dyn StimulusSet,
    stimuli: &[usize],
    splits: &[SplitVersion<'_>],
    dir: &Path,
    progress: &(dyn Fn() + Sync),
) -> Result<(), GeneratorError> {
    images::write(set, stimuli, &dir.join("images"), progress)?;
    place::write(&dir.join("labels.csv"), &tables::labels(set, stimuli)?)?;
    let splits_dir = dir.join("splits");
    for split in splits {
        let name = format!("version-{}", split.version);
        let lists = tables::split(set, stimuli, split.split)?;
        place::write(&splits_dir.join(format!("{name}.csv")), &lists)?;
        let held_out = tables::held_out(split.hold_outs)?;
        place::write(&splits_dir.join(format!("{name}-held-out.csv")), &held_out)?;
    }
    Ok(())
}

/// Writes for each stimulus a twin which differs in `feature` alone, with a
/// value drawn by [`StimulusSet::twin_value`], and the table of twins.
///
/// # Errors
/// If the feature does not exist, or a folder or file cannot be written.
///
/// # Panics
/// If the set has no stimulus of such an index.
pub fn write_twins(
    set: &dyn StimulusSet,
    stimuli: &[usize],
    feature: usize,
    dir: &Path,
    progress: &(dyn Fn() + Sync),
) -> Result<(), GeneratorError> {
    let features = set.features();
    let name = match features.get(feature) {
        Some(feature) => feature.name,
        None => {
            return Err(GeneratorError::UnknownFeature {
                feature,
                features: features.len(),
            });
        }
    };
    let twins = dir.join("twins");
    images::write_twins(set, stimuli, feature, &twins.join(name), progress)?;
    let table = tables::twins(set, stimuli, feature)?;
    place::write(&twins.join(format!("{name}.csv")), &table)
}

/// The file name, without extension, of a stimulus's twin.
fn twin_stem(set: &dyn StimulusSet, index: usize, feature: usize) -> String {
    let value = &set.features()[feature].values[set.twin_value(index, feature)];
    format!("{}_to_{value}", set.stem(index))
}
