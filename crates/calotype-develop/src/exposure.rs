//! Automatic exposure: how bright the picture shall be.
//!
//! The gain is found on a small picture ([`crate::proxy::shrink`]). It brings the middle of the scene to a key that
//! follows how bright the scene was, so that night stays night and snow stays bright; gives up some brightness where
//! large bright areas would lose their tones; and does not lift what is only noise. Before a bright sky that fills much of
//! the frame, what is many stops darker is a silhouette and not the middle; what lies outside a lens's image circle is no
//! part of the scene; and what a bracket's short frames add above one frame's range must not make the rest darker.

use crate::fast_math;
use crate::proxy::{MID_GREY, REC2020_LUMINANCE, shrink};
use calotype_image::SceneRgb;

/// Pixels that statistics are taken from.
const ENOUGH_PIXELS: usize = 65_000;
/// Luminance at which the reference frame clips, in a merged picture too.
const ONE_FRAME: f32 = 1.0;
/// The largest luminance that counts: about what filled highlights of a single frame reach.
const BRIGHTEST: f32 = 2.0 * ONE_FRAME;

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
        let middle = stats.middle + stats.silhouette(p.scene_ev100) * (stats.bright.level - stats.middle).max(0.0);
        let key = key(&stats, middle, p.scene_ev100);
        let strength = p.strength.clamp(0.0, 1.0);

        // The middle of the scene goes to its key. Without knowledge of the light, the camera's metering keeps a say.
        let trust = if p.scene_ev100.is_some() { 0.9 } else { 0.75 };
        let auto = fast_math::log2(key) - middle;
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
        // What the sensor loses to clipping must not turn grey, nor a bracket darker than its reference alone.
        if stats.above_one_frame > 0.002 {
            let least = grey + 2.2 - fast_math::log2(p.clip.clamp(1e-6, ONE_FRAME));
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
            middle: middle.exp2(),
            scene_luminance: p.scene_ev100.map(|e| (middle + e).exp2()),
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
    /// Share at or above the clipping point of the whole burst.
    clipped: f32,
    /// Share at or above that of the reference frame.
    above_one_frame: f32,
    bright: BrightClass,
}

/// The brighter of the two classes that part a distribution best.
struct BrightClass {
    /// Mean of log2 luminance.
    level: f32,
    /// Stops above the mean of the darker class.
    above_dark: f32,
    /// Share of the pixels.
    share: f32,
}

impl Statistics {
    fn of(proxy: &SceneRgb, clip: f32) -> Option<Self> {
        let (w, h) = (proxy.width(), proxy.height());
        let [wr, wg, wb] = REC2020_LUMINANCE;
        let mut levels = Vec::with_capacity(w * h);
        let mut brightest = 0.0f32;
        for y in 0..h {
            let [r, g, b] = proxy.row(y);
            for x in 0..w {
                let v = wr * r[x] + wg * g[x] + wb * b[x];
                // not finite: a pixel without meaning
                if v.is_finite() {
                    brightest = brightest.max(v);
                    levels.push((v, (x, y)));
                }
            }
        }
        if levels.is_empty() || brightest <= 0.0 {
            return None;
        }
        let all = levels.len() as f32;
        let share = |limit: f32| levels.iter().filter(|l| l.0 >= 0.95 * limit).count() as f32 / all;
        let (clipped, above_one_frame) = (share(clip), share(clip.min(ONE_FRAME)));
        // 16 stops below the brightest is black in any picture
        let floor = brightest * 2f32.powi(-16);
        for (v, _) in &mut levels {
            *v = fast_math::log2(v.clamp(floor, BRIGHTEST.max(floor)));
        }
        let radius = image_circle(&levels, w, h);
        levels.retain(|(_, (x, y))| ring(*x, *y, w, h) < radius);
        let mut sorted: Vec<f32> = levels.iter().map(|l| l.0).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let at = |q: f32| quantile(&sorted, q);
        let (p02, p98) = (at(0.02), at(0.98));
        let (mut sum, mut weights) = (0.0f64, 0.0f64);
        for &(v, (x, y)) in &levels {
            let weight = Self::weight(x, y, w, h);
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
            clipped,
            above_one_frame,
            bright: BrightClass::of(&sorted),
        })
    }

    /// How far the dark part of the scene is a silhouette before a bright sky, 0 to 1: the sky fills a good part of the
    /// frame, lies more than four stops above the rest, and is as bright as only daylight makes it (200 to 1500 cd/m²,
    /// where the light is known).
    fn silhouette(&self, scene_ev100: Option<f32>) -> f32 {
        let BrightClass { level, above_dark, share } = self.bright;
        let daylight = scene_ev100.map_or(1.0, |ev100| smoothstep(7.6, 10.6, level + ev100));
        smoothstep(4.0, 5.2, above_dark) * smoothstep(0.25, 0.5, share) * daylight
    }

    /// The centre counts about twice as much as the corners.
    fn weight(x: usize, y: usize, w: usize, h: usize) -> f32 {
        let dx = (x as f32 + 0.5) / w as f32 - 0.5;
        let dy = (y as f32 + 0.5) / h as f32 - 0.5;
        1.0 - 1.1 * (dx * dx + dy * dy)
    }
}

impl BrightClass {
    /// Of sorted values: the split of largest variance between the classes (Otsu, IEEE Trans. SMC 9, 62, 1979), looked for
    /// in steps of a fortieth of the pixels.
    fn of(sorted: &[f32]) -> Self {
        const STEPS: usize = 40;
        let count = sorted.len();
        let total: f64 = sorted.iter().map(|v| f64::from(*v)).sum();
        let mut best = Self { level: (total / count as f64) as f32, above_dark: 0.0, share: 1.0 };
        let (mut variance, mut sum, mut from) = (0.0, 0.0f64, 0);
        for step in 1..STEPS {
            let to = count * step / STEPS;
            sum += sorted[from..to].iter().map(|v| f64::from(*v)).sum::<f64>();
            from = to;
            if to == 0 {
                continue;
            }
            let (dark, bright) = (sum / to as f64, (total - sum) / (count - to) as f64);
            let share = (count - to) as f64 / count as f64;
            let between = share * (1.0 - share) * (bright - dark).powi(2);
            if between > variance {
                variance = between;
                best = Self { level: bright as f32, above_dark: (bright - dark) as f32, share: share as f32 };
            }
        }
        best
    }
}

/// The value below which a share `q` of some sorted values lies.
fn quantile(sorted: &[f32], q: f32) -> f32 {
    sorted[((q * (sorted.len() - 1) as f32 + 0.5) as usize).min(sorted.len() - 1)]
}

/// Rings about the middle of a picture, the last at the corners.
const RINGS: usize = 32;

/// The ring that a pixel lies in.
fn ring(x: usize, y: usize, w: usize, h: usize) -> usize {
    let (dx, dy) = (x as f32 + 0.5 - 0.5 * w as f32, y as f32 + 0.5 - 0.5 * h as f32);
    let (dx, dy) = (dx / w.max(h) as f32, dy / w.max(h) as f32);
    let corner = (0.5 * w as f32 / w.max(h) as f32).hypot(0.5 * h as f32 / w.max(h) as f32);
    ((dx.hypot(dy) / corner * RINGS as f32) as usize).min(RINGS - 1)
}

/// The ring that holds the edge of the image circle of a lens that does not cover the sensor, or [`RINGS`]: from the next
/// to the corners nearly all is at least four stops darker than the ring before, and three than the picture's median.
fn image_circle(levels: &[(f32, (usize, usize))], w: usize, h: usize) -> usize {
    let mut rings = [(); RINGS].map(|()| Vec::new());
    for &(v, (x, y)) in levels {
        rings[ring(x, y, w, h)].push(v);
    }
    let mut all: Vec<f32> = levels.iter().map(|l| l.0).collect();
    let half = all.len() / 2;
    let middle = *all.select_nth_unstable_by(half, f32::total_cmp).1;
    // empty in very small or narrow pictures: no circle there
    let bright = rings.map(|mut r| {
        r.sort_unstable_by(f32::total_cmp);
        if r.is_empty() { f32::MAX } else { quantile(&r, 0.98) }
    });
    let outside = |i: usize| bright[i..].iter().all(|&b| b < (bright[i - 2] - 4.0).min(middle - 3.0));
    (RINGS / 3..RINGS).find(|&i| bright[i - 2] < f32::MAX && outside(i)).map_or(RINGS, |i| i - 1)
}

/// Where the middle of the scene goes: from the light on it, and from the shape of its distribution.
fn key(stats: &Statistics, middle: f32, scene_ev100: Option<f32>) -> f32 {
    // Reinhard's measure of high and low key (Parameter estimation for photographic tone reproduction, 2002):
    // -1 where nearly all is dark, +1 where nearly all is bright.
    let range = (stats.p98 - stats.p02).max(1.0);
    let lean = ((2.0 * stats.middle - stats.p02 - stats.p98) / range).clamp(-1.0, 1.0);
    match scene_ev100 {
        // A meter calibrated with K = 12.5 (ISO 2720) places L = K/100 · 2^EV at 10/78 of saturation (ISO 12232), so
        // a raw value v means about v · 2^EV cd/m².
        Some(ev100) => light_key(middle + ev100) * (0.6 * lean).exp2(),
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
    fn black_trees_do_not_turn_a_sunset_into_noon() {
        // a sky of half the frame, trees six stops below it, in daylight or in a room
        let sunset = grey(80, 60, |x, y| if y < 33 { 0.06 } else { 0.001 } * (1.0 + 0.01 * (x % 7) as f32));
        let at = |ev100| Exposure::decide(&sunset, &ExposureParams { scene_ev100: Some(ev100), ..Default::default() });
        let (outside, room) = (at(15.0), at(4.0));
        let sky = 0.06 * outside.gain();
        assert!((0.12..0.3).contains(&sky), "the sky at {sky}, {outside:?}");
        assert!(room.ev > outside.ev, "no sky is this dim: {room:?}");
        // where the sky is small, the land is the scene
        let land = grey(80, 60, |_, y| if y < 10 { 0.06 } else { 0.001 });
        let land = Exposure::decide(&land, &ExposureParams { scene_ev100: Some(15.0), ..Default::default() });
        assert!(land.ev > outside.ev + 1.0, "{land:?}");
    }

    #[test]
    fn black_corners_outside_an_image_circle_do_not_count() {
        let scene = |x: usize, y: usize| 0.05 * (1.0 + 0.5 * ((x / 3 + y / 5) % 3) as f32);
        let radius = |x: usize, y: usize| (x as f32 - 59.5).hypot(y as f32 - 44.5);
        let whole = grey(120, 90, scene);
        let circle = grey(120, 90, |x, y| if radius(x, y) < 46.0 { scene(x, y) } else { 2e-4 });
        let p = ExposureParams { scene_ev100: Some(13.0), ..Default::default() };
        let (a, b) = (Exposure::decide(&whole, &p), Exposure::decide(&circle, &p));
        assert!((a.ev - b.ev).abs() < 0.1, "{} without corners, {} with black ones", a.ev, b.ev);
        // dark but not black, or black on one side only: part of the scene
        for picture in [
            grey(120, 90, |x, y| if radius(x, y) < 46.0 { scene(x, y) } else { 0.01 }),
            grey(120, 90, |x, y| if x < 90 { scene(x, y) } else { 2e-4 }),
        ] {
            assert!(Exposure::decide(&picture, &p).ev > a.ev + 0.2);
        }
    }

    #[test]
    fn recovered_highlights_do_not_darken_the_rest() {
        let light = |x: usize| 0.05 * (x as f32 / 8.0).exp2();
        let merged = grey(64, 40, |x, _| light(x));
        let single = grey(64, 40, |x, _| light(x).min(1.0));
        let p = ExposureParams { scene_ev100: Some(11.0), ..Default::default() };
        let (one, many) =
            (Exposure::decide(&single, &p), Exposure::decide(&merged, &ExposureParams { clip: 16.0, ..p }));
        assert!((one.ev - many.ev).abs() < 0.25, "{} alone, {} merged", one.ev, many.ev);
        assert_eq!(many.clipped, 0.0);
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
