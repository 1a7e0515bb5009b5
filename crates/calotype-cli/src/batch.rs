//! One result per burst: many files in, a folder out.

use crate::args::Common;
use crate::failure::Failure;
use crate::out::{self, Outcome};
use crate::progress::Display;
use crate::raw_file::RawFile;
use crate::{interrupt, target};
use calotype::{CameraFacts, FileFacts, Source};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Files of one burst and the file to be made of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The frames, in the order of their names.
    pub frames: Vec<PathBuf>,
    /// The result.
    pub out: PathBuf,
}

/// What one burst gave.
pub struct Done {
    /// For people: one line.
    pub line: String,
    /// For programs.
    pub json: Value,
    /// Worth knowing.
    pub warnings: Vec<String>,
}

/// How a folder is to be worked through.
pub struct Batch<'a> {
    /// The raw files.
    pub files: Vec<PathBuf>,
    /// The folder of results.
    pub folder: &'a Path,
    /// What follows the first frame's name: an extension, perhaps with more before it.
    pub suffix: String,
    /// Replace results that exist instead of skipping their bursts.
    pub overwrite: bool,
}

/// Groups files and asks `make` for one result after the other, going on after failures. Results that exist are
/// skipped, so that an interrupted run can be taken up.
pub fn run(
    batch: &Batch<'_>,
    common: &Common,
    make: &dyn Fn(&Job, &Display) -> Result<Done, Failure>,
) -> Result<Outcome, Failure> {
    let inside = |f: &PathBuf| f.starts_with(batch.folder) && f.to_string_lossy().ends_with(&batch.suffix);
    let files: Vec<PathBuf> = batch.files.iter().filter(|f| !inside(f)).cloned().collect();
    let jobs = plan(&files, batch.folder, &batch.suffix)?;
    target::make_folder(batch.folder)?;
    let mut tally = Tally::default();
    for (i, job) in jobs.iter().enumerate() {
        if interrupt::asked() {
            tally.stopped = true;
            break;
        }
        if !batch.overwrite && job.out.symlink_metadata().is_ok() {
            tally.skipped(job);
            continue;
        }
        let name = job.out.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let display = Display::new(common, &format!("{}/{} {name}", i + 1, jobs.len()));
        let result = job.out.parent().map_or(Ok(()), target::make_folder).and_then(|()| make(job, &display));
        display.clear();
        match result {
            Ok(done) => tally.done(job, done, common),
            Err(_) if interrupt::asked() => {
                tally.stopped = true;
                break;
            }
            Err(failure) => tally.failed(job, &failure),
        }
    }
    Ok(tally.outcome(jobs.len()))
}

/// What has become of the bursts.
#[derive(Default)]
struct Tally {
    bursts: Vec<Value>,
    lines: Vec<String>,
    done: usize,
    skipped: usize,
    failed: usize,
    stopped: bool,
}

impl Tally {
    fn entry(&mut self, job: &Job, status: &str, mut more: Value) {
        let frames: Vec<String> = job.frames.iter().map(|f| f.display().to_string()).collect();
        if let Value::Object(map) = &mut more {
            map.insert("status".into(), status.into());
            map.insert("output".into(), job.out.display().to_string().into());
            map.insert("files".into(), json!(frames));
        }
        self.bursts.push(more);
    }

    fn done(&mut self, job: &Job, done: Done, common: &Common) {
        for warning in &done.warnings {
            out::warn(&format!("{}: {warning}", job.out.display()));
        }
        if !common.quiet && !common.json {
            out::line(&done.line);
        }
        self.done += 1;
        self.entry(job, "done", done.json);
    }

    fn skipped(&mut self, job: &Job) {
        self.skipped += 1;
        self.entry(job, "skipped", json!({}));
    }

    fn failed(&mut self, job: &Job, failure: &Failure) {
        out::error(failure);
        self.failed += 1;
        self.lines.push(format!("  failed: {} ({failure})", job.out.display()));
        self.entry(job, "failed", json!({ "error": out::failure_json(failure) }));
    }

    /// The summary.
    fn outcome(self, all: usize) -> Outcome {
        let mut text = format!("{} of {all} made", self.done);
        if self.skipped > 0 {
            text += &format!(", {} there already (--overwrite makes them again)", self.skipped);
        }
        if self.failed > 0 {
            text += &format!(", {} failed:", self.failed);
        }
        for line in &self.lines {
            text += &format!("\n{line}");
        }
        if self.stopped {
            text += "\ninterrupted; run the same command again to make what is missing";
        }
        let json = json!({
            "bursts": self.bursts,
            "done": self.done,
            "skipped": self.skipped,
            "failed": self.failed,
            "interrupted": self.stopped,
        });
        Outcome { failed: self.failed > 0 || self.stopped, ..Outcome::new(text, json) }
    }
}

/// Groups files into bursts and names their results after their first frames, below `folder` as the frames lie below
/// their common folder.
pub fn plan(files: &[PathBuf], folder: &Path, suffix: &str) -> Result<Vec<Job>, Failure> {
    if files.is_empty() {
        return Err(Failure::from(calotype::Error::NoFrames));
    }
    let facts: Vec<FileFacts> = files.par_iter().map(|f| facts(f)).collect();
    let root = common_folder(files);
    let mut taken = HashSet::new();
    let mut jobs = Vec::new();
    for burst in calotype::group(&facts) {
        let frames: Vec<PathBuf> = burst.iter().map(|&i| files[i].clone()).collect();
        let first = &frames[0];
        let parent = first.parent().and_then(|p| p.strip_prefix(&root).ok()).unwrap_or(Path::new(""));
        let text = |part: Option<&std::ffi::OsStr>| part.map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = text(first.file_stem());
        let mut out = folder.join(parent).join(format!("{stem}{suffix}"));
        if !taken.insert(out.clone()) {
            // Two files of one name and different extensions, such as a camera's raw and a DNG made from it.
            out = folder.join(parent).join(format!("{stem}-{}{suffix}", text(first.extension()).to_lowercase()));
            taken.insert(out.clone());
        }
        jobs.push(Job { frames, out });
    }
    Ok(jobs)
}

/// What grouping needs to know of a file.
pub fn facts(path: &Path) -> FileFacts {
    let text = |part: Option<&std::ffi::OsStr>| part.map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    FileFacts {
        folder: text(path.parent().map(Path::as_os_str)),
        name: text(path.file_name()),
        camera: RawFile::new(path).read_info().ok().map(|info| CameraFacts::new(&info)),
    }
}

/// The deepest folder that all files lie below.
fn common_folder(files: &[PathBuf]) -> PathBuf {
    let mut parents = files.iter().filter_map(|f| f.parent());
    let mut common = parents.next().map(Path::to_path_buf).unwrap_or_default();
    for parent in parents {
        while !parent.starts_with(&common) {
            if !common.pop() {
                return PathBuf::new();
            }
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_lie_as_their_frames_do() {
        let files = ["in/a/x1.dng", "in/b/y1.dng", "in/b/y1.nef"].map(PathBuf::from);
        assert_eq!(common_folder(&files), Path::new("in"));
        let jobs = plan(&files, Path::new("out"), ".jpg").unwrap();
        let outs: Vec<&Path> = jobs.iter().map(|j| j.out.as_path()).collect();
        assert_eq!(outs, ["out/a/x1.jpg", "out/b/y1.jpg", "out/b/y1-nef.jpg"].map(Path::new));
        assert!(plan(&[], Path::new("out"), ".jpg").is_err());
    }
}
