//! From one frame to the light of the scene, and on to the display.

use crate::merging::{OneFrame, Picture};
use crate::report::{ExposureReport, LookReport, WhiteBalanceReport};
use crate::{Crop, Error, OutputSpace, Photo, PhotoPicture, Recipe, Task, WhiteBalance};
use calotype_codec::{ColorSpace, GainMapImage, GainMapOptions};
use calotype_color::{CameraModel, ResolvedCamera, WhiteSource};
use calotype_develop::{
    Exposure, ExposureParams, LocalContrast, LocalTone, LocalToneMap, LocalToneParams, LuminanceNoise, Sharpen,
    camera_color, demosaic, estimate_sigma, proxy,
};
use calotype_dng::DngInfo;
use calotype_image::{CameraRgb, NoiseModel, Progress, Rect, Rgb, SceneRgb, Step};
use calotype_look::CompiledLook;

/// Pixels of the small picture on which exposure and local tone are decided.
const PROXY_PIXELS: usize = 1 << 18;
/// Stops above white that the HDR rendering uses: what current phones show in daylight surroundings.
const HDR_HEADROOM_EV: f64 = 2.0;
/// Rec.2020 luminance weights (ITU-R BT.2020, table 4).
const LUMINANCE: [f64; 3] = [0.2627, 0.6780, 0.0593];

/// Develops one frame into a photograph.
pub(crate) fn develop_frame(
    frame: OneFrame,
    recipe: &Recipe,
    task: &Task,
    progress: &dyn Progress,
) -> Result<Photo, Error> {
    let OneFrame { info, picture, noise, frames_map, mut report, diagnostics, .. } = frame;
    progress.report(Step::Develop, 0.0)?;
    let camera = white_balance(&info, &picture, recipe)?;
    report.white_balance = Some(white_report(&camera, recipe));
    if !camera.calibrated && !picture.is_mono() {
        report.warnings.push("the file has no colour calibration: colours are approximate".into());
    }
    let camera_rgb = camera_rgb(picture, &camera)?;
    progress.report(Step::Develop, 0.4)?;
    let effective = report.effective_frames.max(1.0);
    let luminance_noise = luminance_noise(&noise.averaged(effective), &camera);
    let scene = camera_color(camera_rgb, &camera.camera_to_scene);
    drop(frames_map);
    progress.report(Step::Develop, 0.6)?;
    let mut scene = frame_picture(scene, &info, recipe)?;
    report.size = [scene.width(), scene.height()];
    if task.format.is_scene_linear() {
        let gain = recipe.ev.exp2();
        if gain != 1.0 {
            LocalToneMap::exposure_only(gain).apply(&mut scene);
        }
        return Ok(Photo { picture: PhotoPicture::Scene(scene), format: task.format, info, report, diagnostics });
    }
    let look = task.look.compile(output_space(recipe), f64::from(recipe.strength));
    let (tone, exposure) = plan_tone(&scene, &info, recipe, &look, luminance_noise);
    report.exposure = Some(exposure);
    if recipe.sharpen > 0.0 {
        let sigma = estimate_sigma(&scene, &luminance_noise);
        Sharpen { sigma, amount: recipe.sharpen, noise: luminance_noise }.apply(&mut scene);
    }
    progress.report(Step::Develop, 0.9)?;
    tone.apply(&mut scene);
    progress.report(Step::Look, 0.0)?;
    report.look = Some(LookReport { name: task.look.meta.name.clone(), strength: recipe.strength });
    let gain_map = if recipe.output.hdr && task.format == calotype_codec::Format::Jpeg {
        gain_map(&scene, recipe, task, &look)?
    } else {
        None
    };
    let picture = look.apply(scene);
    progress.report(Step::Look, 1.0)?;
    let picture = PhotoPicture::Display { picture, gain_map };
    Ok(Photo { picture, format: task.format, info, report, diagnostics })
}

/// Resolves the camera's colours under the light that counts as white.
fn white_balance(info: &DngInfo, _picture: &Picture, recipe: &Recipe) -> Result<ResolvedCamera, Error> {
    let model = CameraModel::new(&info.calibration)?;
    let white = match recipe.white_balance {
        WhiteBalance::AsShot | WhiteBalance::Auto => calotype_color::WhiteBalance::AsShot,
        WhiteBalance::Kelvin { kelvin, tint } => calotype_color::WhiteBalance::Kelvin { kelvin, tint },
    };
    Ok(model.resolve(white)?)
}

fn white_report(camera: &ResolvedCamera, recipe: &Recipe) -> WhiteBalanceReport {
    let source = match (recipe.white_balance, camera.white_source) {
        (WhiteBalance::Kelvin { .. }, _) => "asked",
        (WhiteBalance::Auto, _) => "estimated",
        (WhiteBalance::AsShot, WhiteSource::Assumed) => "assumed",
        (WhiteBalance::AsShot, _) => "as shot",
    };
    WhiteBalanceReport { source, kelvin: camera.kelvin, tint: camera.tint }
}

/// Three camera colours at every pixel.
fn camera_rgb(picture: Picture, camera: &ResolvedCamera) -> Result<CameraRgb, Error> {
    Ok(match picture {
        Picture::Rgb(rgb) => rgb,
        Picture::Mosaic(mosaic) => demosaic::demosaic(&mosaic, camera.wb_gains)?,
    })
}

/// Noise of luminance from noise of camera colours: luminance is a weighted sum of the three, and a grey of
/// luminance Y has the camera colours Y x neutral.
fn luminance_noise(noise: &NoiseModel, camera: &ResolvedCamera) -> LuminanceNoise {
    let mut total = LuminanceNoise::default();
    for c in 0..3 {
        let weight: f64 = (0..3).map(|row| LUMINANCE[row] * camera.camera_to_scene[row][c]).sum();
        let weight = (weight * weight) as f32;
        total.shot += weight * noise.shot[c] * camera.neutral[c];
        total.read += weight * noise.read[c];
    }
    total
}

/// Cuts and turns the picture for display, one plane after the other so that only one exists twice.
fn frame_picture(picture: SceneRgb, info: &DngInfo, recipe: &Recipe) -> Result<SceneRgb, Error> {
    let whole = Rect::whole(picture.width(), picture.height());
    let shown = if info.default_crop.fits(whole.width, whole.height) { info.default_crop } else { whole };
    let rect = crop(whole, shown, info, recipe)?;
    let orientation = info.orientation;
    Ok(Rgb::from_planes(picture.planes.map(|plane| {
        let plane = if rect == whole { plane } else { plane.crop(rect) };
        orientation.apply(plane)
    })))
}

/// The part to keep, in sensor pixels.
fn crop(whole: Rect, shown: Rect, info: &DngInfo, recipe: &Recipe) -> Result<Rect, Error> {
    let upright = info.orientation.size(shown.width, shown.height);
    let asked = match recipe.crop {
        Crop::Default => return Ok(shown),
        Crop::Full => return Ok(whole),
        Crop::Aspect(w, h) => {
            let (w, h) = (w as usize, h as usize);
            let (width, height) = if upright.0 * h > upright.1 * w {
                (upright.1 * w / h, upright.1)
            } else {
                (upright.0, upright.0 * h / w)
            };
            let (width, height) = (width.max(1), height.max(1));
            Rect { x: (upright.0 - width) / 2, y: (upright.1 - height) / 2, width, height }
        }
        Crop::Pixels { width, height, left, top } => Rect { x: left, y: top, width, height },
    };
    if !asked.fits(upright.0, upright.1) || asked.width == 0 || asked.height == 0 {
        return Err(Error::Crop { crop: recipe.crop.to_string(), width: upright.0, height: upright.1 });
    }
    // Two opposite corners of the upright part, found in the sensor's picture.
    let corner = |x, y| info.orientation.source(x, y, shown.width, shown.height);
    let (a, b) = (corner(asked.x, asked.y), corner(asked.x + asked.width - 1, asked.y + asked.height - 1));
    let (x, y) = (a.0.min(b.0), a.1.min(b.1));
    Ok(Rect { x: shown.x + x, y: shown.y + y, width: a.0.abs_diff(b.0) + 1, height: a.1.abs_diff(b.1) + 1 })
}

/// Decides on exposure and local tone, on a small copy.
fn plan_tone(
    scene: &SceneRgb,
    info: &DngInfo,
    recipe: &Recipe,
    look: &CompiledLook,
    noise: LuminanceNoise,
) -> (LocalToneMap, ExposureReport) {
    let small = proxy::shrink(scene, PROXY_PIXELS);
    let exif = &info.exif;
    let scene_ev100 = || {
        let (t, n, iso) = (exif.exposure_time_s?, exif.f_number?, exif.iso?);
        Some((n * n / t * 100.0 / iso).log2() as f32).filter(|v| v.is_finite())
    };
    let baseline_ev = info.baseline_exposure_ev as f32;
    let white_ev = look.look().tone.white_ev as f32;
    let params = ExposureParams {
        user_ev: recipe.ev,
        baseline_ev,
        scene_ev100: scene_ev100(),
        white_ev,
        noise: Some(noise),
        ..ExposureParams::default()
    };
    let exposure = Exposure::decide(&small, &params);
    let local = &look.look().local;
    let tone = LocalToneParams {
        strength: recipe.local_tone * LocalToneParams::default().strength,
        lift_ev: local.lift_ev as f32,
        hold_ev: local.hold_ev as f32,
        white_ev,
        shortfall_ev: exposure.shortfall_ev,
        key: exposure.key,
        noise: Some(noise),
        contrast: LocalContrast { fine: local.fine as f32, medium: local.medium as f32, coarse: local.coarse as f32 },
        ..LocalToneParams::default()
    };
    let map = LocalTone::plan(&small, exposure.gain(), &tone);
    let report =
        ExposureReport { total_ev: exposure.ev, chosen_ev: exposure.ev - baseline_ev - recipe.ev, baseline_ev };
    (map, report)
}

fn output_space(recipe: &Recipe) -> calotype_look::OutputSpace {
    match recipe.output.space {
        OutputSpace::Srgb => calotype_look::OutputSpace::Srgb,
        OutputSpace::DisplayP3 => calotype_look::OutputSpace::DisplayP3,
    }
}

/// What an HDR display adds, at half the picture's size: the look with headroom over the look without.
fn gain_map(
    scene: &SceneRgb,
    recipe: &Recipe,
    task: &Task,
    base: &CompiledLook,
) -> Result<Option<GainMapImage>, Error> {
    let space = match recipe.output.space {
        OutputSpace::Srgb => ColorSpace::Srgb,
        OutputSpace::DisplayP3 => ColorSpace::DisplayP3,
    };
    let bright = task.look.compile_hdr(output_space(recipe), f64::from(recipe.strength), HDR_HEADROOM_EV);
    let (width, height) = (scene.width().div_ceil(2), scene.height().div_ceil(2));
    let options = GainMapOptions { scale: 1, ..GainMapOptions::default() };
    let map = GainMapImage::compute_with(width, height, space, &options, |y, base_rows, bright_rows| {
        let (top, bottom) = (scene.row(2 * y), scene.row((2 * y + 1).min(scene.height() - 1)));
        let [r, g, b] = base_rows;
        for (row, (top, bottom)) in [&mut *r, &mut *g, &mut *b].into_iter().zip(top.into_iter().zip(bottom)) {
            halve(top, bottom, row);
        }
        let [hr, hg, hb] = bright_rows;
        for (to, from) in [(&mut *hr, &*r), (&mut *hg, &*g), (&mut *hb, &*b)] {
            to.copy_from_slice(from);
        }
        base.apply_rows(r, g, b);
        bright.apply_rows(hr, hg, hb);
    })?;
    Ok(map)
}

/// Means of 2x2 pixels; at an odd right border of 1x2.
fn halve(top: &[f32], bottom: &[f32], out: &mut [f32]) {
    let last = top.len() - 1;
    for (x, v) in out.iter_mut().enumerate() {
        let (a, b) = (2 * x, (2 * x + 1).min(last));
        *v = 0.25 * (top[a] + top[b] + bottom[a] + bottom[b]);
    }
}
