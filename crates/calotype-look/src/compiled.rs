//! A look made ready for an output: what the pipeline calls.

use crate::fast::FastTransform;
use crate::fast_residual::FastResidual;
use crate::{Look, OutputSpace, PointTransform};
use calotype_color::lab::luminance;
use calotype_image::{DisplayRgb, SceneRgb, par};

/// Rows a thread takes at a time.
const BAND: usize = 32;

/// A look made ready for one output space, strength and headroom. Cheap to make (some milliseconds), immutable, shareable
/// between threads.
#[derive(Clone, Debug)]
pub struct CompiledLook {
    look: Look,
    exact: PointTransform,
    fast: FastTransform,
    residual: Option<FastResidual>,
}

impl Look {
    /// Makes the look ready for an ordinary display: white is 1. `strength` as in [`Look::at_strength`].
    pub fn compile(&self, output: OutputSpace, strength: f64) -> CompiledLook {
        self.compile_hdr(output, strength, 0.0)
    }

    /// Makes the look ready for a display that shows `headroom_ev` stops above white (0 to 6; 2 is usual for gain maps).
    ///
    /// Up to middle grey the picture is that of [`Look::compile`]; above, highlights go on where the ordinary one bends
    /// to white, up to 2 to the power of the headroom.
    pub fn compile_hdr(&self, output: OutputSpace, strength: f64, headroom_ev: f64) -> CompiledLook {
        let headroom_ev = if headroom_ev.is_finite() { headroom_ev } else { 0.0 };
        let look = self.at_strength(strength);
        let exact = PointTransform::new(&look, output, headroom_ev);
        let ceiling = exact.tone.ceiling() as f32;
        let residual = exact.residual.as_ref().map(|step| FastResidual::new(step, ceiling));
        CompiledLook { fast: FastTransform::new(&exact), residual, exact, look }
    }
}

impl CompiledLook {
    /// Carries three rows of one length, in place, from scene-linear Rec.2020 (grey 0.18) to display-linear light in
    /// the output's primaries, within 0 and [`Self::ceiling`]. Not a number becomes black.
    ///
    /// Within 1/4000 of the sRGB-encoded range of [`Self::exact`].
    pub fn apply_rows(&self, r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
        self.fast.apply_rows(r, g, b);
        if let Some(residual) = &self.residual {
            residual.apply_rows(r, g, b);
        }
    }

    /// Carries a picture through, in place, on all cores.
    pub fn apply(&self, mut picture: SceneRgb) -> DisplayRgb {
        par::bands3_mut(&mut picture.planes, BAND, |_, [mut r, mut g, mut b]| {
            for y in 0..r.height() {
                self.apply_rows(r.row_mut(y), g.row_mut(y), b.row_mut(y));
            }
        });
        picture.into_domain()
    }

    /// The point transform in double precision: the definition, and slow.
    pub fn exact(&self) -> &PointTransform {
        &self.exact
    }

    /// The look at the strength it was made ready with: local contrast, optics and grain for the stages that apply them.
    pub fn look(&self) -> &Look {
        &self.look
    }

    /// Primaries of the result.
    pub fn output(&self) -> OutputSpace {
        self.exact.output
    }

    /// Largest value of the result: 1, or 2 to the power of the headroom.
    pub fn ceiling(&self) -> f32 {
        self.exact.tone.ceiling() as f32
    }

    /// Scene-linear light up to which a display with headroom shows what an ordinary one does: where red, green and blue all
    /// are that or less, [`Self::apply_rows`] gives what the look without headroom gives, within 1/200 of a stop (a step of
    /// an 8-bit gain map is about as much). Infinite without headroom.
    pub fn alike_up_to(&self) -> f32 {
        let tone = &self.exact.tone;
        if tone.hdr.is_none() {
            return f32::INFINITY;
        }
        let grey = tone.sdr.grey;
        let differs = |stop: &f64| {
            let light = grey * stop.exp2();
            (tone.evaluate(light) / tone.sdr.evaluate(light)).log2() > 1.0 / 200.0
        };
        let stops = (0..64).map(|i| f64::from(i) / 32.0).take_while(|stop| !differs(stop)).last().unwrap_or(0.0);
        // the render primaries may make more of a colour than it has
        let most =
            self.exact.to_render.iter().map(|row| row.iter().map(|v| v.max(0.0)).sum::<f64>()).fold(1.0, f64::max);
        (grey * stops.exp2() / most) as f32
    }

    /// Stops above middle grey at which the look comes to white: where neutrals reach L* 98 on an ordinary display. What
    /// exposure and local tone have to fit the scene's highlights into.
    pub fn white_ev(&self) -> f32 {
        let curve = &self.exact.tone.sdr;
        (curve.invert(luminance(98.0)) / curve.grey).log2() as f32
    }

    /// True where the look leaves light as it is over the whole frame.
    pub fn vignette_is_flat(&self) -> bool {
        self.look.optics.corner_ev == 0.0
    }

    /// The lens's share of light at (x, y), pixel centres at .5, of a picture of `width` by `height`: 1 at the centre,
    /// 2 to the power of `corner_ev` at the corners, and (1 + (r / r0)^2)^-2 between, as cos^4 falls off. A factor for
    /// scene-linear light.
    pub fn vignette_gain(&self, x: f64, y: f64, width: usize, height: usize) -> f32 {
        let (cx, cy) = (width as f64 / 2.0, height as f64 / 2.0);
        let r2 = ((x - cx).powi(2) + (y - cy).powi(2)) / (cx * cx + cy * cy).max(1e-9);
        falloff_gain(self.look.optics.corner_ev, r2) as f32
    }

    /// Multiplies row `y` of three planes by [`Self::vignette_gain`].
    pub fn vignette_row(&self, y: usize, width: usize, height: usize, rows: [&mut [f32]; 3]) {
        if self.vignette_is_flat() {
            return;
        }
        let (cx, cy) = (width as f64 / 2.0, height as f64 / 2.0);
        let scale = self.falloff() / (cx * cx + cy * cy).max(1e-9);
        let (start, scale) = ((1.0 + scale * (y as f64 + 0.5 - cy).powi(2)) as f32, scale as f32);
        let [r, g, b] = rows;
        let n = r.len().min(g.len()).min(b.len()).min(width);
        let (r, g, b) = (&mut r[..n], &mut g[..n], &mut b[..n]);
        for x in 0..n {
            let dx = x as f32 + 0.5 - cx as f32;
            let root = 1.0 / (start + scale * dx * dx);
            let gain = root * root;
            r[x] *= gain;
            g[x] *= gain;
            b[x] *= gain;
        }
    }

    /// `1 / r0^2`, with r = 1 at the corner.
    fn falloff(&self) -> f64 {
        falloff(self.look.optics.corner_ev)
    }
}

fn falloff(corner_ev: f64) -> f64 {
    (-corner_ev / 2.0).exp2() - 1.0
}

/// Share of light at a squared distance from the centre, 1 at the corners, that leaves `corner_ev` there.
pub(crate) fn falloff_gain(corner_ev: f64, radius2: f64) -> f64 {
    (1.0 + falloff(corner_ev) * radius2).powi(-2)
}

#[cfg(test)]
#[path = "compiled_tests.rs"]
mod tests;
