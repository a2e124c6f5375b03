//! Safe matrix products and factorizations.
//!
//! A thin layer over [`gemm`] and [`faer`]: strides are checked once, when a
//! view is made, and the order of summation depends on shapes alone, never on
//! the number of threads.
//!
//! ```
//! use layerprobe_linalg::{MatMut, MatRef, Threads, matmul};
//!
//! let a = [1.0, 2.0, 3.0, 4.0];
//! let b = [1.0, 0.0, 0.0, 1.0];
//! let mut c = [0.0; 4];
//! matmul(
//!     MatMut::row_major(&mut c, 2, 2),
//!     0.0,
//!     MatRef::row_major(&a, 2, 2).t(),
//!     MatRef::row_major(&b, 2, 2),
//!     1.0,
//!     Threads::One,
//! );
//! assert_eq!(c, [1.0, 3.0, 2.0, 4.0]);
//! ```

mod cholesky;
mod eigen;
mod gram;
mod inverse_factor;
mod large_cholesky;
mod panels;
mod principal;
mod product;
mod self_product;
mod subspace;
mod view;

pub use cholesky::Cholesky;
pub use eigen::{Eigen, EigenError, symmetric_eigen};
pub use gram::{GramAccumulator, apart};
pub use inverse_factor::InverseFactor;
pub use large_cholesky::LargeCholesky;
pub use panels::{LeadingPanels, Panels};
pub use principal::principal_eigen;
pub use product::{Element, Threads, matmul};
pub use self_product::self_product;
pub use subspace::{LeadingEigen, leading_eigen};
pub use view::{MatMut, MatRef};
