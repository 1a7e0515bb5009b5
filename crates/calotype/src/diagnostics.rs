//! Pictures of what was merged, for people who want to know.

use crate::Error;
use calotype_codec::{Metadata, Rgb16, save, write_png};
use calotype_image::Plane;
use std::path::Path;

/// Pixels across or down of a diagnostic picture, at most.
const LONGEST: usize = 1200;

/// What was merged where. Empty for a single frame, and unless asked for.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    /// Effective number of frames at every place, at the picture's size or smaller.
    pub frames_map: Option<Plane<f32>>,
    /// Frames that were merged, the reference included.
    pub merged: usize,
    /// The frames but the reference.
    pub frames: Vec<FrameDiagnostics>,
}

/// One frame of a burst, seen by the merge.
#[derive(Clone, Debug)]
pub struct FrameDiagnostics {
    /// Its place among the sources.
    pub index: usize,
    /// Motion against the reference in pixels, to the right and down, at the nodes of a coarse grid.
    pub motion: Plane<[f32; 2]>,
}

impl Diagnostics {
    /// Pictures with their names: `frames` (effective frames, black none to white all), `rejected` (black where all
    /// frames agreed, white where only the reference counts) and `motion_NN` (hue is the direction, saturation the
    /// length against the longest in that frame, after the frame's mean motion is taken away).
    pub fn pictures(&self) -> Vec<(String, Rgb16)> {
        let mut pictures = Vec::new();
        if let Some(map) = &self.frames_map {
            let most = map.rows().flatten().fold(self.merged.max(1) as f32, |a, &b| a.max(b));
            pictures.push(("frames".into(), paint(map.width(), map.height(), |x, y| [map.get(x, y) / most; 3])));
            let others = (self.merged as f32 - 1.0).max(1.0);
            let refused = |x, y| 1.0 - (map.get(x, y) - 1.0) / others;
            pictures.push(("rejected".into(), paint(map.width(), map.height(), |x, y| [refused(x, y); 3])));
        }
        for frame in &self.frames {
            pictures.push((format!("motion_{:02}", frame.index), paint_motion(&frame.motion)));
        }
        pictures
    }
}

/// Motion as colour.
fn paint_motion(field: &Plane<[f32; 2]>) -> Rgb16 {
    let count = (field.width() * field.height()).max(1) as f32;
    let sum = field.rows().flatten().fold([0.0f32; 2], |s, m| [s[0] + m[0], s[1] + m[1]]);
    let mean = sum.map(|v| v / count);
    let own = |x: usize, y: usize| {
        let m = field.get(x, y);
        [m[0] - mean[0], m[1] - mean[1]]
    };
    let mut longest = 0.5f32;
    for y in 0..field.height() {
        for x in 0..field.width() {
            let m = own(x, y);
            longest = longest.max(m[0].hypot(m[1]));
        }
    }
    paint(field.width(), field.height(), |x, y| {
        let m = own(x, y);
        let (length, angle) = (m[0].hypot(m[1]) / longest, m[1].atan2(m[0]));
        // White stands still; three cosines a third of a turn apart make the wheel of hues.
        [0.0, 1.0, 2.0].map(|k: f32| {
            let hue = 0.5 + 0.5 * (angle - k * std::f32::consts::TAU / 3.0).cos();
            1.0 - length * (1.0 - hue)
        })
    })
}

/// A picture of values 0 to 1, thinned out to [`LONGEST`] and blown up by whole factors where it is small.
fn paint(width: usize, height: usize, color: impl Fn(usize, usize) -> [f32; 3]) -> Rgb16 {
    let longer = width.max(height).max(1);
    let (thin, blow) = (longer.div_ceil(LONGEST), (LONGEST / 2 / longer).max(1));
    let (w, h) = (width.div_ceil(thin) * blow, height.div_ceil(thin) * blow);
    let mut data = Vec::with_capacity(w * h * 3);
    for y in 0..h {
        for x in 0..w {
            let rgb = color((x / blow * thin).min(width - 1), (y / blow * thin).min(height - 1));
            data.extend(rgb.map(|v| (v.clamp(0.0, 1.0) * 65535.0 + 0.5) as u16));
        }
    }
    Rgb16::from_vec(w, h, data).unwrap_or_else(|| Rgb16::new(1, 1))
}

/// Writes a picture as PNG in one step: it appears whole or not at all.
///
/// # Errors
/// [`Error::Write`].
pub fn save_png(path: &Path, picture: &Rgb16, overwrite: bool) -> Result<(), Error> {
    Ok(save(path, overwrite, |file| write_png(file, picture, &Metadata::default()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standing_still_is_white_and_maps_keep_their_shape() {
        let diagnostics = Diagnostics {
            frames_map: Some(Plane::from_fn(2000, 3, |x, _| if x < 1000 { 4.0 } else { 1.0 })),
            merged: 4,
            frames: vec![FrameDiagnostics { index: 3, motion: Plane::filled(5, 4, [2.0, -1.0]) }],
        };
        let pictures = diagnostics.pictures();
        let names: Vec<&str> = pictures.iter().map(|p| p.0.as_str()).collect();
        assert_eq!(names, ["frames", "rejected", "motion_03"]);
        assert_eq!((pictures[0].1.width(), pictures[0].1.height()), (1000, 2));
        assert_eq!(pictures[0].1.get(0, 0), [65535; 3]);
        assert_eq!(pictures[0].1.get(999, 1), [16384; 3]);
        assert_eq!((pictures[1].1.get(0, 0), pictures[1].1.get(999, 1)), ([0; 3], [65535; 3]));
        assert!(pictures[2].1.data().iter().all(|&v| v == 65535));
        assert!(Diagnostics::default().pictures().is_empty());
    }
}
