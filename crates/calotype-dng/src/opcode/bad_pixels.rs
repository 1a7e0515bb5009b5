//! Defects, and what stands in for them.

use super::BayerPhase;
use calotype_image::Plane;

/// How far away a good sample may be fetched.
const REACH: isize = 16;

/// Places of defects in a plane.
pub(super) struct Defects {
    width: usize,
    /// One bit per sample.
    bits: Vec<u64>,
}

impl Defects {
    fn none(width: usize, height: usize) -> Self {
        Self { width, bits: vec![0; (width * height).div_ceil(64)] }
    }

    fn mark(&mut self, x: usize, y: usize) {
        let i = y * self.width + x;
        self.bits[i / 64] |= 1 << (i % 64);
    }

    fn contains(&self, x: usize, y: usize) -> bool {
        let i = y * self.width + x;
        self.bits[i / 64] >> (i % 64) & 1 == 1
    }

    /// Samples of one value.
    pub fn constant(plane: &Plane<u16>, constant: u16) -> Self {
        let mut defects = Self::none(plane.width(), plane.height());
        for (y, row) in plane.rows().enumerate() {
            for x in (0..row.len()).filter(|&x| row[x] == constant) {
                defects.mark(x, y);
            }
        }
        defects
    }

    /// Places given as points (row, column) and rectangles (top, left, bottom, right); those outside are ignored.
    ///
    /// Time is bounded by the picture's size for every row of rectangles: spans are counted, not filled, one by one.
    pub fn listed((width, height): (usize, usize), points: &[[u32; 2]], rects: &[[u32; 4]]) -> Self {
        let mut defects = Self::none(width, height);
        for &[y, x] in points {
            if (x as usize) < width && (y as usize) < height {
                defects.mark(x as usize, y as usize);
            }
        }
        if rects.is_empty() || width == 0 {
            return defects;
        }
        // a rectangle is four corners of a sum over all places above and to the left, so that a million of them
        // over the whole picture cost no more than one
        let mut corners = Plane::<i32>::new(width + 1, height + 1);
        for r in rects {
            let [top, bottom] = [r[0], r[2]].map(|v| (v as usize).min(height));
            let [left, right] = [r[1], r[3]].map(|v| (v as usize).min(width));
            if top < bottom && left < right {
                corners.row_mut(top)[left] += 1;
                corners.row_mut(top)[right] -= 1;
                corners.row_mut(bottom)[left] -= 1;
                corners.row_mut(bottom)[right] += 1;
            }
        }
        let mut above = vec![0i32; width];
        for y in 0..height {
            let mut sum = 0i32;
            for x in 0..width {
                sum = sum.wrapping_add(corners.get(x, y));
                above[x] = above[x].wrapping_add(sum);
                if above[x] != 0 {
                    defects.mark(x, y);
                }
            }
        }
        defects
    }

    fn is_empty(&self) -> bool {
        self.bits.iter().all(|&b| b == 0)
    }
}

/// Replaces defects by what their good neighbours of the same colour say: the mean of the two that face each other
/// and differ least, or else of the nearest ones. Defects without any good neighbour stay.
///
/// `phase` tells the colours of a Bayer mosaic; `None` is for planes of one colour.
pub(super) fn fix(plane: &mut Plane<u16>, defects: &Defects, phase: Option<BayerPhase>) {
    if defects.is_empty() {
        return;
    }
    let width = plane.width();
    for (word, &bits) in defects.bits.iter().enumerate() {
        let mut bits = bits;
        while bits != 0 {
            let i = word * 64 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let (x, y) = (i % width, i / width);
            if let Some(value) = substitute(plane, defects, x, y, phase) {
                plane.row_mut(y)[x] = value;
            }
        }
    }
}

fn substitute(plane: &Plane<u16>, defects: &Defects, x: usize, y: usize, phase: Option<BayerPhase>) -> Option<u16> {
    let good = |dx: isize, dy: isize| {
        let (x, y) = (x.checked_add_signed(dx)?, y.checked_add_signed(dy)?);
        (x < plane.width() && y < plane.height() && !defects.contains(x, y)).then(|| u32::from(plane.get(x, y)))
    };
    let step = if phase.is_some() { 2 } else { 1 };
    let diagonal = if phase.is_some_and(|p| !p.is_green(x, y)) { 2 } else { 1 };
    let faces = [(step, 0), (0, step), (diagonal, diagonal), (diagonal, -diagonal)];
    let pairs = faces.iter().filter_map(|&(dx, dy)| Some((good(dx, dy)?, good(-dx, -dy)?)));
    if let Some((a, b)) = pairs.min_by_key(|(a, b)| a.abs_diff(*b)) {
        return Some((a + b).div_ceil(2) as u16);
    }
    let mut reach = 1;
    while reach <= REACH {
        // the ring of places at this distance that have the sample's colour
        let (mut sum, mut count) = (0, 0);
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let on_ring = dx.abs().max(dy.abs()) == reach;
                let same = dx % step == 0 && dy % step == 0 || diagonal == 1 && (dx + dy) % 2 == 0;
                if on_ring
                    && same
                    && let Some(v) = good(dx, dy)
                {
                    sum += v;
                    count += 1;
                }
            }
        }
        if count > 0 {
            return Some(((sum + count / 2) / count) as u16);
        }
        reach += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red 100, green 200, blue 300, red at the top left.
    fn mosaic(w: usize, h: usize) -> Plane<u16> {
        Plane::from_fn(w, h, |x, y| [100, 200, 200, 300][(y & 1) * 2 + (x & 1)])
    }

    #[test]
    fn each_colour_is_mended_from_its_own() {
        let mut p = mosaic(8, 8);
        let points = [[0, 0], [0, 1], [3, 3], [4, 5], [7, 7]];
        for [y, x] in points {
            p.row_mut(y)[x] = 9999;
        }
        let points = points.map(|[y, x]| [y as u32, x as u32]);
        let defects = Defects::listed((8, 8), &points, &[]);
        fix(&mut p, &defects, Some(BayerPhase::Red));
        assert_eq!(p, mosaic(8, 8));
    }

    #[test]
    fn whole_columns_and_blocks_are_mended() {
        let mut p = mosaic(20, 20);
        for y in 0..20 {
            for x in 6..9 {
                p.row_mut(y)[x] = 0;
            }
        }
        let defects = Defects::listed((20, 20), &[], &[[0, 6, 900, 9], [0, 7, 20, 8], [5, 5, 5, 90]]);
        assert!(
            defects.contains(6, 0) && defects.contains(8, 19) && !defects.contains(9, 3) && !defects.contains(5, 5)
        );
        fix(&mut p, &defects, Some(BayerPhase::Red));
        assert_eq!(p, mosaic(20, 20));
    }

    #[test]
    fn edges_are_followed() {
        let mut p = Plane::from_fn(9, 9, |x, _| if x < 4 { 100 } else { 500 });
        p.row_mut(4)[4] = 0;
        let defects = Defects::constant(&p, 0);
        fix(&mut p, &defects, None);
        assert_eq!(p.get(4, 4), 500);
    }

    #[test]
    fn with_nothing_good_nothing_changes() {
        let mut p = Plane::filled(5, 5, 7u16);
        let defects = Defects::constant(&p, 7);
        fix(&mut p, &defects, Some(BayerPhase::GreenInRedRow));
        assert_eq!(p, Plane::filled(5, 5, 7));
        let defects = Defects::listed((1, 1), &[[0, 0], [1, 0]], &[[0, 0, u32::MAX, u32::MAX]]);
        fix(&mut Plane::filled(1, 1, 7u16), &defects, None);
    }

    #[test]
    fn phases_tell_where_green_is() {
        use BayerPhase::*;
        assert!([GreenInRedRow, GreenInBlueRow].iter().all(|p| p.is_green(0, 0) && !p.is_green(1, 0)));
        assert!([Red, Blue].iter().all(|p| !p.is_green(0, 0) && p.is_green(1, 0) && !p.is_green(1, 1)));
    }
}
