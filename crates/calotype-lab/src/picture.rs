//! A picture to be measured, in linear light.

use crate::{LabError, Region, Result};
use calotype_color::{RgbSpace, lab};
use calotype_image::{Domain, Plane, Rgb};

/// Linear light, Rec.709 primaries, D65 white at 1. Colours outside Rec.709 are negative, highlights may exceed 1.
#[derive(Clone, Copy, Debug)]
pub struct Linear;

impl Domain for Linear {}

/// A picture to be measured: linear Rec.709, D65, white 1; every sample is finite.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Where it came from, for messages.
    pub name: String,
    /// How its samples were encoded, in words ("sRGB, 8 bit").
    pub encoding: String,
    /// Width and height of the picture that this is a part of: how large it is seen does not change with a crop.
    pub frame: (usize, usize),
    /// The pixels.
    pub rgb: Rgb<Linear>,
}

impl Picture {
    /// A picture of three planes of one size.
    ///
    /// # Errors
    /// [`LabError::NotFinite`] where a sample is not a finite number.
    pub fn new(name: impl Into<String>, encoding: impl Into<String>, planes: [Plane<f32>; 3]) -> Result<Self> {
        let name = name.into();
        for plane in &planes {
            check_finite(&name, plane)?;
        }
        let frame = (planes[0].width(), planes[0].height());
        Ok(Self { name, encoding: encoding.into(), frame, rgb: Rgb::from_planes(planes) })
    }

    /// Name and encoding, with no pixels.
    pub(crate) fn clone_without_pixels(&self) -> Self {
        Self { name: self.name.clone(), encoding: self.encoding.clone(), frame: self.frame, rgb: Rgb::new(0, 0) }
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.rgb.width()
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.rgb.height()
    }

    /// Width and height.
    pub fn size(&self) -> (usize, usize) {
        (self.width(), self.height())
    }

    /// Luminance relative to white: the Y row of Rec.709.
    pub fn luminance(&self) -> Plane<f32> {
        let w = RgbSpace::Rec709.luma().map(|v| v as f32);
        Plane::from_fn(self.width(), self.height(), |x, y| {
            let [r, g, b] = self.rgb.get(x, y);
            w[0] * r + w[1] * g + w[2] * b
        })
    }

    /// Red, green, blue or luminance.
    pub fn channel(&self, channel: Channel) -> Plane<f32> {
        match channel {
            Channel::Luminance => self.luminance(),
            c => self.rgb.planes[c as usize].clone(),
        }
    }

    /// The part inside `region`.
    ///
    /// # Errors
    /// [`LabError::Outside`] where the region leaves the picture or is empty.
    pub fn crop(&self, region: Region) -> Result<Self> {
        let rect = region.inside(&self.name, self.size())?;
        let [r, g, b] = &self.rgb.planes;
        let planes = [r.crop(rect), g.crop(rect), b.crop(rect)];
        Ok(Self { rgb: Rgb::from_planes(planes), ..self.clone_without_pixels() })
    }
}

/// Says where a plane holds what is not a finite number.
pub(crate) fn check_finite(name: &str, plane: &Plane<f32>) -> Result<()> {
    for (y, row) in plane.rows().enumerate() {
        if let Some(x) = row.iter().position(|v| !v.is_finite()) {
            return Err(LabError::NotFinite { name: name.into(), x, y });
        }
    }
    Ok(())
}

/// One of a picture's channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Red.
    Red = 0,
    /// Green.
    Green = 1,
    /// Blue.
    Blue = 2,
    /// Luminance (Y of Rec.709).
    Luminance = 3,
}

impl Channel {
    /// All four, luminance last.
    pub const ALL: [Self; 4] = [Self::Red, Self::Green, Self::Blue, Self::Luminance];

    /// R, G, B or Y.
    pub fn letter(self) -> &'static str {
        ["R", "G", "B", "Y"][self as usize]
    }
}

/// CIELAB (D65) of a linear Rec.709 colour, white 1.
pub fn to_lab(rgb: [f64; 3]) -> [f64; 3] {
    lab::xyz_to_lab_d65(calotype_color::matrix::transform(&REC709_TO_XYZ, rgb))
}

/// Rec.709 to XYZ (IEC 61966-2-1), derived from the primaries to double precision; a test holds it to
/// [`RgbSpace::to_xyz`]. A constant, since it is used for every pixel.
pub(crate) const REC709_TO_XYZ: calotype_color::Matrix3 = [
    [0.41239079926595934, 0.357584339383878, 0.1804807884018343],
    [0.21263900587151027, 0.715168678767756, 0.07219231536073371],
    [0.01933081871559182, 0.11919477979462598, 0.9505321522496607],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_that_of_the_primaries() {
        let m = RgbSpace::Rec709.to_xyz();
        for (a, b) in m.iter().flatten().zip(REC709_TO_XYZ.iter().flatten()) {
            assert!((a - b).abs() < 1e-12, "{m:?}");
        }
        let white = to_lab([1.0; 3]);
        assert!((white[0] - 100.0).abs() < 1e-9 && white[1].abs() < 1e-9 && white[2].abs() < 1e-9);
    }

    #[test]
    fn what_is_no_number_is_found() {
        let mut plane = Plane::filled(3, 2, 0.5f32);
        plane.row_mut(1)[2] = f32::NAN;
        let error = Picture::new("a.exr", "", [plane.clone(), plane.clone(), plane]).unwrap_err();
        assert_eq!(error.to_string(), "the sample at (2, 1) of a.exr is not a finite number");
    }
}
