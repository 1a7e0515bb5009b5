//! From the frames of a burst to one.

use crate::burst::BurstFrame;
use crate::report::{FrameReport, NoiseReport, Report};
use crate::{Burst, Diagnostics, Error, FrameDiagnostics, NoiseSource, Pixels, Recipe, Reference};
use calotype_burst::{
    AlignOptions, Merged, MotionField, Prepared, choose_reference, estimate_noise, find_defects, find_stuck,
};
use calotype_color::{CameraModel, WhiteBalance};
use calotype_dng::DngInfo;
use calotype_image::{CameraRgb, Cancelled, NoiseModel, Plane, Progress, RawFrame, Shading, Step, par, raw_to_linear};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A burst become one frame.
#[derive(Debug)]
pub(crate) struct OneFrame {
    /// What the reference frame's file says.
    pub info: DngInfo,
    /// Recognises the content of the frames it was made of.
    pub content: u128,
    /// The picture.
    pub picture: Picture,
    /// Noise of one sample of the reference before merging.
    pub noise: NoiseModel,
    /// What was decided so far.
    pub report: Report,
    /// Pictures for people who want to know.
    pub diagnostics: Diagnostics,
}

/// The picture that a burst became.
#[derive(Debug)]
pub(crate) enum Picture {
    /// Merged from mosaics.
    Merged(Box<Merged>),
    /// Three camera colours per pixel from the start.
    Linear(CameraRgb),
}

/// Mends defects, chooses the reference, aligns and merges. A single frame takes the same road.
pub(crate) fn merge_frames(
    burst: Burst,
    recipe: &Recipe,
    diagnostics: bool,
    progress: &dyn Progress,
) -> Result<OneFrame, Error> {
    let mut report = start_report(&burst);
    let asked = asked_reference(&burst, recipe)?;
    let mut unknown_noise = burst.noise_source == NoiseSource::Estimated;
    let content = burst.frames.iter().fold(0u128, |id, f| id.rotate_left(1) ^ f.content);
    let mut about = Vec::with_capacity(burst.frames.len());
    let mut frames = Vec::with_capacity(burst.frames.len());
    for BurstFrame { index, name, info, pixels, .. } in burst.frames {
        match pixels {
            Pixels::Mosaic(frame) => frames.push(frame),
            Pixels::Linear { planes, noise, shading } => {
                // Reading has made sure that it is alone.
                report.reference = index;
                report.reference_choice = "only one";
                report.effective_frames = 1.0;
                report.noise = Some(NoiseReport { shot: noise.shot, read: noise.read });
                let picture = Picture::Linear(linear(planes, &shading));
                return Ok(OneFrame { info, content, picture, noise, report, diagnostics: Diagnostics::default() });
            }
        }
        about.push((index, name, info));
    }

    progress.report(Step::Align, 0.0)?;
    let mut defects = find_defects(&frames);
    frames.iter_mut().for_each(|frame| calotype_burst::repair(frame, &defects));
    if unknown_noise {
        unknown_noise = !measure_noise(&mut frames, &about);
    }
    if unknown_noise {
        report.noise_source = "assumed";
    }
    let chosen = choose_reference(&frames).ok_or(Error::NoFrames)?;
    let mut reference = asked.unwrap_or(chosen.index);
    report.reference = about[reference].0;
    report.reference_choice = match (asked, frames.len()) {
        (_, 1) => "only one",
        (Some(_), _) => "asked",
        (None, _) if chosen.bracket => "sharpest at the main exposure",
        (None, _) => "sharpest",
    };

    let mut motions = align(&frames, reference, progress)?;
    if asked.is_none()
        && let Some(other) = another_reference(&motions, reference, &chosen.sharpness)
    {
        let again = align(&frames, other, progress)?;
        if left_out(&again).count() < left_out(&motions).count() {
            (reference, motions) = (other, again);
            report.reference = about[reference].0;
        }
    }
    for (((index, ..), frame), motion) in about.iter().zip(&frames).zip(&motions) {
        describe(&mut report.frames[*index], frame, &frames[reference], motion);
    }
    for ((_, name, _), motion) in about.iter().zip(&motions) {
        if let Some(reason) = motion.report().rejected {
            report.warnings.push(format!("{name} was left out: {reason}"));
        }
    }
    let keep: Vec<bool> = motions.iter().map(|m| m.report().rejected.is_none()).collect();
    reference = keep[..reference].iter().filter(|k| **k).count();
    retain(&mut frames, &keep);
    retain(&mut motions, &keep);
    retain(&mut about, &keep);

    let info = &about[reference].2;
    let neutral = CameraModel::new(&info.calibration)
        .and_then(|model| model.resolve(WhiteBalance::AsShot))
        .map_or([1.0; 3], |camera| camera.neutral);
    // they tell nothing, and must not look clipped either
    let stuck = find_stuck(&frames, &motions, &defects, reference, neutral);
    frames.iter_mut().for_each(|frame| calotype_burst::repair(frame, &stuck));
    defects.extend(stuck);
    defects.sort_unstable();
    report.defects = defects.len();
    let merged = calotype_burst::merge_aligned(frames, &motions, &defects, reference, neutral, progress)?;
    report.effective_frames = merged.noise_divisor();
    report.noise = Some(NoiseReport { shot: merged.mosaic.noise.shot, read: merged.mosaic.noise.read });
    let diagnostics =
        if diagnostics { what_was_merged(&merged, &motions, &about, reference) } else { Default::default() };
    let noise = merged.mosaic.noise;
    let info = about.swap_remove(reference).2;
    Ok(OneFrame { info, content, picture: Picture::Merged(Box::new(merged)), noise, report, diagnostics })
}

/// What reading the burst has told already.
fn start_report(burst: &Burst) -> Report {
    let mut frames: Vec<FrameReport> = vec![FrameReport::default(); burst.source_count()];
    for frame in &burst.frames {
        frames[frame.index] = FrameReport { name: frame.name.clone(), used: true, ..FrameReport::default() };
    }
    let mut warnings = burst.warnings.clone();
    for left in &burst.left_out {
        frames[left.index].name.clone_from(&left.name);
        frames[left.index].left_out = Some(left.reason.clone());
        warnings.push(format!("{} was left out: {}", left.name, left.reason));
    }
    let camera = burst.frames.first().map(|f| format!("{} {}", f.info.make, f.info.model).trim().to_string());
    Report {
        camera: camera.unwrap_or_default(),
        frames,
        noise_source: burst.noise_source.word(),
        warnings,
        ..Report::default()
    }
}

/// The place among the readable frames of the reference asked for.
fn asked_reference(burst: &Burst, recipe: &Recipe) -> Result<Option<usize>, Error> {
    let Reference::Index(index) = recipe.reference else { return Ok(None) };
    if let Some(found) = burst.frames.iter().position(|f| f.index == index) {
        return Ok(Some(found));
    }
    let reason = match burst.left_out.iter().find(|l| l.index == index) {
        Some(left) => format!("it was left out: {}", left.reason),
        None => format!("there are {} frames, counted from 0", burst.source_count()),
    };
    Err(Error::Reference { index, reason })
}

/// Gives frames whose files say nothing of noise what can be measured in them; frames of one sensitivity share it.
/// False where even that failed and the assumption made while reading stays.
fn measure_noise(frames: &mut [RawFrame], about: &[(usize, String, DngInfo)]) -> bool {
    let mut measured: Vec<(Option<f64>, Option<NoiseModel>)> = Vec::new();
    let mut all = true;
    for i in 0..frames.len() {
        if about[i].2.noise_profile.is_some() {
            continue;
        }
        let iso = about[i].2.exif.iso;
        let model = match measured.iter().find(|(known, _)| *known == iso) {
            Some((_, model)) => *model,
            None => {
                let model = estimate_noise(&frames[i..=i]);
                measured.push((iso, model));
                model
            }
        };
        match model {
            Some(model) => frames[i].noise = model,
            None => all = false,
        }
    }
    all
}

/// Where the reference's pixels are in every frame.
fn align(frames: &[RawFrame], reference: usize, progress: &dyn Progress) -> Result<Vec<MotionField>, Error> {
    let base = &frames[reference];
    let (width, height) = (base.samples.width(), base.samples.height());
    if frames.len() == 1 {
        return Ok(vec![MotionField::identity(width, height)]);
    }
    let prepared = Prepared::reference(base);
    let options = AlignOptions::default();
    // frames at once: a good part of finding a motion is no work for many
    let done = AtomicUsize::new(1);
    let motions = par::map(frames.len(), |i| {
        let count = done.fetch_add(1, Ordering::Relaxed);
        progress.report(Step::Align, count as f32 / (frames.len() + 1) as f32)?;
        Ok(if i == reference {
            MotionField::identity(width, height)
        } else {
            calotype_burst::align(&prepared, &prepared.prepare(&frames[i]), &options)
        })
    });
    let motions = motions.into_iter().collect::<Result<Vec<_>, Cancelled>>()?;
    progress.report(Step::Align, 1.0)?;
    Ok(motions)
}

/// The frames that do not go with the reference.
fn left_out(motions: &[MotionField]) -> impl Iterator<Item = usize> {
    motions.iter().enumerate().filter(|(_, m)| m.report().rejected.is_some()).map(|(i, _)| i)
}

/// Where most of the others do not go with the reference, it may be the odd one out: the sharpest of the first few others.
fn another_reference(motions: &[MotionField], reference: usize, sharpness: &[f32]) -> Option<usize> {
    const FEW: usize = 3;
    let others = left_out(motions).filter(|i| *i != reference);
    let most = motions.len() > 2 && 2 * left_out(motions).count() > motions.len() - 1;
    others.take(FEW).max_by(|&a, &b| sharpness[a].total_cmp(&sharpness[b])).filter(|_| most)
}

/// What alignment found, for the report.
fn describe(report: &mut FrameReport, frame: &RawFrame, reference: &RawFrame, motion: &MotionField) {
    let found = motion.report();
    report.exposure_ev = Some((frame.exposure / reference.exposure).log2());
    report.shift_px = Some([found.shift.0, found.shift.1]);
    report.rotation_deg = Some(found.rotation_rad.to_degrees());
    report.residual = Some(found.residual);
    if let Some(reason) = found.rejected {
        report.used = false;
        report.left_out = Some(reason.to_string());
    }
}

/// Keeps what `keep` says.
fn retain<T>(list: &mut Vec<T>, keep: &[bool]) {
    let mut flags = keep.iter();
    list.retain(|_| *flags.next().unwrap_or(&true));
}

fn what_was_merged(
    merged: &Merged,
    motions: &[MotionField],
    about: &[(usize, String, DngInfo)],
    reference: usize,
) -> Diagnostics {
    let frames = motions.iter().zip(about).enumerate().filter(|(i, _)| *i != reference);
    let spacing = MotionField::SPACING;
    let frames = frames.map(|(_, (motion, (index, ..)))| {
        let (across, down) = MotionField::nodes(motion.width(), motion.height());
        let motion = Plane::from_fn(across, down, |i, j| {
            let (x, y) = ((i * spacing) as f32, (j * spacing) as f32);
            let (u, v) = motion.position(x, y);
            [u - x, v - y]
        });
        FrameDiagnostics { index: *index, motion }
    });
    Diagnostics { frames_map: Some(merged.effective_frames.clone()), merged: motions.len(), frames: frames.collect() }
}

/// Codes of three colours as linear light, lens shading undone. One plane at a time, so that two copies never exist of all.
fn linear(planes: [Plane<u16>; 3], shading: &[Option<Shading>; 3]) -> CameraRgb {
    let mut shading = shading.iter();
    CameraRgb::from_planes(planes.map(|codes| {
        let (width, height) = (codes.width(), codes.height());
        let shading = shading.next().and_then(Option::as_ref);
        let mut light = Plane::<f32>::new(width, height);
        par::bands_mut(&mut light, 32, |top, mut band| {
            let mut gains = vec![1.0; width];
            for y in 0..band.height() {
                if let Some(shading) = shading {
                    shading.gain_row(top + y, 0, width, height, &mut gains);
                }
                for ((out, &code), gain) in band.row_mut(y).iter_mut().zip(codes.row(top + y)).zip(&gains) {
                    *out = raw_to_linear(code) * gain;
                }
            }
        });
        light
    }))
}
