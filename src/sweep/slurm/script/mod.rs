//! Batch scripts: a site's template, and what is filled in.

mod arrays;
mod quote;
mod site;
mod values;
mod wishes;

pub use arrays::scripts;
pub use quote::shell;
pub use site::{Site, USUAL_SITE};
pub use values::{Slot, Values};
pub use wishes::{Bare, Wishes};
