//! The cards of a folder: saved results, and charts measured by what their names say.

use crate::calibrate::developed;
use crate::card::{Card, Measured};
use crate::compare::{CompareOptions, compare};
use crate::read::{Limits, Source, read, read_picture};
use crate::{
    ChartReference, EdgeOptions, LabError, Picture, Region, Result, StarOptions, TextureOptions, colour, distortion,
    edges, find_chart, flare, flat_areas, halo, neutral_areas, neutral_steps, noise, photon_transfer, raw_edges,
    raw_shading, sensor_range, shading, skin, star, texture, tone,
};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What a result file of a single measure holds.
#[derive(Deserialize)]
struct Saved {
    card: Card,
}

/// Everything that a folder holds, in the order of the names: results saved as JSON are taken as they are; pictures are
/// measured by the first word of their name (`edge-wide.png`, `colour.exr`, `star.dng`). `truth-X` beside `compare-X` or
/// `texture-X` is its truth; `flat-*.dng`, two by two in the order of their names, give the sensor's range and shading.
/// Other files are passed by. Gives the cards, and for every file that could not be measured why.
///
/// # Errors
/// [`LabError::Read`] where the folder cannot be listed.
pub fn gather(folder: &Path, limits: &Limits, progress: &mut dyn FnMut(&Path)) -> Result<(Vec<Card>, Vec<LabError>)> {
    let failed = |source| LabError::Read { source, path: folder.into() };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    let (mut cards, mut errors) = (Vec::new(), Vec::new());
    let mut flats = Vec::new();
    for path in &files {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        let end = stem.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(stem.len());
        let (word, rest) = stem.split_at(end);
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if extension == "json" {
            // other JSON files are none of ours
            if let Some(saved) = std::fs::read_to_string(path).ok().and_then(|t| serde_json::from_str::<Saved>(&t).ok())
            {
                cards.push(saved.card);
            }
            continue;
        }
        if !["exr", "png", "tif", "tiff", "jpg", "jpeg", "npy", "dng"].contains(&extension.as_str()) {
            continue;
        }
        if word == "flat" {
            flats.push(path.clone());
            continue;
        }
        let truth = files
            .iter()
            .find(|f| f.file_stem().is_some_and(|s| s.to_string_lossy().to_lowercase() == format!("truth{rest}")));
        if !KINDS.contains(&word) {
            continue;
        }
        progress(path);
        match measure(word, path, truth.map(PathBuf::as_path), limits) {
            Ok(card) => cards.push(card),
            Err(error) => errors.push(error),
        }
    }
    match sensor(&flats, limits, progress) {
        Ok(more) => cards.extend(more),
        Err(error) => errors.push(error),
    }
    Ok((cards, errors))
}

/// First words of names that say what to measure.
const KINDS: [&str; 13] = [
    "edge",
    "star",
    "texture",
    "noise",
    "colour",
    "color",
    "tone",
    "shading",
    "distortion",
    "flare",
    "halo",
    "skin",
    "compare",
];

fn measure(word: &str, path: &Path, truth: Option<&Path>, limits: &Limits) -> Result<Card> {
    let source = read(path, None, limits)?;
    let truth = truth.map(|t| read_picture(t, None, limits)).transpose()?;
    let source = match (word, source) {
        ("edge", Source::Raw(raw)) => return Ok(raw_edges(&raw, &EdgeOptions::default())?.card()),
        ("shading", Source::Raw(raw)) => return Ok(raw_shading(&raw)?.card()),
        (_, Source::Raw(raw)) => developed(&raw)?,
        (_, Source::Picture(picture)) => picture,
    };
    let p: &Picture = &source;
    let whole = Region { x: 0, y: 0, width: p.width(), height: p.height() };
    let reference = ChartReference::Since2014;
    Ok(match word {
        "edge" => edges(p, &EdgeOptions::default())?.card(),
        "star" => star(p, &StarOptions::default())?.card(),
        "texture" => texture(p, whole, truth.as_ref(), &TextureOptions::default())?.card(),
        "noise" => {
            let areas = find_chart(p).map(|c| neutral_areas(&c)).unwrap_or_default();
            noise(p, &if areas.is_empty() { flat_areas(p) } else { areas }, None)?.card()
        }
        "tone" => tone(&p.name, &neutral_steps(p, &find_chart(p)?, &reference))?.card(),
        "shading" => shading(p)?.card(),
        "distortion" => distortion(p)?.card(),
        "flare" => flare(p, None, None)?.card(),
        "halo" => halo(p, &[], truth.as_ref())?.card(),
        "skin" => skin(p, whole, truth.as_ref())?.card(),
        "compare" => match &truth {
            Some(truth) => compare(p, truth, &CompareOptions::default())?.card(),
            None => {
                return Err(LabError::NotFound {
                    what: "truth",
                    name: path.display().to_string(),
                    reason: "no file beside it is called truth with the same ending".into(),
                    remedy: "Name the truth of compare-X.exr truth-X.exr.",
                });
            }
        },
        _ => colour(p, &find_chart(p)?, &reference)?.card(),
    })
}

/// What flat raws tell of a sensor.
fn sensor(flats: &[PathBuf], limits: &Limits, progress: &mut dyn FnMut(&Path)) -> Result<Vec<Card>> {
    if flats.len() < 2 {
        return Ok(Vec::new());
    }
    let raws = flats
        .iter()
        .map(|path| {
            progress(path);
            crate::read_raw(path, limits)
        })
        .collect::<Result<Vec<_>>>()?;
    let pairs: Vec<_> = raws.chunks_exact(2).map(|p| (&p[0], &p[1])).collect();
    let transfer = photon_transfer(&pairs)?;
    let (w, h) = raws[0].size();
    Ok(vec![transfer.card(), sensor_range(&transfer, (w * h) as f64 / 1e6).card(), raw_shading(&raws[0])?.card()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::tests::draw;

    #[test]
    fn a_folder_is_measured_by_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, p: &Picture| {
            // NPY: the shortest way to a file of floats
            let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
            let mut header =
                format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}, 3), }}", p.height(), p.width());
            header += &" ".repeat(63 - (10 + header.len()) % 64);
            header.push('\n');
            bytes.extend((header.len() as u16).to_le_bytes());
            bytes.extend(header.as_bytes());
            for y in 0..p.height() {
                for x in 0..p.width() {
                    bytes.extend(p.rgb.get(x, y).iter().flat_map(|v| v.to_le_bytes()));
                }
            }
            std::fs::write(at(name), bytes).unwrap();
        };
        let chart = draw((480, 360), [[60.0, 50.0], [420.0, 70.0], [410.0, 310.0], [50.0, 290.0]], [1.0; 3]);
        write("colour-1.npy", &chart);
        write("noise.npy", &crate::synth::noisy(&chart, 0.005, 2));
        write("compare-a.npy", &chart);
        write("truth-a.npy", &chart);
        write("compare-b.npy", &chart);
        write("edge.npy", &crate::synth::texture(100, 100, 1));
        std::fs::write(at("notes.txt"), "nothing").unwrap();
        std::fs::write(at("other.json"), "{}").unwrap();
        let saved = serde_json::json!({ "card": Card::new("star", "s.png", "x"), "data": {} });
        std::fs::write(at("star.json"), saved.to_string()).unwrap();
        let (cards, errors) = gather(folder.path(), &Limits::default(), &mut |_| {}).unwrap();
        let measures: Vec<&str> = cards.iter().map(|c| c.measure.as_str()).collect();
        assert_eq!(measures, ["colour", "compare", "noise", "star"]);
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(gather(&at("none"), &Limits::default(), &mut |_| {}).is_err());
    }
}
