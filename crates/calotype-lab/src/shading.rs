//! Shading: how light and colour fall off towards the corners (ISO 17957).

use crate::card::{CHANNEL_COLORS, Card, Goal, Measured, Plot, Row};
use crate::read::RawPicture;
use crate::stats::{interpolate, least_squares, mean};
use crate::{LabError, Picture, Result, thumbnail};
use calotype_image::Plane;
use serde::Serialize;

/// Nodes of the grid across and down.
pub const SHADING_GRID: (usize, usize) = (17, 13);

/// Shading of a flat field.
#[derive(Clone, Debug, Serialize)]
pub struct ShadingReport {
    /// The picture.
    pub subject: String,
    /// Mean of the four corners over the centre, in stops; green for raws, luminance for pictures.
    pub corner_ev: f64,
    /// The darkest corner over the centre, in stops.
    pub worst_corner_ev: f64,
    /// (largest - smallest) / largest of the grid, in percent.
    pub non_uniformity: f64,
    /// Largest red over green of the grid relative to the centre, in stops, sign kept.
    pub red_ev: f64,
    /// Largest blue over green of the grid relative to the centre, in stops, sign kept.
    pub blue_ev: f64,
    /// Largest distance in a*, b* of the grid from the centre, at the centre's luminance 0.5.
    pub delta_ab: f64,
    /// Left over right half, in stops: a flat field lit from one side shows here.
    pub tilt_ev: f64,
    /// Fall-off by radius (1 at the corner): coefficients of 1 + a r^2 + b r^4 + c r^6.
    pub radial: [f64; 3],
    /// Root mean square of the grid about the radial fall-off, in percent.
    pub radial_residual: f64,
    /// Means of red, green, blue over the grid relative to the centre, row by row, 17 by 13.
    pub grid: [Vec<f64>; 3],
}

/// Measures the shading of a developed picture of an evenly lit surface.
///
/// # Errors
/// [`LabError::NotFound`] where the picture is too small, black or clipped.
pub fn shading(picture: &Picture) -> Result<ShadingReport> {
    measure(&picture.name, &picture.rgb.planes, true)
}

/// Measures the shading of a raw picture of an evenly lit surface.
///
/// # Errors
/// As [`shading`].
pub fn raw_shading(raw: &RawPicture) -> Result<ShadingReport> {
    measure(&raw.name, &raw.half(), false)
}

fn measure(name: &str, planes: &[Plane<f32>; 3], developed: bool) -> Result<ShadingReport> {
    let (w, h) = (planes[0].width(), planes[0].height());
    let missing = |reason: String| LabError::NotFound {
        what: "flat field",
        name: name.into(),
        reason,
        remedy: "Photograph an evenly lit, featureless surface out of focus, below clipping.",
    };
    let (nx, ny) = SHADING_GRID;
    if w < 4 * nx || h < 4 * ny {
        return Err(missing(format!("{w}x{h} pixels are too few")));
    }
    // A node's mean over the cell about it; nodes lie from border to border, cells of border nodes are cut in half.
    let node = |plane: &Plane<f32>, i: usize, j: usize| {
        let range = |i: usize, n: usize, size: usize| {
            let cell = size as f64 / (n - 1) as f64;
            let from = ((i as f64 - 0.5) * cell).max(0.0).round() as usize;
            let to = (((i as f64 + 0.5) * cell).round() as usize).clamp(from + 1, size);
            from..to
        };
        let (xs, ys) = (range(i, nx, w), range(j, ny, h));
        let n = (xs.len() * ys.len()) as f64;
        ys.map(|y| plane.row(y)[xs.clone()].iter().map(|v| f64::from(*v)).sum::<f64>()).sum::<f64>() / n
    };
    let raw_grid = [0, 1, 2].map(|c| (0..nx * ny).map(|k| node(&planes[c], k % nx, k / nx)).collect::<Vec<f64>>());
    let center = ny / 2 * nx + nx / 2;
    let middle = [0, 1, 2].map(|c| raw_grid[c][center]);
    if middle.iter().any(|m| !(*m > 1e-4)) || raw_grid.iter().flatten().any(|v| !(*v > 0.0)) {
        return Err(missing("a part of it is black".into()));
    }
    if middle[1] > 0.97 {
        return Err(missing("its centre is clipped".into()));
    }
    let grid = [0, 1, 2].map(|c| raw_grid[c].iter().map(|v| v / middle[c]).collect::<Vec<f64>>());
    let luma = |k: usize| {
        if developed {
            let w = calotype_color::RgbSpace::Rec709.luma();
            let of = |f: &dyn Fn(usize) -> f64| w[0] * f(0) + w[1] * f(1) + w[2] * f(2);
            of(&|c| raw_grid[c][k]) / of(&|c| middle[c])
        } else {
            grid[1][k]
        }
    };
    let light: Vec<f64> = (0..nx * ny).map(luma).collect();
    let radius = |k: usize| {
        let (x, y) = ((k % nx) as f64 / (nx - 1) as f64 * 2.0 - 1.0, (k / nx) as f64 / (ny - 1) as f64 * 2.0 - 1.0);
        (x * w as f64).hypot(y * h as f64) / (w as f64).hypot(h as f64)
    };
    let corners = [0, nx - 1, (ny - 1) * nx, ny * nx - 1].map(|k| light[k].log2());
    let rows: Vec<Vec<f64>> = (0..nx * ny).map(|k| [2, 4, 6].map(|p| radius(k).powi(p)).to_vec()).collect();
    let fit = least_squares(&rows, &light.iter().map(|v| v - 1.0).collect::<Vec<_>>()).unwrap_or_else(|| vec![0.0; 3]);
    let rest: Vec<f64> = rows
        .iter()
        .zip(&light)
        .map(|(r, v)| (v - 1.0 - r.iter().zip(&fit).map(|(a, b)| a * b).sum::<f64>()).powi(2))
        .collect();
    let extreme = |c: usize| {
        (0..nx * ny)
            .map(|k| (grid[c][k] / grid[1][k]).log2())
            .fold(0.0f64, |a, b| if b.abs() > a.abs() { b } else { a })
    };
    let ab = |k: usize| {
        // white balanced at the centre, same luminance
        let y = 0.5 / light[k];
        let lab = crate::to_lab([0, 1, 2].map(|c| grid[c][k] * y));
        lab[1].hypot(lab[2])
    };
    let half = |right: bool| {
        mean(
            &(0..nx * ny)
                .filter(|k| k % nx != nx / 2 && (k % nx > nx / 2) == right)
                .map(|k| light[k])
                .collect::<Vec<_>>(),
        )
    };
    let (largest, smallest) = light.iter().fold((f64::MIN, f64::MAX), |(a, b), v| (a.max(*v), b.min(*v)));
    Ok(ShadingReport {
        subject: name.into(),
        corner_ev: mean(&corners),
        worst_corner_ev: corners.iter().fold(f64::MAX, |a, b| a.min(*b)),
        non_uniformity: 100.0 * (largest - smallest) / largest,
        red_ev: extreme(0),
        blue_ev: extreme(2),
        delta_ab: (0..nx * ny).map(ab).fold(0.0, f64::max),
        tilt_ev: (half(false) / half(true)).log2(),
        radial: [fit[0], fit[1], fit[2]],
        radial_residual: 100.0 * mean(&rest).sqrt(),
        grid,
    })
}

impl ShadingReport {
    /// Light at a radius (1 at the corner) after the radial fall-off.
    pub fn radial_at(&self, r: f64) -> f64 {
        1.0 + self.radial[0] * r.powi(2) + self.radial[1] * r.powi(4) + self.radial[2] * r.powi(6)
    }
}

impl Measured for ShadingReport {
    fn card(&self) -> Card {
        let (nx, ny) = SHADING_GRID;
        // along the diagonal, where the fall-off is largest
        let diagonal = |c: usize| -> Vec<[f64; 2]> {
            (0..=32)
                .map(|i| {
                    let t = f64::from(i) / 32.0;
                    let row: Vec<[f64; 2]> = (0..nx)
                        .map(|x| {
                            let column: Vec<[f64; 2]> = (0..ny).map(|y| [y as f64, self.grid[c][y * nx + x]]).collect();
                            [x as f64, interpolate(&column, t * (ny - 1) as f64)]
                        })
                        .collect();
                    [2.0 * t - 1.0, interpolate(&row, t * (nx - 1) as f64)]
                })
                .collect()
        };
        let mut plot = Plot::new("Along the diagonal", "from corner to corner", "relative to the centre");
        for (c, name) in ["R", "G", "B"].into_iter().enumerate() {
            plot = plot.colored(name, diagonal(c), CHANNEL_COLORS[c]);
        }
        plot = plot.colored(
            "radial fit",
            (-16..=16).map(|i| f64::from(i) / 16.0).map(|t| [t, self.radial_at(t.abs())]).collect(),
            "#aaaaaa",
        );
        let plane = Plane::from_fn(nx * 16, ny * 16, |x, y| self.grid[1][y / 16 * nx + x / 16] as f32);
        let mut card = Card::new("shading", &self.subject, "ISO 17957:2015, flat field on a 17 x 13 grid")
            .figure("corner_ev", "corners, mean", self.corner_ev, "EV", Goal::Near(0.0))
            .figure("worst_corner_ev", "darkest corner", self.worst_corner_ev, "EV", Goal::Near(0.0))
            .figure("non_uniformity", "non-uniformity", self.non_uniformity, "%", Goal::Lower)
            .figure("red_ev", "red over green, largest", self.red_ev, "EV", Goal::Near(0.0))
            .figure("blue_ev", "blue over green, largest", self.blue_ev, "EV", Goal::Near(0.0))
            .figure("colour_shading", "colour shading, largest", self.delta_ab, "dab", Goal::Lower)
            .figure("tilt_ev", "left over right", self.tilt_ev, "EV", Goal::Near(0.0))
            .table(
                "Radial fall-off 1 + a r^2 + b r^4 + c r^6 (r = 1 at the corner)",
                &["a", "b", "c", "residual %"],
                vec![Row::new("light", [self.radial[0], self.radial[1], self.radial[2], self.radial_residual])],
            )
            .plot(plot);
        card.crops.push(thumbnail::heat("green relative to the centre: white 1 and more", &plane, 1.0));
        if self.tilt_ev.abs() > 0.05 {
            card = card.note(
                "The field is brighter on one side: light it more evenly, or take a second shot turned by 180 degrees.",
            );
        }
        card
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(f: impl Fn(f64) -> [f64; 3]) -> Picture {
        let (w, h) = (340, 260);
        let planes = [0, 1, 2].map(|c| {
            Plane::from_fn(w, h, |x, y| {
                let (dx, dy) = ((x as f64 + 0.5) / w as f64 * 2.0 - 1.0, (y as f64 + 0.5) / h as f64 * 2.0 - 1.0);
                (0.6 * f((dx * w as f64).hypot(dy * h as f64) / (w as f64).hypot(h as f64))[c]) as f32
            })
        });
        Picture::new("flat", "", planes).unwrap()
    }

    #[test]
    fn a_known_fall_off_is_found() {
        let report = shading(&field(|r| [1.0 - 0.4 * r * r; 3])).unwrap();
        // the corner cell's mean lies a little inside: half a cell is 1/32 of the diagonal on each axis
        let want = (1.0 - 0.4 * (1.0f64 - 1.0 / 32.0).powi(2)).log2();
        assert!((report.corner_ev - want).abs() < 0.02, "{} {want}", report.corner_ev);
        assert!((report.radial_at(0.5) - 0.9).abs() < 0.01 && report.radial_residual < 1.0);
        assert!(report.red_ev.abs() < 1e-3 && report.delta_ab < 0.1 && report.tilt_ev.abs() < 1e-3);
    }

    #[test]
    fn colour_shading_is_told_from_luminance() {
        let report = shading(&field(|r| [1.0 - 0.2 * r * r, 1.0, 1.0 + 0.1 * r * r])).unwrap();
        assert!((report.red_ev - (1.0 - 0.2 * 0.94f64).log2()).abs() < 0.03, "{}", report.red_ev);
        assert!(report.blue_ev > 0.1 && report.delta_ab > 3.0);
    }

    #[test]
    fn what_is_no_field_is_refused() {
        assert!(shading(&field(|_| [2.0; 3])).is_err());
        assert!(shading(&field(|_| [0.0; 3])).is_err());
        assert!(shading(&crate::synth::grey("small", Plane::filled(20, 20, 0.5))).is_err());
    }
}
