//! A camera as it was measured, used instead of what its files say.

use crate::{Burst, NoiseSource, Pixels};
use calotype_color::IlluminantCalibration;
use calotype_image::{Cfa, GainMap, NoiseModel, Plane, Rect, Shading};

/// How far the ISO speed of a frame may lie from one that was measured: a stop.
const REACH: f64 = 2.0;

/// What was measured of a camera. Every part may be empty; what is there is used instead of what the files say, but for
/// shading, which is for files that say nothing of it (two corrections of the same falloff would be one too many).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeasuredCamera {
    /// UniqueCameraModel of the camera that was measured; empty where it is not known.
    pub unique_camera_model: String,
    /// Colours, one to three lights; the white of a picture is still that of its file.
    pub illuminants: Vec<IlluminantCalibration>,
    /// ISO speeds with the noise there: `var(x) = shot x + read` for black 0 and saturation 1.
    pub noise: Vec<(f64, NoiseModel)>,
    /// Gains of red, green, blue that make a flat field flat: nodes from border to border, the centre about 1.
    pub shading: Option<[Plane<f32>; 3]>,
}

impl MeasuredCamera {
    /// The noise at an ISO speed: that of the nearest speed measured, amplified, where that is no more than a stop away.
    /// Amplification multiplies S with the gain and O with its square, which overstates the part of O from behind the
    /// amplifier.
    pub fn noise_at(&self, iso: f64) -> Option<NoiseModel> {
        let far = |measured: f64| (iso / measured).ln().abs();
        let (measured, model) = self.noise.iter().min_by(|a, b| far(a.0).total_cmp(&far(b.0)))?;
        let gain = iso / measured;
        (1.0 / REACH..=REACH).contains(&gain).then(|| model.amplified(gain as f32))
    }
}

impl Burst {
    /// Uses a measured camera for all frames. What cannot be used is told in [`Burst::warnings`]: another camera's
    /// measurements, and ISO speeds more than a stop away from all that were measured.
    pub fn use_camera(&mut self, camera: &MeasuredCamera) {
        let mut warnings = Vec::new();
        for frame in &mut self.frames {
            let model = &frame.info.unique_camera_model;
            if !camera.unique_camera_model.is_empty() && *model != camera.unique_camera_model {
                warnings.push(format!(
                    "{}: a file of {model}, but the camera profile is that of {}",
                    frame.name, camera.unique_camera_model
                ));
            }
            if !camera.illuminants.is_empty() {
                frame.info.calibration.illuminants = camera.illuminants.clone();
            }
            let iso = frame.info.exif.iso.filter(|iso| *iso > 0.0);
            match iso.and_then(|iso| camera.noise_at(iso)) {
                Some(noise) => {
                    frame.info.noise_profile = Some(noise);
                    match &mut frame.pixels {
                        Pixels::Mosaic(raw) => raw.noise = noise,
                        Pixels::Linear { noise: of, .. } => *of = noise,
                    }
                }
                None if !camera.noise.is_empty() => {
                    let iso = iso.map_or_else(|| "no ISO speed".into(), |iso| format!("ISO {iso:.0}"));
                    warnings.push(format!("{}: {iso}: the camera profile knows no noise for it", frame.name));
                }
                None => {}
            }
            if let (Pixels::Mosaic(raw), Some(gains)) = (&mut frame.pixels, &camera.shading)
                && raw.shading.is_none()
            {
                let size = (raw.samples.width(), raw.samples.height());
                raw.shading = Some(shading(gains, raw.cfa, size));
            }
        }
        if self.frames.iter().all(|f| f.info.noise_profile.is_some()) {
            self.noise_source = NoiseSource::File;
        }
        self.warnings.extend(warnings);
    }
}

/// Gains by colour as maps of a mosaic: one for each place in its cell.
fn shading(gains: &[Plane<f32>; 3], cfa: Cfa, (width, height): (usize, usize)) -> Shading {
    let places = [(0, 0), (1, 0), (0, 1), (1, 1)];
    let map = |(x, y): (usize, usize)| {
        let nodes = &gains[cfa.color_at(x, y) as usize];
        let spacing = |count: usize| 1.0 / (count.max(2) - 1) as f64;
        GainMap {
            area: Rect { x, y, width: width.saturating_sub(x), height: height.saturating_sub(y) },
            pitch: (2, 2),
            origin: (0.0, 0.0),
            spacing: (spacing(nodes.width()), spacing(nodes.height())),
            gains: nodes.clone(),
        }
    };
    Shading { maps: places.map(map).to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_follows_the_gain_within_a_stop() {
        let camera = MeasuredCamera {
            noise: vec![(100.0, NoiseModel::uniform(1e-4, 1e-6)), (800.0, NoiseModel::uniform(8e-4, 3e-5))],
            ..MeasuredCamera::default()
        };
        let at = |iso| camera.noise_at(iso).map(|n| (n.shot[1], n.read[1]));
        assert_eq!(at(100.0), Some((1e-4, 1e-6)));
        let (shot, read) = at(200.0).unwrap();
        assert!((shot / 2e-4 - 1.0).abs() < 1e-5 && (read / 4e-6 - 1.0).abs() < 1e-5, "{shot} {read}");
        let (shot, read) = at(400.0).unwrap();
        assert!((shot / 4e-4 - 1.0).abs() < 1e-5 && (read / 7.5e-6 - 1.0).abs() < 1e-5, "{shot} {read}");
        assert!(at(40.0).is_none() && at(2000.0).is_none() && at(f64::NAN).is_none());
        assert!(MeasuredCamera::default().noise_at(100.0).is_none());
    }

    #[test]
    fn every_place_of_the_cell_gets_its_colours_gain() {
        let gains = [1.5f32, 2.0, 3.0].map(|v| Plane::from_fn(3, 2, |x, _| if x == 1 { 1.0 } else { v }));
        let maps = shading(&gains, Cfa::RGGB, (64, 48));
        let at = |x, y| maps.gain_at(x, y, 64, 48);
        // the corner's photosites: red, green, green, blue, each nearly its gain at the border
        for (x, y, want) in [(0, 0, 1.5), (1, 0, 2.0), (0, 1, 2.0), (1, 1, 3.0)] {
            assert!((at(x, y) / want - 1.0).abs() < 0.06, "{x} {y}: {}", at(x, y));
        }
        assert!((at(32, 20) - 1.0).abs() < 0.02);
    }
}
