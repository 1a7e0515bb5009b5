//! Slanted edges: spatial frequency response, sharpening and lateral colour (ISO 12233:2017, e-SFR).

mod find;
mod profile;

pub use profile::EdgeChannel;

pub(crate) use find::{Found, find};
pub(crate) use profile::{Rows, Spread, spread};

use crate::card::{CHANNEL_COLORS, Card, Goal, Measured, Plot, Row};
use crate::mtf::Viewing;
use crate::picture::Channel;
use crate::read::RawPicture;
use crate::stats::{mean, median};
use crate::{LabError, Picture, Region, Result, thumbnail};
use serde::Serialize;

/// Where to measure edges, and for which viewer.
#[derive(Clone, Debug)]
pub struct EdgeOptions {
    /// Regions with one edge each; empty to search the picture.
    pub regions: Vec<Region>,
    /// The most edges to take from a search.
    pub max_edges: usize,
    /// For acutance.
    pub viewing: Option<Viewing>,
}

impl Default for EdgeOptions {
    fn default() -> Self {
        Self { regions: Vec::new(), max_edges: 12, viewing: None }
    }
}

/// The edges of a picture.
#[derive(Clone, Debug, Serialize)]
pub struct EdgeReport {
    /// The picture.
    pub subject: String,
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// How large acutance takes the picture to be seen.
    pub viewing: Viewing,
    /// The edges, best first.
    pub edges: Vec<Edge>,
    #[serde(skip)]
    crops: Vec<crate::Crop>,
}

/// One edge.
#[derive(Clone, Debug, Serialize)]
pub struct Edge {
    /// Where it is.
    pub region: Region,
    /// Its slant from the nearest axis in degrees.
    pub angle_deg: f64,
    /// True where it runs from top to bottom, so that the response across the picture is measured.
    pub vertical: bool,
    /// Distance of its middle from the picture's, 1 at the corner.
    pub field: f64,
    /// Channel by channel; luminance is missing for raws.
    pub channels: Vec<EdgeChannel>,
}

impl Edge {
    /// The channel that stands for the edge: luminance, green for raws.
    pub fn main(&self) -> &EdgeChannel {
        let of = |channel| self.channels.iter().find(|c| c.channel == channel);
        of(Channel::Luminance).or_else(|| of(Channel::Green)).unwrap_or(&self.channels[0])
    }
}

/// Measures the slanted edges of a picture in linear light.
///
/// # Errors
/// [`LabError::NotFound`] where there is no usable edge, [`LabError::Outside`] for a region beyond the picture.
pub fn edges(picture: &Picture, options: &EdgeOptions) -> Result<EdgeReport> {
    let luminance = picture.luminance();
    let found = seek(&picture.name, &luminance, options, 1)?;
    let planes = [&picture.rgb.planes[0], &picture.rgb.planes[1], &picture.rgb.planes[2], &luminance];
    let rows = |found: &Found, c: Channel| Rows::of_plane(planes[c as usize], found.region, found.vertical);
    let viewing = options.viewing.unwrap_or_else(|| Viewing::of_picture(picture.frame.1, 20.0, 40.0));
    let mut report = measure(&picture.name, picture.size(), &found, viewing, &Channel::ALL, &rows)?;
    report.crops = report
        .edges
        .iter()
        .take(4)
        .map(|e| thumbnail::part(&format!("edge {}", e.region), picture, e.region))
        .collect();
    Ok(report)
}

/// Measures the slanted edges of a raw picture, each colour by its own photosites: frequencies are in cycles per photosite.
///
/// # Errors
/// As [`edges`].
pub fn raw_edges(raw: &RawPicture, options: &EdgeOptions) -> Result<EdgeReport> {
    let [_, green, _] = raw.half();
    let halved = EdgeOptions {
        regions: options
            .regions
            .iter()
            .map(|r| Region { x: r.x / 2, y: r.y / 2, width: r.width / 2, height: r.height / 2 })
            .collect(),
        ..options.clone()
    };
    let found = seek(&raw.name, &green, &halved, 2)?;
    let rows = |found: &Found, c: Channel| {
        Rows::of_samples(&raw.samples, found.region, found.vertical, |x, y| {
            raw.cfa.color_at(x, y) as usize == c as usize
        })
    };
    let channels = if raw.cfa.is_mono() { &[Channel::Green][..] } else { &Channel::ALL[..3] };
    let viewing = options.viewing.unwrap_or_else(|| Viewing::of_picture(raw.size().1, 20.0, 40.0));
    measure(&raw.name, raw.size(), &found, viewing, channels, &rows)
}

/// The regions asked for, or those found; in pixels of the picture that `plane` shows at 1 / `scale`.
fn seek(name: &str, plane: &calotype_image::Plane<f32>, options: &EdgeOptions, scale: usize) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for region in &options.regions {
        region.inside(name, (plane.width(), plane.height()))?;
        found.push(find::at(plane, *region).ok_or_else(|| LabError::NotFound {
            what: "straight slanted edge",
            name: format!("{name}, region {region}"),
            reason: "the region is flat, or holds more than one edge".into(),
            remedy: "Choose a region with one straight edge, 2 to 40 degrees off the vertical or the horizontal, and flat fields beside it.",
        })?);
    }
    if options.regions.is_empty() {
        found = find(plane, options.max_edges);
    }
    if found.is_empty() {
        return Err(LabError::NotFound {
            what: "slanted edge",
            name: name.into(),
            reason:
                "no straight edge between flat fields, 2 to 30 degrees off the vertical or the horizontal, was seen"
                    .into(),
            remedy: "Point at one with --region WIDTHxHEIGHT+X+Y; 60 x 100 pixels are enough.",
        });
    }
    for f in &mut found {
        let r = &mut f.region;
        *r = Region { x: r.x * scale, y: r.y * scale, width: r.width * scale, height: r.height * scale };
    }
    Ok(found)
}

fn measure(
    name: &str,
    size: (usize, usize),
    found: &[Found],
    viewing: Viewing,
    channels: &[Channel],
    rows: &dyn Fn(&Found, Channel) -> Rows,
) -> Result<EdgeReport> {
    let mut edges = Vec::new();
    for f in found {
        // One line for all channels: that of the channel with the most light, so that colours are seen to be apart.
        let base = if channels.contains(&Channel::Luminance) { Channel::Luminance } else { Channel::Green };
        let Some(line) = rows(f, base).line() else { continue };
        let found: Vec<EdgeChannel> =
            channels.iter().filter_map(|&c| profile::channel(c, &rows(f, c), &line, viewing)).collect();
        if found.iter().any(|c| c.channel == base) {
            let (cx, cy) =
                (f.region.x as f64 + 0.5 * f.region.width as f64, f.region.y as f64 + 0.5 * f.region.height as f64);
            let (hx, hy) = (0.5 * size.0 as f64, 0.5 * size.1 as f64);
            edges.push(Edge {
                region: f.region,
                angle_deg: line.angle_deg(),
                vertical: f.vertical,
                field: (cx - hx).hypot(cy - hy) / hx.hypot(hy),
                channels: found,
            });
        }
    }
    if edges.is_empty() {
        return Err(LabError::NotFound {
            what: "edge that can be measured",
            name: name.into(),
            reason: format!(
                "{} edges were seen, all too short, too blurred or too noisy for a line to be laid",
                found.len()
            ),
            remedy: "Choose regions at least 40 pixels long and four times as wide as the edge is blurred.",
        });
    }
    Ok(EdgeReport { subject: name.into(), size, viewing, edges, crops: Vec::new() })
}

impl Measured for EdgeReport {
    fn card(&self) -> Card {
        let of = |f: &dyn Fn(&EdgeChannel) -> Option<f64>| -> Vec<f64> {
            self.edges.iter().filter_map(|e| f(e.main())).collect()
        };
        let mid = |v: Vec<f64>| if v.is_empty() { None } else { Some(median(&v)) };
        let shifts: Vec<f64> = self
            .edges
            .iter()
            .flat_map(|e| e.channels.iter().filter(|c| matches!(c.channel, Channel::Red | Channel::Blue)))
            .map(|c| c.shift_px.abs())
            .collect();
        let mut rows = Vec::new();
        for e in &self.edges {
            let m = e.main();
            let open = |v: Option<f64>| v.unwrap_or(f64::NAN);
            let shift = |c| e.channels.iter().find(|x| x.channel == c).map_or(f64::NAN, |x| x.shift_px);
            rows.push(Row::new(
                format!("{} {}", e.region, if e.vertical { "|" } else { "-" }),
                [
                    e.angle_deg,
                    e.field,
                    m.contrast,
                    open(m.mtf.mtf50),
                    open(m.mtf.mtf10),
                    m.mtf.area,
                    m.acutance,
                    100.0 * m.overshoot,
                    100.0 * m.undershoot,
                    shift(Channel::Red),
                    shift(Channel::Blue),
                ],
            ));
        }
        let main = self.edges[0].main().channel.letter();
        let mut all = Plot::new(&format!("Edges, {main}"), "cycles per pixel", "modulation");
        for (i, e) in self.edges.iter().enumerate() {
            all = all.curve(&format!("{} {}", i + 1, e.region), e.main().mtf.curve.clone());
        }
        let mut channels = Plot::new("First edge by channel", "cycles per pixel", "modulation");
        let mut profile = Plot::new("First edge: profile", "pixels from the edge", "linear light");
        for c in &self.edges[0].channels {
            channels = channels.colored(c.channel.letter(), c.mtf.curve.clone(), CHANNEL_COLORS[c.channel as usize]);
            profile = profile.colored(c.channel.letter(), c.profile.clone(), CHANNEL_COLORS[c.channel as usize]);
        }
        let mut card = Card::new("edge", &self.subject, "ISO 12233:2017, edge-based SFR")
            .figure("mtf50", "MTF50, median", mid(of(&|c| c.mtf.mtf50)), "cycles/pixel", Goal::Higher)
            .figure("mtf10", "MTF10, median", mid(of(&|c| c.mtf.mtf10)), "cycles/pixel", Goal::Higher)
            .figure(
                "mtf50_lph",
                "MTF50, median",
                mid(of(&|c| c.mtf.mtf50)).map(|v| v * self.size.1 as f64),
                "line pairs/height",
                Goal::Higher,
            )
            .figure("area", "area under the curve", mid(of(&|c| Some(c.mtf.area))), "", Goal::Higher)
            .figure("acutance", "acutance", mid(of(&|c| Some(c.acutance))), "", Goal::Higher)
            .figure("overshoot", "overshoot, median", mid(of(&|c| Some(100.0 * c.overshoot))), "%", Goal::Lower)
            .figure("undershoot", "undershoot, median", mid(of(&|c| Some(100.0 * c.undershoot))), "%", Goal::Lower)
            .figure(
                "fringe",
                "lateral colour, mean",
                (!shifts.is_empty()).then(|| mean(&shifts)),
                "pixels",
                Goal::Lower,
            )
            .table(
                &format!("Edges ({main})"),
                &[
                    "slant deg",
                    "field",
                    "contrast",
                    "MTF50",
                    "MTF10",
                    "area",
                    "acutance",
                    "over %",
                    "under %",
                    "R-G px",
                    "B-G px",
                ],
                rows,
            )
            .plot(all)
            .plot(channels)
            .plot(profile)
            .note(format!("Acutance is for {:.0} pixels in a degree of view.", self.viewing.pixels_per_degree));
        card.crops = self.crops.clone();
        card
    }
}

#[cfg(test)]
mod tests;
