//! Flare: light that a lens lays over what should be black (ISO 9358, veiling glare index).

use crate::card::{Card, Goal, Measured, Row};
use crate::stats::quantile;
use crate::{LabError, Picture, Region, Result, thumbnail};
use serde::Serialize;

/// Veiling glare.
#[derive(Clone, Debug, Serialize)]
pub struct FlareReport {
    /// The picture.
    pub subject: String,
    /// The black field.
    pub dark: Region,
    /// The white field.
    pub bright: Region,
    /// Dark over bright in red, green, blue and luminance, in percent.
    pub glare_percent: [f64; 4],
    /// Contrast that the glare leaves: bright over dark of luminance, in stops.
    pub contrast_ev: f64,
    /// True where white is clipped, so that the glare is overstated.
    pub clipped: bool,
    #[serde(skip)]
    crop: Option<crate::Crop>,
}

/// Measures veiling glare: a field without light (a hole in a box lined with black) in a bright surround.
///
/// Without regions the darkest and the brightest square of a 24th of the picture's height are taken.
///
/// # Errors
/// [`LabError::Outside`], [`LabError::NotFound`] where nothing is bright.
pub fn flare(picture: &Picture, dark: Option<Region>, bright: Option<Region>) -> Result<FlareReport> {
    let side = (picture.height().min(picture.width()) / 24).max(8);
    let y = picture.luminance();
    let mut squares: Vec<(f64, Region)> = Vec::new();
    for top in (0..(y.height() + 1).saturating_sub(side)).step_by(side / 2) {
        for left in (0..(y.width() + 1).saturating_sub(side)).step_by(side / 2) {
            let values: Vec<f64> =
                (top..top + side).flat_map(|r| y.row(r)[left..left + side].iter().map(|v| f64::from(*v))).collect();
            squares.push((quantile(&values, 0.5), Region { x: left, y: top, width: side, height: side }));
        }
    }
    squares.sort_by(|a, b| a.0.total_cmp(&b.0));
    let missing = |reason: String| LabError::NotFound {
        what: "black field in a white one",
        name: picture.name.clone(),
        reason,
        remedy: "Name both fields: --dark WIDTHxHEIGHT+X+Y --bright WIDTHxHEIGHT+X+Y.",
    };
    let (Some(first), Some(last)) = (squares.first(), squares.last()) else {
        return Err(missing("the picture is too small".into()));
    };
    // what is found by itself must look like a target
    let most = if dark.is_some() { 0.8 } else { 0.5 };
    let (dark, bright) = (dark.unwrap_or(first.1), bright.unwrap_or(last.1));
    let mean = |region: Region| -> Result<[f64; 4]> {
        let part = picture.crop(region)?;
        let of = |p: &calotype_image::Plane<f32>| {
            p.data().iter().map(|v| f64::from(*v)).sum::<f64>() / p.data().len() as f64
        };
        let [r, g, b] = &part.rgb.planes;
        Ok([of(r), of(g), of(b), of(&part.luminance())])
    };
    let (d, b) = (mean(dark)?, mean(bright)?);
    if !(b[3] > 1e-4) {
        return Err(missing("nothing in it is bright".into()));
    }
    if d[3] >= most * b[3] {
        return Err(missing(format!(
            "its darkest field has {:.0} % of the light of its brightest",
            100.0 * d[3] / b[3]
        )));
    }
    let around = Region { x: 0, y: 0, width: picture.width(), height: picture.height() };
    Ok(FlareReport {
        subject: picture.name.clone(),
        dark,
        bright,
        glare_percent: [0, 1, 2, 3].map(|c| 100.0 * d[c] / b[c].max(1e-12)),
        contrast_ev: (b[3] / d[3].max(1e-12)).log2(),
        clipped: picture
            .crop(bright)?
            .rgb
            .planes
            .iter()
            .any(|p| p.data().iter().filter(|v| **v >= 1.0 - 1e-4).count() * 20 > p.data().len()),
        crop: Some(thumbnail::part("the target", picture, around)),
    })
}

impl Measured for FlareReport {
    fn card(&self) -> Card {
        let mut card = Card::new("flare", &self.subject, "ISO 9358:1994, veiling glare index")
            .figure("glare", "veiling glare", self.glare_percent[3], "%", Goal::Lower)
            .figure("glare_contrast", "contrast left", self.contrast_ev, "EV", Goal::Higher)
            .table("By channel, %", &["R", "G", "B", "Y"], vec![Row::new("glare", self.glare_percent)])
            .note(format!("Black field {}, white field {}.", self.dark, self.bright));
        if self.clipped {
            card = card.note("The white field is clipped: the glare is overstated.");
        }
        card.crops.extend(self.crop.clone());
        card
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::{grey, noisy};
    use calotype_image::Plane;

    #[test]
    fn the_share_of_white_in_black_is_found() {
        let plane =
            Plane::from_fn(
                200,
                160,
                |x, y| if (80..110).contains(&x) && (60..90).contains(&y) { 0.8 * 0.02 } else { 0.8 },
            );
        let picture = noisy(&grey("box", plane), 0.001, 1);
        let report = flare(&picture, None, None).unwrap();
        assert!((report.glare_percent[3] - 2.0).abs() < 0.08, "{:?}", report.glare_percent);
        assert!((report.contrast_ev - 50f64.log2()).abs() < 0.06 && !report.clipped);
        assert!(flare(&grey("flat", Plane::filled(100, 100, 0.5)), None, None).is_err());
        assert!(flare(&grey("dot", Plane::filled(1, 1, 0.5)), None, None).is_err());
    }
}
