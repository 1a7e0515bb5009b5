//! `calotype lab calibrate`: a camera profile from real shots.

use super::args::CalibrateArgs;
use super::{pairs, print, raws};
use crate::failure::Failure;
use crate::out::Outcome;
use crate::target;
use calotype_lab::calibrate::{
    CameraProfile, CameraSection, ColourProfile, ColourSection, Light, NoiseSection, ShadingSection, by_light,
    find_defects, fit_colour, write_dcp,
};
use calotype_lab::{self as lab, Card, ChartReference, Measured, RawPicture};
use serde_json::json;

/// Measures a camera and writes its profile.
pub fn run(args: &CalibrateArgs) -> Result<Outcome, Failure> {
    if args.out.extension().is_none_or(|e| e != "toml") {
        return Err(Failure::usage(format!("the profile {} does not end in .toml", args.out.display()))
            .help("Name it like camera.toml."));
    }
    let dcp = args.out.with_extension("dcp");
    target::check_writable(&args.out, args.overwrite)?;
    let lights = lights(args)?;
    if !args.chart.is_empty() {
        target::check_writable(&dcp, args.overwrite)?;
    }
    let flats = raws(&args.flat)?;
    let darks = raws(&args.dark)?;
    let charts = raws(&args.chart)?;
    let Some(first) = flats.iter().chain(&darks).chain(&charts).next() else {
        return Err(Failure::usage("nothing to measure").help("Give --flat, --dark or --chart."));
    };
    let camera = |raw: &RawPicture| raw.info.unique_camera_model.clone();
    if let Some(other) = flats.iter().chain(&darks).chain(&charts).find(|raw| camera(raw) != camera(first)) {
        let (a, b) = (camera(first), camera(other));
        return Err(Failure::usage(format!("{} is from {a}, {} from {b}", first.name, other.name))
            .help("A profile is that of one camera: give files of one."));
    }
    let mut profile = CameraProfile::new(CameraSection {
        make: first.info.make.clone(),
        model: first.info.model.clone(),
        unique_model: first.info.unique_camera_model.clone(),
        size: [first.size().0, first.size().1],
    });
    let mut cards: Vec<Card> = Vec::new();
    let mut shading = None;
    if !flats.is_empty() {
        for (iso, group) in by_iso(&pairs(&flats)?) {
            let transfer = lab::photon_transfer(&group)?;
            cards.push(transfer.card());
            profile.noise.push(NoiseSection::new(iso, &transfer));
        }
        let report = lab::raw_shading(&flats[0])?;
        cards.push(report.card());
        profile.shading = Some(ShadingSection::new(&report));
        shading = Some(report);
    }
    if !flats.is_empty() || !darks.is_empty() {
        let (darks, flats): (Vec<_>, Vec<_>) = (darks.iter().collect(), flats.iter().collect());
        profile.defects = Some(find_defects(&darks, &flats)?.into());
    }
    let mut fitted: Vec<ColourProfile> = Vec::new();
    for (raw, light) in charts.iter().zip(&lights) {
        let reference = if args.chart_made == "old" { ChartReference::Until2014 } else { ChartReference::Since2014 };
        let [w, h] = [raw.size().0 / 2, raw.size().1 / 2];
        let place = match &args.place.corners {
            Some(corners) => {
                let corners: Option<[[f64; 2]; 4]> = corners.clone().try_into().ok();
                let chart = corners.and_then(|c| lab::chart_from_corners(c, (w, h)));
                Some(chart.ok_or_else(|| {
                    Failure::usage("the chart's corners are no quadrilateral inside the picture at half size")
                })?)
            }
            None => None,
        };
        // shading of another size is that of another camera, or of a crop
        let flat = shading.as_ref().filter(|_| flats.first().is_some_and(|f| f.size() == raw.size()));
        fitted.push(fit_colour(raw, *light, &reference, flat, place.as_ref())?);
    }
    let fitted = by_light(fitted)?;
    let name = dcp.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for colour in &fitted {
        profile.colour.push(ColourSection::new(colour, &name));
        cards.push(colour.card());
    }
    let text = profile.to_toml()?;
    calotype::save_bytes(&args.out, text.as_bytes(), args.overwrite)?;
    if !fitted.is_empty() {
        let model = &profile.camera.unique_model;
        let mut file = Vec::new();
        write_dcp(&mut file, &fitted, &args.name, model)
            .map_err(|e| Failure::new(format!("cannot make {}", dcp.display())).because(e))?;
        calotype::save_bytes(&dcp, &file, args.overwrite)?;
    }
    if let Some(folder) = &args.save {
        target::make_folder(folder)?;
        for (i, card) in cards.iter().enumerate() {
            let path = folder.join(format!("calibrate-{}-{}.json", i + 1, card.measure.replace(' ', "-")));
            let text = json!({ "card": card }).to_string();
            calotype::save_bytes(&path, text.as_bytes(), args.overwrite)?;
        }
    }
    let mut shown: String = cards.iter().map(|c| print::card(c) + "\n").collect();
    if let Some(d) = &profile.defects {
        shown += &format!("{} hot and {} dead pixels\n", d.hot.len(), d.dead.len());
    }
    shown += &format!("{}: {}", args.out.display(), profile.camera.unique_model);
    if !fitted.is_empty() {
        let kelvin: Vec<String> = fitted.iter().map(|c| format!("{:.0} K", c.light.kelvin)).collect();
        shown += &format!("\n{}: colours for raw developers, from {}", dcp.display(), kelvin.join(" and "));
    }
    let value =
        serde_json::to_value(&profile).map_err(|e| Failure::new("cannot write the result as JSON").because(e))?;
    Ok(Outcome::new(shown, json!({ "output": args.out.display().to_string(), "profile": value })))
}

/// The light on each chart.
fn lights(args: &CalibrateArgs) -> Result<Vec<Light>, Failure> {
    let (charts, lights) = (args.chart.len(), args.light.len());
    if charts == 2 && args.place.corners.is_some() {
        return Err(Failure::usage("--corners are those of one chart, and there are two")
            .help("Leave --corners out, so that both are found, or make two profiles."));
    }
    match (charts, lights) {
        (1, 0) => "D55".parse::<Light>().map(|light| vec![light]).map_err(Failure::usage),
        (a, b) if a == b => Ok(args.light.clone()),
        _ => Err(Failure::usage(format!("{charts} charts and {lights} lights"))
            .help("Name the light on every chart, in the same order: --chart lamp.dng shade.dng --light A D65")),
    }
}

type Pair<'a> = (&'a RawPicture, &'a RawPicture);

/// Pairs of one sensitivity together, in the order in which they come.
fn by_iso<'a>(pairs: &[Pair<'a>]) -> Vec<(Option<f64>, Vec<Pair<'a>>)> {
    let mut groups: Vec<(Option<f64>, Vec<Pair<'a>>)> = Vec::new();
    for pair in pairs {
        let iso = pair.0.info.exif.iso;
        match groups.iter_mut().find(|g| g.0 == iso) {
            Some(group) => group.1.push(*pair),
            None => groups.push((iso, vec![*pair])),
        }
    }
    groups
}
