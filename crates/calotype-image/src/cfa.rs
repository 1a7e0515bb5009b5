//! Colour filter arrays.

/// The colour of one filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CfaColor {
    /// Long wavelengths.
    Red = 0,
    /// Middle wavelengths.
    Green = 1,
    /// Short wavelengths.
    Blue = 2,
}

/// A 2x2 colour filter array: the colours at (0,0), (1,0), (0,1), (1,1) as (x, y).
///
/// A sensor without filters is [`Cfa::MONO`], "green" everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cfa(pub [CfaColor; 4]);

impl Cfa {
    /// Red first.
    pub const RGGB: Self = Self([CfaColor::Red, CfaColor::Green, CfaColor::Green, CfaColor::Blue]);
    /// Blue first.
    pub const BGGR: Self = Self([CfaColor::Blue, CfaColor::Green, CfaColor::Green, CfaColor::Red]);
    /// Green first, red beside it.
    pub const GRBG: Self = Self([CfaColor::Green, CfaColor::Red, CfaColor::Blue, CfaColor::Green]);
    /// Green first, blue beside it.
    pub const GBRG: Self = Self([CfaColor::Green, CfaColor::Blue, CfaColor::Red, CfaColor::Green]);
    /// No colour filters; by convention every sample is green.
    pub const MONO: Self = Self([CfaColor::Green; 4]);

    /// The colour of the pixel at (x, y).
    #[inline(always)]
    pub fn color_at(self, x: usize, y: usize) -> CfaColor {
        self.0[(y & 1) * 2 + (x & 1)]
    }

    /// The pattern seen from a picture that starts `dx`, `dy` pixels further.
    pub fn shifted(self, dx: usize, dy: usize) -> Self {
        Self([0, 1, 2, 3].map(|i| self.color_at((i & 1) + dx, (i >> 1) + dy)))
    }

    /// True for the four orders of a Bayer array: two greens on a diagonal, one red, one blue.
    pub fn is_bayer(self) -> bool {
        [Self::RGGB, Self::BGGR, Self::GRBG, Self::GBRG].contains(&self)
    }

    /// True for a sensor without filters.
    pub fn is_mono(self) -> bool {
        self == Self::MONO
    }

    /// The place (x, y) of red in the 2x2 cell of a Bayer array.
    pub fn red_at(self) -> (usize, usize) {
        let i = self.0.iter().position(|&c| c == CfaColor::Red).unwrap_or(0);
        (i & 1, i >> 1)
    }
}

impl std::fmt::Display for Cfa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_mono() {
            return f.write_str("mono");
        }
        self.0.iter().try_for_each(|c| write!(f, "{}", ["R", "G", "B"][*c as usize]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifting_by_one_swaps_columns() {
        assert_eq!(Cfa::RGGB.shifted(1, 0), Cfa::GRBG);
        assert_eq!(Cfa::RGGB.shifted(0, 1), Cfa::GBRG);
        assert_eq!(Cfa::RGGB.shifted(3, 5), Cfa::BGGR);
        assert_eq!(Cfa::GBRG.to_string(), "GBRG");
        assert_eq!(Cfa::BGGR.red_at(), (1, 1));
    }
}
