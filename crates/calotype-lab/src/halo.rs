//! Halos: what sharpening and local tone lay along strong edges, and how much local contrast they add.

use crate::card::{Card, Goal, Measured, Plot, Row};
use crate::edge::{Found, Rows, Spread, find, spread};
use crate::filter::gaussian;
use crate::stats::median;
use crate::{LabError, Picture, Region, Result, thumbnail};
use calotype_color::lab::lightness;
use calotype_image::Plane;
use serde::Serialize;

/// Distance from an edge within which an overshoot is sharpening's, in pixels; beyond it is a halo.
const NEAR: f64 = 6.0;

/// Halos along a picture's edges.
#[derive(Clone, Debug, Serialize)]
pub struct HaloReport {
    /// The picture.
    pub subject: String,
    /// The edges, strongest step first.
    pub edges: Vec<HaloEdge>,
    /// Gain of local contrast over the truth by scale: standard deviation of octave bands of log luminance; scale is a
    /// share of the picture's height in percent.
    pub local_contrast: Option<Vec<[f64; 2]>>,
    #[serde(skip)]
    crops: Vec<crate::Crop>,
}

/// One edge. All are in L* of luminance relative to white.
#[derive(Clone, Debug, Serialize)]
pub struct HaloEdge {
    /// Where.
    pub region: Region,
    /// L* of the dark and of the bright field, far from the edge.
    pub fields: [f64; 2],
    /// Brighter than the bright field within 6 pixels, and darker than the dark one: sharpening.
    pub near: [f64; 2],
    /// The same beyond 6 pixels: halo.
    pub far: [f64; 2],
    /// Distance at which the brighter halo has fallen to half, in pixels; 0 without a halo.
    pub width_px: f64,
    /// How far from the edge was looked, in pixels.
    pub reach_px: f64,
    /// Pixels from the edge, L*.
    pub profile: Vec<[f64; 2]>,
}

/// Measures overshoot and halos along the slanted edges of a picture; with the truth also the gain of local contrast.
///
/// # Errors
/// [`LabError::NotFound`] where there is no edge with wide fields, [`LabError::SizeMismatch`].
pub fn halo(picture: &Picture, regions: &[Region], truth: Option<&Picture>) -> Result<HaloReport> {
    let y = picture.luminance();
    let local_contrast = match truth {
        Some(truth) if truth.size() != picture.size() => {
            return Err(LabError::SizeMismatch {
                first_name: picture.name.clone(),
                first: picture.size(),
                second_name: truth.name.clone(),
                second: truth.size(),
            });
        }
        Some(truth) => Some(contrast_gain(&y, &truth.luminance())),
        None => None,
    };
    let seeds: Vec<(Region, bool)> = if regions.is_empty() {
        find(&y, 8).into_iter().map(|Found { region, vertical, .. }| (region, vertical)).collect()
    } else {
        for region in regions {
            region.inside(&picture.name, picture.size())?;
        }
        regions.iter().map(|r| (*r, is_vertical(&y, *r))).collect()
    };
    let mut edges: Vec<HaloEdge> =
        seeds.iter().filter_map(|(region, vertical)| widest(&y, *region, *vertical, regions.is_empty())).collect();
    edges.sort_by(|a, b| (b.fields[1] - b.fields[0]).total_cmp(&(a.fields[1] - a.fields[0])));
    if edges.is_empty() {
        return Err(LabError::NotFound {
            what: "edge between wide fields",
            name: picture.name.clone(),
            reason: format!("{} edges were looked at", seeds.len()),
            remedy: "Point at a slanted edge with flat fields on both sides: --region WIDTHxHEIGHT+X+Y.",
        });
    }
    let crops =
        edges.iter().take(3).map(|e| thumbnail::part(&format!("edge {}", e.region), picture, e.region)).collect();
    Ok(HaloReport { subject: picture.name.clone(), edges, local_contrast, crops })
}

fn is_vertical(y: &Plane<f32>, r: Region) -> bool {
    let (mut across, mut down) = (0.0, 0.0);
    for row in r.y..r.y + r.height - 1 {
        for x in r.x..r.x + r.width - 1 {
            across += (y.get(x + 1, row) - y.get(x, row)).powi(2);
            down += (y.get(x, row + 1) - y.get(x, row)).powi(2);
        }
    }
    across >= down
}

/// The edge with fields as wide as they stay alone; a region that was pointed at is taken as it is.
///
/// A field that changes by more than an eighth of the step from one width to the next has met something else: a halo
/// fades, it does not move the field.
fn widest(y: &Plane<f32>, region: Region, vertical: bool, grow: bool) -> Option<HaloEdge> {
    let factors: &[usize] = if grow { &[1, 2, 3, 4, 6, 8] } else { &[1] };
    let mut widest: Option<(Region, Spread)> = None;
    for factor in factors {
        let grown = grown(region, vertical, *factor, (y.width(), y.height()));
        let rows = Rows::of_plane(y, grown, vertical);
        let Some(s) = rows.line().and_then(|line| spread(&rows, &line, f64::INFINITY)) else { break };
        let n = s.bins.len();
        let calm = |part: &[f64]| {
            let range = part.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
            range.1 - range.0 < 0.12 * (s.bright - s.dark) + 3.0 * s.noise
        };
        if let Some((_, before)) = &widest {
            let step = 0.125 * (before.bright - before.dark);
            let kept = (s.bright - before.bright).abs() < step && (s.dark - before.dark).abs() < step;
            if !(kept && s.explained > 0.8 && calm(&s.bins[..n / 6]) && calm(&s.bins[n - n / 6..])) {
                break;
            }
        }
        widest = Some((grown, s));
    }
    widest.map(|(region, s)| edge(region, &s))
}

fn grown(r: Region, vertical: bool, factor: usize, size: (usize, usize)) -> Region {
    let widen = |at: usize, n: usize, size: usize| {
        let more = n * (factor - 1) / 2;
        // the same on both sides, so that the edge stays in the middle
        let more = more.min(at).min(size - at - n);
        (at - more, n + 2 * more)
    };
    if vertical {
        let (x, width) = widen(r.x, r.width, size.0);
        Region { x, width, ..r }
    } else {
        let (y, height) = widen(r.y, r.height, size.1);
        Region { y, height, ..r }
    }
}

fn edge(region: Region, s: &Spread) -> HaloEdge {
    let lstar = |v: f64| lightness(v.max(0.0));
    let (dark, bright) = (lstar(s.dark), lstar(s.bright));
    let smooth: Vec<[f64; 2]> = s.points().iter().zip(s.smooth()).map(|(p, v)| [p[0], lstar(v)]).collect();
    let over = |sign: f64, from: f64, to: f64| {
        let level = if sign > 0.0 { bright } else { dark };
        let inside = smooth.iter().filter(|p| (from..to).contains(&(sign * p[0])));
        inside.map(|p| sign * (p[1] - level)).fold(0.0f64, f64::max)
    };
    let far = over(1.0, NEAR, f64::INFINITY);
    let width = smooth.iter().filter(|p| p[0] > NEAR && p[1] - bright > 0.5 * far).map(|p| p[0]).fold(0.0, f64::max);
    HaloEdge {
        region,
        fields: [dark, bright],
        near: [over(1.0, 0.0, NEAR), over(-1.0, 0.0, NEAR)],
        far: [far, over(-1.0, NEAR, f64::INFINITY)],
        width_px: if far > 0.2 { width } else { 0.0 },
        reach_px: -s.start,
        profile: smooth,
    }
}

/// Standard deviation of octave bands of log luminance over the truth's, by scale in percent of the height.
fn contrast_gain(picture: &Plane<f32>, truth: &Plane<f32>) -> Vec<[f64; 2]> {
    let log = |p: &Plane<f32>| Plane::from_fn(p.width(), p.height(), |x, y| p.get(x, y).max(1e-4).log2());
    let (a, b) = (log(picture), log(truth));
    [0.25, 0.5, 1.0, 2.0, 4.0]
        .into_iter()
        .map(|percent| {
            let sigma = percent / 100.0 * a.height() as f64;
            let band = |p: &Plane<f32>| {
                let (fine, coarse) = (gaussian(p, 0.5 * sigma), gaussian(p, sigma));
                let square: f64 = fine.data().iter().zip(coarse.data()).map(|(f, c)| f64::from(f - c).powi(2)).sum();
                (square / fine.data().len() as f64).sqrt()
            };
            [percent, band(&a) / band(&b).max(1e-9)]
        })
        .collect()
}

impl Measured for HaloReport {
    fn card(&self) -> Card {
        let rows = self
            .edges
            .iter()
            .map(|e| {
                Row::new(
                    e.region.to_string(),
                    [e.fields[0], e.fields[1], e.near[0], e.near[1], e.far[0], e.far[1], e.width_px, e.reach_px],
                )
            })
            .collect();
        let largest = |f: &dyn Fn(&HaloEdge) -> f64| self.edges.iter().map(f).fold(0.0f64, f64::max);
        let mut plot = Plot::new("Profiles", "pixels from the edge", "L*");
        for e in self.edges.iter().take(6) {
            plot = plot.curve(&e.region.to_string(), e.profile.clone());
        }
        let mut card = Card::new("halo", &self.subject, "step overshoot in L*")
            .figure("halo", "halo beyond 6 pixels, largest", largest(&|e| e.far[0].max(e.far[1])), "L*", Goal::Lower)
            .figure(
                "overshoot",
                "overshoot within 6 pixels, largest",
                largest(&|e| e.near[0].max(e.near[1])),
                "L*",
                Goal::Lower,
            )
            .figure(
                "halo_median",
                "halo, median",
                median(&self.edges.iter().map(|e| e.far[0].max(e.far[1])).collect::<Vec<_>>()),
                "L*",
                Goal::Lower,
            )
            .figure("halo_width", "halo falls to half at", largest(&|e| e.width_px), "pixels", Goal::Neither)
            .table(
                "Edges",
                &["dark L*", "bright L*", "near over", "near under", "far over", "far under", "width px", "seen to px"],
                rows,
            )
            .plot(plot);
        if let Some(gain) = &self.local_contrast {
            let rows = gain.iter().map(|g| Row::new(format!("{} % of the height", g[0]), [g[1]])).collect();
            card = card.table("Local contrast over the truth's", &["gain"], rows).plot(
                Plot::new("Local contrast over the truth's", "scale, % of the height", "gain")
                    .logarithmic(true, false)
                    .curve("", gain.clone()),
            );
        }
        card.crops = self.crops.clone();
        card.note("A halo of less than 2 L* is hard to see.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::grey;

    fn step() -> Plane<f32> {
        let (sin, cos) = 6f64.to_radians().sin_cos();
        let plane = Plane::from_fn(400, 300, |x, y| {
            let d = (x as f64 - 200.0) * cos - (y as f64 - 150.0) * sin;
            if d > 0.0 { 0.5f32 } else { 0.08 }
        });
        gaussian(&plane, 0.8)
    }

    #[test]
    fn a_clean_step_has_no_halo() {
        let report = halo(&grey("step", step()), &[], None).unwrap();
        let e = &report.edges[0];
        assert!(e.far.iter().chain(&e.near).all(|v| *v < 0.1), "{e:?}");
        assert!((e.fields[1] - lightness(0.5)).abs() < 0.05 && e.reach_px > 60.0, "{}", e.reach_px);
    }

    #[test]
    fn local_tone_leaves_a_halo_of_known_height() {
        let plane = step();
        let coarse = gaussian(&plane, 12.0);
        let k = 0.15;
        let toned = Plane::from_fn(400, 300, |x, y| plane.get(x, y) + k * (plane.get(x, y) - coarse.get(x, y)));
        let truth = grey("step", plane);
        let report = halo(&grey("toned", toned), &[], Some(&truth)).unwrap();
        let e = &report.edges[0];
        // at distance d the coarse picture lacks (1 - Phi(d / 12)) of the step: 0.3085 at 6 pixels
        let want = lightness(0.5 + f64::from(k) * 0.42 * 0.3085) - lightness(0.5);
        assert!((e.far[0] - want).abs() < 0.12, "{} {want}", e.far[0]);
        assert!((6.0..16.0).contains(&e.width_px), "{}", e.width_px);
        assert!(report.local_contrast.unwrap().iter().any(|g| g[1] > 1.03));
    }

    #[test]
    fn no_edge_and_other_sizes_are_refused() {
        let flat = grey("flat", Plane::filled(200, 200, 0.4));
        assert!(halo(&flat, &[], None).is_err());
        assert!(matches!(
            halo(&flat, &[], Some(&grey("other", Plane::filled(100, 200, 0.4)))),
            Err(LabError::SizeMismatch { .. })
        ));
    }
}
