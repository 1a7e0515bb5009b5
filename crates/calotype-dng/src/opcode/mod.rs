//! Opcode lists: corrections that a camera leaves to whoever reads its files (DNG 1.7.1, chapter 7).
//!
//! A file has up to three lists. The first is for the samples as stored, masked borders included; the second for
//! linear samples of the active area; the third for the demosaiced active area. [`parse`] reads a list and
//! [`encode`] writes one; [`apply_stored`] and [`apply_linear`] do the first two, and [`shading`] and
//! [`lens_correction`] hand out what is not done to samples here as plain data.
//!
//! ```
//! use calotype_dng::opcode::{self, Area, Opcode, Operation};
//!
//! let area = Area { top: 0, left: 0, bottom: 8, right: 8, plane: 0, planes: 1, row_pitch: 1, column_pitch: 1 };
//! let list = [Opcode::new(Operation::MapPolynomial { area, coefficients: vec![0.0, 0.5] })];
//! let (back, warnings) = opcode::parse(2, &opcode::encode(&list))?;
//! assert_eq!(back, list);
//! assert!(warnings.is_empty());
//! # Ok::<(), calotype_dng::DngError>(())
//! ```

mod apply;
mod bad_pixels;
mod encode;
mod parse;
mod resolve;

pub use apply::{apply_linear, apply_stored};
pub use encode::encode;
pub use parse::parse;
pub use resolve::{lens_correction, plane_shading, shading, trim_bounds};

use calotype_image::{Vignette, Warp};

/// One correction of an opcode list.
#[derive(Clone, Debug, PartialEq)]
pub struct Opcode {
    /// The DNG version that defined it, as in `[1, 3, 0, 0]`.
    pub version: [u8; 4],
    /// True where a reader may skip what it does not know.
    pub optional: bool,
    /// True where it may be skipped for previews.
    pub skip_for_preview: bool,
    /// What to do.
    pub operation: Operation,
}

/// What an opcode does.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// WarpRectilinear, WarpFisheye or WarpRectilinear2: distortion and lateral colour.
    Warp(Warp),
    /// FixVignetteRadial.
    Vignette(Vignette),
    /// FixBadPixelsConstant: samples of one value are defects.
    FixBadPixelsConstant {
        /// The value.
        constant: u32,
        /// Which colour the top left sample has.
        phase: BayerPhase,
    },
    /// FixBadPixelsList: defects at known places.
    FixBadPixelsList {
        /// Which colour the top left sample has.
        phase: BayerPhase,
        /// Single defects: row, column.
        points: Vec<[u32; 2]>,
        /// Rectangles of defects: top, left, bottom, right, the latter two beyond the last row and column.
        rects: Vec<[u32; 4]>,
    },
    /// TrimBounds: only this part of the picture holds.
    TrimBounds {
        /// First row.
        top: u32,
        /// First column.
        left: u32,
        /// Row beyond the last.
        bottom: u32,
        /// Column beyond the last.
        right: u32,
    },
    /// MapTable: 16-bit samples are replaced by the table's values; beyond its end the last one holds.
    MapTable {
        /// Where.
        area: Area,
        /// 1 to 65536 values.
        table: Vec<u16>,
    },
    /// MapPolynomial: a polynomial of samples scaled to 0 to 1.
    MapPolynomial {
        /// Where.
        area: Area,
        /// 1 to 9 coefficients, constant first.
        coefficients: Vec<f64>,
    },
    /// GainMap: shading.
    GainMap(GainMapOpcode),
    /// DeltaPerRow: added to samples scaled to 0 to 1.
    DeltaPerRow {
        /// Where.
        area: Area,
        /// One value per affected row.
        values: Vec<f32>,
    },
    /// DeltaPerColumn: added to samples scaled to 0 to 1.
    DeltaPerColumn {
        /// Where.
        area: Area,
        /// One value per affected column.
        values: Vec<f32>,
    },
    /// ScalePerRow: multiplies samples.
    ScalePerRow {
        /// Where.
        area: Area,
        /// One value per affected row.
        values: Vec<f32>,
    },
    /// ScalePerColumn: multiplies samples.
    ScalePerColumn {
        /// Where.
        area: Area,
        /// One value per affected column.
        values: Vec<f32>,
    },
}

/// The samples that an opcode touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// First row.
    pub top: u32,
    /// First column.
    pub left: u32,
    /// Row beyond the last.
    pub bottom: u32,
    /// Column beyond the last.
    pub right: u32,
    /// First colour plane.
    pub plane: u32,
    /// Number of colour planes.
    pub planes: u32,
    /// Every so many rows from `top`; at least 1.
    pub row_pitch: u32,
    /// Every so many columns from `left`; at least 1.
    pub column_pitch: u32,
}

/// The parameters of a GainMap as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct GainMapOpcode {
    /// Where.
    pub area: Area,
    /// Nodes down and across; at least 1 each.
    pub points: [u32; 2],
    /// Distance of nodes down and across, in fractions of the picture's height and width.
    pub spacing: [f64; 2],
    /// Place of the first node down and across, in the same fractions.
    pub origin: [f64; 2],
    /// Gains per node; planes beyond this number use the last one.
    pub map_planes: u32,
    /// Row by row, node by node, plane by plane.
    pub gains: Vec<f32>,
}

/// The colour of a picture's top left sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum BayerPhase {
    /// Red.
    Red = 0,
    /// Green, red beside it.
    GreenInRedRow = 1,
    /// Green, blue beside it.
    GreenInBlueRow = 2,
    /// Blue.
    Blue = 3,
}

impl BayerPhase {
    /// True where the sample at (x, y) is green.
    fn is_green(self, x: usize, y: usize) -> bool {
        let odd = (x ^ y) & 1 == 1;
        match self {
            Self::Red | Self::Blue => odd,
            Self::GreenInRedRow | Self::GreenInBlueRow => !odd,
        }
    }
}

impl Opcode {
    /// A required opcode of the version that defined the operation.
    pub fn new(operation: Operation) -> Self {
        let version = if encode::id(&operation) == 14 { [1, 6, 0, 0] } else { [1, 3, 0, 0] };
        Self { version, optional: false, skip_for_preview: false, operation }
    }

    /// The standard's name of the opcode.
    pub fn name(&self) -> &'static str {
        name(encode::id(&self.operation)).unwrap_or("opcode")
    }
}

/// The standard's name of an opcode's number; `None` for one it does not define.
fn name(id: u32) -> Option<&'static str> {
    const NAMES: [&str; 14] = [
        "WarpRectilinear",
        "WarpFisheye",
        "FixVignetteRadial",
        "FixBadPixelsConstant",
        "FixBadPixelsList",
        "TrimBounds",
        "MapTable",
        "MapPolynomial",
        "GainMap",
        "DeltaPerRow",
        "DeltaPerColumn",
        "ScalePerRow",
        "ScalePerColumn",
        "WarpRectilinear2",
    ];
    NAMES.get((id as usize).checked_sub(1)?).copied()
}

impl Area {
    /// Every sample of a picture of one plane.
    pub fn whole(width: u32, height: u32) -> Self {
        Self { top: 0, left: 0, bottom: height, right: width, plane: 0, planes: 1, row_pitch: 1, column_pitch: 1 }
    }

    /// Rows touched in a picture of any height.
    pub fn rows(&self) -> u32 {
        self.bottom.saturating_sub(self.top).div_ceil(self.row_pitch.max(1))
    }

    /// Columns touched in a picture of any width.
    pub fn columns(&self) -> u32 {
        self.right.saturating_sub(self.left).div_ceil(self.column_pitch.max(1))
    }

    /// True where it touches that colour plane.
    pub fn has_plane(&self, plane: usize) -> bool {
        let plane = plane as u64;
        plane >= u64::from(self.plane) && plane < u64::from(self.plane) + u64::from(self.planes)
    }

    /// True where it touches that row.
    fn touches_row(&self, y: usize) -> bool {
        y >= self.top as usize
            && y < self.bottom as usize
            && (y - self.top as usize).is_multiple_of(self.row_pitch.max(1) as usize)
    }

    /// First column, end and step in a picture of that width.
    fn column_range(&self, width: usize) -> (usize, usize, usize) {
        let end = width.min(self.right as usize);
        ((self.left as usize).min(end), end, self.column_pitch.max(1) as usize)
    }
}
