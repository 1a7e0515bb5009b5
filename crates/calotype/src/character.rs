//! The character of another lens, drawn into the light of the scene before the look.

use crate::report::CharacterReport;
use crate::{Error, Recipe};
use calotype_develop::{Arrival, PointImages};
use calotype_dng::DngInfo;
use calotype_image::{Orientation, Plane, Rect, SceneRgb};
use calotype_optics::Lens;
use calotype_optics::camera::{Bands, Discs, View};
use std::sync::Arc;

/// Half the diagonal of 24 x 36 mm.
const HALF_35_MM: f64 = 21.633;
/// The 35 mm equivalent focal length where the file tells none: a phone's main camera.
const USUAL_35_MM: f64 = 26.0;
/// Distance in metres that everything is at where there is no depth map and no distance in focus.
const USUAL_FOCUS_M: f64 = 3.0;
/// Pixels of a preview.
const PREVIEW_PIXELS: usize = 1 << 20;
/// Nearest and farthest distance that is told apart, in dioptres: 10 cm and 10 km.
const DIOPTRES: [f32; 2] = [1e-4, 10.0];

/// The lens whose character a photograph gets. How much of it, and what is in focus, is part of the [`Recipe`].
#[derive(Clone, Debug)]
pub struct Character {
    /// The prescription.
    pub lens: Arc<Lens>,
    /// How far away things are; without it all of them are in focus, and the lens's softness, glow and falloff are left.
    pub depth: Option<Arc<DepthMap>>,
    /// Make the photograph small (a megapixel), to judge it quickly.
    pub preview: bool,
}

/// How far away each pixel's content is.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthMap {
    dioptres: Plane<f32>,
    name: String,
    /// It covers the whole of the photograph with pixels of its own.
    stretches: bool,
}

/// What the numbers of a depth map are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DepthUnit {
    /// Metres.
    Metres,
    /// Dioptres (1/m), where 1 stands for so many.
    Dioptres(f64),
}

impl DepthMap {
    /// From samples, rows from the top; `name` is what messages call it. Dioptres beyond those of 10 cm and 10 km are
    /// taken for these.
    ///
    /// # Errors
    /// [`Error::Depth`] for samples that are negative or not a number, metres of 0, or a scale that is none.
    pub fn new(name: &str, samples: &Plane<f32>, unit: DepthUnit) -> Result<Self, Error> {
        let wrong = |what: String| Error::Depth { what, name: name.into() };
        if let DepthUnit::Dioptres(white) = unit
            && !(white > 0.0 && white.is_finite())
        {
            return Err(wrong(format!("the dioptres of white cannot be {white}")));
        }
        let mut dioptres = Plane::<f32>::new(samples.width(), samples.height());
        for y in 0..samples.height() {
            for (x, (to, v)) in dioptres.row_mut(y).iter_mut().zip(samples.row(y)).enumerate() {
                let bad = v.is_nan() || *v < 0.0 || (unit == DepthUnit::Metres && *v == 0.0);
                if bad {
                    let unit = if unit == DepthUnit::Metres { " m" } else { "" };
                    return Err(wrong(format!("the depth at pixel ({x}, {y}) is {v}{unit}")));
                }
                let d = match unit {
                    DepthUnit::Metres => 1.0 / v,
                    DepthUnit::Dioptres(white) => v * white as f32,
                };
                *to = d.clamp(DIOPTRES[0], DIOPTRES[1]);
            }
        }
        Ok(Self { dioptres, name: name.into(), stretches: false })
    }

    /// That inside the JPEG a phone saved beside the raw frames (Depthmap Metadata or Dynamic Depth): smaller than the
    /// photograph, whose whole it covers, upright as its EXIF tells.
    ///
    /// # Errors
    /// [`Error::Depth`] where there is none, or none in metres.
    pub fn of_photograph(name: &str, jpeg: &[u8]) -> Result<Self, Error> {
        let wrong = |what| Error::Depth { what, name: name.into() };
        let mut dioptres = crate::depth_photo::dioptres(jpeg).map_err(wrong)?;
        dioptres.data_mut().iter_mut().for_each(|d| *d = d.clamp(DIOPTRES[0], DIOPTRES[1]));
        Ok(Self { dioptres, name: name.into(), stretches: true })
    }

    /// [`crate::content_id`] of its size and its dioptres.
    pub(crate) fn content(&self) -> u128 {
        let size = [self.dioptres.width(), self.dioptres.height()].map(|v| v as u64);
        let bytes: Vec<u8> = size
            .into_iter()
            .flat_map(u64::to_le_bytes)
            .chain(self.dioptres.rows().flatten().flat_map(|v| v.to_le_bytes()))
            .collect();
        crate::content_id(&bytes)
    }

    /// Pixels across and down.
    pub fn size(&self) -> (usize, usize) {
        (self.dioptres.width(), self.dioptres.height())
    }
}

/// How the picture at hand came from the frame: what places a lens's axis in it.
pub(crate) struct Framing {
    /// Size of the frame.
    pub size: (usize, usize),
    /// The part of it that is shown, before it is turned.
    pub area: Rect,
}

impl Framing {
    /// The middle of what the camera shows, in the upright picture; and half its diagonal.
    fn axis(&self, info: &DngInfo) -> ([f64; 2], f64) {
        let whole = Rect::whole(self.size.0, self.size.1);
        let meant = if info.default_crop.fits(whole.width, whole.height) { info.default_crop } else { whole };
        let (w, h) = (self.area.width as f64, self.area.height as f64);
        let u = meant.x as f64 + 0.5 * meant.width as f64 - self.area.x as f64;
        let v = meant.y as f64 + 0.5 * meant.height as f64 - self.area.y as f64;
        (turned(info.orientation, (u, v), (w, h)), 0.5 * (meant.width as f64).hypot(meant.height as f64))
    }
}

/// Where a place of a stored picture is shown.
fn turned(orientation: Orientation, (u, v): (f64, f64), (w, h): (f64, f64)) -> [f64; 2] {
    match orientation {
        Orientation::Normal => [u, v],
        Orientation::MirrorHorizontal => [w - u, v],
        Orientation::Rotate180 => [w - u, h - v],
        Orientation::MirrorVertical => [u, h - v],
        Orientation::Transpose => [v, u],
        Orientation::Rotate90 => [h - v, u],
        Orientation::Transverse => [h - v, w - u],
        Orientation::Rotate270 => [v, w - u],
    }
}

impl Character {
    /// The depth map, if it belongs to the frame: checked against its size.
    pub(crate) fn frame_depth(&self, size: (usize, usize)) -> Result<Option<Plane<f32>>, Error> {
        self.depth.as_deref().filter(|d| !d.stretches).map(|d| d.sized(size, "the frame")).transpose()
    }

    /// Draws the lens's character into an upright picture.
    pub(crate) fn draw(
        &self,
        mut picture: SceneRgb,
        framing: &Framing,
        info: &DngInfo,
        recipe: &Recipe,
        depth: Option<Plane<f32>>,
    ) -> Result<(SceneRgb, CharacterReport), Error> {
        let full = (picture.width(), picture.height());
        let mut depth = match (depth, self.depth.as_deref()) {
            (Some(depth), _) => Some(depth),
            (None, Some(map)) => Some(map.sized(full, "the photograph")?),
            (None, None) => None,
        };
        let (mut axis, mut corner_px) = framing.axis(info);
        if self.preview {
            picture = calotype_develop::proxy::shrink(&picture, PREVIEW_PIXELS);
            let (w, h) = (picture.width(), picture.height());
            let scale = full.0 as f64 / w.max(1) as f64;
            depth = depth.map(|d| {
                let near = |v: usize, n: usize| (((v as f64 + 0.5) * scale) as usize).min(n - 1);
                Plane::from_fn(w, h, |x, y| d.get(near(x, full.0), near(y, full.1)))
            });
            axis = axis.map(|v| v / scale);
            corner_px /= scale;
        }
        let told = info.exif.focal_35mm.filter(|mm| *mm > 1.0);
        let focal_35mm = told.unwrap_or(USUAL_35_MM);
        let focus_m = match (recipe.focus_m, &depth) {
            (asked, _) if asked > 0.0 => asked,
            (_, Some(depth)) => 1.0 / middle(depth),
            (_, None) => USUAL_FOCUS_M,
        };
        let corner_slope = HALF_35_MM / focal_35mm;
        let (low, high) = depth.as_ref().map_or((1.0 / focus_m, 1.0 / focus_m), |d| {
            d.rows().flatten().fold((f64::INFINITY, 0.0), |(low, high), v| {
                (f64::min(low, f64::from(*v)), f64::max(high, f64::from(*v)))
            })
        });
        let view = View { corner_slope, focal_mm: focal_35mm, focus_m, range_m: [1.0 / high, 1.0 / low] };
        let bad = |source| Error::Lens { lens: self.lens.name.clone(), source };
        let discs = Discs::trace(&self.lens, &view, &Bands::default()).map_err(bad)?;
        let strength = f64::from(recipe.character_strength);
        let focal_px = strength * corner_px / corner_slope;
        let report = CharacterReport {
            name: self.lens.name.clone(),
            focus_m,
            focal_35mm,
            focal_told: told.is_some(),
            f_number: discs.f_number(),
            covered: discs.covered(),
            depth: depth.is_some(),
        };
        let images = Images { focal_px, strength, focal_mm: focal_35mm, discs };
        if let Some(depth) = &mut depth {
            let focus = (1.0 / focus_m) as f32;
            depth.data_mut().iter_mut().for_each(|d| *d -= focus);
        }
        let drawing = calotype_develop::Character { images: &images, axis, corner_px };
        Ok((drawing.apply(picture, depth.as_ref()), report))
    }
}

impl DepthMap {
    /// The map, where it has a size.
    fn sized(&self, (width, height): (usize, usize), of: &str) -> Result<Plane<f32>, Error> {
        let own = self.size();
        if own == (width, height) {
            return Ok(self.dioptres.clone());
        }
        let scale = [own.0 as f32 / width as f32, own.1 as f32 / height as f32];
        if self.stretches && (scale[0] / scale[1] - 1.0).abs() < ASPECT {
            return Ok(stretched(&self.dioptres, (width, height), scale));
        }
        let what = format!("a depth map of {}x{} pixels does not fit {of} of {width}x{height}", own.0, own.1);
        Err(Error::Depth { what, name: self.name.clone() })
    }
}

/// How far the sides of a map that stretches may be in another ratio than the photograph's: phones crop a little.
const ASPECT: f32 = 0.03;

/// A map with more pixels: linear between its own, but for steps, which stay steps.
fn stretched(map: &Plane<f32>, (width, height): (usize, usize), scale: [f32; 2]) -> Plane<f32> {
    /// Ratio of dioptres from which they belong to different things.
    const STEP: f32 = 1.2;
    let place = |i: usize, scale: f32| {
        let at = (i as f32 + 0.5) * scale - 0.5;
        (at.floor() as isize, at - at.floor())
    };
    let columns: Vec<(isize, f32)> = (0..width).map(|x| place(x, scale[0])).collect();
    let mut out = Plane::<f32>::new(width, height);
    calotype_image::par::bands_mut(&mut out, 64, |top, mut band| {
        for y in 0..band.height() {
            let (j, v) = place(top + y, scale[1]);
            for (out, &(i, u)) in band.row_mut(y).iter_mut().zip(&columns) {
                let four = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| map.clamped(i + x, j + y));
                let (low, high) = four.iter().fold((f32::MAX, 0f32), |(l, h), d| (l.min(*d), h.max(*d)));
                let (a, b) = (four[0] + u * (four[1] - four[0]), four[2] + u * (four[3] - four[2]));
                let between = a + v * (b - a);
                let nearest = if between - low < high - between { low } else { high };
                *out = if high > STEP * low { nearest } else { between };
            }
        }
    });
    out
}

/// Dioptres of what fills the middle ninth of a picture: their median.
fn middle(depth: &Plane<f32>) -> f64 {
    let (w, h) = (depth.width(), depth.height());
    let rows = h / 3..(h - h / 3).max(h / 3 + 1).min(h);
    let mut values: Vec<f32> = rows.flat_map(|y| depth.row(y)[w / 3..w - w / 3].to_vec()).collect();
    let half = values.len() / 2;
    if values.is_empty() {
        return 1.0 / USUAL_FOCUS_M;
    }
    f64::from(*values.select_nth_unstable_by(half, f32::total_cmp).1)
}

/// A lens's discs, in pixels.
struct Images {
    discs: Discs,
    /// Pixels to a focal length, as far as the strength goes.
    focal_px: f64,
    focal_mm: f64,
    strength: f64,
}

impl PointImages for Images {
    fn arrivals(&self, plane: usize, radius: f64, dioptres: f64, out: &mut Vec<Arrival>) {
        let px = self.focal_px as f32;
        out.extend(self.discs.arrivals(plane, radius, dioptres).map(|a| Arrival {
            radial_px: px * a.radial,
            tangential_px: px * a.tangential,
            share: a.share,
        }));
    }

    fn illumination(&self, plane: usize, radius: f64) -> f64 {
        self.discs.illumination(plane, radius).powf(self.strength.min(1.0))
    }

    fn disc_px(&self) -> f64 {
        1e-3 * self.focal_mm / self.discs.f_number() * self.focal_px
    }
}
