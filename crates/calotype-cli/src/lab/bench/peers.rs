//! Public raw developers, called as their users would, with tone and taste switched off.

use crate::failure::Failure;
use crate::raw_file;
use calotype::Source;
use calotype::dng::RawImage;
use calotype::dng::write::{MergedDng, write_merged};
use calotype::image::{NoiseModel, Plane, RAW_BLACK, RAW_WHITE};
use calotype_lab::{self as lab, Limits, Picture, Region};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// RawTherapee's processing profile: white as shot, the camera's matrix, AMaZE, the file's shading, no tone curve.
const NEUTRAL: &str = "\
[Version]\nAppVersion=5.9\nVersion=349\n\n[White Balance]\nEnabled=true\nSetting=Camera\n\n\
[Color Management]\nInputProfile=(cameraICC)\nToneCurve=false\nApplyLookTable=false\nApplyBaselineExposureOffset=false\n\
ApplyHueSatMap=false\nOutputProfile=RTv4_sRGB\nOutputProfileIntent=Relative\nOutputBPC=false\n\n\
[RAW]\nFlatFieldFromMetaData=true\nCA=false\n\n[RAW Bayer]\nMethod=amaze\n";
/// The same program's noise reduction, automatic for colour.
const DENOISE: &str = "\n[Directional Pyramid Denoising]\nEnabled=true\nEnhance=false\nMedian=false\nLuma=40\nLdetail=50\n\
Chroma=15\nMethod=Lab\nLMethod=SLI\nCMethod=AUT\nC2Method=AUTO\nSMethod=shal\nMedMethod=soft\nRGBMethod=soft\n\
MethodMed=none\nRedchro=0\nBluechro=0\nGamma=1.7\nPasses=1\n";

/// A raw developer that is installed.
pub struct Peer {
    kind: Kind,
    version: String,
}

#[derive(Clone, Copy)]
enum Kind {
    Darktable,
    RawTherapee,
}

impl Kind {
    fn program(self) -> &'static str {
        match self {
            Self::Darktable => "darktable-cli",
            Self::RawTherapee => "rawtherapee-cli",
        }
    }
}

impl Peer {
    /// All that are known, and those of them that answer.
    pub fn all() -> Vec<(&'static str, Option<Self>)> {
        [Kind::Darktable, Kind::RawTherapee].map(|kind| (kind.program(), Self::find(kind))).into()
    }

    fn find(kind: Kind) -> Option<Self> {
        let said = Command::new(kind.program()).arg("--version").stdin(Stdio::null()).output().ok()?;
        let text = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        let number = |w: &&str| w.starts_with(|c: char| c.is_ascii_digit()) && w.contains('.');
        let version = text.split([' ', ',', '\n']).find(number)?.to_owned();
        Some(Self { kind, version })
    }

    /// The program's name.
    pub fn name(&self) -> &'static str {
        self.kind.program()
    }

    /// Its version, as it says.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Develops a raw into `folder`: what was done, and the picture. Pictures are of the truth's size: a border that a program
    /// cuts off is filled from the truth, which takes nothing from it.
    pub fn develop(&self, raw: &Path, folder: &Path, truth: &Picture) -> Result<Vec<(&'static str, Picture)>, Failure> {
        let stem = raw.file_stem().unwrap_or_default().to_string_lossy();
        let out = |how: &str| folder.join(format!("{stem}-{how}.tif"));
        let mut pictures = Vec::new();
        match self.kind {
            Kind::Darktable => {
                let path = out("darktable");
                let mut command = Command::new(self.name());
                command.arg(raw).arg(&path).args(["--icc-type", "SRGB", "--apply-custom-presets", "0", "--core"]);
                command.arg("--configdir").arg(folder.join("darktable")).args(["--library", ":memory:"]);
                for option in [
                    "plugins/darkroom/workflow=none",
                    "plugins/darkroom/chromatic-adaptation=legacy",
                    "plugins/imageio/format/tiff/bpp=16",
                ] {
                    command.args(["--conf", option]);
                }
                pictures.push(("darktable", self.call(command, &path, truth)?));
            }
            Kind::RawTherapee => {
                for (how, text) in
                    [("rawtherapee", NEUTRAL.to_owned()), ("rawtherapee_nr", format!("{NEUTRAL}{DENOISE}"))]
                {
                    let profile = folder.join(format!("{how}.pp3"));
                    calotype::save_bytes(&profile, text.as_bytes(), true)?;
                    let path = out(how);
                    let mut command = Command::new(self.name());
                    command
                        .args(["-q", "-Y", "-t", "-b16", "-p"])
                        .arg(&profile)
                        .arg("-o")
                        .arg(&path)
                        .arg("-c")
                        .arg(raw);
                    pictures.push((how, self.call(command, &path, truth)?));
                }
            }
        }
        Ok(pictures)
    }

    /// Runs a command that writes a picture.
    fn call(&self, mut command: Command, path: &Path, truth: &Picture) -> Result<Picture, Failure> {
        // darktable numbers its files where one is there already
        std::fs::remove_file(path).ok();
        let failed = || Failure::new(format!("{} made no {}", self.name(), path.display()));
        let said = command.stdin(Stdio::null()).output().map_err(|e| failed().because(e))?;
        if !path.is_file() {
            let text = String::from_utf8_lossy(&said.stderr).into_owned();
            return Err(failed().because(text.lines().last().unwrap_or("it said nothing").to_owned()));
        }
        fitted(lab::read_picture(path, None, &Limits::default())?, truth)
    }
}

/// A picture on the truth's pixels. Programs cut the same off at opposite borders.
fn fitted(picture: Picture, truth: &Picture) -> Result<Picture, Failure> {
    let ((w, h), (tw, th)) = (picture.size(), truth.size());
    if (w, h) == (tw, th) {
        return Ok(picture);
    }
    let cut = |a: usize, b: usize| b.checked_sub(a).filter(|d| *d <= 64);
    let (Some(dx), Some(dy)) = (cut(w, tw), cut(h, th)) else {
        return Err(Failure::new(format!("{} has {w}x{h} pixels, the truth has {tw}x{th}", picture.name)));
    };
    let (x0, y0) = (dx / 2, dy / 2);
    let inner = truth.crop(Region { x: x0, y: y0, width: w, height: h })?;
    let gain = lab::exposure_gain(&inner, &picture) as f32;
    let planes = [0, 1, 2].map(|c| {
        let (p, t) = (&picture.rgb.planes[c], &truth.rgb.planes[c]);
        Plane::from_fn(tw, th, |x, y| match (x.wrapping_sub(x0), y.wrapping_sub(y0)) {
            (i, j) if i < w && j < h => p.get(i, j),
            _ => t.get(x, y) * gain,
        })
    });
    Ok(Picture::new(picture.name, picture.encoding, planes)?)
}

/// Writes the plain average of frames as a DNG: sample by sample, as if nothing had moved; its noise profile is that of the
/// average.
pub fn average(frames: &[PathBuf], path: &Path) -> Result<(), Failure> {
    let refused = |e: calotype::SourceError, p: &Path| Failure::new(format!("cannot read {}", p.display())).because(e);
    let mut sums: Vec<u32> = Vec::new();
    let mut first = None;
    for frame in frames {
        let dng = raw_file::RawFile::new(frame).read().map_err(|e| refused(e, frame))?.dng;
        let RawImage::Cfa { samples, cfa } = dng.image else {
            return Err(Failure::new(format!("{} is no mosaic", frame.display())));
        };
        sums.resize(samples.data().len(), 0);
        sums.iter_mut().zip(samples.data()).for_each(|(s, v)| *s += u32::from(*v));
        first.get_or_insert((dng.info, cfa, samples.width(), samples.height()));
    }
    let Some((info, cfa, width, height)) = first else { return Err(Failure::new("there are no frames to average")) };
    let n = frames.len() as u32;
    let mean = sums.into_iter().map(|s| ((s + n / 2) / n) as u16).collect();
    let samples = Plane::from_vec(width, height, mean).ok_or_else(|| Failure::new("the frames differ in size"))?;
    let noise = info.noise_profile.unwrap_or(NoiseModel::uniform(1e-3, 1e-6));
    let share = |v: [f32; 3]| v.map(|v| v / n as f32);
    let merged = MergedDng {
        samples: &samples,
        cfa,
        black: RAW_BLACK,
        white: RAW_WHITE,
        default_crop: info.default_crop,
        info: &info,
        noise: NoiseModel { shot: share(noise.shot), read: share(noise.read) },
        baseline_exposure_ev: info.baseline_exposure_ev,
        preview: None,
        unique_id: [0; 16],
        frames: [n as u16; 2],
        shading_applied: false,
    };
    let mut bytes = Vec::new();
    write_merged(&mut bytes, &merged).map_err(|e| Failure::new("cannot make a DNG").because(e))?;
    Ok(calotype::save_bytes(path, &bytes, true)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_border_that_was_cut_off_counts_for_nothing() {
        let at = |x: usize, y: usize| 0.1 + 0.01 * ((x * 7 + y * 3) % 40) as f32;
        let truth = Picture::new("t", "", [(); 3].map(|()| Plane::from_fn(64, 48, at))).unwrap();
        // half as bright, four pixels less on each side
        let cut =
            Picture::new("p", "", [(); 3].map(|()| Plane::from_fn(56, 40, |x, y| 0.5 * at(x + 4, y + 4)))).unwrap();
        let whole = fitted(cut, &truth).unwrap();
        assert_eq!(whole.size(), (64, 48));
        for (x, y) in [(0, 0), (30, 20), (63, 47), (4, 4)] {
            assert!((whole.rgb.get(x, y)[0] / at(x, y) - 0.5).abs() < 1e-3, "{x} {y}");
        }
        let other = Picture::new("p", "", [(); 3].map(|()| Plane::filled(200, 40, 0.1))).unwrap();
        assert!(fitted(other, &truth).is_err());
    }
}
