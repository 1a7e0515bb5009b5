//! The gamut mapping of [`crate::PointTransform`] for blocks of pixels.
//!
//! Most pixels lie well inside the gamut and take the short way. Those near its edge or outside wait until a block of them
//! has come together, for the search of the edge is the longest part of a look.

use crate::PointTransform;
use crate::fast_math::{dot, least, most, split};
use crate::lanes::{BLOCK, Lanes};
use crate::point::GAMUT_LIFT;
use calotype_color::gamut::{GAMUT_HUES, GAMUT_KNEE, GAMUT_SLACK};
use calotype_color::matrix::{invert, to_f32};
use calotype_color::oklab::{lms_to_oklab, rgb_to_lms};
use calotype_image::simd::madd;
use std::ops::Range;

/// Halvings of the interval in which the ceiling of the gamut lies, before its chord is taken.
const HALVINGS: usize = 7;
/// Chroma, in units of a pixel's own, up to which the edge of the gamut matters: beyond it nothing is compressed.
const REACH: f32 = (1.0 / GAMUT_KNEE) as f32;

/// From Oklab to linear RGB within the gamut of an output.
#[derive(Clone, Debug)]
pub(crate) struct FastGamut {
    /// Columns of Oklab's a and b in the cube roots of cone responses; that of L is all ones.
    ab_to_lms: [[f32; 2]; 3],
    lms_to_rgb: [[f32; 3]; 3],
    /// Largest chroma per lightness by diamond angle, and its difference to the next entry.
    cone: Box<[[f32; 2]; GAMUT_HUES]>,
    /// The largest value of a channel, that which still counts as inside, and its lightness.
    ceiling: f32,
    high: f32,
    max_l: f32,
}

// A bit for each pixel of a block tells those outside.
const _: () = assert!(BLOCK == u32::BITS as usize);

/// Pixels of a row that wait until they fill a block: Oklab, and where in the row they stand.
struct Queue {
    lab: [[f32; 2 * BLOCK]; 3],
    at: [usize; 2 * BLOCK],
    count: usize,
}

impl Queue {
    fn new() -> Self {
        Self { lab: [[0.0; 2 * BLOCK]; 3], at: [0; 2 * BLOCK], count: 0 }
    }

    /// Adds those of a block that `found` tells, by bits. What waits must not fill a block yet.
    #[inline(always)]
    fn add(&mut self, mut found: u32, [l, a, b]: &[Lanes; 3], at: impl Fn(usize) -> usize) {
        while found != 0 {
            let (i, n) = (found.trailing_zeros() as usize, self.count);
            (self.lab[0][n], self.lab[1][n], self.lab[2][n]) = (l[i], a[i], b[i]);
            self.at[n] = at(i);
            self.count += 1;
            found &= found - 1;
        }
    }

    /// True where a block of pixels waits, or any at the end of a row.
    #[inline(always)]
    fn is_due(&self, ends: bool) -> bool {
        self.count >= if ends { 1 } else { BLOCK }
    }

    /// The last block, or what there is of one and then what was in its place before; and the places of its pixels.
    #[inline(always)]
    fn take(&mut self) -> ([Lanes; 3], &[usize]) {
        let (from, to) = (self.count.saturating_sub(BLOCK), self.count);
        self.count = from;
        let mut lab = [Lanes::ZERO; 3];
        for (lab, waiting) in lab.iter_mut().zip(&self.lab) {
            lab.copy_from_slice(&waiting[from..from + BLOCK]);
        }
        (lab, &self.at[from..to])
    }
}

/// Pixels of a row near the edge of the gamut or outside, and of these the ones too bright for their chroma.
pub(crate) struct Outside {
    all: Queue,
    bright: Queue,
}

impl Outside {
    pub fn new() -> Self {
        Self { all: Queue::new(), bright: Queue::new() }
    }
}

impl FastGamut {
    pub fn new(t: &PointTransform) -> Self {
        let lab_to_lms = to_f32(&invert(&lms_to_oklab()).expect("the matrix of Oklab has an inverse"));
        let rgb_to_lms = rgb_to_lms(t.output.space());
        let mut cone = Box::new([[0.0; 2]; GAMUT_HUES]);
        for (entry, pair) in cone.iter_mut().zip(t.gamut.cone().windows(2)) {
            *entry = [pair[0] as f32, (pair[1] - pair[0]) as f32];
        }
        Self {
            ab_to_lms: lab_to_lms.map(|r| [r[1], r[2]]),
            lms_to_rgb: to_f32(&invert(&rgb_to_lms).expect("the matrix of a known space has an inverse")),
            cone,
            ceiling: t.tone.ceiling() as f32,
            high: (t.tone.ceiling() + GAMUT_SLACK) as f32,
            max_l: t.tone.ceiling().cbrt() as f32,
        }
    }

    /// Carries a block from Oklab to linear RGB. Pixels near the edge of the gamut or outside are added to those that wait,
    /// as the ones that stand `at` these places of their row; there may be fewer of them than a block, but one at least.
    #[inline(always)]
    pub fn to_rgb<const F: bool>(&self, pixels: &mut [Lanes; 3], at: Range<usize>, outside: &mut Outside) {
        let mut rgb = [Lanes::ZERO; 3];
        let [l, a, b] = pixels;
        let mut found = 0u32;
        for i in 0..BLOCK {
            l[i] = least(l[i].max(0.0), self.max_l);
            let d = self.directions::<F>(a[i], b[i]);
            let v = self.along::<F>(l[i], d, REACH);
            let (min, max) = (least(least(v[0], v[1]), v[2]), most(most(v[0], v[1]), v[2]));
            found |= (u32::from(min < 0.0) | u32::from(max > self.high)) << i;
            let v = self.along::<F>(l[i], d, 1.0);
            rgb[0][i] = least(v[0].max(0.0), self.ceiling);
            rgb[1][i] = least(v[1].max(0.0), self.ceiling);
            rgb[2][i] = least(v[2].max(0.0), self.ceiling);
        }
        found &= u32::MAX >> (BLOCK - at.len());
        outside.all.add(found, pixels, |i| at.start + i);
        *pixels = rgb;
    }

    /// Brings what waits into the gamut at constant hue, as far as it fills blocks, all of it where the row `ends`.
    #[inline(always)]
    pub fn compress<const F: bool>(&self, outside: &mut Outside, ends: bool, rows: [&mut [f32]; 3]) {
        let Outside { all, bright } = outside;
        let [r, g, b] = rows;
        let mut put = |at: &[usize], rgb: &[Lanes; 3]| {
            for (i, x) in at.iter().enumerate() {
                (r[*x], g[*x], b[*x]) = (rgb[0][i], rgb[1][i], rgb[2][i]);
            }
        };
        loop {
            if bright.is_due(ends && !all.is_due(ends)) {
                let (lab, at) = bright.take();
                let lifted = self.lift::<F>(&lab);
                let mut edge = self.ceilings::<F>(&lifted);
                for i in 0..BLOCK {
                    edge[i] = least(edge[i], lifted.cone[i]);
                }
                put(at, &self.squeezed::<F>(&lifted, &edge));
            } else if all.is_due(ends) {
                let (lab, at) = all.take();
                let lifted = self.lift::<F>(&lab);
                let mut found = 0u32;
                for i in 0..BLOCK {
                    let v = self.along::<F>(lifted.l[i], lifted.direction(i), REACH);
                    found |= u32::from(most(most(v[0], v[1]), v[2]) > self.high) << i;
                }
                put(at, &self.squeezed::<F>(&lifted, &lifted.cone));
                bright.add(found & (u32::MAX >> (BLOCK - at.len())), &lab, |i| at[i]);
            } else {
                return;
            }
        }
    }

    /// Finds the cone of the gamut in the table and lightens what lies outside.
    #[inline(always)]
    fn lift<const F: bool>(&self, [l, a, b]: &[Lanes; 3]) -> Lifted {
        const PER_UNIT: f32 = GAMUT_HUES as f32 / 4.0;
        let mut lifted = Lifted { l: *l, d: [Lanes::ZERO; 3], cone: Lanes::ZERO };
        for i in 0..BLOCK {
            let (l, a, b) = (l[i], a[i], b[i]);
            let along = b / (a.abs() + b.abs()).max(1e-20);
            let (place, part) = split(if a < 0.0 { 3.0 - along } else { 1.0 + along } * PER_UNIT);
            let [value, more] = self.cone[place as usize & (GAMUT_HUES - 1)];
            let chroma = (a * a + b * b).sqrt().max(1e-9);
            let cone = madd::<F>(more, part, value);
            let over = (chroma / (l * cone).max(1e-9) - 1.0).max(0.0);
            let over2 = over * over;
            let lift = GAMUT_LIFT as f32 * l * l * (1.0 - l).max(0.0) * over2 / (1.0 + over2);
            let l = least(l + lift, self.max_l);
            lifted.l[i] = l;
            lifted.cone[i] = l * cone / chroma;
            [lifted.d[0][i], lifted.d[1][i], lifted.d[2][i]] = self.directions::<F>(a, b);
        }
        lifted
    }

    /// Linear RGB with as much of the chroma as stays inside `edge`, given in units of each pixel's own.
    #[inline(always)]
    fn squeezed<const F: bool>(&self, lifted: &Lifted, edge: &Lanes) -> [Lanes; 3] {
        let mut rgb = [Lanes::ZERO; 3];
        for i in 0..BLOCK {
            let knee = GAMUT_KNEE as f32 * edge[i];
            let room = edge[i] - knee;
            let over = ((1.0 - knee) / room).max(0.0);
            let bent = knee + room * over / (1.0 + over * over).sqrt();
            let scale = if over > 0.0 { bent } else { 1.0 };
            let v = self.along::<F>(lifted.l[i], lifted.direction(i), scale);
            rgb[0][i] = least(v[0].max(0.0), self.ceiling);
            rgb[1][i] = least(v[1].max(0.0), self.ceiling);
            rgb[2][i] = least(v[2].max(0.0), self.ceiling);
        }
        rgb
    }

    /// By how much chroma moves the cube roots of cone responses.
    #[inline(always)]
    fn directions<const F: bool>(&self, a: f32, b: f32) -> [f32; 3] {
        let m = &self.ab_to_lms;
        [madd::<F>(m[0][0], a, m[0][1] * b), madd::<F>(m[1][0], a, m[1][1] * b), madd::<F>(m[2][0], a, m[2][1] * b)]
    }

    /// Linear RGB of lightness `l` and `scale` times the chroma that moves the cube roots of cone responses by `d`.
    #[inline(always)]
    fn along<const F: bool>(&self, l: f32, [d0, d1, d2]: [f32; 3], scale: f32) -> [f32; 3] {
        let m = &self.lms_to_rgb;
        let (x, y, z) = (madd::<F>(scale, d0, l), madd::<F>(scale, d1, l), madd::<F>(scale, d2, l));
        let (x, y, z) = (x * x * x, y * y * y, z * z * z);
        [dot::<F>(&m[0], x, y, z), dot::<F>(&m[1], x, y, z), dot::<F>(&m[2], x, y, z)]
    }

    /// Factors of chroma at which the largest of red, green and blue comes to the ceiling, [`REACH`] where it does not by then.
    ///
    /// Each channel is a cubic of the factor s: the sum of m (l + s d)^3 over cone responses, whose weights m sum to 1. Halving
    /// tells the cubics' first crossing from later ones, and the chord of the last interval where in it the crossing lies.
    #[inline(always)]
    #[allow(clippy::manual_clamp, reason = "clamp would keep what is not a number")]
    fn ceilings<const F: bool>(&self, lifted: &Lifted) -> Lanes {
        let m = &self.lms_to_rgb;
        let mut cubics = Cubics { start: Lanes::ZERO, powers: [[Lanes::ZERO; 3]; 3] };
        for i in 0..BLOCK {
            let (l, [d0, d1, d2]) = (lifted.l[i], lifted.direction(i));
            let (e0, e1, e2) = (d0 * d0, d1 * d1, d2 * d2);
            let (f0, f1, f2) = (e0 * d0, e1 * d1, e2 * d2);
            cubics.start[i] = l * l * l - self.high;
            let (once, twice) = (3.0 * l * l, 3.0 * l);
            for c in 0..3 {
                cubics.powers[c][0][i] = once * dot::<F>(&m[c], d0, d1, d2);
                cubics.powers[c][1][i] = twice * dot::<F>(&m[c], e0, e1, e2);
                cubics.powers[c][2][i] = dot::<F>(&m[c], f0, f1, f2);
            }
        }
        let mut far = Lanes::ZERO;
        for i in 0..BLOCK {
            far[i] = cubics.above::<F>(i, REACH);
        }
        let (mut inside, mut below, mut beyond) = (Lanes::ZERO, cubics.start, far);
        let mut step = REACH;
        for _ in 0..HALVINGS {
            step *= 0.5;
            for i in 0..BLOCK {
                let at = inside[i] + step;
                let v = cubics.above::<F>(i, at);
                let within = v <= 0.0;
                inside[i] = if within { at } else { inside[i] };
                below[i] = if within { v } else { below[i] };
                beyond[i] = if within { beyond[i] } else { v };
            }
        }
        for i in 0..BLOCK {
            let part = (below[i] / (below[i] - beyond[i]).min(-1e-12)).clamp(0.0, 1.0);
            inside[i] = if far[i] > 0.0 { madd::<F>(step, part, inside[i]) } else { REACH };
        }
        inside
    }
}

/// A block of pixels near the edge of the gamut or outside, made lighter by as much as they lie outside its cone.
struct Lifted {
    l: Lanes,
    /// By how much their chroma moves the cube roots of cone responses.
    d: [Lanes; 3],
    /// Chroma at the cone, in units of a pixel's own.
    cone: Lanes,
}

impl Lifted {
    #[inline(always)]
    fn direction(&self, i: usize) -> [f32; 3] {
        [self.d[0][i], self.d[1][i], self.d[2][i]]
    }
}

/// Red, green and blue of a block of pixels as cubics of a factor of chroma.
struct Cubics {
    /// What they have in common, less the ceiling of the gamut.
    start: Lanes,
    /// By channel: of the factor's first, second and third power.
    powers: [[Lanes; 3]; 3],
}

impl Cubics {
    /// How far the largest channel lies above the ceiling.
    #[inline(always)]
    fn above<const F: bool>(&self, i: usize, s: f32) -> f32 {
        let [r, g, b] = &self.powers;
        let r = madd::<F>(s, madd::<F>(s, r[2][i], r[1][i]), r[0][i]);
        let g = madd::<F>(s, madd::<F>(s, g[2][i], g[1][i]), g[0][i]);
        let b = madd::<F>(s, madd::<F>(s, b[2][i], b[1][i]), b[0][i]);
        madd::<F>(s, most(most(r, g), b), self.start[i])
    }
}
