//! `calotype look sheet`: a picture in all looks.

use super::args::SheetArgs;
use super::load;
use crate::args::Common;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::out::Outcome;
use crate::progress::Display;
use crate::raw_file;
use crate::target::{self, Target};
use calotype::image::{Plane, Rgb};
use calotype::{Format, Look, Photo, PhotoPicture, Recipe, Task};
use serde_json::json;
use std::path::{Path, PathBuf};

/// White between pictures, in pixels.
const GAP: usize = 8;
/// Pixels of a letter's dot, and of the line that letters stand on.
const DOT: usize = 3;
pub const LINE: usize = 7 * DOT;

/// Makes a sheet of each picture.
pub fn run(args: &SheetArgs, common: &Common) -> Result<Outcome, Failure> {
    let inputs = Inputs::find(&args.pictures)?;
    let several = inputs.files.len() > 1;
    let extensions = ["jpg", "jpeg", "png", "tif", "tiff"];
    let sheets: Vec<(PathBuf, PathBuf)> = match Target::resolve(&args.out, several, &extensions)? {
        Target::File(_) if several => {
            return Err(Failure::usage(format!("{} pictures cannot become one sheet", inputs.files.len()))
                .help("Give -o a folder (ending with /) for one sheet per picture."));
        }
        Target::File(path) => inputs.files.iter().map(|f| (f.clone(), path.clone())).collect(),
        Target::Folder(folder) => {
            target::make_folder(&folder)?;
            let name =
                |f: &Path| folder.join(format!("{}-looks.jpg", f.file_stem().unwrap_or_default().to_string_lossy()));
            inputs.files.iter().map(|f| (f.clone(), name(f))).collect()
        }
    };
    let names: Vec<String> = if args.looks.is_empty() {
        Look::builtin_names().iter().map(|n| (*n).to_owned()).collect()
    } else {
        args.looks.clone()
    };
    let looks = names.iter().map(|name| load(name.trim())).collect::<Result<Vec<Look>, _>>()?;
    for (_, out) in &sheets {
        target::check_writable(out, args.overwrite)?;
    }
    let display = Display::new(common, "");
    let recipe = Recipe { output: calotype::Output { hdr: false, ..Default::default() }, ..Recipe::default() };
    let mut lines = String::new();
    for (picture, out) in &sheets {
        let format = Format::from_path(out).unwrap_or(Format::Jpeg);
        let task = |look: &Look| Task { format, look: look.clone(), lens: None, character: None, diagnostics: false };
        let burst = raw_file::read_burst(std::slice::from_ref(picture), &display)?;
        let negative = calotype::negative(burst, &recipe, &task(&looks[0]), &display)?;
        let (w, h) = negative.size();
        let width = usize::from(args.width);
        let small = negative.shrunk(width * (width * h).div_ceil(w.max(1)).max(1));
        let print = |look| small.clone().print(&recipe, &task(look), &display);
        let photos = looks.iter().map(print).collect::<Result<Vec<Photo>, _>>()?;
        arranged(photos, &looks).write(out, args.overwrite, &recipe.output, &display)?;
        lines += &format!("{}: {} looks\n", out.display(), looks.len());
    }
    display.clear();
    let list: Vec<_> = sheets.iter().map(|s| s.1.display().to_string()).collect();
    Ok(Outcome::new(lines, json!({ "sheets": list, "looks": names })))
}

/// Photographs of one size on a white sheet about as wide as high, each above its look's name.
fn arranged(photos: Vec<Photo>, looks: &[Look]) -> Photo {
    let (w, h) = photos[0].size();
    let cell = (w + GAP, h + GAP + LINE);
    let columns = (((photos.len() * cell.1) as f64 / cell.0 as f64).sqrt().ceil() as usize).clamp(1, photos.len());
    let rows = photos.len().div_ceil(columns);
    let planes = [0, 1, 2].map(|c| {
        let mut plane = Plane::filled(columns * cell.0 + GAP, rows * cell.1 + GAP, 1.0f32);
        for (i, (photo, look)) in photos.iter().zip(looks).enumerate() {
            let (left, top) = (GAP + i % columns * cell.0, GAP + i / columns * cell.1);
            if let PhotoPicture::Display { picture, .. } = &photo.picture {
                for y in 0..h {
                    plane.row_mut(top + y)[left..left + w].copy_from_slice(picture.planes[c].row(y));
                }
            }
            write(&mut plane, left, top + h + DOT, w, &look.meta.name);
        }
        plane
    });
    let mut sheet = photos.into_iter().next().expect("there is at least one look");
    sheet.picture = PhotoPicture::Display { picture: Rgb::from_planes(planes), gain_map: None };
    sheet
}

/// Writes a look's name in dark grey, as far as `width` goes.
pub fn write(plane: &mut Plane<f32>, left: usize, top: usize, width: usize, name: &str) {
    for (i, letter) in name.chars().take(width / (4 * DOT)).enumerate() {
        let glyph = glyph(letter);
        for y in 0..5 * DOT {
            for x in 0..3 * DOT {
                if glyph >> (14 - (y / DOT * 3 + x / DOT)) & 1 == 1 {
                    plane.row_mut(top + y)[left + i * 4 * DOT + x] = 0.05;
                }
            }
        }
    }
}

/// Three by five dots, row by row from the top left, of what names of looks are made of.
fn glyph(letter: char) -> u16 {
    const LETTERS: [u16; 26] = [
        0b010_101_111_101_101,
        0b110_101_110_101_110,
        0b011_100_100_100_011,
        0b110_101_101_101_110,
        0b111_100_110_100_111,
        0b111_100_110_100_100,
        0b011_100_101_101_011,
        0b101_101_111_101_101,
        0b111_010_010_010_111,
        0b001_001_001_101_010,
        0b101_101_110_101_101,
        0b100_100_100_100_111,
        0b101_111_111_101_101,
        0b110_101_101_101_101,
        0b010_101_101_101_010,
        0b110_101_110_100_100,
        0b010_101_101_110_011,
        0b110_101_110_101_101,
        0b011_100_010_001_110,
        0b111_010_010_010_010,
        0b101_101_101_101_111,
        0b101_101_101_101_010,
        0b101_101_111_111_101,
        0b101_101_010_101_101,
        0b101_101_010_010_010,
        0b111_001_010_100_111,
    ];
    const DIGITS: [u16; 10] = [
        0b111_101_101_101_111,
        0b010_110_010_010_111,
        0b111_001_111_100_111,
        0b111_001_011_001_111,
        0b101_101_111_001_001,
        0b111_100_111_001_111,
        0b111_100_111_101_111,
        0b111_001_010_010_010,
        0b111_101_111_101_111,
        0b111_101_111_001_111,
    ];
    match letter {
        'a'..='z' => LETTERS[letter as usize - 'a' as usize],
        '0'..='9' => DIGITS[letter as usize - '0' as usize],
        '-' => 0b000_000_111_000_000,
        _ => 0,
    }
}
