//! From a file's samples to a frame that can be merged.

use calotype_dng::{DngInfo, RawImage, opcode};
use calotype_image::{Cfa, NoiseModel, Plane, RawFrame, Shading};

/// The pixels of a frame.
#[derive(Clone, Debug)]
pub enum Pixels {
    /// One sample per photosite, to be merged and demosaiced.
    Mosaic(RawFrame),
    /// Three camera colours per pixel, as codes (black at [`calotype_image::RAW_BLACK`]), with their noise.
    Linear {
        /// Red, green, blue.
        planes: [Plane<u16>; 3],
        /// Noise of the linear signal.
        noise: NoiseModel,
    },
}

impl Pixels {
    /// Pixels across and down.
    pub fn size(&self) -> (usize, usize) {
        let plane = match self {
            Self::Mosaic(frame) => &frame.samples,
            Self::Linear { planes, .. } => &planes[0],
        };
        (plane.width(), plane.height())
    }

    /// Noise of the linear signal.
    pub fn noise(&self) -> NoiseModel {
        match self {
            Self::Mosaic(frame) => frame.noise,
            Self::Linear { noise, .. } => *noise,
        }
    }
}

/// The pixels of a file with all that merging needs to know of them.
pub(crate) fn pixels(info: &DngInfo, image: RawImage, exposure: f32, warn: &mut dyn FnMut(String)) -> Pixels {
    match image {
        RawImage::Cfa { samples, cfa } => Pixels::Mosaic(mosaic(info, samples, cfa, exposure, warn)),
        RawImage::Mono { samples } => Pixels::Mosaic(mosaic(info, samples, Cfa::MONO, exposure, warn)),
        RawImage::Linear { planes } => {
            let noise = info.noise_profile.unwrap_or_else(|| assumed_noise(info));
            Pixels::Linear { planes, noise }
        }
    }
}

fn mosaic(info: &DngInfo, samples: Plane<u16>, cfa: Cfa, exposure: f32, warn: &mut dyn FnMut(String)) -> RawFrame {
    let shading = shading(info, samples.width(), samples.height(), warn);
    let noise = info.noise_profile.unwrap_or_else(|| assumed_noise(info));
    RawFrame { samples, cfa, noise, exposure, shading }
}

/// Lens shading from the gain maps of OpcodeList2.
fn shading(info: &DngInfo, width: usize, height: usize, warn: &mut dyn FnMut(String)) -> Option<Shading> {
    match opcode::parse(2, &info.opcode_lists[1]) {
        Ok((opcodes, _)) => opcode::shading(&opcodes, width, height),
        Err(e) => {
            warn(format!("lens shading was left out: {e}"));
            None
        }
    }
}

/// A plausible noise model where neither the file nor the frame tells: a small sensor's full well of 5000 electrons
/// and 3 electrons of read noise at ISO 100, both growing with gain as they do behind an amplifier.
fn assumed_noise(info: &DngInfo) -> NoiseModel {
    let gain = info.exif.iso.filter(|v| v.is_finite() && *v > 0.0).unwrap_or(100.0) as f32 / 100.0;
    let (well, read) = (5000.0, 3.0);
    NoiseModel::uniform(gain / well, (gain * read / well).powi(2))
}

/// Signal per scene light of every frame, relative to the first: time x ISO / f-number^2.
///
/// Where one file lacks time or sensitivity, all frames count as equal, with a warning if there are several.
pub(crate) fn exposures<'a>(infos: impl Iterator<Item = &'a DngInfo>, warnings: &mut Vec<String>) -> Vec<f32> {
    let of = |info: &DngInfo| {
        let positive = |v: Option<f64>| v.filter(|v| v.is_finite() && *v > 0.0);
        let aperture = positive(info.exif.f_number).unwrap_or(1.0);
        Some(positive(info.exif.exposure_time_s)? * positive(info.exif.iso)? / (aperture * aperture))
    };
    let values: Vec<Option<f64>> = infos.map(of).collect();
    match (values.iter().copied().collect::<Option<Vec<f64>>>(), values.first().copied().flatten()) {
        (Some(all), Some(first)) => all.iter().map(|v| (v / first) as f32).collect(),
        _ => {
            if values.len() > 1 {
                warnings
                    .push("exposure time or sensitivity is missing: the frames are taken as equally exposed".into());
            }
            vec![1.0; values.len()]
        }
    }
}
