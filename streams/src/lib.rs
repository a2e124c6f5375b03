//! Named, seeded random streams.
//!
//! Every random draw of the toolkit comes from a stream that has a name and an
//! index. A stream's key is derived with blake3 from the master seed and the
//! names on the way to it; its numbers are ChaCha8's, with the index as the
//! cipher's stream number. So the numbers do not depend on who asks first, on
//! the number of threads, or on which other streams exist.
//!
//! ```
//! use layerprobe_streams::StreamKey;
//!
//! let render = StreamKey::from_seed(0).derive("data/render");
//! let mut angle = render.derive("shape_angle").at(17);
//! let first = angle.uniform();
//! assert_eq!(first, render.derive("shape_angle").at(17).uniform());
//! assert!((0.0..1.0).contains(&first));
//! ```

mod key;
mod stream;

pub use key::StreamKey;
pub use stream::Stream;
