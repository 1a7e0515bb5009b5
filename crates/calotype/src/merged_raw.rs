//! A merged burst as one raw frame.

use crate::merging::{OneFrame, Picture};
use crate::{Diagnostics, Error, Report};
use calotype_codec::{EncodeOptions, Metadata, save, to_rgb8, write_jpeg};
use calotype_color::{CameraModel, WhiteBalance};
use calotype_develop::{Exposure, ExposureParams, camera_color, proxy};
use calotype_dng::DngInfo;
use calotype_dng::write::{MergedDng, Preview, write_merged};
use calotype_image::{Cfa, NoiseModel, Plane, Progress, Rect, Step, par};
use calotype_look::{Look, OutputSpace};
use std::io::Write;
use std::path::Path;

/// Code of black: room below it for noise.
const BLACK: u16 = 2048;
/// Code of white.
const WHITE: u16 = 65535;
/// Pixels of the preview, at most.
const PREVIEW_PIXELS: usize = 1 << 20;

/// A merged burst as one raw frame, to be written as DNG.
#[derive(Clone, Debug)]
pub struct MergedRaw {
    /// Codes of the active area: black at 2048, the brightest signal the burst could record at 65535.
    pub samples: Plane<u16>,
    /// The filters, from the top left sample.
    pub cfa: Cfa,
    /// What the reference frame's file says.
    pub info: DngInfo,
    /// Noise of the samples, for black 0 and white 1.
    pub noise: NoiseModel,
    /// Stops by which the samples are darker than the reference frame, because shorter exposures reached further.
    pub darkened_ev: f64,
    /// The same for the same frames and choices.
    pub unique_id: [u8; 16],
    /// A small JPEG of it, stored as the sensor saw it.
    pub preview: Vec<u8>,
    /// Everything that was decided.
    pub report: Report,
    /// Pictures of what was merged, where they were asked for.
    pub diagnostics: Diagnostics,
}

impl MergedRaw {
    pub(crate) fn new(frame: OneFrame) -> Result<Self, Error> {
        let OneFrame { info, content, picture, noise, mut report, diagnostics } = frame;
        let merged = match picture {
            Picture::Merged(merged) => *merged,
            Picture::Linear(_) => {
                let name = report.frames.get(report.reference).map(|f| f.name.clone()).unwrap_or_default();
                return Err(Error::LinearBurst { name });
            }
        };
        let preview = preview(&merged, &info)?;
        let (cfa, white) = (merged.mosaic.cfa, merged.white.max(1.0));
        let mosaic = merged.into_raw();
        let (width, height) = (mosaic.samples.width(), mosaic.samples.height());
        let mut samples = Plane::<u16>::new(width, height);
        let scale = f32::from(WHITE - BLACK) / white;
        par::bands_mut(&mut samples, 64, |top, mut band| {
            for y in 0..band.height() {
                for (code, v) in band.row_mut(y).iter_mut().zip(mosaic.samples.row(top + y)) {
                    *code = (v * scale + (f32::from(BLACK) + 0.5)) as u16;
                }
            }
        });
        report.size = [info.default_crop.width, info.default_crop.height];
        // The choice of the reference changes the picture, so it is part of its identity.
        let unique_id = (content
            ^ (report.reference as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
        .to_be_bytes();
        Ok(Self {
            samples,
            cfa,
            noise: noise.averaged(report.effective_frames.max(1.0)).amplified(1.0 / white),
            darkened_ev: f64::from(white.log2()),
            unique_id,
            preview,
            report,
            diagnostics,
            info,
        })
    }

    /// Writes the frame as a DNG that appears whole or not at all.
    ///
    /// # Errors
    /// [`Error::Dng`], [`Error::Write`].
    pub fn write(&self, path: &Path, overwrite: bool, progress: &dyn Progress) -> Result<(), Error> {
        progress.report(Step::Write, 0.0)?;
        let bytes = self.to_dng()?;
        progress.report(Step::Write, 0.5)?;
        save(path, overwrite, |file| Ok(file.write_all(&bytes)?))?;
        progress.report(Step::Write, 1.0)?;
        Ok(())
    }

    /// The bytes of the DNG.
    ///
    /// # Errors
    /// [`Error::Dng`].
    pub fn to_dng(&self) -> Result<Vec<u8>, Error> {
        let whole = Rect::whole(self.samples.width(), self.samples.height());
        let crop = self.info.default_crop;
        let used = self.report.frames.iter().filter(|f| f.used).count();
        let mut bytes = Vec::new();
        let merged = MergedDng {
            samples: &self.samples,
            cfa: self.cfa,
            black: BLACK,
            white: WHITE,
            default_crop: if crop.fits(whole.width, whole.height) { crop } else { whole },
            info: &self.info,
            noise: self.noise,
            baseline_exposure_ev: self.info.baseline_exposure_ev + self.darkened_ev,
            preview: (!self.preview.is_empty()).then_some(Preview::Jpeg(&self.preview)),
            unique_id: self.unique_id,
            frames: [self.report.frames.len().min(65535) as u16, used.min(65535) as u16],
            shading_applied: false,
        };
        write_merged(&mut bytes, &merged)?;
        Ok(bytes)
    }
}

/// A small rendered picture, not turned; empty for a mosaic without a whole cell.
fn preview(merged: &calotype_burst::Merged, info: &DngInfo) -> Result<Vec<u8>, Error> {
    let cells = merged.cells();
    if cells.width() == 0 || cells.height() == 0 {
        return Ok(Vec::new());
    }
    let small = proxy::shrink(&cells, PREVIEW_PIXELS);
    let camera = CameraModel::new(&info.calibration)?.resolve(WhiteBalance::AsShot)?;
    let mut scene = camera_color(small, &camera.camera_to_scene);
    let exposure = Exposure::decide(
        &scene,
        &ExposureParams { baseline_ev: info.baseline_exposure_ev as f32, ..ExposureParams::default() },
    );
    calotype_develop::LocalToneMap::exposure_only(exposure.gain()).apply(&mut scene);
    let Some(look) = Look::builtin("neutral") else { return Ok(Vec::new()) };
    let picture = to_rgb8(&look.compile(OutputSpace::Srgb, 1.0).apply(scene));
    let mut bytes = Vec::new();
    write_jpeg(&mut bytes, &picture, None, &Metadata::default(), &EncodeOptions::with_quality(85))?;
    Ok(bytes)
}
