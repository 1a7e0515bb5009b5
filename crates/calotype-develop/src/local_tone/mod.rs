//! Local tone: a scene of any range, in the range of a picture, with its light kept.
//!
//! Deep shadows are lifted and highlights held only as far as the scene's range needs it; details keep their contrast
//! and edges get no halos. The slow operator (a local Laplacian filter on log2 luminance) runs on a small picture;
//! its effect is stored in a bilateral grid and sliced at full size, so a photograph costs a few operations per pixel.
//! Red, green and blue are scaled by one factor: hue and saturation do not change.
//!
//! ```
//! use calotype_develop::{LocalTone, LocalToneParams, proxy};
//! use calotype_image::SceneRgb;
//!
//! let mut picture = SceneRgb::new(640, 480);
//! let small = proxy::shrink(&picture, LocalTone::PROXY_PIXELS);
//! let map = LocalTone::plan(&small, 1.0, &LocalToneParams::default());
//! map.apply(&mut picture);
//! ```

mod contrast;
mod curve;
mod grid;
mod laplacian;
pub(crate) mod pyramid;
mod rows;

use crate::exposure::{LuminanceNoise, smoothstep};
use crate::fast_math;
use crate::proxy::{MID_GREY, REC2020_LUMINANCE, shrink};
use calotype_image::{Plane, SceneRgb, par};
use contrast::ContrastPlanes;
use curve::{Bends, ToneAim};
use grid::Grid;

pub use rows::ToneRows;

/// How much local tone, and what it must know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalToneParams {
    /// 0 (none) to 1 (all that the scene's range asks for).
    pub strength: f32,
    /// Shadows are lifted by at most this many stops.
    pub lift_ev: f32,
    /// Highlights are held by at most this many stops.
    pub hold_ev: f32,
    /// Stops above mid grey where the look reaches white.
    pub white_ev: f32,
    /// What exposure gave up for the highlights ([`crate::Exposure::shortfall_ev`]), given back to the rest.
    pub shortfall_ev: f32,
    /// Key of the scene ([`crate::Exposure::key`]): dark scenes stay dark.
    pub key: f32,
    /// Scene luminance at which the sensor clips, before exposure.
    pub clip: f32,
    /// Noise of a full-size pixel before exposure, `None` where unknown: what is only noise is not lifted.
    pub noise: Option<LuminanceNoise>,
    /// Gain of local contrast, by scale.
    pub contrast: LocalContrast,
}

impl Default for LocalToneParams {
    fn default() -> Self {
        Self {
            strength: 0.5,
            lift_ev: 3.0,
            hold_ev: 2.0,
            white_ev: 4.5,
            shortfall_ev: 0.0,
            key: 0.14,
            clip: 1.0,
            noise: None,
            contrast: LocalContrast::default(),
        }
    }
}

/// Gain of local contrast at three scales: 0 leaves it, 0.1 adds a tenth, negative softens; useful -0.5 to 0.5.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LocalContrast {
    /// Structures of about 0.2 percent of the picture's height.
    pub fine: f32,
    /// About 1 to 2 percent.
    pub medium: f32,
    /// About 6 percent.
    pub coarse: f32,
}

/// The planner of local tone.
#[derive(Clone, Copy, Debug)]
pub struct LocalTone;

impl LocalTone {
    /// Pixels of a small picture that [`LocalTone::plan`] makes good use of.
    pub const PROXY_PIXELS: usize = 250_000;
    /// Pixels that the slow operator runs on.
    const OPERATOR_PIXELS: usize = 60_000;

    /// Plans local tone for the picture that `proxy` stands for, both before exposure; `gain` is the exposure.
    /// The map applies exposure and local tone in one go.
    pub fn plan(proxy: &SceneRgb, gain: f32, params: &LocalToneParams) -> LocalToneMap {
        let gain = if gain.is_finite() { gain.max(0.0) } else { 1.0 };
        let mut map = LocalToneMap { gain, grid: None, contrast: None, report: LocalToneReport::default() };
        if proxy.width() == 0 || proxy.height() == 0 {
            return map;
        }
        let strength = params.strength.clamp(0.0, 1.0);
        if strength > 0.0 {
            let small = shrink(proxy, Self::OPERATOR_PIXELS);
            let input = log_guide(&small, gain);
            let bends = bends(&input, gain, strength, params);
            let aim = ToneAim::new(&bends);
            let mut change = laplacian::local_laplacian(&input, &aim);
            for (c, z) in change.data_mut().iter_mut().zip(input.data()) {
                *c -= z;
            }
            map.report = LocalToneReport {
                lift_ev: bends.lift,
                refill_ev: bends.refill,
                hold_ev: bends.bright - bends.bright_aim,
            };
            if change.data().iter().any(|c| c.abs() > 0.01) {
                map.grid = Some(Grid::fit(&input, &change, |z| aim.at(z) - z));
            }
        }
        if params.contrast != LocalContrast::default() {
            map.contrast = Some(ContrastPlanes::new(&log_guide(proxy, gain), &params.contrast));
        }
        map
    }
}

/// What local tone decided, in stops.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LocalToneReport {
    /// Lift of the deep shadows.
    pub lift_ev: f32,
    /// Lift of shadows and mid-tones to make up for the exposure.
    pub refill_ev: f32,
    /// How far the bright end is held down; negative where it is stretched up to white.
    pub hold_ev: f32,
}

/// Exposure and local tone of one picture, to be applied at any size.
#[derive(Clone, Debug)]
pub struct LocalToneMap {
    gain: f32,
    grid: Option<Grid>,
    contrast: Option<ContrastPlanes>,
    report: LocalToneReport,
}

impl LocalToneMap {
    /// Exposure only.
    pub fn exposure_only(gain: f32) -> Self {
        Self { gain, grid: None, contrast: None, report: LocalToneReport::default() }
    }

    /// What was decided.
    pub fn report(&self) -> LocalToneReport {
        self.report
    }

    /// The map fitted to a picture of `width` x `height`, as a step of the pipeline.
    pub fn rows(&self, width: usize, height: usize) -> ToneRows<'_> {
        ToneRows::new(self, width, height)
    }

    /// Exposes and tones a whole picture in place.
    pub fn apply(&self, picture: &mut SceneRgb) {
        let rows = self.rows(picture.width(), picture.height());
        par::bands3_mut(&mut picture.planes, 32, |top, mut bands| {
            for y in 0..bands[0].height() {
                let [red, green, blue] = bands.each_mut().map(|band| band.row_mut(y));
                rows.apply(top + y, red, green, blue);
            }
        });
    }

    /// The change in stops at pixel (x, y) of a picture of `width` x `height` whose pixel there is `rgb`, before
    /// exposure. The scalar definition of [`ToneRows::apply`].
    pub fn change_ev(&self, x: usize, y: usize, width: usize, height: usize, rgb: [f32; 3]) -> f32 {
        let z = log_level(guide(rgb[0], rgb[1], rgb[2]) * self.gain);
        let tone = self.grid.as_ref().map_or(0.0, |g| g.slice(x, y, width, height, z));
        tone + self.contrast.as_ref().map_or(0.0, |c| c.change(x, y, width, height, z))
    }
}

/// Luminance, with some of the brightest channel in it, so that saturated lights count as the lights they are.
#[inline(always)]
pub(crate) fn guide(r: f32, g: f32, b: f32) -> f32 {
    const SHARE: f32 = 0.7;
    let [wr, wg, wb] = REC2020_LUMINANCE;
    (SHARE * wr) * r + (SHARE * wg) * g + (SHARE * wb) * b + (1.0 - SHARE) * r.max(g).max(b)
}

/// Stops from mid grey of an exposed luminance, at least -14.
#[inline(always)]
pub(crate) fn log_level(exposed: f32) -> f32 {
    const BLACK: f32 = 1.0 / 16384.0;
    // max, not clamp: what is not a number becomes black
    fast_math::log2((exposed * (1.0 / MID_GREY)).max(BLACK))
}

/// The plane of [`log_level`] of a picture, with exposure.
fn log_guide(picture: &SceneRgb, gain: f32) -> Plane<f32> {
    let mut out = Plane::<f32>::new(picture.width(), picture.height());
    for y in 0..picture.height() {
        let [r, g, b] = picture.row(y);
        for (x, v) in out.row_mut(y).iter_mut().enumerate() {
            *v = log_level(guide(r[x], g[x], b[x]) * gain);
        }
    }
    out
}

/// What a scene needs, from its range.
fn bends(levels: &Plane<f32>, gain: f32, strength: f32, params: &LocalToneParams) -> Bends {
    let mut sorted = levels.data().to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let at = |q: f32| sorted[((q * (sorted.len() - 1) as f32 + 0.5) as usize).min(sorted.len() - 1)];
    let clip = log_level(params.clip * gain);
    let clipped = sorted.iter().rev().take_while(|&&z| z > clip - 0.1).count() as f32 / sorted.len() as f32;
    let amount = 1.6 * strength;

    // A picture shows about six stops well; half of what the scene has more is taken from its shadows.
    let range = at(0.99) - at(0.05);
    let day = 0.25 + 0.75 * smoothstep(0.04, 0.12, params.key);
    let lift = (amount * day * 0.4 * (range - 5.5)).clamp(0.0, params.lift_ev.max(0.0));
    let refill = (amount.min(1.0) * params.shortfall_ev).max(0.0);

    // The bright end: where the sensor clipped, its clipping point becomes white; else the scene's own brightest.
    let whitest = params.white_ev - 0.3;
    let lost = smoothstep(0.0005, 0.005, clipped);
    let own = at(0.998).max(1.0);
    let bright = own + lost * (clip.max(1.0) - own).max(0.0);
    let bright_aim = if bright > whitest {
        whitest.max(bright - amount.min(1.0) * params.hold_ev.max(0.0))
    } else {
        bright + lost * amount.min(1.0) * (whitest - bright).min(1.3)
    };
    let noise_floor = params.noise.map_or(-20.0, |n| log_level(n.luminance_at_snr(1.0) * gain));
    Bends { lift, refill, bright, bright_aim, noise_floor }
}

#[cfg(test)]
mod tests;
