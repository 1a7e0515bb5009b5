//! One plane, drawn cell by cell: every cell gathers what the layers around it bring, far to near.

use super::behind::{Behind, Guess};
use super::kernel::{Kernel, Light, room};
use super::layers::{CELL, Layers, SCALES_PX, WIDEST_PX, diameter, holds, list, scale};
use super::{Arrival, Character};
use calotype_image::{Plane, par};
use fearless_simd::Level;
use std::sync::OnceLock;

/// Cells around a cell that may bring light to it.
const AROUND: isize = (WIDEST_PX as usize).div_ceil(CELL) as isize - 1;
/// Farthest that light is spread, in pixels: so that it stays within these cells.
const REACH_PX: f32 = (AROUND as usize * CELL - 16) as f32;
/// Where so little of a pixel is known of what lies behind, it is guessed from its surroundings as much as known.
const LITTLE: f32 = 0.04;
/// Where the layer before covers no more than this, a layer begins a new surface.
const APART: f32 = 1e-3;

/// Scales that light is spread at: 1 to a half, a quarter, an eighth.
const SCALES: usize = SCALES_PX.len() + 1;
/// Light that arrives farther off than this many radii of a layer's disc is drawn as coarsely as its distance allows.
const HALO: f64 = 1.25;

/// The image of a point: its parts by scale.
type Image = [Option<Kernel>; SCALES];
/// A cell and the labels it holds.
type Around = ((isize, isize), [u64; 4]);

/// What draws a plane.
pub(super) struct Renderer<'a> {
    character: &'a Character<'a>,
    channel: usize,
    source: &'a Plane<f32>,
    layers: &'a Layers,
    behind: Behind,
    /// Images of points in the cells' middles, by cell and label.
    images: Vec<OnceLock<Box<Image>>>,
    /// First and last cell whose pixels are seen in each column and row of cells, from [`AROUND`] before the first on.
    columns: Vec<[usize; 2]>,
    rows: Vec<[usize; 2]>,
    level: Level,
}

/// What a thread keeps from cell to cell.
#[derive(Default)]
struct Work {
    /// What has been drawn, and how much of each pixel it covers.
    sum: Vec<f32>,
    weight: Vec<f32>,
    /// The part of that which the layer before brought.
    last: Vec<f32>,
    last_weight: Vec<f32>,
    /// How much the nearest surface covers (layers next to each other, added up), and what lies under it where that is known.
    surface: Vec<f32>,
    under: Vec<f32>,
    /// A layer, and a part of it at its scale.
    layer: Vec<f32>,
    layer_cover: Vec<f32>,
    color: Vec<f32>,
    cover: Vec<f32>,
    /// The cover of the layer, and of a part of it, if it were everywhere.
    layer_whole: Vec<f32>,
    whole: Vec<f32>,
}

impl<'a> Renderer<'a> {
    pub fn new(character: &'a Character<'a>, channel: usize, source: &'a Plane<f32>, layers: &'a Layers) -> Self {
        let (across, down) = layers.cells();
        let images = std::iter::repeat_with(OnceLock::new).take(across * down * 256).collect();
        let seen = |cells: usize, size: usize| {
            let of = |cell: isize| {
                let pixels = (0..CELL as isize).map(|k| mirror(cell * CELL as isize + k, size) / CELL);
                pixels.fold([usize::MAX, 0], |[low, high], c| [low.min(c), high.max(c)])
            };
            (-AROUND..cells as isize + AROUND).map(of).collect()
        };
        let (columns, rows) = (seen(across, source.width()), seen(down, source.height()));
        let behind = Behind::new(source, layers);
        Self { character, channel, source, layers, behind, images, columns, rows, level: Level::new() }
    }

    /// Draws the plane.
    pub fn run(&self) -> Plane<f32> {
        let (w, h) = (self.source.width(), self.source.height());
        let (across, down) = self.layers.cells();
        let mut out = Plane::<f32>::new(w, h);
        let mut cells: Vec<Vec<f32>> = Vec::new();
        for j in 0..down {
            cells.resize(across, Vec::new());
            par::items_mut(&mut cells, Work::default, |i, cell, work| self.cell((i, j), work, cell));
            for y in 0..CELL.min(h - j * CELL) {
                let row = out.row_mut(j * CELL + y);
                for (part, cell) in row.chunks_mut(CELL).zip(&cells) {
                    part.copy_from_slice(&cell[y * CELL..][..part.len()]);
                }
            }
        }
        out
    }

    /// Draws a cell: `CELL` x `CELL` values.
    fn cell(&self, (i, j): (usize, usize), work: &mut Work, out: &mut Vec<f32>) {
        let Work { sum, weight, last, last_weight, surface, .. } = work;
        for list in [sum, weight, last, last_weight, surface] {
            list.clear();
            list.resize(CELL * CELL, 0.0);
        }
        work.under.clear();
        work.under.resize(CELL * CELL, f32::NAN);
        let mut bits = [0u64; 4];
        let around = self.around((i, j));
        for (_, held) in &around {
            (0..4).for_each(|k| bits[k] |= held[k]);
        }
        let mut before = None;
        for label in list(&bits) {
            if before.is_some_and(|b: u8| b + 1 < label) {
                work.last.fill(0.0);
                work.last_weight.fill(0.0);
            }
            if self.layer((i, j), &around, label, work) {
                self.lay((i, j), label, work);
                before = Some(label);
            }
        }
        out.clear();
        out.extend((0..CELL * CELL).map(|at| work.seen(at)));
    }

    /// Cells around a cell, beyond the picture's border too, with the labels they hold there.
    fn around(&self, (i, j): (usize, usize)) -> Vec<Around> {
        let side = -AROUND..=AROUND;
        let one = |di: isize, dj: isize| {
            let of = |list: &[[usize; 2]], cell: usize, by: isize| list[(cell as isize + by + AROUND) as usize];
            let ([i0, i1], [j0, j1]) = (of(&self.columns, i, di), of(&self.rows, j, dj));
            let mut bits = [0; 4];
            for j in j0..=j1 {
                for i in i0..=i1 {
                    let held = self.layers.in_cell(i, j);
                    (0..4).for_each(|k| bits[k] |= held[k]);
                }
            }
            ((i as isize + di, j as isize + dj), bits)
        };
        side.clone().flat_map(|dj| side.clone().map(move |di| (di, dj))).map(|(di, dj)| one(di, dj)).collect()
    }

    /// The image of a point in the middle of a cell, part by part.
    fn image(&self, (i, j): (isize, isize), label: u8) -> &Image {
        let (across, down) = self.layers.cells();
        let (i, j) = (i.clamp(0, across as isize - 1) as usize, j.clamp(0, down as isize - 1) as usize);
        self.images[(j * across + i) * 256 + usize::from(label)].get_or_init(|| {
            let middle = |cell: usize, size: usize| (cell * CELL) as f64 + 0.5 * CELL.min(size - cell * CELL) as f64;
            let [ax, ay] = self.character.axis;
            let (dx, dy) = (middle(i, self.source.width()) - ax, middle(j, self.source.height()) - ay);
            let mut arrivals: Vec<Arrival> = Vec::new();
            let radius = dx.hypot(dy) / self.character.corner_px;
            self.character.images.arrivals(self.channel, radius, self.layers.dioptres(label), &mut arrivals);
            Box::new(image(&arrivals, dy.atan2(dx), label))
        })
    }

    /// Spreads the light and the cover of a layer over a cell. False where it brings nothing.
    fn layer(&self, (i, j): (usize, usize), around: &[Around], label: u8, work: &mut Work) -> bool {
        let mut any = false;
        for list in [&mut work.layer, &mut work.layer_cover, &mut work.layer_whole] {
            list.clear();
            list.resize(CELL * CELL, 0.0);
        }
        // where a neighbour does not hold the layer, any of its images does to say what it would have covered
        let Some((like, _)) = around.iter().find(|(_, bits)| holds(bits, label)) else { return false };
        for pass in 0..SCALES {
            let s = 1 << pass;
            let side = CELL / s;
            // one sample more on every side
            let across = room(side + 2);
            let mut some = false;
            for (cell, bits) in around {
                let there = holds(bits, label);
                let Some(kernel) = &self.image(if there { *cell } else { *like }, label)[pass] else { continue };
                // the cell in samples, from the first one of the window
                let offset = |a: isize, b: usize| (a - b as isize) * side as isize + 1;
                let (x, y) = (offset(cell.0, i), offset(cell.1, j));
                let reached = |at: isize, first: isize, extent: usize| {
                    let low = (1 - first - extent as isize).max(at);
                    let high = (side as isize + 2 - first).min(at + side as isize);
                    (low, high)
                };
                let (x0, x1) = reached(x, kernel.left, kernel.width);
                let (y0, y1) = reached(y, kernel.top, kernel.height());
                if x0 >= x1 || y0 >= y1 {
                    continue;
                }
                let from = (cell.0 * side as isize + x0 - x, cell.1 * side as isize + y0 - y);
                let size = ((x1 - x0) as usize, (y1 - y0) as usize);
                if !some {
                    some = true;
                    for list in [&mut work.color, &mut work.cover, &mut work.whole] {
                        list.clear();
                        list.resize(across * (side + 2), 0.0);
                    }
                }
                kernel.spread_ones(size, (x0, y0), &mut work.whole, across);
                let Some(part) = there.then(|| self.part(from, size, (label, s))).flatten() else { continue };
                any = true;
                kernel.spread(self.level, &part.color, (x0, y0), &mut work.color, across);
                match &part.cover {
                    Some(cover) => kernel.spread(self.level, cover, (x0, y0), &mut work.cover, across),
                    None => kernel.spread_ones(size, (x0, y0), &mut work.cover, across),
                }
            }
            if some {
                enlarge(&work.color, across, s, &mut work.layer);
                enlarge(&work.cover, across, s, &mut work.layer_cover);
                enlarge(&work.whole, across, s, &mut work.layer_whole);
            }
        }
        // images change from cell to cell: where they meet they overlap a little, or leave a gap
        for ((light, cover), whole) in work.layer.iter_mut().zip(&mut work.layer_cover).zip(&work.layer_whole) {
            let per = 1.0 / whole.max(0.1);
            *light *= per;
            *cover *= per;
        }
        any
    }

    /// The light of a layer in a rectangle of samples; nothing where it has none there.
    fn part(&self, (x0, y0): (isize, isize), (width, height): (usize, usize), (label, s): (u8, usize)) -> Option<Part> {
        let (w, h) = (self.source.width(), self.source.height());
        let columns: Vec<usize> = (0..width * s).map(|x| mirror(x0 * s as isize + x as isize, w)).collect();
        let (mut color, mut cover) = (Light::new(width, height), Light::new(width, height));
        let per = 1.0 / (s * s) as f32;
        let (mut some, mut all) = (false, true);
        for y in 0..height {
            let (to, covered) = (color.row_mut(y), cover.row_mut(y));
            for line in 0..s {
                let row = mirror((y0 + y as isize) * s as isize + line as isize, h);
                let (values, labels) = (self.source.row(row), self.layers.row(row));
                for (x, columns) in columns.chunks(s).enumerate() {
                    for column in columns {
                        if labels[*column] == label {
                            to[x] += values[*column] * per;
                            covered[x] += per;
                            some = true;
                        } else {
                            all = false;
                        }
                    }
                }
            }
        }
        some.then(|| Part { color, cover: (!all).then_some(cover) })
    }

    /// Lays a layer over what has been drawn of a cell.
    fn lay(&self, cell: (usize, usize), label: u8, work: &mut Work) {
        let mut guess: Option<Option<Guess>> = None;
        for at in 0..CELL * CELL {
            let (c, a) = (work.layer[at], work.layer_cover[at]);
            let (last, last_weight) = (work.last[at], work.last_weight[at]);
            (work.last[at], work.last_weight[at]) = (c, a);
            if a <= 0.0 {
                continue;
            }
            // what lies farther than the layer before
            let (far, far_weight) = (work.sum[at] - last, work.weight[at] - last_weight);
            if last_weight > APART {
                work.surface[at] += a;
            } else {
                // a surface begins here
                work.surface[at] = a;
                if a < 0.999 {
                    let guess = guess.get_or_insert_with(|| self.behind.guess(cell, label)).as_ref();
                    let (value, weight) = guess.map_or((0.0, 0.0), |g| (g.at(at % CELL, at / CELL), LITTLE));
                    let known = far_weight + weight;
                    work.under[at] = if known > 1e-6 { (far + weight * value) / known } else { f32::NAN };
                }
            }
            let through = (1.0 - a).max(0.0);
            work.sum[at] = through * far + last + c;
            work.weight[at] = through * far_weight + last_weight + a;
        }
    }
}

impl Work {
    /// The pixel as it is seen: what the nearest surface lets through and nobody has drawn is what lies under it; the rest is
    /// evened out.
    fn seen(&self, at: usize) -> f32 {
        let (sum, weight) = (self.sum[at], self.weight[at]);
        let missing = (1.0 - weight).min(1.0 - self.surface[at]).max(0.0);
        let under = self.under[at];
        let (sum, weight) = if under.is_nan() { (sum, weight) } else { (sum + missing * under, weight + missing) };
        if weight > 1e-6 { sum / weight } else { 0.0 }
    }
}

/// The light of a layer in a rectangle, and its cover where it does not cover all.
struct Part {
    color: Light,
    cover: Option<Light>,
}

/// The pixel within a size that a place beyond the border mirrors.
fn mirror(at: isize, size: usize) -> usize {
    let period = 2 * size as isize;
    let at = at.rem_euclid(period);
    (if at < size as isize { at } else { period - 1 - at }) as usize
}

/// The parts of a point's image. Large discs are drawn coarsely; light far outside of a small one too.
fn image(arrivals: &[Arrival], azimuth: f64, label: u8) -> Image {
    let total: f64 = arrivals.iter().map(|a| f64::from(a.share)).sum();
    let mut parts = [const { Vec::new() }; SCALES];
    let least = scale(label).ilog2() as usize;
    let inside = (HALO * 0.5 * diameter(label).abs().max(SCALES_PX[0])) as f32;
    for a in arrivals {
        let r = a.radial_px.hypot(a.tangential_px);
        let pass = if r <= inside { 0 } else { SCALES_PX.iter().filter(|px| 2.0 * r > **px as f32).count() };
        parts[pass.max(least)].push(Arrival { share: (f64::from(a.share) / total) as f32, ..*a });
    }
    if arrivals.is_empty() {
        // as if the lens were perfect
        parts[0].push(Arrival { radial_px: 0.0, tangential_px: 0.0, share: 1.0 });
    }
    let mut pass = 0;
    parts.map(|part| {
        pass += 1;
        (!part.is_empty()).then(|| Kernel::new(&part, azimuth, 1 << (pass - 1), REACH_PX))
    })
}

/// Adds samples of squares of `s` pixels to the pixels of a cell, bilinear between samples. The samples have one more on every
/// side.
fn enlarge(values: &[f32], across: usize, s: usize, out: &mut [f32]) {
    if s == 1 {
        for (to, from) in out.chunks_exact_mut(CELL).zip(values[across..].chunks_exact(across)) {
            to.iter_mut().zip(&from[1..]).for_each(|(to, v)| *to += v);
        }
        return;
    }
    let per = 1.0 / s as f32;
    let place = |v: usize| {
        let v = (v as f32 + 0.5) * per + 0.5;
        (v as usize, v.fract())
    };
    let mut line = vec![0f32; CELL / s + 2];
    for (y, to) in out.chunks_exact_mut(CELL).enumerate() {
        let (j, q) = place(y);
        let (above, below) = (&values[j * across..], &values[(j + 1) * across..]);
        for (i, v) in line.iter_mut().enumerate() {
            *v = above[i] + q * (below[i] - above[i]);
        }
        for (x, to) in to.iter_mut().enumerate() {
            let (i, p) = place(x);
            *to += line[i] + p * (line[i + 1] - line[i]);
        }
    }
}
