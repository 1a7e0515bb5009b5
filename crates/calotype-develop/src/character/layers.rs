//! Layers of nearly equal blur.

use calotype_image::{Plane, par};

/// Side of the cells that the picture is worked on in, pixels; a multiple of every scale.
pub(super) const CELL: usize = 128;
/// The label of what is in focus; higher ones are nearer.
pub(super) const FOCUS: u8 = 128;
/// Up to this diameter in pixels a layer is as wide as a pixel of blur; beyond, this part of the blur.
const EVEN_PX: f64 = 16.0;
const STEP: f64 = 0.06;
/// Widest blur in pixels: wider ones are drawn as wide.
pub(super) const WIDEST_PX: f64 = 512.0;
/// Discs wider than these are drawn at 1/2, 1/4 and 1/8 of the size.
pub(super) const SCALES_PX: [f64; 3] = [32.0, 80.0, 200.0];

/// Which layer each pixel is in, and which layers each cell holds.
pub(super) struct Layers {
    labels: Plane<u8>,
    /// Bits of the labels in each cell.
    cells: Plane<[u64; 4]>,
    disc_px: f64,
}

impl Layers {
    pub fn new(dioptres: Option<&Plane<f32>>, (w, h): (usize, usize), disc_px: f64) -> Self {
        let dioptres = dioptres.filter(|d| (d.width(), d.height()) == (w, h));
        let mut labels = Plane::<u8>::new(w, h);
        par::bands_mut(&mut labels, 32, |top, mut band| {
            for y in 0..band.height() {
                match dioptres {
                    None => band.row_mut(y).fill(FOCUS),
                    Some(d) => band.row_mut(y).iter_mut().zip(d.row(top + y)).for_each(|(to, d)| {
                        *to = label(f64::from(*d) * disc_px);
                    }),
                }
            }
        });
        let rows = par::map(h.div_ceil(CELL), |j| {
            let mut row = vec![[0u64; 4]; w.div_ceil(CELL)];
            for y in j * CELL..((j + 1) * CELL).min(h) {
                for (bits, part) in row.iter_mut().zip(labels.row(y).chunks(CELL)) {
                    let mut last = part[0];
                    set(bits, last);
                    for l in part {
                        if *l != last {
                            last = *l;
                            set(bits, last);
                        }
                    }
                }
            }
            row
        });
        let cells = Plane::from_fn(w.div_ceil(CELL), h.div_ceil(CELL), |x, y| rows[y][x]);
        Self { labels, cells, disc_px }
    }

    /// Labels of a row of pixels.
    pub fn row(&self, y: usize) -> &[u8] {
        self.labels.row(y)
    }

    /// Cells across and down.
    pub fn cells(&self) -> (usize, usize) {
        (self.cells.width(), self.cells.height())
    }

    /// Bits of the labels in a cell.
    pub fn in_cell(&self, i: usize, j: usize) -> [u64; 4] {
        self.cells.get(i, j)
    }

    /// Dioptres in the middle of a layer.
    pub fn dioptres(&self, label: u8) -> f64 {
        if self.disc_px > 0.0 { diameter(label) / self.disc_px } else { 0.0 }
    }
}

fn set(bits: &mut [u64; 4], label: u8) {
    bits[usize::from(label / 64)] |= 1 << (label % 64);
}

/// True where bits hold a label.
pub(super) fn holds(bits: &[u64; 4], label: u8) -> bool {
    bits[usize::from(label / 64)] >> (label % 64) & 1 == 1
}

/// The labels that bits hold, far to near.
pub(super) fn list(bits: &[u64; 4]) -> impl Iterator<Item = u8> + '_ {
    (0..=255).filter(|l| holds(bits, *l))
}

/// The layer of a blur: diameter in pixels, negative beyond the focus.
fn label(diameter: f64) -> u8 {
    let size = diameter.abs().min(WIDEST_PX);
    let steps = if size <= EVEN_PX { size.round() } else { (EVEN_PX + (size / EVEN_PX).ln() / STEP).round() };
    (f64::from(FOCUS) + steps.copysign(diameter)) as u8
}

/// The blur in the middle of a layer.
pub(super) fn diameter(label: u8) -> f64 {
    let steps = f64::from(label) - f64::from(FOCUS);
    let size = steps.abs();
    let px = if size <= EVEN_PX { size } else { EVEN_PX * ((size - EVEN_PX) * STEP).exp() };
    px.copysign(steps)
}

/// Pixels to one of the size at which a layer is drawn.
pub(super) fn scale(label: u8) -> usize {
    1 << SCALES_PX.iter().filter(|px| diameter(label).abs() > **px).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_within_half_a_pixel_or_three_percent() {
        for i in -5000..=5000 {
            let d = f64::from(i) * 0.1;
            let l = label(d);
            assert!((diameter(l) - d).abs() <= 0.501f64.max(0.031 * d.abs()), "{d}: {}", diameter(l));
        }
        assert_eq!((label(0.0), label(0.4), label(-0.4)), (FOCUS, FOCUS, FOCUS));
        assert!(label(1e9) < 255 && label(-1e9) > 0);
        assert_eq!((scale(FOCUS), scale(label(33.0)), scale(label(-300.0))), (1, 2, 8));
    }
}
