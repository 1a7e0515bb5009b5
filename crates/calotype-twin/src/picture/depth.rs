//! Depth of the user's pictures: a map of distances, cut into slices that stand behind each other.

use super::{Print, checked};
use crate::TwinError;
use crate::scene::{Dab, Layer, Motion};
use serde::Serialize;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;

/// Most slices; each costs as much to blur as it covers of the picture.
const SLICES: usize = 8;

/// A file of distances for a picture: `.exr` (its channel Z, Y or R) or a grey `.png`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DepthMap {
    /// The file. Its size may differ from the picture's, whose whole it covers.
    pub path: PathBuf,
    /// Nearest and farthest distance in metres, for maps of inverse depth: 1 (white) is near, 0 is far, even steps are even
    /// steps of 1 / distance. `None` for maps of metres, which only EXR can hold.
    pub range_m: Option<(f64, f64)>,
}

/// Inverse distances, 1 / m.
pub(super) struct Distances {
    width: usize,
    height: usize,
    inverse: Vec<f32>,
}

/// Reads a depth map.
///
/// # Errors
/// [`TwinError::Picture`] for files that are none, and for distances that cannot be, with their place.
pub(super) fn read(map: &DepthMap) -> Result<Distances, TwinError> {
    let refuse = |reason: String| TwinError::Picture { reason, path: map.path.clone() };
    let extension = map.path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let (width, height, values) = match extension.as_str() {
        "exr" => exr(map)?,
        "png" if map.range_m.is_some() => png(map)?,
        "png" => {
            return Err(refuse("a PNG holds inverse depth: say the nearest and the farthest distance as well".into()));
        }
        _ => return Err(refuse("depth maps are .exr or 16-bit .png".into())),
    };
    let inverse = match map.range_m {
        None => values.iter().map(|m| if *m > 0.0 { 1.0 / m } else { f32::NAN }).collect::<Vec<_>>(),
        Some((near, far)) => {
            if !(near > 0.01 && far > near) {
                return Err(TwinError::bad(
                    "options",
                    "depth range",
                    format!("{near},{far}"),
                    "near must lie before far",
                ));
            }
            let (near, far) = ((1.0 / near) as f32, (1.0 / far) as f32);
            let at = |v: &f32| if (0.0..=1.0).contains(v) { far + (near - far) * v } else { f32::NAN };
            values.iter().map(at).collect()
        }
    };
    if let Some(i) = inverse.iter().position(|v| !(0.0..=100.0).contains(v)) {
        let (x, y) = (i % width, i / width);
        let reason =
            format!("the depth at {x},{y} is {}: metres are above 0.01, inverse depth lies within 0 and 1", values[i]);
        return Err(refuse(reason));
    }
    Ok(Distances { width, height, inverse })
}

fn exr(map: &DepthMap) -> Result<(usize, usize, Vec<f32>), TwinError> {
    use exr::prelude::*;
    let refuse = |reason: String| TwinError::Picture { reason, path: map.path.clone() };
    let meta = MetaData::read_from_file(&map.path, false).map_err(|e| refuse(e.to_string()))?;
    for header in &meta.headers {
        checked(&map.path, header.layer_size.0, header.layer_size.1)?;
    }
    let image = read()
        .no_deep_data()
        .largest_resolution_level()
        .all_channels()
        .first_valid_layer()
        .all_attributes()
        .non_parallel()
        .from_file(&map.path)
        .map_err(|e| refuse(e.to_string()))?;
    let (size, list) = (image.layer_data.size, &image.layer_data.channel_data.list);
    let channel = ["Z", "Y", "R"].iter().find_map(|n| list.iter().find(|c| c.name.eq(n) && c.sampling.area() == 1));
    let channel = channel.ok_or_else(|| refuse("there is no channel Z, Y or R in it".into()))?;
    Ok((size.x(), size.y(), channel.sample_data.values_as_f32().collect()))
}

fn png(map: &DepthMap) -> Result<(usize, usize, Vec<f32>), TwinError> {
    let refuse = |e: png::DecodingError| TwinError::Picture { reason: e.to_string(), path: map.path.clone() };
    let file = BufReader::new(std::fs::File::open(&map.path).map_err(TwinError::io("read", &map.path))?);
    let mut reader = png::Decoder::new(file).read_info().map_err(refuse)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    checked(&map.path, width, height)?;
    let mut bytes = vec![0u8; reader.output_buffer_size().unwrap_or(0)];
    let info = reader.next_frame(&mut bytes).map_err(refuse)?;
    if info.color_type != png::ColorType::Grayscale || info.bit_depth != png::BitDepth::Sixteen {
        let reason = format!("{:?} of {:?} bits is no depth map; 16-bit grey is", info.color_type, info.bit_depth);
        return Err(TwinError::Picture { reason, path: map.path.clone() });
    }
    let values = bytes.chunks_exact(2).map(|b| f32::from(u16::from_be_bytes([b[0], b[1]])) / 65535.0);
    Ok((width, height, values.take(width * height).collect()))
}

/// The slices of a picture from far to near: places as near as a slice or nearer, at the mean inverse distance of what
/// lies within it. What a nearer slice hides, a farther one shows in the same colours.
pub(super) fn layers(distances: &Distances, print: &Arc<Print>, picture: (usize, usize)) -> Vec<Layer> {
    let inverse = &distances.inverse;
    let (low, high) = inverse.iter().fold((f32::MAX, 0f32), |(a, b), v| (a.min(*v), b.max(*v)));
    let step = ((high - low) / SLICES as f32).max(1e-9);
    let slice: Arc<Vec<u8>> =
        Arc::new(inverse.iter().map(|v| (((v - low) / step) as usize).min(SLICES - 1) as u8).collect());
    let (w, h) = (distances.width, distances.height);
    let scale = (w as f32 / picture.0 as f32, h as f32 / picture.1 as f32);
    let mut layers = Vec::new();
    for k in 0..SLICES as u8 {
        let mut sum = (0.0f64, 0u64);
        let mut bounds = [w, h, 0, 0];
        for (i, v) in inverse.iter().enumerate() {
            if slice[i] == k {
                sum = (sum.0 + f64::from(*v), sum.1 + 1);
            }
            if slice[i] >= k {
                let (x, y) = (i % w, i / w);
                bounds = [bounds[0].min(x), bounds[1].min(y), bounds[2].max(x + 1), bounds[3].max(y + 1)];
            }
        }
        if sum.1 == 0 {
            continue;
        }
        let depth_m = (sum.1 as f64 / sum.0).min(1e5);
        let print = print.clone();
        if layers.is_empty() {
            let paint = move |u: f32, v: f32, d: f32| Dab::full(print.at(u, v, d));
            layers.push(Layer::background("picture", depth_m, paint));
            continue;
        }
        let heights =
            |pixel: usize, scale: f32, corner: f32| (pixel as f32 / scale - corner) / print.levels.place.per_height;
        let half = 0.5 / print.levels.place.per_height;
        let bounds = [
            heights(bounds[0], scale.0, print.levels.place.corner.0) - half / scale.0,
            heights(bounds[1], scale.1, print.levels.place.corner.1) - half / scale.1,
            heights(bounds[2], scale.0, print.levels.place.corner.0) + half / scale.0,
            heights(bounds[3], scale.1, print.levels.place.corner.1) + half / scale.1,
        ];
        let slice = slice.clone();
        let paint = move |u: f32, v: f32, d: f32| {
            let (x, y) = print.levels.place.pixel(u, v);
            let cover = bilinear(w, h, x * scale.0 - 0.5, y * scale.1 - 0.5, |i| f32::from(u8::from(slice[i] >= k)));
            if cover > 0.0 { Dab::part(print.at(u, v, d), cover) } else { Dab::NONE }
        };
        layers.push(Layer {
            name: "slice",
            paint: Box::new(paint),
            depth_m,
            motion: Motion::default(),
            bounds: Some(bounds),
        });
    }
    layers
}

/// Linear interpolation; the border goes on outside.
fn bilinear(w: usize, h: usize, x: f32, y: f32, at: impl Fn(usize) -> f32) -> f32 {
    let (x, y) = (x.clamp(0.0, w as f32 - 1.0), y.clamp(0.0, h as f32 - 1.0));
    let (i, j) = (x as usize, y as usize);
    let (fx, fy) = (x - i as f32, y - j as f32);
    let (i1, j1) = ((i + 1).min(w - 1), (j + 1).min(h - 1));
    let row = |j: usize| at(j * w + i) + (at(j * w + i1) - at(j * w + i)) * fx;
    row(j) + (row(j1) - row(j)) * fy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Camera, Request};

    /// A grey picture, and a depth map with a square in the middle.
    fn files(folder: &std::path::Path, near: u16, far: u16) -> (String, PathBuf) {
        let write = |name: &str, depth: png::BitDepth, bytes: Vec<u8>| {
            let path = folder.join(name);
            let mut encoder = png::Encoder::new(std::fs::File::create(&path).unwrap(), 40, 30);
            encoder.set_color(png::ColorType::Grayscale);
            encoder.set_depth(depth);
            encoder.write_header().unwrap().write_image_data(&bytes).unwrap();
            path
        };
        let middle = |i: usize| (10..30).contains(&(i % 40)) && (10..20).contains(&(i / 40));
        let picture = write("a.png", png::BitDepth::Eight, (0..1200).map(|i| 90 + 60 * u8::from(middle(i))).collect());
        let value = |i: usize| if middle(i) { near } else { far };
        let depth = write("d.png", png::BitDepth::Sixteen, (0..1200).flat_map(|i| value(i).to_be_bytes()).collect());
        (picture.to_str().unwrap().into(), depth)
    }

    #[test]
    fn near_things_stand_before_far_ones() {
        let folder = tempfile::tempdir().unwrap();
        let (picture, depth) = files(folder.path(), 65535, 0);
        let map = DepthMap { path: depth.clone(), range_m: Some((1.0, 10.0)) };
        let request = Request { depth: Some(map), size: Some((400, 300)), ..Request::new(&picture) };
        let plan = request.plan(Camera::load("clean").unwrap()).unwrap();
        let layers = &plan.scene.layers;
        assert_eq!(layers.len(), 2);
        assert!((layers[0].depth_m - 10.0).abs() < 1e-3 && (layers[1].depth_m - 1.0).abs() < 1e-3);
        let cover = |u: f32, v: f32| layers[1].paint.at(u, v, 0.001).cover;
        assert_eq!((cover(0.66, 0.5), cover(0.1, 0.1), cover(0.66, 0.1)), (1.0, 0.0, 0.0));
        // focus goes to what is nearest
        assert!((plan.focus_m - 1.0).abs() < 1e-3);
    }

    #[test]
    fn maps_that_cannot_be_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (picture, depth) = files(folder.path(), 65535, 0);
        let refused = |path: PathBuf, range_m| {
            let request = Request { depth: Some(DepthMap { path, range_m }), ..Request::new(&picture) };
            request.plan(Camera::load("clean").unwrap()).err().unwrap().to_string()
        };
        assert!(refused(depth.clone(), None).contains("nearest"));
        assert!(refused(depth.clone(), Some((5.0, 1.0))).contains("before far"));
        assert!(refused(picture.clone().into(), Some((1.0, 5.0))).contains("16-bit"));
        assert!(refused(folder.path().join("no.exr"), None).contains("no.exr"));
        assert!(refused(folder.path().join("no.txt"), None).contains(".exr"));
        let request =
            Request { depth: Some(DepthMap { path: depth, range_m: Some((1.0, 10.0)) }), ..Request::new("chart") };
        assert!(request.plan(Camera::load("clean").unwrap()).err().unwrap().to_string().contains("picture"));
    }
}
