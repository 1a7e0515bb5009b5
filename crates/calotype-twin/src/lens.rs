//! The lens: what it does to light on its way to the sensor.
//!
//! [`Optics`] is what the rest of the crate asks of a lens. [`Lens`] answers from a file of tables, with [`Lobe`]s;
//! [`Traced`](crate::Traced) traces rays through a prescription, and answers with sampled [`Kernel`]s.

use crate::{TwinError, strict};
use serde::{Deserialize, Serialize};

const BUILTIN: [(&str, &str); 4] = [
    ("phone-23mm", include_str!("../lenses/phone-23mm.toml")),
    ("phone-24mm", include_str!("../lenses/phone-24mm.toml")),
    ("phone-26mm", include_str!("../lenses/phone-26mm.toml")),
    ("thin", include_str!("../lenses/thin.toml")),
];

/// Wavelengths in µm that stand for red, green and blue where one is needed.
pub const WAVELENGTHS_UM: [f64; 3] = [0.60, 0.54, 0.46];

/// What a lens is to the camera. Channels are 0 red, 1 green, 2 blue; heights are distances from the optical axis on
/// the sensor, 1 at [`Optics::half_diagonal_mm`]. All answers must be the same for the same question.
pub trait Optics: Send + Sync {
    /// Focal length in millimetres.
    fn focal_mm(&self) -> f64;
    /// Focal length over the diameter of the entrance pupil.
    fn f_number(&self) -> f64;
    /// Share of the light on the axis that is not absorbed or reflected, 0 to 1.
    fn transmittance(&self) -> f64;
    /// The distance from the axis, in millimetres, that heights are measured in.
    fn half_diagonal_mm(&self) -> f64;
    /// Distance that is in focus unless the photographer says otherwise, in metres.
    fn focus_m(&self) -> f64;
    /// Light that goes astray.
    fn glare(&self) -> Glare;
    /// Where a lens without distortion and lateral colour (a pinhole of this focal length) would have put the light
    /// that arrives at height `real`.
    fn ideal_height(&self, channel: usize, real: f64) -> f64;
    /// Share of the light on the axis that arrives at a height, 0 to 1 (the sensor's acceptance included).
    fn illumination(&self, channel: usize, height: f64) -> f64;
    /// The image of a point at a distance in metres, when the lens is focused at `focus_m`.
    /// Its place lies at an angle from the picture's right downwards, in radians.
    fn spot(&self, channel: usize, height: f64, angle_rad: f64, object_m: f64, focus_m: f64) -> Psf;
    /// True where [`Optics::spot`] leaves out diffraction at a round pupil and defocus, so that they are to be added.
    fn is_geometric(&self) -> bool;
    /// True where a lens that is scaled to a smaller picture (see [`Geometry::new`](crate::Geometry::new)) has spots that are
    /// smaller by as much, as a prescription scaled has; tables keep their micrometres.
    fn spots_scale(&self) -> bool {
        false
    }
    /// Works out what [`Optics::spot`] needs for objects at a distance, when the lens is focused at `focus_m`; to be
    /// called before it.
    ///
    /// # Errors
    /// [`TwinError::Lens`] where no light arrives from there.
    fn prepare(&self, _object_m: f64, _focus_m: f64) -> Result<(), TwinError> {
        Ok(())
    }
}

/// Light that goes astray: the rest forms the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Glare {
    /// Share spread evenly over the picture (the veiling glare of ISO 18844, without its dependence on place).
    pub veiling: f64,
    /// Share in a round halo.
    pub halo: f64,
    /// Standard deviation of the halo, in half diagonals.
    pub halo_sigma: f64,
}

/// The image of a point, of energy 1, about the place where the lens's tables put its light in focus. The radial direction
/// points away from the axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Psf {
    /// A sum of Gaussian lobes.
    Lobes(Vec<Lobe>),
    /// Samples, for example of traced rays.
    Samples(Kernel),
}

/// An elliptical Gaussian part of a spot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lobe {
    /// Share of the energy.
    pub share: f64,
    /// Standard deviation along the radius in µm.
    pub radial_um: f64,
    /// Standard deviation across the radius in µm.
    pub tangential_um: f64,
    /// Place of its centre along the radius in µm.
    pub shift_um: f64,
}

/// A sampled spot: `size` x `size` energies in row order, the centre sample on the tables' place, x along the radius.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Distance of samples in µm.
    pub pitch_um: f64,
    /// Samples across; odd.
    pub size: usize,
    /// Energies; they are scaled to sum to 1.
    pub energy: Vec<f32>,
}

/// A lens described by tables over image height (schema `lens/1`); the built-in files comment every key. A section
/// left out means a lens that is perfect in this respect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lens {
    /// `lens/1`.
    pub schema: String,
    /// How it is asked for.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Focal length in millimetres.
    pub focal_mm: f64,
    /// Focal length over pupil diameter.
    pub f_number: f64,
    /// Share of the light that is not lost.
    pub transmittance: f64,
    /// Image height 1 in millimetres.
    pub half_diagonal_mm: f64,
    /// Default focus in metres.
    pub focus_m: f64,
    /// Stray light.
    #[serde(default)]
    pub glare: Glare,
    /// Distortion, lateral colour and illumination.
    #[serde(default)]
    pub field: Field,
    /// Spots at the same heights.
    pub spot: Option<Spots>,
}

/// Tables over image height.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Image heights of all tables, rising from 0.
    pub height: Vec<f64>,
    /// (real - ideal) / ideal image height, in percent.
    pub distortion_percent: Vec<f64>,
    /// Image height in red beyond that in green, in µm.
    pub lateral_red_um: Vec<f64>,
    /// Image height in blue beyond that in green, in µm.
    pub lateral_blue_um: Vec<f64>,
    /// Share of the light on the axis in red.
    pub illumination_red: Vec<f64>,
    /// In green.
    pub illumination_green: Vec<f64>,
    /// In blue.
    pub illumination_blue: Vec<f64>,
}

impl Default for Field {
    fn default() -> Self {
        let (zero, one) = (vec![0.0; 2], vec![1.0; 2]);
        Self {
            height: vec![0.0, 1.0],
            distortion_percent: zero.clone(),
            lateral_red_um: zero.clone(),
            lateral_blue_um: zero,
            illumination_red: one.clone(),
            illumination_green: one.clone(),
            illumination_blue: one,
        }
    }
}

/// Spots of the three colours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spots {
    /// In red.
    pub red: Spot,
    /// In green.
    pub green: Spot,
    /// In blue.
    pub blue: Spot,
}

/// A spot over image height: a core and a wide part, without diffraction and defocus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// Standard deviation of the core along the radius in µm.
    pub radial_um: Vec<f64>,
    /// Standard deviation of the core across the radius in µm.
    pub tangential_um: Vec<f64>,
    /// Share of the energy in the wide part.
    pub wide_share: Vec<f64>,
    /// Standard deviation of the wide part in µm.
    pub wide_um: Vec<f64>,
    /// Distance of the wide part from the core, away from the axis, in µm.
    pub coma_um: Vec<f64>,
}

impl Lens {
    /// Names and descriptions of the lenses built in.
    pub fn builtin_names() -> Vec<(&'static str, String)> {
        let describe = |n: &str, text| strict::read::<Self>(n, text, text).map_or(String::new(), |l| l.description);
        BUILTIN.iter().map(|(n, text)| (*n, describe(n, text))).collect()
    }

    /// The file of a lens built in.
    pub fn builtin_text(name: &str) -> Option<&'static str> {
        BUILTIN.iter().find(|b| b.0 == name).map(|b| b.1)
    }

    /// Reads a lens file; `file` names it in errors.
    ///
    /// # Errors
    /// [`TwinError::Toml`], [`TwinError::UnknownKey`], and [`TwinError::BadValue`] for lenses that cannot be.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, TwinError> {
        let lens: Self = strict::read(file, text, BUILTIN[0].1)?;
        lens.check(file)?;
        Ok(lens)
    }

    fn check(&self, file: &str) -> Result<(), TwinError> {
        let bad =
            |key: &str, value: &dyn std::fmt::Display, reason: &str| Err(TwinError::bad(file, key, value, reason));
        if self.schema != "lens/1" {
            return bad("schema", &self.schema, "this version reads lens/1");
        }
        for (key, value, lowest, highest) in [
            ("focal_mm", self.focal_mm, 0.1, 5000.0),
            ("f_number", self.f_number, 0.5, 64.0),
            ("transmittance", self.transmittance, 0.01, 1.0),
            ("half_diagonal_mm", self.half_diagonal_mm, 0.1, 200.0),
            ("focus_m", self.focus_m, 0.02, f64::INFINITY),
            ("glare.veiling", self.glare.veiling, 0.0, 0.3),
            ("glare.halo", self.glare.halo, 0.0, 0.3),
            ("glare.halo_sigma", self.glare.halo_sigma, 0.0, 1.0),
        ] {
            if !(lowest..=highest).contains(&value) {
                return bad(key, &value, &format!("it must lie within {lowest} to {highest}"));
            }
        }
        let f = &self.field;
        if f.height.len() < 2 || f.height[0] != 0.0 || !f.height.windows(2).all(|h| h[0] < h[1]) {
            return bad("field.height", &format!("{:?}", f.height), "heights must rise from 0");
        }
        let mut tables = vec![
            ("field.distortion_percent".to_owned(), &f.distortion_percent, -60.0, 60.0),
            ("field.lateral_red_um".into(), &f.lateral_red_um, -100.0, 100.0),
            ("field.lateral_blue_um".into(), &f.lateral_blue_um, -100.0, 100.0),
            ("field.illumination_red".into(), &f.illumination_red, 0.01, 1.2),
            ("field.illumination_green".into(), &f.illumination_green, 0.01, 1.2),
            ("field.illumination_blue".into(), &f.illumination_blue, 0.01, 1.2),
        ];
        if let Some(s) = &self.spot {
            for (color, s) in [("red", &s.red), ("green", &s.green), ("blue", &s.blue)] {
                let key = |name: &str| format!("spot.{color}.{name}");
                tables.push((key("radial_um"), &s.radial_um, 0.0, 15.0));
                tables.push((key("tangential_um"), &s.tangential_um, 0.0, 15.0));
                tables.push((key("wide_share"), &s.wide_share, 0.0, 1.0));
                tables.push((key("wide_um"), &s.wide_um, 0.0, 15.0));
                tables.push((key("coma_um"), &s.coma_um, -15.0, 15.0));
            }
        }
        for (key, table, lowest, highest) in tables {
            if table.len() != f.height.len() {
                let reason = format!("it must have a value for each of the {} heights", f.height.len());
                return bad(&key, &format!("{} values", table.len()), &reason);
            }
            if let Some(v) = table.iter().find(|v| !(lowest..=highest).contains(*v)) {
                return bad(&key, v, &format!("values must lie within {lowest} to {highest}"));
            }
        }
        let places: Vec<f64> = (0..=100).map(|i| self.ideal_height(1, f64::from(i) / 100.0)).collect();
        if !places.windows(2).all(|p| p[0] < p[1]) {
            return bad(
                "field.distortion_percent",
                &"the table",
                "the picture folds over: distortion changes too fast",
            );
        }
        Ok(())
    }
}

impl Optics for Lens {
    fn focal_mm(&self) -> f64 {
        self.focal_mm
    }

    fn f_number(&self) -> f64 {
        self.f_number
    }

    fn transmittance(&self) -> f64 {
        self.transmittance
    }

    fn half_diagonal_mm(&self) -> f64 {
        self.half_diagonal_mm
    }

    fn focus_m(&self) -> f64 {
        self.focus_m
    }

    fn glare(&self) -> Glare {
        self.glare
    }

    fn ideal_height(&self, channel: usize, real: f64) -> f64 {
        let f = &self.field;
        let table = [Some(&f.lateral_red_um), None, Some(&f.lateral_blue_um)][channel.min(2)];
        let lateral = table.map_or(0.0, |t| interpolate(&f.height, t, real)) / (1000.0 * self.half_diagonal_mm);
        (real - lateral) / (1.0 + interpolate(&f.height, &f.distortion_percent, real) / 100.0)
    }

    fn illumination(&self, channel: usize, height: f64) -> f64 {
        let f = &self.field;
        let table = [&f.illumination_red, &f.illumination_green, &f.illumination_blue][channel.min(2)];
        interpolate(&f.height, table, height).max(0.0)
    }

    fn spot(&self, channel: usize, height: f64, _: f64, _: f64, _: f64) -> Psf {
        let Some(spots) = &self.spot else {
            return Psf::Lobes(vec![Lobe { share: 1.0, radial_um: 0.0, tangential_um: 0.0, shift_um: 0.0 }]);
        };
        let s = [&spots.red, &spots.green, &spots.blue][channel.min(2)];
        let at = |table: &[f64]| interpolate(&self.field.height, table, height);
        let (share, wide) = (at(&s.wide_share).clamp(0.0, 1.0), at(&s.wide_um).max(0.0));
        // the tables of places describe the spot's centre of energy, so that even surfaces stay even
        let coma = at(&s.coma_um);
        Psf::Lobes(vec![
            Lobe {
                share: 1.0 - share,
                radial_um: at(&s.radial_um).max(0.0),
                tangential_um: at(&s.tangential_um).max(0.0),
                shift_um: -share * coma,
            },
            Lobe { share, radial_um: wide, tangential_um: wide, shift_um: (1.0 - share) * coma },
        ])
    }

    fn is_geometric(&self) -> bool {
        true
    }
}

/// A cubic through the points with slopes from their neighbours (Catmull and Rom 1974); held at the ends.
fn interpolate(x: &[f64], y: &[f64], at: f64) -> f64 {
    let last = x.len() - 1;
    if !(at > x[0]) {
        return y[0];
    }
    if at >= x[last] {
        return y[last];
    }
    let i = x.partition_point(|v| *v <= at) - 1;
    let slope = |j: usize| {
        // tables are even functions of height up to a factor, so that the first slope is that to the next point
        let (a, b) = (j.saturating_sub(1), (j + 1).min(last));
        (y[b] - y[a]) / (x[b] - x[a])
    };
    let h = x[i + 1] - x[i];
    let t = (at - x[i]) / h;
    let (t2, t3) = (t * t, t * t * t);
    (2.0 * t3 - 3.0 * t2 + 1.0) * y[i]
        + (t3 - 2.0 * t2 + t) * h * slope(i)
        + (3.0 * t2 - 2.0 * t3) * y[i + 1]
        + (t3 - t2) * h * slope(i + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_built_in_lenses_make_sense() {
        for (name, text) in BUILTIN {
            let lens = Lens::from_toml(name, text).unwrap();
            assert_eq!(lens.name, name);
            for c in 0..3 {
                let Psf::Lobes(lobes) = lens.spot(c, 0.7, 0.0, 2.0, 2.0) else { panic!("no lobes") };
                assert!((lobes.iter().map(|l| l.share).sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn tables_are_met_and_lateral_colour_is_added() {
        let lens = Lens::from_toml("phone-23mm", BUILTIN[0].1).unwrap();
        assert!((lens.illumination(1, 0.6) - 0.735).abs() < 1e-12);
        assert_eq!(lens.illumination(1, 7.0), 0.37);
        let green = lens.ideal_height(1, 0.6);
        assert!((green * 1.0105 - 0.6).abs() < 1e-12);
        // red arrives 0.65 µm further out
        assert!((lens.ideal_height(0, 0.6 + 0.65e-3 / 8.2) - green).abs() < 1e-6);
    }

    #[test]
    fn impossible_lenses_are_refused() {
        for (from, to, word) in [
            ("f_number = 1.9", "f_number = 0", "f_number"),
            ("height = [0.0, 0.2,", "height = [0.0, 0.5,", "heights must rise"),
            ("distortion_percent = [0.0, 0.15,", "distortion_percent = [0.0,", "6 values"),
            ("veiling = 0.004", "veilling = 0.004", "did you mean `glare.veiling`"),
            ("1.3, 1.1, 0.6]", "1.3, 59.0, 0.6]", "folds over"),
        ] {
            let error = Lens::from_toml("x.toml", &BUILTIN[0].1.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(word), "{from}: {error}");
        }
    }
}
