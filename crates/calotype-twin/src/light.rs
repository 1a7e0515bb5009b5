//! Lights, and the standard observer who sees them.

use crate::TwinError;
use crate::spectrum::{Spectrum, columns};
use calotype_color::{daylight_xy, xyz_to_xy};
use std::sync::LazyLock;

/// Lumens per watt at 555 nm (the definition of the candela).
pub const LUMENS_PER_WATT: f64 = 683.002;

/// Colour matching functions of the CIE 1931 standard observer (x, y, z).
pub fn observer() -> &'static [Spectrum; 3] {
    static TABLE: LazyLock<[Spectrum; 3]> = LazyLock::new(|| three(include_str!("../data/observer.csv")));
    &TABLE
}

fn three(table: &str) -> [Spectrum; 3] {
    let mut columns = columns(table).into_iter().map(|c| c.1);
    std::array::from_fn(|_| columns.next().unwrap_or(Spectrum::constant(0.0)))
}

/// XYZ of a radiance in W/(sr m² nm); Y in cd/m².
pub fn xyz(radiance: &Spectrum) -> [f64; 3] {
    observer().each_ref().map(|m| LUMENS_PER_WATT * m.integral(radiance))
}

/// A light: its name, and its power per wavelength on any scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Illuminant {
    /// How it is asked for, or the file it came from.
    pub name: String,
    /// Power per wavelength, relative.
    pub power: Spectrum,
}

/// Names and meanings of the lights built in.
pub const ILLUMINANTS: [(&str, &str); 9] = [
    ("A", "incandescent light, 2856 K (CIE 15:2018)"),
    ("D50", "daylight, 5003 K (CIE 15:2018)"),
    ("D55", "daylight, 5503 K (CIE 15:2018)"),
    ("D65", "daylight, 6504 K (CIE 15:2018)"),
    ("D75", "daylight, 7504 K (CIE 15:2018)"),
    ("F11", "narrow-band fluorescent tube, 4000 K (CIE 15:2018)"),
    ("E", "the same power at every wavelength"),
    ("led-warm", "phosphor LED, about 2750 K (a formula near LED-B1 of CIE 15:2018)"),
    ("led-cool", "phosphor LED, about 5100 K (a formula near LED-B4 of CIE 15:2018)"),
];

impl Illuminant {
    /// A light built in: see [`ILLUMINANTS`]; upper and lower case are the same.
    ///
    /// # Errors
    /// [`TwinError::UnknownName`] for other names.
    pub fn builtin(name: &str) -> Result<Self, TwinError> {
        let known = || ILLUMINANTS.map(|i| i.0).join(", ");
        let found = ILLUMINANTS.iter().find(|i| i.0.eq_ignore_ascii_case(name)).map(|i| i.0);
        let power = match found {
            // CIE 15:2018, 4.1.1, with the temperature of its formula
            Some("A") => planck(2855.5),
            Some("E") => Spectrum::constant(1.0),
            Some("F11") => columns(include_str!("../data/f11.csv")).remove(0).1,
            Some("D50") => daylight(5003.0),
            Some("D55") => daylight(5503.0),
            Some("D65") => daylight(6504.0),
            Some("D75") => daylight(7504.0),
            Some("led-warm") => led((452.2, 27.9, 0.351), [(606.2, 128.7, 0.977), (505.7, 56.6, 0.112)]),
            Some("led-cool") => led((451.3, 25.0, 0.976), [(589.9, 135.6, 0.526), (540.0, 65.4, 0.244)]),
            _ => return Err(TwinError::UnknownName { kind: "illuminant", name: name.into(), known: known() }),
        };
        Ok(Self { name: found.unwrap_or(name).into(), power })
    }

    /// A light of the user's: lines of a wavelength in nanometres and a power, separated by a comma or space; lines
    /// that start with # or a letter are skipped.
    ///
    /// # Errors
    /// [`TwinError::Toml`] for lines that are no such pair, [`TwinError::BadValue`] for wavelengths that do not rise,
    /// powers below 0, and spectra without visible light.
    pub fn from_text(name: &str, text: &str) -> Result<Self, TwinError> {
        let mut points: Vec<(f64, f64)> = Vec::new();
        for (number, line) in text.lines().enumerate().take(100_000) {
            let line = line.trim();
            if line.is_empty() || line.starts_with(|c: char| c == '#' || c.is_alphabetic()) {
                continue;
            }
            let mut parts = line.split([',', ';', ' ', '\t']).filter(|p| !p.is_empty()).map(str::parse::<f64>);
            let (Some(Ok(nm)), Some(Ok(power))) = (parts.next(), parts.next()) else {
                let message = format!("line {}: `{line}` is no pair of wavelength in nm and power", number + 1);
                return Err(TwinError::Toml { file: name.into(), message });
            };
            if !(power >= 0.0 && power.is_finite()) {
                return Err(TwinError::bad(name, format!("line {}", number + 1), power, "no light has such a power"));
            }
            if points.last().is_some_and(|p| !(p.0 < nm)) || !nm.is_finite() {
                return Err(TwinError::bad(name, format!("line {}", number + 1), nm, "wavelengths must rise"));
            }
            points.push((nm, power));
        }
        let power = Spectrum::from_points(&points);
        if xyz(&power)[1] <= 0.0 {
            return Err(TwinError::bad(name, "spectrum", points.len(), "there is no visible light in it"));
        }
        Ok(Self { name: name.into(), power })
    }

    /// The radiance in W/(sr m² nm) with a luminance in cd/m².
    pub fn at_luminance(&self, cd_m2: f64) -> Spectrum {
        self.power.scaled(cd_m2 / xyz(&self.power)[1])
    }

    /// CIE 1931 chromaticity (x, y).
    pub fn xy(&self) -> [f64; 2] {
        xyz_to_xy(xyz(&self.power))
    }
}

/// A black body, relative (c₂ of CIE 15:2018 for its illuminant A).
fn planck(kelvin: f64) -> Spectrum {
    Spectrum::from_fn(|nm| (560.0 / nm).powi(5) / ((1.4388e7 / (nm * kelvin)).exp() - 1.0))
}

/// A phase of daylight (CIE 15:2018, 4.1.2).
fn daylight(kelvin: f64) -> Spectrum {
    static TABLE: LazyLock<[Spectrum; 3]> = LazyLock::new(|| three(include_str!("../data/daylight.csv")));
    let [x, y] = daylight_xy(kelvin);
    let m = 0.0241 + 0.2562 * x - 0.7341 * y;
    let m1 = (-1.3515 - 1.7703 * x + 5.9114 * y) / m;
    let m2 = (0.0300 - 31.4424 * x + 30.0717 * y) / m;
    TABLE[0].plus(&TABLE[1].scaled(m1)).plus(&TABLE[2].scaled(m2))
}

/// A blue die and two phosphors: centre in nm, width in nm, height. The die has the shape that Ohno gives for LEDs (Opt.
/// Eng. 44, 111302, 2005), the phosphors are Gaussian, with their width at half height. The values were fitted by least
/// squares to the typical phosphor LEDs of CIE 15:2018, which they meet within 1.6 percent of the peak (rms).
fn led((blue_nm, width_nm, blue): (f64, f64, f64), phosphors: [(f64, f64, f64); 2]) -> Spectrum {
    Spectrum::from_fn(|nm| {
        let g = (-((nm - blue_nm) / width_nm).powi(2)).exp();
        let die = blue * (g + 2.0 * g.powi(5)) / 3.0;
        let gauss = |(at, width, height): (f64, f64, f64)| {
            height * (-4.0 * std::f64::consts::LN_2 * ((nm - at) / width).powi(2)).exp()
        };
        die + phosphors.into_iter().map(gauss).sum::<f64>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_color::TemperatureTint;

    #[test]
    fn lights_have_their_chromaticities() {
        // CIE 15:2018, tables 11.1 and 11.2, from these 5 nm sums
        for (name, xy) in [
            ("A", [0.44758, 0.40745]),
            ("D50", [0.34567, 0.35851]),
            ("D55", [0.33243, 0.34744]),
            ("D65", [0.31272, 0.32903]),
            ("F11", [0.3805, 0.3769]),
            ("E", [0.33333, 0.33333]),
        ] {
            let got = Illuminant::builtin(name).unwrap().xy();
            assert!((got[0] - xy[0]).abs() < 3e-4 && (got[1] - xy[1]).abs() < 3e-4, "{name}: {got:?}");
        }
        for (name, kelvin) in [("led-warm", 2750.0), ("led-cool", 5110.0)] {
            let t = TemperatureTint::from_xy(Illuminant::builtin(name).unwrap().xy());
            assert!((t.kelvin / kelvin - 1.0).abs() < 0.04 && t.tint.abs() < 25.0, "{name}: {t:?}");
        }
    }

    #[test]
    fn luminance_is_what_was_asked_for() {
        let light = Illuminant::builtin("d65").unwrap().at_luminance(100.0);
        assert!((xyz(&light)[1] - 100.0).abs() < 1e-9);
    }

    #[test]
    fn spectra_of_the_user_are_checked() {
        let text = "# mine\nnm,power\n400, 1\n500 2\n700\t3\n";
        let light = Illuminant::from_text("mine.csv", text).unwrap();
        assert_eq!(light.power.0[24], 2.0);
        for (text, word) in
            [("400,1\n400,2", "rise"), ("400,-1", "power"), ("400", "pair"), ("900,1\n950,1", "visible")]
        {
            let error = Illuminant::from_text("mine.csv", text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
