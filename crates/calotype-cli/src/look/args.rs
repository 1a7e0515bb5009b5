//! What can be typed after `calotype look`.

use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `look`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  calotype look list
  calotype look show authentic                           its numbers and its curve
  calotype look show authentic -o authentic.svg          drawn
  calotype look new mine --from natural -o mine.toml     change it, then: calotype develop ... --look mine.toml
  calotype look diff natural mine.toml
  calotype look verify                                   every built-in look against its contract
  calotype look blend authentic vibrant --at 0.4 -o between.toml
  calotype look blend authentic print-warm --tone 0 --color 1 --texture 0.5 -o mixed.toml
  calotype look export authentic -o authentic.cube --size 65
  calotype look export authentic -o authentic.png        a HaldCLUT for finished pictures
  calotype look export authentic -o authentic.dcp --camera IMG_1.dng
  calotype look import film.cube -o film.toml            a look of somebody's table
  calotype look sheet DCIM/IMG_1.dng -o sheet.jpg        all looks on one's own picture
  calotype look fit pair plain.jpg graded.jpg -o mine.toml    a look of what was done to a picture
  calotype look rank natural,vibrant --on IMG_1.dng -o votes/ which one people like better, blindly")]
pub struct LookArgs {
    /// What to do with looks.
    #[command(subcommand)]
    pub command: LookCommand,
}

/// The parts of `look`.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // parsed once
pub enum LookCommand {
    /// List the built-in looks.
    List,
    /// Tell what a look measures, with its tone curve.
    Show(ShowArgs),
    /// Make a look file to change.
    New(NewArgs),
    /// Tell in what two looks differ.
    Diff(DiffArgs),
    /// Measure looks again and compare them with their contracts.
    Verify(VerifyArgs),
    /// Make a look between two others.
    Blend(BlendArgs),
    /// Write a look for other programs: as a table of colours or as a profile.
    Export(ExportArgs),
    /// Make a look of another program's table of colours or profile.
    Import(ImportArgs),
    /// Show one's own pictures in all looks, on one sheet each.
    Sheet(SheetArgs),
    /// Make a look after pictures before and after, one loved picture, or a table.
    Fit(super::fit::FitArgs),
    /// Serve blind pairs of looks, and rank them by the votes.
    Rank(super::rank::RankArgs),
}

/// `look show`.
#[derive(Debug, ClapArgs)]
pub struct ShowArgs {
    /// A built-in look or a look file.
    #[arg(value_name = "NAME|FILE")]
    pub look: String,
    /// Print the look as a file instead.
    #[arg(long)]
    pub toml: bool,
    /// Draw it as SVG.
    #[arg(short, long = "output", value_name = "OUT.svg")]
    pub out: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `look new`.
#[derive(Debug, ClapArgs)]
pub struct NewArgs {
    /// Name of the look: lower-case letters, digits and hyphens.
    pub name: String,
    /// The look to start from.
    #[arg(long, value_name = "NAME|FILE", default_value = "neutral")]
    pub from: String,
    /// The file to make; NAME.toml when left out.
    #[arg(short, long = "output", value_name = "OUT.toml")]
    pub out: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `look diff`.
#[derive(Debug, ClapArgs)]
pub struct DiffArgs {
    /// A built-in look or a look file.
    #[arg(value_name = "NAME|FILE")]
    pub first: String,
    /// Another.
    #[arg(value_name = "NAME|FILE")]
    pub second: String,
}

/// `look verify`.
#[derive(Debug, ClapArgs)]
pub struct VerifyArgs {
    /// Built-in looks or look files; all built-in ones when left out.
    #[arg(value_name = "NAME|FILE")]
    pub looks: Vec<String>,
}

/// `look blend`.
#[derive(Debug, ClapArgs)]
pub struct BlendArgs {
    /// A built-in look or a look file.
    #[arg(value_name = "NAME|FILE")]
    pub first: String,
    /// Another.
    #[arg(value_name = "NAME|FILE")]
    pub second: String,
    /// How far from the first (0) to the second (1).
    #[arg(long, value_name = "0..1", default_value_t = 0.5, value_parser = share)]
    pub at: f64,
    /// The same for tone alone.
    #[arg(long, value_name = "0..1", value_parser = share)]
    pub tone: Option<f64>,
    /// The same for colour alone.
    #[arg(long, value_name = "0..1", value_parser = share)]
    pub color: Option<f64>,
    /// The same for local contrast and grain alone.
    #[arg(long, value_name = "0..1", value_parser = share)]
    pub texture: Option<f64>,
    /// The same for falloff, glow and halation alone.
    #[arg(long, value_name = "0..1", value_parser = share)]
    pub optics: Option<f64>,
    /// The file to make.
    #[arg(short, long = "output", value_name = "OUT.toml")]
    pub out: PathBuf,
    /// Name of the new look; that of the file when left out.
    #[arg(long)]
    pub name: Option<String>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `look export`.
#[derive(Debug, ClapArgs)]
pub struct ExportArgs {
    /// A built-in look or a look file.
    #[arg(value_name = "NAME|FILE")]
    pub look: String,
    /// The file to make: .cube, .clf, .png for a HaldCLUT, .icc, .xmp for an enhanced profile, .dcp for a camera profile.
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: PathBuf,
    /// Points along an axis, 2 to 144; a HaldCLUT takes 4, 9, 16, 25, 36, 49, 64 … 144, an .xmp at most 32. 65, or 64 for a
    /// HaldCLUT, 41 for an .icc and 32 for an .xmp, when left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=144))]
    pub size: Option<u8>,
    /// What goes into the table; log2, or srgb for a HaldCLUT and for profiles, when left out.
    #[arg(long, value_enum, value_name = "INPUT")]
    pub input: Option<Input>,
    /// Primaries of the codes that come out.
    #[arg(long, value_enum, value_name = "SPACE", default_value = "srgb")]
    pub space: crate::args::Space,
    /// How much of the look, 0 to 1.
    #[arg(long, value_name = "0..1", default_value_t = 1.0, value_parser = share)]
    pub strength: f64,
    /// A raw file of the camera that a .dcp is for.
    #[arg(long, value_name = "RAW")]
    pub camera: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// What goes into a table.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Input {
    /// Scene light in Rec.2020, in stops.
    Log2,
    /// Scene light in V-Gamut with the V-Log curve.
    VLog,
    /// Finished sRGB pictures in the neutral rendition.
    Srgb,
    /// Scene light in Rec.2020, as it is: for .clf files that are imported.
    Linear,
}

/// `look import`.
#[derive(Debug, ClapArgs)]
pub struct ImportArgs {
    /// A .cube, a .clf, a HaldCLUT as .png, a camera profile (.dcp) or an enhanced profile (.xmp).
    #[arg(value_name = "TABLE")]
    pub table: PathBuf,
    /// What goes into the table; what its file says, or srgb, when left out.
    #[arg(long, value_enum, value_name = "INPUT")]
    pub input: Option<Input>,
    /// The look file to make; the table goes beside it.
    #[arg(short, long = "output", value_name = "OUT.toml")]
    pub out: PathBuf,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `look sheet`.
#[derive(Debug, ClapArgs)]
pub struct SheetArgs {
    /// Raw files; each gets a sheet of its own.
    #[arg(required = true, value_name = "PICTURE")]
    pub pictures: Vec<PathBuf>,
    /// The sheet, or a folder for several.
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: PathBuf,
    /// The looks, separated by commas; all built-in ones when left out.
    #[arg(long, value_name = "LOOKS", value_delimiter = ',')]
    pub looks: Vec<String>,
    /// Width of one picture on the sheet in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 480, value_parser = clap::value_parser!(u16).range(64..=4000))]
    pub width: u16,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|v| (0.0..=1.0).contains(v)).ok_or_else(|| "a number from 0 to 1".into())
}
