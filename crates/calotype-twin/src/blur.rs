//! The lens's blur, different from place to place.
//!
//! The picture is cut into overlapping windows (raised cosines) that sum to 1; each is convolved with the spot of its place, and the
//! results are added (Hirsch et al., "Efficient Filter Flow", CVPR 2010). So spots change smoothly over the field and
//! no light is lost or made. Convolutions are products of Fourier transforms, in which the aperture of a photosite,
//! diffraction, defocus and the prefilter of the splines that frames are sampled with cost nothing.

use crate::canvas::{Area, Canvas, OVERSAMPLE, spline_transfer};
use crate::lens::{Kernel, Lobe, Optics, Psf, WAVELENGTHS_UM};
use crate::transfer::{diffraction, disc, sinc};
use crate::view::Geometry;
use calotype_image::par;
use rustfft::num_complex::{Complex, Complex32};
use rustfft::{Fft, FftPlanner};
use std::f64::consts::{PI, TAU};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

/// Size of a transform: a window and the reach of spots on both sides.
const N: usize = 512;
/// Distance of windows.
const PITCH: usize = 320;
/// Where neighbouring windows overlap.
const RAMP: usize = 64;
/// Windows that are blurred at once.
const GROUP: usize = 8;
/// Canvas pixels that a spot may reach; light beyond is folded back to the other side of a window.
pub const REACH: usize = (N - PITCH - RAMP) / 2;

/// Blurs canvases as one lens in front of one sensor does.
pub struct Blur<'a> {
    optics: &'a dyn Optics,
    geometry: &'a Geometry,
    focus_m: f64,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
}

/// What does not change over the field, for red, green and blue: `N` x `N` factors.
pub struct Common([Vec<f32>; 3]);

/// Where a plane's spots come from: 0 red, 1 green, 2 blue.
pub type Channel = usize;

impl<'a> Blur<'a> {
    /// For a lens focused at a distance.
    pub fn new(optics: &'a dyn Optics, geometry: &'a Geometry, focus_m: f64) -> Self {
        let mut planner = FftPlanner::new();
        Self { optics, geometry, focus_m, forward: planner.plan_fft_forward(N), inverse: planner.plan_fft_inverse(N) }
    }

    /// Diameter of the blur disc of a point at a distance, in mm: pupil times image distance times defocus in
    /// dioptres, image distance taken for the focal length.
    pub fn defocus_mm(&self, object_m: f64) -> f64 {
        let pupil_mm = self.optics.focal_mm() / self.optics.f_number();
        pupil_mm * self.optics.focal_mm() * 1e-3 * (1.0 / object_m - 1.0 / self.focus_m).abs()
    }

    /// What all places share, for objects at a distance.
    pub fn common(&self, object_m: f64) -> Common {
        let per_mm = 1e3 * OVERSAMPLE as f64 / self.geometry.pixel_um;
        // a disc must fit into the reach of spots
        let largest_mm = 1.8 * REACH as f64 / per_mm;
        let diameter_mm = self.defocus_mm(object_m).min(largest_mm);
        Common([0, 1, 2].map(|c| {
            let rows = par::map(N, |i| {
                let fy = frequency(i);
                let mut row = vec![0f32; N];
                for (j, v) in row.iter_mut().enumerate() {
                    let fx = frequency(j);
                    // photosite; the canvas pixels' own averaging undone
                    let axis = |f: f64| sinc(OVERSAMPLE as f64 * f) / sinc(f);
                    let mut t = axis(fx) * axis(fy);
                    if self.optics.is_geometric() {
                        let f = fx.hypot(fy) * per_mm;
                        t *= diffraction(f, WAVELENGTHS_UM[c], self.optics.f_number()) * disc(f, diameter_mm);
                    }
                    *v = t as f32;
                }
                row
            });
            let mut table = self.within_reach(&rows.concat());
            for (i, row) in table.chunks_exact_mut(N).enumerate() {
                let y = spline_transfer(frequency(i));
                row.iter_mut().enumerate().for_each(|(j, v)| *v /= (y * spline_transfer(frequency(j))) as f32);
            }
            table
        }))
    }

    /// The transfer function whose spot ends at [`REACH`]: diffraction never ends, and what windows would fold back is
    /// seen as steps in dark places beside bright lights. Its energy, a few thousandths, goes to the rest of the spot.
    fn within_reach(&self, transfer: &[f32]) -> Vec<f32> {
        let mut work = Parts::new();
        work.data.iter_mut().zip(transfer).for_each(|(v, t)| v.re = *t);
        self.transform(&self.inverse, &mut work);
        let mut total = 0.0;
        for (i, v) in work.data.iter_mut().enumerate() {
            let at = |i: usize| frequency(i) * N as f64;
            let r = at(i / N).hypot(at(i % N)) / REACH as f64;
            let fade = ((1.0 - r) / 0.4).clamp(0.0, 1.0);
            *v = Complex::new(v.re * (fade * fade * (3.0 - 2.0 * fade)) as f32, 0.0);
            total += f64::from(v.re);
        }
        self.transform(&self.forward, &mut work);
        work.data.iter().map(|v| v.re / total as f32).collect()
    }

    /// The rows of windows that canvas rows `from..to` get light from.
    pub fn windows(from: i64, to: i64) -> RangeInclusive<i64> {
        let (before, pitch) = ((RAMP / 2 + REACH + PITCH) as i64, PITCH as i64);
        (from - before).div_euclid(pitch) + 1..=(to - 1 + (RAMP / 2 + REACH) as i64).div_euclid(pitch)
    }

    /// The canvas rows that a row of windows looks at.
    pub fn looks_at(row: i64) -> Range<i64> {
        let start = row * PITCH as i64 - (RAMP / 2) as i64;
        start..start + (PITCH + RAMP) as i64
    }

    /// The canvas rows that a row of windows gives light to.
    pub fn gives_to(row: i64) -> Range<i64> {
        let seen = Self::looks_at(row);
        seen.start - REACH as i64..seen.end + REACH as i64
    }

    /// Blurs a row of windows of a sharp canvas, each plane with the spots of its channel, and adds it to `out`. Outside of
    /// the sharp canvas there is nothing, or its border goes on (`endless`).
    ///
    /// What `out` gets are spline coefficients: see [`Canvas::taps`].
    pub fn add_windows(
        &self,
        (sharp, channels, endless): (&Canvas, &[Channel], bool),
        object_m: f64,
        common: &Common,
        row: i64,
        out: &mut Canvas,
    ) {
        if out.area.is_empty() || sharp.area.is_empty() {
            return;
        }
        // the largest value of each plane
        let size = |p: usize| sharp.planes[p].data().iter().fold(f32::MIN_POSITIVE, |m, v| m.max(v.abs()));
        let sizes = par::map(sharp.planes.len(), size);
        let windows: Vec<i64> = Self::windows(out.area.x, out.area.right()).collect();
        // some at a time, for they take a megabyte per plane
        for windows in windows.chunks(GROUP) {
            let mut parts: Vec<Option<Vec<Vec<f32>>>> = vec![None; windows.len()];
            par::items_mut(&mut parts, Work::new, |i, part, work| {
                *part = self.patch(sharp, channels, object_m, common, (windows[i], row), (endless, &sizes), work);
            });
            let (top, x0) = (out.area.y, out.area.x);
            for (plane, out) in out.planes.iter_mut().enumerate() {
                // in the order of windows, so that sums do not depend on threads
                par::bands_mut(out, 16, |first, mut band| {
                    for y in 0..band.height() {
                        let row_y = top + (first + y) as i64;
                        for (window, part) in windows.iter().zip(&parts) {
                            if let Some(part) = part {
                                let core = (window * PITCH as i64, row * PITCH as i64);
                                add(part, plane, core, row_y, x0, band.row_mut(y));
                            }
                        }
                    }
                });
            }
        }
    }

    /// One window, blurred: for each plane `N` x `N` values that start [`REACH`] before the window and wrap around.
    fn patch(
        &self,
        canvas: &Canvas,
        channels: &[Channel],
        object_m: f64,
        common: &Common,
        (px, py): (i64, i64),
        (endless, sizes): (bool, &[f32]),
        work: &mut Work,
    ) -> Option<Vec<Vec<f32>>> {
        let start = (px * PITCH as i64 - (RAMP / 2) as i64, py * PITCH as i64 - (RAMP / 2) as i64);
        let window = Area { x: start.0, y: start.1, width: PITCH + RAMP, height: PITCH + RAMP };
        let common_area = window.common(canvas.area);
        if common_area.is_empty() {
            return None;
        }
        let is_dark = |p: &calotype_image::Plane<f32>| {
            (common_area.y..common_area.bottom()).all(|y| {
                let row = p.row((y - canvas.area.y) as usize);
                let from = (common_area.x - canvas.area.x) as usize;
                row[from..from + common_area.width].iter().all(|v| *v == 0.0)
            })
        };
        if canvas.planes.iter().all(is_dark) {
            return None;
        }
        let centre = |s: i64| (s as f64 + (PITCH + RAMP) as f64 / 2.0) / OVERSAMPLE as f64;
        let (height, azimuth) = self.geometry.polar(centre(start.0), centre(start.1));
        let Work { kernels, parts } = work;
        for c in 0..3 {
            if channels.contains(&c) {
                let spot = self.optics.spot(c, height, azimuth, object_m, self.focus_m);
                self.transfer(&spot, azimuth, &common.0[c], &mut kernels[c], parts);
            }
        }
        let Parts { data, other, scratch } = parts;
        let mut parts = vec![Vec::new(); channels.len()];
        // planes with the same spots go in pairs, as real and imaginary part; the transform of others is split
        for (a, b) in pairs(channels) {
            // planes of very different sizes would drown each other's last digits
            let sizes = (sizes[a], b.map_or(1.0, |b| sizes[b]));
            data.fill(Complex::new(0.0, 0.0));
            load(canvas, a, (window, endless), data, |v, x| v.re = x / sizes.0);
            if let Some(b) = b {
                load(canvas, b, (window, endless), data, |v, x| v.im = x / sizes.1);
            }
            // below the window there is nothing
            self.forward.process_with_scratch(&mut data[..(PITCH + RAMP) * N], scratch);
            transpose(data, other);
            self.forward.process_with_scratch(other, scratch);
            let first = &kernels[channels[a]];
            match b.map(|b| channels[b]).filter(|c| *c != channels[a]) {
                None => other.iter_mut().zip(first).for_each(|(v, k)| *v *= k),
                Some(c) => split_product(other, first, &kernels[c]),
            }
            self.inverse.process_with_scratch(other, scratch);
            transpose(other, data);
            self.inverse.process_with_scratch(data, scratch);
            let scale = 1.0 / (N * N) as f32;
            parts[a] = data.iter().map(|v| v.re * (scale * sizes.0)).collect();
            if let Some(b) = b {
                parts[b] = data.iter().map(|v| v.im * (scale * sizes.1)).collect();
            }
        }
        Some(parts)
    }

    /// The two-dimensional transform of `work.data`; columns become rows.
    fn transform(&self, fft: &Arc<dyn Fft<f32>>, work: &mut Parts) {
        fft.process_with_scratch(&mut work.data, &mut work.scratch);
        transpose(&work.data, &mut work.other);
        fft.process_with_scratch(&mut work.other, &mut work.scratch);
        std::mem::swap(&mut work.data, &mut work.other);
    }

    /// The transfer function of a spot at an azimuth, times the factors of all places, columns as rows.
    fn transfer(&self, spot: &Psf, azimuth: f64, common: &[f32], out: &mut [Complex32], work: &mut Parts) {
        match spot {
            Psf::Lobes(lobes) => self.put_lobes(lobes, azimuth, common, out),
            Psf::Samples(kernel) => {
                self.put_samples(kernel, azimuth, out, work);
                out.iter_mut().zip(common).for_each(|(v, c)| *v *= c);
            }
        }
    }

    fn put_lobes(&self, lobes: &[Lobe], azimuth: f64, common: &[f32], out: &mut [Complex32]) {
        let per_um = OVERSAMPLE as f64 / self.geometry.pixel_um;
        let (sin, cos) = azimuth.sin_cos();
        struct Axes {
            x: Vec<Complex32>,
            y: Vec<Complex32>,
            b: f64,
        }
        let axes: Vec<Axes> = lobes
            .iter()
            .map(|lobe| {
                let (r, t) = ((lobe.radial_um * per_um).powi(2), (lobe.tangential_um * per_um).powi(2));
                // exp(-2π² (a fx² + 2 b fx fy + c fy²)) exp(-2πi (fx sx + fy sy))
                let (a, b, c) = (r * cos * cos + t * sin * sin, (r - t) * sin * cos, r * sin * sin + t * cos * cos);
                let shift = (lobe.shift_um * per_um * cos, lobe.shift_um * per_um * sin);
                let axis = |width: f64, shift: f64, share: f64| -> Vec<Complex32> {
                    let one = |i| {
                        let f = frequency(i);
                        // Nyquist's phase must be real
                        let phase = if i == N / 2 {
                            Complex::new((TAU * f * shift).cos(), 0.0)
                        } else {
                            Complex::cis(-TAU * f * shift)
                        };
                        let v = phase * (share * (-2.0 * PI * PI * width * f * f).exp());
                        Complex::new(v.re as f32, v.im as f32)
                    };
                    (0..N).map(one).collect()
                };
                Axes { x: axis(a, shift.0, lobe.share), y: axis(c, shift.1, 1.0), b }
            })
            .collect();
        let (mut cross, mut row) = (vec![1f32; N], vec![Complex32::new(0.0, 0.0); N]);
        for i in 0..=N / 2 {
            row.fill(Complex32::new(0.0, 0.0));
            for Axes { x, y, b } in &axes {
                // geometric along the row
                let ratio = (-4.0 * PI * PI * b * frequency(i) / N as f64).exp();
                let (mut up, mut down) = (1.0, 1.0);
                for j in 0..N / 2 {
                    cross[j] = up as f32;
                    up *= ratio;
                    down /= ratio;
                    cross[N - 1 - j] = down as f32;
                }
                for ((v, y), cross) in row.iter_mut().zip(y).zip(&cross) {
                    *v += x[i] * y * cross;
                }
            }
            row.iter_mut().zip(&common[i * N..]).for_each(|(v, c)| *v *= c);
            out[i * N..][..N].copy_from_slice(&row);
            if i > 0 && i < N / 2 {
                // spots are real: the other half mirrors this one
                let mirror = &mut out[(N - i) * N..][..N];
                mirror[0] = row[0].conj();
                mirror[1..].iter_mut().zip(row[1..].iter().rev()).for_each(|(m, v)| *m = v.conj());
            }
        }
    }

    /// A sampled spot; what lies farther out than [`REACH`] is left out.
    fn put_samples(&self, kernel: &Kernel, azimuth: f64, out: &mut [Complex32], work: &mut Parts) {
        let scaled_um = self.geometry.height_per_px * self.optics.half_diagonal_mm() * 1e3;
        let pixel_um = if self.optics.spots_scale() { scaled_um } else { self.geometry.pixel_um };
        let pitch = kernel.pitch_um * OVERSAMPLE as f64 / pixel_um;
        let half = (kernel.size / 2) as f64;
        let (sin, cos) = azimuth.sin_cos();
        work.data.fill(Complex::new(0.0, 0.0));
        let mut total = 0.0;
        // each sample's energy goes to the four canvas pixels around it
        for (i, energy) in kernel.energy.iter().enumerate().take(kernel.size * kernel.size).filter(|e| *e.1 != 0.0) {
            let (r, t) = ((i % kernel.size) as f64 - half, (i / kernel.size) as f64 - half);
            if r.hypot(t) * pitch > (REACH - 1) as f64 {
                continue;
            }
            total += f64::from(*energy);
            let (x, y) = (pitch * (r * cos - t * sin), pitch * (r * sin + t * cos));
            let (ix, iy) = (x.floor(), y.floor());
            let (fx, fy) = (x - ix, y - iy);
            for (dx, dy, w) in
                [(0, 0, (1.0 - fx) * (1.0 - fy)), (1, 0, fx * (1.0 - fy)), (0, 1, (1.0 - fx) * fy), (1, 1, fx * fy)]
            {
                let at = |v: f64, d: i64| (v as i64 + d).rem_euclid(N as i64) as usize;
                work.data[at(iy, dy) * N + at(ix, dx)].re += (w * f64::from(*energy)) as f32;
            }
        }
        self.transform(&self.forward, work);
        // the triangle over which energy was shared out is undone
        let columns: Vec<f32> = (0..N).map(|j| sinc(frequency(j)).powi(-2) as f32).collect();
        for (i, (out, row)) in out.chunks_exact_mut(N).zip(work.data.chunks_exact(N)).enumerate() {
            let factor = columns[i] / total as f32;
            out.iter_mut().zip(row).zip(&columns).for_each(|((v, d), c)| *v = d * (factor * c));
        }
    }
}

/// Buffers of a transform.
struct Parts {
    data: Vec<Complex32>,
    other: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Parts {
    fn new() -> Self {
        let zeros = |n| vec![Complex::new(0.0, 0.0); n];
        Self { data: zeros(N * N), other: zeros(N * N), scratch: zeros(4 * N) }
    }
}

/// What a thread needs to blur windows.
struct Work {
    kernels: [Vec<Complex32>; 3],
    parts: Parts,
}

impl Work {
    fn new() -> Self {
        Self { kernels: [(); 3].map(|()| vec![Complex::new(0.0, 0.0); N * N]), parts: Parts::new() }
    }
}

/// Cycles per canvas pixel of a bin.
fn frequency(i: usize) -> f64 {
    (if i <= N / 2 { i as f64 } else { i as f64 - N as f64 }) / N as f64
}

fn transpose(from: &[Complex32], to: &mut [Complex32]) {
    const B: usize = 16;
    // through a small square, for rows are a power of two apart and drive each other out of the cache
    let mut square = [[Complex32::new(0.0, 0.0); B]; B];
    for y0 in (0..N).step_by(B) {
        for x0 in (0..N).step_by(B) {
            for y in 0..B {
                let row = &from[(y0 + y) * N + x0..][..B];
                row.iter().zip(&mut square).for_each(|(v, column)| column[y] = *v);
            }
            for (x, column) in square.iter().enumerate() {
                to[(x0 + x) * N + y0..][..B].copy_from_slice(column);
            }
        }
    }
}

/// Planes two by two: those of the same channel together as far as possible.
fn pairs(channels: &[Channel]) -> Vec<(usize, Option<usize>)> {
    let mut left: Vec<usize> = (0..channels.len()).collect();
    let mut out = Vec::new();
    while let Some(i) = (0..left.len()).find(|&i| (i + 1..left.len()).any(|j| channels[left[i]] == channels[left[j]])) {
        let a = left.remove(i);
        let j = left.iter().position(|&b| channels[b] == channels[a]).unwrap_or(0);
        out.push((a, Some(left.remove(j))));
    }
    out.extend(left.chunks(2).map(|c| (c[0], c.get(1).copied())));
    out
}

/// The windowed part of a plane.
fn load(
    canvas: &Canvas,
    plane: usize,
    (window, endless): (Area, bool),
    data: &mut [Complex32],
    put: impl Fn(&mut Complex32, f32),
) {
    let filled = if endless { window } else { window.common(canvas.area) };
    // squares of sine and cosine sum to 1
    let weight = |i: i64| {
        let (up, down) = (i as f32 + 0.5, (PITCH + RAMP) as f32 - 0.5 - i as f32);
        (std::f32::consts::FRAC_PI_2 * (up.min(down) / RAMP as f32).min(1.0)).sin().powi(2)
    };
    let weights: Vec<f32> = (0..(PITCH + RAMP) as i64).map(weight).collect();
    let source = |v: i64, start: i64, n: usize| (v - start).clamp(0, n as i64 - 1) as usize;
    for y in filled.y..filled.bottom() {
        let wy = weights[(y - window.y) as usize];
        let row = canvas.planes[plane].row(source(y, canvas.area.y, canvas.area.height));
        let to = &mut data[(y - window.y) as usize * N..][..N];
        for x in filled.x..filled.right() {
            let value = row[source(x, canvas.area.x, canvas.area.width)];
            put(&mut to[(x - window.x) as usize], wy * weights[(x - window.x) as usize] * value);
        }
    }
}

/// Multiplies the transform of the real part with one kernel and that of the imaginary part with another.
fn split_product(data: &mut [Complex32], first: &[Complex32], second: &[Complex32]) {
    for i in 0..=N / 2 {
        let mi = (N - i) % N;
        for j in 0..N {
            let (at, mirror) = (i * N + j, mi * N + (N - j) % N);
            // each pair of mirrored bins once
            if i == mi && at > mirror {
                continue;
            }
            let (z, m) = (data[at], data[mirror].conj());
            let a = (z + m) * 0.5;
            // (z - m) / 2i
            let d = (z - m) * 0.5;
            let b = Complex::new(d.im, -d.re);
            let (a, b) = (a * first[at], b * second[at]);
            data[at] = Complex::new(a.re - b.im, a.im + b.re);
            // kernels are real in space, so their mirrored bins are conjugates
            data[mirror] = Complex::new(a.re + b.im, b.re - a.im);
        }
    }
}

/// Adds the row `y` of a blurred window whose core starts at `core` to a row that starts at `x0`.
fn add(part: &[Vec<f32>], plane: usize, core: (i64, i64), y: i64, x0: i64, row: &mut [f32]) {
    let origin = (core.0 - (RAMP / 2) as i64, core.1 - (RAMP / 2) as i64);
    let dy = y - origin.1;
    if dy < -(REACH as i64) || dy >= (N - REACH) as i64 {
        return;
    }
    let from = &part[plane][dy.rem_euclid(N as i64) as usize * N..][..N];
    let start = (origin.0 - REACH as i64).max(x0);
    let end = (origin.0 + (N - REACH) as i64).min(x0 + row.len() as i64);
    for x in start..end {
        row[(x - x0) as usize] += from[(x - origin.0).rem_euclid(N as i64) as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lens;

    const PHONE: &str = include_str!("../lenses/phone-23mm.toml");

    fn setup(text: &str) -> (Lens, Geometry) {
        let lens = Lens::from_toml("lens", text).unwrap();
        let geometry = Geometry::new((1024, 768), 3.2, 4.0, &lens);
        (lens, geometry)
    }

    /// The part `area` of a canvas, blurred.
    fn blurred(
        blur: &Blur<'_>,
        canvas: &Canvas,
        channels: &[Channel],
        object_m: f64,
        area: Area,
        endless: bool,
    ) -> Canvas {
        let mut out = Canvas::new(area, canvas.planes.len());
        let common = blur.common(object_m);
        for row in Blur::windows(area.y, area.bottom()) {
            blur.add_windows((canvas, channels, endless), object_m, &common, row, &mut out);
        }
        out
    }

    /// Sum of a blurred point's samples at photosite pitch: its energy over that of the point.
    fn energy(lens: &dyn Optics, geometry: &Geometry, at: (i64, i64), object_m: f64) -> f64 {
        let blur = Blur::new(lens, geometry, 2.0);
        let area = Area { x: at.0 - 80, y: at.1 - 80, width: 160, height: 160 };
        let mut canvas = Canvas::new(area, 3);
        canvas.planes.iter_mut().for_each(|p| p.row_mut(80)[80] = 4.0);
        let out = blurred(&blur, &canvas, &[0, 1, 2], object_m, area.grown(600), false);
        // coefficients sum to what the samples sum to
        out.planes.iter().map(|p| p.data().iter().map(|v| f64::from(*v)).sum::<f64>()).sum::<f64>() / 12.0
    }

    #[test]
    fn no_light_is_lost_or_made() {
        let (lens, geometry) = setup(PHONE);
        // inside a window, on the seam of two, on the crossing of four, and far out; in focus and not
        for at in [(160, 160), (320, 100), (320, 640), (1990, 1480), (1024, 768)] {
            for object_m in [2.0, 0.4] {
                let e = energy(&lens, &geometry, at, object_m);
                assert!((e - 1.0).abs() < 1e-4, "{at:?} at {object_m} m: {e}");
            }
        }
    }

    #[test]
    fn sampled_spots_are_as_good_as_lobes() {
        struct Sampled(Lens);
        impl Optics for Sampled {
            fn focal_mm(&self) -> f64 {
                self.0.focal_mm()
            }
            fn f_number(&self) -> f64 {
                self.0.f_number()
            }
            fn transmittance(&self) -> f64 {
                1.0
            }
            fn half_diagonal_mm(&self) -> f64 {
                self.0.half_diagonal_mm()
            }
            fn focus_m(&self) -> f64 {
                2.0
            }
            fn glare(&self) -> crate::Glare {
                crate::Glare::default()
            }
            fn ideal_height(&self, _: usize, real: f64) -> f64 {
                real
            }
            fn illumination(&self, _: usize, _: f64) -> f64 {
                1.0
            }
            fn is_geometric(&self) -> bool {
                true
            }
            fn spot(&self, channel: usize, height: f64, angle_rad: f64, object_m: f64, focus_m: f64) -> Psf {
                let Psf::Lobes(lobes) = self.0.spot(channel, height, angle_rad, object_m, focus_m) else {
                    panic!("no lobes")
                };
                let (pitch_um, size) = (0.4, 121);
                let energy = (0..size * size).map(|i| {
                    let (r, t) = ((i % size) as f64 - 60.0, (i / size) as f64 - 60.0);
                    lobes
                        .iter()
                        .map(|l| {
                            let (r, t) = ((r * pitch_um - l.shift_um) / l.radial_um, t * pitch_um / l.tangential_um);
                            l.share * (-0.5 * (r * r + t * t)).exp() / (l.radial_um * l.tangential_um)
                        })
                        .sum::<f64>() as f32
                });
                Psf::Samples(Kernel { pitch_um, size, energy: energy.collect() })
            }
        }
        let (lens, geometry) = setup(PHONE);
        let point = |optics: &dyn Optics| {
            let blur = Blur::new(optics, &geometry, 2.0);
            let area = Area { x: 1700, y: 1200, width: 200, height: 200 };
            let mut canvas = Canvas::new(area, 1);
            canvas.planes[0].row_mut(90)[100] = 1.0;
            blurred(&blur, &canvas, &[2], 2.0, area, false)
        };
        let (a, b) = (point(&lens), point(&Sampled(lens.clone())));
        let peak = a.planes[0].data().iter().fold(0f32, |m, v| m.max(*v));
        for (a, b) in a.planes[0].data().iter().zip(b.planes[0].data()) {
            assert!((a - b).abs() < 0.01 * peak, "{a} {b} of {peak}");
        }
    }

    #[test]
    fn windows_do_not_show() {
        let (lens, _) = setup(PHONE);
        // the corner, where spots change most, of a picture of full size and of a quarter of it
        for (size, scale, most) in [((4096, 3072), 1.0, 1.5e-3), ((1024, 768), 4.0, 5e-3)] {
            let geometry = Geometry::new(size, 3.2, scale, &lens);
            let blur = Blur::new(&lens, &geometry, 2.0);
            let area = Area { x: 0, y: 0, width: 900, height: 700 };
            let mut canvas = Canvas::new(area.grown(REACH as i64), 2);
            canvas.planes.iter_mut().for_each(|p| p.data_mut().fill(3.0));
            let out = blurred(&blur, &canvas, &[0, 2], 2.0, area, true);
            let worst = out.planes.iter().flat_map(|p| p.data()).fold(0f32, |m, v| m.max((v / 3.0 - 1.0).abs()));
            assert!(worst < most, "{size:?}: {worst}");
        }
    }
}
