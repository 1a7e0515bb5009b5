//! The light of the scene on a grid finer than the sensor's.

use calotype_image::Plane;

/// Canvas pixels per photosite, across and down. Frequencies above one cycle per photosite are not held; the aperture
/// of a photosite passes none at one, and lenses little.
pub const OVERSAMPLE: usize = 2;

/// A rectangle of the canvas; (0, 0) is the top left corner of the picture, places outside of it are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Left edge.
    pub x: i64,
    /// Top edge.
    pub y: i64,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

impl Area {
    /// The rectangle from (x0, y0) up to but without (x1, y1).
    pub fn between((x0, y0): (i64, i64), (x1, y1): (i64, i64)) -> Self {
        Self { x: x0, y: y0, width: (x1 - x0).max(0) as usize, height: (y1 - y0).max(0) as usize }
    }

    /// Larger on all sides.
    pub fn grown(self, by: i64) -> Self {
        Self::between((self.x - by, self.y - by), (self.right() + by, self.bottom() + by))
    }

    /// The part that both share.
    pub fn common(self, other: Self) -> Self {
        let start = (self.x.max(other.x), self.y.max(other.y));
        Self::between(start, (self.right().min(other.right()), self.bottom().min(other.bottom())))
    }

    /// The smallest rectangle that holds both.
    pub fn hull(self, other: Self) -> Self {
        let start = (self.x.min(other.x), self.y.min(other.y));
        Self::between(start, (self.right().max(other.right()), self.bottom().max(other.bottom())))
    }

    /// The first column to the right.
    pub fn right(self) -> i64 {
        self.x + self.width as i64
    }

    /// The first row below.
    pub fn bottom(self) -> i64 {
        self.y + self.height as i64
    }

    /// True where nothing is inside.
    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }
}

/// Planes of one size over an area.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// Where it lies.
    pub area: Area,
    /// Planes, as many as the caller needs.
    pub planes: Vec<Plane<f32>>,
}

impl Canvas {
    /// Nothing but zeros.
    pub fn new(area: Area, planes: usize) -> Self {
        Self { area, planes: (0..planes).map(|_| Plane::new(area.width, area.height)).collect() }
    }

    /// Four rows and columns with their weights around a place (canvas pixels, centres at .5) for cubic B-splines
    /// whose coefficients the planes hold (Unser 1999); `None` outside the area.
    #[inline(always)]
    pub fn taps(&self, x: f32, y: f32) -> Option<Taps> {
        let (x, y) = (x - 0.5 - self.area.x as f32, y - 0.5 - self.area.y as f32);
        let end = (self.area.width as f32 - 2.0, self.area.height as f32 - 2.0);
        // truncation is the floor of what is not negative, and much faster
        (x >= 1.0 && y >= 1.0 && x < end.0 && y < end.1).then(|| {
            let (ix, iy) = (x as usize, y as usize);
            Taps { x: ix - 1, y: iy - 1, wx: spline_weights(x - ix as f32), wy: spline_weights(y - iy as f32) }
        })
    }
}

/// Where a place lies between canvas pixels.
#[derive(Clone, Copy, Debug)]
pub struct Taps {
    x: usize,
    y: usize,
    wx: [f32; 4],
    wy: [f32; 4],
}

impl Taps {
    /// The value of a plane there.
    #[inline(always)]
    pub fn value(&self, plane: &Plane<f32>) -> f32 {
        let (stride, data) = (plane.stride(), plane.data());
        // four columns at once, then across
        let mut columns = [0f32; 4];
        for (j, wy) in self.wy.iter().enumerate() {
            let start = (self.y + j) * stride + self.x;
            let row = &data[start..start + 4];
            for (column, v) in columns.iter_mut().zip(row) {
                *column += wy * v;
            }
        }
        (self.wx[0] * columns[0] + self.wx[1] * columns[1]) + (self.wx[2] * columns[2] + self.wx[3] * columns[3])
    }
}

/// Places that are looked at together: what leads to their taps is worked out for all at once.
pub const BLOCK: usize = 16;

/// The taps of a block of places.
pub struct Taps16 {
    /// The first tap in a plane's data; meaningless outside.
    start: [u32; BLOCK],
    inside: [bool; BLOCK],
    wx: [[f32; BLOCK]; 4],
    wy: [[f32; BLOCK]; 4],
}

impl Canvas {
    /// As [`Self::taps`], for a block of places.
    #[inline(always)]
    pub fn taps16(&self, x: &[f32; BLOCK], y: &[f32; BLOCK]) -> Taps16 {
        let (left, top) = (self.area.x as f32 + 0.5, self.area.y as f32 + 0.5);
        let (end_x, end_y) = (self.area.width as f32 - 2.0, self.area.height as f32 - 2.0);
        let stride = self.planes.first().map_or(0, Plane::stride) as i32;
        let mut taps =
            Taps16 { start: [0; BLOCK], inside: [false; BLOCK], wx: [[0.0; BLOCK]; 4], wy: [[0.0; BLOCK]; 4] };
        for i in 0..BLOCK {
            let (x, y) = (x[i] - left, y[i] - top);
            taps.inside[i] = (x >= 1.0) & (y >= 1.0) & (x < end_x) & (y < end_y);
            let (x, y) = (x.max(1.0).min(end_x.max(1.0)), y.max(1.0).min(end_y.max(1.0)));
            let (ix, iy) = (x as i32, y as i32);
            let (wx, wy) = (spline_weights(x - ix as f32), spline_weights(y - iy as f32));
            taps.start[i] = ((iy - 1) * stride + ix - 1) as u32;
            for k in 0..4 {
                taps.wx[k][i] = wx[k];
                taps.wy[k][i] = wy[k];
            }
        }
        taps
    }
}

impl Taps16 {
    /// The value of a plane at the place `i` of the block; 0 outside.
    #[inline(always)]
    pub fn value(&self, plane: &Plane<f32>, i: usize) -> f32 {
        if !self.inside[i] {
            return 0.0;
        }
        let (stride, data) = (plane.stride(), plane.data());
        let mut columns = [0f32; 4];
        let mut start = self.start[i] as usize;
        for wy in &self.wy {
            let row = &data[start..start + 4];
            for (column, v) in columns.iter_mut().zip(row) {
                *column += wy[i] * v;
            }
            start += stride;
        }
        (self.wx[0][i] * columns[0] + self.wx[1][i] * columns[1])
            + (self.wx[2][i] * columns[2] + self.wx[3][i] * columns[3])
    }

    /// True where the place `i` lies on the canvas.
    #[inline(always)]
    pub fn is_inside(&self, i: usize) -> bool {
        self.inside[i]
    }
}

#[inline(always)]
fn spline_weights(f: f32) -> [f32; 4] {
    let g = 1.0 - f;
    let (f2, g2) = (f * f, g * g);
    [
        g2 * g * (1.0 / 6.0),
        (4.0 - 6.0 * f2 + 3.0 * f2 * f) * (1.0 / 6.0),
        (4.0 - 6.0 * g2 + 3.0 * g2 * g) * (1.0 / 6.0),
        f2 * f * (1.0 / 6.0),
    ]
}

/// What the samples of a cubic B-spline do to a frequency in cycles per sample: its coefficients must be amplified
/// by the inverse.
pub fn spline_transfer(frequency: f64) -> f64 {
    (2.0 + (std::f64::consts::TAU * frequency).cos()) / 3.0
}
