//! The chart of what a lens loses.

use super::chart::{Chart, Plot, Series, Table};
use super::charts::{line, name, unit};
use crate::analysis::{illumination_with_losses, losses, relative_illumination};
use crate::{Clip, Field, Result, System};

/// Transmission by field and wavelength, T-numbers, illumination without and with losses, and what every surface reflects.
pub(super) fn transmission_chart(system: &System) -> Result<Chart> {
    let lens = system.lens();
    let list = losses(system, 33)?;
    let percent = |v: &Option<f64>| v.map(|v| 100.0 * v);
    let waves: Vec<&str> = lens.wavelengths.iter().map(|w| w.name.as_str()).collect();
    let columns: Vec<&str> = waves.iter().copied().chain(["illumination", "with losses"]).collect();
    let mut table = Table::new("transmission, %", &columns);
    for ((f, row), light) in lens.fields.iter().zip(&list.fields).zip(&list.illumination) {
        table.row(name(system, f), row.iter().chain(light).map(percent).collect::<Vec<_>>());
    }
    let mut stops = Table::new("on the axis", &["f-number", "T-number"]);
    let fno = Some(system.first_order().fno);
    waves.iter().zip(&list.t_numbers).for_each(|(w, t)| stops.row(*w, [fno, *t]));
    stops.row("all, by their weights", [fno, list.t_number]);
    let mut surfaces = Table::new("reflectance, %", &["at 0 deg", "chief ray of the largest field at, deg", "there"]);
    for (i, s) in (1..).zip(&list.surfaces) {
        let label = format!("{i} {}", s.coating.as_deref().unwrap_or("not stated"));
        surfaces.row(label, [Some(100.0 * s.normal), s.chief_angle_deg, percent(&s.at_chief)]);
    }
    let full = lens.full_field();
    let full = full.x.hypot(full.y);
    let fields: Vec<Field> = (0..=16).map(|i| Field::up(full * f64::from(i) / 16.0)).collect();
    let curve = |values: Vec<Option<f64>>| -> Vec<[f64; 2]> {
        fields.iter().zip(values).filter_map(|(f, v)| v.map(|v| [f.y, v])).collect()
    };
    let plain = curve(relative_illumination(system, &fields, lens.primary, Clip::Apertures));
    let with = curve(illumination_with_losses(system, &fields, lens.primary, Clip::Apertures));
    let spectrum = Plot {
        title: "transmission on the axis".into(),
        x: "wavelength, um".into(),
        y: "share of the light".into(),
        unit: true,
        series: vec![line("transmission", 0, list.spectrum.clone())],
        ..Plot::default()
    };
    let edge = Plot {
        title: "relative illumination".into(),
        x: format!("field, {}", unit(system)),
        y: "share of that on the axis".into(),
        unit: true,
        series: vec![line("with losses", 0, with), Series { dashed: true, ..line("without", 1, plain) }],
        ..Plot::default()
    };
    let note = if lens.states_coatings() {
        "Both polarisations' mean at every surface, at the rays' own angles, with the coatings of the prescription; absorption where \
            the glass's transmittance is known."
    } else {
        "The prescription states no coatings: every surface between two media is taken as bare. Both polarisations' mean at the \
            rays' own angles; absorption where the glass's transmittance is known."
    };
    Ok(Chart {
        note: note.into(),
        tables: vec![table, stops, surfaces],
        plots: vec![spectrum, edge],
        ..Chart::default()
    })
}
