//! Lens shading of a picture with three colours at every pixel.

use calotype_image::{CameraRgb, Cfa, CfaColor, GainMap, Plane, Rect, Shading, par};

/// Lens falloff per colour, for pictures that have all colours everywhere: a mosaic's maps apply to places in the 2x2
/// cell, and each place has one colour.
#[derive(Debug)]
pub(crate) struct ColorShading {
    gains: [Shading; 3],
}

impl ColorShading {
    /// The shading of a mosaic of `width` x `height` with filters `cfa`, per colour. Where the two greens have maps of
    /// their own on the same nodes, green gets their mean. Without filters all colours get what green gets.
    pub fn new(shading: &Shading, cfa: Cfa, width: usize, height: usize) -> Self {
        let whole = Rect::whole(width, height);
        let gains = [CfaColor::Red, CfaColor::Green, CfaColor::Blue].map(|color| {
            let color = if cfa.is_mono() { CfaColor::Green } else { color };
            let places: Vec<(usize, usize)> =
                [(0, 0), (1, 0), (0, 1), (1, 1)].into_iter().filter(|&(x, y)| cfa.color_at(x, y) == color).collect();
            let mut maps: Vec<(usize, GainMap)> = Vec::new();
            for (i, &place) in places.iter().enumerate() {
                for map in shading.maps.iter().filter(|m| applies(m, place)) {
                    let twin = maps.iter_mut().find(|(of, known)| *of != i && twins(known, map));
                    match twin {
                        Some((of, known)) => {
                            let sum = known.gains.data().iter().zip(map.gains.data()).map(|(a, b)| 0.5 * (a + b));
                            let (w, h) = (known.gains.width(), known.gains.height());
                            if let Some(mean) = Plane::from_vec(w, h, sum.collect()) {
                                known.gains = mean;
                            }
                            *of = i;
                        }
                        None if i == 0 => maps.push((i, GainMap { area: whole, pitch: (1, 1), ..map.clone() })),
                        // A second green whose map has other nodes: the first green's serves both.
                        None => {}
                    }
                }
            }
            Shading { maps: maps.into_iter().map(|(_, map)| map).collect() }
        });
        Self { gains }
    }

    /// Takes the correction out again (`undo`), or puts it in.
    pub fn apply(&self, picture: &mut CameraRgb, undo: bool) {
        let (width, height) = (picture.width(), picture.height());
        for (plane, shading) in picture.planes.iter_mut().zip(&self.gains) {
            if shading.maps.is_empty() {
                continue;
            }
            par::bands_mut(plane, 32, |top, mut band| {
                let mut gains = vec![1.0; width];
                for y in 0..band.height() {
                    shading.gain_row(top + y, 0, width, height, &mut gains);
                    for (v, gain) in band.row_mut(y).iter_mut().zip(&gains) {
                        *v *= if undo { 1.0 / gain } else { *gain };
                    }
                }
            });
        }
    }
}

/// True where a map applies to this place of the 2x2 cell.
fn applies(map: &GainMap, (x, y): (usize, usize)) -> bool {
    let along = |place: usize, start: usize, pitch: usize| pitch != 2 || place == start % 2;
    along(x, map.area.x, map.pitch.0) && along(y, map.area.y, map.pitch.1)
}

/// True where two maps have the same nodes.
fn twins(a: &GainMap, b: &GainMap) -> bool {
    (a.gains.width(), a.gains.height()) == (b.gains.width(), b.gains.height())
        && a.origin == b.origin
        && a.spacing == b.spacing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(place: (usize, usize), gain: f32) -> GainMap {
        GainMap {
            area: Rect { x: place.0, y: place.1, width: 8 - place.0, height: 6 - place.1 },
            pitch: (2, 2),
            origin: (0.0, 0.0),
            spacing: (1.0, 1.0),
            gains: Plane::from_vec(2, 1, vec![1.0, gain]).unwrap(),
        }
    }

    #[test]
    fn each_color_gets_its_map_and_undoing_is_exact() {
        let shading = Shading { maps: vec![map((0, 0), 3.0), map((1, 0), 2.0), map((0, 1), 4.0), map((1, 1), 5.0)] };
        let colors = ColorShading::new(&shading, Cfa::RGGB, 8, 6);
        let mut picture = CameraRgb::from_planes([(); 3].map(|()| Plane::filled(8, 6, 1.0)));
        colors.apply(&mut picture, false);
        let at = |gain: f32, x: f32| 1.0 + (gain - 1.0) * (x + 0.5) / 8.0;
        for (c, gain) in [3.0, 3.0, 5.0].into_iter().enumerate() {
            assert!((picture.planes[c].get(6, 3) - at(gain, 6.0)).abs() < 1e-5, "colour {c}");
        }
        colors.apply(&mut picture, true);
        assert!(picture.planes.iter().flat_map(|p| p.data()).all(|v| (v - 1.0).abs() < 1e-6));
    }

    #[test]
    fn one_map_for_all_places_serves_all_colors_once() {
        let mut all = map((0, 0), 2.0);
        all.pitch = (1, 1);
        let colors = ColorShading::new(&Shading { maps: vec![all] }, Cfa::GBRG, 8, 6);
        assert!(colors.gains.iter().all(|s| s.maps.len() == 1));
        let mut picture = CameraRgb::from_planes([(); 3].map(|()| Plane::filled(8, 6, 1.0)));
        colors.apply(&mut picture, false);
        assert!((picture.get(0, 0)[1] - (1.0 + 0.5 / 8.0)).abs() < 1e-6);
    }
}
