//! `calotype lab calibrate`: a camera profile from real shots.

use super::args::CalibrateArgs;
use super::{pairs, print, raws};
use crate::failure::Failure;
use crate::out::Outcome;
use crate::target;
use calotype_lab::calibrate::{
    CameraProfile, CameraSection, ColourSection, NoiseSection, ShadingSection, find_defects, fit_colour, write_dcp,
};
use calotype_lab::{self as lab, Card, ChartReference, Limits, Measured, RawPicture};
use serde_json::json;

/// Measures a camera and writes its profile.
pub fn run(args: &CalibrateArgs) -> Result<Outcome, Failure> {
    if args.out.extension().is_none_or(|e| e != "toml") {
        return Err(Failure::usage(format!("the profile {} does not end in .toml", args.out.display()))
            .help("Name it like camera.toml."));
    }
    let dcp = args.out.with_extension("dcp");
    target::check_writable(&args.out, args.overwrite)?;
    if args.chart.is_some() {
        target::check_writable(&dcp, args.overwrite)?;
    }
    let flats = raws(&args.flat)?;
    let darks = raws(&args.dark)?;
    let chart = args.chart.as_deref().map(|p| lab::read_raw(p, &Limits::default())).transpose()?;
    let Some(first) = flats.iter().chain(&darks).chain(&chart).next() else {
        return Err(Failure::usage("nothing to measure").help("Give --flat, --dark or --chart."));
    };
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
    let mut fitted = None;
    if let Some(raw) = &chart {
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
        let colour = fit_colour(raw, args.light, &reference, flat, place.as_ref())?;
        let name = dcp.file_name().unwrap_or_default().to_string_lossy().into_owned();
        profile.colour.push(ColourSection::new(&colour, &name));
        cards.push(colour.card());
        fitted = Some(colour);
    }
    let text = profile.to_toml()?;
    lab::write_file(&args.out, args.overwrite, |file| file.write_all(text.as_bytes()))?;
    if let Some(colour) = &fitted {
        let model = &profile.camera.unique_model;
        lab::write_file(&dcp, args.overwrite, |file| write_dcp(file, colour, &args.name, model))?;
    }
    if let Some(folder) = &args.save {
        target::make_folder(folder)?;
        for (i, card) in cards.iter().enumerate() {
            let path = folder.join(format!("calibrate-{}-{}.json", i + 1, card.measure.replace(' ', "-")));
            let text = json!({ "card": card }).to_string();
            lab::write_file(&path, args.overwrite, |file| file.write_all(text.as_bytes()))?;
        }
    }
    let mut shown: String = cards.iter().map(|c| print::card(c) + "\n").collect();
    if let Some(d) = &profile.defects {
        shown += &format!("{} hot and {} dead pixels\n", d.hot.len(), d.dead.len());
    }
    shown += &format!("{}: {}", args.out.display(), profile.camera.unique_model);
    if fitted.is_some() {
        shown += &format!("\n{}: colours for raw developers", dcp.display());
    }
    let value =
        serde_json::to_value(&profile).map_err(|e| Failure::new("cannot write the result as JSON").because(e))?;
    Ok(Outcome::new(shown, json!({ "output": args.out.display().to_string(), "profile": value })))
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
