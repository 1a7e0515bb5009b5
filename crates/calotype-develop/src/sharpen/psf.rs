//! How sharp a picture is: the width of its sharpest edges.

use crate::proxy::REC2020_LUMINANCE;
use calotype_image::SceneRgb;

/// Samples looked at around an edge.
const WINDOW: usize = 9;
/// Rows and columns looked at.
const LINES: usize = 200;
/// Edges needed for a statement.
const ENOUGH: usize = 60;

/// Standard deviation in pixels of the Gaussian that comes nearest to the blur of the picture's sharpest clean edges:
/// lens, photosites and demosaicing together. `None` where the picture has too few of them. `noise_at_grey` is the
/// standard deviation of luminance noise; edges must stand well above it.
///
/// Along rows and columns, the gradient across a step that is flat on both sides is the blur's own profile, widened
/// by the difference of neighbours (variance 1/12). The first decile of such widths belongs to edges in focus.
pub fn estimate_sigma(picture: &SceneRgb, noise_at_grey: f32) -> Option<f32> {
    let (w, h) = (picture.width(), picture.height());
    let mut widths = Vec::new();
    let luminance = |y: usize, columns: std::ops::Range<usize>| {
        let [r, g, b] = picture.row(y).map(|row| row[columns.clone()].iter());
        let [of_r, of_g, of_b] = REC2020_LUMINANCE;
        r.zip(g).zip(b).map(move |((r, g), b)| of_r * r + of_g * g + of_b * b)
    };
    // So many lines that a photograph costs no more than a small picture; columns in strips of one cache line.
    let mut line = Vec::new();
    for y in (0..h).step_by((h / LINES).max(1)) {
        line.clear();
        line.extend(luminance(y, 0..w));
        edges(&line, noise_at_grey, &mut widths);
    }
    const STRIP: usize = 16;
    let mut strip = vec![vec![0.0; h]; STRIP];
    for left in (0..w).step_by((w * STRIP / LINES).max(STRIP)) {
        let columns = left..(left + STRIP).min(w);
        for y in 0..h {
            for (line, v) in strip.iter_mut().zip(luminance(y, columns.clone())) {
                line[y] = v;
            }
        }
        strip[..columns.len()].iter().for_each(|line| edges(line, noise_at_grey, &mut widths));
    }
    if widths.len() < ENOUGH {
        return None;
    }
    let n = widths.len() / 10;
    let (_, decile, _) = widths.select_nth_unstable_by(n, f32::total_cmp);
    Some(*decile)
}

/// Adds the widths of the clean steps along a line.
fn edges(line: &[f32], noise: f32, widths: &mut Vec<f32>) {
    let mut at = 0;
    while at + WINDOW <= line.len() {
        let v = &line[at..at + WINDOW];
        match step_width(v, noise) {
            Some(width) => {
                widths.push(width);
                at += WINDOW - 2;
            }
            None => at += 1,
        }
    }
}

/// The width of a step centred in a window, if it is one.
fn step_width(v: &[f32], noise: f32) -> Option<f32> {
    let n = v.len();
    let height = v[n - 1] - v[0];
    let size = height.abs();
    let (low, high) = (v[0].min(v[n - 1]), v[0].max(v[n - 1]));
    // a strong step, not one from or into clipping or black
    if size < 0.3 * high || size < 25.0 * noise || low < 0.02 * high {
        return None;
    }
    let flat = 0.03 * size;
    let slope = |i: usize| v[i + 1] - v[i];
    if slope(0).abs() > flat || slope(n - 2).abs() > flat || (v[n - 2] - v[n - 3]).abs() > 2.0 * flat {
        return None;
    }
    let (mut sum, mut first) = (0.0, 0.0);
    for i in 0..n - 1 {
        let g = slope(i) / height;
        // one step, without ringing
        if g < -0.02 {
            return None;
        }
        sum += g;
        first += g * i as f32;
    }
    let centre = first / sum;
    let middle = (n - 2) as f32 / 2.0;
    if (centre - middle).abs() > 0.75 {
        return None;
    }
    let second: f32 = (0..n - 1).map(|i| slope(i) / height * (i as f32 - centre).powi(2)).sum::<f32>() / sum;
    let variance = second - 1.0 / 12.0;
    (variance > 0.0).then(|| variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::Plane;

    /// The integral of the normal distribution, by a sum.
    fn step(x: f32, sigma: f32) -> f32 {
        let n = 200;
        (0..n)
            .map(|i| (i as f32 + 0.5) / n as f32 * 10.0 - 5.0)
            .filter(|t| t * sigma < x)
            .map(|t| (-0.5 * t * t).exp())
            .sum::<f32>()
            * (10.0 / n as f32)
            / (2.0 * std::f32::consts::PI).sqrt()
    }

    #[test]
    fn the_width_of_blurred_bars_is_found() {
        for sigma in [0.45f32, 0.6, 0.8] {
            let p = Plane::from_fn(200, 160, |x, y| {
                let u = (x as f32 + 0.07 * y as f32) % 40.0;
                0.1 + 0.6 * (step(u - 10.0, sigma) - step(u - 30.0, sigma))
            });
            let found = estimate_sigma(&SceneRgb::from_planes([p.clone(), p.clone(), p]), 1e-4).unwrap();
            assert!((found / sigma - 1.0).abs() < 0.12, "{sigma}: {found}");
        }
    }

    #[test]
    fn without_edges_nothing_is_said() {
        let p = Plane::from_fn(100, 100, |x, _| x as f32 * 0.01);
        assert_eq!(estimate_sigma(&SceneRgb::from_planes([p.clone(), p.clone(), p]), 0.0), None);
        assert_eq!(estimate_sigma(&SceneRgb::new(1, 1), 0.0), None);
        assert_eq!(estimate_sigma(&SceneRgb::new(0, 0), 0.0), None);
    }
}
