//! Gaussian and Laplacian pyramids of small planes (Burt and Adelson, The Laplacian pyramid as a compact image code,
//! 1983), with the kernel [1 4 6 4 1] / 16 and repeated borders.

use calotype_image::Plane;

/// Half the size (rounded up), blurred before.
pub fn reduce(p: &Plane<f32>) -> Plane<f32> {
    let (w, h) = (p.width(), p.height());
    let (ow, oh) = (w.div_ceil(2), h.div_ceil(2));
    let mut out = Plane::<f32>::new(ow, oh);
    if p.is_empty() {
        return out;
    }
    // columns first, in a row padded by two on each side
    let mut line = vec![0.0f32; w + 4];
    for y in 0..oh {
        let at = |dy: isize| p.row((2 * y as isize + dy).clamp(0, h as isize - 1) as usize);
        let (a, b, c, d, e) = (at(-2), at(-1), at(0), at(1), at(2));
        for x in 0..w {
            line[x + 2] = (a[x] + e[x]) * 0.0625 + (b[x] + d[x]) * 0.25 + c[x] * 0.375;
        }
        (line[0], line[1]) = (line[2], line[2]);
        (line[w + 2], line[w + 3]) = (line[w + 1], line[w + 1]);
        for (x, v) in out.row_mut(y).iter_mut().enumerate() {
            let l = &line[2 * x..2 * x + 5];
            *v = (l[0] + l[4]) * 0.0625 + (l[1] + l[3]) * 0.25 + l[2] * 0.375;
        }
    }
    out
}

/// Twice the size: `width` x `height`, whose halves rounded up are the plane's.
pub fn expand(p: &Plane<f32>, width: usize, height: usize) -> Plane<f32> {
    let (w, h) = (p.width(), p.height());
    let mut out = Plane::<f32>::new(width, height);
    if p.is_empty() {
        return out;
    }
    let mut line = vec![0.0f32; w + 2];
    for y in 0..height {
        let i = y / 2;
        let here = p.row(i);
        let below = p.row((i + 1).min(h - 1));
        if y % 2 == 0 {
            let above = p.row(i.saturating_sub(1));
            for x in 0..w {
                line[x + 1] = (above[x] + below[x]) * 0.125 + here[x] * 0.75;
            }
        } else {
            for x in 0..w {
                line[x + 1] = (here[x] + below[x]) * 0.5;
            }
        }
        line[0] = line[1];
        line[w + 1] = line[w];
        for (x, v) in out.row_mut(y).iter_mut().enumerate() {
            let l = &line[x / 2..x / 2 + 3];
            *v = if x % 2 == 0 { (l[0] + l[2]) * 0.125 + l[1] * 0.75 } else { (l[1] + l[2]) * 0.5 };
        }
    }
    out
}

/// The plane and its halves, `levels` in all.
pub fn gaussian(plane: Plane<f32>, levels: usize) -> Vec<Plane<f32>> {
    let mut pyramid = vec![plane];
    while pyramid.len() < levels.max(1) {
        let next = reduce(&pyramid[pyramid.len() - 1]);
        pyramid.push(next);
    }
    pyramid
}

/// Differences of neighbouring levels of a Gaussian pyramid, the finest first; the coarsest level last, as it is.
pub fn laplacian(plane: Plane<f32>, levels: usize) -> Vec<Plane<f32>> {
    let mut pyramid = gaussian(plane, levels);
    for i in 0..pyramid.len() - 1 {
        let (fine, coarse) = pyramid.split_at_mut(i + 1);
        let fine = &mut fine[i];
        let up = expand(&coarse[0], fine.width(), fine.height());
        for (v, u) in fine.data_mut().iter_mut().zip(up.data()) {
            *v -= u;
        }
    }
    pyramid
}

/// The plane of a Laplacian pyramid.
pub fn collapse(mut pyramid: Vec<Plane<f32>>) -> Plane<f32> {
    let Some(mut plane) = pyramid.pop() else { return Plane::new(0, 0) };
    while let Some(mut fine) = pyramid.pop() {
        let up = expand(&plane, fine.width(), fine.height());
        for (v, u) in fine.data_mut().iter_mut().zip(up.data()) {
            *v += u;
        }
        plane = fine;
    }
    plane
}

/// Levels until the shorter side has about `smallest` samples, at least 1.
pub fn level_count(width: usize, height: usize, smallest: usize) -> usize {
    let mut side = width.min(height);
    let mut levels = 1;
    while side > smallest.max(1) {
        side = side.div_ceil(2);
        levels += 1;
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collapse_undoes_laplacian() {
        for (w, h) in [(1, 1), (2, 1), (37, 23), (64, 5)] {
            let p = Plane::from_fn(w, h, |x, y| ((x * 31 + y * 17) % 13) as f32);
            let levels = level_count(w, h, 2);
            let q = collapse(laplacian(p.clone(), levels));
            assert!(p.data().iter().zip(q.data()).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn constants_stay_constant() {
        let p = Plane::filled(19, 10, 3.0);
        assert!(reduce(&p).data().iter().all(|v| (v - 3.0).abs() < 1e-6));
        assert!(expand(&reduce(&p), 19, 10).data().iter().all(|v| (v - 3.0).abs() < 1e-6));
    }
}
