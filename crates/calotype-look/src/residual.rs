//! What numbers do not say: a table of colours laid over the finished rendition.

use crate::{Lattice, Look, OutputSpace};
use calotype_color::matrix::transform;
use calotype_color::{Matrix3, RgbSpace};
use std::sync::Arc;

/// A table of colours laid over a look's rendition.
///
/// The table takes sRGB codes and gives sRGB codes; where it gives what it takes, nothing changes. Colours outside sRGB, and
/// lights beyond white on displays that show them, change as the nearest code inside does.
#[derive(Clone, Debug, PartialEq)]
pub struct Residual {
    /// Name of the `.cube` file that holds the table, beside the look's own.
    pub file: String,
    /// How much of it, 0 to 2.
    pub amount: f64,
    /// The table.
    pub lattice: Arc<Lattice>,
}

impl Look {
    /// A look that makes of pictures what a table for finished sRGB pictures makes of them: the neutral rendition with the
    /// table laid over it. `file` is the name its `.cube` file will have beside the look's.
    pub fn from_table(lattice: Lattice, file: &str) -> Self {
        let residual = Residual { file: file.to_owned(), amount: 1.0, lattice: Arc::new(lattice) };
        Self { residual: Some(residual), ..Self::default() }
    }
}

/// A residual made ready for the primaries of an output.
#[derive(Clone, Debug)]
pub(crate) struct ResidualStep {
    pub residual: Residual,
    /// The output's primaries to Rec.709's, and back.
    pub to: Matrix3,
    pub back: Matrix3,
}

impl ResidualStep {
    pub fn new(look: &Look, output: OutputSpace) -> Option<Self> {
        let residual = look.residual.clone().filter(|r| r.amount > 0.0)?;
        let space = output.space();
        Some(Self { residual, to: space.to_space(RgbSpace::Rec709), back: RgbSpace::Rec709.to_space(space) })
    }

    /// Display-linear light in the output's primaries, not yet held within its range.
    pub fn apply(&self, display: [f64; 3]) -> [f64; 3] {
        let code = transform(&self.to, display).map(encode);
        let inside = code.map(|v| v.clamp(0.0, 1.0));
        let table = self.residual.lattice.at(inside);
        let changed = [0, 1, 2].map(|c| code[c] + self.residual.amount * (table[c] - inside[c]));
        transform(&self.back, changed.map(decode))
    }
}

/// The sRGB curve (IEC 61966-2-1), odd about zero.
pub(crate) fn encode(v: f64) -> f64 {
    let a = v.abs();
    (if a <= 0.003_130_8 { 12.92 * a } else { 1.055 * a.powf(1.0 / 2.4) - 0.055 }).copysign(v)
}

/// Its inverse.
pub(crate) fn decode(v: f64) -> f64 {
    let a = v.abs();
    (if a <= 0.040_45 { a / 12.92 } else { ((a + 0.055) / 1.055).powf(2.4) }).copysign(v)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PointTransform, TableInput};
    use calotype_color::lab::{delta_e_2000, xyz_to_lab_d65};

    #[test]
    fn a_table_that_changes_nothing_is_the_neutral_rendition() {
        let same = Lattice::sample(9, |[g, b], reds, row| {
            reds.iter().zip(row).for_each(|(r, out)| *out = [*r, g, b].map(|v| v as f32));
        });
        let look = Look::from_table(same, "same.cube");
        for output in [OutputSpace::Srgb, OutputSpace::DisplayP3] {
            let (a, b) = (PointTransform::new(&look, output, 2.0), PointTransform::new(&Look::default(), output, 2.0));
            for scene in [[0.18; 3], [0.9, 0.1, 0.02], [0.0, 0.3, 0.9], [20.0, 9.0, 3.0], [0.0; 3]] {
                let (a, b) = (a.apply(scene), b.apply(scene));
                assert!((0..3).all(|c| (a[c] - b[c]).abs() < 1e-6), "{scene:?}: {a:?} {b:?}");
            }
        }
    }

    /// A look goes out as a table for finished pictures and comes back as a look: what both make of a scene is the same.
    #[test]
    fn tables_come_back_as_the_look_they_were() {
        let look = Look::builtin("print-warm").unwrap();
        let table = look.table(TableInput::Srgb, OutputSpace::Srgb, 33);
        let again = Look::from_table(table.lattice, "print-warm.cube");
        let at = |look: &Look| PointTransform::new(look, OutputSpace::Srgb, 0.0);
        let (a, b) = (at(&look), at(&again));
        let lab = |v: [f64; 3]| xyz_to_lab_d65(transform(&RgbSpace::Rec709.to_xyz(), v));
        let mut sum = 0.0;
        for i in 0..300 {
            let [r, g, b2] = [7, 11, 13].map(|k| 0.02 + f64::from(i * k % 97) / 160.0);
            let grey = (r + g + b2) / 3.0;
            let scene = [r, g, b2].map(|v| 0.5 * (v + grey));
            sum += delta_e_2000(lab(a.apply(scene)), lab(b.apply(scene)));
        }
        assert!(sum / 300.0 < 0.5, "{}", sum / 300.0);
    }

    #[test]
    fn rows_follow_the_definition_and_strength_fades_it_out() {
        let table = Look::builtin("slide").unwrap().table(TableInput::Srgb, OutputSpace::Srgb, 9);
        let look = Look::from_table(table.lattice, "slide.cube");
        assert_eq!(look.at_strength(0.5).residual.unwrap().amount, 0.5);
        let ready = look.compile(OutputSpace::DisplayP3, 1.0);
        let scene = [[0.18, 0.18, 0.18], [0.5, 0.2, 0.1], [0.02, 0.04, 0.3], [3.0, 2.0, 1.0]];
        let mut rows = [0, 1, 2].map(|c| scene.iter().map(|v| v[c] as f32).collect::<Vec<f32>>());
        let [r, g, b] = &mut rows;
        ready.apply_rows(r, g, b);
        for (i, scene) in scene.into_iter().enumerate() {
            let exact = ready.exact().apply(scene);
            assert!((0..3).all(|c| (f64::from(rows[c][i]) - exact[c]).abs() < 2e-3), "{scene:?}");
        }
        let none = look.compile(OutputSpace::Srgb, 0.0).exact().apply([0.5, 0.2, 0.1]);
        assert_eq!(none, PointTransform::new(&Look::default(), OutputSpace::Srgb, 0.0).apply([0.5, 0.2, 0.1]));
    }

    #[test]
    fn files_name_their_table_and_readers_bring_it() {
        let table = Look::default().table(TableInput::Log2, OutputSpace::Srgb, 3).lattice;
        let mut look = Look::from_table(table.clone(), "mine.cube");
        look.meta.name = "mine".into();
        let text = look.to_toml();
        let again = Look::from_toml_with(&text, &|file| {
            assert_eq!(file, "mine.cube");
            Ok(table.clone())
        });
        assert_eq!(again.unwrap(), look);
        let alone = Look::from_toml(&text).unwrap_err().to_string();
        assert!(alone.contains("`residual.file`") && alone.contains("mine.cube"), "{alone}");
        let bad = Look::from_toml(&text.replace("mine.cube", "../mine.cube")).unwrap_err().to_string();
        assert!(bad.contains("name of a .cube file"), "{bad}");
        // between looks
        let between = look.blend(&Look::builtin("natural").unwrap(), &crate::BlendShares::even(0.25));
        assert_eq!(between.residual.unwrap().amount, 0.75);
    }
}
