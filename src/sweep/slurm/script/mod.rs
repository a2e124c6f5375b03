//! Batch scripts: a site's template, and what is filled in.

mod arrays;
mod quote;
mod site;
mod values;

pub use arrays::{Wishes, scripts};
pub use quote::shell;
pub use site::{Site, USUAL_SITE};
pub use values::{Bare, Slot, Values};
