//! Drawings as lists of shapes, and their way onto plotters' backends.
//!
//! A figure is first a plain list of shapes in logical pixels (1/96 inch on
//! a page), so that its layout can be tested; then plotters draws it, once as
//! SVG and once into a pixel buffer. Both use the same grid of [`GRID`] dots
//! a pixel, because plotters' coordinates are whole numbers.

mod marker;
mod png;
mod shape;
mod svg;
mod text;

pub(crate) use marker::Marker;
pub(crate) use png::png;
#[cfg(test)]
pub(crate) use shape::Shape;
pub(crate) use shape::{Color, Drawing, Point};
pub(crate) use svg::{FONT_FACE, Svg, svg};
pub(crate) use text::{Horizontal, Text, fitted, text_width, wrapped};

/// Grid dots a logical pixel.
const GRID: u32 = 4;

/// The size of a drawing in grid dots.
fn grid_size(drawing: &Drawing) -> (u32, u32) {
    let dots = |length: f64| (length.max(1.0) * f64::from(GRID)).round() as u32;
    (dots(drawing.width), dots(drawing.height))
}

/// A point on the grid.
fn on_grid((x, y): Point) -> (i32, i32) {
    let dot = |v: f64| (v * f64::from(GRID)).round() as i32;
    (dot(x), dot(y))
}
