//! A burst and its truth as a folder: `burst/frame_NN.dng` and `truth/`. All of it, or nothing.

use crate::correction::Correction;
use crate::frame_file::FrameFile;
use crate::request::Request;
use crate::shoot::{Plan, Shot};
use crate::{TwinError, calibrate, truth};
use calotype_image::{NoiseModel, Plane, par};
use std::io::{Cursor, Write};
use std::path::Path;

/// Writes a burst into the folder `out`, which must not exist unless `overwrite` is set.
///
/// `burst/frame_NN.dng`: the frames. `truth/clean.dng`: the reference's mosaic without noise, 16 bits, shading as in the
/// frames. `truth/scene.exr`: its light, linear Rec.709, without shading; 1 saturates green. `truth/scene_corrected.exr`: the
/// same, straightened by the green plane of the opcode that the frames carry; not there where they carry none.
/// `truth/motion_NN.exr`: R and G hold where content of the reference is in frame NN, relative, in pixels; B is 1 on what
/// moves by itself; one node every 8 pixels. `truth/depth.exr` (Y): metres. `truth/motion_mask.exr` (Y): 1 where something
/// moved. `truth/truth.toml`: everything else.
///
/// Files are written to a temporary folder beside `out`, which is renamed at the end.
///
/// # Errors
/// [`TwinError::Exists`], [`TwinError::Io`], [`TwinError::Dng`].
pub fn write_burst(plan: &Plan, shot: &Shot, out: &Path, overwrite: bool) -> Result<(), TwinError> {
    write_requested(plan, shot, None, out, overwrite)
}

/// As [`write_burst`], with the request that led to the plan in `truth.toml`.
///
/// # Errors
/// As [`write_burst`].
pub fn write_requested(
    plan: &Plan,
    shot: &Shot,
    request: Option<&Request>,
    out: &Path,
    overwrite: bool,
) -> Result<(), TwinError> {
    check_target(out, overwrite)?;
    let parent = match out.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(parent).map_err(TwinError::io("make the folder", parent))?;
    let making = tempfile::Builder::new()
        .prefix(".twin-")
        .tempdir_in(parent)
        .map_err(TwinError::io("write to the folder", parent))?;
    let folder = making.path().join("burst-and-truth");
    let (burst, truth_folder) = (folder.join("burst"), folder.join("truth"));
    for f in [&burst, &truth_folder] {
        std::fs::create_dir_all(f).map_err(TwinError::io("make the folder", f))?;
    }
    let sensor = &plan.camera.sensor;
    let calibration = calibrate(sensor, &plan.scene.white);
    let optics = plan.camera.optics.as_ref();
    let half_mm = (sensor.width as f64).hypot(sensor.height as f64) * sensor.pixel_um * 0.5e-3;
    let lens = (optics.focal_mm(), optics.f_number(), optics.focal_mm() * 21.633 / half_mm);
    let first = shot.times.first().map_or(0.0, |t| t.start_s);
    let correction = Correction::of(&shot.geometry).filter(|_| plan.corrections);
    let file = |k: usize| FrameFile {
        samples: &shot.frames[k],
        cfa: shot.cfa,
        black: sensor.black_level,
        white: sensor.white_level(),
        noise: sensor.noise(&shot.gains[k], shot.times[k].exposure.shutter_s),
        calibration: &calibration,
        geometry: &shot.geometry,
        corrects: plan.corrections,
        correction: correction.as_ref(),
        time: &shot.times[k],
        gain: &shot.gains[k],
        names: (&plan.camera.name, &plan.camera.lens_name),
        lens,
        focus_m: plan.focus_m,
        pitch_um: shot.geometry.height_per_px * optics.half_diagonal_mm() * 1e3,
        since_s: shot.times[k].start_s - first,
    };
    for k in 0..shot.frames.len() {
        dng(&burst.join(format!("frame_{k:02}.dng")), &file(k))?;
    }
    let codes = clean_codes(&shot.clean);
    let clean = FrameFile {
        samples: &codes,
        black: 0,
        white: u16::MAX,
        // rounding to whole codes
        noise: NoiseModel::uniform(0.0, (1.0 / 12.0 / 65535.0 / 65535.0) as f32),
        ..file(plan.reference)
    };
    dng(&truth_folder.join("clean.dng"), &clean)?;
    let what = truth::Truth::new(plan, shot);
    exr(&truth_folder.join("scene.exr"), &shot.light.each_ref())?;
    if let Some(correction) = &correction {
        let straight = correction.straighten(&shot.light);
        exr(&truth_folder.join("scene_corrected.exr"), &straight.each_ref())?;
    }
    for k in 0..shot.frames.len() {
        let field = what.motion(k);
        let planes = [0, 1, 2].map(|c| Plane::from_fn(field.width(), field.height(), |x, y| field.get(x, y)[c]));
        exr(&truth_folder.join(format!("motion_{k:02}.exr")), &planes.each_ref())?;
    }
    let depth = what.depth();
    exr(&truth_folder.join("depth.exr"), &[&depth])?;
    let moving = what.moving();
    exr(&truth_folder.join("motion_mask.exr"), &[&moving])?;
    save(&truth_folder.join("truth.toml"), truth::toml(&what, correction.as_ref(), request).as_bytes())?;
    replace(&folder, out)
}

/// Checks that a burst may be written there; best asked before the work.
///
/// # Errors
/// [`TwinError::Exists`] where something is there and `overwrite` is not set, or where it is no burst of this crate.
pub fn check_target(out: &Path, overwrite: bool) -> Result<(), TwinError> {
    if out.symlink_metadata().is_err() || is_empty_folder(out) {
        return Ok(());
    }
    // only what this crate has made is replaced
    let ours = out.join("truth/truth.toml").is_file() && out.join("burst").is_dir();
    if overwrite && ours { Ok(()) } else { Err(TwinError::Exists { path: out.into() }) }
}

fn is_empty_folder(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// Puts a finished folder in its place.
fn replace(made: &Path, out: &Path) -> Result<(), TwinError> {
    if out.symlink_metadata().is_ok() {
        let old = made.with_file_name("replaced");
        std::fs::rename(out, &old).map_err(TwinError::io("replace", out))?;
    }
    std::fs::rename(made, out).map_err(TwinError::io("write", out))
}

/// Bytes that a burst takes on disk, about.
pub fn size_on_disk(width: usize, height: usize, frames: usize) -> u64 {
    // frames compress to 1.4 bytes a pixel or so; light and corrected light take 12 each, the rest 2 or less
    (width * height) as u64 * (frames as u64 * 3 + 2 * 26) / 2
}

fn clean_codes(clean: &Plane<f32>) -> Plane<u16> {
    let mut codes = Plane::new(clean.width(), clean.height());
    par::bands_mut(&mut codes, 64, |top, mut band| {
        for y in 0..band.height() {
            let code = |v: &f32| (v * 65535.0 + 0.5).clamp(0.0, 65535.0) as u16;
            band.row_mut(y).iter_mut().zip(clean.row(top + y)).for_each(|(c, v)| *c = code(v));
        }
    });
    codes
}

fn dng(path: &Path, file: &FrameFile<'_>) -> Result<(), TwinError> {
    save(path, &file.bytes().map_err(TwinError::io("write", path))?)
}

/// Three planes as R, G, B, or one as Y, in 32-bit floating point. One plane is even over large areas and compressed, light
/// is stored plain.
fn exr(path: &Path, planes: &[&Plane<f32>]) -> Result<(), TwinError> {
    use exr::prelude::*;
    let names: &[&str] = if planes.len() == 3 { &["R", "G", "B"] } else { &["Y"] };
    let samples = |p: &Plane<f32>| (0..p.height()).flat_map(|y| p.row(y)).copied().collect::<Vec<f32>>();
    let channel = |(name, p): (&&str, &&Plane<f32>)| AnyChannel::new(*name, FlatSamples::F32(samples(p)));
    let channels = AnyChannels::sort(names.iter().zip(planes).map(channel).collect());
    let encoding = Encoding {
        compression: if planes.len() == 1 { Compression::ZIP16 } else { Compression::Uncompressed },
        blocks: Blocks::ScanLines,
        line_order: LineOrder::Increasing,
    };
    let size = (planes[0].width(), planes[0].height());
    let mut image = Image::from_layer(Layer::new(size, LayerAttributes::default(), encoding, channels));
    image.attributes.chromaticities = Some(attribute::Chromaticities {
        red: Vec2(0.64, 0.33),
        green: Vec2(0.30, 0.60),
        blue: Vec2(0.15, 0.06),
        white: Vec2(0.3127, 0.3290),
    });
    let mut bytes = Cursor::new(Vec::new());
    image
        .write()
        .non_parallel()
        .to_buffered(&mut bytes)
        .map_err(|e| TwinError::io("write", path)(std::io::Error::other(e.to_string())))?;
    save(path, bytes.get_ref())
}

fn save(path: &Path, bytes: &[u8]) -> Result<(), TwinError> {
    let write = || {
        let mut file = std::fs::File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(TwinError::io("write", path))
}
