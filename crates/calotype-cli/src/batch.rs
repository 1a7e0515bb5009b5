//! From raw files to results: one of one burst, or one per burst in a folder.

use crate::args::Common;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::out::{self, Outcome};
use crate::progress::Display;
use crate::raw_file::RawFile;
use crate::target::{self, Target};
use crate::{diagnostics, interrupt};
use calotype::dng::DngInfo;
use calotype::{CameraFacts, FileFacts, Report, Source};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Files of one burst and what is to be made of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The frames, in the order of their names.
    pub frames: Vec<PathBuf>,
    /// The result.
    pub out: PathBuf,
    /// The folder for pictures of what was merged.
    pub diagnostics: Option<PathBuf>,
}

/// What a command makes of the files it was given.
pub struct Work<'a> {
    /// The raw files.
    pub inputs: Inputs,
    /// One file of one burst, or a folder with one file per burst.
    pub target: Target,
    /// What follows the first frame's name in a folder: an extension, perhaps with more before it.
    pub suffix: &'a str,
    /// Replace what exists; in a folder, results that exist are else skipped.
    pub overwrite: bool,
    /// The folder for pictures of what was merged; in it, each burst of several gets one of its own.
    pub diagnostics: Option<&'a Path>,
}

/// Makes one result of one burst.
type Make<'a> = &'a dyn Fn(&Job, &Display) -> Result<Report, Failure>;

impl Work<'_> {
    /// Asks `make` for the one result, or for one of every burst.
    pub fn run(self, common: &Common, make: Make<'_>) -> Result<Outcome, Failure> {
        match self.target {
            Target::File(ref out) => {
                if self.inputs.any_folder {
                    one_burst_only(&self.inputs.files)?;
                }
                if common.json && target::is_standard_output(out) {
                    return Err(Failure::usage("standard output cannot hold the result and --json")
                        .help("Leave --json out, or write to a file."));
                }
                target::check_writable(out, self.overwrite)?;
                let diagnostics = self.diagnostics.map(Path::to_path_buf);
                let job = Job { out: out.clone(), frames: self.inputs.files, diagnostics };
                one(&job, self.overwrite, &Display::new(common, ""), common, make)
            }
            Target::Folder(ref folder) => self.each(folder, common, make),
        }
    }

    /// Groups files and makes one result after the other, going on after failures. Results that exist are skipped, so
    /// that an interrupted run can be taken up.
    fn each(&self, folder: &Path, common: &Common, make: Make<'_>) -> Result<Outcome, Failure> {
        // Results of an earlier run that lie among the frames are no frames.
        let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.into());
        let results = whole(folder);
        let is_result = |f: &Path| f.to_string_lossy().ends_with(self.suffix) && whole(f).starts_with(&results);
        let files: Vec<PathBuf> = self.inputs.files.iter().filter(|f| !is_result(f)).cloned().collect();
        let mut jobs = plan(&files, folder, self.suffix)?;
        target::make_folder(folder)?;
        let mut tally = Tally::default();
        let all = jobs.len();
        for (i, job) in jobs.iter_mut().enumerate() {
            if interrupt::asked() {
                tally.stopped = true;
                break;
            }
            if !self.overwrite && job.out.symlink_metadata().is_ok() {
                tally.skipped(job);
                continue;
            }
            let below = job.out.strip_prefix(folder).unwrap_or(&job.out).with_extension("");
            job.diagnostics = self.diagnostics.map(|d| d.join(&below));
            let display = Display::new(common, &format!("{}/{all} {}", i + 1, below.display()));
            let parent = job.out.parent().map_or(Ok(()), target::make_folder);
            match parent.and_then(|()| one(job, self.overwrite, &display, common, make)) {
                Ok(done) => tally.done(job, done, common),
                Err(_) if interrupt::asked() => {
                    tally.stopped = true;
                    break;
                }
                Err(failure) => tally.failed(job, &failure),
            }
        }
        Ok(tally.outcome(all))
    }
}

/// Makes one result and says what was done, for people and programs.
fn one(job: &Job, overwrite: bool, display: &Display, common: &Common, make: Make<'_>) -> Result<Outcome, Failure> {
    let result = match &job.diagnostics {
        Some(folder) => diagnostics::check(folder, overwrite).and_then(|()| make(job, display)),
        None => make(job, display),
    };
    display.clear();
    let report = result?;
    let mut text = format!("{}: {}", job.out.display(), report.summary());
    let mut json = json!({ "output": job.out.display().to_string(), "report": report.to_json() });
    display.add_timings(common, &mut text, &mut json);
    if target::is_standard_output(&job.out) {
        // The photograph stands there: not a word may follow it.
        text.clear();
    }
    Ok(Outcome { warnings: report.warnings, ..Outcome::new(text, json) })
}

/// A folder and one file as output agree only where the folder holds one burst.
fn one_burst_only(files: &[PathBuf]) -> Result<(), Failure> {
    let jobs = plan(files, Path::new(""), "")?;
    if jobs.len() > 1 {
        return Err(Failure::usage(format!("{} bursts cannot become one file", jobs.len()))
            .help("Give -o a folder (ending with /) for one file per burst, or name the frames of one burst."));
    }
    Ok(())
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

    fn done(&mut self, job: &Job, done: Outcome, common: &Common) {
        for warning in &done.warnings {
            out::warn(&format!("{}: {warning}", job.out.display()));
        }
        if !common.quiet && !common.json {
            out::line(&done.text);
        }
        self.done += 1;
        self.entry(job, "done", done.json.into());
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
fn plan(files: &[PathBuf], folder: &Path, suffix: &str) -> Result<Vec<Job>, Failure> {
    if files.is_empty() {
        return Err(Failure::from(calotype::Error::NoFrames));
    }
    let facts: Vec<FileFacts> = files.par_iter().map(|f| facts(f, RawFile::new(f).read_info().ok().as_ref())).collect();
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
        jobs.push(Job { frames, out, diagnostics: None });
    }
    Ok(jobs)
}

/// What grouping needs to know of a file; `info` is `None` where it cannot be read.
pub fn facts(path: &Path, info: Option<&DngInfo>) -> FileFacts {
    let text = |part: Option<&std::ffi::OsStr>| part.map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    FileFacts {
        folder: text(path.parent().map(Path::as_os_str)),
        name: text(path.file_name()),
        camera: info.map(CameraFacts::new),
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
