//! Parts of two photographs side by side at 100 %.

use crate::failure::Failure;
use calotype::image::{Plane, Rect, Rgb};
use calotype::{Output, Photo, PhotoPicture, Recipe};
use calotype_lab::Picture;

/// Width and height of a part in pixels, at most.
const PART: (usize, usize) = (480, 320);
/// How many parts.
const PARTS: usize = 3;
/// White between parts, in pixels.
const GAP: usize = 8;

/// How the sheet is stored: parts seen at 100 % must not show the encoder's traces.
pub fn output(recipe: &Recipe) -> Output {
    Output { quality: 96, ..recipe.output }
}

/// A sheet of parts, one below the other: `one` at the left, `all` at the right, as they look. Both are display pictures of
/// one size; the parts are where `truth` has most to show.
pub fn sheet(one: &Photo, all: &Photo, truth: &Picture) -> Result<Photo, Failure> {
    let (PhotoPicture::Display { picture: left, .. }, PhotoPicture::Display { picture: right, .. }) =
        (&one.picture, &all.picture)
    else {
        return Err(Failure::new("the engine gave light where display pictures were asked for"));
    };
    let parts = parts(truth);
    let (w, h) = part_size(left.width(), left.height());
    let size = (2 * w + GAP, parts.len() * (h + GAP) - GAP);
    let planes = [0, 1, 2].map(|c| {
        let mut plane = Plane::filled(size.0, size.1, 1.0f32);
        for (i, part) in parts.iter().enumerate() {
            for y in 0..h {
                let row = plane.row_mut(i * (h + GAP) + y);
                let of = |picture: &Rgb<_>| -> Vec<f32> { picture.planes[c].row(part.y + y)[part.x..][..w].to_vec() };
                row[..w].copy_from_slice(&of(left));
                row[w + GAP..].copy_from_slice(&of(right));
            }
        }
        plane
    });
    Ok(Photo {
        picture: PhotoPicture::Display { picture: Rgb::from_planes(planes), gain_map: None },
        format: all.format,
        info: all.info.clone(),
        report: all.report.clone(),
        record: None,
        diagnostics: Default::default(),
    })
}

fn part_size(width: usize, height: usize) -> (usize, usize) {
    (PART.0.min(width), PART.1.min(height))
}

/// Places that do not touch each other, those with most to see first: the mean difference of neighbours in encoded luma,
/// as the eye counts it, times the mean luma.
fn parts(truth: &Picture) -> Vec<Rect> {
    let (width, height) = truth.size();
    let (w, h) = part_size(width, height);
    let luma = truth.luminance();
    let code = |x: usize, y: usize| luma.get(x, y).clamp(0.0, 1.0).powf(1.0 / 2.2);
    let detail = |left: usize, top: usize| -> f64 {
        let (mut sum, mut light, mut n) = (0.0, 0.0, 0u32);
        for y in (top..top + h - 1).step_by(2) {
            for x in (left..left + w - 1).step_by(2) {
                // an edge counts once, however strong: a lamp must not decide alone
                let (a, b) = (code(x, y), code(x + 1, y) + code(x, y + 1));
                sum += f64::from((2.0 * a - b).abs().min(0.2));
                light += f64::from(a);
                n += 1;
            }
        }
        sum * light / f64::from(n.max(1)).powi(2)
    };
    let mut places: Vec<(f64, Rect)> = Vec::new();
    for top in (0..=height - h).step_by((h / 4).max(1)) {
        for left in (0..=width - w).step_by((w / 4).max(1)) {
            places.push((detail(left, top), Rect { x: left, y: top, width: w, height: h }));
        }
    }
    places.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut chosen: Vec<Rect> = Vec::new();
    for (_, place) in places {
        let apart = |r: &Rect| r.x.abs_diff(place.x) >= w || r.y.abs_diff(place.y) >= h;
        if chosen.len() < PARTS && chosen.iter().all(apart) {
            chosen.push(place);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, height: usize, f: impl Fn(usize, usize) -> f32) -> Picture {
        Picture::new("t", "linear", [(); 3].map(|()| Plane::from_fn(width, height, &f))).unwrap()
    }

    #[test]
    fn parts_are_where_detail_is_and_do_not_touch() {
        let truth = picture(1600, 900, |x, y| if x > 1100 && y > 560 && (x + y) % 4 < 2 { 0.6 } else { 0.3 });
        let parts = parts(&truth);
        assert_eq!(parts.len(), PARTS);
        assert!(parts[0].x >= 1000 && parts[0].y >= 480, "{parts:?}");
        for (i, a) in parts.iter().enumerate() {
            assert!(a.x + a.width <= 1600 && a.y + a.height <= 900);
            assert!(parts[..i].iter().all(|b| a.x.abs_diff(b.x) >= 480 || a.y.abs_diff(b.y) >= 320));
        }
    }

    #[test]
    fn small_pictures_are_one_part() {
        let parts = parts(&picture(64, 48, |x, _| x as f32 / 64.0));
        assert_eq!((parts.len(), parts[0].width, parts[0].height), (1, 64, 48));
    }
}
