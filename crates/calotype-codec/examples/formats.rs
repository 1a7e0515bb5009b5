//! Writes one synthetic photograph in every format, to try other programs on: `cargo run --example formats -- FOLDER`.

use calotype_codec::*;
use calotype_image::{DisplayRgb, Plane, SceneRgb};
use std::path::PathBuf;

/// A sunset of sorts: a sky, a sun four stops over white, dark hills.
fn light(x: usize, y: usize, width: usize, height: usize) -> [f32; 3] {
    let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
    let hills = 0.7 + 0.08 * (9.0 * u).sin() + 0.03 * (31.0 * u).cos();
    if v > hills {
        return [0.02, 0.05, 0.03].map(|c| c * (1.5 + (220.0 * u).sin() * (180.0 * v).sin()));
    }
    let sun = 16.0 * (-((u - 0.6).powi(2) * (width as f32 / height as f32).powi(2) + (v - 0.5).powi(2)) / 0.003).exp();
    [0.75 + 0.2 * v + sun, 0.45 + 0.2 * v + 0.8 * sun, 0.7 - 0.6 * v + 0.4 * sun]
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which folder?")?);
    let mut number = || arguments.next().and_then(|n| n.parse().ok());
    let (width, height): (usize, usize) = (number().unwrap_or(1200), number().unwrap_or(800));

    let planes = [0, 1, 2].map(|c| Plane::from_fn(width, height, |x, y| light(x, y, width, height)[c]));
    let scene = SceneRgb::from_planes(planes.clone());
    let bright = DisplayRgb::from_planes(planes);
    let mut display = bright.clone();
    display.planes.iter_mut().for_each(|p| p.data_mut().iter_mut().for_each(|v| *v = v.min(1.0)));

    let mut metadata = Metadata { color_space: ColorSpace::DisplayP3, ..Metadata::default() };
    metadata.exif = Exif {
        make: Some("Calotype".into()),
        model: Some("Example".into()),
        lens_model: Some("Pinhole".into()),
        exposure_time: Some((1, 250)),
        f_number: Some((18, 10)),
        iso: Some(64),
        focal_length_mm: Some((43, 10)),
        focal_length_35mm: Some(26),
        date_time_original: Some("2026:05:04 18:30:12".into()),
        offset: Some("+02:00".into()),
        subsec: Some("12".into()),
        software: Some("Calotype".into()),
        extra: vec![
            (Directory::Gps, 1, Value::Ascii("N".into())),
            (Directory::Gps, 2, Value::Rational(vec![(47, 1), (22, 1), (0, 1)])),
            (Directory::Gps, 3, Value::Ascii("E".into())),
            (Directory::Gps, 4, Value::Rational(vec![(8, 1), (32, 1), (0, 1)])),
        ],
        ..Exif::default()
    };
    let options = EncodeOptions::default();
    let map = |color| {
        let map = GainMapOptions { color, ..GainMapOptions::default() };
        GainMapImage::compute(&display, &bright, metadata.color_space, &map)
    };
    let (gray, color) = (map(false)?, map(true)?);
    let at = |name: &str| folder.join(name);
    save(at("plain.jpg"), true, |f| write_jpeg(f, &display, None, &metadata, &options))?;
    save(at("ultra.jpg"), true, |f| write_jpeg(f, &display, gray.as_ref(), &metadata, &options))?;
    save(at("ultra-color.jpg"), true, |f| write_jpeg(f, &display, color.as_ref(), &metadata, &options))?;
    save(at("picture.tif"), true, |f| write_tiff(f, &display, &metadata, &options))?;
    save(at("picture.png"), true, |f| write_png(f, &display, &metadata))?;
    save(at("picture.jxl"), true, |f| write_jxl(f, &display, &metadata))?;
    save(at("picture.avif"), true, |f| write_avif(f, &display, &metadata, &options))?;
    save(at("scene.exr"), true, |f| write_exr(f, &scene, ScenePrimaries::Rec709, &metadata, &options))?;
    let half = EncodeOptions { half_float: true, ..options };
    save(at("scene-half.exr"), true, |f| write_exr(f, &scene, ScenePrimaries::Rec2020, &metadata, &half))?;
    Ok(())
}
