//! Raw pictures, for measures that see the sensor itself.

use super::Input;
use crate::{LabError, Region, Result};
use calotype_dng::{DngInfo, RawImage};
use calotype_image::{Cfa, CfaColor, Plane, raw_to_linear};

/// Samples of a sensor: linear, black 0, saturation 1, not white balanced, shading not corrected.
#[derive(Clone, Debug)]
pub struct RawPicture {
    /// Where it came from, for messages.
    pub name: String,
    /// One sample per photosite of the active area.
    pub samples: Plane<f32>,
    /// The filters, from the top left sample; [`Cfa::MONO`] for a sensor without.
    pub cfa: Cfa,
    /// What the file says.
    pub info: DngInfo,
}

pub(super) fn read(file: &Input<'_>) -> Result<RawPicture> {
    let dng = calotype_dng::read(file.bytes, &calotype_dng::Limits::default()).map_err(|e| file.wrong(e))?;
    let (width, height) = dng.image.size();
    file.check_size(width, height)?;
    let (samples, cfa) = match &dng.image {
        RawImage::Cfa { samples, cfa } => (samples, *cfa),
        RawImage::Mono { samples } => (samples, Cfa::MONO),
        RawImage::Linear { .. } => {
            return Err(file.wrong("a linear DNG, demosaiced already; raw measures need a mosaic"));
        }
    };
    let samples = Plane::from_fn(width, height, |x, y| raw_to_linear(samples.get(x, y)));
    Ok(RawPicture { name: file.name(), samples, cfa, info: dng.info })
}

impl RawPicture {
    /// Samples across and down.
    pub fn size(&self) -> (usize, usize) {
        (self.samples.width(), self.samples.height())
    }

    /// Camera colours at half size: each pixel is the mean of the samples of its colour in a 2x2 cell. Linear, black 0,
    /// saturation 1, not white balanced.
    pub fn half(&self) -> [Plane<f32>; 3] {
        let (width, height) = (self.samples.width() / 2, self.samples.height() / 2);
        let cell = |color: usize| {
            let at: Vec<(usize, usize)> = (0..4)
                .map(|i| (i & 1, i >> 1))
                .filter(|&(x, y)| self.cfa.is_mono() || self.cfa.color_at(x, y) as usize == color)
                .collect();
            Plane::from_fn(width, height, |x, y| {
                at.iter().map(|&(dx, dy)| self.samples.get(2 * x + dx, 2 * y + dy)).sum::<f32>()
                    / at.len().max(1) as f32
            })
        };
        [cell(0), cell(1), cell(2)]
    }

    /// The samples of one photosite of the 2x2 cell, `phase` = (column, row), as a picture of half size.
    pub fn phase(&self, phase: (usize, usize)) -> Plane<f32> {
        Plane::from_fn(
            (self.samples.width() - phase.0).div_ceil(2),
            (self.samples.height() - phase.1).div_ceil(2),
            |x, y| self.samples.get(2 * x + phase.0, 2 * y + phase.1),
        )
    }

    /// The four photosites of the cell with their colours.
    pub fn phases(&self) -> [((usize, usize), CfaColor); 4] {
        [(0, 0), (1, 0), (0, 1), (1, 1)].map(|at| (at, self.cfa.color_at(at.0, at.1)))
    }

    /// The part inside `region`, grown to whole cells.
    ///
    /// # Errors
    /// [`LabError::Outside`].
    pub fn crop(&self, region: Region) -> Result<Self> {
        let mut rect = region.inside(&self.name, self.size())?;
        rect.width += rect.x & 1;
        rect.height += rect.y & 1;
        rect.x &= !1;
        rect.y &= !1;
        Ok(Self { name: self.name.clone(), samples: self.samples.crop(rect), cfa: self.cfa, info: self.info.clone() })
    }

    /// Says that two raws do not belong together.
    pub(crate) fn check_like(&self, other: &Self) -> Result<()> {
        if self.size() != other.size() || self.cfa != other.cfa {
            return Err(LabError::SizeMismatch {
                first_name: format!("{} ({})", self.name, self.cfa),
                first: self.size(),
                second_name: format!("{} ({})", other.name, other.cfa),
                second: other.size(),
            });
        }
        Ok(())
    }
}
