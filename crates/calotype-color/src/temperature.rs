//! Colour temperature and tint of a white, and the loci of natural light.
//!
//! Temperature is measured along the Planckian locus with the isotemperature lines of Robertson (J. Opt. Soc. Am.
//! 58, 1528, 1968), in the CIE 1960 (u, v) plane; tint is the distance from the locus along that line times -3000,
//! the convention of DNG tools: positive is magenta, negative green, and one unit is about one just noticeable step.

use crate::space::D50_XY;

/// One isotemperature line: reciprocal temperature in mired, its foot (u, v) on the locus, its slope dv/du.
struct Isotherm {
    mired: f64,
    u: f64,
    v: f64,
    slope: f64,
}

const fn line(mired: f64, u: f64, v: f64, slope: f64) -> Isotherm {
    Isotherm { mired, u, v, slope }
}

/// Wyszecki and Stiles, Color Science, 2nd edition, table 1(3.11); u at 325 mired with its misprint corrected.
const ISOTHERMS: [Isotherm; 31] = [
    line(0.0, 0.18006, 0.26352, -0.24341),
    line(10.0, 0.18066, 0.26589, -0.25479),
    line(20.0, 0.18133, 0.26846, -0.26876),
    line(30.0, 0.18208, 0.27119, -0.28539),
    line(40.0, 0.18293, 0.27407, -0.30470),
    line(50.0, 0.18388, 0.27709, -0.32675),
    line(60.0, 0.18494, 0.28021, -0.35156),
    line(70.0, 0.18611, 0.28342, -0.37915),
    line(80.0, 0.18740, 0.28668, -0.40955),
    line(90.0, 0.18880, 0.28997, -0.44278),
    line(100.0, 0.19032, 0.29326, -0.47888),
    line(125.0, 0.19462, 0.30141, -0.58204),
    line(150.0, 0.19962, 0.30921, -0.70471),
    line(175.0, 0.20525, 0.31647, -0.84901),
    line(200.0, 0.21142, 0.32312, -1.0182),
    line(225.0, 0.21807, 0.32909, -1.2168),
    line(250.0, 0.22511, 0.33439, -1.4512),
    line(275.0, 0.23247, 0.33904, -1.7298),
    line(300.0, 0.24010, 0.34308, -2.0637),
    line(325.0, 0.24792, 0.34655, -2.4681),
    line(350.0, 0.25591, 0.34951, -2.9641),
    line(375.0, 0.26400, 0.35200, -3.5814),
    line(400.0, 0.27218, 0.35407, -4.3633),
    line(425.0, 0.28039, 0.35577, -5.3762),
    line(450.0, 0.28863, 0.35714, -6.7262),
    line(475.0, 0.29685, 0.35823, -8.5955),
    line(500.0, 0.30505, 0.35907, -11.324),
    line(525.0, 0.31320, 0.35968, -15.628),
    line(550.0, 0.32129, 0.36011, -23.325),
    line(575.0, 0.32931, 0.36038, -40.770),
    line(600.0, 0.33724, 0.36051, -116.45),
];

/// Tint units for a distance of 1 in (u, v).
const TINT_SCALE: f64 = -3000.0;

impl Isotherm {
    /// Unit vector along the line.
    fn direction(&self) -> [f64; 2] {
        let length = self.slope.hypot(1.0);
        [1.0 / length, self.slope / length]
    }

    /// Signed distance of (u, v) from the line, positive on the side of lower temperatures.
    fn distance(&self, u: f64, v: f64) -> f64 {
        let [du, dv] = self.direction();
        (v - self.v) * du - (u - self.u) * dv
    }
}

/// A white as photographers say it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TemperatureTint {
    /// Correlated colour temperature in kelvin, 1667 to 50000 where it means anything.
    pub kelvin: f64,
    /// Distance from the Planckian locus, -150 (green) to 150 (magenta); daylight is near +10.
    pub tint: f64,
}

impl TemperatureTint {
    /// Temperature and tint of the chromaticity (x, y).
    ///
    /// Whites beyond the ends of the table get the temperature of its end. Not a number gives D50.
    pub fn from_xy(xy: [f64; 2]) -> Self {
        let [x, y] = if xy.iter().all(|v| v.is_finite()) { xy } else { D50_XY };
        let denominator = 1.5 - x + 6.0 * y;
        let (u, v) = (2.0 * x / denominator, 3.0 * y / denominator);
        // The first line the white lies above (or on); the line before it is on the other side.
        let last = ISOTHERMS.len() - 1;
        let i = (1..last).find(|&i| ISOTHERMS[i].distance(u, v) <= 0.0).unwrap_or(last);
        let (a, b) = (&ISOTHERMS[i - 1], &ISOTHERMS[i]);
        let (da, db) = (a.distance(u, v).max(0.0), (-b.distance(u, v)).max(0.0));
        let f = if da + db > 0.0 { da / (da + db) } else { 0.0 };
        let mired = a.mired + (b.mired - a.mired) * f;
        let (foot, direction) = foot_and_direction(a, b, f);
        let along = (u - foot[0]) * direction[0] + (v - foot[1]) * direction[1];
        Self { kelvin: 1e6 / mired.max(1.0), tint: along * TINT_SCALE }
    }

    /// The chromaticity (x, y). Temperatures are held within 1667 K and 1 MK, the ends of the table.
    pub fn to_xy(self) -> [f64; 2] {
        let mired = (1e6 / self.kelvin.max(1.0)).clamp(1.0, 600.0);
        let i = (1..ISOTHERMS.len() - 1).find(|&i| mired < ISOTHERMS[i].mired).unwrap_or(ISOTHERMS.len() - 1);
        let (a, b) = (&ISOTHERMS[i - 1], &ISOTHERMS[i]);
        let (foot, direction) = foot_and_direction(a, b, (mired - a.mired) / (b.mired - a.mired));
        let offset = self.tint / TINT_SCALE;
        let (u, v) = (foot[0] + direction[0] * offset, foot[1] + direction[1] * offset);
        let denominator = u - 4.0 * v + 2.0;
        [1.5 * u / denominator, v / denominator]
    }
}

/// Point of the locus and unit direction of the isotherm a fraction `f` of the way from line `a` to line `b`.
fn foot_and_direction(a: &Isotherm, b: &Isotherm, f: f64) -> ([f64; 2], [f64; 2]) {
    let (da, db) = (a.direction(), b.direction());
    let mix = |a: f64, b: f64| a + (b - a) * f;
    let direction = [mix(da[0], db[0]), mix(da[1], db[1])];
    let length = direction[0].hypot(direction[1]);
    ([mix(a.u, b.u), mix(a.v, b.v)], direction.map(|v| v / length))
}

/// Chromaticity (x, y) of a black body after the cubic fits of Kim et al. (2002), 1667 K to 25000 K; within 1.2 mired.
pub fn planckian_xy(kelvin: f64) -> [f64; 2] {
    let t = kelvin.clamp(1667.0, 25000.0);
    let i = 1e3 / t;
    let x = if t <= 4000.0 {
        ((-0.2661239 * i - 0.2343589) * i + 0.8776956) * i + 0.179910
    } else {
        ((-3.0258469 * i + 2.1070379) * i + 0.2226347) * i + 0.240390
    };
    let y = if t <= 2222.0 {
        ((-1.1063814 * x - 1.34811020) * x + 2.18555832) * x - 0.20219683
    } else if t <= 4000.0 {
        ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867
    } else {
        ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483
    };
    [x, y]
}

/// Chromaticity (x, y) of a phase of daylight (CIE 15:2018, 4000 K to 25000 K; held at the ends).
pub fn daylight_xy(kelvin: f64) -> [f64; 2] {
    let t = kelvin.clamp(4000.0, 25000.0);
    let i = 1e3 / t;
    let x = if t <= 7000.0 {
        ((-4.6070 * i + 2.9678) * i + 0.09911) * i + 0.244063
    } else {
        ((-2.0064 * i + 1.9018) * i + 0.24748) * i + 0.237040
    };
    [x, (-3.0 * x + 2.870) * x - 0.275]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::D65_XY;

    #[test]
    fn known_whites_have_their_temperatures() {
        let d65 = TemperatureTint::from_xy(D65_XY);
        assert!((d65.kelvin - 6504.0).abs() < 6.0 && (d65.tint - 9.6).abs() < 1.0, "{d65:?}");
        let a = TemperatureTint::from_xy([0.44757, 0.40745]);
        assert!((a.kelvin - 2856.0).abs() < 4.0 && a.tint.abs() < 0.3, "{a:?}");
        let d50 = TemperatureTint::from_xy(D50_XY);
        assert!((d50.kelvin - 5002.0).abs() < 6.0, "{d50:?}");
    }

    #[test]
    fn there_and_back_again() {
        for kelvin in [1700.0, 2000.0, 2850.0, 3999.0, 5003.0, 6504.0, 9000.0, 20000.0, 49000.0] {
            for tint in [-60.0, -10.0, 0.0, 25.0, 90.0] {
                let back = TemperatureTint::from_xy(TemperatureTint { kelvin, tint }.to_xy());
                // Within a mired: between two isotherms the inverse is that of Robertson's linear scheme.
                assert!((1e6 / back.kelvin - 1e6 / kelvin).abs() < 0.5, "{kelvin} {tint} {back:?}");
                assert!((back.tint - tint).abs() < 0.3, "{kelvin} {tint} {back:?}");
            }
        }
    }

    #[test]
    fn loci_agree_with_the_isotherms() {
        for kelvin in [1700.0, 2100.0, 2500.0, 2900.0, 3500.0, 4500.0, 6500.0, 10000.0] {
            let t = TemperatureTint::from_xy(planckian_xy(kelvin));
            assert!((1e6 / t.kelvin - 1e6 / kelvin).abs() < 1.2 && t.tint.abs() < 1.0, "{kelvin} {t:?}");
        }
        let d65 = daylight_xy(6504.0);
        assert!((d65[0] - D65_XY[0]).abs() < 1e-4 && (d65[1] - D65_XY[1]).abs() < 2e-4);
        let (a, b) = (daylight_xy(6999.999), daylight_xy(7000.001));
        assert!((a[0] - b[0]).abs() < 1e-4);
    }

    #[test]
    fn nonsense_gives_numbers() {
        for xy in [[f64::NAN, 0.3], [0.0, 0.0], [1.0, 0.0], [0.7, 0.3], [0.1, 0.8]] {
            let t = TemperatureTint::from_xy(xy);
            assert!(t.kelvin.is_finite() && t.tint.is_finite() && t.kelvin >= 1666.0, "{xy:?} {t:?}");
        }
        assert!(TemperatureTint { kelvin: 0.0, tint: 0.0 }.to_xy().iter().all(|v| v.is_finite()));
    }
}
