use layerprobe_streams::StreamKey;

use crate::raster::Rotation;

/// The largest turn to either side, in degrees (Hermann & Lampinen 2020,
/// appendix B).
pub const LARGEST_ANGLE: f64 = 45.0;

/// Where an object is and how it is turned.
#[derive(Clone, Copy, Debug)]
pub struct Pose {
    /// The middle of the object's box, in pixels from the image's corner.
    pub center: [f64; 2],
    /// Of the shape, in degrees counterclockwise.
    pub shape_angle: f64,
    /// Of the texture in the image, in degrees counterclockwise.
    pub texture_angle: f64,
    /// Of the texture at the object's middle, in periods.
    pub phase: [f64; 2],
}

/// The streams from which poses are drawn, one for each property.
#[derive(Clone, Copy, Debug)]
pub struct PoseKeys {
    position: StreamKey,
    shape_angle: StreamKey,
    texture_angle: StreamKey,
    phase: StreamKey,
}

impl PoseKeys {
    pub fn new(key: StreamKey) -> Self {
        Self {
            position: key.derive("position"),
            shape_angle: key.derive("shape_angle"),
            texture_angle: key.derive("texture_angle"),
            phase: key.derive("phase"),
        }
    }

    /// Draw number `draw` for a box of side `object_size` in an image of side
    /// `image_size`: angles and phases uniform, the position uniform among
    /// those which keep the whole turned box in the image.
    pub fn draw(&self, draw: u64, image_size: usize, object_size: usize) -> Pose {
        let angle = |key: StreamKey| key.at(draw).uniform_in(-LARGEST_ANGLE, LARGEST_ANGLE);
        let shape_angle = angle(self.shape_angle);
        let margin = Rotation::degrees(shape_angle).half_extent(object_size as f64 / 2.0);
        let mut position = self.position.at(draw);
        let mut phase = self.phase.at(draw);
        Pose {
            center: [(); 2].map(|()| position.uniform_in(margin, image_size as f64 - margin)),
            shape_angle,
            texture_angle: angle(self.texture_angle),
            phase: [(); 2].map(|()| phase.uniform()),
        }
    }
}
