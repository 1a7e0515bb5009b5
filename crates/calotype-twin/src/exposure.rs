//! Exposure: set by hand, or metered.

use crate::{Camera, TwinError};
use serde::Serialize;

/// Shutter and ISO; the aperture is the lens's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Exposure {
    /// Exposure time in seconds.
    pub shutter_s: f64,
    /// ISO speed.
    pub iso: f64,
}

/// What the photographer chose; the rest is metered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Choice {
    /// Exposure time in seconds.
    pub shutter_s: Option<f64>,
    /// ISO speed.
    pub iso: Option<f64>,
    /// Stops brighter than metered.
    pub ev: f64,
}

/// Mean of the picture over saturation that metering aims at: ISO 12232's exposure for the standard output, 10 lux
/// seconds over the ISO, against saturation at 78 (clause 6).
const MEAN_OF_WHITE: f64 = 10.0 / 78.0;
/// Share of the brightest places that may saturate.
const MAY_CLIP: f64 = 0.005;
/// Stops that bright places may darken the picture by.
const MOST_PROTECTION_EV: f64 = 1.5;

impl Choice {
    /// The exposure for a scene whose places give so many electrons per second in their brightest colour and in green;
    /// `green` and `brightest` are of the same places, weighted by repetition.
    ///
    /// Metering holds the mean of the picture at 10/78 of saturation, up to one and a half stops less where more than one
    /// place in two hundred would saturate. The program takes the base ISO up to 1/60 s, then ISO up to 1600, then
    /// time up to the camera's limit, then the rest of the ISO.
    ///
    /// # Errors
    /// [`TwinError::BadValue`] for times and speeds that the camera does not have.
    pub fn resolve(&self, camera: &Camera, green: &[f32], brightest: &[f32]) -> Result<Exposure, TwinError> {
        let sensor = &camera.sensor;
        let (base, highest) = (sensor.base_iso(), sensor.max_iso);
        if let Some(s) = self.shutter_s.filter(|s| !(1e-6..=60.0).contains(s)) {
            return Err(TwinError::bad("options", "shutter", s, "it must lie within a microsecond and a minute"));
        }
        if let Some(iso) = self.iso.filter(|i| !(base * 0.999..=highest).contains(i)) {
            let reason = format!("the sensor {} has ISO {base:.0} to {highest:.0}", sensor.name);
            return Err(TwinError::bad("options", "iso", iso, reason));
        }
        if !(-10.0..=10.0).contains(&self.ev) {
            return Err(TwinError::bad("options", "ev", self.ev, "it must lie within -10 and 10 stops"));
        }
        // seconds times ISO that are needed: the signal in units of white is rate · s · iso / (well · base)
        let mean = green.iter().map(|v| f64::from(*v)).sum::<f64>() / green.len().max(1) as f64;
        let mut sorted: Vec<f32> = brightest.to_vec();
        sorted.sort_by(f32::total_cmp);
        let at = ((1.0 - MAY_CLIP) * sorted.len().saturating_sub(1) as f64) as usize;
        let bright = f64::from(sorted.get(at).copied().unwrap_or(0.0));
        let saturation = sensor.full_well_e * base;
        let for_mean = MEAN_OF_WHITE * saturation / mean.max(1e-9);
        let for_bright = 0.98 * saturation / bright.max(1e-9);
        let metered = for_mean.min(for_bright).max(for_mean * 2f64.powf(-MOST_PROTECTION_EV)) * 2f64.powf(self.ev);
        let time = |t: f64| t.clamp(1e-5, 60.0);
        let (shutter_s, iso) = match (self.shutter_s, self.iso) {
            (Some(s), Some(iso)) => (s, iso),
            (Some(s), None) => (s, (metered / s).clamp(base, highest)),
            (None, Some(iso)) => (time((metered / iso).min(camera.longest_exposure_s)), iso),
            (None, None) => {
                let (short, long) = ((1.0 / 60.0f64).min(camera.longest_exposure_s), camera.longest_exposure_s);
                let iso = (metered / short).clamp(base, highest.min(1600.0).max(base));
                let shutter = time((metered / iso).min(long));
                (shutter, (metered / shutter).clamp(base, highest))
            }
        };
        Ok(Exposure { shutter_s, iso })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_keeps_the_product() {
        let camera = Camera::load("flagship").unwrap();
        let saturation = camera.sensor.full_well_e * camera.sensor.base_iso();
        for rate in [1e7f32, 1e6, 1e5, 1e4, 2e3] {
            let places = vec![rate; 1000];
            let e = Choice::default().resolve(&camera, &places, &places).unwrap();
            let signal = f64::from(rate) * e.shutter_s * e.iso / saturation;
            let limited = e.iso > camera.sensor.max_iso * 0.999;
            assert!(limited || (signal - MEAN_OF_WHITE).abs() < 1e-6, "{rate}: {e:?} {signal}");
            assert!(e.shutter_s <= camera.longest_exposure_s + 1e-12);
        }
        let fixed = Choice { shutter_s: Some(0.01), iso: Some(200.0), ev: 3.0 };
        let e = fixed.resolve(&camera, &[1.0], &[1.0]).unwrap();
        assert_eq!((e.shutter_s, e.iso), (0.01, 200.0));
        assert!(Choice { iso: Some(5.0), ..fixed }.resolve(&camera, &[1.0], &[1.0]).is_err());
    }

    #[test]
    fn bright_places_are_spared() {
        let camera = Camera::load("flagship").unwrap();
        let mut places = vec![1e5f32; 1000];
        let even = Choice::default().resolve(&camera, &places, &places).unwrap();
        places[..100].fill(1.0e6);
        let spared = Choice { ev: 0.0, ..Choice::default() }.resolve(&camera, &vec![1e5; 1000], &places).unwrap();
        let stops = (spared.shutter_s * spared.iso / (even.shutter_s * even.iso)).log2();
        assert!((-1.5001..-0.3).contains(&stops), "{stops}");
    }
}
