//! What can be typed.

use calotype::{Crop, Recipe, Reference, WhiteBalance};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// From the raw frames of a burst to one photograph.
#[derive(Debug, Parser)]
#[command(name = "calotype", version, about, propagate_version = true, after_help = EXAMPLES)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command understands.
    #[command(flatten)]
    pub common: Common,
}

const EXAMPLES: &str = "\
Examples:
  calotype demo                                    see what it does, without any file
  calotype develop burst/*.dng -o photo.jpg        one burst, one Ultra HDR photograph
  calotype develop DCIM/ -o photos/                every burst of a folder
  calotype merge burst/*.dng -o merged.dng         one clean raw out of many noisy ones

Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// The commands.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // parsed once
pub enum Command {
    /// Merge a burst and develop it to a finished photograph.
    Develop(DevelopArgs),
    /// Merge a burst to one raw DNG.
    Merge(MergeArgs),
    /// Tell what raw files say, and how they group into bursts.
    Info(InfoArgs),
    /// Take a burst with a simulated camera, develop it, and show what was gained.
    Demo(DemoArgs),
    /// List, show, make, blend, verify and export looks.
    Look(crate::look::LookArgs),
    /// Describe, judge, draw and verify lenses.
    Lens(crate::lens::LensArgs),
    /// Simulate a camera: bursts of raw frames with their truth.
    Twin(crate::twin::TwinArgs),
    /// Measure charts, photographs and cameras.
    Lab(crate::lab::LabArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
}

/// What every command understands.
#[derive(Clone, Debug, ClapArgs)]
pub struct Common {
    /// Print one JSON object on standard output, and nothing else there.
    #[arg(long, global = true, help_heading = "Common options")]
    pub json: bool,
    /// No progress and no summary; errors and warnings only.
    #[arg(long, short, global = true, help_heading = "Common options")]
    pub quiet: bool,
    /// Number of threads; all cores when left out. The result does not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = threads, help_heading = "Common options")]
    pub threads: Option<usize>,
    /// Tell how long each step took.
    #[arg(long, global = true, help_heading = "Common options")]
    pub timings: bool,
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=1024) => Ok(n),
        _ => Err("a number of threads from 1 to 1024".into()),
    }
}

/// `develop`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  calotype develop IMG_1.dng IMG_2.dng IMG_3.dng -o photo.jpg
  calotype develop burst/*.dng -o photo.tif --look natural --ev 0.3 --wb 5200
  calotype develop burst/*.dng -o photo.jpg --look authentic,vibrant,mono-natural
  calotype develop burst/*.dng -o photo.jpg --lens phone-9p    corrected by the lens's prescription
  calotype develop burst/*.dng -o photo.jpg --character swirl-f1.4 --depth depth.exr --focus 1.8
  calotype develop burst/*.dng -o light.exr              scene-linear, for measuring
  calotype develop DCIM/ -o photos/ --format avif        every burst; run again to do what is missing
  calotype develop burst/*.dng -o photo.jpg --profile camera.toml   a camera that `lab calibrate` measured
  calotype develop burst/*.dng -o photo.jpg --save-recipe mine.toml
  calotype develop other/*.dng -o other.jpg --recipe mine.toml
  calotype develop burst/*.dng -o again.jpg --recipe photo.jpg   to the byte, with the same version and frames

The extension of OUT says what is made: .jpg (Ultra HDR unless --no-hdr), .tif and .png (16 bit), .avif, .jxl
(lossless), .exr (scene-linear Rec.709 primaries, float, without look, local tone, sharpening and automatic exposure).
Several frames and a file as OUT are one burst. A folder as OUT makes one photograph per burst: files are grouped by
camera, name and time; photographs that exist are skipped unless --overwrite is given.")]
pub struct DevelopArgs {
    /// Raw frames, folders of them, or patterns like 'burst/*.dng'.
    #[arg(required = true, value_name = "FRAMES")]
    pub frames: Vec<PathBuf>,
    /// The photograph to make, or a folder for one photograph per burst.
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: PathBuf,
    /// Format of the photographs in a folder; jpg when left out.
    #[arg(long, value_name = "FORMAT", value_parser = ["jpg", "tif", "png", "avif", "jxl", "exr"])]
    pub format: Option<String>,
    /// What the user wants.
    #[command(flatten)]
    pub choices: Choices,
    /// With --character: make the photograph small (a megapixel), to judge it quickly.
    #[arg(long)]
    pub preview: bool,
    /// Store a JPEG without its gain map.
    #[arg(long)]
    pub no_hdr: bool,
    /// Write pictures of what was merged into this folder: motion, effective frames, rejected areas.
    #[arg(long, value_name = "DIR")]
    pub diagnostics: Option<PathBuf>,
    /// Write beside each photograph what it was made with: frames by name and hash, choices, look and version, as
    /// PHOTO.recipe.toml. The same stands inside the photograph, but for AVIF.
    #[arg(long)]
    pub recipe_beside: bool,
    /// Write the choices made here to a recipe file.
    #[arg(long, value_name = "FILE")]
    pub save_recipe: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// Choices that a recipe holds too; a flag wins over the recipe.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct Choices {
    /// A recipe file to start from, or a photograph to be made again: it holds its own.
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,
    /// A built-in look (see `calotype look list`) or a look file; several, separated by commas, share the work, and all but
    /// the first add their names to the photograph's.
    #[arg(long, value_name = "NAME|FILE")]
    pub look: Option<String>,
    /// How much of the look, 0 to 1.
    #[arg(long, value_name = "0..1")]
    pub strength: Option<f32>,
    /// Brighter or darker than automatic exposure, in stops.
    #[arg(long, value_name = "STOPS", allow_negative_numbers = true)]
    pub ev: Option<f32>,
    /// White balance: as-shot, auto, or kelvin with an optional tint.
    #[arg(long, value_name = "as-shot|auto|KELVIN[:TINT]")]
    pub wb: Option<WhiteBalance>,
    /// The frame to lay the others upon: auto, or its number counted from 0.
    #[arg(long, value_name = "auto|INDEX")]
    pub reference: Option<Reference>,
    /// default, full, an aspect like 3:2, or pixels like 1200x800+100+50.
    #[arg(long, value_name = "CROP")]
    pub crop: Option<Crop>,
    /// Quality of JPEG and AVIF, 1 to 100.
    #[arg(long, value_name = "1..100", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub quality: Option<u8>,
    /// A camera profile of `calotype lab calibrate` (.toml or .dcp), or any DCP, used instead of what the files say.
    #[arg(long, value_name = "FILE")]
    pub profile: Option<String>,
    /// How much of the remaining noise to remove: 0 none, 1 as measured, up to 2.
    #[arg(long, value_name = "0..2")]
    pub denoise: Option<f32>,
    /// Capture sharpening: 0 none, 1 as measured, up to 2.
    #[arg(long, value_name = "0..2")]
    pub sharpen: Option<f32>,
    /// How far local tone opens shadows and holds highlights, 0 to 1.
    #[arg(long, value_name = "0..1")]
    pub local_tone: Option<f32>,
    /// Correct by the prescription of the lens: a built-in lens (see `calotype twin list`) or a lens file (.toml, .zmx, .seq,
    /// .json). Distortion, lateral colour, falloff, and blur that grows towards the corners.
    #[arg(long, value_name = "NAME|FILE")]
    pub lens: Option<String>,
    /// Distance of the sensor's pixels, for --lens and files that do not tell it.
    #[arg(long, value_name = "UM")]
    pub pixel_pitch: Option<f64>,
    /// How much of the blur of --lens to take back, 0 to 1.
    #[arg(long, value_name = "0..1")]
    pub deblur: Option<f32>,
    /// Draw the character of another lens: a built-in lens (see `calotype twin list`: bubble-f2.7, petzval-f1.9, swirl-f1.4,
    /// soft-f2.8-soft and others) or a lens file. Its discs out of focus with --depth, its softness, glow and falloff always.
    #[arg(long, value_name = "NAME|FILE")]
    pub character: Option<String>,
    /// How much of that character, 0 to 2: 1 is that of a camera for 35 mm film with the picture's field of view.
    #[arg(long, value_name = "0..2")]
    pub character_strength: Option<f32>,
    /// How far away things are, for --character: .exr in metres, .png in dioptres (with --depth-white), or the .jpg that the
    /// phone saved with its depth map inside.
    #[arg(long, value_name = "FILE")]
    pub depth: Option<String>,
    /// Dioptres (1/m) of white in a .png of --depth: with 4, white is 25 cm away and black infinitely far.
    #[arg(long, value_name = "DIOPTRES")]
    pub depth_white: Option<f64>,
    /// Whose pixels the depth map has: those of the photograph (corrected, cropped, upright), or of the raw frame.
    #[arg(long, value_enum, value_name = "PICTURE")]
    pub depth_of: Option<DepthOf>,
    /// Distance in focus in metres: for --character what is in the picture's middle when left out, for --lens what the file
    /// tells.
    #[arg(long, value_name = "M")]
    pub focus: Option<f64>,
    /// Primaries of the photograph.
    #[arg(long, value_enum, value_name = "SPACE")]
    pub space: Option<Space>,
}

/// Whose pixels a depth map has.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DepthOf {
    /// The photograph's.
    Photograph,
    /// The raw frame's, as `calotype twin` writes it.
    Frame,
}

/// Primaries of the photograph.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Space {
    /// sRGB.
    Srgb,
    /// Display P3.
    DisplayP3,
}

impl Choices {
    /// Changes in a recipe what was chosen on the command line.
    pub fn apply(&self, recipe: &mut Recipe) {
        fn set<T: Clone>(to: &mut T, from: &Option<T>) {
            if let Some(value) = from {
                *to = value.clone();
            }
        }
        set(&mut recipe.look, &self.look);
        set(&mut recipe.strength, &self.strength);
        set(&mut recipe.ev, &self.ev);
        set(&mut recipe.white_balance, &self.wb);
        set(&mut recipe.reference, &self.reference);
        set(&mut recipe.crop, &self.crop);
        set(&mut recipe.output.quality, &self.quality);
        set(&mut recipe.profile, &self.profile);
        set(&mut recipe.denoise, &self.denoise);
        set(&mut recipe.sharpen, &self.sharpen);
        set(&mut recipe.local_tone, &self.local_tone);
        set(&mut recipe.prescription, &self.lens);
        set(&mut recipe.pixel_pitch_um, &self.pixel_pitch);
        set(&mut recipe.deblur, &self.deblur);
        set(&mut recipe.character, &self.character);
        set(&mut recipe.character_strength, &self.character_strength);
        set(&mut recipe.depth, &self.depth);
        set(&mut recipe.depth_white, &self.depth_white);
        set(&mut recipe.focus_m, &self.focus);
        match self.depth_of {
            Some(DepthOf::Frame) => recipe.depth_of = calotype::DepthOf::Frame,
            Some(DepthOf::Photograph) => recipe.depth_of = calotype::DepthOf::Photograph,
            None => {}
        }
        match self.space {
            Some(Space::Srgb) => recipe.output.space = calotype::OutputSpace::Srgb,
            Some(Space::DisplayP3) => recipe.output.space = calotype::OutputSpace::DisplayP3,
            None => {}
        }
    }
}

/// `merge`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  calotype merge burst/*.dng -o merged.dng
  calotype merge burst/*.dng -o merged.dng --reference 0 --diagnostics what-was-merged/
  calotype merge DCIM/ -o merged/                        every burst of a folder")]
pub struct MergeArgs {
    /// Raw frames, folders of them, or patterns like 'burst/*.dng'.
    #[arg(required = true, value_name = "FRAMES")]
    pub frames: Vec<PathBuf>,
    /// The DNG to make, or a folder for one DNG per burst.
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: PathBuf,
    /// The frame to lay the others upon: auto, or its number counted from 0.
    #[arg(long, value_name = "auto|INDEX")]
    pub reference: Option<Reference>,
    /// Write pictures of what was merged into this folder: motion, effective frames, rejected areas.
    #[arg(long, value_name = "DIR")]
    pub diagnostics: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `info`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  calotype info IMG_1.dng
  calotype info DCIM/ --json")]
pub struct InfoArgs {
    /// Raw frames, folders of them, or patterns like 'burst/*.dng'.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// `demo`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  calotype demo
  calotype demo --open                                   and show the report
  calotype demo -o portrait --scene portrait --light 5lx")]
pub struct DemoArgs {
    /// The folder to make.
    #[arg(short, long = "output", value_name = "DIR", default_value = "calotype-demo")]
    pub out: PathBuf,
    /// What is photographed: a scene of `calotype twin list`, or a picture.
    #[arg(long, value_name = "SCENE", default_value = "dusk")]
    pub scene: String,
    /// Illuminance on the scene.
    #[arg(long, value_name = "LUX", default_value = "1lx", value_parser = crate::twin::lux)]
    pub light: f64,
    /// Frames of the burst.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub frames: u8,
    /// Pixels of a frame.
    #[arg(long, value_name = "WxH", default_value = "1600x1200", value_parser = crate::twin::size)]
    pub size: (usize, usize),
    /// Show the report when it is done.
    #[arg(long)]
    pub open: bool,
    /// Replace an earlier demonstration.
    #[arg(long)]
    pub overwrite: bool,
}

/// `completions`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  calotype completions bash > ~/.local/share/bash-completion/completions/calotype
  calotype completions zsh > ~/.zfunc/_calotype        a folder of your fpath
  calotype completions fish > ~/.config/fish/completions/calotype.fish")]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_declarations_make_sense() {
        Args::command().debug_assert();
    }

    #[test]
    fn flags_win_over_the_recipe() {
        let args =
            Args::try_parse_from(["calotype", "develop", "a.dng", "-o", "a.jpg", "--ev", "-0.5", "--wb", "5000:2"]);
        let Command::Develop(develop) = args.unwrap().command else { panic!("not develop") };
        let mut recipe = Recipe { ev: 1.0, denoise: 0.5, ..Recipe::default() };
        develop.choices.apply(&mut recipe);
        assert_eq!((recipe.ev, recipe.denoise), (-0.5, 0.5));
        assert_eq!(recipe.white_balance, WhiteBalance::Kelvin { kelvin: 5000.0, tint: 2.0 });
    }
}
