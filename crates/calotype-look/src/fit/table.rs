//! A look's numbers for somebody's table of colours.

use super::metric::lab;
use super::{FitError, FitOptions, Fitted, Form, HeldOut, Sample, fit};
use crate::residual::{decode, encode};
use crate::{Lattice, Look, OutputSpace, PointTransform};
use calotype_color::lab::delta_e_2000;
use calotype_image::par;

/// Codes of the table that the look is fitted to, and others that it is judged by.
const SEEN: u32 = 3000;
const UNSEEN: u32 = 1500;
/// Codes that the neutral rendition misses by more than this, no light reaches.
const REACHED: f64 = 4e-3;

/// A look fitted to a table, and how it does on codes it has not seen.
#[derive(Clone, Debug)]
pub struct TableFit {
    /// The look.
    pub fitted: Fitted,
    /// Numbers and table against the original, on 1500 codes between those fitted to.
    pub unseen: HeldOut,
    /// The same without the fitted table: what the numbers alone say.
    pub numbers_unseen: HeldOut,
}

/// Fits a look to a table that takes sRGB codes of finished pictures in the neutral rendition and gives sRGB codes.
///
/// Half of the codes lie anywhere in the cube, half near its greys, where pictures live. `look import` of the same table is
/// exact and opaque; this is a look with numbers to tune, and a small table for what they do not say.
///
/// # Errors
/// As [`fit`].
pub fn fit_table(table: &Lattice) -> Result<TableFit, FitError> {
    let neutral = PointTransform::new(&Look::default(), OutputSpace::Srgb, 0.0);
    let samples = |from: u32, count: u32| -> Vec<Sample> {
        let one = |i: usize| {
            let code = code(from + i as u32);
            let scene = neutral.invert(code.map(decode), None);
            let again = neutral.apply(scene).map(encode);
            let reached = (0..3).all(|c| (again[c] - code[c]).abs() < REACHED);
            reached.then(|| Sample::new(scene, table.at(code).map(|v| decode(v.clamp(0.0, 1.0)))))
        };
        par::map(count as usize, one).into_iter().flatten().collect()
    };
    let options = FitOptions { form: Form::Readable, lattice: 33, falloff: false };
    let fitted = fit(&samples(1, SEEN), &options)?;
    let unseen = samples(1_000_000, UNSEEN);
    let judge = |look: &Look| {
        let transform = PointTransform::new(look, OutputSpace::Srgb, 0.0);
        let one = |i: usize| delta_e_2000(lab(transform.apply(unseen[i].scene)), lab(unseen[i].display));
        HeldOut::of(&par::map(unseen.len(), one))
    };
    let plain = Look { residual: None, ..fitted.look.clone() };
    Ok(TableFit { unseen: judge(&fitted.look), numbers_unseen: judge(&plain), fitted })
}

/// Code `i`: places of a low-discrepancy sequence (M. Roberts' R3), every second drawn towards grey.
fn code(i: u32) -> [f64; 3] {
    let place = [0.819_172_513, 0.671_043_607, 0.549_700_478].map(|k: f64| (0.5 + k * f64::from(i)).fract());
    let grey = place.iter().sum::<f64>() / 3.0;
    // the mean of three falls short of black and white
    let wide = (0.5 + 1.6 * (grey - 0.5)).clamp(0.02, 0.98);
    if i.is_multiple_of(2) { place } else { place.map(|v| (wide + 0.35 * (v - grey)).clamp(0.0, 1.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TableInput;

    #[test]
    fn a_table_of_a_look_is_that_look() {
        let look = Look::builtin("slide").unwrap();
        let table = look.table(TableInput::Srgb, OutputSpace::Srgb, 33).lattice;
        let found = fit_table(&table).unwrap();
        assert!(found.unseen.mean < 0.4 && found.fitted.neutral.mean > 3.0, "{:?}", found.unseen);
        let (a, b) = (crate::measure(&found.fitted.look), crate::measure(&look));
        assert!((a.slope - b.slope).abs() < 0.08, "{} {}", a.slope, b.slope);
    }
}
