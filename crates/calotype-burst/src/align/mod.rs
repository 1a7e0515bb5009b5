//! Alignment: how every frame moved against the reference.
//!
//! [`Prepared`] holds what alignment needs of one frame, made once; [`align`] finds the motion of a frame.

mod cells;
mod coarse;
mod global;
mod grey;
mod lattice;
mod likeness;
mod local;
mod prepared;
mod pyramid;
mod seek;

pub use prepared::Prepared;

use crate::motion::{Homography, MotionField, MotionReport, Rejection};
use calotype_image::Plane;
use global::{Fit, Freedom, View, refine};
use lattice::LocalMotion;
use likeness::{Likeness, likeness};

/// The level on which local motion starts: cells of 128 pixels of the frame.
const LOCAL_TOP: usize = 3;
/// The levels on which it is judged whether the frame shows the same, best first: cells of 32 pixels of the frame and more,
/// the finest only where nothing else has texture.
const JUDGED: [usize; 4] = [1, 2, 3, 0];
/// Share of the textured cells that must repeat the reference. Frames of a burst reach 0.87 and more even with much motion
/// in them, and 0.35 when blurred over 64 pixels; other scenes stay below 0.03.
const LEAST_SUPPORT: f32 = 0.3;
/// Share of the textured cells that correlate with the reference where the frame is blurred rather than another: other scenes
/// reach 0.25, frames blurred over 128 pixels 0.35.
const BLURRED: f32 = 0.3;
/// Brightness, relative to the reference, below which a rejected frame is called dark.
const DARK: f32 = 0.1;
/// Share of valid pixels below which nothing can be compared.
const VALID: f32 = 0.002;

/// Length of a vector of a few pixels: no overflow to guard against, unlike `hypot`.
fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// What alignment may look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlignOptions {
    /// Largest shift searched, in fractions of the picture's width (0.11).
    pub max_shift: f32,
    /// Largest turn searched, in radians (0.056, a little more than 3 degrees).
    pub max_rotation_rad: f32,
    /// Look for motion that differs from the global one.
    pub local: bool,
}

impl Default for AlignOptions {
    fn default() -> Self {
        Self { max_shift: 0.11, max_rotation_rad: 0.056, local: true }
    }
}

/// Finds where the pixels of `reference` are in `frame`, and whether it shows the same at all: see [`MotionReport::rejected`].
/// The motion of a rejected frame is meaningless. Where the reference has no texture, any frame with something to see is
/// taken.
pub fn align(reference: &Prepared, frame: &Prepared, options: &AlignOptions) -> MotionField {
    let (w, h) = (reference.width(), reference.height());
    let unmoved = |rejected| {
        MotionField::from_global(w, h, Homography::IDENTITY, MotionReport { rejected, ..Default::default() })
    };
    if (w, h) != (frame.width(), frame.height()) {
        return unmoved(Some(Rejection::Size));
    }
    if reference.valid_share() >= VALID && frame.valid_share() < VALID {
        return unmoved(Some(Rejection::Blown));
    }
    let top = reference.level_count() - 1;
    let coarse = View { reference, frame, level: top };
    let cells = reference.anchors(top);
    if cells.len() < 4 {
        return unmoved(None);
    }
    let s = coarse.scale();
    let max_shift = (f64::from(options.max_shift) * w as f64 / s).ceil() as usize;
    let candidates = coarse::search(reference.level(top), frame.level(top), max_shift, options.max_rotation_rad, 3);
    let fits = candidates.iter().map(|c| {
        let (sin, cos) = f64::from(c.turn).sin_cos();
        // turn around the level's centre, in pixels of the frame
        let p = reference.level(top);
        let (cx, cy) = (s * (p.width() as f64 - 1.0) / 2.0 + 0.5, s * (p.height() as f64 - 1.0) / 2.0 + 0.5);
        let turn =
            Homography([[cos, -sin, cx - cos * cx + sin * cy], [sin, cos, cy - sin * cx - cos * cy], [0.0, 0.0, 1.0]]);
        let start = turn.after(&Homography::shift(s * f64::from(c.shift.0), s * f64::from(c.shift.1)));
        refine(coarse, start, &cells, Freedom::Rigid, 8)
    });
    let mut fits: Vec<Fit> = fits.collect();
    fits.sort_by(|a, b| a.residual.total_cmp(&b.residual));
    // where the coarsest pictures mislead, as those of a bracket may, hands are steady more often than not
    fits.push(refine(coarse, Homography::IDENTITY, &cells, Freedom::Rigid, 8));
    let mut best: Option<(Fit, Option<Likeness>)> = None;
    for start in fits {
        let fit = sharpen(coarse, start);
        let judged = JUDGED
            .into_iter()
            .filter(|level| *level <= top)
            .find_map(|level| likeness(View { level, ..coarse }, &fit.motion));
        let same = judged.is_none_or(|found| verdict(found).is_none());
        if same || best.is_none() {
            best = Some((fit, judged));
        }
        if same {
            break;
        }
    }
    let Some((fit, judged)) = best else { return unmoved(None) };
    let (cx, cy) = ((w as f64 - 1.0) / 2.0, (h as f64 - 1.0) / 2.0);
    let (x, y) = fit.motion.map(cx, cy);
    let report = MotionReport {
        shift: ((x - cx) as f32, (y - cy) as f32),
        rotation_rad: fit.motion.rotation_at(cx, cy) as f32,
        residual: fit.residual,
        error: fit.error,
        support: judged.map_or(1.0, |found| found.repeated),
        local: 0.0,
        rejected: judged.and_then(verdict),
    };
    if !options.local || report.rejected.is_some() {
        return MotionField::from_global(w, h, fit.motion, report);
    }
    let local = local::follow(View { level: 0, ..coarse }, &fit.motion, LOCAL_TOP.min(top));
    assemble(&local, w, h, fit.motion, report)
}

/// Follows a motion found on the coarsest level to the finest.
fn sharpen(coarse: View, start: Fit) -> Fit {
    let top = coarse.level;
    (0..top).rev().fold(start, |fit, level| {
        let freedom = if level + 1 < top || level == 0 { Freedom::Projective } else { Freedom::Rigid };
        refine(View { level, ..coarse }, fit.motion, &coarse.reference.anchors(level), freedom, 6)
    })
}

/// What a likeness means.
fn verdict(found: Likeness) -> Option<Rejection> {
    if found.repeated >= LEAST_SUPPORT {
        None
    } else if found.brightness < DARK {
        Some(Rejection::Dark)
    } else if found.correlated >= BLURRED {
        Some(Rejection::Blurred)
    } else {
        Some(Rejection::OtherScene)
    }
}

/// The field of a global and a local motion.
fn assemble(local: &LocalMotion, w: usize, h: usize, global: Homography, mut report: MotionReport) -> MotionField {
    let (nx, ny) = MotionField::nodes(w, h);
    let place = |k: usize| (k * MotionField::SPACING) as f64;
    let residual = Plane::from_fn(nx, ny, |i, j| local.around(place(i), place(j)).1);
    let confidence = Plane::from_fn(nx, ny, |i, j| {
        let (x, y) = global.map(place(i), place(j));
        let inside = x > -8.0 && y > -8.0 && x < w as f64 + 8.0 && y < h as f64 + 8.0;
        // full up to twice the usual mismatch, none from six times on
        if inside { ((6.0 - local.mismatch_at(place(i), place(j))) / 4.0).clamp(0.0, 1.0) } else { 0.0 }
    });
    let moving = residual.data().iter().filter(|r| r[0].abs() + r[1].abs() > 0.05).count();
    report.local = moving as f32 / (nx * ny) as f32;
    MotionField::new(w, h, global, residual, confidence, report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{Cfa, NoiseModel, RawFrame, linear_to_raw};

    const W: usize = 960;
    const H: usize = 720;

    /// A scene of soft discs on a grid, jittered and of many brightnesses, at a place of the scene.
    fn scene(x: f64, y: f64, salt: u64) -> f32 {
        const STEP: f64 = 23.0;
        let (gx, gy) = ((x / STEP).floor() as i64, (y / STEP).floor() as i64);
        let mut v = 0.12f64;
        for j in gy - 1..=gy + 1 {
            for i in gx - 1..=gx + 1 {
                let mut s = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    ^ (j as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
                    ^ salt;
                let mut next = || {
                    s ^= s >> 29;
                    s = s.wrapping_mul(0xbf58_476d_1ce4_e5b9);
                    s ^= s >> 32;
                    (s >> 11) as f64 / (1u64 << 53) as f64
                };
                let (cx, cy) = ((i as f64 + next()) * STEP, (j as f64 + next()) * STEP);
                let (radius, height) = (4.0 + 6.0 * next(), 0.25 * next() - 0.05);
                let r = ((x - cx).powi(2) + (y - cy).powi(2)).sqrt();
                v += height / (1.0 + ((r - radius) / 0.8).exp());
            }
        }
        v as f32
    }

    /// A noisy frame whose pixel p shows the scene at `to_scene` p; `moved` displaces a part of the scene.
    fn frame(to_scene: &Homography, exposure: f32, salt: u64, moved: impl Fn(f64, f64) -> (f64, f64)) -> RawFrame {
        let noise = NoiseModel::uniform(4e-4, 2e-6);
        let mut s = salt + 77;
        RawFrame {
            samples: Plane::from_fn(W, H, |x, y| {
                let (u, v) = to_scene.map(x as f64, y as f64);
                let (u, v) = moved(u, v);
                let light = scene(u, v, salt) * exposure;
                let normal: f32 = (0..12)
                    .map(|_| {
                        s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                        (s >> 40) as f32 / (1u64 << 24) as f32
                    })
                    .sum::<f32>()
                    - 6.0;
                linear_to_raw(light + normal * noise.variance(1, light).sqrt())
            }),
            cfa: Cfa::RGGB,
            noise,
            exposure,
            shading: None,
        }
    }

    fn still(u: f64, v: f64) -> (f64, f64) {
        (u, v)
    }

    /// Root mean square distance per axis between the found and the true motion.
    fn error(field: &MotionField, truth: &Homography) -> f64 {
        let (mut sum, mut n) = (0.0, 0.0);
        for y in (0..H).step_by(20) {
            for x in (0..W).step_by(20) {
                let (u, v) = truth.map(x as f64, y as f64);
                if u > 0.0 && v > 0.0 && u < W as f64 && v < H as f64 {
                    let p = field.position(x as f32, y as f32);
                    sum += (f64::from(p.0) - u).powi(2) + (f64::from(p.1) - v).powi(2);
                    n += 2.0;
                }
            }
        }
        (sum / n).sqrt()
    }

    /// Turn by `angle` around the middle, then shift.
    fn turned(angle: f64, dx: f64, dy: f64) -> Homography {
        let (s, c) = angle.sin_cos();
        let (cx, cy) = (W as f64 / 2.0, H as f64 / 2.0);
        Homography([[c, -s, cx - c * cx + s * cy + dx], [s, c, cy - s * cx - c * cy + dy], [1e-7, -2e-7, 1.0]])
    }

    #[test]
    fn large_turns_and_shifts_are_found_to_a_fraction_of_a_pixel() {
        let first = frame(&Homography::IDENTITY, 1.0, 1, still);
        let reference = Prepared::reference(&first);
        for (angle, dx, dy) in [(0.0, 0.0, 0.0), (0.001, 0.37, -0.61), (-0.052, 40.3, -31.7), (0.052, -93.4, 12.2)] {
            let to_scene = turned(angle, dx, dy);
            let truth = to_scene.inverse().unwrap();
            let field = align(&reference, &reference.prepare(&frame(&to_scene, 1.0, 1, still)), &Default::default());
            let e = error(&field, &truth);
            assert!(e < 0.02, "{angle} {dx} {dy}: {e} {:?}", field.report());
            assert!(field.report().rejected.is_none() && field.report().support > 0.95);
            assert!((f64::from(field.report().rotation_rad) + angle).abs() < 1e-4);
        }
    }

    #[test]
    fn brackets_align() {
        let reference = Prepared::reference(&frame(&Homography::IDENTITY, 1.0, 2, still));
        for exposure in [0.05, 0.3, 4.0] {
            let to_scene = turned(0.003, 5.3, -2.2);
            let other = frame(&to_scene, exposure, 2, still);
            let e = error(
                &align(&reference, &reference.prepare(&other), &Default::default()),
                &to_scene.inverse().unwrap(),
            );
            assert!(e < 0.04, "{exposure}: {e}");
        }
    }

    #[test]
    fn a_moving_part_is_followed_and_the_rest_stays() {
        let reference = Prepared::reference(&frame(&Homography::IDENTITY, 1.0, 3, still));
        let inside = |u: f64, v: f64| (300.0..620.0).contains(&u) && (200.0..460.0).contains(&v);
        // the part moves by (9, -5)
        let other =
            frame(&Homography::shift(0.4, 0.7), 1.0, 3, |u, v| if inside(u, v) { (u - 9.0, v + 5.0) } else { (u, v) });
        let field = align(&reference, &reference.prepare(&other), &Default::default());
        let (x, y) = field.position(450.0, 330.0);
        assert!((x - 458.6).abs() < 0.1 && (y - 324.3).abs() < 0.1, "{x} {y}");
        for (x, y) in [(100.0, 100.0), (800.0, 600.0), (450.0, 620.0)] {
            let p = field.position(x, y);
            assert!((p.0 - x + 0.4).abs() < 0.02 && (p.1 - y + 0.7).abs() < 0.02, "{p:?}");
        }
        let local = field.report().local;
        assert!((0.08..0.25).contains(&local), "{local}");
    }

    #[test]
    fn nothing_to_see_is_not_an_error() {
        for (w, h) in [(1, 1), (3, 2), (64, 48), (640, 480)] {
            let flat = |v| RawFrame {
                samples: Plane::filled(w, h, v),
                cfa: Cfa::RGGB,
                noise: NoiseModel::uniform(4e-4, 2e-6),
                exposure: 1.0,
                shading: None,
            };
            let reference = Prepared::reference(&flat(20_000));
            let field = align(&reference, &reference.prepare(&flat(20_000)), &Default::default());
            let p = field.position(0.0, 0.0);
            assert!(p.0.abs() < 0.5 && p.1.abs() < 0.5 && field.report().rejected.is_none(), "{w}x{h}: {p:?}");
        }
        let small = Prepared::reference(&frame(&Homography::IDENTITY, 1.0, 1, still));
        let other =
            Prepared::reference(&RawFrame { samples: Plane::new(8, 8), ..frame(&Homography::IDENTITY, 1.0, 1, still) });
        assert_eq!(align(&small, &other, &Default::default()).report().rejected, Some(Rejection::Size));
    }

    #[test]
    fn frames_that_show_something_else_are_rejected() {
        let same = frame(&Homography::IDENTITY, 1.0, 1, still);
        let reference = Prepared::reference(&same);
        let rejected =
            |frame: &RawFrame| align(&reference, &reference.prepare(frame), &Default::default()).report().rejected;
        for salt in [2, 3, 4] {
            assert_eq!(rejected(&frame(&turned(0.01, 3.0, 5.0), 1.0, salt, still)), Some(Rejection::OtherScene));
        }
        assert_eq!(rejected(&frame(&turned(0.01, 3.0, 5.0), 0.1, 5, still)), Some(Rejection::OtherScene));
        let filled = |v| RawFrame { samples: Plane::filled(W, H, v), ..same.clone() };
        assert_eq!(rejected(&filled(u16::MAX)), Some(Rejection::Blown));
        // a covered lens: noise around black
        let mut covered = frame(&Homography::IDENTITY, 0.0, 1, still);
        covered.exposure = 1.0;
        assert_eq!(rejected(&covered), Some(Rejection::Dark));
    }

    #[test]
    fn only_frames_blurred_beyond_use_are_rejected() {
        let same = frame(&Homography::IDENTITY, 1.0, 1, still);
        let reference = Prepared::reference(&same);
        // mean over so many samples of the colour along a line
        let blurred = |length: usize| RawFrame {
            samples: Plane::from_fn(W, H, |x, y| {
                let sum =
                    (0..length).map(|k| u32::from(same.samples.clamped((x + 2 * k) as isize, y as isize))).sum::<u32>();
                (sum / length as u32) as u16
            }),
            ..same.clone()
        };
        let rejected =
            |length| align(&reference, &reference.prepare(&blurred(length)), &Default::default()).report().rejected;
        assert_eq!((rejected(1), rejected(3)), (None, None));
        assert!(rejected(40).is_some());
    }
}
