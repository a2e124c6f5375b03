//! Trifeature: 10 shapes x 10 textures x 10 colors (Hermann & Lampinen 2020,
//! section 3 and appendix B).

mod cells;
mod colors;
mod ink;
mod lattice;
mod params;
mod pose;
mod set;
mod shapes;
mod textures;

pub use params::TrifeatureParams;
pub use set::Trifeature;
