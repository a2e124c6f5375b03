//! The architectures, each a function that writes down its graph.

mod alexnet;
mod arch;
mod cnn4;
mod design;
mod mlp;
mod resnet;
mod weights;

pub use arch::{Arch, UnknownArch};
pub use design::{Design, Options};
