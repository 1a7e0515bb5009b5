//! The merged luminance made sharp, and what the reference says against it beyond its noise.

use super::detail::{MARGIN, Sharpener};
use super::patch::LANES;
use super::ring::Ring;
use super::robust::{Agreement, BLOCK, BLOCK_PX};
use super::shrink::{Expected, HOP, SHRUNK, SIDE, STEP, Shrinker};
use super::signal::{FETCHED, IS_CLIPPED, Signal, copy_mirrored};
use calotype_image::par::Band;
use calotype_image::{Plane, Rect, mirror};
use fearless_simd::Simd;

/// Weight below which a pixel counts as seen by no frame.
pub(crate) const NOTHING: f32 = 1e-3;
/// Share of white noise that gathering leaves: the merge's own part in its difference from the reference.
pub(crate) const GATHERED_NOISE: f32 = 0.3;
/// What the transform leaves of a difference is judged once more in place: kept in the measure that its mean energy over
/// [`SPOT`] pixels around exceeds this many times the noise. Narrow errors spread over all coefficients of a block, below
/// the noise of each.
const SPOT_THRESHOLD: f32 = 1.6;
/// The same on steep edges, where the merge itself errs: by about as much as if it lay [`STEEP_ERROR`] pixels off, so where
/// that is more than the noise the reference is believed sooner.
const STEEP_THRESHOLD: f32 = 0.5;
const STEEP_ERROR: f32 = 0.22;
const SPOT: usize = 2;
/// Share of the fine luminance that is restored even where noise explains it: edges of low contrast keep their slope, and
/// noise reduction, which looks at larger patterns, has the last word.
const LEAST_DETAIL: f32 = 0.1;
/// What the reference adds, relative to the signal, up to which a block is trusted fully, and from which not at all ...
const DOUBT: (f32, f32) = (0.01, 0.03);
/// ... as far as it is not more than this share of how much the colour changes around.
const CONTRAST: f32 = 0.1;
/// Share of the reference's noise that is in its word and no reason to doubt.
const LEAKED: f32 = 0.5;
/// Share of the reference's word, up to its noise, that is noise; between the least and the most it can be, where details
/// and noise in thin moving things balance.
const NOISE_SPOKEN: f32 = 0.6;
/// Times its noise's variance, squared, that red or blue must differ from the green around to be heard in the luminance.
const HEARD: f32 = 4.0;
/// Signal below which that is not judged by its share.
const DARK: f32 = 0.02;
/// Share that frames count where only dim ones know anything: their chroma is smoothed, so it misses detail.
const DIM_FRAMES: f32 = 0.25;
/// Pixels left of and above a strip that decide about it: the blocks that touch its spots, and what sharpening reads.
const BEFORE: usize = 2 * STEP + MARGIN;
/// Pixels beyond its last whole block on the right.
const AFTER: usize = SIDE + MARGIN;
/// Columns of a strip: with those around it the longest vectors are full.
pub(crate) const STRIP: usize = 4 * SHRUNK - BEFORE - AFTER;

/// The rows in hand, reused from strip to strip.
#[derive(Default)]
pub(crate) struct Scratch {
    luma: Ring<32>,
    /// Variance of the luminance before gathering: white, divided by the frames.
    noise: Ring<32>,
    /// The sums of the weights, and once it is known reference less merge; 0 where either knows nothing.
    difference: Ring<32>,
    kept: Ring<32>,
    /// Energy of what is not kept, summed across.
    spots: Ring<16>,
    sharpener: Sharpener,
    shrinker: Shrinker,
    /// Luminance, noise and number of differences: of the columns of a row of [`STEP`]x[`STEP`] cells, and of the cells of
    /// the last two rows.
    columns: [Vec<f32>; 3],
    cells: [[Vec<f32>; 3]; 2],
    line: Vec<f32>,
    chroma: Vec<f32>,
    gains: Vec<f32>,
}

/// A strip of the picture on its way: what is read, and where it lies.
struct Strip<'a> {
    base: &'a Signal<'a>,
    agreement: &'a Agreement,
    luma: &'a Plane<f32>,
    weights: &'a Plane<u16>,
    /// What comes out.
    area: Rect,
    /// Numbers in a row in hand: the strip and what lies around it.
    width: usize,
}

/// Writes the final luminance of `area` to `out`, rows of a band that starts where the area does, and beside it what every
/// photosite says of it in its `own` colour; lowers the `trust` in blocks, and gives the share of the reference's noise that
/// may be in what was `spoken`. Where it is asked for, the `rest` of the detail is written too, which was not restored.
/// `luma` is what was gathered, `weights` the sum of the weights that went in, as codes. The corner of the area is at
/// multiples of [`STEP`], and it is at most [`STRIP`] wide.
///
/// The reference's word is one colour per pixel, and where the merge's chroma errs it is a pattern of the filters. The
/// luminance follows the word of green, known at every second pixel and interpolated between.
///
/// Every stage works [`STEP`] rows at a time, as far behind the one before as it needs to see ahead.
pub(crate) fn finish(
    base: &Signal,
    agreement: &Agreement,
    luma: &Plane<f32>,
    weights: &Plane<u16>,
    area: Rect,
    s: &mut Scratch,
    [out, own, trust, spoken]: [&mut Band<f32>; 4],
    mut rest: Option<&mut Band<f32>>,
) {
    let around = area.width.next_multiple_of(STEP) + BEFORE + AFTER;
    let strip = Strip { base, agreement, luma, weights, area, width: around.next_multiple_of(SHRUNK) };
    s.start(strip.width);
    let (top, bottom) = (area.y as isize, (area.y + area.height) as isize);
    let step = STEP as isize;
    let mut loaded = top - BEFORE as isize;
    while loaded < bottom + 3 * step {
        loaded += step;
        fearless_simd::dispatch!(fearless_simd::Level::new(), simd => strip.advance(simd, loaded, s, rest.as_deref_mut()));
        let done = (loaded - 4 * step).max(top)..(loaded - 3 * step).min(bottom);
        if !done.is_empty() {
            strip.speak(done.clone(), s, out, own);
            strip.doubt(done, s, own, trust, spoken);
        }
    }
}

impl Scratch {
    fn start(&mut self, width: usize) {
        for ring in [&mut self.luma, &mut self.noise, &mut self.difference, &mut self.kept] {
            ring.reshape(width);
        }
        self.spots.reshape(width);
        self.sharpener.start(width);
        self.shrinker.start(width);
        for v in &mut self.columns {
            v.resize(width, 0.0);
        }
        for v in self.cells.as_flattened_mut() {
            v.resize(width / STEP, 0.0);
        }
        for v in [&mut self.line, &mut self.chroma] {
            v.resize(width, 0.0);
        }
    }
}

impl Strip<'_> {
    /// Brings in the rows before `loaded`, [`STEP`] of them, and takes those above as far as they can be taken.
    #[inline(always)]
    fn advance<S: Simd>(&self, simd: S, loaded: isize, s: &mut Scratch, rest: Option<&mut Band<f32>>) {
        let (step, top) = (STEP as isize, self.area.y as isize);
        for y in loaded - step..loaded {
            self.load(y, s);
            s.sharpener.push(y, s.luma.row(y));
            s.sharpener.detail(simd, y - 2, s.luma.row(y - 2));
        }
        // rows sharpened: all blocks that touch them end above the rows whose detail is known
        let sharp = loaded - 2 * step..loaded - step;
        for y in sharp.clone().step_by(HOP) {
            if y >= top - (2 * STEP + HOP) as isize {
                s.sharpener.judge(simd, y, s.noise.row(y + HOP as isize), LEAST_DETAIL);
            }
        }
        if let Some(rest) = rest {
            let area = self.area;
            for y in sharp.start.max(top)..sharp.end.min(top + area.height as isize) {
                s.sharpener.rest(simd, y, &mut s.line);
                let row = &mut rest.row_mut((y - top) as usize)[area.x..][..area.width];
                row.copy_from_slice(&s.line[BEFORE..][..area.width]);
            }
        }
        for y in sharp.clone() {
            s.sharpener.add(simd, y, s.luma.row_mut(y));
        }
        let first = top - 2 * step;
        if sharp.start >= first {
            self.differences(simd, sharp, s);
        }
        let blocks = loaded - 3 * step;
        if blocks >= first {
            self.expect(blocks, s);
            s.shrinker.shrink(simd, blocks);
        }
        for y in blocks..blocks + step {
            self.leftover(simd, y, s);
        }
        // a spot reaches over rows of which only the next step knows what is left
        for y in (blocks - SPOT as isize).max(top - 1)..blocks + step - SPOT as isize {
            self.spots(y, s);
        }
    }

    /// Fills luminance, noise and weights of row `y`, mirrored beyond the picture's border.
    #[inline(always)]
    fn load(&self, y: isize, s: &mut Scratch) {
        let from = mirror(y, self.luma.height());
        let x0 = self.left();
        let (luma, noise, seen) = (s.luma.row_mut(y), s.noise.row_mut(y), s.difference.row_mut(y));
        copy_mirrored(self.luma.row(from), x0, luma, |v| v);
        copy_mirrored(self.weights.row(from), x0, seen, super::weight_of);
        variances((self.base.shot[1], self.base.read[1]), luma, seen, noise);
    }

    /// Column of the picture that the rows in hand begin at.
    fn left(&self) -> isize {
        self.area.x as isize - BEFORE as isize
    }

    /// Puts the differences of the reference's samples from what luminance and chroma predict in place of the weights.
    #[inline(always)]
    fn differences<S: Simd>(&self, simd: S, rows: std::ops::Range<isize>, s: &mut Scratch) {
        let Self { base, width: w, .. } = *self;
        let (width, height) = (base.frame.samples.width(), base.frame.samples.height());
        let x0 = self.left();
        s.columns.iter_mut().for_each(|v| v.fill(0.0));
        const { assert!(STEP == FETCHED, "rows are fetched as they are needed") };
        base.fetch(rows.start, x0, w);
        for y in rows.clone() {
            base.load_row(y, x0, &mut s.line, &mut s.gains);
            let from = mirror(y, height);
            for hole in base.holes(from as isize) {
                let k = hole.x as isize - x0;
                if (0..w as isize).contains(&k) {
                    s.line[k as usize] = super::signal::CLIPPED;
                }
            }
            let colors = [0, 1].map(|x| base.frame.cfa.color_at((x0 + x).rem_euclid(2) as usize, from % 2) as usize);
            match colors.iter().position(|&c| c != 1) {
                Some(x) => {
                    chroma_row(&self.agreement.chroma[colors[x] / 2], from, x0, width, x, w, &mut s.chroma);
                }
                None => s.chroma.fill(0.0),
            }
            let difference = s.difference.row_mut(y);
            subtract(&s.line, s.luma.row(y), &s.chroma, difference);
            s.shrinker.push(simd, y, difference);
            count(s.luma.row(y), s.noise.row(y), difference, &mut s.columns);
        }
        let cells = &mut s.cells[(rows.start / STEP as isize).rem_euclid(2) as usize];
        for (cells, columns) in cells.iter_mut().zip(&s.columns) {
            for (cell, columns) in cells.iter_mut().zip(columns.as_chunks::<STEP>().0) {
                *cell = columns.iter().sum();
            }
        }
    }

    /// What is to be expected of the blocks from row `y` on.
    fn expect(&self, y: isize, s: &mut Scratch) {
        let Self { base, agreement, .. } = *self;
        let colors = [0, 1, 2, 3].map(|p| base.frame.cfa.color_at(p & 1, p >> 1) as usize);
        let frames = &agreement.effective;
        let place = |v: isize, n: usize| ((v.max(0) as usize + HOP) / BLOCK_PX).min(n - 1);
        let by = place(y, frames.height());
        for b in 0..s.cells[0][0].len() - 1 {
            let mean = |k: usize| {
                let sum = |j: usize| s.cells[j][k][b] + s.cells[j][k][b + 1];
                (sum(0) + sum(1)) / (SIDE * SIDE) as f32
            };
            let (level, merged, known) = (mean(0).max(0.0), mean(1) * GATHERED_NOISE, mean(2));
            let bx = place(self.left() + (b * STEP) as isize, frames.width());
            let share = if agreement.weak.get(bx, by) && frames.get(bx, by) < 1.0 { DIM_FRAMES } else { 1.0 };
            let frames = (share * frames.get(bx, by)).max(0.02);
            let mut expected = Expected { variance: [0.0; 4], floor: [0.0; 4], known };
            for p in 0..4 {
                let color = colors[p];
                let own = base.shot[color] * level + base.read[color];
                // red and blue are green plus chroma, which is noisier where few frames are honest
                let chroma = if color == 1 { 0.0 } else { own + base.shot[1] * level + base.read[1] };
                expected.variance[p] = own + merged + GATHERED_NOISE * chroma / frames;
                expected.floor[p] = 1.0 - own / expected.variance[p];
            }
            s.shrinker.expect(b, &expected);
        }
    }

    /// Takes what the transform kept of row `y` off the differences, and sums the energy of what is left across.
    #[inline(always)]
    fn leftover<S: Simd>(&self, simd: S, y: isize, s: &mut Scratch) {
        let kept = s.kept.row_mut(y);
        s.shrinker.kept(simd, y, kept);
        // the pattern of the filters repeats every two pixels
        let colors = [0, 1].map(|x| self.base.frame.cfa.color_at(x, y.rem_euclid(2) as usize) as usize);
        let noise = colors.map(|c| (self.base.shot[c], self.base.read[c]));
        leftover(s.difference.row_mut(y), kept, s.luma.row(y), s.noise.row(y), noise, &mut s.line);
        let judged = self.judged();
        let e = [0, 1, 2, 3, 4].map(|k| &s.line[judged.start + k - SPOT..][..judged.len()]);
        const { assert!(SPOT == 2, "five are added") };
        sum_of_five(e, &mut s.spots.row_mut(y)[judged]);
    }

    /// Columns in which spots are judged: those of the area and a few beside them, as many as fill vectors.
    fn judged(&self) -> std::ops::Range<usize> {
        const FIRST: usize = BEFORE - LANES / 2;
        FIRST..FIRST + (self.area.width + LANES).next_multiple_of(2 * LANES)
    }

    /// Adds to what is kept of row `y` what is left of the differences where it stands out in its place.
    #[inline(always)]
    fn spots(&self, y: isize, s: &mut Scratch) {
        let judged = self.judged();
        let beside = |k: isize| judged.start.wrapping_add_signed(k)..judged.end.wrapping_add_signed(k);
        spots_row(
            [-2, -1, 0, 1, 2].map(|j| &s.spots.row(y + j)[judged.clone()]),
            &s.difference.row(y)[judged.clone()],
            [&s.luma.row(y)[beside(-1)], &s.luma.row(y)[judged.clone()], &s.luma.row(y)[beside(1)]],
            [&s.luma.row(y - 1)[judged.clone()], &s.luma.row(y + 1)[judged.clone()]],
            (self.base.shot[1], self.base.read[1]),
            &mut s.kept.row_mut(y)[judged.clone()],
        );
    }

    /// Writes the luminance with the reference's word, and that of the photosite's own colour.
    fn speak(&self, rows: std::ops::Range<isize>, s: &Scratch, out: &mut Band<f32>, own: &mut Band<f32>) {
        let (base, n) = (self.base, self.area.width);
        for y in rows {
            let line = (y - self.area.y as isize) as usize;
            let word = |y: isize, x: usize| &s.kept.row(y)[x..][..n];
            let words = [(y, BEFORE), (y, BEFORE - 1), (y, BEFORE + 1), (y - 1, BEFORE), (y + 1, BEFORE)];
            let words = words.map(|(y, x)| word(y, x));
            let noise = [0, 1].map(|x| match base.frame.cfa.color_at(x, line) as usize {
                1 => (0.0, 0.0),
                c => (HEARD * base.shot[c], HEARD * base.read[c]),
            });
            let (out, own) = (&mut out.row_mut(line)[self.area.x..][..n], &mut own.row_mut(line)[self.area.x..][..n]);
            let luma = &s.luma.row(y)[BEFORE..][..n];
            fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => speak_row(luma, words, noise, out, own));
        }
    }

    /// Lowers the trust in the blocks of `rows` where the reference had much to say: its word is that of one colour per
    /// pixel, and beside a strong edge of colour it would show as a pattern of the filters. Every colour is judged by its own
    /// level, as eyes do. Where the frames agree on one colour all around, the word is about patterns finer than the
    /// filters, which a demosaic of one frame would colour.
    fn doubt(
        &self,
        rows: std::ops::Range<isize>,
        s: &mut Scratch,
        own: &Band<f32>,
        trust: &mut Band<f32>,
        spoken: &mut Band<f32>,
    ) {
        let Self { base, agreement, area, .. } = *self;
        for top in rows.clone().step_by(BLOCK_PX) {
            let line = (top - area.y as isize) as usize;
            let by = line / BLOCK_PX;
            if by >= trust.height() {
                return;
            }
            let height = BLOCK_PX.min((rows.end - top) as usize);
            // per column: energy of the word in even and odd rows, and luminance
            let [even, odd, level] = &mut s.columns;
            for v in [&mut *even, &mut *odd, &mut *level] {
                v[..area.width.next_multiple_of(BLOCK_PX)].fill(0.0);
            }
            for j in 0..height {
                let before = &s.luma.row(top + j as isize)[BEFORE..][..area.width];
                let after = &own.row(line + j)[area.x..][..area.width];
                let energy = if j % 2 == 0 { &mut *even } else { &mut *odd };
                fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => said(before, after, energy, level));
            }
            let first = area.x / BLOCK_PX;
            let last = (first + area.width.div_ceil(BLOCK_PX)).min(trust.width());
            let blocks = trust.row_mut(by)[first..last].iter_mut().zip(&mut spoken.row_mut(by)[first..last]);
            let columns = even.as_chunks::<BLOCK_PX>().0.iter().zip(odd.as_chunks::<BLOCK_PX>().0);
            let columns = columns.zip(level.as_chunks::<BLOCK_PX>().0);
            for (bx, ((trust, spoken), ((even, odd), level))) in blocks.zip(columns).enumerate() {
                let width = BLOCK_PX.min(area.width - bx * BLOCK_PX);
                let (mut word, mut count) = ([0.0; 3], [0.0; 3]);
                for (p, energy) in [even, even, odd, odd].into_iter().enumerate() {
                    let (x, y) = (p & 1, p >> 1);
                    let color = base.frame.cfa.color_at(x, y) as usize;
                    word[color] += energy[x] + energy[x + 2];
                    count[color] += ((width + 1 - x) / 2 * ((height + 1 - y) / 2)) as f32;
                }
                let pixels = (width * height) as f32;
                let place = ((first + bx) * BLOCK, (area.y / BLOCK_PX + by) * BLOCK);
                let levels = levels(agreement, level.iter().sum::<f32>() / pixels, place);
                let noise = [0, 1, 2].map(|c| base.variance(c, levels[c]));
                let words = (0..3).map(|c| word[c] / noise[c].max(1e-20)).sum::<f32>() / pixels;
                *spoken = NOISE_SPOKEN * words.min(1.0);
                let share = |c: usize| {
                    let noise = noise[c];
                    (word[c] - count[c] * LEAKED * noise) / levels[c].max(DARK).powi(2)
                };
                let share = (0..3).map(share).sum::<f32>() / pixels;
                if share > DOUBT.0 * DOUBT.0 {
                    let share = share.sqrt().min(CONTRAST * contrast(agreement, levels, place));
                    *trust *= ((DOUBT.1 - share) / (DOUBT.1 - DOUBT.0)).clamp(0.0, 1.0);
                }
            }
        }
    }
}

/// Adds a row's luminance, noise and number of differences to the sums per column.
#[inline(always)]
fn count(luma: &[f32], noise: &[f32], difference: &[f32], [level, merged, known]: &mut [Vec<f32>; 3]) {
    let n = luma.len();
    let (noise, difference) = (&noise[..n], &difference[..n]);
    let (level, merged, known) = (&mut level[..n], &mut merged[..n], &mut known[..n]);
    for x in 0..n {
        level[x] += luma[x];
        merged[x] += noise[x];
        known[x] += if difference[x] == 0.0 { 0.0 } else { 1.0 };
    }
}

/// Adds the energy of a row's words, and its luminance, to the sums per column.
#[inline(always)]
fn said(before: &[f32], after: &[f32], energy: &mut [f32], level: &mut [f32]) {
    let n = before.len();
    let (after, energy, level) = (&after[..n], &mut energy[..n], &mut level[..n]);
    for x in 0..n {
        let d = after[x] - before[x];
        energy[x] += d * d;
        level[x] += before[x];
    }
}

/// Noise of the gathered samples.
#[inline(always)]
fn variances((shot, read): (f32, f32), luma: &[f32], weights: &[f32], noise: &mut [f32]) {
    let n = noise.len();
    let (luma, weights) = (&luma[..n], &weights[..n]);
    for k in 0..n {
        noise[k] = (shot * luma[k].max(0.0) + read) / weights[k].max(NOTHING);
    }
}

/// Chroma at the pixels of a row that are of the colour at column `x0 + first`, 0 at the others.
fn chroma_row(chroma: &Plane<f32>, y: usize, x0: isize, width: usize, first: usize, n: usize, out: &mut Vec<f32>) {
    out.clear();
    out.resize(n, 0.0);
    let (top, bottom, t) = cells_around(y, chroma.height());
    let (top, bottom) = (chroma.row(top), chroma.row(bottom));
    let cell = |i: usize| top[i] + (bottom[i] - top[i]) * t;
    let around = |k: usize| cells_around(mirror(x0 + k as isize, width), chroma.width());
    // away from the border every pixel of the colour has the next two cells around it, and lies alike between them
    let border = (2 * chroma.width()).saturating_sub(2).min(width) as isize;
    let from = first + 2 * ((1 - x0 - first as isize).max(0) as usize).div_ceil(2);
    let pairs = ((border - x0).clamp(0, n as isize) as usize).saturating_sub(from) / 2;
    if pairs > 0 {
        let (left, _, u) = around(from);
        let [top, bottom] = [top, bottom].map(|row| &row[left..][..pairs + 1]);
        let out = &mut out[from..][..2 * pairs];
        fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => every_second(top, bottom, t, u, out));
    }
    for k in (first..from.min(n)).step_by(2).chain((from + 2 * pairs..n).step_by(2)) {
        let (l, r, u) = around(k);
        out[k] = cell(l) + (cell(r) - cell(l)) * u;
    }
}

/// A number between every two cells, which lie between those of two rows, into every second place.
#[inline(always)]
fn every_second(top: &[f32], bottom: &[f32], t: f32, u: f32, out: &mut [f32]) {
    let n = top.len() - 1;
    let bottom = &bottom[..n + 1];
    for (k, pair) in out.as_chunks_mut::<2>().0[..n].iter_mut().enumerate() {
        let (a, b) = (top[k] + (bottom[k] - top[k]) * t, top[k + 1] + (bottom[k + 1] - top[k + 1]) * t);
        pair[0] = a + (b - a) * u;
    }
}

/// The two cells around a pixel and the share of the second: cell i is centred at 2 i + 0.5.
pub(crate) fn cells_around(pixel: usize, n: usize) -> (usize, usize, f32) {
    let (first, t) = if pixel.is_multiple_of(2) { ((pixel / 2).max(1) - 1, 0.75) } else { (pixel / 2, 0.25) };
    let t = if pixel == 0 { 0.0 } else { t };
    (first.min(n - 1), (first + 1).min(n - 1), t)
}

#[inline(always)]
fn sum_of_five(rows: [&[f32]; 5], sums: &mut [f32]) {
    let n = sums.len();
    let [a, b, c, d, e] = rows.map(|r| &r[..n]);
    for x in 0..n {
        sums[x] = (a[x] + b[x]) + c[x] + (d[x] + e[x]);
    }
}

/// `sums` are the energies across of the row and of two above and below, `across` its luminance one to the left, in place and one
/// to the right, `down` that of the rows above and below; the noise is green's.
#[inline(always)]
fn spots_row(
    sums: [&[f32]; 5],
    difference: &[f32],
    across: [&[f32]; 3],
    down: [&[f32]; 2],
    (shot, read): (f32, f32),
    kept: &mut [f32],
) {
    const COUNT: f32 = ((2 * SPOT + 1) * (2 * SPOT + 1)) as f32;
    let n = kept.len();
    let ([a, b, c, d, e], difference) = (sums.map(|r| &r[..n]), &difference[..n]);
    let ([left, luma, right], [above, below]) = (across.map(|r| &r[..n]), down.map(|r| &r[..n]));
    for x in 0..n {
        let energy = (a[x] + b[x]) + c[x] + (d[x] + e[x]);
        let (dx, dy) = (right[x] - left[x], below[x] - above[x]);
        let noise = shot * luma[x].max(0.0) + read;
        let flat = noise / (noise + 0.25 * (dx * dx + dy * dy) * (STEEP_ERROR * STEEP_ERROR));
        let t = STEEP_THRESHOLD + (SPOT_THRESHOLD - STEEP_THRESHOLD) * flat;
        let keep = ((energy - t * COUNT) / (energy + 1e-9)).max(0.0);
        kept[x] += keep * difference[x];
    }
}

#[inline(always)]
fn subtract(row: &[f32], luma: &[f32], chroma: &[f32], out: &mut [f32]) {
    let n = out.len();
    let (row, luma, chroma) = (&row[..n], &luma[..n], &chroma[..n]);
    for k in 0..n {
        let honest = (row[k] < IS_CLIPPED) & (out[k] > NOTHING);
        out[k] = if honest { row[k] - (luma[k] + chroma[k]) } else { 0.0 };
    }
}

/// `words` are the reference's in place, left, right, above, below; `noise` what red and blue have to exceed, 0 for green.
#[inline(always)]
fn speak_row(luma: &[f32], words: [&[f32]; 5], noise: [(f32, f32); 2], out: &mut [f32], own: &mut [f32]) {
    let n = out.len();
    let [word, left, right, above, below] = words.map(|r| &r[..n]);
    let (luma, own) = (&luma[..n], &mut own[..n]);
    for x in 0..n {
        let around = 0.25 * ((above[x] + below[x]) + (left[x] + right[x]));
        // a choice by the column, and not a look-up, is vector code
        let (shot, read) = if x % 2 == 0 { noise[0] } else { noise[1] };
        let d = word[x] - around;
        let floor = shot * luma[x].max(0.0) + read;
        let heard = 1.0 - floor / (d * d).max(floor + 1e-30);
        own[x] = luma[x] + word[x];
        out[x] = luma[x] + around + heard * d;
    }
}

/// The signal of each colour at a cell where that of green is `level`.
fn levels(agreement: &Agreement, level: f32, (x, y): (usize, usize)) -> [f32; 3] {
    let [red, blue] = [0, 1].map(|c| level + agreement.chroma[c].clamped(x as isize, y as isize));
    [red, level, blue]
}

/// How much red or blue less green changes from a cell before a block to a cell behind it, relative to the block's `levels`.
fn contrast(agreement: &Agreement, levels: [f32; 3], (x, y): (usize, usize)) -> f32 {
    let around = -1..=BLOCK as isize;
    let change = |c: usize| {
        let at = |(i, j): (isize, isize)| agreement.chroma[c / 2].clamped(x as isize + i, y as isize + j);
        let cells = around.clone().flat_map(|j| around.clone().map(move |i| (i, j))).map(at);
        let (least, most) = cells.fold((f32::INFINITY, f32::NEG_INFINITY), |(l, m), v| (l.min(v), m.max(v)));
        (most - least) / levels[c].max(DARK)
    };
    change(0).max(change(2))
}

/// Takes what the transform kept off the differences, and gives the energy of what is left in units of its noise.
#[inline(always)]
fn leftover(
    difference: &mut [f32],
    kept: &[f32],
    luma: &[f32],
    merged: &[f32],
    noise: [(f32, f32); 2],
    energy: &mut [f32],
) {
    let n = difference.len();
    let (kept, luma, merged, energy) = (&kept[..n], &luma[..n], &merged[..n], &mut energy[..n]);
    for k in 0..n {
        let d = difference[k] - kept[k];
        let (shot, read) = if k % 2 == 0 { noise[0] } else { noise[1] };
        let e = d * d / (shot * luma[k].max(0.0) + read + GATHERED_NOISE * merged[k]);
        // where nothing could be compared there is nothing to keep, and nothing is said of the places around
        let known = difference[k] != 0.0;
        difference[k] = if known { d } else { 0.0 };
        energy[k] = if known { e } else { SPOT_THRESHOLD };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chroma_between_cells_is_the_same_at_the_border_and_away_from_it() {
        for (width, n) in (1..14).flat_map(|w| (0..20).map(move |n| (w, n))) {
            let chroma = Plane::from_fn(usize::div_ceil(width, 2), 3, |x, y| (x * x + 5 * y) as f32);
            let mut row = Vec::new();
            for (x0, first) in (-6..15).flat_map(|x0| [0, 1].map(|first| (x0, first))) {
                chroma_row(&chroma, 2, x0, width, first, n, &mut row);
                assert_eq!(row.len(), n);
                for (k, &v) in row.iter().enumerate() {
                    let (l, r, u) = cells_around(mirror(x0 + k as isize, width), chroma.width());
                    let cell = |i: usize| chroma.get(i, 0) + (chroma.get(i, 1) - chroma.get(i, 0)) * 0.75;
                    let expected = if k % 2 == first { cell(l) + (cell(r) - cell(l)) * u } else { 0.0 };
                    assert_eq!(v, expected, "{width} wide from {x0}, place {k}");
                }
            }
        }
    }
}
