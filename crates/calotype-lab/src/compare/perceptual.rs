//! SSIMULACRA2 and butteraugli, through the crates that port them.

use crate::{LabError, Picture, Result};
use butteraugli::{ButteraugliParams, Img, RGB, butteraugli_linear, butteraugli_linear_strip};
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

/// Rows of a strip.
const STRIP: usize = 256;

/// Butteraugli: the largest difference and the 3-norm.
pub(super) fn butteraugli(picture: &[RGB<f32>], truth: &[RGB<f32>], size: (usize, usize)) -> Result<(f64, f64)> {
    let (a, b) = (Img::new(picture, size.0, size.1), Img::new(truth, size.0, size.1));
    let params = ButteraugliParams::default();
    // Strips give the same numbers in less memory; SSIMULACRA2's would not, so that one sees the picture whole.
    let result = match size.1 > 2 * STRIP {
        true => butteraugli_linear_strip(b, a, &params, STRIP as u32),
        false => butteraugli_linear(b, a, &params),
    };
    let result = result.map_err(|e| failed("butteraugli", e))?;
    Ok((result.score, result.pnorm_3))
}

fn failed(what: &'static str, reason: impl ToString) -> LabError {
    LabError::Value { what, value: "computed".into(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::{noisy, texture};

    #[test]
    fn strips_change_nothing() {
        let truth = texture(72, 700, 3);
        let (a, b) = prepare(&noisy(&truth, 0.03, 4), &truth, &Plane::filled(72, 700, 1u8));
        let (max, norm) = butteraugli(&a, &b, (72, 700)).unwrap();
        let whole =
            butteraugli_linear(Img::new(&b, 72, 700), Img::new(&a, 72, 700), &ButteraugliParams::default()).unwrap();
        assert!((max - whole.score).abs() < 1e-5 * whole.score, "{max} {}", whole.score);
        assert!((norm - whole.pnorm_3).abs() < 1e-5 * whole.pnorm_3, "{norm} {}", whole.pnorm_3);
    }
}
