//! Frames of one scene by one camera, ready to be merged.

use crate::frame::{self, Pixels};
use crate::{Error, Source, SourceError, SourceFrame};
use calotype_dng::{DngInfo, RawKind};
use calotype_image::{Progress, Step, par};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Frames held in memory as files while they are decoded, at most.
const DECODED_AT_ONCE: usize = 4;

/// Frames of one scene by one camera, ready to be merged.
#[derive(Debug)]
pub struct Burst {
    /// The frames that could be read, in the order of their sources.
    pub frames: Vec<BurstFrame>,
    /// Sources that were left out, with the reason.
    pub left_out: Vec<LeftOut>,
    /// What was not understood in the files.
    pub warnings: Vec<String>,
    /// Where the noise models come from.
    pub noise_source: NoiseSource,
}

/// One frame of a burst.
#[derive(Debug)]
pub struct BurstFrame {
    /// Its place among the sources.
    pub index: usize,
    /// What its source calls it.
    pub name: String,
    /// Everything its file says but the pixels.
    pub info: DngInfo,
    /// Recognises its content.
    pub content: u128,
    /// Its pixels.
    pub pixels: Pixels,
}

/// A source that is no part of the burst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its place among the sources.
    pub index: usize,
    /// What it calls itself.
    pub name: String,
    /// Why it was left out.
    pub reason: String,
}

/// Where noise models come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoiseSource {
    /// The files say.
    File,
    /// Measured in the frames.
    Estimated,
}

impl NoiseSource {
    /// One word for reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Estimated => "estimated",
        }
    }
}

impl Burst {
    /// Reads frames on all cores and checks that they belong together.
    ///
    /// Frames that cannot be read and copies of frames already there are left out, as long as one frame remains; both
    /// are in [`Burst::left_out`].
    ///
    /// # Errors
    /// [`Error::NoFrames`], [`Error::Unreadable`] where no frame can be read, [`Error::Mixed`] where frames differ in
    /// camera, size or colour filters, [`Error::LinearBurst`], [`Error::Unsupported`], [`Error::Cancelled`].
    pub fn read(sources: &[&dyn Source], progress: &dyn Progress) -> Result<Self, Error> {
        if sources.is_empty() {
            return Err(Error::NoFrames);
        }
        let mut frames: Vec<(usize, SourceFrame)> = Vec::with_capacity(sources.len());
        let mut failures: Vec<(usize, SourceError)> = Vec::new();
        // As many as files are read at once.
        let buffers: Mutex<Vec<Vec<u8>>> = Mutex::default();
        let mut start = 0;
        while start < sources.len() {
            progress.report(Step::Read, start as f32 / sources.len() as f32)?;
            let batch = &sources[start..sources.len().min(start + DECODED_AT_ONCE)];
            let read = |i: usize| {
                let mut buffer = taken(&buffers).pop().unwrap_or_default();
                let result = batch[i].read_through(&mut buffer);
                taken(&buffers).push(buffer);
                result
            };
            for (i, result) in par::map(batch.len(), read).into_iter().enumerate() {
                match result {
                    Ok(frame) => frames.push((start + i, frame)),
                    Err(e) => failures.push((start + i, e)),
                }
            }
            start += batch.len();
        }
        progress.report(Step::Read, 1.0)?;
        if frames.is_empty() {
            return match failures.into_iter().next() {
                Some((i, source)) => Err(Error::Unreadable { name: sources[i].name(), source }),
                None => Err(Error::NoFrames),
            };
        }
        let mut left_out: Vec<LeftOut> = failures
            .into_iter()
            .map(|(index, e)| LeftOut { index, name: sources[index].name(), reason: describe(&e) })
            .collect();
        let frames = without_copies(sources, frames, &mut left_out);
        left_out.sort_by_key(|l| l.index);
        check(sources, &frames)?;
        Self::assemble(sources, frames, left_out)
    }

    /// Turns files that belong together into frames.
    fn assemble(
        sources: &[&dyn Source],
        frames: Vec<(usize, SourceFrame)>,
        left_out: Vec<LeftOut>,
    ) -> Result<Self, Error> {
        let mut warnings: Vec<String> = Vec::new();
        let exposures = frame::exposures(frames.iter().map(|(_, f)| &f.dng.info), &mut warnings);
        let mut notes = Notes::default();
        let mut noise_source = NoiseSource::File;
        let mut burst = Vec::with_capacity(frames.len());
        for ((index, source), exposure) in frames.into_iter().zip(exposures) {
            let name = sources[index].name();
            source.dng.warnings.iter().for_each(|warning| notes.add(&name, warning.to_string()));
            let (info, image) = (source.dng.info, source.dng.image);
            if info.noise_profile.is_none() {
                noise_source = NoiseSource::Estimated;
            }
            let pixels = frame::pixels(&info, image, exposure, &mut |w| notes.add(&name, w));
            burst.push(BurstFrame { index, name, info, content: source.content, pixels });
        }
        warnings.extend(notes.texts());
        Ok(Self { frames: burst, left_out, warnings, noise_source })
    }

    /// How many sources the burst was made of, those left out included.
    pub fn source_count(&self) -> usize {
        self.frames.len() + self.left_out.len()
    }

    /// Pixels of the frames, across and down.
    pub fn size(&self) -> (usize, usize) {
        self.frames.first().map_or((0, 0), |f| f.pixels.size())
    }
}

/// The list behind a lock; another thread's panic leaves it whole.
fn taken<T>(list: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drops frames whose content an earlier one has already.
fn without_copies(
    sources: &[&dyn Source],
    frames: Vec<(usize, SourceFrame)>,
    left_out: &mut Vec<LeftOut>,
) -> Vec<(usize, SourceFrame)> {
    let mut kept: Vec<(usize, SourceFrame)> = Vec::with_capacity(frames.len());
    for (index, frame) in frames {
        match kept.iter().find(|(_, k)| k.content == frame.content) {
            Some((original, _)) => left_out.push(LeftOut {
                index,
                name: sources[index].name(),
                reason: format!("a copy of {}", sources[*original].name()),
            }),
            None => kept.push((index, frame)),
        }
    }
    kept
}

/// Checks that all frames are of one camera, size and kind.
fn check(sources: &[&dyn Source], frames: &[(usize, SourceFrame)]) -> Result<(), Error> {
    let Some(((first_index, first), rest)) = frames.split_first() else { return Err(Error::NoFrames) };
    let first_name = || sources[*first_index].name();
    let camera = |i: &DngInfo| format!("{} {}", i.make, i.model).trim().to_string();
    let size = |f: &SourceFrame| f.dng.image.size();
    for (index, other) in rest {
        let mixed = |what, first: String, other: String| {
            Err(Error::Mixed { what, first, first_name: first_name(), other, other_name: sources[*index].name() })
        };
        let (a, b) = (&first.dng.info, &other.dng.info);
        if camera(a) != camera(b) {
            return mixed("camera", camera(a), camera(b));
        }
        if size(first) != size(other) {
            let text = |(w, h): (usize, usize)| format!("{w}x{h}");
            return mixed("size", text(size(first)), text(size(other)));
        }
        if a.kind != b.kind {
            return mixed("colour filters", kind_name(a.kind), kind_name(b.kind));
        }
    }
    if !rest.is_empty() && first.dng.info.kind == RawKind::Linear {
        return Err(Error::LinearBurst { name: first_name() });
    }
    let (width, height) = size(first);
    if width < 2 || height < 2 {
        return Err(Error::Unsupported { what: format!("a picture of {width}x{height} pixels"), name: first_name() });
    }
    Ok(())
}

/// What a kind of raw is called in messages.
pub(crate) fn kind_name(kind: RawKind) -> String {
    match kind {
        RawKind::Cfa(cfa) => cfa.to_string(),
        RawKind::Mono => "monochrome".into(),
        RawKind::Linear => "linear".into(),
    }
}

/// An error with its causes in one line.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        let next = e.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = e.source();
    }
    text
}

/// What was not understood in which files: frames of one camera tend to have the same oddities, which are told once.
#[derive(Default)]
struct Notes(Vec<Note>);

struct Note {
    what: String,
    first: String,
    last: String,
    others: usize,
}

impl Notes {
    fn add(&mut self, name: &str, what: String) {
        match self.0.iter_mut().find(|n| n.what == what) {
            Some(note) if note.last == name => {}
            Some(note) => {
                note.last = name.into();
                note.others += 1;
            }
            None => self.0.push(Note { what, first: name.into(), last: name.into(), others: 0 }),
        }
    }

    /// "1.dng and 7 more: what was not understood", in the order of their coming.
    fn texts(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|Note { what, first, others, .. }| match others {
            0 => format!("{first}: {what}"),
            _ => format!("{first} and {others} more: {what}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_name_the_files_and_come_once() {
        let mut notes = Notes::default();
        for name in ["1.dng", "2.dng", "2.dng", "3.dng"] {
            notes.add(name, "BaselineExposure: left out".into());
        }
        notes.add("2.dng", "lens shading was left out".into());
        let texts: Vec<String> = notes.texts().collect();
        assert_eq!(texts, ["1.dng and 2 more: BaselineExposure: left out", "2.dng: lens shading was left out"]);
    }
}
