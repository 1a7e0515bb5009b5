//! Parts of pictures for pages: small PNG files in base64.

use crate::card::Crop;
use crate::{Picture, Region};
use calotype_color::transfer::srgb_encode;
use calotype_image::Plane;

/// The longest side of a picture on a page.
const LONGEST: usize = 480;

/// A part of a picture, as it looks (sRGB, clipped to 0 to 1), no larger than a page needs.
pub fn part(label: &str, picture: &Picture, region: Region) -> Crop {
    let step = region.width.max(region.height).div_ceil(LONGEST).max(1);
    let (width, height) = ((region.width / step).max(1), (region.height / step).max(1));
    let pixels = |x: usize, y: usize| {
        let mut sum = [0.0f32; 3];
        for dy in 0..step {
            for dx in 0..step {
                let (px, py) = ((region.x + x * step + dx) as isize, (region.y + y * step + dy) as isize);
                for (s, plane) in sum.iter_mut().zip(&picture.rgb.planes) {
                    *s += plane.clamped(px, py).clamp(0.0, 1.0);
                }
            }
        }
        sum.map(|s| (srgb_encode(s / (step * step) as f32) * 255.0 + 0.5) as u8)
    };
    crop(label, width, height, pixels)
}

/// A plane as a picture from black over red and yellow to white at `top`.
pub(crate) fn heat(label: &str, plane: &Plane<f32>, top: f32) -> Crop {
    let step = plane.width().max(plane.height()).div_ceil(LONGEST).max(1);
    let (width, height) = ((plane.width() / step).max(1), (plane.height() / step).max(1));
    crop(label, width, height, |x, y| {
        let mut sum = 0.0;
        for dy in 0..step {
            for dx in 0..step {
                sum += plane.clamped((x * step + dx) as isize, (y * step + dy) as isize);
            }
        }
        let v = 3.0 * (sum / (step * step) as f32 / top).clamp(0.0, 1.0);
        [v, v - 1.0, v - 2.0].map(|c| (c.clamp(0.0, 1.0) * 255.0) as u8)
    })
}

fn crop(label: &str, width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Crop {
    let mut data = Vec::with_capacity(3 * width * height);
    for y in 0..height {
        data.extend((0..width).flat_map(|x| pixel(x, y)));
    }
    let mut file = Vec::new();
    let written = || -> Result<(), png::EncodingError> {
        let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&data)?;
        writer.finish()
    }();
    // Writing to memory cannot fail; were it to, a page without the picture is better than no page.
    let png = written.map(|()| base64(&file)).unwrap_or_default();
    Crop { label: label.into(), png }
}

/// Bytes in base64 (RFC 4648, section 4), as `data:` addresses in pages want them.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let n = (0..3).fold(0u32, |n, i| n << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let digit = DIGITS[(n >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { digit as char } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
