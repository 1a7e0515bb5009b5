//! The point part of a look, defined: one colour in, one colour out, in double precision.
//!
//! ```text
//! scene-linear Rec.2020 ─ [dark skin] ─ [mono filter] ─ inset, rotate ─ tone curve per channel, blended with ratio-preserving
//!   ─ outset ─ Oklab: chroma by lightness, vibrance, eight sectors, tint ─ gamut ─ display-linear output primaries
//! ```
//!
//! [`crate::CompiledLook`] does the same for rows of pixels with fast approximations; a test holds it to this definition.

use crate::hue::HueCurves;
use crate::residual::ResidualStep;
use crate::skin_lift;
use crate::{Look, OutputSpace, ToneScale};
use calotype_color::gamut::{GAMUT_HUES, Gamut, diamond};
use calotype_color::matrix::{IDENTITY, invert, mix, multiply, transform};
use calotype_color::oklab::{lms_to_oklab, oklab_to_rgb, rgb_to_lms};
use calotype_color::{Matrix3, Primaries, RgbSpace};

/// Chroma in Oklab at which sector corrections reach half their effect: below it lies the noise of neutrals.
pub(crate) const NEUTRAL_CHROMA: f64 = 0.02;
/// Chroma, after all gains, at which skin hues are spared half of the tint: a tint must colour neutrals, and would turn the hue
/// of dark skin, whose chroma is 0.01, by tens of degrees. The fourth power of chroma tells the two apart.
pub(crate) const TINT_CHROMA: f64 = 0.004;
/// Share of skin in a hue from which sparing begins, and from which it is whole.
pub(crate) const TINT_SKIN: [f64; 2] = [0.15, 0.6];
/// Chroma at which vibrance has half its effect.
pub(crate) const VIBRANCE_CHROMA: f64 = 0.08;
/// Chroma per lightness at which gains of chroma above 1 are halved. The edges of displays' gamuts lie at 0.2 to 0.7, red's
/// at 0.4: what comes near them is colourful enough, and pushed against them it would lose its shades.
pub(crate) const COLOURFUL: f64 = 0.25;
/// How much lighter a colour far outside the gamut becomes: at most half again at middle lightness, and least in shadows,
/// whose noise it must not raise, and near white. The gamut's cone holds chroma in proportion to lightness.
pub(crate) const GAMUT_LIFT: f64 = 2.0;
/// Oklab lightness two stops below grey, at grey and one and a half stops above it, of a picture of usual contrast.
pub(crate) const CHROMA_KNOTS: [f64; 3] = [0.29, 0.565, 0.77];
/// Smallest light the tone curve sees, so that its logarithm is finite: 20 stops below grey.
pub(crate) const DARKEST: f64 = 0.18 / 1048576.0;
/// Largest light it sees, 20 stops above grey.
pub(crate) const BRIGHTEST: f64 = 0.18 * 1048576.0;

/// A look resolved for one output: matrices, curves and gains. The reference implementation.
#[derive(Clone, Debug)]
pub struct PointTransform {
    pub(crate) output: OutputSpace,
    /// Scene-linear Rec.2020 to the rendering primaries, with the mono filter in it.
    pub(crate) to_render: Matrix3,
    pub(crate) tone: ToneScale,
    /// Stops by which dark skin is lifted at most.
    pub(crate) skin_lift_ev: f64,
    pub(crate) hue_keep: f64,
    /// Rendering primaries, purity recovered, to Oklab's cone responses.
    pub(crate) render_to_lms: Matrix3,
    pub(crate) chroma: crate::Chroma,
    pub(crate) hues: HueCurves,
    /// Shadow, mid, highlight in Oklab units, print tone included in mid.
    pub(crate) tint: [[f64; 2]; 3],
    pub(crate) gamut: Gamut,
    pub(crate) residual: Option<ResidualStep>,
}

impl PointTransform {
    /// Resolves `look` as it stands (see [`Look::at_strength`]) for an output and its headroom in stops.
    pub fn new(look: &Look, output: OutputSpace, headroom_ev: f64) -> Self {
        let tone = ToneScale::new(&look.tone, &look.anchor, headroom_ev);
        Self::with_gamut(look, output, tone, Gamut::new(output.space(), tone.ceiling()))
    }

    /// Another look for the same ordinary display, in microseconds: the gamut, which takes long, is kept.
    pub(crate) fn retuned(&self, look: &Look) -> Self {
        let tone = ToneScale::new(&look.tone, &look.anchor, 0.0);
        Self::with_gamut(look, self.output, tone, self.gamut.clone())
    }

    fn with_gamut(look: &Look, output: OutputSpace, tone: ToneScale, gamut: Gamut) -> Self {
        let inset = render_matrix(look, 1.0);
        let outset = invert(&render_matrix(look, look.render.recover)).unwrap_or(IDENTITY);
        let hundredth = |v: [f64; 2]| v.map(|v| v / 100.0);
        let print = look.mono.tone.map(|v| v * look.mono.amount);
        let mid = [look.tint.mid[0] + print[0], look.tint.mid[1] + print[1]];
        Self {
            output,
            to_render: multiply(&inset, &mono_matrix(look)),
            gamut,
            residual: ResidualStep::new(look, output),
            tone,
            skin_lift_ev: look.tone.skin_lift_ev,
            hue_keep: look.render.hue_keep,
            render_to_lms: multiply(&rgb_to_lms(RgbSpace::Rec2020), &outset),
            chroma: look.chroma,
            hues: HueCurves::new(&look.sectors),
            tint: [hundredth(look.tint.shadow), hundredth(mid), hundredth(look.tint.highlight)],
        }
    }

    /// Display-linear colour in the output's primaries (0 to 1, or to 2 to the power of the headroom) of a scene-linear
    /// colour in Rec.2020.
    pub fn apply(&self, scene: [f64; 3]) -> [f64; 3] {
        let lab = self.gamut.compress(self.lifted(self.grade(scene)));
        let held = |v: [f64; 3]| v.map(|v| v.clamp(0.0, self.tone.ceiling()));
        let display = held(oklab_to_rgb(self.output.space(), lab));
        self.residual.as_ref().map_or(display, |residual| held(residual.apply(display)))
    }

    /// The same colour, lighter where its chroma is more than any light of its hue and lightness has in the output's
    /// primaries: part of what the gamut takes from chroma goes to lightness, so that shades of a colour outside do not all
    /// become the same one.
    fn lifted(&self, [l, a, b]: [f64; 3]) -> [f64; 3] {
        let cone = self.gamut.cone();
        let place = diamond(a, b) * GAMUT_HUES as f64 / 4.0;
        let i = (place as usize).min(GAMUT_HUES - 1);
        let edge = l * (cone[i] + (cone[i + 1] - cone[i]) * (place - i as f64));
        let over = (a.hypot(b) / edge.max(1e-12) - 1.0).max(0.0);
        [l + GAMUT_LIFT * l * l * (1.0 - l).max(0.0) * over * over / (1.0 + over * over), a, b]
    }

    /// The same before the gamut: Oklab.
    pub fn grade(&self, scene: [f64; 3]) -> [f64; 3] {
        let x = transform(&self.to_render, self.lit(scene)).map(visible);
        let norm = power_norm(x);
        let ratio = self.tone.evaluate(norm) / norm;
        let keep = self.hue_keep;
        let y = x.map(|v| self.tone.evaluate(v) * (1.0 - keep) + v * ratio * keep);
        let lms = transform(&self.render_to_lms, y).map(f64::cbrt);
        let [l, a, b] = transform(&lms_to_oklab(), lms);
        let c2 = a * a + b * b;
        let effect = self.hues.at(b.atan2(a));
        let colourful = c2 / (c2 + NEUTRAL_CHROMA * NEUTRAL_CHROMA);
        let vibrance = 1.0 + self.chroma.vibrance / (1.0 + c2 / (VIBRANCE_CHROMA * VIBRANCE_CHROMA));
        let mut gain = self.chroma_at(l) * vibrance * (1.0 + effect.chroma * colourful);
        gain += (1.0 - gain) * self.chroma.skin_guard * effect.skin * colourful;
        let purity = c2 / (l * l).max(1e-12) / (COLOURFUL * COLOURFUL);
        let excess = (gain - 1.0).max(0.0);
        gain -= excess - excess / (1.0 + purity * purity);
        let (sin, cos) = (effect.shift * colourful).sin_cos();
        let (a, b) = (gain * (a * cos - b * sin), gain * (a * sin + b * cos));
        let l = l * (1.0 + effect.lightness * colourful);
        let c4 = (a * a + b * b).powi(2);
        let spared = smoothstep(TINT_SKIN[0], TINT_SKIN[1], effect.skin) * c4 / (c4 + TINT_CHROMA.powi(4));
        let [ta, tb] = self.tint_at(l).map(|v| v * (1.0 - spared));
        [l, a + ta, b + tb]
    }

    /// Scene light with dark skin lifted.
    fn lit(&self, scene: [f64; 3]) -> [f64; 3] {
        if self.skin_lift_ev == 0.0 {
            return scene;
        }
        let [r, g, b] = scene.map(|v| v as f32);
        let gain = f64::from(skin_lift::gain::<false>(self.skin_lift_ev as f32, r, g, b));
        scene.map(|v| v * gain)
    }

    /// Gain of chroma at a lightness.
    fn chroma_at(&self, l: f64) -> f64 {
        let [s, m, h] = CHROMA_KNOTS;
        let crate::Chroma { shadow, mid, highlight, .. } = self.chroma;
        mid + (shadow - mid) * (1.0 - smoothstep(s, m, l)) + (highlight - mid) * smoothstep(m, h, l)
    }

    /// Tint at a lightness: three zones that share it, faded out at black and white.
    fn tint_at(&self, l: f64) -> [f64; 2] {
        let shadow = 1.0 - smoothstep(0.2, 0.565, l);
        let highlight = smoothstep(0.565, 0.85, l);
        let inside = smoothstep(0.0, 0.15, l) * (1.0 - smoothstep(0.9, 1.0, l));
        let [s, m, h] = self.tint;
        [0, 1].map(|i| inside * (m[i] + (s[i] - m[i]) * shadow + (h[i] - m[i]) * highlight))
    }
}

/// Light within the range of the tone curve; not a number is dark.
fn visible(v: f64) -> f64 {
    if v > DARKEST { v.min(BRIGHTEST) } else { DARKEST }
}

/// A norm between the mean and the largest channel (of positive values): smooth, and exact for neutrals.
pub(crate) fn power_norm([r, g, b]: [f64; 3]) -> f64 {
    let (r2, g2, b2) = (r * r, g * g, b * b);
    (r * r2 + g * g2 + b * b2) / (r2 + g2 + b2)
}

pub(crate) fn smoothstep(from: f64, to: f64, v: f64) -> f64 {
    let t = ((v - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Rec.2020 to Rec.2020 that draws the primaries towards white by `inset` and turns them about it, both times `share`.
fn render_matrix(look: &Look, share: f64) -> Matrix3 {
    let Primaries { rgb, white } = RgbSpace::Rec2020.primaries();
    let mut moved = rgb;
    for (i, [x, y]) in rgb.into_iter().enumerate() {
        let scale = 1.0 - look.render.inset[i] * share;
        let (sin, cos) = (look.render.rotate_deg[i] * share).to_radians().sin_cos();
        let (dx, dy) = (x - white[0], y - white[1]);
        moved[i] = [white[0] + scale * (dx * cos - dy * sin), white[1] + scale * (dx * sin + dy * cos)];
    }
    match (Primaries { rgb: moved, white }).to_xyz() {
        Some(m) => multiply(&RgbSpace::Rec2020.from_xyz(), &m),
        None => IDENTITY,
    }
}

/// Scene-linear Rec.2020 to itself, a share of the way to grey through the filter's weights.
fn mono_matrix(look: &Look) -> Matrix3 {
    let sum: f64 = look.mono.weights.iter().sum();
    if look.mono.amount == 0.0 || sum.abs() < 1e-3 {
        return IDENTITY;
    }
    mix(&IDENTITY, &[look.mono.weights.map(|v| v / sum); 3], look.mono.amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neutrals_follow_the_tone_curve_and_stay_neutral() {
        let look = Look::default();
        let t = PointTransform::new(&look, OutputSpace::Srgb, 0.0);
        for i in -20..12 {
            let x = 0.18 * (f64::from(i) / 2.0).exp2();
            let want = t.tone.evaluate(x);
            for v in t.apply([x; 3]) {
                assert!((v - want).abs() < 1e-9, "{x}: {v} {want}");
            }
        }
    }

    #[test]
    fn mono_is_grey_and_weighs_as_told() {
        let mut look = Look::default();
        look.mono.amount = 1.0;
        look.mono.weights = [0.6, 0.9, 0.3];
        let t = PointTransform::new(&look, OutputSpace::Srgb, 0.0);
        let [r, g, b] = t.apply([0.3, 0.1, 0.2]);
        assert!((r - g).abs() < 1e-9 && (g - b).abs() < 1e-9);
        let grey = (0.3 * 0.6 + 0.1 * 0.9 + 0.2 * 0.3) / 1.8;
        assert!((g - t.tone.evaluate(grey)).abs() < 1e-9);
    }

    #[test]
    fn everything_lands_in_the_gamut() {
        for (output, headroom) in [(OutputSpace::Srgb, 0.0), (OutputSpace::DisplayP3, 2.0)] {
            let t = PointTransform::new(&Look::default(), output, headroom);
            for rgb in [[9.0, 0.0, 0.0], [-0.1, 0.3, 0.0], [0.0; 3], [50.0; 3], [0.0, 0.0, 2.0], [f64::MAX; 3]] {
                let out = t.apply(rgb);
                assert!(out.iter().all(|v| (0.0..=headroom.exp2()).contains(v)), "{rgb:?} {out:?}");
            }
        }
    }

    #[test]
    fn rendering_primaries_keep_white() {
        let mut look = Look::default();
        look.render.rotate_deg = [5.0, -10.0, 20.0];
        look.render.inset = [0.3, 0.1, 0.2];
        let white = transform(&render_matrix(&look, 0.7), [1.0; 3]);
        assert!(white.iter().all(|v| (v - 1.0).abs() < 1e-12));
        let red = transform(&render_matrix(&look, 1.0), [1.0, 0.0, 0.0]);
        assert!(red[0] < 1.0 && red[0] > 0.3 && red[1] > 0.0, "{red:?}");
    }
}
