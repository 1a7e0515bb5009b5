//! What a file knows about its lens: where light should have gone, and how much of it was lost.
//!
//! The formulas are those of the DNG opcodes WarpRectilinear, WarpFisheye, FixVignetteRadial and WarpRectilinear2
//! (DNG 1.7.1, chapter 7). All of them work on places relative to an optical centre, divided by the distance from
//! that centre to the farthest corner of the picture, so that the radius r of that corner is 1.

use crate::GainMap;

/// Corrections of a demosaiced picture, in the order in which they are to be applied.
///
/// Places are in pixels with centres at .5; the picture is the whole active area, not the crop shown. Colour planes
/// are 0 red, 1 green, 2 blue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LensCorrection {
    /// The steps, first to last.
    pub steps: Vec<LensStep>,
}

/// One correction.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LensStep {
    /// Moves light back to where it belongs.
    Warp(Warp),
    /// Brightens by a function of the radius.
    Vignette(Vignette),
    /// Brightens one colour plane by a map.
    Gain {
        /// The colour plane.
        plane: usize,
        /// The gains.
        map: GainMap,
    },
}

/// Distortion and lateral colour: for a place in the corrected picture, where to look in the uncorrected one.
///
/// With (dx, dy) the place relative to the centre in units of the farthest corner's distance and r its length,
/// a rectilinear warp looks at `centre + f(r) (dx, dy) + t(dx, dy)`, where `f` is the polynomial of
/// [`WarpPlane::radial`] and `t = (2 t0 dx dy + t1 (r² + 2 dx²), 2 t1 dx dy + t0 (r² + 2 dy²))`; a fisheye warp looks at
/// `centre + f(atan r) / r (dx, dy)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Warp {
    /// What `f` is a function of.
    pub model: WarpModel,
    /// Coefficients for all planes (one element) or for red, green and blue; the last one serves any further plane.
    /// Never empty.
    pub planes: Vec<WarpPlane>,
    /// The optical centre (x, y) in fractions of the picture's width and height.
    pub center: (f64, f64),
    /// True where 1 / f is to be used for f.
    pub reciprocal: bool,
}

/// The projection that a warp starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarpModel {
    /// f(r) scales the radius.
    Rectilinear,
    /// f(atan r) is the radius.
    Fisheye,
}

/// A warp's coefficients for a colour plane.
#[derive(Clone, Debug, PartialEq)]
pub struct WarpPlane {
    /// Coefficients of f: `radial[i]` belongs to the i-th power.
    pub radial: [f64; 15],
    /// Tangential coefficients t0 and t1.
    pub tangential: [f64; 2],
    /// The smallest and largest radius for which f is known; others are taken for the nearest of these.
    pub valid: (f64, f64),
}

impl WarpPlane {
    /// Moves nothing, in a warp of that model.
    pub fn identity(model: WarpModel) -> Self {
        let mut radial = [0.0; 15];
        radial[usize::from(model == WarpModel::Fisheye)] = 1.0;
        Self { radial, tangential: [0.0; 2], valid: (0.0, 1.0) }
    }

    fn polynomial(&self, x: f64) -> f64 {
        self.radial.iter().rev().fold(0.0, |sum, k| sum * x + k)
    }
}

/// Falloff towards the corners: samples are multiplied by `1 + k0 r² + k1 r⁴ + k2 r⁶ + k3 r⁸ + k4 r¹⁰`.
#[derive(Clone, Debug, PartialEq)]
pub struct Vignette {
    /// k0 to k4.
    pub k: [f64; 5],
    /// The optical centre (x, y) in fractions of the picture's width and height.
    pub center: (f64, f64),
}

/// A centre in pixels and the distance to the farthest corner.
fn frame(center: (f64, f64), width: usize, height: usize) -> (f64, f64, f64) {
    let (w, h) = (width as f64, height as f64);
    let (cx, cy) = (center.0 * w, center.1 * h);
    (cx, cy, cx.abs().max((w - cx).abs()).hypot(cy.abs().max((h - cy).abs())))
}

impl Warp {
    /// The factor by which a radius r (1 at the farthest corner) in the corrected picture must be multiplied to find
    /// that in the uncorrected one; tangential terms not included. Depends on nothing else, so it can be tabulated.
    pub fn radial_ratio(&self, plane: usize, r: f64) -> f64 {
        let Some(p) = self.plane(plane) else { return 1.0 };
        let r = r.clamp(p.valid.0.min(p.valid.1), p.valid.1);
        let f = match self.model {
            WarpModel::Rectilinear => p.polynomial(r),
            // f(atan r) / r tends to the derivative of f at 0
            WarpModel::Fisheye if r < 1e-9 => p.radial[1],
            WarpModel::Fisheye => p.polynomial(r.atan()) / r,
        };
        if self.reciprocal { 1.0 / f } else { f }
    }

    /// Where to look for the light of a place (x, y) of a corrected picture of `width` x `height`.
    pub fn source(&self, plane: usize, x: f64, y: f64, width: usize, height: usize) -> (f64, f64) {
        let (cx, cy, unit) = frame(self.center, width, height);
        if unit <= 0.0 {
            return (x, y);
        }
        let (dx, dy) = ((x - cx) / unit, (y - cy) / unit);
        let r2 = dx * dx + dy * dy;
        let f = self.radial_ratio(plane, r2.sqrt());
        let (mut sx, mut sy) = (f * dx, f * dy);
        if let (WarpModel::Rectilinear, Some(p)) = (self.model, self.plane(plane)) {
            let [t0, t1] = p.tangential;
            sx += 2.0 * t0 * dx * dy + t1 * (r2 + 2.0 * dx * dx);
            sy += 2.0 * t1 * dx * dy + t0 * (r2 + 2.0 * dy * dy);
        }
        (cx + unit * sx, cy + unit * sy)
    }

    /// True where every place stays where it is.
    pub fn is_identity(&self) -> bool {
        let still = WarpPlane::identity(self.model);
        // a fisheye is the identity for no coefficients
        self.model == WarpModel::Rectilinear
            && self.planes.iter().all(|p| p.radial == still.radial && p.tangential == still.tangential)
    }

    fn plane(&self, plane: usize) -> Option<&WarpPlane> {
        self.planes.get(plane).or(self.planes.last())
    }
}

impl Vignette {
    /// The gain at a place of a picture of `width` x `height`.
    pub fn gain(&self, x: f64, y: f64, width: usize, height: usize) -> f64 {
        let (cx, cy, unit) = frame(self.center, width, height);
        if unit <= 0.0 {
            return 1.0;
        }
        let r2 = ((x - cx) * (x - cx) + (y - cy) * (y - cy)) / (unit * unit);
        self.radial_gain(r2)
    }

    /// The gain at the square of a radius (1 at the farthest corner).
    pub fn radial_gain(&self, r2: f64) -> f64 {
        1.0 + self.k.iter().rev().fold(0.0, |sum, k| (sum + k) * r2)
    }
}

impl LensCorrection {
    /// True where there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The same for a picture without colours: all planes get what is known of green, or of the only plane there is.
    #[must_use]
    pub fn monochrome(self) -> Self {
        let known = |p: usize| self.steps.iter().any(|s| matches!(s, LensStep::Gain { plane, .. } if *plane == p));
        let (green, chosen) = (1, if known(1) { 1 } else { 0 });
        let steps = self.steps.into_iter().flat_map(|step| match step {
            LensStep::Warp(mut warp) => {
                warp.planes.truncate(green + 1);
                let last = warp.planes.pop();
                vec![LensStep::Warp(Warp { planes: last.into_iter().collect(), ..warp })]
            }
            LensStep::Gain { plane, .. } if plane != chosen => Vec::new(),
            LensStep::Gain { map, .. } => (0..3).map(|plane| LensStep::Gain { plane, map: map.clone() }).collect(),
            other => vec![other],
        });
        Self { steps: steps.collect() }
    }

    /// True where any step moves light.
    pub fn moves(&self) -> bool {
        self.steps.iter().any(|s| matches!(s, LensStep::Warp(w) if !w.is_identity()))
    }

    /// Where to look in the uncorrected picture for the place (x, y) of the corrected one, both `width` x `height`
    /// and in pixels with centres at .5. The place may lie outside the picture.
    pub fn source(&self, plane: usize, x: f32, y: f32, width: usize, height: usize) -> (f32, f32) {
        let (x, y, _) = self.source_and_gain(plane, x, y, width, height);
        (x, y)
    }

    /// As [`Self::source`], with the gain by which the sample found there is to be multiplied.
    pub fn source_and_gain(&self, plane: usize, x: f32, y: f32, width: usize, height: usize) -> (f32, f32, f32) {
        let (mut x, mut y, mut gain) = (f64::from(x), f64::from(y), 1.0);
        // the last step is the first one met on the way back to the uncorrected picture
        for step in self.steps.iter().rev() {
            match step {
                LensStep::Warp(warp) => (x, y) = warp.source(plane, x, y, width, height),
                LensStep::Vignette(v) => gain *= v.gain(x, y, width, height),
                LensStep::Gain { plane: p, map } if *p == plane && width > 0 && height > 0 => {
                    let at = |v: f64, size: usize| (v.max(0.0) as usize).min(size - 1);
                    let (ix, iy) = (at(x, width), at(y, height));
                    let (ax, ay) = (ix.checked_sub(map.area.x), iy.checked_sub(map.area.y));
                    if ax.is_some_and(|ax| ax < map.area.width) && ay.is_some_and(|ay| ay < map.area.height) {
                        gain *= f64::from(map.gain_at(ix, iy, width, height));
                    }
                }
                LensStep::Gain { .. } => {}
            }
        }
        (x as f32, y as f32, gain as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warp(model: WarpModel, edit: impl Fn(&mut WarpPlane)) -> Warp {
        let mut plane = WarpPlane::identity(model);
        edit(&mut plane);
        Warp { model, planes: vec![plane], center: (0.5, 0.5), reciprocal: false }
    }

    #[test]
    fn all_planes_of_a_picture_without_colours_follow_green_or_the_only_plane() {
        let mut colored = warp(WarpModel::Rectilinear, |p| p.radial[2] = 0.1);
        colored.planes.push(WarpPlane::identity(WarpModel::Rectilinear));
        colored.planes[1].radial[2] = 0.2;
        let gain = |plane, gain| LensStep::Gain {
            plane,
            map: GainMap {
                area: crate::Rect::whole(64, 48),
                pitch: (1, 1),
                origin: (0.0, 0.0),
                spacing: (1.0, 1.0),
                gains: crate::Plane::filled(1, 1, gain),
            },
        };
        let c = LensCorrection { steps: vec![LensStep::Warp(colored), gain(0, 2.0), gain(1, 3.0)] };
        let at = |c: &LensCorrection, plane| c.source_and_gain(plane, 10.0, 5.0, 64, 48);
        let mono = c.clone().monochrome();
        for plane in 0..3 {
            assert_eq!(at(&mono, plane), at(&c, 1));
        }
        let only = LensCorrection { steps: vec![gain(0, 2.0)] }.monochrome();
        assert!((0..3).all(|plane| at(&only, plane).2 == 2.0));
    }

    #[test]
    fn identity_moves_nothing() {
        let c = LensCorrection { steps: vec![LensStep::Warp(warp(WarpModel::Rectilinear, |_| {}))] };
        assert!(!c.moves());
        for (x, y) in [(0.5, 0.5), (31.5, 3.25), (64.0, 48.0)] {
            let (sx, sy) = c.source(0, x, y, 64, 48);
            assert!((sx - x).abs() < 1e-5 && (sy - y).abs() < 1e-5, "{x} {y} -> {sx} {sy}");
        }
        assert_eq!(LensCorrection::default().source(2, 3.0, 4.0, 10, 10), (3.0, 4.0));
    }

    #[test]
    fn the_corner_has_radius_one() {
        // 64 x 48 has a half diagonal of 40; f(1) = 1 + 0.1
        let c = LensCorrection { steps: vec![LensStep::Warp(warp(WarpModel::Rectilinear, |p| p.radial[2] = 0.1))] };
        assert!(c.moves());
        let (x, y) = c.source(1, 64.0, 48.0, 64, 48);
        assert!((x - (32.0 + 32.0 * 1.1)).abs() < 1e-4 && (y - (24.0 + 24.0 * 1.1)).abs() < 1e-4);
        // half way out f is 1 + 0.1 / 4
        let (x, _) = c.source(1, 48.0, 36.0, 64, 48);
        assert!((x - (32.0 + 16.0 * 1.025)).abs() < 1e-4);
    }

    #[test]
    fn tangential_terms_follow_the_formula() {
        let c = warp(WarpModel::Rectilinear, |p| p.tangential = [0.02, 0.05]);
        // to the right of the centre: dx = 0.5, dy = 0, r² = 0.25
        let (x, y) = c.source(0, 32.0 + 20.0, 24.0, 64, 48);
        assert!((x - (52.0 + 40.0 * 0.05 * 0.75)).abs() < 1e-9);
        assert!((y - (24.0 + 40.0 * 0.02 * 0.25)).abs() < 1e-9);
    }

    #[test]
    fn a_fisheye_is_flattened() {
        let c = warp(WarpModel::Fisheye, |_| {});
        let (x, y) = c.source(0, 64.0, 24.0, 64, 48);
        assert!((x - (32.0 + 40.0 * 0.8f64.atan())).abs() < 1e-9 && (y - 24.0).abs() < 1e-9);
        assert_eq!(c.source(0, 32.0, 24.0, 64, 48), (32.0, 24.0));
    }

    #[test]
    fn radii_are_held_inside_the_valid_range_and_reciprocals_invert() {
        let mut c = warp(WarpModel::Rectilinear, |p| {
            p.radial[1] = 1.0;
            p.valid = (0.25, 0.5);
        });
        assert_eq!(c.radial_ratio(0, 0.9), 1.5);
        assert_eq!(c.radial_ratio(0, 0.0), 1.25);
        c.reciprocal = true;
        assert_eq!(c.radial_ratio(0, 0.9), 1.0 / 1.5);
    }

    #[test]
    fn a_vignette_before_a_warp_is_measured_where_the_warp_looks() {
        let v = Vignette { k: [1.0, 0.0, 0.0, 0.0, 0.0], center: (0.5, 0.5) };
        assert!((v.gain(64.0, 48.0, 64, 48) - 2.0).abs() < 1e-12);
        assert!(
            (Vignette { k: [0.0, 0.0, 0.0, 0.0, 3.0], ..v.clone() }.radial_gain(0.5) - (1.0 + 3.0 / 32.0)).abs()
                < 1e-12
        );
        let shrink = warp(WarpModel::Rectilinear, |p| p.radial[0] = 0.5);
        let before = LensCorrection { steps: vec![LensStep::Vignette(v.clone()), LensStep::Warp(shrink.clone())] };
        let after = LensCorrection { steps: vec![LensStep::Warp(shrink), LensStep::Vignette(v)] };
        assert!((before.source_and_gain(0, 64.0, 48.0, 64, 48).2 - 1.25).abs() < 1e-6);
        assert!((after.source_and_gain(0, 64.0, 48.0, 64, 48).2 - 2.0).abs() < 1e-6);
    }

    #[test]
    fn planes_differ_in_lateral_colour_and_the_last_serves_the_rest() {
        let mut w = warp(WarpModel::Rectilinear, |p| p.radial[0] = 1.01);
        w.planes.push(WarpPlane::identity(WarpModel::Rectilinear));
        assert_eq!(w.source(0, 64.0, 24.0, 64, 48).0, 32.0 + 32.0 * 1.01);
        assert_eq!(w.source(2, 64.0, 24.0, 64, 48).0, 64.0);
    }
}
