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
  calotype lens optimise design.toml -o better.toml --plot merit.svg
  calotype lens search design.toml -o found.toml --starts 400 --state search.state
  calotype lens tolerance tolerances.toml -o tolerances.html --unit 7=unit.toml

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
    /// Make a lens better: damped least squares on what a design file asks for.
    Optimise(OptimiseArgs),
    /// Look for the best lens from many random starts, then by escapes from the best.
    Search(SearchArgs),
    /// What errors of making cost, and how many of the made lenses pass.
    Tolerance(ToleranceArgs),
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
    /// The state of the lens, by its name in the file: a zoom position, a distance in focus. Without it the lens as it stands.
    #[arg(long, value_name = "NAME")]
    pub configuration: Option<String>,
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
    /// first-order, spots, fans, wavefront, psf, mtf, mtf-field, focus, field, colour, encircled, transmission or
    /// ghosts.
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
    /// Replace the fields' vignetting factors by those that the clear apertures make.
    #[arg(long)]
    pub set_vignetting: bool,
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

/// What `lens optimise` and `lens search` design.
#[derive(Debug, Args)]
pub struct DesignTask {
    /// What may change and what is asked (docs/reference/design-file.md).
    #[arg(value_name = "DESIGN")]
    pub design: PathBuf,
    /// The lens to start from, instead of the one that the design names.
    #[arg(long, value_name = "LENS")]
    pub lens: Option<PathBuf>,
    /// Glass catalogues (.agf) to look names up in before the built-in ones.
    #[arg(long, value_name = "AGF")]
    pub glass: Vec<PathBuf>,
}

/// `lens optimise`.
#[derive(Debug, Args)]
pub struct OptimiseArgs {
    /// What is designed.
    #[command(flatten)]
    pub task: DesignTask,
    /// The lens to make (.toml).
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: PathBuf,
    /// Iterations at most.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub iterations: usize,
    /// Then exchange glasses whose nd or vd is variable for real ones of these makers (schott, ohara, hoya, hikari, cdgm, sumita,
    /// plastic) and of the catalogues given.
    #[arg(long, value_name = "MAKERS", value_delimiter = ',')]
    pub substitute: Option<Vec<String>>,
    /// Where the optimisation stands: read if it exists, written at the end.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// The merit against the iterations (.svg).
    #[arg(long, value_name = "SVG")]
    pub plot: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `lens search`.
#[derive(Debug, Args)]
pub struct SearchArgs {
    /// What is designed.
    #[command(flatten)]
    pub task: DesignTask,
    /// The lens to make (.toml); with --best N also OUT-2.toml and so on.
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: PathBuf,
    /// Random starts.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub starts: usize,
    /// Escapes from the best.
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub escapes: usize,
    /// How many of the best are kept and escaped from.
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub keep: usize,
    /// Seed of everything random.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many of the best are written.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub best: usize,
    /// Where the search stands: read if it exists, written after every eight jobs.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `lens tolerance`.
#[derive(Debug, Args)]
pub struct ToleranceArgs {
    /// The tolerances (docs/reference/tolerance-file.md).
    #[arg(value_name = "TOLERANCES")]
    pub tolerances: PathBuf,
    /// The lens, instead of the one that the file names.
    #[arg(long, value_name = "LENS")]
    pub lens: Option<PathBuf>,
    /// Glass catalogues (.agf) to look names up in before the built-in ones.
    #[arg(long, value_name = "AGF")]
    pub glass: Vec<PathBuf>,
    /// Files to make: .html for the page, .svg for the histogram, .csv for the tables.
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: Vec<PathBuf>,
    /// Made lenses, instead of the file's number.
    #[arg(long, value_name = "N")]
    pub samples: Option<usize>,
    /// Seed, instead of the file's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Instead of made lenses: how large each error may be to lose no more than this.
    #[arg(long, value_name = "LOSS")]
    pub inverse: Option<f64>,
    /// Write a made lens as one camera unit: its number and a file (.toml).
    #[arg(long, value_name = "NUMBER=FILE")]
    pub unit: Vec<String>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}
