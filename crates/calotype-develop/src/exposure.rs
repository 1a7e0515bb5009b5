//! Automatic exposure: how bright the picture shall be.
//!
//! The gain is found on a small picture ([`crate::proxy::shrink`]). It brings the middle of the scene to a key that
//! follows how bright the scene was, so that night stays night and snow stays bright; gives up some brightness where
//! large bright areas would lose their tones; and does not lift what is only noise.

use crate::fast_math;
use crate::proxy::{MID_GREY, REC2020_LUMINANCE, shrink};
use calotype_image::SceneRgb;

/// Pixels that statistics are taken from.
const ENOUGH_PIXELS: usize = 65_000;

/// Noise of luminance: `var(Y) = shot * Y + read`, Y scene-linear before exposure.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LuminanceNoise {
    /// Variance per unit of luminance.
    pub shot: f32,
    /// Variance at black.
    pub read: f32,
}

impl LuminanceNoise {
    /// Luminance at which signal over noise is `snr`: the positive root of Y² = snr² (shot Y + read).
    pub fn luminance_at_snr(&self, snr: f32) -> f32 {
        let s = 0.5 * snr * snr * self.shot;
        s + (s * s + snr * snr * self.read).max(0.0).sqrt()
    }

    /// Signal over noise at a luminance; infinite where there is no noise.
    pub fn snr(&self, luminance: f32) -> f32 {
        let y = luminance.max(0.0);
        y / (self.shot * y + self.read).max(1e-20).sqrt()
    }
}

/// What the exposure is decided from, besides the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExposureParams {
    /// Stops asked for by the user, added to the decision.
    pub user_ev: f32,
    /// BaselineExposure of the file plus what the merge under-exposed: stops that bring the camera's own metering to
    /// its normal brightness.
    pub baseline_ev: f32,
    /// How far to follow the picture's content, 0 (camera's metering only) to 1.
    pub strength: f32,
    /// Brightness of the scene from the camera's settings, log2(N² / t · 100 / ISO), `None` where unknown.
    pub scene_ev100: Option<f32>,
    /// Stops above mid grey where the look reaches white.
    pub white_ev: f32,
    /// Scene luminance at which the sensor clips, before exposure.
    pub clip: f32,
    /// Noise of a full-size pixel, `None` where unknown.
    pub noise: Option<LuminanceNoise>,
}

impl Default for ExposureParams {
    fn default() -> Self {
        Self { user_ev: 0.0, baseline_ev: 0.0, strength: 1.0, scene_ev100: None, white_ev: 4.5, clip: 1.0, noise: None }
    }
}

/// What set the exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExposureLimit {
    /// The middle of the scene.
    MidTones,
    /// Large bright areas.
    Highlights,
    /// Noise in the shadows.
    Noise,
    /// Clipped areas that must stay white.
    Clipping,
    /// The camera's metering: no automatic part, or an empty picture.
    Camera,
}

impl std::fmt::Display for ExposureLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::MidTones => "mid-tones",
            Self::Highlights => "highlights",
            Self::Noise => "noise",
            Self::Clipping => "clipped areas",
            Self::Camera => "camera",
        })
    }
}

/// A decision on exposure, with its reasons.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    /// Stops to apply, the user's included.
    pub ev: f32,
    /// Stops the picture lost against what its middle wants: local tone may give them back to the shadows.
    pub shortfall_ev: f32,
    /// Where the middle of the scene is meant to go, as scene-linear luminance (0.18 = mid grey).
    pub key: f32,
    /// Luminance of the middle of the scene before exposure.
    pub middle: f32,
    /// The middle of the scene in cd/m², where the camera's settings are known.
    pub scene_luminance: Option<f32>,
    /// Share of the picture at or above the sensor's clipping point, 0 to 1.
    pub clipped: f32,
    /// What set it.
    pub limit: ExposureLimit,
}

impl Exposure {
    /// Decides on `proxy`, a small scene-linear picture before exposure.
    pub fn decide(proxy: &SceneRgb, params: &ExposureParams) -> Self {
        let p = params;
        let camera = Self {
            ev: p.baseline_ev + p.user_ev,
            shortfall_ev: 0.0,
            key: MID_GREY,
            middle: 0.0,
            scene_luminance: None,
            clipped: 0.0,
            limit: ExposureLimit::Camera,
        };
        let Some(stats) = Statistics::of(&shrink(proxy, ENOUGH_PIXELS), p.clip) else { return camera };
        let key = key(&stats, p.scene_ev100);
        let strength = p.strength.clamp(0.0, 1.0);

        // The middle of the scene goes to its key. Without knowledge of the light, the camera's metering keeps a say.
        let trust = if p.scene_ev100.is_some() { 0.9 } else { 0.75 };
        let auto = fast_math::log2(key) - stats.middle;
        let wanted = p.baseline_ev + (trust * (auto - p.baseline_ev)).clamp(-2.0, 4.0);

        // Areas by size: how far above mid grey each may come, and how much its loss counts.
        let grey = fast_math::log2(MID_GREY);
        let mut excess = 0.0f32;
        for (level, below_white, weight) in [(stats.p80, 2.6, 0.8), (stats.p95, 1.5, 0.8), (stats.p995, 0.2, 0.5)] {
            excess = excess.max(weight * (level + wanted - grey - (p.white_ev - below_white)));
        }
        // at most 1.4 stops; small in low-key scenes, whose lights may burn
        let most = 1.4 * (0.4 + 0.6 * smoothstep(0.05, 0.13, key));
        let given_up = most * (1.0 - (-excess.max(0.0) / most).exp());
        let mut ev = wanted - given_up;
        let mut limit = if given_up > 0.15 { ExposureLimit::Highlights } else { ExposureLimit::MidTones };

        // A tone three stops below mid grey shall not be mere noise.
        if let Some(noise) = p.noise {
            let most = grey - 3.0 - fast_math::log2(noise.luminance_at_snr(1.5).max(1e-9));
            if ev > most.max(p.baseline_ev) {
                ev = most.max(p.baseline_ev);
                limit = ExposureLimit::Noise;
            }
        }
        // What the sensor lost to clipping must not turn grey.
        if stats.clipped > 0.002 {
            let least = grey + 2.2 - fast_math::log2(p.clip.max(1e-6));
            if ev < least.min(p.baseline_ev) {
                ev = least.min(p.baseline_ev);
                limit = ExposureLimit::Clipping;
            }
        }
        let ev = p.baseline_ev + strength * (ev - p.baseline_ev);
        Self {
            ev: ev + p.user_ev,
            shortfall_ev: (strength * given_up).max(0.0),
            key,
            middle: stats.middle.exp2(),
            scene_luminance: p.scene_ev100.map(|e| (stats.middle + e).exp2()),
            clipped: stats.clipped,
            limit: if strength == 0.0 { ExposureLimit::Camera } else { limit },
        }
    }

    /// The factor on scene-linear values.
    pub fn gain(&self) -> f32 {
        self.ev.exp2()
    }
}

/// The scene's distribution of log2 luminance.
struct Statistics {
    /// Centre-weighted mean, the tails pulled in.
    middle: f32,
    p02: f32,
    p80: f32,
    p95: f32,
    p98: f32,
    p995: f32,
    clipped: f32,
}

impl Statistics {
    fn of(proxy: &SceneRgb, clip: f32) -> Option<Self> {
        let (w, h) = (proxy.width(), proxy.height());
        let [wr, wg, wb] = REC2020_LUMINANCE;
        let mut levels = Vec::with_capacity(w * h);
        let (mut brightest, mut clipped) = (0.0f32, 0usize);
        for y in 0..h {
            let [r, g, b] = proxy.row(y);
            for x in 0..w {
                let v = wr * r[x] + wg * g[x] + wb * b[x];
                // not finite: a pixel without meaning
                if v.is_finite() {
                    brightest = brightest.max(v);
                    clipped += usize::from(v >= 0.95 * clip);
                    levels.push((v, Self::weight(x, y, w, h)));
                }
            }
        }
        if levels.is_empty() || brightest <= 0.0 {
            return None;
        }
        let count = levels.len();
        // 16 stops below the brightest is black in any picture
        let floor = brightest * 2f32.powi(-16);
        for (v, _) in &mut levels {
            *v = fast_math::log2(v.max(floor));
        }
        let mut sorted: Vec<f32> = levels.iter().map(|l| l.0).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let at = |q: f32| sorted[((q * (count - 1) as f32 + 0.5) as usize).min(count - 1)];
        let (p02, p98) = (at(0.02), at(0.98));
        let (mut sum, mut weights) = (0.0f64, 0.0f64);
        for &(v, weight) in &levels {
            sum += f64::from(v.clamp(p02, p98) * weight);
            weights += f64::from(weight);
        }
        Some(Self {
            middle: (sum / weights) as f32,
            p02,
            p80: at(0.80),
            p95: at(0.95),
            p98,
            p995: at(0.995),
            clipped: clipped as f32 / count as f32,
        })
    }

    /// The centre counts about twice as much as the corners.
    fn weight(x: usize, y: usize, w: usize, h: usize) -> f32 {
        let dx = (x as f32 + 0.5) / w as f32 - 0.5;
        let dy = (y as f32 + 0.5) / h as f32 - 0.5;
        1.0 - 1.1 * (dx * dx + dy * dy)
    }
}

/// Where the middle of the scene goes: from the light on it, and from the shape of its distribution.
fn key(stats: &Statistics, scene_ev100: Option<f32>) -> f32 {
    // Reinhard's measure of high and low key (Parameter estimation for photographic tone reproduction, 2002):
    // -1 where nearly all is dark, +1 where nearly all is bright.
    let range = (stats.p98 - stats.p02).max(1.0);
    let lean = ((2.0 * stats.middle - stats.p02 - stats.p98) / range).clamp(-1.0, 1.0);
    match scene_ev100 {
        // A meter calibrated with K = 12.5 (ISO 2720) places L = K/100 · 2^EV at 10/78 of saturation (ISO 12232), so
        // a raw value v means about v · 2^EV cd/m².
        Some(ev100) => light_key(stats.middle + ev100) * (0.6 * lean).exp2(),
        None => 0.125 * (0.8 * lean).exp2(),
    }
}

/// Luminance that the middle of a scene of 2^`log2_light` cd/m² gets. Sunlight 0.19; an overcast day 0.16; a lit room 0.13; 0.3 cd/m², the
/// light of 5 lux on grey, 0.035 or L* 22.
fn light_key(log2_light: f32) -> f32 {
    const KEYS: [(f32, f32); 7] =
        [(-5.0, 0.018), (-1.8, 0.035), (0.5, 0.08), (3.0, 0.12), (6.0, 0.14), (9.0, 0.16), (12.0, 0.19)];
    let mut below = KEYS[0];
    for above in KEYS {
        if log2_light < above.0 {
            let t = if above.0 > below.0 { ((log2_light - below.0) / (above.0 - below.0)).max(0.0) } else { 0.0 };
            return below.1 + t * (above.1 - below.1);
        }
        below = above;
    }
    below.1
}

/// 0 below `a`, 1 above `b`, smooth between.
pub(crate) fn smoothstep(a: f32, b: f32, x: f32) -> f32 {
    let t = ((x - a) / (b - a)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::Plane;

    fn grey(w: usize, h: usize, f: impl Fn(usize, usize) -> f32) -> SceneRgb {
        let p = Plane::from_fn(w, h, f);
        SceneRgb::from_planes([p.clone(), p.clone(), p])
    }

    #[test]
    fn a_plain_scene_is_brought_to_its_key() {
        for level in [0.02, 0.1, 0.15] {
            // a ramp of four stops about the level
            let picture = grey(64, 48, |x, _| level * ((x as f32 - 31.5) / 16.0).exp2());
            let e = Exposure::decide(&picture, &ExposureParams { scene_ev100: Some(13.0), ..Default::default() });
            let middle = level * e.gain();
            assert!((0.09..0.2).contains(&middle), "{level}: middle at {middle}, {e:?}");
        }
    }

    #[test]
    fn night_stays_darker_than_day() {
        let picture = grey(64, 48, |x, _| 0.05 * ((x as f32 - 31.5) / 16.0).exp2());
        let at = |ev| Exposure::decide(&picture, &ExposureParams { scene_ev100: Some(ev), ..Default::default() }).ev;
        assert!(at(3.0) < at(7.0) && at(7.0) < at(13.0));
        let dark = 0.05 * at(2.5).exp2();
        assert!(dark < 0.05, "the middle of a scene of 0.3 cd/m2 at {dark}");
    }

    #[test]
    fn the_sum_of_baseline_and_user_without_the_automatic() {
        let picture = grey(9, 7, |x, y| 0.01 * (x + y) as f32);
        let p = ExposureParams { strength: 0.0, baseline_ev: 0.5, user_ev: -1.25, ..Default::default() };
        let e = Exposure::decide(&picture, &p);
        assert_eq!((e.ev, e.limit), (-0.75, ExposureLimit::Camera));
    }

    #[test]
    fn the_user_adds_to_the_decision() {
        let picture = grey(33, 9, |x, _| 0.01 * (1 + x) as f32);
        let a = Exposure::decide(&picture, &ExposureParams::default()).ev;
        let b = Exposure::decide(&picture, &ExposureParams { user_ev: 0.7, ..Default::default() }).ev;
        assert!((b - a - 0.7).abs() < 1e-5);
    }

    #[test]
    fn a_bright_sky_holds_the_exposure_down() {
        let flat = grey(40, 40, |_, _| 0.02);
        let sky = grey(40, 40, |_, y| if y < 14 { 0.9 } else { 0.02 });
        let p = ExposureParams { baseline_ev: 1.0, ..Default::default() };
        let (a, b) = (Exposure::decide(&flat, &p), Exposure::decide(&sky, &p));
        assert!(b.ev < a.ev - 0.5);
        assert!(b.ev + (0.9f32 / 0.18).log2() < 4.5, "the sky keeps its tones: {b:?}");
    }

    #[test]
    fn noise_limits_the_boost() {
        let picture = grey(40, 40, |_, _| 0.002);
        let clean = Exposure::decide(&picture, &ExposureParams::default());
        let noise = Some(LuminanceNoise { shot: 2e-3, read: 4e-5 });
        let noisy = Exposure::decide(&picture, &ExposureParams { noise, ..Default::default() });
        assert_eq!(noisy.limit, ExposureLimit::Noise);
        assert!(noisy.ev < clean.ev && noisy.ev >= 0.0);
    }

    #[test]
    fn empty_black_and_broken_pictures_keep_the_camera() {
        for picture in [SceneRgb::new(0, 0), SceneRgb::new(3, 2), grey(1, 1, |_, _| -1.0), grey(2, 1, |_, _| f32::NAN)]
        {
            let e = Exposure::decide(&picture, &ExposureParams { baseline_ev: 0.3, ..Default::default() });
            assert_eq!((e.ev, e.limit), (0.3, ExposureLimit::Camera));
        }
        assert!(Exposure::decide(&grey(1, 1, |_, _| 0.2), &ExposureParams::default()).ev.is_finite());
    }

    #[test]
    fn snr_and_its_luminance_agree() {
        let n = LuminanceNoise { shot: 1e-3, read: 1e-5 };
        assert!((n.snr(n.luminance_at_snr(2.0)) - 2.0).abs() < 1e-3);
    }
}
