/// A turn of the image plane, x to the right and y down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rotation {
    pub cos: f64,
    pub sin: f64,
}

impl Rotation {
    /// By `degrees`, counterclockwise as one looks at the image.
    pub fn degrees(degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Self { cos, sin }
    }

    /// From the object's coordinates to the image's.
    pub fn apply(self, [u, v]: [f64; 2]) -> [f64; 2] {
        [u * self.cos + v * self.sin, v * self.cos - u * self.sin]
    }

    /// From the image's coordinates to the object's.
    pub fn invert(self, [x, y]: [f64; 2]) -> [f64; 2] {
        [x * self.cos - y * self.sin, x * self.sin + y * self.cos]
    }

    /// Half the side of the upright square that holds a turned square whose
    /// half side is `half`.
    pub fn half_extent(self, half: f64) -> f64 {
        half * (self.cos.abs() + self.sin.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positive_angles_turn_counterclockwise() {
        let [x, y] = Rotation::degrees(90.0).apply([1.0, 0.0]);
        assert!(x.abs() < 1e-12 && (y + 1.0).abs() < 1e-12, "({x}, {y})");
    }

    #[test]
    fn invert_undoes_apply() {
        let rotation = Rotation::degrees(-31.0);
        let [u, v] = rotation.invert(rotation.apply([3.0, -7.0]));
        assert!((u - 3.0).abs() < 1e-12 && (v + 7.0).abs() < 1e-12);
    }

    #[test]
    fn a_square_is_widest_at_45_degrees() {
        let half = Rotation::degrees(45.0).half_extent(1.0);
        assert!((half - 2f64.sqrt()).abs() < 1e-12);
    }
}
