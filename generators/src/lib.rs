//! Controlled stimuli for asking what a network represents: images in which
//! every feature is known, and can be changed alone.
//!
//! * [`Trifeature`]: a shape, a texture and a color, ten of each.
//! * [`Navon`]: a large letter made of small ones.
//! * [`binary`]: 32 bits with an easy and a hard feature.
//! * [`splits`]: values held out of training, in five versions.
//! * [`correlation`]: sets in which one feature predicts another.
//! * [`files`] and [`sheet`]: folders of PNG files, and one sheet to look at.
//!
//! The stimuli are those of Hermann & Lampinen 2020, "What shapes feature
//! representations?", redrawn as geometry, so that they can have any size. A
//! stimulus depends on its set's sizes, the key and its index alone.
//!
//! ```
//! use layerprobe_generators::splits::{HoldOuts, Split};
//! use layerprobe_generators::{StimulusSet, TrifeatureParams};
//! use layerprobe_streams::StreamKey;
//!
//! let key = StreamKey::from_seed(0);
//! let set = TrifeatureParams::default().check(key.derive("data/render"))?;
//! let hold_outs = HoldOuts::draw(set.features(), 3, 0, None, key.derive("data/split"))?;
//! let split = Split::of(&set, &hold_outs)?;
//!
//! let mut rgb = vec![0; 3 * set.image_size() * set.image_size()];
//! let index = split.train[0];
//! set.render_into(index, &mut rgb);
//! // The same object, place, angles and noise in another color:
//! set.render_twin_into(index, 2, set.twin_value(index, 2), &mut rgb);
//! # Ok::<(), layerprobe_generators::GeneratorError>(())
//! ```

pub mod binary;
pub mod correlation;
mod error;
pub mod files;
mod font;
mod matching;
mod navon;
mod raster;
pub mod sheet;
pub mod splits;
mod stimulus;
mod trifeature;

pub use error::GeneratorError;
pub use navon::{Navon, NavonParams, TextureAngle};
pub use stimulus::{Feature, StimulusSet};
pub use trifeature::{Trifeature, TrifeatureParams};
