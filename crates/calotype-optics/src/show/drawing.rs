//! The drawing of a lens, as papers have it: the section through the axis with its rays.

use super::plot::{PALETTE, escape};
use crate::trace::Path;
use crate::{Clip, Kind, Rays, Result, System, Until};
use std::fmt::Write;

/// Width of the drawing, and its margins.
const WIDTH: f64 = 960.0;
const MARGIN: f64 = 36.0;
/// Places across the stop that are tried to find the rim of a vignetted bundle.
const TRIES: usize = 81;

/// The section in the yz plane with `rays` rays of each field, as a self-contained SVG document. Radii that the lens does not
/// give are as large as its rays need.
///
/// # Errors
/// None today; kept for lenses whose section cannot be drawn.
pub fn drawing(system: &System, rays: usize) -> Result<String> {
    let lens = system.lens();
    let primary = lens.primary;
    let bundles: Vec<Vec<Path>> = lens
        .fields
        .iter()
        .map(|field| {
            let places: Vec<[f64; 2]> = (0..TRIES).map(|i| [0.0, 2.0 * i as f64 / (TRIES - 1) as f64 - 1.0]).collect();
            let aimed = system.aim(field, primary).through_stop(&places);
            let mut traced = Rays::new(aimed.iter().copied());
            system.trace(primary, &mut traced, Clip::Apertures, Until::Image);
            let passing: Vec<usize> = (0..TRIES).filter(|i| traced.arrived(*i)).collect();
            let chosen: Vec<_> = match passing[..] {
                [] => vec![],
                [one] => vec![aimed[one]],
                _ => (0..rays.max(2)).map(|i| aimed[passing[i * (passing.len() - 1) / (rays.max(2) - 1)]]).collect(),
            };
            system.paths(primary, &chosen, Clip::Apertures)
        })
        .collect();
    // where every surface stands, and how far it reaches
    let mut z = vec![0.0];
    for s in &lens.surfaces {
        z.push(z[z.len() - 1] + s.thickness);
    }
    let reached = |i: usize| {
        bundles.iter().flatten().filter_map(|p| p.vertices.get(i)).map(|v| v.at[1].abs()).fold(0.0, f64::max)
    };
    let heights: Vec<f64> = (0..lens.surfaces.len())
        .map(|i| {
            let need = lens.surfaces[i].clear.outer.unwrap_or(1.04 * reached(i)).max(1e-6);
            let shape = &lens.surfaces[i].shape;
            // not beyond where a steep surface ends
            (0..40).map(|k| need * (1.0 - f64::from(k) / 40.0)).find(|h| shape.sag(0.0, *h).is_some()).unwrap_or(need)
        })
        .collect();
    let image_height = reached(lens.surfaces.len()).max(0.1 * heights.iter().fold(0.0, |m: f64, h| m.max(*h)));
    let sag = |i: usize, y: f64| z[i] + lens.surfaces[i].shape.sag(0.0, y).unwrap_or(0.0);
    let top = heights.iter().fold(image_height, |m, h| m.max(*h));
    let ends = (0..lens.surfaces.len()).flat_map(|i| [z[i], sag(i, heights[i])]).chain([z[lens.surfaces.len()]]);
    let (first, last) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    let lead = 0.12 * (last - first).max(1e-6);
    let scale = (WIDTH - 2.0 * MARGIN) / (last - first + lead);
    let half = top * scale * 1.04;
    let height = 2.0 * half + 92.0;
    let px = |v: f64| MARGIN + (v - first + lead) * scale;
    let axis = 56.0 + half;
    let py = |v: f64| axis - v * scale;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" \
         font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    );
    let f = system.first_order();
    let field = lens.full_field();
    let angle = if lens.field_kind == crate::FieldKind::AngleDeg { "&#176;" } else { " mm" };
    let name = if lens.title.is_empty() { &lens.name } else { &lens.title };
    write!(
        out,
        "<text x=\"{MARGIN}\" y=\"22\" font-size=\"14\" font-weight=\"bold\">{}</text>\
         <text x=\"{MARGIN}\" y=\"40\">f = {:.4} mm, f/{:.2}, field {:.1}{angle}, track {:.2} mm</text>",
        escape(name),
        f.efl,
        f.fno,
        field.x.hypot(field.y),
        f.total_track
    )
    .ok();
    write!(
        out,
        "<path d=\"M{MARGIN} {axis:.1}H{:.1}\" stroke=\"#999\" stroke-dasharray=\"12 3 2 3\" stroke-width=\"0.7\"/>",
        WIDTH - MARGIN
    )
    .ok();
    // elements, their edges square to the axis
    let profile = |i: usize, up: bool| -> Vec<[f64; 2]> {
        let steps = 48;
        (0..=steps)
            .map(|k| {
                let t = 2.0 * f64::from(k) / f64::from(steps) - 1.0;
                let y = heights[i] * if up { t } else { -t };
                [px(sag(i, y)), py(y)]
            })
            .collect()
    };
    let svg_path =
        |points: &[[f64; 2]]| points.iter().map(|p| format!("{:.2} {:.2}", p[0], p[1])).collect::<Vec<_>>().join("L");
    for i in 0..lens.surfaces.len().saturating_sub(1) {
        let (front, back) = (&lens.surfaces[i], &lens.surfaces[i + 1]);
        if front.glass.is_air() || front.kind == Kind::Reflect {
            continue;
        }
        let h = heights[i].max(heights[i + 1]);
        let corner = |k: usize, y: f64| [px(sag(k, heights[k])), py(y)];
        let mut points = profile(i, true);
        points.extend([corner(i, h), corner(i + 1, h)]);
        points.extend(profile(i + 1, false));
        points.extend([corner(i + 1, -h), corner(i, -h)]);
        // plates and heavier glasses a little darker
        let (nd, _) = front.glass.nd_vd();
        let shade = (236.0 - 60.0 * (nd - 1.45).clamp(0.0, 0.6)) as u8;
        let _ = back;
        write!(
            out,
            "<path d=\"M{}Z\" fill=\"rgb({},{},250)\" stroke=\"#234\" stroke-width=\"1.1\" stroke-linejoin=\"round\"/>",
            svg_path(&points),
            shade.saturating_sub(14),
            shade
        )
        .ok();
    }
    for (i, s) in lens.surfaces.iter().enumerate() {
        let alone = s.glass.is_air() && (i == 0 || lens.surfaces[i - 1].glass.is_air());
        let plain = s.shape.radius.is_infinite() && matches!(s.shape.form, crate::Form::Conic);
        if s.kind == Kind::Reflect {
            write!(
                out,
                "<path d=\"M{}\" fill=\"none\" stroke=\"#234\" stroke-width=\"2.5\"/>",
                svg_path(&profile(i, true))
            )
            .ok();
        } else if let Kind::ThinLens(_) = s.kind {
            write!(
                out,
                "<path d=\"M{}\" fill=\"none\" stroke=\"#06c\" stroke-width=\"1.6\"/>",
                svg_path(&profile(i, true))
            )
            .ok();
        } else if alone && !plain {
            write!(
                out,
                "<path d=\"M{}\" fill=\"none\" stroke=\"#234\" stroke-width=\"0.8\" stroke-dasharray=\"4 3\"/>",
                svg_path(&profile(i, true))
            )
            .ok();
        }
    }
    for (i, bundle) in bundles.iter().enumerate() {
        let color = PALETTE[i % PALETTE.len()];
        for path in bundle {
            // surfaces that do nothing to light, such as a stop inside the first element, are passed in a straight line
            let bends = |i: usize| {
                lens.surfaces.get(i).is_none_or(|s| {
                    s.kind != Kind::Refract || system.indices(primary, i).0 != system.indices(primary, i).1
                })
            };
            let mut points: Vec<[f64; 2]> =
                path.vertices.iter().enumerate().filter(|(i, _)| bends(*i)).map(|(_, v)| [v.at[2], v.at[1]]).collect();
            // the way in front of the lens, along the first stretch in the light's direction
            if let (Some(start), Some(d)) = (points.first().copied(), direction(system, &points, i)) {
                let t = first - 0.9 * lead;
                if start[0] > t {
                    points.insert(0, [t, start[1] + (t - start[0]) * d]);
                }
            }
            let line: Vec<String> = points.iter().map(|p| format!("{:.2},{:.2}", px(p[0]), py(p[1]))).collect();
            write!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"0.8\"/>",
                line.join(" ")
            )
            .ok();
        }
    }
    let stop = lens.stop();
    let at = px(sag(stop, heights[stop].min(reached(stop).max(1e-6))));
    let edge = f.stop_semi_diameter_paraxial.min(heights[stop]);
    for sign in [1.0, -1.0] {
        let (from, to) = (py(sign * edge), py(sign * (edge + 0.10 * top)));
        write!(
            out,
            "<path d=\"M{at:.1} {from:.1}V{to:.1}M{:.1} {from:.1}H{:.1}\" stroke=\"#111\" stroke-width=\"2.2\"/>",
            at - 4.0,
            at + 4.0
        )
        .ok();
    }
    let image = |y: f64| z[lens.surfaces.len()] + lens.image.as_ref().and_then(|s| s.sag(0.0, y)).unwrap_or(0.0);
    let heights_of_image: Vec<f64> = if lens.image.is_some() {
        (-20..=20).map(|i| image_height * f64::from(i) / 20.0).collect()
    } else {
        vec![image_height, -image_height]
    };
    let points: Vec<[f64; 2]> = heights_of_image.iter().map(|y| [px(image(*y)), py(*y)]).collect();
    write!(out, "<path d=\"M{}\" fill=\"none\" stroke=\"#111\" stroke-width=\"1.6\"/>", svg_path(&points)).ok();
    // a bar of round length
    let target = 120.0 / scale;
    let power = 10f64.powf(target.log10().floor());
    let bar = [5.0, 2.0, 1.0].into_iter().map(|m| m * power).find(|b| *b <= target).unwrap_or(power);
    let y = height - 16.0;
    write!(
        out,
        "<path d=\"M{MARGIN} {y:.1}h{:.1}m0 -4v8M{MARGIN} {:.1}v8\" fill=\"none\" stroke=\"#111\"/><text x=\"{:.1}\" y=\"{:.1}\">{bar} mm</text>",
        bar * scale,
        y - 4.0,
        MARGIN + bar * scale + 8.0,
        y + 4.0
    )
    .ok();
    out += "</svg>\n";
    Ok(out)
}

/// Slope dy/dz of the light before the first surface.
fn direction(system: &System, points: &[[f64; 2]], field: usize) -> Option<f64> {
    let lens = system.lens();
    let aim = system.aim(lens.fields.get(field)?, lens.primary);
    match (aim.direction(), lens.object_mm) {
        (Some(d), _) => Some(d[1] / d[2]),
        (None, Some(distance)) => {
            let object = aim.object()?;
            let start = points.first()?;
            Some((start[1] - object[1]) / (start[0] + distance))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn drawings_show_every_element_and_ray() {
        let text = drawing(&System::new(samples::triplet()).unwrap(), 5).unwrap();
        assert_eq!(text.matches("fill=\"rgb(").count(), 3);
        assert_eq!(text.matches("<polyline").count(), 15);
        assert!(!text.contains("NaN") && !text.contains("inf"));
        for lens in [samples::parabolic_mirror(200.0), samples::everything()] {
            let text = drawing(&System::new(lens).unwrap(), 3).unwrap();
            assert!(!text.contains("NaN"));
        }
    }
}
