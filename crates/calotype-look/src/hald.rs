//! HaldCLUT pictures: cubes of colours as squares (E. Torger's layout: red fastest, row by row).

use crate::{Lattice, LookError};

impl Lattice {
    /// Level of the HaldCLUT that holds this cube: its size is the square of a level. `None` for other sizes.
    pub fn hald_level(&self) -> Option<usize> {
        (2..=12).find(|level| level * level == self.size())
    }

    /// The samples of a HaldCLUT, 16 bits, interleaved red, green, blue, row by row, and the side of the square; `None`
    /// where the size is not 4, 9, 16, 25 … 144.
    pub fn to_hald(&self) -> Option<(usize, Vec<u16>)> {
        let side = self.hald_level()?.pow(3);
        let code = |v: &f32| (v.clamp(0.0, 1.0) * 65535.0).round() as u16;
        Some((side, self.points().iter().flatten().map(code).collect()))
    }

    /// Reads the samples of a HaldCLUT, interleaved red, green, blue with values 0 to 1.
    ///
    /// # Errors
    /// [`LookError::Hald`] where the picture is no square of a side of 8, 27, 64 … 1728 pixels.
    pub fn from_hald(width: usize, height: usize, samples: &[f32]) -> Result<Self, LookError> {
        let bad = || LookError::Hald { width, height };
        let level = (2..=12).find(|level: &usize| level.pow(3) == width && width == height).ok_or_else(bad)?;
        let points = samples.as_chunks::<3>().0.to_vec();
        Self::new(level * level, points).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_come_back_and_other_pictures_are_refused() {
        let cube = Lattice::sample(9, |[g, b], reds, row| {
            reds.iter().zip(row).for_each(|(r, out)| *out = [*r as f32, g as f32, b as f32]);
        });
        let (side, samples) = cube.to_hald().unwrap();
        assert_eq!((side, samples.len()), (27, 27 * 27 * 3));
        assert_eq!(samples[3], 65535 / 8 + 1, "red runs fastest");
        let values: Vec<f32> = samples.iter().map(|v| f32::from(*v) / 65535.0).collect();
        let again = Lattice::from_hald(27, 27, &values).unwrap();
        assert!(again.points().iter().zip(cube.points()).all(|(a, b)| (0..3).all(|c| (a[c] - b[c]).abs() < 1e-4)));
        assert!(Lattice::from_hald(27, 28, &values).is_err() && Lattice::from_hald(8, 8, &values[..9]).is_err());
    }
}
