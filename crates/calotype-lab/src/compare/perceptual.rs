//! SSIMULACRA2 and butteraugli, through the crates that port them.

use crate::{LabError, Picture, Result};
use butteraugli::{ButteraugliParams, Img, RGB, butteraugli_linear};
use calotype_image::Plane;
use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};

/// Interleaved linear pixels of both, clipped to 0 to 1; where `valid` is 0, those of the truth in both.
pub(super) fn prepare(picture: &Picture, truth: &Picture, valid: &Plane<u8>) -> (Vec<RGB<f32>>, Vec<RGB<f32>>) {
    let clip = |v: [f32; 3]| v.map(|v| v.clamp(0.0, 1.0));
    let pixels = |of: &dyn Fn(usize, usize) -> [f32; 3]| {
        let mut out = Vec::with_capacity(valid.width() * valid.height());
        for y in 0..valid.height() {
            out.extend((0..valid.width()).map(|x| RGB::from(clip(of(x, y)))));
        }
        out
    };
    let b = pixels(&|x, y| truth.rgb.get(x, y));
    let a = pixels(&|x, y| if valid.get(x, y) == 1 { picture.rgb.get(x, y) } else { truth.rgb.get(x, y) });
    (a, b)
}

/// The score of SSIMULACRA2.
pub(super) fn ssimulacra2(picture: &[RGB<f32>], truth: &[RGB<f32>], size: (usize, usize)) -> Result<f64> {
    let bytes =
        |p: &[RGB<f32>]| -> Vec<u8> { p.iter().flat_map(|p| [p.r, p.g, p.b]).flat_map(f32::to_ne_bytes).collect() };
    let (a, b) = (bytes(picture), bytes(truth));
    let slice = |data| {
        PixelSlice::new(data, size.0 as u32, size.1 as u32, size.0 * 12, PixelDescriptor::RGBF32_LINEAR)
            .map_err(|e| failed("SSIMULACRA2", format!("{e:?}")))
    };
    compute_ssimulacra2(&slice(&b)?, &slice(&a)?).map_err(|e| failed("SSIMULACRA2", e))
}

/// Butteraugli: the largest difference and the 3-norm.
pub(super) fn butteraugli(picture: &[RGB<f32>], truth: &[RGB<f32>], size: (usize, usize)) -> Result<(f64, f64)> {
    let (a, b) = (Img::new(picture, size.0, size.1), Img::new(truth, size.0, size.1));
    let result = butteraugli_linear(b, a, &ButteraugliParams::default()).map_err(|e| failed("butteraugli", e))?;
    Ok((result.score, result.pnorm_3))
}

fn failed(what: &'static str, reason: impl ToString) -> LabError {
    LabError::Value { what, value: "computed".into(), reason: reason.to_string() }
}
