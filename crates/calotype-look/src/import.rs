//! Looks from what other programs make of light: any function from scene light to finished colours.

use crate::export::{InputCodec, encode};
use crate::{Lattice, Look, OutputSpace, PointTransform, TableInput};

/// Points along an axis of the tables of imported looks: more than most tables have, so that little is lost twice.
const SIZE: usize = 49;

impl Look {
    /// A look that makes of scene light what `render` makes of it: the neutral rendition with a table of the difference laid
    /// over it. `render` takes scene-linear Rec.2020 (grey 0.18) and gives sRGB codes; `file` is the name the table's `.cube`
    /// file will have beside the look's.
    pub fn from_rendering(render: impl Fn([f64; 3]) -> [f64; 3] + Sync + Send, file: &str) -> Self {
        let codec = InputCodec::new(TableInput::Srgb);
        let neutral = PointTransform::new(&Self::default(), OutputSpace::Srgb, 0.0);
        let lattice = Lattice::sample(SIZE, |[g, b], reds, row| {
            let mut near = None;
            for (r, out) in reds.iter().zip(row) {
                let scene = codec.scene([*r, g, b], &mut near);
                // Where no light has these codes, the nearest light tells what changes.
                let (here, there) = (neutral.apply(scene).map(encode), render(scene));
                let code = [*r, g, b];
                *out = [0, 1, 2].map(|c| {
                    let v = code[c] + there[c] - here[c];
                    if v.is_finite() { v.clamp(-1.0, 2.0) as f32 } else { code[c] as f32 }
                });
            }
        });
        Self::from_table(lattice, file)
    }

    /// A look of a table for scene light: what goes into it is `input`, what comes out sRGB codes.
    pub fn from_scene_table(lattice: &Lattice, input: TableInput, file: &str) -> Self {
        if input == TableInput::Srgb {
            return Self::from_table(lattice.clone(), file);
        }
        let codec = InputCodec::new(input);
        Self::from_rendering(|scene| lattice.at(codec.code(scene)), file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RoundTrip;
    use crate::export::probe;
    use calotype_color::RgbSpace;
    use calotype_color::lab::{delta_e_2000, xyz_to_lab_d65};
    use calotype_color::matrix::transform;

    /// How far two looks are apart, on the colours by which tables are judged.
    pub(crate) fn apart(a: &Look, b: &Look) -> RoundTrip {
        let [a, b] = [a, b].map(|look| PointTransform::new(look, OutputSpace::Srgb, 0.0));
        let lab = |v: [f64; 3]| xyz_to_lab_d65(transform(&RgbSpace::Rec709.to_xyz(), v));
        RoundTrip::of(|i| delta_e_2000(lab(a.apply(probe(i))), lab(b.apply(probe(i)))))
    }

    #[test]
    fn tables_for_scene_light_come_back_as_looks() {
        for (name, input) in [("slide", TableInput::VLog), ("mono-toned", TableInput::Log2)] {
            let look = Look::builtin(name).unwrap();
            let text = look.table(input, OutputSpace::Srgb, 65).to_cube(name);
            assert_eq!(TableInput::of_cube(&text), Some(input));
            let read = Lattice::from_cube(&text).unwrap();
            let error = apart(&Look::from_scene_table(&read, input, "x.cube"), &look);
            assert!(error.mean < 0.35, "{name}: {error:?}");
        }
        assert_eq!(TableInput::of_cube("# in: something\nLUT_3D_SIZE 2"), None);
    }

    #[test]
    fn a_rendering_without_numbers_is_left_out() {
        let look = Look::from_rendering(|_| [f64::NAN, f64::INFINITY, -9e9], "x.cube");
        let out = PointTransform::new(&look, OutputSpace::Srgb, 0.0).apply([0.2, 0.3, 0.4]);
        assert!(out.iter().all(|v| (0.0..=1.0).contains(v)), "{out:?}");
    }
}
