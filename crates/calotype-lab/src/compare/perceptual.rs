//! SSIMULACRA2 and butteraugli, through the crates that port them.

use crate::{LabError, Picture, Result};
use butteraugli::{ButteraugliParams, Img, RGB, butteraugli_linear, butteraugli_linear_strip};
use calotype_image::Plane;
use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Config, StripConfig, compute_ssimulacra2_with_config};

/// Interleaved linear pixels of the truth and of a picture times `gain`, clipped to 0 to 1; where `valid` is 0, the picture
/// has the truth's.
pub(super) struct Pair<'a> {
    pub(super) picture: &'a Picture,
    pub(super) gain: f32,
    pub(super) truth: &'a Picture,
    pub(super) valid: &'a Plane<u8>,
}

impl Pair<'_> {
    fn truth_at(&self, x: usize, y: usize) -> [f32; 3] {
        self.truth.rgb.get(x, y).map(|v| v.clamp(0.0, 1.0))
    }

    fn picture_at(&self, x: usize, y: usize) -> [f32; 3] {
        match self.valid.get(x, y) {
            1 => self.picture.rgb.get(x, y).map(|v| (self.gain * v).clamp(0.0, 1.0)),
            _ => self.truth_at(x, y),
        }
    }

    fn gathered<T>(
        &self,
        of: impl Fn(usize, usize) -> [f32; 3],
        mut put: impl FnMut(&mut Vec<T>, [f32; 3]),
        each: usize,
    ) -> Vec<T> {
        let (w, h) = self.truth.size();
        let mut out = Vec::with_capacity(w * h * each);
        for y in 0..h {
            (0..w).for_each(|x| put(&mut out, of(x, y)));
        }
        out
    }
}

/// Pixels from which on both work in strips, in less memory.
const WHOLE: usize = 4_000_000;
/// Rows of a strip, and the rows on both sides that SSIMULACRA2's coarsest scale sees.
const STRIP: usize = 256;
const HALO: usize = 320;
/// Most pixels.
const MOST: usize = 60_000_000;

/// Refuses pictures for which the memory of any sensible machine would not do.
///
/// # Errors
/// [`LabError::Value`] above 60 million pixels.
pub(super) fn check((width, height): (usize, usize)) -> Result<()> {
    if width.saturating_mul(height) <= MOST {
        return Ok(());
    }
    Err(LabError::Value {
        what: "SSIMULACRA2 and butteraugli",
        value: format!("{width}x{height} pixels"),
        reason: format!(
            "comparing takes 120 bytes a pixel with them, and at most {MOST} pixels; leave them out (--fast)"
        ),
    })
}

/// The score of SSIMULACRA2, in strips above four megapixels: those gave 72.11 where the whole gave 72.08 at three megapixels,
/// and 85.77 for 85.71 at twelve.
pub(super) fn ssimulacra2(pair: &Pair<'_>) -> Result<f64> {
    let size = pair.truth.size();
    let put = |out: &mut Vec<u8>, p: [f32; 3]| p.iter().for_each(|v| out.extend(v.to_ne_bytes()));
    let (a, b) =
        (pair.gathered(|x, y| pair.picture_at(x, y), put, 12), pair.gathered(|x, y| pair.truth_at(x, y), put, 12));
    let slice = |data| {
        PixelSlice::new(data, size.0 as u32, size.1 as u32, size.0 * 12, PixelDescriptor::RGBF32_LINEAR)
            .map_err(|e| failed("SSIMULACRA2", format!("{e:?}")))
    };
    let config = match size.0 * size.1 > WHOLE {
        true => Ssimulacra2Config::default().with_strip(StripConfig::new(STRIP).with_halo_rows(HALO)),
        false => Ssimulacra2Config::default(),
    };
    compute_ssimulacra2_with_config(&slice(&b)?, &slice(&a)?, &config).map_err(|e| failed("SSIMULACRA2", e))
}

/// Butteraugli: the largest difference and the 3-norm.
pub(super) fn butteraugli(pair: &Pair<'_>) -> Result<(f64, f64)> {
    let size = pair.truth.size();
    let put = |out: &mut Vec<RGB<f32>>, p: [f32; 3]| out.push(RGB::from(p));
    let picture = pair.gathered(|x, y| pair.picture_at(x, y), put, 1);
    let truth = pair.gathered(|x, y| pair.truth_at(x, y), put, 1);
    let (a, b) = (Img::new(&picture[..], size.0, size.1), Img::new(&truth[..], size.0, size.1));
    let params = ButteraugliParams::default();
    // Strips give the same numbers in less memory.
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
        let truth = texture(72, 1500, 3);
        let picture = noisy(&truth, 0.03, 4);
        let pair = Pair { picture: &picture, gain: 1.0, truth: &truth, valid: &Plane::filled(72, 1500, 1u8) };
        let (max, norm) = butteraugli(&pair).unwrap();
        let pixels = |p: &Picture| -> Vec<RGB<f32>> {
            (0..72 * 1500).map(|i| RGB::from(p.rgb.get(i % 72, i / 72).map(|v| v.clamp(0.0, 1.0)))).collect()
        };
        let (a, b) = (pixels(&picture), pixels(&truth));
        let whole =
            butteraugli_linear(Img::new(&b[..], 72, 1500), Img::new(&a[..], 72, 1500), &ButteraugliParams::default())
                .unwrap();
        assert!((max - whole.score).abs() < 1e-5 * whole.score, "{max} {}", whole.score);
        assert!((norm - whole.pnorm_3).abs() < 1e-5 * whole.pnorm_3, "{norm} {}", whole.pnorm_3);
    }
}
