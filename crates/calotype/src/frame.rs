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
        /// Lens shading that is still to be undone, per colour.
        shading: [Option<Shading>; 3],
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

/// The pixels of a file with all that merging needs to know of them: OpcodeList2 is applied, but for its gain maps,
/// which become shading.
pub(crate) fn pixels(info: &DngInfo, image: RawImage, exposure: f32, warn: &mut dyn FnMut(String)) -> Pixels {
    let noise = info.noise_profile.unwrap_or_else(|| assumed_noise(info));
    let (mut planes, cfa) = match image {
        RawImage::Cfa { samples, cfa } => (vec![samples], Some(cfa)),
        RawImage::Mono { samples } => (vec![samples], Some(Cfa::MONO)),
        RawImage::Linear { planes } => (planes.into(), None),
    };
    let opcodes = linear_opcodes(info, &mut planes, cfa.is_some_and(|c| !c.is_mono()), warn);
    let shading = |plane: usize, of: &Plane<u16>| opcode::plane_shading(&opcodes, plane, of.width(), of.height());
    let mut planes = planes.into_iter();
    let mut next = || planes.next().unwrap_or_else(|| Plane::new(0, 0));
    match cfa {
        Some(cfa) => {
            let samples = next();
            let shading = shading(0, &samples);
            Pixels::Mosaic(RawFrame { samples, cfa, noise, exposure, shading })
        }
        None => {
            let planes = [next(), next(), next()];
            let shading = [0, 1, 2].map(|c| shading(c, &planes[c]));
            Pixels::Linear { planes, noise, shading }
        }
    }
}

/// Applies OpcodeList2 to linear samples and hands it out for what is left to do. A list that cannot be read or applied is
/// left out whole, with a warning.
fn linear_opcodes(
    info: &DngInfo,
    planes: &mut [Plane<u16>],
    is_mosaic: bool,
    warn: &mut dyn FnMut(String),
) -> Vec<opcode::Opcode> {
    let applied = opcode::parse(2, &info.opcode_lists[1]).and_then(|(opcodes, mut warnings)| {
        warnings.extend(opcode::apply_linear(&opcodes, planes, is_mosaic)?);
        Ok((opcodes, warnings))
    });
    match applied {
        Ok((opcodes, warnings)) => {
            warnings.iter().for_each(|w| warn(w.to_string()));
            opcodes
        }
        Err(e) => {
            warn(format!("lens shading and other corrections were left out: {e}"));
            Vec::new()
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
