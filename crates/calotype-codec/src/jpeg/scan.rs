//! From rows of colours to the entropy-coded scan.
//!
//! The picture is cut into stripes, each one restart interval, so that its bytes stand alone (ITU-T T.81, E.1.4): all
//! cores first transform and quantise stripes into symbols, then, once the whole picture's Huffman codes are known, turn
//! the symbols into bits. Samples stay floats up to quantisation: rounding them to 8 bits first would only add noise.

use super::dct::{Blocks, LANES, Quantizer, SPAN, transform};
use super::huffman::{Counts, Symbol, Table, emit, joined};
use calotype_image::par;
use fearless_simd::{Level, dispatch};
use std::io::{self, Write};

/// How the picture's colours are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One component.
    Gray,
    /// Luma and colour differences of half the width and height.
    Half,
    /// Luma and colour differences of full size.
    Full,
}

impl Layout {
    fn components(self) -> usize {
        if self == Self::Gray { 1 } else { 3 }
    }

    /// Luma blocks of a coding unit along each side.
    fn luma_blocks(self) -> usize {
        if self == Self::Half { 2 } else { 1 }
    }
}

/// A compressed picture without application segments: from the quantisation tables to the end marker.
pub struct Compressed {
    head: Vec<u8>,
    stripes: Vec<Vec<u8>>,
}

impl Compressed {
    /// Compresses a picture of at most 65535 pixels a side.
    ///
    /// `fill(y, out)` writes row `y`: red, green and blue, `width` samples each of 0 to 1, or for grey the first only.
    pub fn new(
        width: usize,
        height: usize,
        layout: Layout,
        quality: u8,
        fill: impl Fn(usize, [&mut [f32]; 3]) + Sync + Send,
    ) -> Self {
        let side = 8 * layout.luma_blocks();
        let units = width.div_ceil(side);
        // half a megapixel each, and an interval that 16 bits can tell
        let unit_rows = ((1 << 19) / (units * side * side)).clamp(1, (65_535 / units).max(1));
        let rows = unit_rows * side;
        let count = height.div_ceil(rows);
        let quantizers = [Quantizer::new(0, quality), Quantizer::new(1, quality)];
        let parts = par::map(count, |i| {
            let mut coder = StripeCoder::new(width, layout, &quantizers);
            for top in (i * rows..height.min((i + 1) * rows)).step_by(side) {
                coder.unit_row(top, height, &fill);
            }
            (coder.symbols, coder.counts)
        });
        let mut counts: Box<Counts> = Box::new([0; 1024]);
        for (_, part) in &parts {
            counts.iter_mut().zip(part.iter()).for_each(|(sum, v)| *sum += v);
        }
        let tables: [Table; 4] = std::array::from_fn(|t| Table::optimal(&counts[256 * t..][..256]));
        let codes = joined(&tables);
        let stripes = par::map(count, |i| emit(&parts[i].0, &codes));
        let interval = if count > 1 { units * unit_rows } else { 0 };
        let head = header(width as u16, height as u16, layout, &quantizers, &tables, interval as u16);
        Self { head, stripes }
    }

    /// Bytes that [`Compressed::write`] writes.
    pub fn len(&self) -> usize {
        // a marker after every stripe, the last one ends the picture
        self.head.len() + self.stripes.iter().map(|s| s.len() + 2).sum::<usize>()
    }

    /// Writes all from the tables on, with the end marker.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.head)?;
        for (i, stripe) in self.stripes.iter().enumerate() {
            out.write_all(stripe)?;
            let marker = if i + 1 == self.stripes.len() { 0xD9 } else { 0xD0 + (i % 8) as u8 };
            out.write_all(&[0xFF, marker])?;
        }
        Ok(())
    }
}

/// Quantisation tables, frame, Huffman tables, restart interval and scan header.
fn header(
    width: u16,
    height: u16,
    layout: Layout,
    quantizers: &[Quantizer; 2],
    tables: &[Table; 4],
    interval: u16,
) -> Vec<u8> {
    let components = layout.components();
    let mut out = Vec::with_capacity(1024);
    let mut segment = |marker: u8, body: &[u8]| {
        out.extend([0xFF, marker]);
        out.extend((body.len() as u16 + 2).to_be_bytes());
        out.extend(body);
    };
    let kinds = if components == 1 { 1 } else { 2 };
    for (i, quantizer) in quantizers.iter().enumerate().take(kinds) {
        let mut body = vec![0u8; 65];
        body[0] = i as u8;
        (0..64).for_each(|k| body[1 + super::dct::ZIGZAG[k]] = quantizer.steps[k]);
        segment(0xDB, &body);
    }
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.push(components as u8);
    for c in 0..components {
        let factor = if c == 0 { layout.luma_blocks() as u8 } else { 1 };
        frame.extend([c as u8 + 1, factor << 4 | factor, u8::from(c > 0)]);
    }
    segment(0xC0, &frame);
    for (i, table) in tables.iter().enumerate().take(2 * kinds) {
        // class (0 DC, 1 AC) and destination
        let mut body = vec![((i % 2) as u8) << 4 | (i / 2) as u8];
        body.extend(table.lengths);
        body.extend(&table.values);
        segment(0xC4, &body);
    }
    if interval > 0 {
        segment(0xDD, &interval.to_be_bytes());
    }
    let mut scan = vec![components as u8];
    for c in 0..components as u8 {
        scan.extend([c + 1, if c == 0 { 0x00 } else { 0x11 }]);
    }
    scan.extend([0, 63, 0]);
    segment(0xDA, &scan);
    out
}

/// One stripe on its way from pixels to symbols.
struct StripeCoder<'a> {
    width: usize,
    layout: Layout,
    quantizers: &'a [Quantizer; 2],
    /// Red, green and blue of one row, then luma and colour differences.
    rgb: [Vec<f32>; 3],
    /// Luma, `8 * luma_blocks` rows of `strides[0]`, and colour differences, 8 rows of `strides[1]`.
    planes: [Vec<f32>; 3],
    strides: [usize; 2],
    /// Coefficients: two rows of luma blocks, then colour differences.
    blocks: [Vec<Blocks>; 4],
    last_dc: [i16; 3],
    symbols: Vec<Symbol>,
    counts: Box<Counts>,
}

impl<'a> StripeCoder<'a> {
    fn new(width: usize, layout: Layout, quantizers: &'a [Quantizer; 2]) -> Self {
        let luma = width.next_multiple_of(2 * SPAN);
        let chroma = match layout {
            Layout::Gray => 0,
            Layout::Half => luma / 2,
            Layout::Full => luma,
        };
        let spans = [luma, if layout == Layout::Half { luma } else { 0 }, chroma, chroma].map(|w| w / SPAN);
        Self {
            width,
            layout,
            quantizers,
            rgb: [(); 3].map(|()| vec![0.0; luma]),
            planes: [8 * layout.luma_blocks() * luma, 8 * chroma, 8 * chroma].map(|n| vec![0.0; n]),
            strides: [luma, chroma],
            blocks: spans.map(|n| vec![Blocks::EMPTY; n]),
            last_dc: [0; 3],
            symbols: Vec::new(),
            counts: Box::new([0; 1024]),
        }
    }

    /// Codes one row of coding units, from pixel row `top` on. Rows past the picture repeat its last.
    fn unit_row(&mut self, top: usize, height: usize, fill: &impl Fn(usize, [&mut [f32]; 3])) {
        for y in 0..8 * self.layout.luma_blocks() {
            if top + y < height {
                self.load(top + y, fill);
            }
            self.store(y);
        }
        let [luma, chroma] = self.strides;
        for (i, blocks) in self.blocks.iter_mut().enumerate() {
            let (rows, stride) = match i {
                0 => (&self.planes[0][..], luma),
                1 => (&self.planes[0][(8 * luma).min(self.planes[0].len())..], luma),
                _ => (&self.planes[i - 1][..], chroma),
            };
            transform(rows, stride, &self.quantizers[usize::from(i > 1)], blocks);
        }
        let side = self.layout.luma_blocks();
        for unit in 0..self.width.div_ceil(8 * side) {
            for i in 0..side * side {
                self.block(i / side, unit * side + i % side);
            }
            if self.layout != Layout::Gray {
                self.block(2, unit);
                self.block(3, unit);
            }
        }
    }

    /// Reads a row and turns it into luma and colour differences about zero, repeating the last pixel to the right.
    fn load(&mut self, y: usize, fill: &impl Fn(usize, [&mut [f32]; 3])) {
        let width = self.width;
        let [r, g, b] = &mut self.rgb;
        fill(y, [&mut r[..width], &mut g[..width], &mut b[..width]]);
        if self.layout == Layout::Gray {
            r[..width].iter_mut().for_each(|v| *v = *v * 255.0 - 128.0);
        } else {
            dispatch!(Level::new(), _simd => to_ycc(&mut r[..width], &mut g[..width], &mut b[..width]));
        }
        for row in &mut self.rgb {
            let last = row[width - 1];
            row[width..].fill(last);
        }
    }

    /// Puts the loaded row in its place among the planes.
    fn store(&mut self, y: usize) {
        let [luma, chroma] = self.strides;
        self.planes[0][y * luma..][..luma].copy_from_slice(&self.rgb[0]);
        for c in 1..self.layout.components() {
            let out = &mut self.planes[c][y / self.layout.luma_blocks() * chroma..][..chroma];
            match self.layout {
                Layout::Half => {
                    dispatch!(Level::new(), _simd => add_pairs(&self.rgb[c], out, y.is_multiple_of(2)));
                }
                _ => out.copy_from_slice(&self.rgb[c]),
            }
        }
    }

    /// Codes block `at` of one row of blocks (ITU-T T.81, F.1.2).
    #[inline(always)]
    fn block(&mut self, row: usize, at: usize) {
        let (blocks, lane) = (&self.blocks[row][at / LANES], at % LANES);
        let component = row.saturating_sub(1);
        let table = if component == 0 { 0u32 } else { 2 << 8 };
        let dc = blocks.values[0][lane];
        let difference = dc - self.last_dc[component];
        self.last_dc[component] = dc;
        let (symbols, counts) = (&mut self.symbols, &mut *self.counts);
        let mut push = |place: u32, value: i16| {
            let size = 16 - value.unsigned_abs().leading_zeros();
            // negative values are stored less one, in as many bits
            let bits = (i32::from(value) + i32::from(value >> 15)) as u32 & ((1 << size) - 1);
            let symbol = place | size;
            counts[symbol as usize & 1023] += 1;
            symbols.push(bits << 16 | symbol);
        };
        push(table, difference);
        let ac = table + (1 << 8);
        let mut left = blocks.nonzero[lane] & !1;
        let mut last = 0;
        while left != 0 {
            let k = left.trailing_zeros();
            left &= left - 1;
            let mut run = k - last - 1;
            last = k;
            while run > 15 {
                push(ac | 0xF0, 0);
                run -= 16;
            }
            push(ac | run << 4, blocks.values[k as usize & 63][lane]);
        }
        if last < 63 {
            push(ac, 0);
        }
    }
}

/// Luma and colour differences of JFIF (ITU-T T.871, clause 7) about zero, in place.
#[inline(always)]
fn to_ycc(r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
    let n = r.len().min(g.len()).min(b.len());
    let (r, g, b) = (&mut r[..n], &mut g[..n], &mut b[..n]);
    for i in 0..n {
        let (red, green, blue) = (r[i] * 255.0, g[i] * 255.0, b[i] * 255.0);
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        r[i] = luma - 128.0;
        g[i] = (blue - luma) * (1.0 / 1.772);
        b[i] = (red - luma) * (1.0 / 1.402);
    }
}

/// Adds a quarter of every two samples side by side; the first row of two begins the sum.
#[inline(always)]
fn add_pairs(row: &[f32], out: &mut [f32], first: bool) {
    let n = out.len().min(row.len() / 2);
    let (row, out) = (&row[..2 * n], &mut out[..n]);
    if first {
        for i in 0..n {
            out[i] = 0.25 * (row[2 * i] + row[2 * i + 1]);
        }
    } else {
        for i in 0..n {
            out[i] += 0.25 * (row[2 * i] + row[2 * i + 1]);
        }
    }
}
