//! AVIF: one 10-bit AV1 picture (AV1 Image File Format 1.1), with EXIF; colour is told by code points, not ICC.

use crate::error::check_size;
use crate::metadata::Metadata;
use crate::picture::Rows;
use crate::{Chroma, ColorSpace, EncodeOptions, Error, Result};
use avif_serialize::{Aviffy, constants};
use rav1e::prelude::*;
use std::io::Write;

/// The longest side (AV1 level 6 and the 16 bits of its frame size).
const LIMIT: usize = 65_535;
/// Independent parts of the picture: fixed, so that the bytes do not depend on the number of threads.
const TILES: usize = 8;
/// Pixels below which a tile of its own does not pay.
const TILE_PIXELS: usize = 256 * 256;

/// Writes a 10-bit AVIF.
///
/// The encoder works on the whole picture: it takes about 15 bytes a pixel of memory, and seconds of time for a phone's
/// picture; see [`EncodeOptions::speed`].
///
/// # Errors
/// [`Error::Empty`], [`Error::TooLarge`], [`Error::Encoder`], [`Error::Write`].
pub fn write_avif(
    mut out: impl Write,
    picture: &impl Rows<u16>,
    metadata: &Metadata,
    options: &EncodeOptions,
) -> Result<()> {
    let (width, height) = (picture.width(), picture.height());
    check_size("AVIF", LIMIT, width, height)?;
    let av1 = compress(picture, metadata.color_space, options)?;
    let mut container = Aviffy::new();
    container
        .set_matrix_coefficients(constants::MatrixCoefficients::Bt601)
        .set_transfer_characteristics(constants::TransferCharacteristics::Srgb)
        .set_color_primaries(match metadata.color_space {
            ColorSpace::Srgb => constants::ColorPrimaries::Bt709,
            ColorSpace::DisplayP3 => constants::ColorPrimaries::DisplayP3,
        })
        .set_full_color_range(true)
        .set_chroma_subsampling(match options.chroma {
            Chroma::Half => (true, true),
            Chroma::Full => (false, false),
        })
        .set_seq_profile(if options.chroma == Chroma::Half { 0 } else { 1 })
        .set_exif(metadata.exif_block(width, height, usize::MAX, false));
    container.write(&mut out, &av1, None, width as u32, height as u32, 10)?;
    out.flush()?;
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Encoder { format: "AVIF", message: error.to_string() }
}

/// The AV1 bytes of the picture.
fn compress(picture: &impl Rows<u16>, space: ColorSpace, options: &EncodeOptions) -> Result<Vec<u8>> {
    let (width, height) = (picture.width(), picture.height());
    let quantizer = quantizer(options.quality.clamp(1, 100));
    let mut speed = SpeedSettings::from_preset(options.speed.clamp(1, 10));
    // settings for films cost time and give a single picture nothing
    speed.multiref = false;
    speed.rdo_lookahead_frames = 1;
    speed.scene_detection_mode = SceneDetectionSpeed::None;
    speed.motion.include_near_mvs = false;
    speed.motion.use_satd_subpel = false;
    // smoothing filters cost texture at photographic quality
    speed.cdef &= quantizer > 128;
    speed.lrf &= quantizer > 128;
    let config = Config::new().with_encoder_config(EncoderConfig {
        width,
        height,
        bit_depth: 10,
        chroma_sampling: match options.chroma {
            Chroma::Half => ChromaSampling::Cs420,
            Chroma::Full => ChromaSampling::Cs444,
        },
        pixel_range: PixelRange::Full,
        color_description: Some(ColorDescription {
            color_primaries: match space {
                ColorSpace::Srgb => ColorPrimaries::BT709,
                ColorSpace::DisplayP3 => ColorPrimaries::SMPTE432,
            },
            transfer_characteristics: TransferCharacteristics::SRGB,
            matrix_coefficients: MatrixCoefficients::BT601,
        }),
        still_picture: true,
        quantizer,
        min_quantizer: quantizer as u8,
        tune: Tune::Psychovisual,
        tiles: (width * height / TILE_PIXELS).clamp(1, TILES),
        speed_settings: speed,
        ..EncoderConfig::default()
    });
    let mut context: Context<u16> = config.new_context().map_err(failed)?;
    let mut frame = context.new_frame();
    fill(picture, options.chroma, &mut frame);
    context.send_frame(frame).map_err(failed)?;
    context.flush();
    let mut av1 = Vec::new();
    loop {
        match context.receive_packet() {
            Ok(packet) => av1.extend(packet.data),
            Err(EncoderStatus::Encoded | EncoderStatus::NeedMoreData) => {}
            Err(EncoderStatus::LimitReached) => return Ok(av1),
            Err(error) => return Err(failed(error)),
        }
    }
}

/// AV1's base quantiser index (1 to 255) of a quality: straight lines through what gives files of about the size and
/// look of a JPEG of 90 and of 60 at two thirds of its bytes.
fn quantizer(quality: u8) -> usize {
    let loss = 1.0 - f32::from(quality) / 100.0;
    let scale = if loss <= 0.18 { loss * 2.6 } else { 0.468 + (loss - 0.18) * 0.65 };
    ((scale * 255.0).round() as usize).clamp(1, 255)
}

/// Luma and colour differences of BT.601 in 10 bit, full range, into the encoder's planes.
fn fill(picture: &impl Rows<u16>, chroma: Chroma, frame: &mut Frame<u16>) {
    let (width, height) = (picture.width(), picture.height());
    let step = if chroma == Chroma::Half { 2 } else { 1 };
    let mut rgb: [Vec<u16>; 3] = [(); 3].map(|()| vec![0; width]);
    let mut sums: [Vec<f32>; 2] = [(); 2].map(|()| vec![0.0; width.div_ceil(step)]);
    let scale = 1023.0 / 65535.0;
    let [luma, cb, cr] = &mut frame.planes;
    let (mut luma, mut cb, mut cr) =
        (luma.mut_slice(Default::default()), cb.mut_slice(Default::default()), cr.mut_slice(Default::default()));
    let (mut luma, mut cb, mut cr) = (luma.rows_iter_mut(), cb.rows_iter_mut(), cr.rows_iter_mut());
    for top in (0..height).step_by(step) {
        let rows = step.min(height - top);
        sums.iter_mut().for_each(|s| s.fill(0.0));
        for y in top..top + rows {
            let [r, g, b] = &mut rgb;
            picture.fill(0, y, [r, g, b]);
            let Some(out) = luma.next() else { return };
            for x in 0..width {
                let [r, g, b] = [r[x], g[x], b[x]].map(|v| f32::from(v) * scale);
                let y = 0.299 * r + 0.587 * g + 0.114 * b;
                out[x] = (y + 0.5) as u16;
                sums[0][x / step] += (b - y) / 1.772;
                sums[1][x / step] += (r - y) / 1.402;
            }
        }
        for (rows_out, sums) in [(&mut cb, &sums[0]), (&mut cr, &sums[1])] {
            let Some(out) = rows_out.next() else { return };
            for (x, &sum) in sums.iter().enumerate() {
                let count = (rows * step.min(width - x * step)) as f32;
                out[x] = (sum / count + 512.5).clamp(0.0, 1023.0) as u16;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rgb16;

    #[test]
    fn files_have_their_boxes_and_any_number_of_threads_gives_the_same() {
        for (w, h) in [(1, 1), (17, 33), (600, 301)] {
            for chroma in [Chroma::Half, Chroma::Full] {
                let data = (0..w * h).flat_map(|i| [(i * 97) as u16, (i / w * 500) as u16, 30_000]).collect();
                let picture = Rgb16::from_vec(w, h, data).unwrap();
                let metadata = Metadata { color_space: ColorSpace::DisplayP3, ..Metadata::default() };
                let options = EncodeOptions { chroma, speed: 10, ..EncodeOptions::default() };
                let encode = |threads| {
                    let mut out = Vec::new();
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    pool.install(|| write_avif(&mut out, &picture, &metadata, &options)).unwrap();
                    out
                };
                let file = encode(1);
                assert_eq!(&file[4..12], b"ftypavif");
                let colr = file.windows(8).position(|w| w == b"colrnclx").unwrap();
                assert_eq!(file[colr + 8..colr + 15], [0, 12, 0, 13, 0, 6, 0x80]);
                assert!(file == encode(3));
            }
        }
    }

    #[test]
    fn better_quality_quantises_less() {
        assert!((2..=100).all(|q| quantizer(q) <= quantizer(q - 1)));
        assert_eq!(quantizer(100), 1);
        assert!(quantizer(1) <= 255);
    }
}
