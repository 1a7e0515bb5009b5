//! Pictures that lack a border of the truth.

use crate::Picture;

/// Most that a picture may lack of the truth's width or height: a fifth. Less of it is taken for another picture.
pub const MOST_BORDER: f64 = 0.2;
/// Pixels about the middle in which the place is looked for.
const SEARCH: i64 = 8;
/// Every so many pixels are looked at, across and down.
const STEP: usize = 5;

/// Where in the truth a picture begins: where it was said to, or where logarithms of light differ least about the middle
/// (a factor of exposure taken away). `None` where the sizes are the same, or the picture is no part of the truth.
pub(super) fn offset(picture: &Picture, truth: &Picture, given: Option<(usize, usize)>) -> Option<(usize, usize)> {
    let (p, t) = (picture.size(), truth.size());
    if p == t || p.0 > t.0 || p.1 > t.1 {
        return None;
    }
    let (dx, dy) = (t.0 - p.0, t.1 - p.1);
    if dx as f64 > MOST_BORDER * t.0 as f64 || dy as f64 > MOST_BORDER * t.1 as f64 {
        return None;
    }
    if let Some((x, y)) = given {
        return (x <= dx && y <= dy).then_some((x, y));
    }
    let range = |d: usize| {
        let middle = d as i64 / 2;
        (middle - SEARCH).max(0)..=(middle + SEARCH).min(d as i64)
    };
    let green = |of: &Picture, x: usize, y: usize| f64::from(of.rgb.planes[1].get(x, y).max(1e-4)).ln();
    let difference = |x: usize, y: usize| {
        let (mut sum, mut squares, mut n) = (0.0, 0.0, 0.0);
        for py in (0..p.1).step_by(STEP) {
            for px in (0..p.0).step_by(STEP) {
                let d = green(picture, px, py) - green(truth, px + x, py + y);
                (sum, squares, n) = (sum + d, squares + d * d, n + 1.0);
            }
        }
        squares / n - (sum / n) * (sum / n)
    };
    let places = range(dy).flat_map(|y| range(dx).map(move |x| (x as usize, y as usize)));
    let far = |(x, y): (usize, usize)| x.abs_diff(dx / 2) + y.abs_diff(dy / 2);
    // of places that are alike, that nearest to the middle
    let all: Vec<_> = places.map(|at| (difference(at.0, at.1), at)).collect();
    all.into_iter().min_by(|a, b| a.0.total_cmp(&b.0).then(far(a.1).cmp(&far(b.1)))).map(|v| v.1)
}
