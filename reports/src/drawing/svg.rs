use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plotters::element::{Circle, PathElement, Polygon};
use plotters::prelude::{IntoDrawingArea, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color as _, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle,
};

use super::shape::{Color, Drawing, Shape};
use super::text::{CAPITAL, FAMILY, FONT_BYTES, Horizontal, Text, X_HEIGHT};
use super::{GRID, grid_size, on_grid};

/// The CSS that carries the font: plotters' SVG has only the family's name.
pub(crate) static FONT_FACE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "@font-face{{font-family:\"{FAMILY}\";src:url(data:font/ttf;base64,{}) format(\"truetype\")}}",
        STANDARD.encode(FONT_BYTES)
    )
});

/// plotters divides the sizes of text by this before it writes them.
const PLOTTERS_EM: f64 = 1.24;

/// A drawing as SVG.
pub(crate) struct Svg {
    text: String,
    /// Where the root element's content begins.
    content: usize,
}

impl Svg {
    /// For a page that has [`FONT_FACE`] in its style.
    pub(crate) fn inline(&self) -> &str {
        &self.text
    }

    /// For a file of its own, with the font inside.
    pub(crate) fn standalone(&self) -> String {
        let (root, content) = self.text.split_at(self.content);
        format!("{root}<style>{}</style>\n{content}", *FONT_FACE)
    }
}

/// Draws as SVG.
///
/// # Errors
/// What plotters says; writing into memory, it has no reason to.
pub(crate) fn svg(drawing: &Drawing) -> Result<Svg, String> {
    let mut drawn = String::new();
    {
        let area = SVGBackend::with_string(&mut drawn, grid_size(drawing)).into_drawing_area();
        for shape in &drawing.shapes {
            match shape {
                Shape::Line {
                    points,
                    color,
                    width,
                } => {
                    let points: Vec<_> = points.iter().copied().map(on_grid).collect();
                    area.draw(&PathElement::new(points, stroke(*color, *width)))
                }
                Shape::Area {
                    points,
                    color,
                    opacity,
                } => {
                    let points: Vec<_> = points.iter().copied().map(on_grid).collect();
                    area.draw(&Polygon::new(points, rgb(*color).mix(*opacity)))
                }
                Shape::Disc {
                    center,
                    radius,
                    color,
                } => {
                    let radius = (radius * f64::from(GRID)).round() as u32;
                    area.draw(&Circle::new(on_grid(*center), radius, rgb(*color).filled()))
                }
                Shape::Text(text) => draw_text(text, |content, style, at| {
                    area.draw_text(content, style, at)
                }),
            }
            .map_err(|e| e.to_string())?;
        }
        area.present().map_err(|e| e.to_string())?;
    }
    Ok(with_own_root(&drawn, drawing))
}

/// Puts the root element that a figure needs in the place of plotters': the
/// size in logical pixels, round line ends, a description.
fn with_own_root(drawn: &str, drawing: &Drawing) -> Svg {
    let content = drawn.split_once('>').map_or("", |(_, content)| content);
    let (width, height) = (drawing.width, drawing.height);
    let (columns, rows) = grid_size(drawing);
    let description = escaped(&drawing.description);
    let root = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {columns} {rows}\" stroke-linejoin=\"round\" role=\"img\" \
         aria-label=\"{description}\">\n\
         <rect width=\"{columns}\" height=\"{rows}\" fill=\"#FFFFFF\"/>"
    );
    Svg {
        text: format!("{root}{content}"),
        content: root.find('\n').map_or(0, |end| end + 1),
    }
}

fn rgb(color: Color) -> RGBColor {
    RGBColor(color.0, color.1, color.2)
}

fn stroke(color: Color, width: f64) -> ShapeStyle {
    let dots = (width * f64::from(GRID)).round().max(1.0) as u32;
    rgb(color).stroke_width(dots)
}

/// Hands a text to plotters. SVG's vertical center lies half an x above the
/// baseline, ours half a capital.
fn draw_text<E>(
    text: &Text,
    draw: impl FnOnce(&str, &TextStyle, (i32, i32)) -> Result<(), E>,
) -> Result<(), E> {
    let drop = 0.5 * (CAPITAL - X_HEIGHT) * text.size;
    let (x, y) = text.at;
    let (at, transform) = if text.turned {
        ((x + drop, y), FontTransform::Rotate270)
    } else {
        ((x, y + drop), FontTransform::None)
    };
    let horizontal = match text.horizontal {
        Horizontal::Left => HPos::Left,
        Horizontal::Center => HPos::Center,
        Horizontal::Right => HPos::Right,
    };
    let size = text.size * f64::from(GRID) * PLOTTERS_EM;
    let font = FontDesc::new(FontFamily::Name(FAMILY), size, FontStyle::Normal);
    let color = rgb(text.color);
    let style = TextStyle::from(font.transform(transform))
        .color(&color)
        .pos(Pos::new(horizontal, VPos::Center));
    draw(&text.content, &style, on_grid(at))
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '&' => "&amp;".to_owned(),
            '"' => "&quot;".to_owned(),
            c if c.is_control() => "\u{fffd}".to_owned(),
            c => c.to_string(),
        })
        .collect()
}
