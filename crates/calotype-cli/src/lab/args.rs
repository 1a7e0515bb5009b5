//! What can be typed after `calotype lab`.

use calotype_lab::calibrate::Light;
use calotype_lab::{Encoding, Region};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `lab`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab edge chart.exr                            sharpness from every slanted edge
  calotype lab colour chart.jpg                          the 24-patch chart is found by itself
  calotype lab compare photo.exr truth.exr               PSNR, SSIM, SSIMULACRA2, butteraugli, dE2000
  calotype lab calibrate --flat a.dng b.dng --chart c.dng --light D55 -o camera.toml
  calotype lab report charts/ -o card.html               one page of everything in a folder

Pictures are EXR, PNG, TIFF, JPEG (by their profiles), NPY, and DNG where the sensor itself is measured.
docs/reference/lab.md says what each figure means and which standard it follows.")]
pub struct LabArgs {
    /// What to measure.
    #[command(subcommand)]
    pub command: LabCommand,
}

/// The measures.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // parsed once
pub enum LabCommand {
    /// Sharpness from slanted edges: SFR, MTF50, acutance, overshoot (ISO 12233).
    Edge(EdgeArgs),
    /// Sharpness from a Siemens star, by direction (ISO 12233).
    Star(StarArgs),
    /// What is left of fine texture, noise not counted (dead leaves).
    Texture(TextureArgs),
    /// Noise of flat areas: signal to noise, visual noise, spectrum (ISO 15739).
    Noise(NoiseArgs),
    /// Dynamic range from a step wedge, or a sensor's from pairs of flat raws (ISO 15739, ISO 14524).
    Range(RangeArgs),
    /// Colours of the 24-patch chart: CIEDE2000, white balance, exposure, chroma, hue.
    #[command(visible_alias = "color")]
    Colour(ColourArgs),
    /// The tone curve that a picture was rendered with, from the chart's neutral patches or a wedge.
    Tone(ToneArgs),
    /// Fall-off of light and colour towards the corners, from a flat field (ISO 17957).
    Shading(PictureArgs),
    /// Distortion and lateral colour from a grid of dots (ISO 17850, ISO 19084).
    Distortion(PictureArgs),
    /// Veiling glare from a black field in a white one (ISO 9358).
    Flare(FlareArgs),
    /// Overshoot and halos along edges, and local contrast.
    Halo(HaloArgs),
    /// Hue and chroma of ten skin tones.
    Skin(SkinArgs),
    /// A picture against the truth: PSNR, SSIM, SSIMULACRA2, butteraugli, CIEDE2000, ghosts.
    Compare(CompareArgs),
    /// A camera's noise, colour, shading and bad pixels from real shots, as a profile.
    Calibrate(CalibrateArgs),
    /// The whole engine over simulated bursts whose truth is known, beside public raw developers.
    Bench(super::bench::BenchArgs),
    /// One page of everything measured, beside an earlier one.
    Report(ReportArgs),
}

/// The picture to measure.
#[derive(Debug, Args)]
pub struct Input {
    /// The picture: EXR, PNG, TIFF, JPEG, NPY or DNG.
    #[arg(value_name = "PICTURE")]
    pub picture: PathBuf,
    /// What its samples mean, where the file does not say or is wrong: srgb, linear, display-p3, linear-p3,
    /// linear-rec2020, gamma=2.2.
    #[arg(long, value_name = "ENCODING")]
    pub encoding: Option<Encoding>,
    /// Measure this part only.
    #[arg(long, value_name = "WxH+X+Y")]
    pub crop: Option<Region>,
}

/// Where results go beside the terminal.
#[derive(Debug, Args)]
pub struct Output {
    /// Write the result with its card to a JSON file, for `calotype lab report`.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub save: Option<PathBuf>,
    /// Write the plots as SVG files: FILE, and further ones numbered.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub svg: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long, help_heading = "Results")]
    pub overwrite: bool,
}

/// How large a picture is seen.
#[derive(Debug, Args)]
pub struct Seen {
    /// Height of the picture as it is shown, in cm.
    #[arg(long, value_name = "CM", default_value_t = 20.0, value_parser = length)]
    pub height_cm: f64,
    /// Distance from which it is seen, in cm.
    #[arg(long, value_name = "CM", default_value_t = 40.0, value_parser = length)]
    pub distance_cm: f64,
}

fn length(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(v) if (0.1..=100_000.0).contains(&v) => Ok(v),
        _ => Err("a length from 0.1 to 100000 cm".into()),
    }
}

fn pixel(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once(',').map(|(x, y)| (x.trim().parse(), y.trim().parse()));
    match parts {
        Some((Ok(x), Ok(y))) => Ok((x, y)),
        _ => Err("a place in pixels like 12,8".into()),
    }
}

/// `lab compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab compare photo.exr truth.exr
  calotype lab compare photo.png truth.exr --moving motion.png --save photo.json
  calotype lab compare merged.dng clean.dng --single frame_00.dng      what merging gained")]
pub struct CompareArgs {
    /// The picture, or a raw (DNG).
    #[arg(value_name = "PICTURE")]
    pub picture: PathBuf,
    /// The truth, of the same size or with a border that the picture lacks: a picture, or for a raw the clean mosaic (DNG, or grey EXR, TIFF, NPY).
    #[arg(value_name = "TRUTH")]
    pub truth: PathBuf,
    /// What the picture's samples mean, where the file does not say.
    #[arg(long, value_name = "ENCODING")]
    pub encoding: Option<Encoding>,
    /// What the truth's samples mean, where the file does not say.
    #[arg(long, value_name = "ENCODING")]
    pub truth_encoding: Option<Encoding>,
    /// A picture of the truth's size, white where something moved: still and moving places are told apart.
    #[arg(long, value_name = "MASK")]
    pub moving: Option<PathBuf>,
    /// One frame of the burst, for raws: what was gained over it.
    #[arg(long, value_name = "DNG")]
    pub single: Option<PathBuf>,
    /// Do not bring the picture's exposure to the truth's first.
    #[arg(long)]
    pub keep_exposure: bool,
    /// Leave out SSIMULACRA2 and butteraugli.
    #[arg(long)]
    pub fast: bool,
    /// Leave out this many pixels along the borders.
    #[arg(long, value_name = "PIXELS", default_value_t = 8)]
    pub margin: usize,
    /// Where in the truth a picture that lacks its border begins, like 12,8; looked for about the middle when left out.
    #[arg(long, value_name = "X,Y", value_parser = pixel)]
    pub offset: Option<(usize, usize)>,
    /// Side of the tiles in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 64)]
    pub tile: usize,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// `lab edge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab edge chart.exr
  calotype lab edge IMG_1.dng                            each colour of the sensor by its own photosites
  calotype lab edge photo.jpg --region 60x120+812+340 --svg edge.svg")]
pub struct EdgeArgs {
    /// The picture.
    #[command(flatten)]
    pub input: Input,
    /// A region with one edge; may be given several times. All edges are searched for when left out.
    #[arg(long = "region", value_name = "WxH+X+Y")]
    pub regions: Vec<Region>,
    /// The most edges to take from a search.
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub max: usize,
    /// For acutance.
    #[command(flatten)]
    pub viewing: Seen,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// A measure that needs nothing but a picture.
#[derive(Debug, Args)]
pub struct PictureArgs {
    /// The picture.
    #[command(flatten)]
    pub input: Input,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// `lab star`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab star chart.exr --crop 600x600+1200+800
  calotype lab star star.png --center 299.5,301 --cycles 144")]
pub struct StarArgs {
    /// The picture; the star should fill most of it, or of --crop.
    #[command(flatten)]
    pub input: Input,
    /// Middle of the star in pixels (of the crop); searched for when left out.
    #[arg(long, value_name = "X,Y", value_parser = place)]
    pub center: Option<[f64; 2]>,
    /// Dark and bright pairs round it; counted when left out.
    #[arg(long, value_name = "N")]
    pub cycles: Option<u32>,
    /// For acutance.
    #[command(flatten)]
    pub viewing: Seen,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// `lab texture`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab texture photo.exr --region 384x272+823+604 --truth truth.exr
  calotype lab texture photo.jpg --region 512x512+900+700 --flat 128x128+200+1500")]
pub struct TextureArgs {
    /// The picture.
    #[command(flatten)]
    pub input: Input,
    /// The dead leaves; the whole picture when left out.
    #[arg(long, value_name = "WxH+X+Y")]
    pub region: Option<Region>,
    /// A flat area, for the noise; without it and without the truth noise counts as texture.
    #[arg(long, value_name = "WxH+X+Y")]
    pub flat: Option<Region>,
    /// The truth, of the same size.
    #[arg(long, value_name = "PICTURE")]
    pub truth: Option<PathBuf>,
    /// Power of the frequency that the chart's spectrum falls with, where there is no truth.
    #[arg(long, value_name = "N", default_value_t = 1.86)]
    pub exponent: f64,
    /// For acutance.
    #[command(flatten)]
    pub viewing: Seen,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// `lab noise`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab noise chart.exr                           the neutral patches of a 24-patch chart
  calotype lab noise photo.jpg                           without a chart: the flattest areas
  calotype lab noise photo.jpg --region 100x100+40+60 --region 100x100+700+60")]
pub struct NoiseArgs {
    /// The picture.
    #[command(flatten)]
    pub input: Input,
    /// A flat area; may be given several times. The neutral patches of a chart when left out, or else what is flattest.
    #[arg(long = "region", value_name = "WxH+X+Y")]
    pub regions: Vec<Region>,
    /// Where a 24-patch chart is.
    #[command(flatten)]
    pub chart: ChartPlace,
    /// For visual noise.
    #[command(flatten)]
    pub viewing: Seen,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// Where a 24-patch chart is.
#[derive(Debug, Args)]
pub struct ChartPlace {
    /// Middles of the chart's corner patches in pixels: dark skin, bluish green, black, white. Found when left out.
    #[arg(long, num_args = 4, value_name = "X,Y", value_parser = place)]
    pub corners: Option<Vec<[f64; 2]>>,
}

/// What a 24-patch chart's colours should be.
#[derive(Debug, Args)]
pub struct ChartColours {
    /// When the chart was made: its colours changed in November 2014.
    #[arg(long, value_name = "new|old", default_value = "new", value_parser = ["new", "old"])]
    pub chart: String,
    /// A picture of the same chart whose colours are right, in place of the maker's numbers.
    #[arg(long, value_name = "PICTURE")]
    pub truth: Option<PathBuf>,
}

/// `lab range`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab range wedge.exr --region 2000x120+400+900 --steps 20 --density-step 0.15
  calotype lab range wedge.tif --densities 0.05,0.2,0.35,0.5,0.65,0.8
  calotype lab range flat1.dng flat2.dng dim1.dng dim2.dng         a sensor's, from pairs of flat raws")]
pub struct RangeArgs {
    /// The picture of a wedge, or raws of flat fields two by two.
    #[arg(required = true, value_name = "PICTURE")]
    pub pictures: Vec<PathBuf>,
    /// What the picture's samples mean, where the file does not say.
    #[arg(long, value_name = "ENCODING")]
    pub encoding: Option<Encoding>,
    /// Where the wedge is; the whole picture when left out.
    #[arg(long, value_name = "WxH+X+Y")]
    pub region: Option<Region>,
    /// Densities of the steps in their order.
    #[arg(long, value_name = "D,D,...", value_delimiter = ',')]
    pub densities: Vec<f64>,
    /// Number of even steps, in place of --densities; lightest first.
    #[arg(long, value_name = "N", conflicts_with = "densities")]
    pub steps: Option<u16>,
    /// Density from one even step to the next; negative for a wedge that starts dark.
    #[arg(long, value_name = "D", default_value_t = 0.15, allow_negative_numbers = true)]
    pub density_step: f64,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// `lab colour`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab colour chart.jpg
  calotype lab colour IMG_7.dng                          the raw through its own profile
  calotype lab colour photo.exr --truth truth.exr --svg patches.svg
  calotype lab colour photo.jpg --corners 410,300 980,310 975,640 405,630")]
pub struct ColourArgs {
    /// The picture.
    #[command(flatten)]
    pub input: Input,
    /// What the chart's colours should be.
    #[command(flatten)]
    pub reference: ChartColours,
    /// Where the chart is.
    #[command(flatten)]
    pub place: ChartPlace,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// `lab tone`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab tone chart.jpg                            from the chart's six neutral patches
  calotype lab tone wedge.jpg --region 2000x120+400+900 --steps 20")]
pub struct ToneArgs {
    /// The picture.
    #[command(flatten)]
    pub input: Input,
    /// What the chart's colours should be.
    #[command(flatten)]
    pub reference: ChartColours,
    /// Where the chart is.
    #[command(flatten)]
    pub place: ChartPlace,
    /// A wedge in place of a chart: where it is.
    #[arg(long, value_name = "WxH+X+Y")]
    pub region: Option<Region>,
    /// Number of the wedge's even steps, lightest first.
    #[arg(long, value_name = "N")]
    pub steps: Option<u16>,
    /// Density from one even step to the next; negative for a wedge that starts dark.
    #[arg(long, value_name = "D", default_value_t = 0.15, allow_negative_numbers = true)]
    pub density_step: f64,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// `lab flare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  calotype lab flare box.exr --dark 40x40+980+720 --bright 200x200+300+300")]
pub struct FlareArgs {
    /// The picture.
    #[command(flatten)]
    pub input: Input,
    /// The black field; the darkest part of the picture when left out.
    #[arg(long, value_name = "WxH+X+Y")]
    pub dark: Option<Region>,
    /// The white field; the brightest part when left out.
    #[arg(long, value_name = "WxH+X+Y")]
    pub bright: Option<Region>,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// `lab halo`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab halo photo.jpg
  calotype lab halo photo.jpg --truth truth.exr          how much local contrast was added, too")]
pub struct HaloArgs {
    /// The picture.
    #[command(flatten)]
    pub input: Input,
    /// A region with one edge between flat fields; may be given several times. Searched for when left out.
    #[arg(long = "region", value_name = "WxH+X+Y")]
    pub regions: Vec<Region>,
    /// The truth, of the same size.
    #[arg(long, value_name = "PICTURE")]
    pub truth: Option<PathBuf>,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// `lab skin`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  calotype lab skin photo.jpg --strip 800x60+200+900")]
pub struct SkinArgs {
    /// The picture.
    #[command(flatten)]
    pub input: Input,
    /// The ten tones side by side, or one below the other, lightest first; the whole picture when left out.
    #[arg(long, value_name = "WxH+X+Y")]
    pub strip: Option<Region>,
    /// The truth, of the same size, in place of the published tones.
    #[arg(long, value_name = "PICTURE")]
    pub truth: Option<PathBuf>,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// `lab calibrate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab calibrate --flat f1.dng f2.dng g1.dng g2.dng -o camera.toml
  calotype lab calibrate --chart chart.dng --light D55 --flat f1.dng f2.dng --dark d1.dng d2.dng -o camera.toml
  calotype lab calibrate --chart lamp.dng shade.dng --light A D65 -o camera.toml       right under both, and between

Flats: an evenly lit, featureless surface out of focus, below clipping, two shots of each exposure. Darks: lens covered.
Chart: the 24-patch chart, evenly lit by one light. Beside camera.toml a camera.dcp is written where there is a chart.")]
pub struct CalibrateArgs {
    /// Raws of flat fields, two by two: noise, shading, dead pixels.
    #[arg(long, num_args = 1.., value_name = "DNG")]
    pub flat: Vec<PathBuf>,
    /// Dark raws: hot pixels.
    #[arg(long, num_args = 1.., value_name = "DNG")]
    pub dark: Vec<PathBuf>,
    /// A raw of the 24-patch chart: colours; or two, under different lights, for a profile that mixes both.
    #[arg(long, num_args = 1..=2, value_name = "DNG")]
    pub chart: Vec<PathBuf>,
    /// The light on each chart: A, D50, D55, D65, D75 or kelvin; D55 for one chart when left out.
    #[arg(long, num_args = 1..=2, value_name = "LIGHT", requires = "chart")]
    pub light: Vec<Light>,
    /// When the chart was made: its colours changed in November 2014.
    #[arg(long, value_name = "new|old", default_value = "new", value_parser = ["new", "old"])]
    pub chart_made: String,
    /// Middles of the chart's corner patches, in pixels at half size.
    #[command(flatten)]
    pub place: ChartPlace,
    /// Name of the colour profile.
    #[arg(long, value_name = "NAME", default_value = "Measured")]
    pub name: String,
    /// The profile to make (.toml).
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: PathBuf,
    /// Write the cards of what was measured to this folder, for `calotype lab report`.
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

/// `lab report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  calotype lab report charts/ -o card.html
  calotype lab report charts-new/ -o new.html --against old.json --title \"version 2\"

A folder's pictures are measured by the first word of their names: edge-1.png, star.exr, colour.dng, noise.jpg, tone,
texture, shading, distortion, flare, halo, skin; compare-X with truth-X beside it; flat-1.dng, flat-2.dng two by two.
Results saved with --save are taken as they are. Beside card.html a card.json is written, to compare with later.")]
pub struct ReportArgs {
    /// The folder.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The page to make (.html).
    #[arg(short, long = "output", value_name = "OUT")]
    pub out: PathBuf,
    /// An earlier report's JSON to compare with.
    #[arg(long, value_name = "JSON")]
    pub against: Option<PathBuf>,
    /// What was measured; the folder's name when left out.
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Replace files that exist.
    #[arg(long)]
    pub overwrite: bool,
}

fn place(text: &str) -> Result<[f64; 2], String> {
    let parts: Vec<f64> =
        text.split(',').filter_map(|v| v.trim().parse().ok()).filter(|v: &f64| v.is_finite()).collect();
    match parts[..] {
        [x, y] if text.matches(',').count() == 1 => Ok([x, y]),
        _ => Err(format!("'{text}' is no place: write X,Y")),
    }
}
