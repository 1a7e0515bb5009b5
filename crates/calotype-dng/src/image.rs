//! Pixels of a DNG.

use crate::{DngInfo, Warning};
use calotype_image::{Cfa, Plane};

/// A raw picture with everything its file says.
#[derive(Clone, Debug)]
pub struct Dng {
    /// All but the pixels.
    pub info: DngInfo,
    /// The pixels.
    pub image: RawImage,
    /// What was left out.
    pub warnings: Vec<Warning>,
}

/// Samples of the active area on one scale for every camera: linear, black at
/// [`RAW_BLACK`](calotype_image::RAW_BLACK), saturation of each channel at
/// [`RAW_WHITE`](calotype_image::RAW_WHITE). OpcodeList1 is applied, lists 2 and 3 are not.
#[derive(Clone, Debug)]
pub enum RawImage {
    /// A Bayer mosaic.
    Cfa {
        /// One sample per photosite.
        samples: Plane<u16>,
        /// The filters, from the top left sample.
        cfa: Cfa,
    },
    /// A sensor without filters.
    Mono {
        /// One sample per photosite.
        samples: Plane<u16>,
    },
    /// Three camera colours (red, green, blue) at every pixel, not white balanced.
    Linear {
        /// Red, green, blue.
        planes: [Plane<u16>; 3],
    },
}

impl RawImage {
    /// Pixels across and down.
    pub fn size(&self) -> (usize, usize) {
        let plane = match self {
            Self::Cfa { samples, .. } | Self::Mono { samples } => samples,
            Self::Linear { planes } => &planes[0],
        };
        (plane.width(), plane.height())
    }
}
