//! OpenEXR: scene-linear float, single-part scan lines, ZIP compressed (OpenEXR file layout, version 2).
//!
//! Attributes and bytes come out in one fixed order, and rows are converted on the way to the file, so that the only
//! full-size picture is the caller's.

use crate::error::check_size;
use crate::metadata::Metadata;
use crate::quantize::in_order;
use crate::tiff::deflate;
use crate::{EncodeOptions, Result};
use calotype_color::{RgbSpace, matrix};
use calotype_image::SceneRgb;
use std::io::{Seek, SeekFrom, Write};

/// The longest side (sizes are signed 32-bit numbers).
const LIMIT: usize = i32::MAX as usize;
/// Scan lines in a ZIP block.
const BLOCK: usize = 16;

/// The primaries of a scene-linear file. White is D65 in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScenePrimaries {
    /// Rec.709, as most readers take OpenEXR to be. Colours outside it are negative numbers, which the format keeps.
    #[default]
    Rec709,
    /// Rec.2020, the engine's own: the numbers are written as they are.
    Rec2020,
}

impl ScenePrimaries {
    /// The linear space.
    pub fn rgb(self) -> RgbSpace {
        match self {
            Self::Rec709 => RgbSpace::Rec709,
            Self::Rec2020 => RgbSpace::Rec2020,
        }
    }
}

/// Writes the scene-linear picture (Rec.2020, 0.18 is mid grey) as OpenEXR with channels R, G, B.
///
/// `primaries` are those of the file. Samples are 32-bit floats, or halves with `options.half_float`. Not-a-number and
/// infinite values are kept as they are.
///
/// # Errors
/// [`crate::Error::Empty`], [`crate::Error::TooLarge`], [`crate::Error::Write`].
pub fn write_exr(
    mut out: impl Write + Seek,
    picture: &SceneRgb,
    primaries: ScenePrimaries,
    metadata: &Metadata,
    options: &EncodeOptions,
) -> Result<()> {
    let (width, height) = (picture.width(), picture.height());
    check_size("OpenEXR", LIMIT, width, height)?;
    let matrix = match primaries {
        ScenePrimaries::Rec2020 => None,
        other => Some(matrix::to_f32(&RgbSpace::Rec2020.to_space(other.rgb()))),
    };
    let start = out.stream_position()?;
    let head = header(width, height, primaries, metadata, options.half_float);
    out.write_all(&head)?;
    let blocks = height.div_ceil(BLOCK);
    let mut offsets = Vec::with_capacity(blocks);
    out.write_all(&vec![0; 8 * blocks])?;
    let mut at = (head.len() + 8 * blocks) as u64;
    in_order(
        blocks,
        |i| block(picture, i * BLOCK, matrix, options.half_float),
        |block| {
            offsets.push(at);
            at += block.len() as u64;
            out.write_all(&block)
        },
    )?;
    let end = out.stream_position()?;
    out.seek(SeekFrom::Start(start + head.len() as u64))?;
    out.write_all(&offsets.iter().flat_map(|o| o.to_le_bytes()).collect::<Vec<_>>())?;
    out.seek(SeekFrom::Start(end))?;
    out.flush()?;
    Ok(())
}

/// The magic number, the version and the attributes.
fn header(width: usize, height: usize, primaries: ScenePrimaries, metadata: &Metadata, half: bool) -> Vec<u8> {
    let mut out = vec![0x76, 0x2F, 0x31, 0x01, 2, 0, 0, 0];
    let mut attribute = |name: &str, kind: &str, value: &[u8]| {
        out.extend(name.bytes().chain([0]).chain(kind.bytes()).chain([0]));
        out.extend((value.len() as u32).to_le_bytes());
        out.extend(value);
    };
    let floats = |v: &[f64]| v.iter().flat_map(|&v| (v as f32).to_le_bytes()).collect::<Vec<u8>>();
    let text = |v: &Option<String>| v.as_deref().map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned);
    let fraction = |v: Option<(u32, u32)>| v.filter(|v| v.1 != 0).map(|(n, d)| f64::from(n) / f64::from(d));
    let exif = &metadata.exif;

    let mut channels = Vec::new();
    for name in [b'B', b'G', b'R'] {
        channels.extend([name, 0, if half { 1 } else { 2 }, 0, 0, 0, 0, 0, 0, 0]);
        channels.extend([1, 0, 0, 0, 1, 0, 0, 0]); // no subsampling
    }
    channels.push(0);
    let window: Vec<u8> =
        [0, 0, width as i32 - 1, height as i32 - 1].iter().flat_map(|v: &i32| v.to_le_bytes()).collect();
    let space = primaries.rgb().primaries();
    let [r, g, b] = space.rgb;
    attribute("channels", "chlist", &channels);
    attribute("chromaticities", "chromaticities", &floats(&[r, g, b, space.white].concat()));
    attribute("compression", "compression", &[3]); // ZIP, 16 lines
    attribute("dataWindow", "box2i", &window);
    attribute("displayWindow", "box2i", &window);
    attribute("lineOrder", "lineOrder", &[0]);
    attribute("pixelAspectRatio", "float", &floats(&[1.0]));
    attribute("screenWindowCenter", "v2f", &floats(&[0.0, 0.0]));
    attribute("screenWindowWidth", "float", &floats(&[1.0]));
    for (name, value) in [
        ("capDate", text(&exif.date_time_original)),
        ("owner", text(&exif.copyright).or_else(|| text(&exif.artist))),
        ("comments", text(&exif.description)),
        ("cameraMake", text(&exif.make)),
        ("cameraModel", text(&exif.model)),
        ("lensModel", text(&exif.lens_model)),
        ("software", text(&exif.software)),
        ("xmp", metadata.xmp.clone()),
    ] {
        if let Some(value) = value {
            attribute(name, "string", value.as_bytes());
        }
    }
    for (name, value) in [
        ("expTime", fraction(exif.exposure_time)),
        ("aperture", fraction(exif.f_number)),
        ("isoSpeed", exif.iso.map(f64::from)),
        // the standard attribute is in millimetres
        ("nominalFocalLength", fraction(exif.focal_length_mm)),
    ] {
        if let Some(value) = value {
            attribute(name, "float", &floats(&[value]));
        }
    }
    out.push(0);
    out
}

/// A block of scan lines: number of the first, size, samples.
fn block(picture: &SceneRgb, top: usize, matrix: Option<[[f32; 3]; 3]>, half: bool) -> Vec<u8> {
    let (width, rows) = (picture.width(), BLOCK.min(picture.height() - top));
    let size = if half { 2 } else { 4 };
    let mut plain = Vec::with_capacity(3 * size * width * rows);
    let mut line = vec![0f32; width];
    for y in top..top + rows {
        let rgb = picture.row(y);
        for c in [2, 1, 0] {
            match matrix {
                None => line.copy_from_slice(rgb[c]),
                Some(m) => weigh(rgb, m[c], &mut line),
            }
            if half {
                plain.extend(line.iter().flat_map(|&v| half_bits(v).to_le_bytes()));
            } else {
                plain.extend(line.iter().flat_map(|v| v.to_le_bytes()));
            }
        }
    }
    let packed = deflate(&predicted(&plain));
    let data = if packed.len() < plain.len() { packed } else { plain };
    let mut out = Vec::with_capacity(data.len() + 8);
    out.extend((top as i32).to_le_bytes());
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out
}

fn weigh([r, g, b]: [&[f32]; 3], weights: [f32; 3], out: &mut [f32]) {
    let n = out.len();
    let (r, g, b) = (&r[..n], &g[..n], &b[..n]);
    for i in 0..n {
        out[i] = weights[0] * r[i] + weights[1] * g[i] + weights[2] * b[i];
    }
}

/// Even bytes before odd ones, then differences, as ZIP compression wants them.
fn predicted(plain: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(plain.len());
    out.extend(plain.iter().step_by(2));
    out.extend(plain.iter().skip(1).step_by(2));
    for i in (1..out.len()).rev() {
        out[i] = out[i].wrapping_sub(out[i - 1]).wrapping_add(128);
    }
    out
}

/// The nearest 16-bit float (IEEE 754 binary16, ties to even); beyond its range infinity.
fn half_bits(v: f32) -> u16 {
    let bits = v.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let magnitude = bits & 0x7FFF_FFFF;
    if magnitude > 0x7F80_0000 {
        return sign | 0x7E00;
    }
    if magnitude >= 0x4780_0000 {
        return sign | 0x7C00; // 65536 and more
    }
    if magnitude < 0x3880_0000 {
        // below 2^-14: adding 2^-1 leaves the number of 2^-24 steps, rounded, in the low bits
        let steps = (f32::from_bits(magnitude) + 0.5).to_bits() - 0x3F00_0000;
        return sign | steps as u16;
    }
    let rounded = magnitude + 0x0FFF + ((magnitude >> 13) & 1);
    sign | ((rounded - 0x3800_0000) >> 13) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::exr::prelude::{ReadChannels, ReadLayers, f16, read};
    use calotype_image::Plane;
    use std::io::Cursor;

    fn scene(width: usize, height: usize) -> SceneRgb {
        SceneRgb::from_planes(
            [0.3f32, 1.0, 7.0]
                .map(|k| Plane::from_fn(width, height, move |x, y| k * ((x * 31 + y * 17) % 101) as f32 / 37.0 - 0.1)),
        )
    }

    #[test]
    fn an_independent_reader_agrees() {
        for (w, h) in [(1, 1), (5, 16), (131, 35)] {
            for half in [false, true] {
                let picture = scene(w, h);
                let options = EncodeOptions { half_float: half, ..EncodeOptions::default() };
                let mut metadata = Metadata::default();
                metadata.exif.iso = Some(100);
                metadata.exif.make = Some("Maker".into());
                let mut out = Cursor::new(Vec::new());
                write_exr(&mut out, &picture, ScenePrimaries::Rec2020, &metadata, &options).unwrap();
                let image = read()
                    .no_deep_data()
                    .largest_resolution_level()
                    .rgb_channels(
                        |size, _| vec![[0f32; 3]; size.area()],
                        move |pixels, at, (r, g, b): (f32, f32, f32)| pixels[at.y() * w + at.x()] = [r, g, b],
                    )
                    .first_valid_layer()
                    .all_attributes()
                    .from_buffered(Cursor::new(out.get_ref()))
                    .unwrap();
                assert_eq!(image.layer_data.attributes.iso_speed, Some(100.0));
                let chroma = image.attributes.chromaticities.unwrap();
                assert_eq!(chroma.green.x(), 0.170);
                for (i, got) in image.layer_data.channel_data.pixels.iter().enumerate() {
                    let want = picture.get(i % w, i / w);
                    for c in 0..3 {
                        let want = if half { f16::from_f32(want[c]).to_f32() } else { want[c] };
                        assert_eq!(got[c], want);
                    }
                }
            }
        }
    }

    #[test]
    fn halves_are_the_nearest() {
        for bits in 0..=u16::MAX {
            let v = f16::from_bits(bits);
            if !v.is_nan() {
                assert_eq!(half_bits(v.to_f32()), bits);
            }
        }
        for i in 0..2_000_000u32 {
            let v = f32::from_bits(i.wrapping_mul(2147) ^ 0x3000_0000);
            if !v.is_nan() {
                assert_eq!(half_bits(v), f16::from_f32(v).to_bits(), "{v:e}");
            }
        }
        assert!(f16::from_bits(half_bits(f32::NAN)).is_nan());
    }
}
