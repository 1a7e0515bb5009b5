//! `calotype demo`: a burst made here, developed, and compared with the truth.

use crate::args::{Common, DemoArgs};
use crate::failure::Failure;
use crate::out::Outcome;
use crate::progress::Display;
use crate::scene::Canvas;
use crate::target::{self, Target};
use crate::virtual_camera::{self, Shot};
use calotype::image::SceneRgb;
use calotype::{Burst, Format, NoProgress, PhotoPicture, Recipe, Reference, Source, Task};
use serde_json::json;
use std::path::Path;

/// Size of the burst's frames.
const SIZE: (usize, usize) = (960, 720);

/// Makes the burst and the photograph, and tells what was gained.
pub fn run(args: &DemoArgs, common: &Common) -> Result<Outcome, Failure> {
    let Target::File(path) = Target::resolve(&args.out, false, &["jpg", "jpeg", "tif", "tiff", "png", "avif", "jxl"])?
    else {
        return Err(Failure::usage("the demonstration makes one photograph").help("Give -o a file, like photo.jpg."));
    };
    target::check_writable(&path, args.overwrite)?;
    let display = Display::new(common, "");
    let canvas = Canvas::render(2 * SIZE.0 + 64, 2 * SIZE.1 + 64);
    let shots = virtual_camera::burst(&canvas, SIZE, args.frames.into());
    if let Some(folder) = &args.keep {
        keep(&shots, folder, args.overwrite)?;
    }
    let recipe = Recipe { reference: Reference::Index(0), ..Recipe::default() };
    let look = crate::look::load(&recipe.look)?;
    let task = Task { format: Format::from_path(&path).unwrap_or(Format::Jpeg), look, diagnostics: false };
    let photo = calotype::develop(read(&shots, &display)?, &recipe, &task, &display)?;
    photo.write(&path, args.overwrite, &recipe.output, &display)?;

    // The same without look, against the truth: once from all frames and once from one.
    let linear = Task { format: Format::Exr, ..task };
    let light =
        |shots: &[Shot]| match calotype::develop(read(shots, &NoProgress)?, &recipe, &linear, &NoProgress)?.picture {
            PhotoPicture::Scene(picture) => Ok::<_, Failure>(picture),
            PhotoPicture::Display { .. } => {
                Err(Failure::new("the engine gave a display picture where light was asked for"))
            }
        };
    let truth = virtual_camera::truth(&canvas, SIZE);
    let (one, all) = (psnr(&light(&shots[..1])?, &truth), psnr(&light(&shots)?, &truth));
    display.clear();

    let mut text = format!(
        "{}: {}\nagainst the truth: one frame {one:.1} dB, the burst {all:.1} dB, gained {:+.1} dB",
        path.display(),
        photo.report.summary(),
        all - one,
    );
    let mut json = json!({
        "output": path.display().to_string(),
        "psnr_one_frame_db": one,
        "psnr_burst_db": all,
        "gained_db": all - one,
        "report": photo.report.to_json(),
    });
    display.add_timings(common, &mut text, &mut json);
    Ok(Outcome { warnings: photo.report.warnings.clone(), ..Outcome::new(text, json) })
}

fn read(shots: &[Shot], progress: &dyn calotype::Progress) -> Result<Burst, Failure> {
    let sources: Vec<&dyn Source> = shots.iter().map(|s| s as &dyn Source).collect();
    Ok(Burst::read(&sources, progress)?)
}

/// Writes the frames as DNG files.
fn keep(shots: &[Shot], folder: &Path, overwrite: bool) -> Result<(), Failure> {
    target::make_folder(folder)?;
    for (i, shot) in shots.iter().enumerate() {
        let path = folder.join(format!("demo_{i:02}.dng"));
        target::check_writable(&path, overwrite)?;
        calotype::save_bytes(&path, &shot.to_dng()?, overwrite)?;
    }
    Ok(())
}

/// Peak signal (white = 1) to noise ratio in decibel, leaving out a border of 16 pixels that not all frames saw.
fn psnr(picture: &SceneRgb, truth: &SceneRgb) -> f64 {
    let (mut sum, mut count) = (0.0f64, 0usize);
    for y in 16..truth.height().saturating_sub(16) {
        for (a, b) in picture.row(y).into_iter().zip(truth.row(y)) {
            for x in 16..truth.width().saturating_sub(16) {
                // Beyond white the sensor saw nothing but white.
                let (a, b) = (a[x].clamp(0.0, 1.0), b[x].clamp(0.0, 1.0));
                sum += f64::from(a - b).powi(2);
                count += 1;
            }
        }
    }
    -10.0 * (sum / count.max(1) as f64).max(1e-12).log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype::image::Plane;

    #[test]
    fn a_tenth_of_white_is_twenty_decibel() {
        let flat = |v: f32| SceneRgb::from_planes([(); 3].map(|()| Plane::filled(40, 40, v)));
        assert!((psnr(&flat(0.5), &flat(0.4)) - 20.0).abs() < 1e-3);
        assert!(psnr(&flat(3.0), &flat(2.0)) > 100.0);
    }
}
