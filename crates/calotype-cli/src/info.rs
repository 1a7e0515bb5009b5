//! `calotype info`: what raw files say, and how they group.

use crate::args::{Common, InfoArgs};
use crate::batch;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::out::{self, Outcome};
use crate::raw_file::RawFile;
use calotype::color::AsShot;
use calotype::dng::{Compression, DngInfo, RawKind};
use calotype::image::Orientation;
use calotype::{FileFacts, Source, SourceError};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Tells what files say.
pub fn run(args: &InfoArgs, _: &Common) -> Result<Outcome, Failure> {
    let files = Inputs::find(&args.files)?.files;
    let infos: Vec<Result<DngInfo, SourceError>> = files.par_iter().map(|f| RawFile::new(f).read_info()).collect();
    let mut text = String::new();
    let mut entries = Vec::new();
    let mut failed = 0;
    for (path, info) in files.iter().zip(&infos) {
        match info {
            Ok(info) => {
                text += &describe(path, info);
                entries.push(facts(path, info));
            }
            Err(e) => {
                let failure = Failure::new(format!("cannot read {}", path.display())).because(e.to_string());
                let failure = e.remedy().into_iter().fold(failure, |f, remedy| f.help(remedy));
                entries.push(json!({ "file": path.display().to_string(), "error": out::failure_json(&failure) }));
                out::error(&failure);
                failed += 1;
            }
        }
    }
    let bursts = bursts(&files, &infos);
    if files.len() > 1 {
        writeln!(text, "{} in {}:", count(files.len(), "file"), count(bursts.len(), "burst")).ok();
        for burst in &bursts {
            let (first, last) = (files[burst[0]].display(), name(&files[burst[burst.len() - 1]]));
            let to = if burst.len() > 1 { format!(" to {last}") } else { String::new() };
            writeln!(text, "  {}: {first}{to}", count(burst.len(), "frame")).ok();
        }
    }
    let names = |burst: &Vec<usize>| burst.iter().map(|&i| files[i].display().to_string()).collect::<Vec<_>>();
    let bursts: Vec<_> = bursts.iter().map(names).collect();
    let outcome = Outcome::new(text, json!({ "files": entries, "bursts": bursts }));
    Ok(Outcome { failed: failed > 0, is_result: true, ..outcome })
}

fn bursts(files: &[PathBuf], infos: &[Result<DngInfo, SourceError>]) -> Vec<Vec<usize>> {
    let facts: Vec<FileFacts> = files.iter().zip(infos).map(|(f, info)| batch::facts(f, info.as_ref().ok())).collect();
    calotype::group(&facts)
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn kind(info: &DngInfo) -> String {
    match info.kind {
        RawKind::Cfa(cfa) => format!("Bayer {cfa}"),
        RawKind::Mono => "monochrome".into(),
        RawKind::Linear => "linear".into(),
    }
}

/// A shutter speed as photographers write it.
fn shutter(seconds: f64) -> String {
    if seconds > 0.0 && seconds < 0.3 { format!("1/{:.0} s", 1.0 / seconds) } else { format!("{seconds:.1} s") }
}

/// What is done to the stored picture to show it.
fn orientation(orientation: Orientation) -> &'static str {
    match orientation {
        Orientation::Normal => "as stored",
        Orientation::MirrorHorizontal => "mirrored left to right",
        Orientation::Rotate180 => "turned by 180 degrees",
        Orientation::MirrorVertical => "mirrored top to bottom",
        Orientation::Transpose => "mirrored along the diagonal from top left",
        Orientation::Rotate90 => "turned by 90 degrees clockwise",
        Orientation::Transverse => "mirrored along the diagonal from top right",
        Orientation::Rotate270 => "turned by 90 degrees counter-clockwise",
    }
}

/// A file for people.
fn describe(path: &Path, info: &DngInfo) -> String {
    let mut text = String::new();
    let exif = &info.exif;
    writeln!(text, "{}", path.display()).ok();
    let mut line = |key: &str, value: String| {
        if !value.trim().is_empty() {
            writeln!(text, "  {key:<14}{}", value.trim_end()).ok();
        }
    };
    line("camera", format!("{} {}", info.make, info.model).trim().to_string());
    line("lens", exif.lens_model.clone());
    let (a, c) = (info.active_area, info.default_crop);
    line(
        "picture",
        format!("{}x{} shown of {}x{}, {}, {} bit", c.width, c.height, a.width, a.height, kind(info), info.bits),
    );
    let compression = match info.compression {
        Compression::None => "uncompressed",
        Compression::LosslessJpeg => "lossless JPEG",
        Compression::LossyJpeg => "JPEG",
        Compression::Deflate => "deflate",
        Compression::JpegXl => "JPEG XL",
        _ => "another compression",
    };
    line("stored", format!("DNG {}.{}, {compression}", info.dng_version[0], info.dng_version[1]));
    let mut exposure = Vec::new();
    exposure.extend(exif.exposure_time_s.map(shutter));
    exposure.extend(exif.f_number.map(|v| format!("f/{v:.1}")));
    exposure.extend(exif.iso.map(|v| format!("ISO {v:.0}")));
    exposure.extend(exif.focal_mm.map(|v| format!("{v:.1} mm")));
    line("exposure", exposure.join(", "));
    let fraction = if exif.sub_sec_original.is_empty() { String::new() } else { format!(".{}", exif.sub_sec_original) };
    line("taken", format!("{}{fraction} {}", exif.date_time_original, exif.offset_original));
    line("orientation", orientation(info.orientation).into());
    line("levels", format!("black {:.0}, white {:.0}", info.levels.black[1], info.levels.white[1]));
    let numbers = |v: &[f64]| v.iter().map(|v| format!("{v:.4}")).collect::<Vec<_>>().join(" ");
    let as_shot = match &info.calibration.as_shot {
        AsShot::Neutral(neutral) => format!("neutral as shot {}", numbers(neutral)),
        AsShot::WhiteXy(xy) => format!("white as shot x, y {}", numbers(xy)),
        AsShot::Unknown => "white unknown".into(),
    };
    line("calibration", format!("{}, {as_shot}", count(info.calibration.illuminants.len(), "illuminant")));
    if let Some(noise) = info.noise_profile {
        line("noise", format!("variance {:.3e} x + {:.3e} (green)", noise.shot[1], noise.read[1]));
    }
    text
}

/// A file for programs.
fn facts(path: &Path, info: &DngInfo) -> Value {
    let exif = &info.exif;
    json!({
        "file": path.display().to_string(),
        "make": info.make,
        "model": info.model,
        "lens": exif.lens_model,
        "software": info.software,
        "dng_version": info.dng_version,
        "size": [info.active_area.width, info.active_area.height],
        "default_crop": [info.default_crop.x, info.default_crop.y, info.default_crop.width, info.default_crop.height],
        "kind": kind(info),
        "bits": info.bits,
        "compression": format!("{:?}", info.compression),
        "black": info.levels.black,
        "white": info.levels.white,
        "orientation": info.orientation.to_tiff(),
        "exposure_time_s": exif.exposure_time_s,
        "f_number": exif.f_number,
        "iso": exif.iso,
        "focal_mm": exif.focal_mm,
        "taken": exif.date_time_original,
        "taken_fraction": exif.sub_sec_original,
        "illuminants_k": info.calibration.illuminants.iter().map(|i| i.kelvin).collect::<Vec<_>>(),
        "baseline_exposure_ev": info.baseline_exposure_ev,
        "noise_shot": info.noise_profile.map(|n| n.shot),
        "noise_read": info.noise_profile.map(|n| n.read),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shutter_speeds_read_as_on_a_camera() {
        assert_eq!(shutter(1.0 / 125.0), "1/125 s");
        assert_eq!(shutter(2.5), "2.5 s");
        assert_eq!((count(1, "file"), count(2, "burst")), ("1 file".into(), "2 bursts".into()));
    }
}
