//! `calotype lab`: measures charts, photographs and cameras.

mod args;
mod bench;
mod calibrate;
mod print;
mod report;

pub use args::LabArgs;

use crate::args::Common;
use crate::failure::Failure;
use crate::out::Outcome;
use crate::target;
use args::{
    ChartColours, ChartPlace, ColourArgs, CompareArgs, EdgeArgs, FlareArgs, HaloArgs, Input, LabCommand, NoiseArgs,
    Output, PictureArgs, RangeArgs, Seen, SkinArgs, StarArgs, TextureArgs, ToneArgs,
};
use calotype_lab::{
    self as lab, Card, Chart, ChartReference, CompareOptions, EdgeOptions, LabError, Limits, Measured, Picture,
    RawPicture, Region, Source, StarOptions, TextureOptions, Viewing, WedgeOptions,
};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Measures.
pub fn run(args: &LabArgs, common: &Common) -> Result<Outcome, Failure> {
    match &args.command {
        LabCommand::Edge(a) => edge(a),
        LabCommand::Star(a) => star(a),
        LabCommand::Texture(a) => texture(a),
        LabCommand::Noise(a) => noise(a),
        LabCommand::Range(a) => range(a),
        LabCommand::Colour(a) => colour(a),
        LabCommand::Tone(a) => tone(a),
        LabCommand::Shading(a) => shading(a),
        LabCommand::Distortion(a) => on_picture(a, lab::distortion),
        LabCommand::Flare(a) => flare(a),
        LabCommand::Halo(a) => halo(a),
        LabCommand::Skin(a) => skin(a),
        LabCommand::Compare(a) => compare(a),
        LabCommand::Calibrate(a) => calibrate::run(a),
        LabCommand::Bench(a) => bench::run(a, common),
        LabCommand::Report(a) => report::run(a, common),
    }
}

fn compare(args: &CompareArgs) -> Result<Outcome, Failure> {
    check(&args.output)?;
    let moving = args.moving.as_deref().map(mask).transpose()?;
    match read(&args.picture, args.encoding)? {
        Source::Picture(picture) => {
            let truth = lab::read_picture(&args.truth, args.truth_encoding, &Limits::default())?;
            let options = CompareOptions {
                fit_exposure: !args.keep_exposure,
                margin: args.margin,
                tile: args.tile,
                perceptual: !args.fast,
                moving,
                offset: args.offset,
            };
            show(&lab::compare(&picture, &truth, &options)?, &args.output)
        }
        Source::Raw(raw) => {
            let limits = Limits::default();
            let truth = match lab::read(&args.truth, args.truth_encoding, &limits)? {
                Source::Raw(truth) => truth.samples,
                Source::Picture(truth) => truth.channel(lab::Channel::Green),
            };
            let single = args.single.as_deref().map(|p| lab::read_raw(p, &limits)).transpose()?;
            let name = args.truth.display().to_string();
            show(&lab::compare_raw(&raw, &truth, &name, single.as_ref(), moving.as_ref())?, &args.output)
        }
    }
}

fn edge(args: &EdgeArgs) -> Result<Outcome, Failure> {
    check(&args.output)?;
    let options = |height: usize| EdgeOptions {
        regions: args.regions.clone(),
        max_edges: args.max,
        viewing: Some(Viewing::of_picture(height, args.viewing.height_cm, args.viewing.distance_cm)),
    };
    match args.input.read()? {
        Source::Picture(p) => show(&lab::edges(&p, &options(p.frame.1))?, &args.output),
        Source::Raw(raw) => show(&lab::raw_edges(&raw, &options(raw.size().1))?, &args.output),
    }
}

fn star(args: &StarArgs) -> Result<Outcome, Failure> {
    check(&args.output)?;
    let p = args.input.picture()?;
    let options = StarOptions { center: args.center, cycles: args.cycles, viewing: Some(args.viewing.of(&p)) };
    show(&lab::star(&p, &options)?, &args.output)
}

fn texture(args: &TextureArgs) -> Result<Outcome, Failure> {
    check(&args.output)?;
    let p = args.input.picture()?;
    let truth = truth(args.truth.as_deref(), args.input.crop)?;
    if !(0.5..=4.0).contains(&args.exponent) {
        return Err(Failure::usage(format!("the exponent cannot be {}", args.exponent)).help("It is from 0.5 to 4."));
    }
    let options = TextureOptions { flat: args.flat, exponent: args.exponent, viewing: Some(args.viewing.of(&p)) };
    show(&lab::texture(&p, args.region.unwrap_or(whole(&p)), truth.as_ref(), &options)?, &args.output)
}

fn noise(args: &NoiseArgs) -> Result<Outcome, Failure> {
    check(&args.output)?;
    let p = args.input.developed()?;
    let areas = match (&args.regions[..], args.chart.corners.is_some()) {
        ([], true) => lab::neutral_areas(&args.chart.find(&p)?),
        ([], false) => {
            let patches = lab::find_chart(&p).map(|c| lab::neutral_areas(&c)).unwrap_or_default();
            if patches.is_empty() { lab::flat_areas(&p) } else { patches }
        }
        (regions, _) => regions.iter().map(|r| (r.to_string(), *r)).collect(),
    };
    show(&lab::noise(&p, &areas, Some(args.viewing.of(&p)))?, &args.output)
}

fn range(args: &RangeArgs) -> Result<Outcome, Failure> {
    check(&args.output)?;
    if let Source::Raw(_) = read(&args.pictures[0], args.encoding)? {
        let raws = raws(&args.pictures)?;
        let pairs = pairs(&raws)?;
        let transfer = lab::photon_transfer(&pairs)?;
        let (w, h) = raws[0].size();
        return show(&lab::sensor_range(&transfer, (w * h) as f64 / 1e6), &args.output);
    }
    let [path] = &args.pictures[..] else {
        return Err(Failure::usage("a wedge is in one picture").help("Several files are for raws of flat fields."));
    };
    let p = lab::read_picture(path, args.encoding, &Limits::default())?;
    let densities = match args.steps {
        Some(n) => even(n, args.density_step),
        None => args.densities.clone(),
    };
    if densities.is_empty() {
        return Err(Failure::usage("the densities of the wedge's steps are missing")
            .help("Give --densities, or --steps and --density-step for even ones."));
    }
    show(&lab::wedge(&p, &WedgeOptions { region: args.region, densities })?, &args.output)
}

/// Densities of even steps.
fn even(steps: u16, by: f64) -> Vec<f64> {
    (0..steps).map(|i| f64::from(i) * by).collect()
}

fn colour(args: &ColourArgs) -> Result<Outcome, Failure> {
    check(&args.output)?;
    let p = args.input.developed()?;
    show(&lab::colour(&p, &args.place.find(&p)?, &args.reference.get()?)?, &args.output)
}

fn tone(args: &ToneArgs) -> Result<Outcome, Failure> {
    check(&args.output)?;
    let p = args.input.developed()?;
    let steps = match args.steps {
        Some(n) => {
            let report = lab::wedge(&p, &WedgeOptions { region: args.region, densities: even(n, args.density_step) })?;
            report.steps.iter().map(|s| [s.luminance, s.signal]).collect()
        }
        None => lab::neutral_steps(&p, &args.place.find(&p)?, &args.reference.get()?),
    };
    show(&lab::tone(&p.name, &steps)?, &args.output)
}

fn shading(args: &PictureArgs) -> Result<Outcome, Failure> {
    check(&args.output)?;
    match args.input.read()? {
        Source::Picture(p) => show(&lab::shading(&p)?, &args.output),
        Source::Raw(raw) => show(&lab::raw_shading(&raw)?, &args.output),
    }
}

fn on_picture<M: Measured>(
    args: &PictureArgs,
    measure: impl Fn(&Picture) -> lab::Result<M>,
) -> Result<Outcome, Failure> {
    check(&args.output)?;
    show(&measure(&args.input.picture()?)?, &args.output)
}

fn flare(args: &FlareArgs) -> Result<Outcome, Failure> {
    check(&args.output)?;
    show(&lab::flare(&args.input.picture()?, args.dark, args.bright)?, &args.output)
}

fn halo(args: &HaloArgs) -> Result<Outcome, Failure> {
    check(&args.output)?;
    let truth = truth(args.truth.as_deref(), args.input.crop)?;
    show(&lab::halo(&args.input.picture()?, &args.regions, truth.as_ref())?, &args.output)
}

fn skin(args: &SkinArgs) -> Result<Outcome, Failure> {
    check(&args.output)?;
    let p = args.input.picture()?;
    let truth = truth(args.truth.as_deref(), args.input.crop)?;
    show(&lab::skin(&p, args.strip.unwrap_or(whole(&p)), truth.as_ref())?, &args.output)
}

fn whole(p: &Picture) -> Region {
    Region { x: 0, y: 0, width: p.width(), height: p.height() }
}

/// The truth, cut as the picture is.
fn truth(path: Option<&Path>, crop: Option<Region>) -> Result<Option<Picture>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let picture = lab::read_picture(path, None, &Limits::default())?;
    Ok(Some(match crop {
        Some(region) => picture.crop(region)?,
        None => picture,
    }))
}

fn raws(paths: &[PathBuf]) -> Result<Vec<RawPicture>, Failure> {
    paths.iter().map(|p| Ok(lab::read_raw(p, &Limits::default())?)).collect()
}

/// Raws two by two.
fn pairs(raws: &[RawPicture]) -> Result<Vec<(&RawPicture, &RawPicture)>, Failure> {
    if raws.is_empty() || raws.len() % 2 == 1 {
        return Err(Failure::usage(format!("{} flat raws cannot be taken two by two", raws.len()))
            .help("Photograph every flat field twice with the same exposure, and name both, one after the other."));
    }
    Ok(raws.chunks_exact(2).map(|p| (&p[0], &p[1])).collect())
}

impl ChartPlace {
    fn find(&self, p: &Picture) -> Result<Chart, Failure> {
        let Some(corners) = &self.corners else { return Ok(lab::find_chart(p)?) };
        let corners: Option<[[f64; 2]; 4]> = corners.clone().try_into().ok();
        corners.and_then(|c| lab::chart_from_corners(c, p.size())).ok_or_else(|| {
            Failure::usage("the chart's corners are no quadrilateral inside the picture")
                .help("Give the middles of dark skin, bluish green, black and white: --corners X,Y X,Y X,Y X,Y")
        })
    }
}

impl ChartColours {
    fn get(&self) -> Result<ChartReference, Failure> {
        match (&self.truth, self.chart.as_str()) {
            (Some(path), _) => Ok(lab::reference_from(&lab::read_picture(path, None, &Limits::default())?)?),
            (None, "old") => Ok(ChartReference::Until2014),
            (None, _) => Ok(ChartReference::Since2014),
        }
    }
}

impl Seen {
    fn of(&self, p: &Picture) -> Viewing {
        Viewing::of_picture(p.frame.1, self.height_cm, self.distance_cm)
    }
}

impl Input {
    /// The file, cut to the region that was asked for.
    fn read(&self) -> Result<Source, Failure> {
        let source = read(&self.picture, self.encoding)?;
        Ok(match (source, self.crop) {
            (source, None) => source,
            (Source::Picture(p), Some(region)) => Source::Picture(p.crop(region)?),
            (Source::Raw(r), Some(region)) => Source::Raw(Box::new(r.crop(region)?)),
        })
    }

    /// The file as a picture; a raw goes through its own profile at half size.
    fn developed(&self) -> Result<Picture, Failure> {
        Ok(match self.read()? {
            Source::Picture(p) => p,
            Source::Raw(raw) => lab::calibrate::developed(&raw)?,
        })
    }

    /// The file, which must not be a raw.
    fn picture(&self) -> Result<Picture, Failure> {
        let picture = lab::read_picture(&self.picture, self.encoding, &Limits::default())?;
        Ok(match self.crop {
            Some(region) => picture.crop(region)?,
            None => picture,
        })
    }
}

fn read(path: &Path, encoding: Option<lab::Encoding>) -> Result<Source, Failure> {
    Ok(lab::read(path, encoding, &Limits::default())?)
}

/// A mask: 1 where a picture is brighter than a half.
fn mask(path: &Path) -> Result<calotype::image::Plane<u8>, Failure> {
    let picture = lab::read_picture(path, Some(lab::Encoding::LINEAR), &Limits::default())?;
    let green = &picture.rgb.planes[1];
    let at = |x, y| u8::from(green.get(x, y) > 0.5);
    Ok(calotype::image::Plane::from_fn(picture.width(), picture.height(), at))
}

/// Files that will be written can be, before any work.
fn check(output: &Output) -> Result<(), Failure> {
    for path in output.save.iter().chain(&output.svg) {
        target::check_writable(path, output.overwrite)?;
    }
    Ok(())
}

/// The card on the terminal, the numbers for programs, and the files that were asked for.
fn show(measure: &impl Measured, output: &Output) -> Result<Outcome, Failure> {
    let card = measure.card();
    let value =
        serde_json::to_value(measure).map_err(|e| Failure::new("cannot write the result as JSON").because(e))?;
    if let Some(path) = &output.save {
        let text = serde_json::to_vec_pretty(&json!({ "card": card, "data": value }))
            .map_err(|e| Failure::new("cannot write the result as JSON").because(e))?;
        calotype::save_bytes(path, &text, output.overwrite)?;
    }
    for (path, plot) in output.svg.iter().flat_map(|path| plots(path, &card)) {
        calotype::save_bytes(&path, lab::svg(plot).as_bytes(), output.overwrite)?;
    }
    let outcome = Outcome::new(print::card(&card), json!({ "measure": card.measure, "result": value }));
    Ok(Outcome { is_result: true, ..outcome })
}

/// A file for every plot: the name asked for, then the same with -2, -3 before the extension.
fn plots<'a>(path: &Path, card: &'a Card) -> Vec<(PathBuf, &'a lab::Plot)> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let numbered = |i: usize| if i == 0 { path.into() } else { path.with_file_name(format!("{stem}-{}.svg", i + 1)) };
    card.plots.iter().enumerate().map(|(i, plot)| (numbered(i), plot)).collect()
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        let failure = Failure::new(error.to_string());
        match error.remedy() {
            Some(remedy) => failure.help(remedy),
            None => failure,
        }
    }
}
