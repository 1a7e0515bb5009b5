//! Where a picture is shown.

use calotype_color::RgbSpace;

/// The primaries of a display or file; white is D65 in all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OutputSpace {
    /// sRGB.
    #[default]
    Srgb,
    /// Display P3.
    DisplayP3,
    /// Rec.2020: wider than any display, so next to nothing is compressed.
    Rec2020,
}

impl OutputSpace {
    /// The colour space of the display-linear numbers.
    pub const fn space(self) -> RgbSpace {
        match self {
            Self::Srgb => RgbSpace::Rec709,
            Self::DisplayP3 => RgbSpace::DisplayP3,
            Self::Rec2020 => RgbSpace::Rec2020,
        }
    }
}
