//! Examples from a pair of pictures of one scene, before and after.

use super::engine::rough_errors;
use super::register::{Registration, register, resized};
use super::{FitError, FitOptions, Sample};
use crate::residual::{decode, encode};
use crate::{Look, OutputSpace, PointTransform};
use calotype_color::RgbSpace;
use calotype_color::matrix::transform;
use calotype_image::{Plane, par};
use std::collections::BTreeMap;

/// Patches across the longer side of the graded picture.
const PATCHES: usize = 128;
/// Pixels of a patch along a side, at the scale at which pairs are compared.
const PATCH: usize = 8;
/// Codes below and above which a channel counts as clipped.
const CLIPPED: (f32, f32) = (2.5 / 255.0, 252.5 / 255.0);
/// Largest standard deviation of codes within a patch: more is structure, where a pixel's misplacement counts.
const FLAT: f32 = 0.035;
/// CIEDE2000 under which no patch is taken for edited.
const TOLERATED: f64 = 2.5;
/// Steps of the neutral picture's codes within which patches make one example, and of squared radii.
const STEPS: f64 = 28.0;
const RINGS: f64 = 4.0;

/// The picture before.
#[derive(Clone, Copy, Debug)]
pub enum Before<'a> {
    /// A finished picture in the neutral rendition: display-linear sRGB, white 1.
    Neutral(&'a [Plane<f32>; 3]),
    /// Scene-linear Rec.709, grey 0.18.
    Scene(&'a [Plane<f32>; 3]),
}

impl<'a> Before<'a> {
    fn planes(self) -> &'a [Plane<f32>; 3] {
        match self {
            Self::Neutral(planes) | Self::Scene(planes) => planes,
        }
    }
}

/// What became of a patch of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchUse {
    /// It is an example.
    Used,
    /// It lies outside the other picture.
    Outside,
    /// A channel is at its end in one of the pictures.
    Clipped,
    /// It holds structure.
    Textured,
    /// It changed in another way than its colour does elsewhere: retouched, dodged, masked, moved.
    Edited,
}

/// Examples from a pair.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The examples: patches of one colour and one distance from the middle, averaged.
    pub samples: Vec<Sample>,
    /// Where the graded picture lies on the neutral one.
    pub registration: Registration,
    /// Patches across and down the graded picture.
    pub patches: (usize, usize),
    /// What became of each, row by row.
    pub uses: Vec<PatchUse>,
}

impl Pair {
    /// Patches of a kind.
    pub fn count(&self, what: PatchUse) -> usize {
        self.uses.iter().filter(|u| **u == what).count()
    }

    /// Of the patches that are flat, unclipped and in both pictures, the share that was set aside as edited.
    pub fn edited_share(&self) -> f64 {
        let (edited, used) = (self.count(PatchUse::Edited), self.count(PatchUse::Used));
        edited as f64 / (edited + used).max(1) as f64
    }
}

/// A flat patch.
struct Patch {
    index: usize,
    sample: Sample,
    code: [f64; 3],
}

/// Takes examples from a pair: registers it, averages small flat neighbourhoods, leaves out what is clipped, textured or
/// locally edited. `graded` is display-linear sRGB, white 1; negative light counts as clipped.
///
/// A patch counts as edited where it and most of its neighbours differ from what a smooth look makes of them by more than
/// three times the usual (median absolute) deviation and 2.5 CIEDE2000, or it alone by twice that.
///
/// # Errors
/// [`FitError::Small`], [`FitError::DifferentScenes`], [`FitError::Planes`], and [`FitError::TooFew`] where next to nothing
/// is flat and unclipped.
pub fn examples(before: Before<'_>, graded: &[Plane<f32>; 3]) -> Result<Pair, FitError> {
    for planes in [before.planes(), graded] {
        let size = |p: &Plane<f32>| (p.width(), p.height());
        if planes.iter().any(|p| size(p) != size(&planes[0])) {
            return Err(FitError::Planes);
        }
    }
    let registration = register(&lightness(before.planes()), &lightness(graded))?;
    let (width, height) = (graded[0].width(), graded[0].height());
    let across = |side: usize| ((side * PATCHES).div_ceil(width.max(height))).clamp(1, PATCHES);
    let (columns, rows) = (across(width), across(height));
    let after = graded.each_ref().map(|p| resized(p, columns * PATCH, rows * PATCH));
    // The neutral picture at the same scale, so that both have the same sharpness.
    let share = registration.homography[0].hypot(registration.homography[3]).max(0.05);
    let small = (columns * PATCH) as f64 / share / before.planes()[0].width() as f64;
    let old = before.planes().each_ref().map(|p| {
        let side = |v: usize| ((v as f64 * small.min(1.0)).round() as usize).max(8);
        resized(p, side(p.width()), side(p.height()))
    });
    let neutral = PointTransform::new(&Look::default(), OutputSpace::Srgb, 0.0);
    let scene_linear = matches!(before, Before::Scene(_));
    let looked_at = par::map(columns * rows, |i| {
        let corner = (i % columns * PATCH, i / columns * PATCH);
        patch(&old, &after, corner, &registration, scene_linear)
    });
    let mut uses = Vec::with_capacity(columns * rows);
    let mut flat = Vec::new();
    let to_scene = RgbSpace::Rec709.to_space(RgbSpace::Rec2020);
    for (index, look) in looked_at.into_iter().enumerate() {
        let (before, after) = match look {
            Ok(colours) => colours,
            Err(why) => {
                uses.push(why);
                continue;
            }
        };
        uses.push(PatchUse::Used);
        let place = |i: usize, n: usize| ((2 * i + 1) as f64 / n as f64 - 1.0) * n as f64;
        let (x, y) = (place(index % columns, columns), place(index / columns, rows));
        let radius2 = (x * x + y * y) / (columns * columns + rows * rows) as f64;
        let scene = transform(&to_scene, before);
        let code = if scene_linear { neutral.apply(scene) } else { before }.map(encode);
        flat.push(Patch { index, code, sample: Sample { scene, display: after, weight: 1.0, radius2 } });
    }
    if !scene_linear {
        let scenes = par::map(flat.len(), |i| neutral.invert(flat[i].code.map(decode), None));
        flat.iter_mut().zip(scenes).for_each(|(patch, scene)| patch.sample.scene = scene);
    }
    if flat.len() < 40 {
        return Err(FitError::TooFew { found: flat.len(), needed: 40 });
    }
    set_edited_aside(&mut flat, &mut uses, columns);
    Ok(Pair { samples: merged(&flat), registration, patches: (columns, rows), uses })
}

/// Mean colours of a patch in both pictures, or why it is no example.
fn patch(
    old: &[Plane<f32>; 3],
    new: &[Plane<f32>; 3],
    (left, top): (usize, usize),
    registration: &Registration,
    scene_linear: bool,
) -> Result<([f64; 3], [f64; 3]), PatchUse> {
    let (width, height) = (new[0].width(), new[0].height());
    let (mut before, mut after) = (Mean::default(), Mean::default());
    for y in top..top + PATCH {
        for x in left..left + PATCH {
            let place = [(2 * x + 1) as f64 / width as f64 - 1.0, (2 * y + 1) as f64 / height as f64 - 1.0];
            let there = registration.place(place);
            let Some(value) = between(old, there) else { return Err(PatchUse::Outside) };
            before.add(value);
            after.add([0, 1, 2].map(|c| new[c].get(x, y)));
        }
    }
    // Scene light has no end but the sensor's, which is far above white.
    let (low, high) = CLIPPED;
    let clipped = |m: &Mean, top: f32| m.least < low || m.most > top;
    if clipped(&after, high) || clipped(&before, if scene_linear { f32::INFINITY } else { high }) {
        return Err(PatchUse::Clipped);
    }
    if before.deviation() > FLAT || after.deviation() > FLAT {
        return Err(PatchUse::Textured);
    }
    Ok((before.linear(), after.linear()))
}

/// Sums over a patch.
struct Mean {
    count: f64,
    sum: [f64; 3],
    codes: [f64; 3],
    squares: [f64; 3],
    least: f32,
    most: f32,
}

impl Default for Mean {
    fn default() -> Self {
        let none = [0.0; 3];
        Self { count: 0.0, sum: none, codes: none, squares: none, least: f32::INFINITY, most: f32::NEG_INFINITY }
    }
}

impl Mean {
    fn add(&mut self, linear: [f32; 3]) {
        self.count += 1.0;
        for c in 0..3 {
            let (v, code) = (f64::from(linear[c]), encode(f64::from(linear[c])));
            self.sum[c] += v;
            self.codes[c] += code;
            self.squares[c] += code * code;
            self.least = self.least.min(code as f32);
            self.most = self.most.max(code as f32);
        }
    }

    fn linear(&self) -> [f64; 3] {
        self.sum.map(|v| v / self.count)
    }

    /// Largest standard deviation of the codes of a channel.
    fn deviation(&self) -> f32 {
        let variance = |c: usize| (self.squares[c] - self.codes[c] * self.codes[c] / self.count) / self.count;
        (0..3).map(variance).fold(0.0, f64::max).sqrt() as f32
    }
}

/// Colour between four pixels at a place from -1 to 1 along each axis; `None` outside.
fn between(planes: &[Plane<f32>; 3], [px, py]: [f64; 2]) -> Option<[f32; 3]> {
    let (w, h) = (planes[0].width(), planes[0].height());
    let (x, y) = ((px + 1.0) / 2.0 * w as f64 - 0.5, (py + 1.0) / 2.0 * h as f64 - 0.5);
    if !(x >= -0.5 && y >= -0.5 && x <= w as f64 - 0.5 && y <= h as f64 - 0.5) {
        return None;
    }
    let (x, y) = (x.clamp(0.0, (w - 1) as f64), y.clamp(0.0, (h - 1) as f64));
    let (i, j) = ((x as usize).min(w - 2), (y as usize).min(h - 2));
    let (s, t) = ((x - i as f64) as f32, (y - j as f64) as f32);
    Some(planes.each_ref().map(|p| {
        (p.get(i, j) * (1.0 - s) + p.get(i + 1, j) * s) * (1.0 - t)
            + (p.get(i, j + 1) * (1.0 - s) + p.get(i + 1, j + 1) * s) * t
    }))
}

/// Encoded lightness of a picture, not larger than registration looks at.
fn lightness(planes: &[Plane<f32>; 3]) -> Plane<f32> {
    let luma = RgbSpace::Rec709.luma();
    let (width, height) = (planes[0].width(), planes[0].height());
    let scale = (1600.0 / width.max(height).max(1) as f64).min(1.0);
    let size = |v: usize| (v as f64 * scale).round() as usize;
    let small = planes.each_ref().map(|p| if scale < 1.0 { resized(p, size(width), size(height)) } else { p.clone() });
    Plane::from_fn(small[0].width(), small[0].height(), |x, y| {
        let light = (0..3).map(|c| luma[c] * f64::from(small[c].get(x, y))).sum::<f64>();
        encode(light.clamp(0.0, 16.0)) as f32
    })
}

/// Finds patches that changed in another way than their colour does elsewhere, twice, and takes them away.
fn set_edited_aside(flat: &mut Vec<Patch>, uses: &mut [PatchUse], columns: usize) {
    let options = FitOptions { falloff: true, ..FitOptions::default() };
    for _ in 0..2 {
        // The look is that of typical patches; each is then compared with it.
        let typical = typical(flat);
        let known: Vec<Sample> = typical.values().map(|t| t.0).collect();
        if known.len() < 12 {
            return;
        }
        let judged: Vec<Sample> = known.iter().copied().chain(flat.iter().map(|p| p.sample)).collect();
        let errors = &rough_errors(&judged, known.len(), &options)[known.len()..];
        let mut sorted = errors.to_vec();
        sorted.sort_by(f64::total_cmp);
        let median = sorted[sorted.len() / 2];
        let mut away: Vec<f64> = errors.iter().map(|e| (e - median).abs()).collect();
        away.sort_by(f64::total_cmp);
        let limit = (median + 3.0 * 1.4826 * away[away.len() / 2]).max(TOLERATED);
        let mut over = vec![None; uses.len()];
        flat.iter().zip(errors).for_each(|(p, e)| over[p.index] = Some(*e / limit));
        let edited = |p: &Patch| {
            let (x, y) = (p.index % columns, p.index / columns);
            let (mut near, mut wrong) = (0, 0);
            for j in y.saturating_sub(1)..=y + 1 {
                for i in x.saturating_sub(1)..(x + 2).min(columns) {
                    if let Some(Some(share)) = over.get(j * columns + i) {
                        near += 1;
                        wrong += usize::from(*share > 1.0);
                    }
                }
            }
            over[p.index].is_some_and(|share: f64| share > 2.0 || (share > 1.0 && wrong * 2 > near))
        };
        let before = flat.len();
        flat.retain(|p| {
            let bad = edited(p);
            if bad {
                uses[p.index] = PatchUse::Edited;
            }
            !bad
        });
        if flat.len() == before {
            return;
        }
    }
}

type Cell = ([i32; 3], i32);

fn cell(p: &Patch) -> Cell {
    (p.code.map(|v| (v * STEPS).round() as i32), (p.sample.radius2 * RINGS) as i32)
}

/// For each cell of codes and radius the patch whose graded colour is the median of each channel's, nearest.
fn typical(flat: &[Patch]) -> BTreeMap<Cell, (Sample, usize)> {
    let mut cells: BTreeMap<Cell, Vec<&Patch>> = BTreeMap::new();
    flat.iter().for_each(|p| cells.entry(cell(p)).or_default().push(p));
    let one = |patches: Vec<&Patch>| {
        let median = [0, 1, 2].map(|c| {
            let mut v: Vec<f64> = patches.iter().map(|p| p.sample.display[c]).collect();
            v.sort_by(f64::total_cmp);
            v[v.len() / 2]
        });
        let away = |p: &Patch| (0..3).map(|c| (p.sample.display[c] - median[c]).abs()).sum::<f64>();
        let first = patches.iter().min_by(|a, b| away(a).total_cmp(&away(b))).expect("cells hold a patch");
        (first.sample, patches.len())
    };
    cells.into_iter().map(|(k, v)| (k, one(v))).collect()
}

/// Means of the patches of each cell; many patches count more than one, but not by their number: a sky is one colour.
fn merged(flat: &[Patch]) -> Vec<Sample> {
    let mut cells: BTreeMap<Cell, (Sample, f64)> = BTreeMap::new();
    for p in flat {
        let none = Sample { scene: [0.0; 3], display: [0.0; 3], weight: 0.0, radius2: 0.0 };
        let (sum, count) = cells.entry(cell(p)).or_insert((none, 0.0));
        *count += 1.0;
        for c in 0..3 {
            sum.scene[c] += (p.sample.scene[c] - sum.scene[c]) / *count;
            sum.display[c] += (p.sample.display[c] - sum.display[c]) / *count;
        }
        sum.radius2 += (p.sample.radius2 - sum.radius2) / *count;
    }
    let mut samples: Vec<Sample> =
        cells.into_values().map(|(s, count)| Sample { weight: count.sqrt().min(4.0), ..s }).collect();
    let mean = samples.iter().map(|s| s.weight).sum::<f64>() / samples.len().max(1) as f64;
    samples.iter_mut().for_each(|s| s.weight /= mean);
    samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::fit;

    /// A scene of coloured fields of two hundred colours with soft textures between, in the neutral rendition.
    fn picture(
        width: usize,
        height: usize,
        view: impl Fn(f64, f64) -> (f64, f64) + Sync,
        look: &Look,
    ) -> [Plane<f32>; 3] {
        let transform = PointTransform::new(look, OutputSpace::Srgb, 0.0);
        let colour = |u: f64, v: f64| {
            let (i, j) = ((u * 9.0).floor() as i64, (v * 9.0).floor() as i64);
            let k = (i * 31 + j * 57).rem_euclid(997) as f64;
            let [a, b, c] = [0.819_172_5, 0.671_043_6, 0.549_700_4].map(|s| (0.5 + s * k).fract());
            let (sin, cos) = (b * std::f64::consts::TAU).sin_cos();
            let lab = [0.18f64.cbrt(), 0.10 * c * cos, 0.10 * c * sin];
            let wave = 0.04 * (7.0 * u + 3.0 * v).sin();
            let rgb = calotype_color::oklab::oklab_to_rgb(RgbSpace::Rec2020, lab);
            rgb.map(|v| v.max(0.0) * (4.0 * a - 2.7 + wave).exp2())
        };
        let pixels = par::map(width * height, |i| {
            let (x, y) =
                ((2 * (i % width) + 1) as f64 / width as f64 - 1.0, (2 * (i / width) + 1) as f64 / height as f64 - 1.0);
            let (u, v) = view(x, y * height as f64 / width as f64);
            transform.apply(colour(u, v)).map(|v| v as f32)
        });
        [0, 1, 2].map(|c| Plane::from_fn(width, height, |x, y| pixels[y * width + x][c]))
    }

    /// A cropped, shifted grade with a darkened corner: the look is found as if nothing had been done to it.
    #[test]
    fn crops_and_local_edits_do_not_spoil_the_look() {
        let look = Look { residual: None, ..Look::builtin("print-warm").unwrap() };
        let before = picture(640, 480, |x, y| (x, y), &Look::default());
        let mut after = picture(560, 420, |x, y| (0.8 * x + 0.05, 0.8 * y - 0.03), &look);
        for plane in &mut after {
            for y in 0..120 {
                plane.row_mut(y)[..160].iter_mut().for_each(|v| *v *= 0.45);
            }
        }
        let pair = examples(Before::Neutral(&before), &after).unwrap();
        let edited = |x: usize, y: usize| pair.uses[y * pair.patches.0 + x] == PatchUse::Edited;
        let (columns, rows) = pair.patches;
        let inside = (0..rows * 120 / 420 - 1).flat_map(|y| (0..columns * 160 / 560 - 1).map(move |x| (x, y)));
        let (mut found, mut flat) = (0, 0);
        for (x, y) in inside {
            flat += usize::from(matches!(pair.uses[y * columns + x], PatchUse::Used | PatchUse::Edited));
            found += usize::from(edited(x, y));
        }
        assert!(flat > 100 && found * 10 > flat * 9, "{found} of {flat} edited patches were found");
        assert!(pair.edited_share() < 0.2, "{}", pair.edited_share());
        let fitted = fit(&pair.samples, &FitOptions::default()).unwrap();
        let (a, b) = (
            PointTransform::new(&fitted.look, OutputSpace::Srgb, 0.0),
            PointTransform::new(&look, OutputSpace::Srgb, 0.0),
        );
        let mut sum = 0.0;
        for s in &pair.samples {
            let lab = |t: &PointTransform| crate::fit::metric::lab(t.apply(s.scene));
            sum += calotype_color::lab::delta_e_2000(lab(&a), lab(&b));
        }
        let mean = sum / pair.samples.len() as f64;
        assert!(mean < 0.6, "{mean} over {} examples, held out {:?}", pair.samples.len(), fitted.held_out);
    }

    #[test]
    fn planes_of_other_sizes_are_refused() {
        let plane = |w| Plane::filled(w, 60, 0.2f32);
        let odd = [plane(60), plane(61), plane(60)];
        let even = [plane(60), plane(60), plane(60)];
        assert_eq!(examples(Before::Neutral(&odd), &even).unwrap_err(), FitError::Planes);
    }
}
