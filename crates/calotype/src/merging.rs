//! From the frames of a burst to one.

use crate::burst::BurstFrame;
use crate::report::{FrameReport, NoiseReport, Report};
use crate::{Burst, Diagnostics, Error, Pixels, Recipe, Reference};
use calotype_dng::DngInfo;
use calotype_image::{CameraRgb, Cfa, Mosaic, NoiseModel, Plane, Progress, RawFrame, Step, par, raw_to_linear};

/// A burst become one frame.
#[derive(Debug)]
pub(crate) struct OneFrame {
    /// What the reference frame's file says.
    pub info: DngInfo,
    /// Recognises the content of the frames it was made of.
    pub content: u128,
    /// The picture.
    pub picture: Picture,
    /// Noise of one sample of the picture where nothing but the reference was used.
    pub noise: NoiseModel,
    /// Effective number of frames at every place, where several were merged.
    pub frames_map: Option<Plane<f32>>,
    /// What was decided so far.
    pub report: Report,
    /// Pictures for people who want to know.
    pub diagnostics: Diagnostics,
}

/// The picture that a burst became.
#[derive(Debug)]
pub(crate) enum Picture {
    /// A mosaic, lens shading undone.
    Mosaic(Mosaic),
    /// Camera colours, lens shading undone.
    Rgb(CameraRgb),
}

/// Chooses the reference, aligns and merges.
pub(crate) fn merge_frames(burst: Burst, recipe: &Recipe, progress: &dyn Progress) -> Result<OneFrame, Error> {
    let mut report = start_report(&burst);
    let asked = asked_reference(&burst, recipe)?;
    let mut frames = burst.frames;
    let content = frames.iter().fold(0u128, |id, f| id.rotate_left(1) ^ f.content);
    let reference = asked.unwrap_or(0);
    let chosen: BurstFrame = frames.swap_remove(reference);
    drop(frames);
    progress.report(Step::Merge, 0.0)?;
    report.reference = chosen.index;
    report.reference_choice = match (asked, report.frames.len()) {
        (_, 1) => "only one",
        (Some(_), _) => "asked",
        (None, _) => "sharpest",
    };
    for (i, frame) in report.frames.iter_mut().enumerate() {
        frame.used &= i == chosen.index;
    }
    report.effective_frames = 1.0;
    let noise = chosen.pixels.noise();
    report.noise = Some(NoiseReport { shot: noise.shot, read: noise.read });
    let picture = match chosen.pixels {
        Pixels::Mosaic(frame) => Picture::Mosaic(mosaic(&frame)),
        Pixels::Linear { planes, .. } => Picture::Rgb(linear(planes)),
    };
    Ok(OneFrame {
        info: chosen.info,
        content,
        picture,
        noise,
        frames_map: None,
        report,
        diagnostics: Diagnostics::default(),
    })
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

/// A frame's samples as linear light, lens shading undone.
fn mosaic(frame: &RawFrame) -> Mosaic {
    let (width, height) = (frame.samples.width(), frame.samples.height());
    let mut samples = Plane::<f32>::new(width, height);
    par::bands_mut(&mut samples, 32, |top, mut band| {
        let mut gains = vec![1.0; width];
        for y in 0..band.height() {
            if let Some(shading) = &frame.shading {
                shading.gain_row(top + y, width, height, &mut gains);
            }
            let codes = frame.samples.row(top + y);
            for ((out, &code), gain) in band.row_mut(y).iter_mut().zip(codes).zip(&gains) {
                *out = raw_to_linear(code) * gain;
            }
        }
    });
    Mosaic { samples, cfa: frame.cfa, noise: frame.noise }
}

/// Codes of three colours as linear light. One plane at a time, so that two copies never exist of all.
fn linear(planes: [Plane<u16>; 3]) -> CameraRgb {
    CameraRgb::from_planes(planes.map(|codes| {
        let mut light = Plane::<f32>::new(codes.width(), codes.height());
        par::bands_mut(&mut light, 32, |top, mut band| {
            for y in 0..band.height() {
                for (out, &code) in band.row_mut(y).iter_mut().zip(codes.row(top + y)) {
                    *out = raw_to_linear(code);
                }
            }
        });
        light
    }))
}

impl Picture {
    /// Pixels across and down.
    pub fn size(&self) -> (usize, usize) {
        match self {
            Self::Mosaic(mosaic) => (mosaic.samples.width(), mosaic.samples.height()),
            Self::Rgb(rgb) => (rgb.width(), rgb.height()),
        }
    }

    /// True for a sensor without colour filters.
    pub fn is_mono(&self) -> bool {
        matches!(self, Self::Mosaic(m) if m.cfa == Cfa::MONO)
    }
}
