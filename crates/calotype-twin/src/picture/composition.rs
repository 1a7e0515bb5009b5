//! Scene files (schema `scene/1`): a picture of the user's with things that move before it.

use super::{Levels, Picture, Place, read, set_up};
use crate::picture::DepthMap;
use crate::scene::{Dab, Layer, Motion, Scene, Setting, Studio};
use crate::scenes::in_box;
use crate::{TwinError, strict};
use serde::Deserialize;
use std::path::Path;

/// A complete scene file (schema `scene/1`) with every key explained.
pub const EXAMPLE: &str = include_str!("../../scenes/example.toml");

/// Most layers: each costs as much to blur as it covers of the frame.
const MOST_LAYERS: usize = 32;

/// No white surface is lit as brightly, but for those in the sun's own.
const BRIGHTEST_LUX: f64 = 1e12;

#[derive(Deserialize)]
struct SceneFile {
    schema: String,
    picture: String,
    #[serde(default = "usual_distance")]
    depth_m: f64,
    #[serde(default)]
    layer: Vec<LayerFile>,
}

/// A thing and its path; units are in the example file.
#[derive(Deserialize)]
struct LayerFile {
    picture: String,
    depth_m: f64,
    place: [f64; 2],
    height: f64,
    #[serde(default = "one")]
    gain: f64,
    #[serde(default)]
    velocity: [f64; 2],
    #[serde(default)]
    spin_deg_s: f64,
    #[serde(default)]
    swing_deg: f64,
    #[serde(default)]
    swing_hz: f64,
}

fn usual_distance() -> f64 {
    super::DISTANCE_M
}

fn one() -> f64 {
    1.0
}

impl SceneFile {
    fn check(&self, file: &str) -> Result<(), TwinError> {
        if self.schema != "scene/1" {
            return Err(TwinError::bad(file, "schema", &self.schema, "this version reads scene/1"));
        }
        if self.layer.len() > MOST_LAYERS {
            return Err(TwinError::bad(file, "layer", self.layer.len(), format!("at most {MOST_LAYERS} are possible")));
        }
        let distances = (0.05, 1e5);
        let mut values = vec![("depth_m".to_owned(), self.depth_m, distances)];
        for (i, l) in self.layer.iter().enumerate() {
            let key = |name: &str| format!("layer.{name} of layer {}", i + 1);
            values.extend([
                (key("depth_m"), l.depth_m, distances),
                (key("place"), l.place[0], (-20.0, 20.0)),
                (key("place"), l.place[1], (-20.0, 20.0)),
                (key("height"), l.height, (1e-3, 20.0)),
                (key("gain"), l.gain, (0.0, 1e5)),
                (key("velocity"), l.velocity[0], (-20.0, 20.0)),
                (key("velocity"), l.velocity[1], (-20.0, 20.0)),
                (key("spin_deg_s"), l.spin_deg_s, (-3600.0, 3600.0)),
                (key("swing_deg"), l.swing_deg, (-180.0, 180.0)),
                (key("swing_hz"), l.swing_hz, (0.0, 50.0)),
            ]);
        }
        match values.iter().find(|(_, v, (low, high))| !(low..=high).contains(&v)) {
            Some((key, v, (low, high))) => {
                Err(TwinError::bad(file, key, v, format!("it must lie within {low} and {high}")))
            }
            None => Ok(()),
        }
    }
}

/// Reads a scene file and the pictures beside it.
pub(crate) fn load(
    path: &Path,
    depth: Option<&DepthMap>,
    studio: &Studio,
    setting: &Setting,
) -> Result<Scene, TwinError> {
    let file = path.display().to_string();
    let description: SceneFile = strict::read(&file, &strict::text(path)?, EXAMPLE)?;
    description.check(&file)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let picture = folder.join(&description.picture);
    let background = read(&picture)?;
    let mut scene = set_up(background, &picture, (depth, description.depth_m), studio, setting)?;
    scene.scene.name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut approximate = scene.scene.approximate;
    for layer in &description.layer {
        let path = folder.join(&layer.picture);
        let cutout = read(&path)?;
        approximate |= cutout.approximate;
        scene.scene.layers.push(thing(layer, cutout, &path, scene.lux_at_1 * layer.gain, studio, setting)?);
    }
    // from the back to the front; the background, and what is equally far, stay in their order
    scene.scene.layers[1..].sort_by(|a, b| b.depth_m.total_cmp(&a.depth_m));
    Ok(Scene { approximate, ..scene.scene })
}

/// A cut-out picture as a layer, in a light of `lux` on its white.
fn thing(
    file: &LayerFile,
    picture: Picture,
    path: &Path,
    lux: f64,
    studio: &Studio,
    setting: &Setting,
) -> Result<Layer, TwinError> {
    let dyes = studio.dyes(&setting.light, lux);
    let alpha = picture.alpha.unwrap_or_else(|| vec![1.0; picture.pixels.len()]);
    if let Some(i) = alpha.iter().position(|a| !(0.0..=1.0).contains(a)) {
        let (x, y) = (i % picture.width, i / picture.width);
        let reason = format!("the opacity at {x},{y} is {}: it lies within 0 and 1", alpha[i]);
        return Err(TwinError::Picture { reason, path: path.into() });
    }
    let brightest = picture.pixels.iter().flatten().fold(0.0, |a: f64, v| a.max(f64::from(*v)));
    if !(brightest * lux < BRIGHTEST_LUX) {
        let reason = format!(
            "its brightest light is {:.1e} times the background's mean: give it a smaller gain",
            brightest * lux / (0.18 * setting.lux)
        );
        return Err(TwinError::Picture { reason, path: path.into() });
    }
    let pixels = picture.pixels.iter().zip(&alpha).map(|([r, g, b], a)| [*r, *g, *b, *a]).collect();
    let (w, h) = (picture.width as f32, picture.height as f32);
    let per_height = h / file.height as f32;
    let [u, v] = file.place.map(|v| v as f32);
    let (half_u, half_v) = (0.5 * w / per_height, 0.5 * file.height as f32);
    let print = Levels::new(
        (picture.width, picture.height, pixels),
        Place { per_height, corner: (-(u - half_u) * per_height, -(v - half_v) * per_height) },
    );
    let bounds = [u - half_u, v - half_v, u + half_u, v + half_v];
    let paint = move |u: f32, v: f32, d: f32| {
        let inside = in_box(bounds, u, v, d);
        if inside <= 0.0 {
            return Dab::NONE;
        }
        // colours are multiplied with opacity already
        let [r, g, b, a] = print.at(u, v, d);
        let cover = inside * a.min(1.0);
        Dab { light: dyes.rgb([r, g, b]).map(|l| l * inside), cover }
    };
    Ok(Layer {
        name: "layer",
        paint: Box::new(paint),
        depth_m: file.depth_m,
        motion: Motion {
            velocity: file.velocity,
            spin_rad_s: file.spin_deg_s.to_radians(),
            pivot: file.place,
            swing: [file.swing_deg.to_radians(), file.swing_hz],
        },
        // a pixel of the finest frame more, for what an edge covers in part
        bounds: Some([bounds[0] - 1e-3, bounds[1] - 1e-3, bounds[2] + 1e-3, bounds[3] + 1e-3]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Camera, Request};

    /// A grey background of 0.2, and a white disc on nothing.
    fn files(folder: &Path, text: &str) -> String {
        let png = |name: &str, color: png::ColorType, size: u32, data: &[u8]| {
            let file = std::fs::File::create(folder.join(name)).unwrap();
            let mut encoder = png::Encoder::new(file, size, size);
            encoder.set_color(color);
            encoder.set_depth(png::BitDepth::Eight);
            encoder.write_header().unwrap().write_image_data(data).unwrap();
        };
        png("background.png", png::ColorType::Grayscale, 64, &[124; 64 * 64]);
        let disc: Vec<u8> = (0..48 * 48)
            .flat_map(|i| {
                let r = ((i % 48) as f64 - 23.5).hypot((i / 48) as f64 - 23.5);
                [255, 255, 255, if r < 20.0 { 255 } else { 0 }]
            })
            .collect();
        png("disc.png", png::ColorType::Rgba, 48, &disc);
        let path = folder.join("scene.toml");
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    const TEXT: &str = "schema = 'scene/1'\npicture = 'background.png'\ndepth_m = 6\n[[layer]]\npicture = 'disc.png'\n\
                        depth_m = 2\nplace = [0.5, 0.5]\nheight = 0.48\nvelocity = [0.3, -0.1]\n";

    fn request(scene: &str) -> Request {
        let exposure = crate::Choice { shutter_s: Some(0.005), iso: Some(100.0), ev: 0.0 };
        Request {
            frames: 2,
            size: Some((128, 128)),
            lux: Some(1000.0),
            exposure,
            grip: "tripod".into(),
            ..Request::new(scene)
        }
    }

    #[test]
    fn things_cover_what_they_hide_and_move_along_their_path() {
        let folder = tempfile::tempdir().unwrap();
        let scene = files(folder.path(), TEXT);
        let plan = request(&scene).plan(Camera::load("clean").unwrap()).unwrap();
        let layers: Vec<f64> = plan.scene.layers.iter().map(|l| l.depth_m).collect();
        assert_eq!(layers, [6.0, 2.0]);
        assert!(plan.scene.approximate);
        // white over the background's 0.2, inside and outside of the disc, and on its edge half of both
        let at = |u: f32| plan.scene.at(u, 0.5, 1.0 / 128.0)[4];
        let ratio = at(0.5) / at(0.9);
        assert!((ratio / 4.96 - 1.0).abs() < 0.02, "{ratio}");
        assert!((plan.scene.at(0.5, 0.1, 0.01)[4] / at(0.9) - 1.0).abs() < 1e-5);
        let shot = plan.shoot(&|_| true).unwrap();
        // the centre of the disc's light moves by velocity times the time between the frames
        let centre = |k: usize| {
            let frame = &shot.frames[k];
            let (mut sum, mut total) = ((0.0, 0.0), 0.0);
            for y in 0..128 {
                for x in 0..128 {
                    let v = f64::from(frame.get(x, y)) - f64::from(frame.get(x % 2, y % 2));
                    let v = if v > 0.2 * 65535.0 * 0.02 { v } else { 0.0 };
                    sum = (sum.0 + v * x as f64, sum.1 + v * y as f64);
                    total += v;
                }
            }
            (sum.0 / total, sum.1 / total)
        };
        let (a, b) = (centre(0), centre(1));
        let dt = shot.times[1].start_s - shot.times[0].start_s;
        let (want_x, want_y) = (0.3 * dt * 128.0, -0.1 * dt * 128.0);
        assert!(
            (b.0 - a.0 - want_x).abs() < 0.15 && (b.1 - a.1 - want_y).abs() < 0.15,
            "{a:?} {b:?} {want_x} {want_y}"
        );
    }

    #[test]
    fn scene_files_that_cannot_be_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = |text: &str| {
            let scene = files(folder.path(), text);
            request(&scene).plan(Camera::load("clean").unwrap()).err().unwrap().to_string()
        };
        for (from, to, word) in [
            ("scene/1", "scene/7", "scene/1"),
            ("height = 0.48", "height = 0", "layer.height of layer 1"),
            ("height = 0.48", "height = nan", "NaN"),
            ("velocity", "velocty", "did you mean `layer.velocity`"),
            ("disc.png", "none.png", "none.png"),
            ("background.png", "scene.toml", "scene.toml"),
            ("depth_m = 2", "depth_m = -2", "must lie within"),
        ] {
            let said = error(&TEXT.replace(from, to));
            assert!(said.contains(word), "{to}: {said}");
        }
        assert!(EXAMPLE.parse::<toml::Table>().is_ok());
    }
}
