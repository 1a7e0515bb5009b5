//! The sensor: from photons to numbers.
//!
//! Everything is in electrons until the converter. A photosite under the spectral irradiance E(λ) collects, per second,
//! `A ∫ QE(λ) E(λ) λ / (h c) dλ` electrons (EMVA 1288, release 4.0, equations 1 to 3), counted with Poisson's statistics.

use crate::spectrum::{STEP_NM, Spectrum};
use crate::{Illuminant, TwinError, strict};
use calotype_image::{Cfa, NoiseModel};
use serde::{Deserialize, Serialize};

/// Planck's constant times the speed of light, in J nm.
const HC_J_NM: f64 = 1.986_445_857e-16;

const BUILTIN: [(&str, &str); 4] = [
    ("one-inch", include_str!("../sensors/one-inch.toml")),
    ("main", include_str!("../sensors/main.toml")),
    ("small", include_str!("../sensors/small.toml")),
    ("clean", include_str!("../sensors/clean.toml")),
];

/// A sensor, as its file describes it (schema `sensor/1`); the built-in files comment every key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensor {
    /// `sensor/1`.
    pub schema: String,
    /// How it is asked for.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Photosites across.
    pub width: usize,
    /// Photosites down.
    pub height: usize,
    /// Pitch of photosites in µm.
    pub pixel_um: f64,
    /// RGGB, BGGR, GRBG or GBRG.
    pub cfa: String,
    /// Bits of a sample, 8 to 16.
    pub bits: u32,
    /// The code of no light.
    pub black_level: u16,
    /// Electrons a photosite holds at low conversion gain.
    pub full_well_e: f64,
    /// ISO from which the high conversion gain is used; 0 for sensors with one gain.
    pub dual_gain_iso: f64,
    /// High over low conversion gain.
    pub dual_gain_ratio: f64,
    /// Standard deviation of what reading adds at low conversion gain, in electrons.
    pub read_noise_low_gain_e: f64,
    /// The same at high conversion gain.
    pub read_noise_high_gain_e: f64,
    /// Standard deviation of what the converter adds, in its steps.
    pub adc_noise_dn: f64,
    /// Highest ISO.
    pub max_iso: f64,
    /// Standard deviation of what all photosites of a row share, in electrons.
    pub row_noise_e: f64,
    /// Standard deviation of the photosites' sensitivities, in percent.
    pub prnu_percent: f64,
    /// Electrons per second without light.
    pub dark_current_e_s: f64,
    /// Photosites with a large dark current.
    pub hot_pixels_per_million: f64,
    /// Mean of that current, exponentially distributed, in electrons per second.
    pub hot_pixel_e_s: f64,
    /// Photosites that see nothing.
    pub dead_pixels_per_million: f64,
    /// Seconds from the first row's readout to the last one's.
    pub readout_s: f64,
    /// Electrons per photon.
    pub quantum_efficiency: QuantumEfficiency,
}

/// Electrons per photon that falls on a photosite, filters included, on an even grid of wavelengths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantumEfficiency {
    /// Wavelength of the first value in nm.
    pub first_nm: f64,
    /// Distance of values in nm.
    pub step_nm: f64,
    /// Under the red filter, 0 to 1.
    pub red: Vec<f64>,
    /// Under the green filter.
    pub green: Vec<f64>,
    /// Under the blue filter.
    pub blue: Vec<f64>,
}

/// A sensor set to an ISO: what electrons become.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gain {
    /// The ISO.
    pub iso: f64,
    /// Electrons per step of the converter.
    pub e_per_dn: f64,
    /// Electrons at the white level: the signal 1.
    pub white_e: f64,
    /// Standard deviation of all that does not depend on light and is independent from photosite to photosite, the
    /// converter's steps included, in electrons.
    pub read_e: f64,
    /// The part of `read_e` that is Gaussian: all but the rounding to whole steps.
    pub gaussian_e: f64,
    /// Electrons that the photosite holds at this gain.
    pub well_e: f64,
}

impl Sensor {
    /// Names and descriptions of the sensors built in.
    pub fn builtin_names() -> Vec<(&'static str, String)> {
        BUILTIN
            .iter()
            .map(|(n, text)| (*n, strict::read::<Self>(n, text, text).map_or(String::new(), |s| s.description)))
            .collect()
    }

    /// The file of a sensor built in.
    pub fn builtin_text(name: &str) -> Option<&'static str> {
        BUILTIN.iter().find(|b| b.0 == name).map(|b| b.1)
    }

    /// Reads a sensor's file; `file` names it in errors.
    ///
    /// # Errors
    /// [`TwinError::Toml`], [`TwinError::UnknownKey`], and [`TwinError::BadValue`] for sensors that cannot be.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, TwinError> {
        let sensor: Self = strict::read(file, text, BUILTIN[0].1)?;
        sensor.check(file)?;
        Ok(sensor)
    }

    fn check(&self, file: &str) -> Result<(), TwinError> {
        let bad =
            |key: &str, value: &dyn std::fmt::Display, reason: &str| Err(TwinError::bad(file, key, value, reason));
        if self.schema != "sensor/1" {
            return bad("schema", &self.schema, "this version reads sensor/1");
        }
        for (key, v) in [("width", self.width), ("height", self.height)] {
            if !(16..=20_000).contains(&v) {
                return bad(key, &v, "a sensor has 16 to 20000 photosites across and down");
            }
        }
        if !(8..=16).contains(&self.bits) {
            return bad("bits", &self.bits, "converters of 8 to 16 bits can be written to a DNG");
        }
        if u32::from(self.black_level) >= (1 << self.bits) / 2 {
            return bad("black_level", &self.black_level, "it must lie below half of the converter's range");
        }
        if self.pattern().is_none() {
            return bad("cfa", &self.cfa, "the filters must be RGGB, BGGR, GRBG or GBRG");
        }
        // key, value, lowest, highest, what it is
        let ranges = [
            ("pixel_um", self.pixel_um, 0.3, 100.0, "the pitch of photosites in µm"),
            ("full_well_e", self.full_well_e, 50.0, 1e7, "a photosite must hold some electrons"),
            ("dual_gain_iso", self.dual_gain_iso, 0.0, 1e6, "an ISO, or 0 for one gain"),
            ("dual_gain_ratio", self.dual_gain_ratio, 1.0, 100.0, "high over low conversion gain"),
            ("read_noise_low_gain_e", self.read_noise_low_gain_e, 0.0, 1e4, "a standard deviation in electrons"),
            ("read_noise_high_gain_e", self.read_noise_high_gain_e, 0.0, 1e4, "a standard deviation in electrons"),
            ("adc_noise_dn", self.adc_noise_dn, 0.0, 1e3, "a standard deviation in steps of the converter"),
            ("max_iso", self.max_iso, 10.0, 1e7, "an ISO"),
            ("row_noise_e", self.row_noise_e, 0.0, 1e4, "a standard deviation in electrons"),
            ("prnu_percent", self.prnu_percent, 0.0, 20.0, "a standard deviation in percent"),
            ("dark_current_e_s", self.dark_current_e_s, 0.0, 1e6, "electrons per second"),
            ("hot_pixels_per_million", self.hot_pixels_per_million, 0.0, 1e5, "photosites in a million"),
            ("hot_pixel_e_s", self.hot_pixel_e_s, 0.0, 1e7, "electrons per second"),
            ("dead_pixels_per_million", self.dead_pixels_per_million, 0.0, 1e5, "photosites in a million"),
            ("readout_s", self.readout_s, 0.0, 1.0, "seconds from the first row to the last"),
            ("quantum_efficiency.first_nm", self.quantum_efficiency.first_nm, 100.0, 700.0, "nanometres"),
            ("quantum_efficiency.step_nm", self.quantum_efficiency.step_nm, 0.5, 50.0, "nanometres"),
        ];
        for (key, value, lowest, highest, what) in ranges {
            if !(lowest..=highest).contains(&value) {
                return bad(key, &value, &format!("it must lie within {lowest} to {highest}: {what}"));
            }
        }
        let q = &self.quantum_efficiency;
        for (key, curve) in [("red", &q.red), ("green", &q.green), ("blue", &q.blue)] {
            let key = format!("quantum_efficiency.{key}");
            if let Some(v) = curve.iter().find(|v| !(0.0..=1.0).contains(*v)) {
                return bad(&key, v, "a photosite gives 0 to 1 electron per photon");
            }
            if curve.len() != q.green.len() || curve.len() < 2 || !(curve.iter().sum::<f64>() > 0.0) {
                return bad(&key, &curve.len(), "the three curves must have the same number of values, not all 0");
            }
        }
        if calotype_color::matrix::invert(&crate::calibration::camera_of_xyz(self)).is_none() {
            return bad(
                "quantum_efficiency",
                &"the curves",
                "the three filters see the same: colours cannot be told apart",
            );
        }
        if self.dual_gain_iso > 0.0 && self.dual_gain_iso < self.base_iso() * self.dual_gain_ratio {
            let lowest = (self.base_iso() * self.dual_gain_ratio).ceil();
            let reason = format!("the high gain clips before the converter below ISO {lowest}");
            return bad("dual_gain_iso", &self.dual_gain_iso, &reason);
        }
        if self.max_iso < self.base_iso() {
            let reason = format!("it must not be below the base ISO, {:.0}", self.base_iso());
            return bad("max_iso", &self.max_iso, &reason);
        }
        Ok(())
    }

    /// The filters.
    pub fn pattern(&self) -> Option<Cfa> {
        [Cfa::RGGB, Cfa::BGGR, Cfa::GRBG, Cfa::GBRG].into_iter().find(|c| c.to_string() == self.cfa)
    }

    /// Electrons per photon as a spectrum, for 0 red, 1 green, 2 blue.
    pub fn quantum_efficiency(&self, channel: usize) -> Spectrum {
        let q = &self.quantum_efficiency;
        let curve = [&q.red, &q.green, &q.blue][channel.min(2)];
        let points: Vec<_> = curve.iter().enumerate().map(|(i, v)| (q.first_nm + q.step_nm * i as f64, *v)).collect();
        Spectrum::from_points(&points)
    }

    /// Electrons per second in each colour under a spectral irradiance in W/(m² nm).
    pub fn electrons_per_second(&self, irradiance: &Spectrum) -> [f64; 3] {
        let area_m2 = (self.pixel_um * 1e-6).powi(2);
        let photons = Spectrum::from_fn(|nm| nm / HC_J_NM).times(irradiance);
        [0, 1, 2].map(|c| area_m2 * self.quantum_efficiency(c).integral(&photons))
    }

    /// Electrons per lux second of daylight (D55) under the green filter.
    pub fn electrons_per_lux_second(&self) -> f64 {
        // a white surface of luminance 1/π cd/m² sends 1 lux through a hemisphere
        let light =
            Illuminant::builtin("D55").map(|i| i.at_luminance(1.0)).unwrap_or_else(|_| Spectrum::constant(STEP_NM));
        self.electrons_per_second(&light)[1]
    }

    /// The saturation based ISO speed of a full well: 78 over the exposure in lux seconds of daylight that fills it
    /// (ISO 12232:2019, 6.2).
    pub fn base_iso(&self) -> f64 {
        78.0 * self.electrons_per_lux_second() / self.full_well_e
    }

    /// The code of saturation.
    pub fn white_level(&self) -> u16 {
        ((1u32 << self.bits) - 1) as u16
    }

    /// The sensor set to an ISO.
    pub fn at_iso(&self, iso: f64) -> Gain {
        let steps = f64::from(self.white_level() - self.black_level);
        let white_e = self.full_well_e * self.base_iso() / iso;
        let e_per_dn = white_e / steps;
        let high = self.dual_gain_iso > 0.0 && iso >= self.dual_gain_iso;
        let (read, well_e) = if high {
            (self.read_noise_high_gain_e, self.full_well_e / self.dual_gain_ratio)
        } else {
            (self.read_noise_low_gain_e, self.full_well_e)
        };
        let gaussian_e = read.hypot(self.adc_noise_dn * e_per_dn);
        // rounding to whole steps: variance 1/12
        let read_e = (gaussian_e * gaussian_e + e_per_dn * e_per_dn / 12.0).sqrt();
        Gain { iso, e_per_dn, white_e, read_e, gaussian_e, well_e }
    }

    /// The noise of a frame's samples, black 0 and white 1: `var = x / white_e + (read² + row² + dark) / white_e²`.
    /// What photosites differ in (PRNU, hot pixels) is no noise of a frame and not in it.
    pub fn noise(&self, gain: &Gain, exposure_s: f64) -> NoiseModel {
        let dark = self.dark_current_e_s * exposure_s;
        let read = gain.read_e.powi(2) + self.row_noise_e.powi(2) + dark;
        NoiseModel::uniform((1.0 / gain.white_e) as f32, (read / gain.white_e.powi(2)) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensor() -> Sensor {
        Sensor::from_toml("one-inch", BUILTIN[0].1).unwrap()
    }

    #[test]
    fn all_built_in_sensors_make_sense() {
        for (name, text) in BUILTIN {
            let sensor = Sensor::from_toml(name, text).unwrap();
            assert_eq!(sensor.name, name);
            assert!((15.0..400.0).contains(&sensor.base_iso()), "{name}: ISO {}", sensor.base_iso());
        }
    }

    #[test]
    fn electrons_follow_from_the_photons() {
        // 1 W/m² at 550 nm alone, a photosite of 1 µm² and half an electron per photon
        let mut s = sensor();
        s.pixel_um = 1.0;
        s.quantum_efficiency = QuantumEfficiency {
            first_nm: 300.0,
            step_nm: 50.0,
            red: vec![0.5; 12],
            green: vec![0.5; 12],
            blue: vec![0.5; 12],
        };
        let mut line = Spectrum::constant(0.0);
        line.0[34] = 1.0 / STEP_NM;
        let expected = 0.5 * 1e-12 * 550e-9 / (6.626_070_15e-34 * 299_792_458.0);
        assert!((s.electrons_per_second(&line)[1] / expected - 1.0).abs() < 1e-9);
    }

    #[test]
    fn gain_follows_iso() {
        let s = sensor();
        let base = s.at_iso(s.base_iso());
        assert!((base.white_e - s.full_well_e).abs() < 1e-6);
        let high = s.at_iso(800.0);
        assert!((high.white_e * 800.0 - s.full_well_e * s.base_iso()).abs() < 1e-6);
        assert!(high.read_e < base.read_e && high.well_e >= high.white_e);
        // 78 over the exposure that saturates is the ISO again
        let exposure = high.white_e / s.electrons_per_lux_second();
        assert!((78.0 / exposure - 800.0).abs() < 1e-6);
    }

    #[test]
    fn impossible_sensors_are_refused() {
        for (from, to, word) in [
            ("full_well_e = 38000", "full_well_e = 0", "full_well_e"),
            ("bits = 12", "bits = 40", "bits"),
            ("black_level = 256", "black_level = 3000", "black_level"),
            ("cfa = \"RGGB\"", "cfa = \"RGBW\"", "cfa"),
            ("pixel_um = 3.2", "pixel_um = nan", "pixel_um"),
            ("width = 4096", "width = 400000", "width"),
            ("dual_gain_iso = 400", "dual_gain_iso = 60", "dual_gain_iso"),
            ("prnu_percent", "prnu", "did you mean `prnu_percent`"),
            ("first_nm = 380", "first_nm = 380\nred = [2.0]", "duplicate key"),
            ("sensor/1", "sensor/9", "schema"),
        ] {
            let error = Sensor::from_toml("x.toml", &BUILTIN[0].1.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(word) && error.contains("x.toml"), "{from}: {error}");
        }
    }
}
