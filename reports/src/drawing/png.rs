use ab_glyph::{Font, Glyph, GlyphId, PxScale, point};
use image::ImageEncoder;
use image::codecs::png::PngEncoder;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::element::{Circle, Polygon};
use plotters::prelude::{BitMapBackend, IntoDrawingArea};
use plotters::style::{Color as _, RGBColor, WHITE};

use super::shape::{Color, Drawing, Point, Shape};
use super::text::{FONT, Text};
use super::{GRID, grid_size, on_grid};

/// Pixels of the image a logical pixel; each is the mean of the grid dots in
/// it, which smooths edges that plotters draws without.
const PIXELS: u32 = 2;

type Canvas<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// Draws at twice the size and encodes as PNG.
///
/// # Errors
/// What plotters or the encoder say; writing into memory, they have no
/// reason to.
pub(crate) fn png(drawing: &Drawing) -> Result<Vec<u8>, String> {
    let (columns, rows) = grid_size(drawing);
    let mut dots = vec![0; 3 * columns as usize * rows as usize];
    {
        let area = BitMapBackend::with_buffer(&mut dots, (columns, rows)).into_drawing_area();
        area.fill(&WHITE).map_err(|e| e.to_string())?;
        for shape in &drawing.shapes {
            draw(&area, shape)?;
        }
        area.present().map_err(|e| e.to_string())?;
    }
    let factor = GRID / PIXELS;
    let (width, height) = (columns / factor, rows / factor);
    let pixels = shrunk(&dots, columns as usize, (width as usize, height as usize));
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(&pixels, width, height, image::ExtendedColorType::Rgb8)
        .map_err(|e| e.to_string())?;
    Ok(bytes)
}

/// The mean of each square of grid dots.
fn shrunk(dots: &[u8], columns: usize, (width, height): (usize, usize)) -> Vec<u8> {
    let factor = (GRID / PIXELS) as usize;
    let mut pixels = Vec::with_capacity(3 * width * height);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let mut sum = 0usize;
                for dy in 0..factor {
                    for dx in 0..factor {
                        let dot = (y * factor + dy) * columns + x * factor + dx;
                        sum += usize::from(dots[3 * dot + channel]);
                    }
                }
                let count = factor * factor;
                pixels.push(((sum + count / 2) / count) as u8);
            }
        }
    }
    pixels
}

fn draw(area: &Canvas<'_>, shape: &Shape) -> Result<(), String> {
    match shape {
        Shape::Line {
            points,
            color,
            width,
        } => line(area, points, *color, *width),
        Shape::Area {
            points,
            color,
            opacity,
        } => polygon(area, points, *color, *opacity),
        Shape::Disc {
            center,
            radius,
            color,
        } => disc(area, *center, *radius, *color),
        Shape::Text(text) => text_pixels(area, text),
    }
}

fn rgb(color: Color) -> RGBColor {
    RGBColor(color.0, color.1, color.2)
}

fn polygon(area: &Canvas<'_>, points: &[Point], color: Color, opacity: f64) -> Result<(), String> {
    let points: Vec<_> = points.iter().copied().map(on_grid).collect();
    area.draw(&Polygon::new(points, rgb(color).mix(opacity)))
        .map_err(|e| e.to_string())
}

fn disc(area: &Canvas<'_>, center: Point, radius: f64, color: Color) -> Result<(), String> {
    let radius = (radius * f64::from(GRID)).round() as u32;
    area.draw(&Circle::new(on_grid(center), radius, rgb(color).filled()))
        .map_err(|e| e.to_string())
}

/// A line as a rectangle for each part with discs at the joints: plotters'
/// own thick lines grow spikes at sharp corners.
fn line(area: &Canvas<'_>, points: &[Point], color: Color, width: f64) -> Result<(), String> {
    for pair in points.windows(2) {
        let &[(x0, y0), (x1, y1)] = pair else {
            continue;
        };
        let length = (x1 - x0).hypot(y1 - y0);
        if length > 0.0 {
            let half = 0.5 * width / length;
            let (dx, dy) = ((y1 - y0) * half, (x0 - x1) * half);
            let corners = [
                (x0 + dx, y0 + dy),
                (x1 + dx, y1 + dy),
                (x1 - dx, y1 - dy),
                (x0 - dx, y0 - dy),
            ];
            polygon(area, &corners, color, 1.0)?;
        }
    }
    let joints = points.get(1..points.len() - 1).unwrap_or_default();
    for &joint in joints {
        disc(area, joint, 0.5 * width, color)?;
    }
    Ok(())
}

/// Text at the same place and size as in SVG: plotters' own takes other
/// sizes and baselines for its two backends.
fn text_pixels(area: &Canvas<'_>, text: &Text) -> Result<(), String> {
    let font = FONT.as_ref().ok_or("the embedded font cannot be read")?;
    let grid = f64::from(GRID);
    let per_em = f64::from(font.units_per_em().unwrap_or(2048.0));
    let em = text.size * grid;
    let scale = PxScale::from((em * f64::from(font.height_unscaled()) / per_em) as f32);
    let (x, y) = on_grid(text.at);
    let (columns, rows) = area.dim_in_pixel();
    let (start, baseline) = text.baseline();
    let mut pen = start * grid;
    let mut previous: Option<GlyphId> = None;
    for c in text.content.chars() {
        let id = font.glyph_id(c);
        if let Some(previous) = previous {
            pen += f64::from(font.kern_unscaled(previous, id)) / per_em * em;
        }
        previous = Some(id);
        let glyph = Glyph {
            id,
            scale,
            position: point(pen as f32, (baseline * grid) as f32),
        };
        pen += f64::from(font.h_advance_unscaled(id)) / per_em * em;
        let Some(outline) = font.outline_glyph(glyph) else {
            continue;
        };
        let corner = outline.px_bounds().min;
        let mut failed = None;
        outline.draw(|gx, gy, coverage| {
            let dx = gx as i32 + corner.x as i32;
            let dy = gy as i32 + corner.y as i32;
            let at = if text.turned {
                (x + dy, y - dx)
            } else {
                (x + dx, y + dy)
            };
            let inside = at.0 >= 0 && at.1 >= 0 && at.0 < columns as i32 && at.1 < rows as i32;
            if inside && coverage > 0.0 {
                let ink = rgb(text.color).mix(f64::from(coverage.min(1.0)));
                if let Err(e) = area.draw_pixel(at, &ink) {
                    failed.get_or_insert(e.to_string());
                }
            }
        });
        if let Some(reason) = failed {
            return Err(reason);
        }
    }
    Ok(())
}
