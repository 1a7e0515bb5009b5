//! A rectangle of a picture, as people write it.

use crate::{LabError, Result};
use calotype_image::Rect;
use std::fmt;
use std::str::FromStr;

/// A rectangle in pixels, written `WIDTHxHEIGHT+X+Y`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Region {
    /// Left edge.
    pub x: usize,
    /// Top edge.
    pub y: usize,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

impl Region {
    /// The rectangle, once it is known to lie inside a picture of `size` and to hold a pixel.
    ///
    /// # Errors
    /// [`LabError::Outside`].
    pub fn inside(self, name: &str, size: (usize, usize)) -> Result<Rect> {
        let fits = |at: usize, n: usize, size: usize| n > 0 && at.checked_add(n).is_some_and(|end| end <= size);
        if fits(self.x, self.width, size.0) && fits(self.y, self.height, size.1) {
            return Ok(Rect { x: self.x, y: self.y, width: self.width, height: self.height });
        }
        Err(LabError::Outside { region: self.to_string(), name: name.into(), width: size.0, height: size.1 })
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}+{}+{}", self.width, self.height, self.x, self.y)
    }
}

impl FromStr for Region {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("'{text}' is no region: write WIDTHxHEIGHT+X+Y, like 200x100+640+480");
        let (width, rest) = text.split_once('x').ok_or_else(wrong)?;
        let mut numbers = vec![width];
        numbers.extend(rest.split('+'));
        let numbers: Vec<usize> = numbers.iter().filter_map(|n| n.parse().ok()).collect();
        match (numbers[..].len() == rest.split('+').count() + 1, &numbers[..]) {
            (true, &[width, height, x, y]) if width > 0 && height > 0 => Ok(Self { x, y, width, height }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_read_as_written() {
        let r = Region { x: 3, y: 4, width: 20, height: 10 };
        assert_eq!("20x10+3+4".parse(), Ok(r));
        assert_eq!(r.to_string().parse(), Ok(r));
        for wrong in ["", "20x10", "20x10+3", "20x10+3+", "0x4+1+1", "20x10+3+4+5", "axb+1+1"] {
            assert!(wrong.parse::<Region>().is_err(), "{wrong}");
        }
        assert!(r.inside("a", (23, 14)).is_ok());
        assert!(r.inside("a", (22, 14)).is_err());
        assert!(Region { x: usize::MAX, ..r }.inside("a", (22, 14)).is_err());
    }
}
