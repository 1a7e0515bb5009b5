//! What temperature and pressure do to an index.

/// The air that a lens stands in. Without one, indices are those that catalogues state: relative to air of one atmosphere at
/// the catalogue's temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Air {
    /// Degrees Celsius.
    pub temperature_c: f64,
    /// Atmospheres of 101325 Pa; 0 is vacuum.
    pub pressure_atm: f64,
}

impl Default for Air {
    /// 20 °C, one atmosphere.
    fn default() -> Self {
        Self { temperature_c: 20.0, pressure_atm: 1.0 }
    }
}

impl Air {
    /// Temperatures in °C between which a lens may stand.
    pub const TEMPERATURES_C: [f64; 2] = [-150.0, 300.0];
    /// The highest pressure in atmospheres.
    pub const HIGHEST_ATM: f64 = 100.0;

    /// Its index against vacuum at a wavelength in micrometres (F. Kohlrausch, Praktische Physik, 1968, as optical programs
    /// have it).
    pub fn index(&self, um: f64) -> f64 {
        let l2 = um * um;
        let at_15 = 1e-8 * (6432.8 + 2_949_810.0 * l2 / (146.0 * l2 - 1.0) + 25_540.0 * l2 / (41.0 * l2 - 1.0));
        1.0 + at_15 * self.pressure_atm / (1.0 + (self.temperature_c - 15.0) * 3.4785e-3)
    }
}

/// How a glass's index against vacuum changes with its temperature (G. Hoffmann, H.-J. Jochs, N. Westenberger, Proc. SPIE
/// 1780, 1992; catalogues print its constants): dn = (n² - 1) / 2n (D0 t + D1 t² + D2 t³ + (E0 t + E1 t²) / (l² - L²)), t from the
/// reference temperature, l the wavelength in micrometres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thermal {
    /// D0, D1, D2 in 1/K, 1/K², 1/K³.
    pub d: [f64; 3],
    /// E0, E1 in µm²/K, µm²/K².
    pub e: [f64; 2],
    /// L in micrometres.
    pub resonance_um: f64,
    /// Temperature in °C for which the catalogue's indices hold.
    pub reference_c: f64,
}

impl Thermal {
    /// By how much the index against vacuum grows from the reference temperature to another, where it is `n` there.
    pub fn change(&self, n: f64, um: f64, temperature_c: f64) -> f64 {
        let t = temperature_c - self.reference_c;
        let ([d0, d1, d2], [e0, e1]) = (self.d, self.e);
        let pole = um * um - self.resonance_um * self.resonance_um;
        (n * n - 1.0) / (2.0 * n) * t * (d0 + t * (d1 + t * d2) + (e0 + t * e1) / pole)
    }

    /// Its seven numbers: D0, D1, D2, E0, E1, L, reference temperature.
    pub fn numbers(&self) -> [f64; 7] {
        let ([d0, d1, d2], [e0, e1]) = (self.d, self.e);
        [d0, d1, d2, e0, e1, self.resonance_um, self.reference_c]
    }
}

impl From<[f64; 7]> for Thermal {
    fn from([d0, d1, d2, e0, e1, resonance_um, reference_c]: [f64; 7]) -> Self {
        Self { d: [d0, d1, d2], e: [e0, e1], resonance_um, reference_c }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glass::built_in;

    fn at(name: &str, um: f64, temperature_c: f64, pressure_atm: f64) -> f64 {
        built_in(name).unwrap().index_in(um, Some(&Air { temperature_c, pressure_atm }), 1).unwrap()
    }

    #[test]
    fn air_is_that_of_the_tables() {
        // Edlén 1966, dry air of 15 °C and one atmosphere at 0.5876 um: n - 1 = 2.7720e-4
        let air = Air { temperature_c: 15.0, pressure_atm: 1.0 };
        assert!((air.index(0.5875618) - 1.0 - 2.772e-4).abs() < 3e-7, "{}", air.index(0.5875618));
        assert_eq!(Air { pressure_atm: 0.0, ..air }.index(0.5), 1.0);
    }

    #[test]
    fn glasses_change_as_their_data_sheets_say() {
        // N-BK7, 20 to 40 °C at the e line: 3.0e-6 / K against air, 1.6e-6 / K against vacuum
        let e = 0.546_074;
        let change = |atm| (at("N-BK7", e, 40.0, atm) - at("N-BK7", e, 20.0, atm)) / 20.0;
        assert!((change(1.0) - 3.0e-6).abs() < 0.06e-6, "{}", change(1.0));
        assert!((change(0.0) - 1.6e-6).abs() < 0.06e-6, "{}", change(0.0));
        // at the catalogue's own temperature and pressure it is the catalogue's index, in vacuum that times the air's
        let glass = built_in("N-BK7").unwrap();
        let own = glass.dispersion.index(e);
        assert!((at("N-BK7", e, 20.0, 1.0) - own).abs() < 1e-15);
        assert!((at("N-BK7", e, 20.0, 0.0) - own * Air::default().index(e)).abs() < 1e-15);
        assert_eq!(
            crate::Glass::air().index_in(e, Some(&Air { temperature_c: 80.0, pressure_atm: 0.0 }), 1).unwrap(),
            1.0
        );
    }
}
