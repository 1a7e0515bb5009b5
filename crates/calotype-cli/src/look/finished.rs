//! Pictures that looks are shown on or fitted to: raw frames, and finished ones in the neutral rendition.

use super::sheet;
use crate::args::Common;
use crate::failure::Failure;
use crate::progress::Display;
use crate::raw_file;
use calotype::color::transfer::srgb_encode;
use calotype::color::{RgbSpace, matrix};
use calotype::image::{DisplayRgb, Plane, SceneRgb};
use calotype::look::OutputSpace;
use calotype::look::fit::scene_of_neutral;
use calotype::{Format, Look, Negative, PhotoPicture, Recipe, Task};
use calotype_lab::{Limits, Source, read};
use std::path::Path;

/// Three planes of one size.
pub type Planes = [Plane<f32>; 3];

/// A picture before any look.
pub enum Shown {
    /// Of raw frames.
    Raw(Box<Negative>),
    /// Of a finished picture in the neutral rendition.
    Finished(SceneRgb),
}

/// True for the extensions of finished pictures; everything else is taken for raw.
pub fn is_finished(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
    ["jpg", "jpeg", "png", "tif", "tiff", "exr", "npy"].contains(&extension.as_str())
}

/// True for files that hold the light of the scene.
pub fn is_scene_light(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("exr"))
}

/// Linear light of a picture in sRGB's primaries: finished files as their profiles say, raw ones in the neutral rendition.
pub fn planes(path: &Path, common: &Common) -> Result<Planes, Failure> {
    if is_finished(path) {
        return match read(path, None, &Limits::default())? {
            Source::Picture(picture) => Ok(picture.rgb.planes),
            Source::Raw(_) => {
                Err(Failure::new(format!("{} is a raw file under another name", path.display())).help("Name it .dng."))
            }
        };
    }
    Shown::open(path, usize::MAX, common)?.in_look(&Look::default(), common).map(|p| p.planes)
}

impl Shown {
    /// Of linear light in sRGB's primaries: that of the scene, or of a finished picture in the neutral rendition.
    pub fn of(planes: &Planes, scene_light: bool) -> Self {
        if !scene_light {
            return Self::Finished(scene_of_neutral(planes));
        }
        let to = matrix::to_f32(&RgbSpace::Rec709.to_space(RgbSpace::Rec2020));
        let [mut r, mut g, mut b] = planes.clone();
        for y in 0..r.height() {
            matrix::apply_rows(&to, r.row_mut(y), g.row_mut(y), b.row_mut(y));
        }
        Self::Finished(SceneRgb::from_planes([r, g, b]))
    }

    /// Opens a picture of about `width` pixels across at most.
    pub fn open(path: &Path, width: usize, common: &Common) -> Result<Self, Failure> {
        if is_finished(path) {
            let planes = planes(path, common)?;
            let (w, h) = (planes[0].width(), planes[0].height());
            let height = (h as f64 * width as f64 / w as f64).round().max(1.0) as usize;
            let small = if width < w { planes.map(|p| resized(&p, width, height)) } else { planes };
            return Ok(Self::of(&small, is_scene_light(path)));
        }
        let display = Display::new(common, "");
        let burst = raw_file::read_burst(&[path.to_path_buf()], &display)?;
        let negative = calotype::negative(burst, &recipe(), &task(&Look::default()), &display)?;
        let (w, h) = negative.size();
        let small = if width < w { negative.shrunk(width * (width * h).div_ceil(w.max(1)).max(1)) } else { negative };
        display.clear();
        Ok(Self::Raw(Box::new(small)))
    }

    /// The picture in a look, display-linear sRGB.
    pub fn in_look(&self, look: &Look, common: &Common) -> Result<DisplayRgb, Failure> {
        match self {
            Self::Raw(negative) => {
                let display = Display::new(common, "");
                let photo = negative.as_ref().clone().print(&recipe(), &task(look), &display)?;
                display.clear();
                match photo.picture {
                    PhotoPicture::Display { picture, .. } => Ok(picture),
                    PhotoPicture::Scene(_) => Err(Failure::new("the photograph has no look")),
                }
            }
            Self::Finished(scene) => {
                let ready = look.compile(OutputSpace::Srgb, 1.0);
                let mut scene = scene.clone();
                ready.apply_optics(&mut scene);
                Ok(ready.apply(scene))
            }
        }
    }
}

fn recipe() -> Recipe {
    Recipe { output: calotype::Output { hdr: false, ..Default::default() }, ..Recipe::default() }
}

fn task(look: &Look) -> Task {
    Task { format: Format::Png, look: look.clone(), lens: None, character: None, diagnostics: false }
}

/// A plane made smaller: means over the areas of the new pixels.
pub fn resized(plane: &Plane<f32>, width: usize, height: usize) -> Plane<f32> {
    let span = |i: usize, from: usize, to: usize| {
        let first = i * from / to;
        first..((i + 1) * from).div_ceil(to).clamp(first + 1, from)
    };
    Plane::from_fn(width, height, |x, y| {
        let (xs, ys) = (span(x, plane.width(), width), span(y, plane.height(), height));
        let count = (xs.len() * ys.len()) as f32;
        ys.map(|y| plane.row(y)[xs.clone()].iter().sum::<f32>()).sum::<f32>() / count
    })
}

/// Display-linear planes as a PNG of 8 bits that says nothing of where it comes from.
pub fn png_bytes(planes: &Planes) -> Result<Vec<u8>, Failure> {
    let (width, height) = (planes[0].width(), planes[0].height());
    let code = |v: f32| (srgb_encode(v.clamp(0.0, 1.0)) * 255.0).round() as u8;
    let mut pixels = Vec::with_capacity(3 * width * height);
    for y in 0..height {
        for x in 0..width {
            pixels.extend(planes.iter().map(|p| code(p.get(x, y))));
        }
    }
    let failed = |e: png::EncodingError| Failure::new("cannot make a PNG").because(e);
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

/// Pictures beside each other, row by row on white, each above its label.
pub fn side_by_side(rows: &[Vec<(Planes, &str)>]) -> Planes {
    const GAP: usize = 8;
    let label = sheet::LINE + 4;
    let height = |row: &[(Planes, &str)]| row.iter().map(|p| p.0[0].height()).max().unwrap_or(0) + label + GAP;
    let width = |row: &[(Planes, &str)]| row.iter().map(|p| p.0[0].width() + GAP).sum::<usize>() + GAP;
    let all = (rows.iter().map(|r| width(r)).max().unwrap_or(1), rows.iter().map(|r| height(r)).sum::<usize>() + GAP);
    [0, 1, 2].map(|c| {
        let mut out = Plane::filled(all.0, all.1, 1.0f32);
        let mut top = GAP;
        for row in rows {
            let mut left = GAP;
            for (planes, name) in row {
                let (w, h) = (planes[c].width(), planes[c].height());
                for y in 0..h {
                    out.row_mut(top + y)[left..left + w].copy_from_slice(planes[c].row(y));
                }
                sheet::write(&mut out, left, top + h + 4, w, name);
                left += w + GAP;
            }
            top += height(row);
        }
        out
    })
}
