//! Exact area coverage of polygons, and turning the plane.

mod coverage;
mod rotation;

pub(crate) use coverage::Coverage;
pub(crate) use rotation::Rotation;

/// A closed polygon; the last point is joined to the first.
pub(crate) type Polygon = Vec<[f64; 2]>;
