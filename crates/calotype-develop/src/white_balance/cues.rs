//! Single estimates of the light's colour.

use calotype_image::{CameraRgb, Plane};

/// Channels above this part of clipping are not trusted: means over boxes contain clipped pixels earlier.
const TRUSTED: f32 = 0.95;

/// The four cues of [`super::WhiteEstimate`], each a camera colour at any scale.
pub fn all(picture: &CameraRgb, clip: [f32; 3]) -> Option<[[f32; 3]; 4]> {
    let good = trusted(picture, clip);
    let bright = brightest(picture, &good, [0.03, 0.10])?;
    let edges = grey_edges(picture, &good).unwrap_or(bright[0]);
    let pixels = grey_pixels(picture, &good).unwrap_or(bright[1]);
    let cues = [bright[0], bright[1], edges, pixels];
    cues.iter().flatten().all(|v| v.is_finite() && *v > 0.0).then_some(cues)
}

/// Where no channel is clipped or without meaning.
pub fn trusted(picture: &CameraRgb, clip: [f32; 3]) -> Plane<bool> {
    Plane::from_fn(picture.width(), picture.height(), |x, y| {
        let p = picture.get(x, y);
        (0..3).all(|c| p[c] < TRUSTED * clip[c] && p[c].is_finite())
    })
}

/// Mean colours of the brightest shares of the pixels.
fn brightest<const N: usize>(picture: &CameraRgb, good: &Plane<bool>, shares: [f32; N]) -> Option<[[f32; 3]; N]> {
    let mut pixels: Vec<(f32, [f32; 3])> = pixels(picture, good).map(|p| (p.iter().sum(), p)).collect();
    if pixels.is_empty() {
        return None;
    }
    pixels.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    Some(shares.map(|share| {
        let n = ((share * pixels.len() as f32) as usize).max(1);
        mean(pixels[..n].iter().map(|p| p.1))
    }))
}

/// Mean gradient of each channel, of Gaussian derivatives at one pixel.
fn grey_edges(picture: &CameraRgb, good: &Plane<bool>) -> Option<[f32; 3]> {
    let mut sums = [0.0f64; 3];
    let mut count = 0;
    let smooth = picture.planes.each_ref().map(|p| blur(p, 1.0));
    for y in 1..picture.height().saturating_sub(1) {
        for x in 1..picture.width().saturating_sub(1) {
            let around = [(x, y), (x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)];
            let clean = around.iter().all(|&(x, y)| good.get(x, y));
            if clean {
                count += 1;
                for (sum, p) in sums.iter_mut().zip(&smooth) {
                    let dx = p.get(x + 1, y) - p.get(x - 1, y);
                    let dy = p.get(x, y + 1) - p.get(x, y - 1);
                    *sum += f64::from(dx.hypot(dy));
                }
            }
        }
    }
    (count >= 16 && sums.iter().all(|s| *s > 0.0)).then(|| sums.map(|s| (s / f64::from(count)) as f32))
}

/// Mean colour of the pixels about which all channels vary by the same ratio: under one light, those are grey. Of the
/// pixels with contrast the 1 percent that vary most alike count, bright ones first.
fn grey_pixels(picture: &CameraRgb, good: &Plane<bool>) -> Option<[f32; 3]> {
    let (w, h) = (picture.width(), picture.height());
    let smooth = picture.planes.each_ref().map(|p| blur(p, 1.0));
    let brightest = smooth.iter().flat_map(|p| p.data()).fold(0.0f32, |a, &b| a.max(b));
    if brightest <= 0.0 {
        return None;
    }
    let floor = 1e-4 * brightest;
    let contrast = smooth.each_ref().map(|p| {
        let mut log = p.clone();
        log.data_mut().iter_mut().for_each(|v| *v = (v.max(0.0) + floor).ln());
        let mut mean = blur(&log, 1.5);
        mean.data_mut().iter_mut().zip(log.data()).for_each(|(m, l)| *m -= l);
        mean
    });
    // contrast, unlikeness and colour of every trusted pixel
    let mut found = Vec::new();
    let mut lightest = 0.0f32;
    for y in 0..h {
        for x in 0..w {
            if good.get(x, y) {
                let d = contrast.each_ref().map(|p| p.get(x, y));
                let colour = smooth.each_ref().map(|p| p.get(x, y));
                let m = (d[0] + d[1] + d[2]) / 3.0;
                let unlike = (d.iter().map(|v| (v - m) * (v - m)).sum::<f32>() / 3.0).sqrt();
                let size = d.iter().map(|v| v * v).sum::<f32>().sqrt();
                let light = colour.iter().sum::<f32>() / 3.0;
                lightest = lightest.max(light);
                found.push((size, unlike, light, colour));
            }
        }
    }
    if found.len() < 100 {
        return None;
    }
    let third = found.len() * 3 / 10;
    let (_, &mut (enough, ..), _) = found.select_nth_unstable_by(third, |a, b| a.0.total_cmp(&b.0));
    found.retain(|f| f.0 > enough);
    let mut ranked: Vec<(f32, [f32; 3])> = found
        .iter()
        .map(|&(size, unlike, light, colour)| (unlike / (size + 1e-6) / (light / lightest + 0.02), colour))
        .collect();
    let n = (ranked.len() / 100).max(1);
    if n < ranked.len() {
        ranked.select_nth_unstable_by(n, |a, b| a.0.total_cmp(&b.0));
    }
    ranked.truncate(n);
    // a fixed order, whatever the selection left
    ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1[1].total_cmp(&b.1[1])));
    Some(mean(ranked.into_iter().map(|r| r.1)))
}

/// The trusted pixels.
pub fn pixels<'a>(picture: &'a CameraRgb, good: &'a Plane<bool>) -> impl Iterator<Item = [f32; 3]> + 'a {
    (0..picture.height())
        .flat_map(move |y| (0..picture.width()).filter(move |&x| good.get(x, y)).map(move |x| picture.get(x, y)))
}

/// The mean of some colours.
fn mean(colours: impl Iterator<Item = [f32; 3]>) -> [f32; 3] {
    let (mut sum, mut count) = ([0.0f64; 3], 0u32);
    for c in colours {
        (0..3).for_each(|k| sum[k] += f64::from(c[k]));
        count += 1;
    }
    sum.map(|s| (s / f64::from(count.max(1))) as f32)
}

/// A Gaussian blur of a small plane, with mirrored borders.
pub fn blur(plane: &Plane<f32>, sigma: f32) -> Plane<f32> {
    let (w, h) = (plane.width(), plane.height());
    let reach = (4.0 * sigma).ceil() as isize;
    let weights: Vec<f32> = (-reach..=reach).map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp()).collect();
    let total: f32 = weights.iter().sum();
    let mirror = |i: isize, n: usize| {
        let period = 2 * n as isize;
        let m = i.rem_euclid(period);
        m.min(period - 1 - m) as usize
    };
    let mut rows = Plane::<f32>::new(w, h);
    let mut padded = Vec::new();
    for y in 0..h {
        let source = plane.row(y);
        padded.clear();
        padded.extend((-reach..w as isize + reach).map(|x| source[mirror(x, w)]));
        for (x, v) in rows.row_mut(y).iter_mut().enumerate() {
            *v = padded[x..].iter().zip(&weights).map(|(p, k)| p * k).sum::<f32>() / total;
        }
    }
    let mut out = Plane::<f32>::new(w, h);
    for y in 0..h {
        let target = out.row_mut(y);
        for (i, k) in weights.iter().enumerate() {
            let source = rows.row(mirror(y as isize + i as isize - reach, h));
            for (t, s) in target.iter_mut().zip(source) {
                *t += k / total * s;
            }
        }
    }
    out
}
