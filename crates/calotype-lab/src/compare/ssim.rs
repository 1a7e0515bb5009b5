//! Structural similarity.

use crate::Picture;
use crate::filter::gaussian_within;
use calotype_color::RgbSpace;
use calotype_color::transfer::srgb_encode;
use calotype_image::Plane;

/// Mean SSIM of encoded luma over a mask (Wang, Bovik, Sheikh and Simoncelli 2004): Gaussian window of sigma 1.5 cut to
/// 11x11, K1 0.01, K2 0.03, range 1, unbiased covariances as scikit-image takes them.
pub(super) fn ssim(picture: &Picture, truth: &Picture, mask: &Plane<u8>) -> f64 {
    let (a, b) = (luma(picture), luma(truth));
    let smooth = |f: &dyn Fn(f32, f32) -> f32| {
        let product = Plane::from_fn(a.width(), a.height(), |x, y| f(a.get(x, y), b.get(x, y)));
        gaussian_within(&product, 1.5, 5)
    };
    let (ma, mb) = (smooth(&|a, _| a), smooth(&|_, b| b));
    let (aa, bb, ab) = (smooth(&|a, _| a * a), smooth(&|_, b| b * b), smooth(&|a, b| a * b));
    let unbiased = 121.0 / 120.0;
    let (c1, c2) = (0.01f64.powi(2), 0.03f64.powi(2));
    let (mut sum, mut n) = (0.0, 0u64);
    for (i, _) in mask.data().iter().enumerate().filter(|(_, m)| **m == 1) {
        let at = |p: &Plane<f32>| f64::from(p.data()[i]);
        let (ux, uy) = (at(&ma), at(&mb));
        let (vx, vy, vxy) =
            (unbiased * (at(&aa) - ux * ux), unbiased * (at(&bb) - uy * uy), unbiased * (at(&ab) - ux * uy));
        sum += (2.0 * ux * uy + c1) * (2.0 * vxy + c2) / ((ux * ux + uy * uy + c1) * (vx + vy + c2));
        n += 1;
    }
    sum / n.max(1) as f64
}

/// Luma: Rec.709 weights on sRGB-encoded samples clipped to 0 to 1.
fn luma(picture: &Picture) -> Plane<f32> {
    let w = RgbSpace::Rec709.luma().map(|v| v as f32);
    Plane::from_fn(picture.width(), picture.height(), |x, y| {
        let code = picture.rgb.get(x, y).map(|v| srgb_encode(v.clamp(0.0, 1.0)));
        w[0] * code[0] + w[1] * code[1] + w[2] * code[2]
    })
}
