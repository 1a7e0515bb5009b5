//! The looks that come with the program.

use crate::Look;

/// Name and text of every built-in look, in the order of a menu.
const FILES: &[(&str, &str)] = &[
    ("authentic", include_str!("../../../looks/authentic.toml")),
    ("vibrant", include_str!("../../../looks/vibrant.toml")),
    ("natural", include_str!("../../../looks/natural.toml")),
    ("portrait", include_str!("../../../looks/portrait.toml")),
    ("documentary", include_str!("../../../looks/documentary.toml")),
    ("slide", include_str!("../../../looks/slide.toml")),
    ("print-warm", include_str!("../../../looks/print-warm.toml")),
    ("cine-soft", include_str!("../../../looks/cine-soft.toml")),
    ("night", include_str!("../../../looks/night.toml")),
    ("mono-natural", include_str!("../../../looks/mono-natural.toml")),
    ("mono-high-contrast", include_str!("../../../looks/mono-high-contrast.toml")),
    ("mono-toned", include_str!("../../../looks/mono-toned.toml")),
    ("neutral", include_str!("../../../looks/neutral.toml")),
];

/// The names alone.
const NAMES: &[&str] = &{
    let mut names = [""; FILES.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = FILES[i].0;
        i += 1;
    }
    names
};

impl Look {
    /// A look that comes with the program, by name; `None` where there is none of that name.
    pub fn builtin(name: &str) -> Option<Self> {
        let text = Self::builtin_text(name)?;
        Some(Self::from_toml(text).expect("a test parses every built-in look"))
    }

    /// The file of a built-in look, to start one's own from.
    pub fn builtin_text(name: &str) -> Option<&'static str> {
        FILES.iter().find(|f| f.0 == name).map(|f| f.1)
    }

    /// Names of the built-in looks, in the order of a menu.
    pub const fn builtin_names() -> &'static [&'static str] {
        NAMES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{measure, verify};

    #[test]
    fn every_look_parses_and_is_named_like_its_file() {
        for &name in Look::builtin_names() {
            let look = Look::from_toml(Look::builtin_text(name).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(look.meta.name, name);
            assert!(!look.meta.description.is_empty() && !look.meta.licence.is_empty());
        }
        assert!(Look::builtin("nothing").is_none());
    }

    #[test]
    fn every_look_keeps_its_contract() {
        for &name in Look::builtin_names() {
            let look = Look::builtin(name).unwrap();
            assert!(look.contract.slope.is_some() && look.contract.lstar.len() >= 4, "{name} promises too little");
            let breaches: Vec<String> = verify(&look).iter().map(ToString::to_string).collect();
            assert!(breaches.is_empty(), "{name}: {breaches:#?} {:?}", measure(&look).skin);
        }
    }

    /// Neutrals get the tints the looks are meant to have: a*, b* at stops from grey.
    #[test]
    fn split_tints_are_as_meant() {
        for (name, ev, meant) in [
            ("print-warm", -2.0, [0.3, -2.2]),
            ("print-warm", 2.0, [-0.2, 2.3]),
            ("print-warm", 0.0, [0.0, 0.0]),
            ("cine-soft", -3.0, [-1.0, -1.3]),
            ("cine-soft", 1.0, [0.0, 0.0]),
        ] {
            let look = Look::builtin(name).unwrap();
            let transform = crate::PointTransform::new(&look, crate::OutputSpace::Rec2020, 0.0);
            let out = transform.apply([0.18 * f64::exp2(ev); 3]);
            let xyz = calotype_color::matrix::transform(&calotype_color::RgbSpace::Rec2020.to_xyz(), out);
            let [_, a, b] = calotype_color::lab::xyz_to_lab_d65(xyz);
            assert!((a - meant[0]).abs() < 0.3 && (b - meant[1]).abs() < 0.3, "{name} {ev}: {a} {b}");
        }
    }

    /// Where curves are steep, the two darkest Monk tones are lighter by the lift of skin, and farther apart.
    #[test]
    fn dark_faces_are_lifted() {
        use calotype_color::lab::lightness;
        use calotype_color::{MONK_TONES, RgbSpace, matrix::transform};
        let luminance = |v: [f64; 3]| lightness(transform(&RgbSpace::Rec2020.to_xyz(), v)[1]);
        let scene = |i: usize| {
            let light = MONK_TONES[i].map(|v| crate::residual::decode(f64::from(v) / 255.0));
            transform(&RgbSpace::Rec709.to_space(RgbSpace::Rec2020), light)
        };
        for name in ["documentary", "slide", "print-warm", "mono-high-contrast"] {
            let tones = |look: &Look| {
                let transform = crate::PointTransform::new(look, crate::OutputSpace::Rec2020, 0.0);
                [8, 9].map(|i| luminance(transform.apply(scene(i))))
            };
            let look = Look::builtin(name).unwrap();
            let mut plain = look.clone();
            plain.tone.skin_lift_ev = 0.0;
            let (lifted, before) = (tones(&look), tones(&plain));
            let more = lifted[0] > 1.1 * before[0] && lifted[1] > 1.1 * before[1];
            assert!(more && lifted[0] - lifted[1] > before[0] - before[1], "{name}: {before:.1?} {lifted:.1?}");
        }
    }

    #[test]
    fn the_neutral_file_is_the_neutral_rendition() {
        let mut file = Look::builtin("neutral").unwrap();
        file.meta = crate::Meta::default();
        file.contract = crate::Contract::default();
        assert_eq!(file, Look::default());
    }
}
