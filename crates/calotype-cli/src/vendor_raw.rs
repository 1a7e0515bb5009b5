//! Raw files of camera makers, through rawler.
//!
//! rawler is licensed LGPL-2.1, so it is linked into this application only and only with the feature `vendor-raw`. It
//! turns a file into an uncompressed DNG in memory, with crop, levels, colour matrices, white balance and EXIF, and
//! that is read like any other.
//!
//! Decoders of some forty formats cannot all be proof against damaged files: they may panic, ask for any amount of
//! memory, or never end. So they work in a process of their own (this program again, see [`worker`]), whose memory
//! and time are limited; whatever happens to it, the burst only lacks a frame.

use crate::recognise;
use calotype::SourceError;
use calotype::dng::tiff::tags;
use calotype::dng::{Dng, DngError, DngInfo, Limits};
use rawler::dng::convert::{ConvertParams, convert_raw_source};
use rawler::dng::{CropMode, DngCompression, DngPhotometricConversion};
use rawler::rawsource::RawSource;
use std::io::{Cursor, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// The argument that makes this program a worker.
const WORKER: &str = "__vendor-raw";
/// Address space of a worker: the files of 100-megapixel cameras take about half of it.
#[cfg(unix)]
const MAX_MEMORY: u64 = 4 << 30;
/// How long one file may take; the slowest known takes a few seconds on a slow machine.
const MAX_TIME: Duration = Duration::from_secs(120);

/// All but the pixels of a file that is no DNG. `refused` is what the DNG reader had to say.
///
/// Decodes the whole file all the same, as the maker's metadata are spread over it.
pub fn read_info(bytes: Vec<u8>, refused: DngError) -> Result<DngInfo, SourceError> {
    let dng = convert(&bytes, refused)?;
    let mut info = calotype::dng::read_info(&dng, &Limits::default())?;
    forget_conversion(&mut info);
    Ok(info)
}

/// A file that is no DNG. `refused` is what the DNG reader had to say.
pub fn read(bytes: Vec<u8>, refused: DngError) -> Result<Dng, SourceError> {
    let dng = convert(&bytes, refused)?;
    let mut dng = calotype::dng::read(&dng, &Limits::default())?;
    forget_conversion(&mut dng.info);
    Ok(dng)
}

/// Takes out the time of the conversion, which rawler writes down as that of the file: the same file gives the same bytes.
fn forget_conversion(info: &mut DngInfo) {
    info.preserve.retain(|entry| entry.tag != tags::DATE_TIME);
    if !info.exif_raw.iter().any(|entry| entry.tag == tags::DATE_TIME_ORIGINAL) {
        info.exif.date_time_original.clear();
    }
}

/// The same picture as a DNG, made by a worker.
fn convert(bytes: &[u8], refused: DngError) -> Result<Vec<u8>, SourceError> {
    let known = recognise::name(bytes);
    if let Some(name) = known.filter(|name| !recognise::is_raw(name)) {
        return Err(SourceError::Other(format!("{name}, no raw file")));
    }
    in_worker(bytes).map_err(|reason| {
        SourceError::Other(match known {
            Some(name) => format!("{name} that cannot be read: {reason}"),
            None => format!("no raw file that can be read: {refused}"),
        })
    })
}

/// Has a worker convert a file; the reason where it could not.
fn in_worker(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let failed = |e: std::io::Error| format!("the decoder cannot be started: {e}");
    let mut child = Command::new(std::env::current_exe().map_err(failed)?)
        .arg(WORKER)
        .env("RAYON_NUM_THREADS", rayon::current_num_threads().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (mut input, mut output, mut errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (done, waiting) = channel();
    let watch = std::thread::spawn(move || watch(child, &waiting));
    // It reads everything before it writes, so neither waits for the other. A worker that ends early takes no more
    // input; what it says then counts.
    input.take().map(|mut pipe| pipe.write_all(bytes));
    let (mut dng, mut said) = (Vec::new(), String::new());
    let complete = output.as_mut().is_some_and(|pipe| pipe.read_to_end(&mut dng).is_ok());
    if let Some(pipe) = errors.as_mut() {
        pipe.take(1000).read_to_string(&mut said).ok();
    }
    done.send(()).ok();
    match watch.join() {
        Ok(Some(true)) if complete => Ok(dng),
        Ok(None) => Err(format!("it takes longer than {} seconds", MAX_TIME.as_secs())),
        _ => {
            let reason = said.lines().find_map(|line| line.strip_prefix(WORKER)).map(|r| r.trim().to_owned());
            Err(reason.unwrap_or_else(|| "it is damaged, or of a camera that is not known".into()))
        }
    }
}

/// Waits for a worker, but not for ever: whether it did well, or `None` where it had to be ended.
fn watch(mut child: Child, done: &Receiver<()>) -> Option<bool> {
    let late = matches!(done.recv_timeout(MAX_TIME), Err(RecvTimeoutError::Timeout));
    if late {
        child.kill().ok();
    }
    let status = child.wait();
    (!late).then(|| status.is_ok_and(|s| s.success()))
}

/// True where this process was started as a worker.
pub fn is_worker() -> bool {
    std::env::args_os().nth(1).is_some_and(|a| a == WORKER)
}

/// Converts the raw file on standard input to a DNG on standard output; the reason goes to standard error where it
/// cannot.
pub fn worker() -> ExitCode {
    #[cfg(unix)]
    {
        let limit = rustix::process::Rlimit { current: Some(MAX_MEMORY), maximum: Some(MAX_MEMORY) };
        rustix::process::setrlimit(rustix::process::Resource::As, limit).ok();
    }
    // A panic is an answer here, not a fault of this program.
    std::panic::set_hook(Box::new(|_| {}));
    let mut bytes = Vec::new();
    let result = match std::io::stdin().lock().read_to_end(&mut bytes) {
        Ok(_) => decode(bytes),
        Err(e) => Err(e.to_string()),
    };
    let written = result.and_then(|dng| std::io::stdout().lock().write_all(&dng).map_err(|e| e.to_string()));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            writeln!(std::io::stderr().lock(), "{WORKER} {}", reason.replace('\n', " ")).ok();
            ExitCode::FAILURE
        }
    }
}

/// The same picture as a DNG.
fn decode(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let params = ConvertParams::default()
        .with_embedded(false)
        .with_preview(false)
        .with_thumbnail(false)
        .with_crop(CropMode::Best)
        .with_compression(DngCompression::Uncompressed)
        .with_photometric_conversion(DngPhotometricConversion::Original)
        .with_software(String::new());
    let source = RawSource::new_from_shared_vec(Arc::new(bytes));
    let mut dng = Cursor::new(Vec::new());
    match catch_unwind(AssertUnwindSafe(|| convert_raw_source(&source, &mut dng, "", &params))) {
        Ok(Ok(_)) => Ok(dng.into_inner()),
        Ok(Err(e)) => Err(e.to_string().trim_end_matches(['.', ' ']).into()),
        Err(_) => Err("it is damaged, or of a camera that is not known".into()),
    }
}
