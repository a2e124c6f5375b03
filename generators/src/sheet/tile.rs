use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

/// Room between tiles, in pixels.
pub const TILE_GAP: u32 = 4;
/// Tiles are at least so wide, by whole enlargement.
const LEAST_SIDE: u32 = 112;
/// And at most so wide, by shrinking.
const MOST_SIDE: u32 = 256;
const FRAME: Rgb<u8> = Rgb([200; 3]);

/// Side of the tile of an image of side `image_size`, with its frame.
pub fn tile_side(image_size: usize) -> u32 {
    let size = (image_size as u32).max(1);
    let side = if size > MOST_SIDE {
        MOST_SIDE
    } else {
        size * LEAST_SIDE.div_ceil(size)
    };
    side + 2
}

/// Puts an image into the sheet as a tile with a thin frame.
pub fn put(sheet: &mut RgbImage, [left, top]: [u32; 2], rgb: &[u8], image_size: usize) {
    let size = image_size as u32;
    let Some(image) = RgbImage::from_raw(size, size, rgb.to_vec()) else {
        return;
    };
    let frame = tile_side(image_size);
    let side = frame - 2;
    let image = if side < size {
        imageops::thumbnail(&image, side, side)
    } else {
        imageops::resize(&image, side, side, FilterType::Nearest)
    };
    let framed = RgbImage::from_pixel(frame, frame, FRAME);
    imageops::replace(sheet, &framed, i64::from(left), i64::from(top));
    imageops::replace(sheet, &image, i64::from(left) + 1, i64::from(top) + 1);
}
