//! Navon figures: large letters made of small ones (Hermann & Lampinen 2020,
//! section 3; Navon 1977).

mod draws;
mod letters;
mod params;
mod set;

pub use params::{NavonParams, TextureAngle};
pub use set::Navon;
