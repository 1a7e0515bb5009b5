//! Batches of rays, and what became of each.

use std::fmt;

/// Rays as structure of arrays, all of one wavelength. Before a trace positions refer to the first surface's vertex,
/// after it to the plane or surface where it ended; mm and direction cosines, z along the light.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rays {
    /// Position across, mm.
    pub x: Vec<f64>,
    /// Position upwards, mm.
    pub y: Vec<f64>,
    /// Position along the axis, mm.
    pub z: Vec<f64>,
    /// Direction cosine across.
    pub l: Vec<f64>,
    /// Direction cosine upwards.
    pub m: Vec<f64>,
    /// Direction cosine along the axis.
    pub n: Vec<f64>,
    /// Optical path since the start: sum of index times length, mm.
    pub opl: Vec<f64>,
    /// What became of it. A ray that was lost stands at the origin along the axis, with a path of 0.
    pub fate: Vec<Fate>,
}

/// One ray.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// Position, mm.
    pub at: [f64; 3],
    /// Direction cosines.
    pub d: [f64; 3],
    /// Optical path since the start, mm.
    pub opl: f64,
}

/// What became of a ray.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It arrived.
    #[default]
    Arrived,
    /// It was lost at a surface, counted from 1.
    Lost {
        /// The surface.
        surface: u16,
        /// How.
        why: Why,
    },
}

/// How a ray is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Outside the clear aperture, or in its obscured middle.
    Clipped,
    /// It does not meet the surface.
    Missed,
    /// It is totally reflected.
    TotalReflection,
    /// It would have to go backwards through glass: the surfaces overlap there.
    Crossed,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clipped => "outside the clear aperture",
            Self::Missed => "missing the surface",
            Self::TotalReflection => "total reflection",
            Self::Crossed => "the element is thinner than nothing there",
        })
    }
}

impl Rays {
    /// Rays that are to be traced.
    pub fn new(rays: impl IntoIterator<Item = Ray>) -> Self {
        let mut all = Self::default();
        rays.into_iter().for_each(|r| all.push(r));
        all
    }

    /// One more.
    pub fn push(&mut self, ray: Ray) {
        let Ray { at: [x, y, z], d: [l, m, n], opl } = ray;
        for (list, v) in self.columns_mut().into_iter().zip([x, y, z, l, m, n, opl]) {
            list.push(v);
        }
        self.fate.push(Fate::Arrived);
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.fate.len()
    }

    /// True for none.
    pub fn is_empty(&self) -> bool {
        self.fate.is_empty()
    }

    /// True for a ray that arrived.
    pub fn arrived(&self, i: usize) -> bool {
        self.fate[i] == Fate::Arrived
    }

    /// Ray `i`, if it arrived.
    pub fn get(&self, i: usize) -> Option<Ray> {
        self.arrived(i).then(|| Ray {
            at: [self.x[i], self.y[i], self.z[i]],
            d: [self.l[i], self.m[i], self.n[i]],
            opl: self.opl[i],
        })
    }

    /// The rays that arrived, in order.
    pub fn iter(&self) -> impl Iterator<Item = Ray> + '_ {
        (0..self.len()).filter_map(|i| self.get(i))
    }

    /// The most frequent way of being lost, with its surface.
    pub fn main_loss(&self) -> Option<(u16, Why)> {
        let mut lost: Vec<(u16, Why)> = self
            .fate
            .iter()
            .filter_map(|f| if let Fate::Lost { surface, why } = f { Some((*surface, *why)) } else { None })
            .collect();
        lost.sort_unstable();
        lost.chunk_by(|a, b| a == b).max_by_key(|c| c.len()).map(|c| c[0])
    }

    pub(super) fn columns_mut(&mut self) -> [&mut Vec<f64>; 7] {
        [&mut self.x, &mut self.y, &mut self.z, &mut self.l, &mut self.m, &mut self.n, &mut self.opl]
    }
}
