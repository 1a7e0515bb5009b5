//! Pictures of the user's as scenes.
//!
//! OpenEXR and Radiance files hold scene-linear light and are taken at their word, in Rec.709 primaries; their mean
//! luminance is scaled to a surface of 18 % in the light asked for. JPEG and PNG are display pictures: their curve is
//! undone, but what a camera's tone curve did to the light cannot be: such scenes are approximate.

use crate::TwinError;
use crate::scene::{Dab, Dyes, Layer, Scene, Setting, Stimulus, Studio};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

mod composition;
mod depth;

pub use composition::EXAMPLE;
pub use depth::DepthMap;

/// Most pixels of a picture.
const MOST_PIXELS: usize = 200_000_000;

/// Where a picture without depth stands.
const DISTANCE_M: f64 = 3.0;

/// A picture in linear Rec.709, multiplied with its opacity where it has one.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
    /// 1 where nothing is seen through.
    alpha: Option<Vec<f32>>,
    approximate: bool,
}

/// True where a scene's name is that of a picture file, or of a scene file.
pub(crate) fn is_picture(name: &str) -> bool {
    ["exr", "hdr", "jpg", "jpeg", "png", "toml"].contains(&extension(Path::new(name)).as_str())
}

fn extension(path: &Path) -> String {
    path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase()
}

/// Reads a picture and sets it up as a flat scene that fills the frame; the parts that another aspect ratio leaves over
/// are cropped. With a depth map it stands in space, in slices.
pub(crate) fn load(
    path: &Path,
    depth: Option<&DepthMap>,
    studio: &Studio,
    setting: &Setting,
) -> Result<Scene, TwinError> {
    if extension(path) == "toml" {
        return composition::load(path, depth, studio, setting);
    }
    Ok(set_up(read(path)?, path, (depth, DISTANCE_M), studio, setting)?.scene)
}

/// Reads a picture whose light can be: finite, and not negative.
fn read(path: &Path) -> Result<Picture, TwinError> {
    let refuse = |reason: String| TwinError::Picture { reason, path: path.into() };
    let picture = match extension(path).as_str() {
        "exr" => exr(path)?,
        "hdr" => radiance(path)?,
        "png" => png(path)?,
        "jpg" | "jpeg" => jpeg(path)?,
        _ => return Err(refuse("this is no picture: .exr, .hdr, .jpg and .png are".into())),
    };
    if picture.width < 2 || picture.height < 2 {
        return Err(refuse(format!("{}x{} pixels are no scene", picture.width, picture.height)));
    }
    if let Some(i) = picture.pixels.iter().position(|p| p.iter().any(|v| !v.is_finite() || *v < 0.0)) {
        let (x, y, p) = (i % picture.width, i / picture.width, picture.pixels[i]);
        return Err(refuse(format!(
            "the pixel at {x},{y} is {p:?}: light is finite and not negative; clean the picture first"
        )));
    }
    Ok(picture)
}

/// A scene, and the illuminance on what is 1 in its picture.
struct SetUp {
    scene: Scene,
    lux_at_1: f64,
}

/// Sets a picture up as a background, flat at a distance or with the depth of a map.
fn set_up(
    picture: Picture,
    path: &Path,
    (depth, distance_m): (Option<&DepthMap>, f64),
    studio: &Studio,
    setting: &Setting,
) -> Result<SetUp, TwinError> {
    let refuse = |reason: String| TwinError::Picture { reason, path: path.into() };
    let luminance = |p: &[f32; 3]| 0.2126 * f64::from(p[0]) + 0.7152 * f64::from(p[1]) + 0.0722 * f64::from(p[2]);
    let mean = picture.pixels.iter().map(luminance).sum::<f64>() / picture.pixels.len() as f64;
    // or so near to it that its light could not be told from none
    if !(mean > 1e-20) {
        return Err(refuse("the picture is black".into()));
    }
    let lux_at_1 = setting.lux * 0.18 / mean;
    let dyes = studio.dyes(&setting.light, lux_at_1);
    let size = (picture.width, picture.height);
    let (w, h) = (size.0 as f32, size.1 as f32);
    let per_height = h.min(w / setting.aspect);
    let place = Place { per_height, corner: ((w - per_height * setting.aspect) / 2.0, (h - per_height) / 2.0) };
    let print = Arc::new(Print { levels: Levels::new((size.0, size.1, picture.pixels), place), dyes });
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let layers = match depth {
        None => {
            let paint = move |u: f32, v: f32, d: f32| Dab::full(print.at(u, v, d));
            vec![Layer::background("picture", distance_m, paint)]
        }
        Some(depth) => depth::layers(&depth::read(depth)?, &print, size),
    };
    let scene = Scene {
        name,
        white: setting.light.clone(),
        lux: setting.lux,
        layers,
        marks: Vec::new(),
        approximate: picture.approximate,
    };
    Ok(SetUp { scene, lux_at_1 })
}

/// Where a picture is in the frame.
#[derive(Clone, Copy)]
struct Place {
    /// Pixels in the frame's height.
    per_height: f32,
    /// The pixel in the frame's upper left corner.
    corner: (f32, f32),
}

impl Place {
    /// The pixel that a place of the frame falls on.
    fn pixel(&self, u: f32, v: f32) -> (f32, f32) {
        (self.corner.0 + u * self.per_height, self.corner.1 + v * self.per_height)
    }
}

/// A picture of `N` values a pixel with smaller versions of itself, set up in a frame.
struct Levels<const N: usize> {
    /// Width, height and pixels, each level half the one before.
    levels: Vec<(usize, usize, Vec<[f32; N]>)>,
    place: Place,
}

impl<const N: usize> Levels<N> {
    fn new(finest: (usize, usize, Vec<[f32; N]>), place: Place) -> Self {
        let mut levels = vec![finest];
        while let Some((w, h, pixels)) = levels.last().filter(|l| l.0 > 2 && l.1 > 2) {
            levels.push(halved(*w, *h, pixels));
        }
        Self { levels, place }
    }

    /// Values at a place, from the first level that is not finer than asked for.
    fn at(&self, u: f32, v: f32, d: f32) -> [f32; N] {
        let level = ((d * self.place.per_height).max(1.0).log2().round() as usize).min(self.levels.len() - 1);
        let (w, h, pixels) = &self.levels[level];
        let shrink = (1u32 << level) as f32;
        let (x, y) = self.place.pixel(u, v);
        cubic(pixels, *w, *h, x / shrink - 0.5, y / shrink - 0.5)
    }
}

/// A picture as a matt surface in the light at hand.
struct Print {
    levels: Levels<3>,
    dyes: Dyes,
}

impl Print {
    fn at(&self, u: f32, v: f32, d: f32) -> Stimulus {
        self.dyes.rgb(self.levels.at(u, v, d))
    }
}

fn halved<const N: usize>(w: usize, h: usize, pixels: &[[f32; N]]) -> (usize, usize, Vec<[f32; N]>) {
    let (hw, hh) = (w / 2, h / 2);
    let at = |x: usize, y: usize| pixels[y * w + x];
    let mean = |i: usize| {
        let (x, y) = (2 * (i % hw), 2 * (i / hw));
        std::array::from_fn(|c| 0.25 * (at(x, y)[c] + at(x + 1, y)[c] + at(x, y + 1)[c] + at(x + 1, y + 1)[c]))
    };
    (hw, hh, (0..hw * hh).map(mean).collect())
}

/// Cubic interpolation (Keys 1981), mirrored at the border; not below the least of the nearest four, so that light stays light.
fn cubic<const N: usize>(pixels: &[[f32; N]], w: usize, h: usize, x: f32, y: f32) -> [f32; N] {
    let mirror = |v: i64, n: usize| {
        let n = n as i64;
        let v = v.rem_euclid(2 * n);
        (if v < n { v } else { 2 * n - 1 - v }) as usize
    };
    let weights = |f: f32| {
        let (f2, f3) = (f * f, f * f * f);
        [-0.5 * f3 + f2 - 0.5 * f, 1.5 * f3 - 2.5 * f2 + 1.0, -1.5 * f3 + 2.0 * f2 + 0.5 * f, 0.5 * f3 - 0.5 * f2]
    };
    let (ix, iy) = (x.floor(), y.floor());
    let (wx, wy) = (weights(x - ix), weights(y - iy));
    let xs: [usize; 4] = std::array::from_fn(|i| mirror(ix as i64 - 1 + i as i64, w));
    let (mut sum, mut least) = ([0f32; N], [f32::MAX; N]);
    for (j, wy) in wy.iter().enumerate() {
        let row = mirror(iy as i64 - 1 + j as i64, h) * w;
        for (i, wx) in wx.iter().enumerate() {
            let p = pixels[row + xs[i]];
            for c in 0..N {
                sum[c] += wx * wy * p[c];
                if (1..3).contains(&i) && (1..3).contains(&j) {
                    least[c] = least[c].min(p[c]);
                }
            }
        }
    }
    std::array::from_fn(|c| sum[c].max(least[c]))
}

fn checked(path: &Path, width: usize, height: usize) -> Result<usize, TwinError> {
    match width.checked_mul(height) {
        Some(0) => {
            Err(TwinError::Picture { reason: format!("{width}x{height} pixels are no picture"), path: path.into() })
        }
        Some(n) if n <= MOST_PIXELS => Ok(n),
        _ => Err(TwinError::Picture {
            reason: format!("{width}x{height} pixels are more than the limit of {MOST_PIXELS}"),
            path: path.into(),
        }),
    }
}

fn exr(path: &Path) -> Result<Picture, TwinError> {
    use exr::prelude::*;
    let refuse = |e: Error| TwinError::Picture { reason: e.to_string(), path: path.into() };
    // the header first: its size is checked before anything is allocated
    let meta = MetaData::read_from_file(path, false).map_err(refuse)?;
    for header in &meta.headers {
        checked(path, header.layer_size.0, header.layer_size.1)?;
    }
    let image = read_first_rgba_layer_from_file(
        path,
        |size: Vec2<usize>, _| (size.0, vec![[0f32; 3]; size.0 * size.1], vec![0f32; size.0 * size.1]),
        |(width, pixels, alpha), at, (r, g, b, a): (f32, f32, f32, f32)| {
            let i = at.1 * *width + at.0;
            (pixels[i], alpha[i]) = ([r, g, b], a);
        },
    )
    .map_err(refuse)?;
    let size = image.layer_data.size;
    // a file without opacity is opaque
    let (_, mut pixels, alpha) = image.layer_data.channel_data.pixels;
    let alpha = Some(alpha);
    if let Some(c) = image.attributes.chromaticities {
        let xy = |v: Vec2<f32>| [f64::from(v.0), f64::from(v.1)];
        let primaries = calotype_color::Primaries { rgb: [xy(c.red), xy(c.green), xy(c.blue)], white: xy(c.white) };
        if let Some(to_xyz) = primaries.to_xyz() {
            use calotype_color::matrix::{multiply, to_f32};
            let adapt = calotype_color::bradford(primaries.white, calotype_color::D65_XY);
            let m = multiply(&calotype_color::RgbSpace::Rec709.from_xyz(), &multiply(&adapt, &to_xyz));
            let off = |i: usize, j: usize| (m[i][j] - f64::from(u8::from(i == j))).abs();
            if (0..9).any(|k| off(k / 3, k % 3) > 1e-3) {
                let m = to_f32(&m);
                for p in &mut pixels {
                    // colours outside Rec.709 are brought to its edge: such light has no smooth reflectance
                    *p = std::array::from_fn(|i| {
                        let v = m[i][0] * p[0] + m[i][1] * p[1] + m[i][2] * p[2];
                        if p.iter().all(|x| *x >= 0.0) { v.max(0.0) } else { v }
                    });
                }
            }
        }
    }
    Ok(Picture { width: size.0, height: size.1, pixels, alpha, approximate: false })
}

/// Radiance RGBE (Ward, "Real Pixels", Graphics Gems II, 1991), flat and with its later run lengths, rows from the top.
fn radiance(path: &Path) -> Result<Picture, TwinError> {
    let refuse = |reason: &str| TwinError::Picture { reason: reason.into(), path: path.into() };
    let mut file = BufReader::new(std::fs::File::open(path).map_err(TwinError::io("read", path))?);
    let mut line = Vec::new();
    let mut next_line = |file: &mut BufReader<std::fs::File>| -> Result<String, TwinError> {
        line.clear();
        file.by_ref().take(4096).read_until(b'\n', &mut line).map_err(TwinError::io("read", path))?;
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    };
    if !next_line(&mut file)?.starts_with("#?") {
        return Err(refuse("this is no Radiance picture: the first line must begin with #?"));
    }
    for number in 0.. {
        let text = next_line(&mut file)?;
        if text.is_empty() {
            break;
        }
        if number > 1000 {
            return Err(refuse("the header does not end"));
        }
        if text.strip_prefix("FORMAT=").is_some_and(|f| f.trim() != "32-bit_rle_rgbe") {
            return Err(refuse(&format!("{text} is not supported; store it as 32-bit_rle_rgbe")));
        }
    }
    let resolution = next_line(&mut file)?;
    let parts: Vec<&str> = resolution.split_whitespace().collect();
    let (height, width) = match parts[..] {
        ["-Y", h, "+X", w] => (h.parse().unwrap_or(0), w.parse().unwrap_or(0)),
        _ => {
            return Err(refuse(&format!(
                "the resolution `{resolution}` is not of the usual kind `-Y height +X width`"
            )));
        }
    };
    let count = checked(path, width, height)?;
    // a header may promise more than the file holds
    let mut pixels = Vec::with_capacity(count.min(1 << 22));
    let mut row = vec![[0u8; 4]; width];
    let truncated = |_| refuse("the file ends before the picture does");
    for _ in 0..height {
        let mut start = [0u8; 4];
        file.read_exact(&mut start).map_err(truncated)?;
        let run_lengths = start[0] == 2 && start[1] == 2 && usize::from(start[2]) << 8 | usize::from(start[3]) == width;
        if run_lengths {
            for channel in 0..4 {
                let mut x = 0;
                while x < width {
                    let mut byte = [0u8];
                    file.read_exact(&mut byte).map_err(truncated)?;
                    let (count, repeated) =
                        if byte[0] > 128 { (usize::from(byte[0]) - 128, true) } else { (usize::from(byte[0]), false) };
                    if count == 0 || x + count > width {
                        return Err(refuse("a run leaves its row: the file is corrupt"));
                    }
                    if repeated {
                        file.read_exact(&mut byte).map_err(truncated)?;
                    }
                    for _ in 0..count {
                        if !repeated {
                            file.read_exact(&mut byte).map_err(truncated)?;
                        }
                        row[x][channel] = byte[0];
                        x += 1;
                    }
                }
            }
        } else {
            row[0] = start;
            for pixel in &mut row[1..] {
                file.read_exact(pixel).map_err(truncated)?;
            }
        }
        pixels.extend(row.iter().map(|p| {
            let scale = if p[3] == 0 { 0.0 } else { 2f32.powi(i32::from(p[3]) - 136) };
            [0, 1, 2].map(|c| f32::from(p[c]) * scale)
        }));
    }
    Ok(Picture { width, height, pixels, alpha: None, approximate: false })
}

fn png(path: &Path) -> Result<Picture, TwinError> {
    let refuse = |e: png::DecodingError| TwinError::Picture { reason: e.to_string(), path: path.into() };
    let file = BufReader::new(std::fs::File::open(path).map_err(TwinError::io("read", path))?);
    let mut decoder = png::Decoder::new(file);
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(refuse)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    checked(path, width, height)?;
    let size = reader.output_buffer_size().unwrap_or(0);
    let mut bytes = vec![0u8; size];
    let info = reader.next_frame(&mut bytes).map_err(refuse)?;
    let channels = info.color_type.samples();
    let wide = info.bit_depth == png::BitDepth::Sixteen;
    let samples: Vec<f32> = if wide {
        bytes.chunks_exact(2).map(|b| f32::from(u16::from_be_bytes([b[0], b[1]])) / 65535.0).collect()
    } else {
        bytes.iter().map(|b| f32::from(*b) / 255.0).collect()
    };
    let pixels = samples.chunks_exact(channels).map(|p| linear(p, channels)).take(width * height);
    // with opacity, codes are those of opaque colours
    let alpha: Option<Vec<f32>> = matches!(channels, 2 | 4)
        .then(|| samples.chunks_exact(channels).map(|p| p[channels - 1]).take(width * height).collect());
    let pixels = match &alpha {
        Some(alpha) => pixels.zip(alpha).map(|(p, a)| p.map(|v| v * a)).collect(),
        None => pixels.collect(),
    };
    Ok(Picture { width, height, pixels, alpha, approximate: true })
}

fn jpeg(path: &Path) -> Result<Picture, TwinError> {
    use zune_core::bytestream::ZCursor;
    use zune_core::colorspace::ColorSpace;
    use zune_core::options::DecoderOptions;
    let refuse = |reason: String| TwinError::Picture { reason, path: path.into() };
    let size = std::fs::metadata(path).map_err(TwinError::io("read", path))?.len();
    if size > 1 << 30 {
        return Err(refuse(format!("a JPEG of {size} bytes is more than the limit of a gigabyte")));
    }
    let bytes = std::fs::read(path).map_err(TwinError::io("read", path))?;
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(&bytes), options);
    decoder.decode_headers().map_err(|e| refuse(e.to_string()))?;
    let (width, height) = decoder.dimensions().unwrap_or((0, 0));
    checked(path, width, height)?;
    let samples = decoder.decode().map_err(|e| refuse(e.to_string()))?;
    let pixels = samples.chunks_exact(3).map(|p| linear(&[0, 1, 2].map(|c| f32::from(p[c]) / 255.0), 3)).collect();
    Ok(Picture { width, height, pixels, alpha: None, approximate: true })
}

/// sRGB codes, grey or colour, with or without opacity behind them, as linear Rec.709.
fn linear(codes: &[f32], channels: usize) -> [f32; 3] {
    let at = |i: usize| calotype_color::transfer::srgb_decode(codes[i]);
    if channels < 3 { [at(0); 3] } else { [at(0), at(1), at(2)] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Camera, Illuminant};

    fn setup(name: &str, bytes: &[u8]) -> Result<Scene, TwinError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let camera = Camera::load("clean").unwrap();
        let light = Illuminant::builtin("D65").unwrap();
        let studio = Studio::new(&camera.sensor, camera.optics.as_ref(), &light);
        load(&path, None, &studio, &Setting { seed: 1, aspect: 1.0, light, lux: 500.0 })
    }

    fn hdr(pixel: [u8; 4]) -> Vec<u8> {
        let mut bytes = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 4\n".to_vec();
        (0..16).for_each(|_| bytes.extend(pixel));
        bytes
    }

    fn exr_file(value: f32) -> Vec<u8> {
        use exr::prelude::*;
        let image = Image::from_channels(
            (4, 4),
            SpecificChannels::rgb(
                move |at: Vec2<usize>| {
                    if at == Vec2(2, 1) { (value, 0.5f32, 0.5f32) } else { (0.5, 0.5, 0.5) }
                },
            ),
        );
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write().to_buffered(&mut bytes).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn the_mean_is_a_surface_of_eighteen_percent() {
        let scene = setup("a.hdr", &hdr([128, 128, 128, 129])).unwrap();
        // 500 lux on 18 %: 28.6 cd/m²
        let seen = scene.at(0.5, 0.5, 0.001);
        assert!((seen[4] - 28.65).abs() < 0.05, "{seen:?}");
        assert!(!scene.approximate);
    }

    #[test]
    fn light_that_cannot_be_is_refused_with_its_place() {
        for value in [f32::NAN, -0.25, f32::INFINITY] {
            let error = setup("a.exr", &exr_file(value)).err().unwrap().to_string();
            assert!(error.contains("2,1"), "{error}");
        }
        assert!(setup("a.exr", &exr_file(0.7)).is_ok());
        for (name, bytes, word) in [
            ("a.hdr", b"#?RADIANCE\n\n-Y 9999999 +X 9999999\n".to_vec(), "limit"),
            ("a.hdr", hdr([0, 0, 0, 0]), "black"),
            ("a.hdr", hdr([1; 4])[..60].to_vec(), "ends before"),
            ("a.hdr", b"P6".to_vec(), "#?"),
            ("a.exr", b"nonsense".to_vec(), "a.exr"),
            ("a.png", b"nonsense".to_vec(), "a.png"),
            ("a.jpg", b"nonsense".to_vec(), "a.jpg"),
        ] {
            let error = setup(name, &bytes).err().unwrap().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
