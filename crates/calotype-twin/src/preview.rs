//! The small picture in a frame's file that file browsers show: no look, no detail, the colours of the file's matrices.

use crate::frame_file::FrameFile;
use calotype_color::matrix::{IDENTITY, multiply, transform};
use calotype_color::transfer::srgb_encode;
use calotype_color::{CameraModel, RgbSpace, WhiteBalance};
use calotype_image::par;
use jpeg_encoder::{ColorType, Encoder};

/// Most pixels across.
const WIDTH: usize = 512;
/// Quality of the JPEG.
const QUALITY: u8 = 80;

/// A baseline JPEG in sRGB of whole cells of the mosaic, shading undone, distortion left.
pub(crate) fn jpeg(file: &FrameFile<'_>) -> std::io::Result<Vec<u8>> {
    let (w, h) = (file.samples.width(), file.samples.height());
    let step = 2 * w.max(h).div_ceil(2 * WIDTH);
    let (across, down) = ((w / step).max(1), (h / step).max(1));
    let camera = CameraModel::new(file.calibration).and_then(|m| m.resolve(WhiteBalance::AsShot)).ok();
    let to_rec709 = RgbSpace::Rec2020.to_space(RgbSpace::Rec709);
    let matrix = camera.as_ref().map_or(IDENTITY, |c| multiply(&to_rec709, &c.balanced_to_scene));
    let gains = camera.map_or([1.0; 3], |c| c.wb_gains.map(f64::from));
    let range = f64::from(file.white - file.black);
    let rows = par::map(down, |j| {
        let mut row = Vec::with_capacity(3 * across);
        for i in 0..across {
            let (mut sum, mut count) = ([0u64; 3], [0u64; 3]);
            for y in j * step..((j + 1) * step).min(h) {
                for x in i * step..((i + 1) * step).min(w) {
                    let c = file.cfa.color_at(x, y) as usize;
                    sum[c] += u64::from(file.samples.get(x, y));
                    count[c] += 1;
                }
            }
            let (_, _, light) = file.geometry.ideal(1, ((i * step) + step / 2) as f32, ((j * step) + step / 2) as f32);
            let balanced = [0, 1, 2].map(|c| {
                let mean = sum[c] as f64 / count[c].max(1) as f64 - f64::from(file.black);
                // what is clipped is white
                (mean / range * gains[c]).clamp(0.0, 1.0) / f64::from(light.max(0.05))
            });
            let rgb = transform(&matrix, balanced);
            row.extend(rgb.map(|v| (255.0 * srgb_encode(v.clamp(0.0, 1.0) as f32) + 0.5) as u8));
        }
        row
    });
    let mut out = Vec::new();
    Encoder::new(&mut out, QUALITY)
        .encode(&rows.concat(), across as u16, down as u16, ColorType::Rgb)
        .map_err(|e| std::io::Error::other(e.to_string()))?;
    Ok(out)
}
