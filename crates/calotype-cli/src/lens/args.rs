//! What can be typed after `lens`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `lens`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lens info triplet.toml
  calotype lens draw triplet.toml -o triplet.svg
  calotype lens analyse mtf triplet.zmx -o mtf.svg
  calotype lens report triplet.seq -o triplet.html
  calotype lens convert patent.toml -o patent.zmx
  calotype lens export phone-9p --size 4096x3072 --pixel-pitch 3.2 -o phone.xml
  calotype lens verify lenses/*.json --against lenses/reference.json

Lenses are read from .toml (docs/reference/lens-file.md), .json, Zemax .zmx and CODE V .seq files.")]
pub struct LensArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: LensCommand,
}

/// The parts of `lens`.
#[derive(Debug, Subcommand)]
pub enum LensCommand {
    /// First order, surfaces, Seidel and colour sums.
    Info(InfoArgs),
    /// One analysis: numbers on the terminal, plots as SVG, tables as CSV.
    Analyse(AnalyseArgs),
    /// The drawing of the lens with its rays, as SVG.
    Draw(DrawArgs),
    /// One HTML page with the drawing and every analysis.
    Report(ReportArgs),
    /// Write the lens in another format: .toml or .zmx.
    Convert(ConvertArgs),
    /// Write what corrects the lens's pictures for other programs: .opcodes (DNG OpcodeList3), .xml (Lensfun), .npy (spots).
    Export(ExportArgs),
    /// Recompute every quantity of a reference file and tell the worst deviations.
    Verify(VerifyArgs),
}

/// A lens file, and the glass it needs.
#[derive(Debug, Args)]
pub struct Input {
    /// The lens: .toml, .json, .zmx or .seq, or the name of one built in.
    #[arg(value_name = "LENS")]
    pub lens: PathBuf,
    /// Glass catalogues (.agf) to look names up in before the built-in ones.
    #[arg(long, value_name = "AGF")]
    pub glass: Vec<PathBuf>,
}

/// `lens info`.
#[derive(Debug, Args)]
pub struct InfoArgs {
    /// The lens.
    #[command(flatten)]
    pub input: Input,
}

/// `lens analyse`.
#[derive(Debug, Args)]
pub struct AnalyseArgs {
    /// first-order, spots, fans, wavefront, psf, mtf, mtf-field, focus, field, colour, encircled or ghosts.
    #[arg(value_name = "ANALYSIS", value_parser = calotype_optics::show::ANALYSES.map(|a| a.0))]
    pub analysis: String,
    /// The lens.
    #[command(flatten)]
    pub input: Input,
    /// Files to make: .svg for the plots (then -2, -3 for more), .csv for the tables.
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: Vec<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `lens draw`.
#[derive(Debug, Args)]
pub struct DrawArgs {
    /// The lens.
    #[command(flatten)]
    pub input: Input,
    /// The drawing to make (.svg).
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: PathBuf,
    /// Rays of each field.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=80))]
    pub rays: u8,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `lens report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The lens.
    #[command(flatten)]
    pub input: Input,
    /// The page to make (.html).
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: PathBuf,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `lens convert`.
#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// The lens.
    #[command(flatten)]
    pub input: Input,
    /// The file to make: .toml or .zmx.
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: PathBuf,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `lens export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lens export phone-9p --size 4096x3072 --pixel-pitch 3.2 -o phone.opcodes -o phone.xml -o phone.npy
  calotype lens export mine.zmx --size 4000x3000 --pixel-pitch 1.2 --precise -o mine.opcodes

Each tells how far it is from what the prescription says. .opcodes is the value of a DNG's OpcodeList3 tag: FixVignetteRadial
and WarpRectilinear. .npy is an array [3, 33, n, n]: channel, radius from the axis to the corner, rows across and columns
along the radius.")]
pub struct ExportArgs {
    /// The lens.
    #[command(flatten)]
    pub input: Input,
    /// Files to make: .opcodes, .xml, .npy.
    #[arg(short, long = "output", value_name = "OUT", required = true)]
    pub out: Vec<PathBuf>,
    /// Pixels of the sensor.
    #[arg(long, value_name = "WxH", value_parser = crate::twin::size)]
    pub size: (usize, usize),
    /// Distance of the sensor's pixels in um.
    #[arg(long, value_name = "UM")]
    pub pixel_pitch: f64,
    /// A warp of eight terms (WarpRectilinear2, DNG 1.6) instead of four.
    #[arg(long)]
    pub precise: bool,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `lens verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The lenses.
    #[arg(required = true, value_name = "LENS")]
    pub lenses: Vec<PathBuf>,
    /// The reference file.
    #[arg(long, value_name = "JSON")]
    pub against: PathBuf,
    /// Glass catalogues (.agf) to look names up in before the built-in ones.
    #[arg(long, value_name = "AGF")]
    pub glass: Vec<PathBuf>,
}
