use layerprobe_streams::StreamKey;

use super::NavonParams;
use super::params::TextureAngle;

/// The largest turn to either side, in degrees.
const LARGEST_ANGLE: f64 = 45.0;
/// How much further from the middle each exemplar is: 8 px in 224.
const RADIUS_STEP: f64 = 8.0 / 224.0;

/// Where the large letter is and how both letters are turned.
#[derive(Clone, Copy, Debug)]
pub struct Placing {
    /// The middle of the large letter, in pixels from the image's corner.
    pub center: [f64; 2],
    /// Of the large letter, in degrees counterclockwise.
    pub shape_angle: f64,
    /// Of the small letters in the image, in degrees counterclockwise.
    pub texture_angle: f64,
}

/// The streams from which placings are drawn, one for each property.
#[derive(Clone, Copy, Debug)]
pub struct PlacingKeys {
    direction: StreamKey,
    shape_angle: StreamKey,
    texture_angle: StreamKey,
}

impl PlacingKeys {
    pub fn new(key: StreamKey) -> Self {
        Self {
            direction: key.derive("direction"),
            shape_angle: key.derive("shape_angle"),
            texture_angle: key.derive("texture_angle"),
        }
    }

    /// Draw number `draw`, for exemplar `exemplar`: in a uniform direction from
    /// the image's middle at a radius of its own, both angles uniform.
    pub fn draw(&self, draw: u64, exemplar: usize, params: &NavonParams) -> Placing {
        let size = params.image_size as f64;
        let radius = RADIUS_STEP * (exemplar + 1) as f64 * size;
        let direction = self.direction.at(draw).uniform_in(0.0, 360.0).to_radians();
        let angle = |key: StreamKey| key.at(draw).uniform_in(-LARGEST_ANGLE, LARGEST_ANGLE);
        let shape_angle = angle(self.shape_angle);
        let drawn = angle(self.texture_angle);
        Placing {
            center: [
                size / 2.0 + radius * direction.cos(),
                size / 2.0 + radius * direction.sin(),
            ],
            shape_angle,
            texture_angle: match params.texture_angle {
                TextureAngle::Relative => shape_angle + drawn,
                TextureAngle::Absolute => drawn,
            },
        }
    }
}
