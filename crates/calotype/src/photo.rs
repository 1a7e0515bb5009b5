//! A finished photograph.

use crate::metadata::metadata;
use crate::{Diagnostics, Error, Output, Record, Report};
use calotype_codec::{
    Chroma, EncodeOptions, Format, GainMapImage, ScenePrimaries, save, write_avif, write_exr, write_jpeg, write_jxl,
    write_png, write_tiff,
};
use calotype_dng::DngInfo;
use calotype_image::{DisplayRgb, Progress, SceneRgb, Step};
use std::path::Path;

/// A finished photograph, upright and cropped.
#[derive(Clone, Debug)]
pub struct Photo {
    /// The picture.
    pub picture: PhotoPicture,
    /// The format it was made for.
    pub format: Format,
    /// What the reference frame's file says.
    pub info: DngInfo,
    /// Everything that was decided.
    pub report: Report,
    /// What it was made with, to be stored in it; a photograph that has just been made has none, since its files are not
    /// known here.
    pub record: Option<Record>,
    /// Pictures of what was merged, where they were asked for.
    pub diagnostics: Diagnostics,
}

/// The picture of a photograph.
#[derive(Clone, Debug)]
pub enum PhotoPicture {
    /// For a display, with what an HDR display adds to it.
    Display {
        /// Linear light in the primaries of the output space, white = 1.
        picture: DisplayRgb,
        /// What an HDR display adds.
        gain_map: Option<GainMapImage>,
    },
    /// The light of the scene, saturation of the reference frame = 1.
    Scene(SceneRgb),
}

impl Photo {
    /// Pixels across and down.
    pub fn size(&self) -> (usize, usize) {
        match &self.picture {
            PhotoPicture::Display { picture, .. } => (picture.width(), picture.height()),
            PhotoPicture::Scene(picture) => (picture.width(), picture.height()),
        }
    }

    /// Writes the photograph to a file that appears whole or not at all.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&self, path: &Path, overwrite: bool, output: &Output, progress: &dyn Progress) -> Result<(), Error> {
        progress.report(Step::Write, 0.0)?;
        let mut options = EncodeOptions::with_quality(output.quality);
        options.chroma = if output.subsample_chroma { Chroma::Half } else { Chroma::Full };
        let mut metadata = metadata(&self.info, output.space);
        metadata.xmp = self.record.as_ref().map(Record::to_xmp);
        save(path, overwrite, |file| match &self.picture {
            PhotoPicture::Scene(picture) => write_exr(file, picture, ScenePrimaries::Rec709, &metadata, &options),
            PhotoPicture::Display { picture, gain_map } => match self.format {
                Format::Tiff => write_tiff(file, picture, &metadata, &options),
                Format::Png => write_png(file, picture, &metadata),
                Format::Avif => write_avif(file, picture, &metadata, &options),
                Format::Jxl => write_jxl(file, picture, &metadata),
                _ => write_jpeg(file, picture, gain_map.as_ref(), &metadata, &options),
            },
        })?;
        progress.report(Step::Write, 1.0)?;
        Ok(())
    }
}

/// Writes a small file in one step: it appears whole or not at all.
///
/// # Errors
/// [`Error::Write`].
pub fn save_bytes(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), Error> {
    use std::io::Write;
    save(path, overwrite, |file| Ok(file.write_all(bytes)?))?;
    Ok(())
}
