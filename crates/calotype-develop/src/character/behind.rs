//! What is seen behind something around a place: a guess at what it hides.

use super::layers::{CELL, Layers};
use calotype_image::{Plane, par};

/// Side of a square of pixels that is looked at as one.
const SQUARE: usize = 8;
/// Layers nearer than the farthest of a square that still belong to it.
const TOGETHER: u8 = 2;
/// Squares around a cell that are looked at, on each side.
const AROUND: usize = 16;
const INSIDE: usize = CELL / SQUARE;
const WIDTH: usize = INSIDE + 2 * AROUND;

/// Means of the farthest light in squares of a plane.
pub(super) struct Behind {
    /// The farthest layer, the mean, and the share of the square.
    squares: Plane<(u8, f32, f32)>,
}

/// A guess over a cell: values at the middles of squares, one square beyond it on each side.
pub(super) struct Guess {
    values: Vec<f32>,
}

impl Behind {
    pub fn new(plane: &Plane<f32>, layers: &Layers) -> Self {
        let (w, h) = (plane.width(), plane.height());
        let across = w.div_ceil(SQUARE);
        let rows = par::map(h.div_ceil(SQUARE), |j| {
            let lines = j * SQUARE..((j + 1) * SQUARE).min(h);
            let mut row = vec![(255u8, 0f32, 0f32); across];
            for y in lines.clone() {
                for (square, part) in row.iter_mut().zip(layers.row(y).chunks(SQUARE)) {
                    square.0 = part.iter().fold(square.0, |m, l| m.min(*l));
                }
            }
            for y in lines {
                let pixels = layers.row(y).chunks(SQUARE).zip(plane.row(y).chunks(SQUARE));
                for (square, (labels, values)) in row.iter_mut().zip(pixels) {
                    for (_, v) in labels.iter().zip(values).filter(|(l, _)| **l <= square.0.saturating_add(TOGETHER)) {
                        square.1 += v;
                        square.2 += 1.0;
                    }
                }
            }
            for square in &mut row {
                square.1 /= square.2.max(1.0);
                square.2 /= (SQUARE * SQUARE) as f32;
            }
            row
        });
        Self { squares: Plane::from_fn(across, rows.len(), |x, y| rows[y][x]) }
    }

    /// A guess at what lies behind a layer in a cell, from squares with something farther; nothing where none is near.
    pub fn guess(&self, (i, j): (usize, usize), before: u8) -> Option<Guess> {
        let (w, h) = (self.squares.width() as isize, self.squares.height() as isize);
        let from = |cell: usize| (cell * INSIDE) as isize - AROUND as isize;
        let mut level: Vec<[f32; 2]> = Vec::with_capacity(WIDTH * WIDTH);
        for y in 0..WIDTH as isize {
            for x in 0..WIDTH as isize {
                let (x, y) = (x + from(i), y + from(j));
                let inside = (0..w).contains(&x) && (0..h).contains(&y);
                let square = if inside { self.squares.get(x as usize, y as usize) } else { (255, 0.0, 0.0) };
                let counts = square.0.saturating_add(TOGETHER) <= before;
                level.push(if counts { [square.1 * square.2, square.2] } else { [0.0; 2] });
            }
        }
        let mut levels = vec![(WIDTH, level)];
        while let Some((n, level)) = levels.last().filter(|l| l.0 > 1 && l.0.is_multiple_of(2)) {
            let half = n / 2;
            let sum = |k: usize, at: usize| level[at][k] + level[at + 1][k] + level[at + n][k] + level[at + n + 1][k];
            let next = (0..half * half).map(|at| {
                let at = 2 * (at / half) * n + 2 * (at % half);
                [sum(0, at), sum(1, at)]
            });
            let next = (half, next.collect());
            levels.push(next);
        }
        // the coarsest level first: what a level does not know, the coarser one tells
        let (mut n, coarsest) = levels.pop()?;
        let total = coarsest.iter().fold([0.0f32; 2], |a, v| [a[0] + v[0], a[1] + v[1]]);
        if total[1] <= 0.0 {
            return None;
        }
        let mut known: Vec<f32> = coarsest.iter().map(|v| filled(*v, total[0] / total[1])).collect();
        while let Some((finer, level)) = levels.pop() {
            known = (0..finer * finer).map(|at| filled(level[at], smooth(&known, n, at % finer, at / finer))).collect();
            n = finer;
        }
        let first = AROUND - 1;
        let values = (0..(INSIDE + 2) * (INSIDE + 2))
            .map(|at| known[(first + at / (INSIDE + 2)) * WIDTH + first + at % (INSIDE + 2)])
            .collect();
        Some(Guess { values })
    }
}

/// The value of a sum and its weight, as far as the weight goes; the rest from elsewhere.
fn filled([sum, weight]: [f32; 2], elsewhere: f32) -> f32 {
    if weight >= 1.0 { sum / weight } else { sum + (1.0 - weight) * elsewhere }
}

/// A level of `n` x `n` at a place of one twice as fine, bilinear.
fn smooth(level: &[f32], n: usize, x: usize, y: usize) -> f32 {
    let near = |v: usize| {
        let other = if v.is_multiple_of(2) { (v / 2).saturating_sub(1) } else { (v / 2 + 1).min(n - 1) };
        (v / 2, other)
    };
    let ((x0, x1), (y0, y1)) = (near(x), near(y));
    let row = |y: usize| 0.75 * level[y * n + x0] + 0.25 * level[y * n + x1];
    0.75 * row(y0) + 0.25 * row(y1)
}

impl Guess {
    /// At a pixel of the cell.
    pub fn at(&self, x: usize, y: usize) -> f32 {
        let place = |v: usize| {
            let v = (v as f32 + 0.5) / SQUARE as f32 + 0.5;
            (v as usize, v.fract())
        };
        let ((i, s), (j, t)) = (place(x), place(y));
        let row = |j: usize| {
            let line = &self.values[j * (INSIDE + 2)..];
            line[i] + s * (line[i + 1] - line[i])
        };
        row(j) + t * (row(j + 1) - row(j))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_behind_goes_on_under_what_is_before_it() {
        let (w, h) = (300, 200);
        let near = |x: usize, y: usize| (100..180).contains(&x) && (60..140).contains(&y);
        let plane = Plane::from_fn(w, h, |x, y| if near(x, y) { 9.0 } else { 1.0 + x as f32 / 300.0 });
        let dioptres = Plane::from_fn(w, h, |x, y| if near(x, y) { 0.0 } else { -0.3 });
        let layers = Layers::new(Some(&dioptres), (w, h), 100.0);
        let behind = Behind::new(&plane, &layers);
        let guess = behind.guess((0, 0), super::super::layers::FOCUS).unwrap();
        for (x, y) in [(90, 100), (103, 64), (120, 90)] {
            assert!((guess.at(x, y) - (1.0 + x as f32 / 300.0)).abs() < 0.12, "{x} {y}: {}", guess.at(x, y));
        }
        assert!(behind.guess((0, 0), 3).is_none());
    }
}
