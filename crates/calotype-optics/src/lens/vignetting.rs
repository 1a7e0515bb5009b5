//! Vignetting factors: the part of the pupil that a field point's light fills.

/// An ellipse in the pupil, in units of the pupil's radius. A place (x, y) of the unit circle becomes
/// (decentre_x + x (1 - compression_x), decentre_y + y (1 - compression_y)), then turned about the pupil's middle by the angle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vignetting {
    /// Decentre along x and y (VDX, VDY).
    pub decentre: [f64; 2],
    /// Compression along x and y (VCX, VCY): 0 for none, 1 for a pupil that is closed.
    pub compression: [f64; 2],
    /// Angle in degrees, positive from x towards y (VAN).
    pub angle_deg: f64,
}

impl Vignetting {
    /// The place in the pupil of a place in the unit circle.
    pub fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let x = self.decentre[0] + x * (1.0 - self.compression[0]);
        let y = self.decentre[1] + y * (1.0 - self.compression[1]);
        if self.angle_deg == 0.0 {
            return [x, y];
        }
        let (sin, cos) = self.angle_deg.to_radians().sin_cos();
        [x * cos - y * sin, x * sin + y * cos]
    }

    /// True for the whole pupil.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// That of the field point on the other side of the axis.
    pub(crate) fn opposite(&self) -> Self {
        Self { decentre: self.decentre.map(|v| -v), ..*self }
    }

    /// True for an ellipse that is its own mirror image in the yz plane.
    pub(crate) fn is_even(&self) -> bool {
        self.decentre[0] == 0.0 && self.angle_deg == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_circle_becomes_the_ellipse() {
        let v = Vignetting { decentre: [0.1, -0.2], compression: [0.5, 0.25], angle_deg: 0.0 };
        assert_eq!((v.place([0.0, 1.0]), v.place([1.0, 0.0])), ([0.1, 0.55], [0.6, -0.2]));
        // a quarter turn brings x to y, and the decentre with it
        let turned = Vignetting { angle_deg: 90.0, ..v }.place([1.0, 0.0]);
        assert!((turned[0] - 0.2).abs() < 1e-15 && (turned[1] - 0.6).abs() < 1e-15, "{turned:?}");
        assert!(Vignetting::default().is_none() && !v.is_none() && !v.is_even());
    }
}
