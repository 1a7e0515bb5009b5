//! The last geometric step: the part of the picture to be shown, the right way up.

use calotype_image::{Domain, Orientation, Rect, Rgb};

/// Crops to `area`, a part of the stored picture, and turns the rest for display. What of `area` lies outside the
/// picture is left out. One plane at a time is copied.
pub fn crop_and_orient<D: Domain>(picture: Rgb<D>, area: Rect, orientation: Orientation) -> Rgb<D> {
    let (w, h) = (picture.width(), picture.height());
    let (x, y) = (area.x.min(w), area.y.min(h));
    let area = Rect { x, y, width: area.width.min(w - x), height: area.height.min(h - y) };
    let whole = area == Rect { x: 0, y: 0, width: w, height: h };
    Rgb::from_planes(picture.planes.map(|plane| {
        let plane = if whole { plane } else { plane.crop(area) };
        orientation.apply(plane)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{DisplayRgb, Plane};

    #[test]
    fn the_corner_of_the_crop_turns_with_it() {
        let p = DisplayRgb::from_planes([0.0, 0.1, 0.2].map(|c| Plane::from_fn(9, 7, |x, y| c + (x + 100 * y) as f32)));
        let out = crop_and_orient(p, Rect { x: 2, y: 1, width: 5, height: 3 }, Orientation::Rotate90);
        assert_eq!((out.width(), out.height()), (3, 5));
        assert_eq!(out.get(2, 0), [102.0, 102.1, 102.2]);
    }

    #[test]
    fn an_area_outside_is_cut() {
        let p = DisplayRgb::new(4, 4);
        let out = crop_and_orient(p.clone(), Rect { x: 3, y: 9, width: 50, height: 50 }, Orientation::Normal);
        assert_eq!((out.width(), out.height()), (1, 0));
        let all = Rect { x: 0, y: 0, width: 4, height: 4 };
        assert_eq!(crop_and_orient(p.clone(), all, Orientation::Normal).planes, p.planes);
    }
}
