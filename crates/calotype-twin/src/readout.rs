//! From the mean number of electrons to the code in the file.

use crate::random::{Random, mix};
use crate::sensor::{Gain, Sensor};

/// What makes one frame's noise.
#[derive(Clone, Copy, Debug)]
pub struct Readout<'a> {
    /// The sensor.
    pub sensor: &'a Sensor,
    /// Its setting.
    pub gain: Gain,
    /// Seconds for which dark current flows.
    pub exposure_s: f64,
    /// Seed of the burst.
    pub seed: u64,
    /// Number of the sensor: what its photosites differ in.
    pub unit: u64,
    /// Number of the frame.
    pub frame: u64,
}

impl Readout<'_> {
    /// Codes of the row `y` whose photosites collect on average `electrons` of light.
    pub fn row(&self, y: usize, electrons: &[f32], out: &mut [u16]) {
        let s = self.sensor;
        // what photosites differ in is the same in all frames
        let mut fixed = Random::new(self.unit, [0x756e_6974, y as u64]);
        let mut noise = Random::new(self.seed, [self.frame + 1, y as u64]);
        let (prnu, per_dn) = (s.prnu_percent / 100.0, 1.0 / self.gain.e_per_dn);
        let row_e = s.row_noise_e * noise.normals()[0];
        let dark_e = s.dark_current_e_s * self.exposure_s;
        let black = f64::from(s.black_level);
        let white = f64::from(s.white_level());
        let mut spare = [None::<f64>; 2];
        let mut normal = |which: usize, random: &mut Random| {
            spare[which].take().unwrap_or_else(|| {
                let [a, b] = random.normals();
                spare[which] = Some(b);
                a
            })
        };
        for (x, (out, light)) in out.iter_mut().zip(electrons).enumerate() {
            let sensitivity = if prnu > 0.0 { 1.0 + prnu * normal(0, &mut fixed) } else { 1.0 };
            let (hot_e_s, dead) = defect(s, self.unit, x, y);
            let light = if dead { 0.0 } else { f64::from(*light) * sensitivity };
            let collected = noise.poisson(light + dark_e + hot_e_s * self.exposure_s).min(self.gain.well_e);
            let gaussian = if self.gain.gaussian_e > 0.0 { self.gain.gaussian_e * normal(1, &mut noise) } else { 0.0 };
            *out = ((collected + gaussian + row_e - dark_e) * per_dn + black + 0.5).clamp(0.0, white) as u16;
        }
    }
}

/// The dark current of a photosite beyond that of all, in electrons per second, and whether it is dead.
pub fn defect(sensor: &Sensor, unit: u64, x: usize, y: usize) -> (f64, bool) {
    let bits = mix(mix(unit ^ 0x6465_6665_6374) ^ ((y as u64) << 32 | x as u64));
    let place = (bits >> 40) as f64 / (1u64 << 24) as f64 * 1e6;
    if place < sensor.hot_pixels_per_million {
        let share = ((bits & 0xff_ffff) as f64 + 0.5) / (1u64 << 24) as f64;
        return (-share.ln() * sensor.hot_pixel_e_s, false);
    }
    (0.0, place < sensor.hot_pixels_per_million + sensor.dead_pixels_per_million)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensor(name: &str) -> Sensor {
        Sensor::from_toml(name, Sensor::builtin_text(name).unwrap()).unwrap()
    }

    /// Mean and variance of the signal of an even surface, black 0 and white 1.
    fn flat(sensor: &Sensor, iso: f64, level: f64, frame: u64) -> (f64, f64) {
        let gain = sensor.at_iso(iso);
        let readout = Readout { sensor, gain, exposure_s: 0.02, seed: 5, unit: 1, frame };
        let light = vec![(level * gain.white_e) as f32; 512];
        let (black, range) = (f64::from(sensor.black_level), f64::from(sensor.white_level() - sensor.black_level));
        let mut values = Vec::new();
        let mut row = vec![0u16; 512];
        for y in 0..400 {
            readout.row(y, &light, &mut row);
            values.extend(row.iter().map(|v| (f64::from(*v) - black) / range));
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64)
    }

    #[test]
    fn a_flat_has_the_mean_and_variance_of_photons() {
        let s = sensor("clean");
        let gain = s.at_iso(s.base_iso() * 8.0);
        for level in [0.002, 0.05, 0.5] {
            let (mean, variance) = flat(&s, gain.iso, level, 0);
            let expected = level / gain.white_e;
            assert!((mean / level - 1.0).abs() < 5.0 * (expected / 204_800.0).sqrt() / level, "{level}: {mean}");
            assert!((variance / expected - 1.0).abs() < 0.02, "{level}: {variance} {expected}");
        }
    }

    #[test]
    fn the_noise_profile_is_true() {
        for (name, iso) in [("one-inch", 100.0), ("one-inch", 3200.0), ("main", 800.0), ("small", 400.0)] {
            let mut s = sensor(name);
            // defects and PRNU are the same in every frame: no noise
            (s.prnu_percent, s.hot_pixels_per_million, s.dead_pixels_per_million) = (0.0, 0.0, 0.0);
            let model = s.noise(&s.at_iso(iso), 0.02);
            for level in [0.02, 0.3] {
                let (_, variance) = flat(&s, iso, level, 3);
                let promised = f64::from(model.variance(1, level as f32));
                assert!((variance / promised - 1.0).abs() < 0.04, "{name} {iso} {level}: {variance} {promised}");
            }
        }
    }

    #[test]
    fn wells_and_converters_clip_and_defects_stay() {
        let s = sensor("main");
        let (mean, variance) = flat(&s, s.base_iso(), 3.0, 0);
        // all but dead photosites
        assert!(mean > 0.999 && variance < 1e-3, "{mean} {variance}");
        let defects: Vec<_> = (0..2_000_000).map(|i| defect(&s, 1, i % 2000, i / 2000)).collect();
        let hot = defects.iter().filter(|d| d.0 > 0.0).count() as f64;
        assert!((hot / 2.0 - s.hot_pixels_per_million).abs() < 4.0 * (s.hot_pixels_per_million / 2.0).sqrt(), "{hot}");
        assert_eq!(defect(&s, 1, 5, 6), defect(&s, 1, 5, 6));
    }
}
