//! From one frame to the light of the scene, and on to the display.

use crate::camera_rgb::{demosaiced, is_mono};
use crate::character::Framing;
use crate::gain_table;
use crate::merging::{OneFrame, Picture};
use crate::prescription::Prescription;
use crate::report::{ExposureReport, LookReport, WhiteBalanceReport};
use crate::scene_key;
use crate::shading::ColorShading;
use crate::{Crop, DepthOf, Diagnostics, Error, OutputSpace, Photo, PhotoPicture, Recipe, Report, Task, WhiteBalance};
use calotype_codec::{ColorSpace, Format, GainMapImage, GainMapOptions};
use calotype_color::{CameraCalibration, CameraModel, ResolvedCamera, SceneHueSat, WhiteSource};
use calotype_develop::executor::{Banded, PointStage, Then};
use calotype_develop::{
    Denoise, DenoiseSettings, Exposure, ExposureParams, Highlights, LensWarp, LocalContrast, LocalTone, LocalToneMap,
    LocalToneParams, LuminanceNoise, NoiseSpectrum, PictureNoise, Sharpen, WhiteEstimate, camera_color,
    crop_and_orient, estimate_sigma, proxy, saturation,
};
use calotype_dng::{DngInfo, opcode};
use calotype_image::{CameraRgb, NoiseModel, Plane, Progress, Rect, Scene, SceneRgb, Step};
use calotype_look::CompiledLook;
use fearless_simd::{Level, dispatch};

/// Pixels of the small picture on which exposure and local tone are decided.
const PROXY_PIXELS: usize = 1 << 18;
/// Stops above white that the HDR rendering uses: what current phones show in daylight surroundings.
const HDR_HEADROOM_EV: f64 = 2.0;
/// Blur of lens, photosites and demosaicing together where the picture has no edge to measure it, in pixels.
const USUAL_BLUR: f32 = 0.6;
/// Every photograph has the same grain, so that it can be repeated to the byte.
const GRAIN_SEED: u32 = 1;
/// Bands for stages that look a few rows far only: small enough that their copies stay in the cache.
const NEAR: Banded = Banded { rows: 24 };
/// Rec.2020 luminance weights (ITU-R BT.2020, table 4).
const LUMINANCE: [f64; 3] = [0.2627, 0.6780, 0.0593];

/// A burst developed up to the look: upright and cropped light of the scene, from which any number of photographs can be
/// made. See [`crate::negative`].
#[derive(Clone, Debug)]
pub struct Negative {
    light: SceneLight,
    info: DngInfo,
    report: Report,
    diagnostics: Diagnostics,
}

/// Develops one frame up to the look.
pub(crate) fn negative(
    frame: OneFrame,
    recipe: &Recipe,
    task: &Task,
    progress: &dyn Progress,
) -> Result<Negative, Error> {
    let OneFrame { info, picture, noise, mut report, diagnostics, .. } = frame;
    progress.report(Step::Develop, 0.0)?;
    let (mut light, warp) = scene_light(picture, noise, &info, recipe, task, &mut report, progress)?;
    if let (Some(map), false) = (&info.gain_table_map, task.format.is_scene_linear() || recipe.local_tone == 0.0) {
        // The maker's local tone; what the scene's range still asks for is planned on its result.
        gain_table::apply(map, info.baseline_exposure_ev as f32, &mut light.picture);
    }
    let area = shown(&light.picture, &info, recipe)?;
    let size = (light.picture.width(), light.picture.height());
    let depth = match &task.character {
        Some(character) if recipe.depth_of == DepthOf::Frame => character.frame_depth(size)?.map(|depth| {
            let straight = warp.map_or_else(|| depth.clone(), |warp| warp.nearest(1, &depth));
            info.orientation.apply(straight.crop(area))
        }),
        _ => None,
    };
    light.picture = crop_and_orient(light.picture, area, info.orientation);
    if let Some(character) = &task.character {
        let (picture, told) = character.draw(light.picture, &Framing { size, area }, &info, recipe, depth)?;
        light.picture = picture;
        for warning in told.warnings() {
            report.warn_of_reference(warning);
        }
        report.character = Some(told);
        progress.report(Step::Develop, 0.9)?;
    }
    report.size = [light.picture.width(), light.picture.height()];
    let [across, down] = info.default_scale;
    if (across / down - 1.0).abs() > 1e-3 {
        report.warn_of_reference(format_args!("pixels of {across} x {down} (DefaultScale) are shown as squares"));
    }
    Ok(Negative { light, info, report, diagnostics })
}

impl Negative {
    /// Makes the photograph: exposure, local tone, the task's look, and what an HDR display adds. The recipe and the task
    /// should be those the negative was made with, but for the look, its strength, the exposure and the output.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn print(self, recipe: &Recipe, task: &Task, progress: &dyn Progress) -> Result<Photo, Error> {
        let Self { light, info, mut report, diagnostics } = self;
        let picture = if task.format.is_scene_linear() {
            PhotoPicture::Scene(brightened(light.picture, recipe.ev))
        } else {
            render(light, &info, recipe, task, &mut report, progress)?
        };
        Ok(Photo { picture, format: task.format, info, report, record: None, diagnostics })
    }

    /// Pixels across and down.
    pub fn size(&self) -> (usize, usize) {
        (self.light.picture.width(), self.light.picture.height())
    }

    /// The same, of at most `pixels` pixels: means of boxes, for contact sheets and previews.
    pub fn shrunk(mut self, pixels: usize) -> Self {
        self.light.picture = proxy::shrink(&self.light.picture, pixels);
        self.report.size = [self.light.picture.width(), self.light.picture.height()];
        self
    }
}

/// The light of the scene, before exposure.
#[derive(Clone, Debug)]
struct SceneLight {
    picture: SceneRgb,
    /// Noise of a pixel's luminance.
    noise: LuminanceNoise,
    /// Luminance at which the sensor clipped.
    clip: f32,
}

/// From camera colours to the light of the scene: white balance, highlights, noise, colour, lens.
fn scene_light(
    picture: Picture,
    noise: NoiseModel,
    info: &DngInfo,
    recipe: &Recipe,
    task: &Task,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<(SceneLight, Option<LensWarp>), Error> {
    let mono = is_mono(&picture);
    let (shading, white, frames) = match &picture {
        Picture::Linear(_) => (None, 1.0, None),
        Picture::Merged(m) => {
            let (w, h) = (m.mosaic.samples.width(), m.mosaic.samples.height());
            let shading = m.shading.as_ref().map(|s| ColorShading::new(s, m.mosaic.cfa, w, h));
            (shading, m.white, Some(m.quiet_frames()))
        }
    };
    // Without colour filters there is no colour to balance, whatever the file or the caller says of the light.
    let model =
        if mono { CameraModel::new(&CameraCalibration::default()) } else { CameraModel::new(&info.calibration) }?;
    let as_shot = model.resolve(calotype_color::WhiteBalance::AsShot)?;
    let mut rgb = demosaiced(picture, as_shot.wb_gains)?;
    // The colour of the light shows where the falloff, which differs by colour, is undone.
    let auto = recipe.white_balance == WhiteBalance::Auto && !mono;
    let estimate = if auto { WhiteEstimate::of(&rgb, [white; 3]) } else { None };
    if let Some(shading) = &shading {
        // Saturation and noise are the same everywhere only before the falloff is undone.
        shading.apply(&mut rgb, true);
    }
    let clip = saturation(&rgb, [white; 3]);
    let camera = if mono { as_shot } else { white_balance(&model, as_shot, estimate, info, recipe)? };
    report.white_balance = (!mono).then(|| white_report(&camera, recipe));
    if !camera.calibrated && !mono {
        report.warn_of_reference("no colour calibration: colours are approximate");
    }
    progress.report(Step::Develop, 0.3)?;

    let highlights = Highlights::learn(&rgb, camera.wb_gains, clip);
    if highlights.needed() {
        rgb = NEAR.run(&highlights, rgb);
    }
    rgb = denoise(rgb, camera.wb_gains, noise, frames.as_ref(), recipe)?;
    let prescription = match task.lens.as_deref().filter(|_| recipe.lens) {
        Some(lens) => {
            let asked = |v: f64| Some(v).filter(|v| *v > 0.0);
            let asked = (asked(recipe.pixel_pitch_um), asked(recipe.focus_m));
            let name = report.frames.get(report.reference).map_or("the reference", |f| &f.name);
            Some(Prescription::new(lens, info, (rgb.width(), rgb.height()), asked, name)?)
        }
        None => None,
    };
    if let Some(lens) = &prescription {
        // Before the falloff is undone, for the noise is known there.
        rgb = lens.deblurred(rgb, noise.averaged(report.effective_frames.max(1.0)), recipe.deblur);
    }
    if let Some(shading) = &shading {
        shading.apply(&mut rgb, false);
    }
    let mut warp = None;
    if let Some(lens) = &prescription {
        let (straight, moved, lens) = lens.straightened(rgb, shading.is_none());
        (rgb, warp) = (straight, Some(moved));
        report.lens = Some(lens);
    }
    progress.report(Step::Develop, 0.6)?;

    let noise = luminance_noise(&noise.averaged(report.effective_frames.max(1.0)), &camera);
    let mut scene = camera_color(rgb, &camera.camera_to_scene);
    if let (Some(map), true) = (camera.hue_sat_map, recipe.profile_table && !mono) {
        // The maker's correction of what the matrix cannot say; as in the DNG specification, before exposure.
        scene = Banded::default().run_points(&HueSat(SceneHueSat::new(map)), scene);
    }
    if recipe.lens && prescription.is_none() {
        (scene, warp) = undistorted(scene, mono, info, report);
    }
    progress.report(Step::Develop, 0.7)?;
    Ok((SceneLight { picture: scene, noise, clip: white }, warp))
}

/// The profile's table of hue and saturation as a stage.
struct HueSat(SceneHueSat);

impl PointStage for HueSat {
    type In = Scene;
    type Out = Scene;

    fn run(&self, _: usize, [r, g, b]: [&mut [f32]; 3]) {
        self.0.apply_rows(r, g, b);
    }
}

/// Resolves the camera's colours under the light that counts as white.
fn white_balance(
    model: &CameraModel,
    as_shot: ResolvedCamera,
    estimate: Option<WhiteEstimate>,
    info: &DngInfo,
    recipe: &Recipe,
) -> Result<ResolvedCamera, Error> {
    Ok(match recipe.white_balance {
        WhiteBalance::AsShot => as_shot,
        WhiteBalance::Kelvin { kelvin, tint } => {
            model.resolve(calotype_color::WhiteBalance::Kelvin { kelvin, tint })?
        }
        WhiteBalance::Auto => match estimate {
            Some(estimate) => estimate.natural(model, scene_ev100(info))?,
            None => as_shot,
        },
    })
}

fn white_report(camera: &ResolvedCamera, recipe: &Recipe) -> WhiteBalanceReport {
    let source = match (recipe.white_balance, camera.white_source) {
        (WhiteBalance::Kelvin { .. }, _) => "asked",
        (WhiteBalance::Auto, WhiteSource::Caller) => "estimated",
        (_, WhiteSource::Assumed) => "assumed",
        _ => "as shot",
    };
    WhiteBalanceReport { source, kelvin: camera.kelvin, tint: camera.tint }
}

/// Brightness of the scene by the camera's settings: log2(N^2 / t x 100 / ISO).
fn scene_ev100(info: &DngInfo) -> Option<f32> {
    let (t, n, iso) = (info.exif.exposure_time_s?, info.exif.f_number?, info.exif.iso?);
    Some((n * n / t * 100.0 / iso).log2() as f32).filter(|v| v.is_finite())
}

/// Takes out what noise the merge has left.
fn denoise(
    picture: CameraRgb,
    white_balance: [f32; 3],
    noise: NoiseModel,
    frames: Option<&Plane<f32>>,
    recipe: &Recipe,
) -> Result<CameraRgb, Error> {
    if recipe.denoise == 0.0 {
        return Ok(picture);
    }
    let spectrum = NoiseSpectrum::merged();
    let usual = DenoiseSettings::default();
    let settings = DenoiseSettings { luma: usual.luma * recipe.denoise, chroma: usual.chroma * recipe.denoise };
    let known = PictureNoise { single: noise, frames, spectrum: &spectrum };
    let denoise = Denoise::prepare(&picture, white_balance, known, settings)?;
    Ok(Banded::default().run(&denoise, picture))
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

/// Applies the lens corrections that the file brings.
fn undistorted(picture: SceneRgb, mono: bool, info: &DngInfo, report: &mut Report) -> (SceneRgb, Option<LensWarp>) {
    let (width, height) = (picture.width(), picture.height());
    let opcodes = match opcode::parse(3, &info.opcode_lists[2]) {
        Ok((opcodes, _)) => opcodes,
        Err(e) => {
            report.warn_of_reference(format_args!("lens corrections were left out: {e}"));
            return (picture, None);
        }
    };
    let (correction, warnings) = opcode::lens_correction(&opcodes, width, height);
    warnings.iter().for_each(|warning| report.warn_of_reference(warning));
    let correction = if mono { correction.monochrome() } else { correction };
    let warp = LensWarp::new(&correction, width, height);
    if warp.is_identity() { (picture, None) } else { (warp.apply(picture), Some(warp)) }
}

/// The part to keep, in sensor pixels.
fn shown(picture: &SceneRgb, info: &DngInfo, recipe: &Recipe) -> Result<Rect, Error> {
    let whole = Rect::whole(picture.width(), picture.height());
    let shown = if info.default_crop.fits(whole.width, whole.height) { info.default_crop } else { whole };
    let upright = info.orientation.size(shown.width, shown.height);
    let asked = match recipe.crop {
        Crop::Default => return Ok(user_crop(shown, info)),
        Crop::Full => return Ok(whole),
        Crop::Aspect(w, h) => {
            let (w, h) = (w as usize, h as usize);
            let wider = upright.0.saturating_mul(h) > upright.1.saturating_mul(w);
            let (width, height) = if wider {
                (upright.1.saturating_mul(w) / h, upright.1)
            } else {
                (upright.0, upright.0.saturating_mul(h) / w)
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

/// The part of the default crop that was chosen on the camera (DefaultUserCrop), such as another aspect.
fn user_crop(shown: Rect, info: &DngInfo) -> Rect {
    let Some([top, left, bottom, right]) = info.default_user_crop else { return shown };
    let side = |from: f64, to: f64, size: usize| {
        let [start, end] = [from, to].map(|v| (v * size as f64).round() as usize);
        let start = start.min(size - 1);
        (start, end.clamp(start + 1, size) - start)
    };
    let ((x, width), (y, height)) = (side(left, right, shown.width), side(top, bottom, shown.height));
    Rect { x: shown.x + x, y: shown.y + y, width, height }
}

/// The same light, brighter by some stops.
fn brightened(mut picture: SceneRgb, ev: f32) -> SceneRgb {
    if ev != 0.0 {
        LocalToneMap::exposure_only(ev.exp2()).apply(&mut picture);
    }
    picture
}

/// From the light of the scene to the display: sharpness, exposure, local tone, look, and what an HDR display adds.
fn render(
    light: SceneLight,
    info: &DngInfo,
    recipe: &Recipe,
    task: &Task,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<PhotoPicture, Error> {
    let look = task.look.compile(output_space(recipe), f64::from(recipe.strength));
    let (tone, exposure) = plan_tone(&light, info, recipe, &look);
    report.exposure = Some(exposure);
    let mut scene = light.picture;
    if recipe.sharpen > 0.0 {
        // Before exposure, mid grey lies where the gain brings it to 0.18.
        let grey = proxy::MID_GREY / exposure.total_ev.exp2();
        let sigma = estimate_sigma(&scene, (light.noise.shot * grey + light.noise.read).sqrt()).unwrap_or(USUAL_BLUR);
        let sharpen = Sharpen { sigma, amount: recipe.sharpen, noise: light.noise };
        let (width, height) = (scene.width(), scene.height());
        // In one pass, while the rows are in the cache.
        scene = NEAR.run(&Then(sharpen.stage(), tone.rows(width, height)), scene);
    } else {
        tone.apply(&mut scene);
    }
    progress.report(Step::Look, 0.0)?;
    look.apply_optics(&mut scene);
    report.look = Some(LookReport { name: task.look.meta.name.clone(), strength: recipe.strength });
    let hdr = recipe.output.hdr && task.format == Format::Jpeg;
    let gain_map = if hdr { gain_map(&scene, recipe, task, &look)? } else { None };
    progress.report(Step::Look, 0.4)?;
    let mut picture = look.apply(scene);
    look.apply_grain(&mut picture, GRAIN_SEED);
    progress.report(Step::Look, 1.0)?;
    Ok(PhotoPicture::Display { picture, gain_map })
}

/// Decides on exposure and local tone, on a small copy.
fn plan_tone(
    light: &SceneLight,
    info: &DngInfo,
    recipe: &Recipe,
    look: &CompiledLook,
) -> (LocalToneMap, ExposureReport) {
    let small = proxy::shrink(&light.picture, PROXY_PIXELS);
    let baseline_ev = info.baseline_exposure_ev as f32;
    let white_ev = look.white_ev();
    let params = ExposureParams {
        user_ev: recipe.ev,
        baseline_ev,
        scene_ev100: scene_ev100(info),
        white_ev,
        clip: light.clip,
        noise: Some(light.noise),
        ..ExposureParams::default()
    };
    let local = &look.look().local;
    let plan = |exposure: &Exposure| {
        let tone = LocalToneParams {
            strength: recipe.local_tone * LocalToneParams::default().strength,
            lift_ev: local.lift_ev as f32,
            hold_ev: local.hold_ev as f32,
            white_ev,
            shortfall_ev: exposure.shortfall_ev,
            key: exposure.key,
            clip: light.clip,
            noise: Some(light.noise),
            contrast: LocalContrast {
                fine: local.fine as f32,
                medium: local.medium as f32,
                coarse: local.coarse as f32,
            },
        };
        LocalTone::plan(&small, exposure.gain(), &tone)
    };
    let mut exposure = Exposure::decide(&small, &params);
    if scene_key::is_dim(scene_ev100(info)) {
        let lightness = |exposure: &Exposure| scene_key::mean_lstar(&small, &plan(exposure), look);
        exposure = scene_key::kept(exposure, recipe.ev, local.dim_scene_lstar, &lightness);
    }
    let map = plan(&exposure);
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
    let (alike, level) = (bright.alike_up_to(), Level::new());
    let map = GainMapImage::compute_with(width, height, space, &options, |y, base_rows, bright_rows| {
        let (top, bottom) = (scene.row(2 * y), scene.row((2 * y + 1).min(scene.height() - 1)));
        let [r, g, b] = base_rows;
        for (row, (top, bottom)) in [&mut *r, &mut *g, &mut *b].into_iter().zip(top.into_iter().zip(bottom)) {
            dispatch!(level, _simd => halve(top, bottom, row));
        }
        let [hr, hg, hb] = bright_rows;
        for from in (0..r.len()).step_by(RUN) {
            let run = from..(from + RUN).min(r.len());
            let low = [&mut *r, &mut *g, &mut *b].map(|row| &mut row[run.clone()]);
            let high = [&mut *hr, &mut *hg, &mut *hb].map(|row| &mut row[run.clone()]);
            if low.iter().all(|row| brightest(row) <= alike) {
                // Whatever is the same in both will do.
                low.into_iter().chain(high).for_each(|row| row.fill(0.0));
                continue;
            }
            for (to, from) in high.into_iter().zip(&low) {
                to.copy_from_slice(from);
            }
            let [r, g, b] = low;
            base.apply_rows(r, g, b);
            bright.apply_rows(&mut hr[run.clone()], &mut hg[run.clone()], &mut hb[run]);
        }
    })?;
    Ok(map)
}

/// Pixels of the gain map that are looked at together: where all are dark, the looks need not be carried out.
const RUN: usize = 64;

/// The largest of some samples, from 0.
fn brightest(row: &[f32]) -> f32 {
    row.iter().fold(0.0, |high, v| if *v > high { *v } else { high })
}

/// Means of 2x2 pixels; at an odd right border of 1x2.
#[inline(always)]
fn halve(top: &[f32], bottom: &[f32], out: &mut [f32]) {
    let (above, below) = (top.as_chunks::<2>().0, bottom.as_chunks::<2>().0);
    let n = above.len();
    let below = &below[..n];
    for (x, v) in out[..n].iter_mut().enumerate() {
        *v = 0.25 * ((above[x][0] + above[x][1]) + (below[x][0] + below[x][1]));
    }
    if let (Some(v), Some(above), Some(below), true) = (out.get_mut(n), top.last(), bottom.last(), top.len() % 2 == 1) {
        *v = 0.5 * (above + below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_means_of_four_or_at_an_odd_border_of_two() {
        let mut out = [0.0; 2];
        halve(&[1.0, 2.0, 5.0], &[3.0, 6.0, 7.0], &mut out);
        assert_eq!(out, [3.0, 6.0]);
    }
}
