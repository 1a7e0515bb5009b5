//! One chart for each analysis.

use super::chart::{Chart, Map, Plot, Series, Table};
use super::losses::transmission_chart;
use crate::analysis::{
    Ghost, Sampling, ZernikeOrder, axial_colour, fan, fft_psf, field_curves, geometric_mtf, ghosts, hexapolar,
    polychromatic, polychromatic_psf, psf, seidel, spot_of, through_focus, wavefront, zernike_fit,
};
use crate::{Clip, Field, FieldKind, OpticsError, Rays, Result, System, Until};

/// The analyses: the word of each and what it shows.
pub const ANALYSES: [(&str, &str); 13] = [
    ("first-order", "focal length, pupils, Seidel and colour sums by surface"),
    ("spots", "spot diagrams of every field, all wavelengths"),
    ("fans", "transverse ray fans and path differences"),
    ("wavefront", "path differences, Zernike coefficients (Noll and Fringe)"),
    ("psf", "point spread functions with diffraction (Huygens and FFT), Strehl ratio"),
    ("mtf", "diffraction and geometric MTF against frequency"),
    ("mtf-field", "polychromatic diffraction MTF against the field"),
    ("focus", "spots and MTF through focus"),
    ("field", "field curvature, distortion, lateral colour, illumination, chief-ray angle"),
    ("colour", "axial colour against wavelength"),
    ("encircled", "encircled energy with diffraction"),
    ("transmission", "transmission, T-number, illumination with losses, reflectance of every surface"),
    ("ghosts", "double reflections, strongest first"),
];

/// Makes the chart of an analysis by its word.
///
/// # Errors
/// [`OpticsError::Value`] for a word that is none of [`ANALYSES`], and those of the analyses.
pub fn chart(system: &System, analysis: &str) -> Result<Chart> {
    let chart = match analysis {
        "first-order" => first_order(system)?,
        "spots" => spots(system),
        "fans" => fans(system)?,
        "wavefront" => wavefronts(system)?,
        "psf" => psfs(system)?,
        "mtf" => mtf(system)?,
        "mtf-field" => mtf_field(system)?,
        "focus" => focus(system),
        "field" => field(system)?,
        "colour" => colour(system)?,
        "encircled" => encircled(system)?,
        "transmission" => transmission_chart(system)?,
        "ghosts" => ghost_chart(system),
        other => {
            let known: Vec<&str> = ANALYSES.iter().map(|a| a.0).collect();
            return Err(OpticsError::value("the analysis", other, format!("there are {}", known.join(", "))));
        }
    };
    Ok(Chart { analysis: analysis.into(), lens: system.lens().name.clone(), ..chart })
}

pub(super) fn unit(system: &System) -> &'static str {
    if system.lens().field_kind == FieldKind::AngleDeg { "deg" } else { "mm" }
}

/// A field's name.
pub(super) fn name(system: &System, f: &Field) -> String {
    let digits = |v: f64| {
        let text = format!("{v:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if f.x == 0.0 {
        format!("{} {}", digits(f.y), unit(system))
    } else {
        format!("({}, {}) {}", digits(f.x), digits(f.y), unit(system))
    }
}

pub(super) fn line(label: impl Into<String>, color: usize, points: Vec<[f64; 2]>) -> Series {
    Series { label: label.into(), points, color, ..Series::default() }
}

fn some(x: &[f64], y: &[Option<f64>]) -> Vec<[f64; 2]> {
    x.iter().zip(y).filter_map(|(x, y)| y.map(|y| [*x, y])).collect()
}

/// Round frequencies in cycles per mm up to about a third of what diffraction passes.
fn frequencies(system: &System, count: usize) -> Vec<f64> {
    let limit = cutoff(system) / 3.0;
    let power = 10f64.powf(limit.log10().floor());
    let most = [5.0, 4.0, 2.5, 2.0, 1.0].into_iter().map(|m| m * power).find(|m| *m <= limit).unwrap_or(power);
    (0..=count).map(|i| most * i as f64 / count as f64).collect()
}

/// The frequency at which diffraction ends all modulation on the axis, cycles per mm.
fn cutoff(system: &System) -> f64 {
    let first = system.first_order();
    let fno = match system.lens().object_mm {
        None => first.fno,
        Some(_) => first.fno * (1.0 - first.magnification).abs(),
    };
    1e3 / (system.lens().primary_um() * fno)
}

fn first_order(system: &System) -> Result<Chart> {
    let f = system.first_order();
    let mut table = Table::new("first order", &["value"]);
    let rows = [
        ("focal length, mm", f.efl),
        ("f-number", f.fno),
        ("back focal length, mm", f.bfl),
        ("image distance, mm", f.image_distance),
        ("image plane behind paraxial focus, mm", f.defocus),
        ("total track, mm", f.total_track),
        ("entrance pupil diameter, mm", f.epd),
        ("entrance pupil from first surface, mm", f.enp_from_s1),
        ("exit pupil diameter, mm", f.xpd),
        ("exit pupil from last surface, mm", f.exp_from_last),
        ("stop radius, mm", f.stop_semi_diameter_paraxial),
        ("paraxial image height, mm", f.paraxial_image_height),
        ("magnification", f.magnification),
        ("Petzval radius, mm", f.petzval_radius),
        ("Lagrange invariant, mm", f.lagrange),
    ];
    rows.into_iter().for_each(|(label, v)| table.row(label, [Some(v)]));
    if let Some(air) = &system.lens().air {
        table.row("temperature, degrees C (nd and Vd are the catalogue's)", [Some(air.temperature_c)]);
        table.row("pressure, atm", [Some(air.pressure_atm)]);
    }
    if let Some(image) = &system.lens().image {
        table.row("radius of the image surface, mm", [Some(image.radius)]);
    }
    let mut tables = vec![table];
    let mut surfaces =
        Table::new("surfaces", &["radius, mm", "thickness, mm", "conic", "nd", "Vd", "clear radius, mm"]);
    for (i, s) in (1..).zip(&system.lens().surfaces) {
        let glass = (!s.glass.is_air()).then(|| s.glass.nd_vd());
        let what =
            [if s.stop { "stop" } else { "" }.into(), if glass.is_some() { s.glass.label() } else { String::new() }];
        let label = format!("{i} {}", what.join(" ")).split_whitespace().collect::<Vec<_>>().join(" ");
        let values = [
            Some(s.shape.radius),
            Some(s.thickness),
            (s.shape.conic != 0.0).then_some(s.shape.conic),
            glass.map(|g| g.0),
            glass.map(|g| g.1),
            s.clear.outer,
        ];
        surfaces.row(label, values);
    }
    tables.push(surfaces);
    let mut plots = Vec::new();
    if let Some(seidel) = seidel(system.lens())? {
        let sums = ["S1", "S2", "S3", "S4", "S5", "CL", "CT"];
        let mut table = Table::new("Seidel sums, mm", &sums);
        let all = |s: &crate::analysis::SurfaceSums| s.s.into_iter().chain([s.cl, s.ct]).collect::<Vec<f64>>();
        for (i, s) in (1..).zip(&seidel.surfaces) {
            table.row(i.to_string(), all(s).into_iter().map(Some));
        }
        table.row("sum", all(&seidel.sum).into_iter().map(Some));
        tables.push(table);
        let bar = |(k, label): (usize, &str)| {
            let points = (1..).zip(seidel.surfaces.iter().chain([&seidel.sum])).map(|(i, s)| [f64::from(i), all(s)[k]]);
            Series { bars: true, ..line(label, k, points.collect()) }
        };
        plots.push(Plot {
            title: format!("Seidel sums by surface, at {} their sum", seidel.surfaces.len() + 1),
            x: "surface".into(),
            y: "mm".into(),
            series: sums.into_iter().enumerate().map(bar).collect(),
            ..Plot::default()
        });
    }
    let mut colour = Table::new("by wavelength", &["focal length, mm", "back focal length, mm"]);
    for w in &system.lens().wavelengths {
        let first = crate::first_order(system.lens(), w.um)?;
        colour.row(format!("{} ({} um)", w.name, w.um), [Some(first.efl), Some(first.bfl)]);
    }
    tables.push(colour);
    let note = "Seidel sums after Welford at full aperture and the largest field, aspheres included: W040 = S1/8, W131 = S2/2, \
        W222 = S3/2, W220 = (S3 + S4)/4, W311 = S5/2; CL and CT between the shortest and the longest wavelength.";
    Ok(Chart { note: note.into(), tables, plots, ..Chart::default() })
}

/// A place in mm without what rounding leaves of one on the axis.
fn middle(mm: f64) -> f64 {
    if mm.abs() < 1e-12 { 0.0 } else { mm }
}

fn spots(system: &System) -> Chart {
    let lens = system.lens();
    let mut table =
        Table::new("field", &["rms radius, um", "greatest, um", "centroid x, mm", "centroid y, mm", "arriving"]);
    let mut plots = Vec::new();
    for field in &lens.fields {
        let all = polychromatic(system, field, 12);
        let waves = lens.wavelengths.iter().filter(|w| w.weight > 0.0).count();
        let sent = waves * hexapolar(12).len();
        let spot = spot_of(&all);
        let arriving = spot.as_ref().map_or(0.0, |s| s.arrived as f64 / sent as f64);
        // of fewer than three rays of a wavelength there is no spot
        let spot = spot.filter(|s| s.arrived >= 3 * waves);
        table.row(
            name(system, field),
            match spot {
                Some(s) => [
                    Some(s.rms_um),
                    Some(s.max_um),
                    Some(middle(s.centroid[0])),
                    Some(middle(s.centroid[1])),
                    Some(arriving),
                ],
                None => [None, None, None, None, Some(arriving)],
            },
        );
        let Some(spot) = spot else { continue };
        let series = lens.wavelengths.iter().enumerate().filter(|(_, w)| w.weight > 0.0).map(|(i, w)| {
            let mut rays = Rays::new(system.aim(field, i).pupil(&hexapolar(8)));
            system.trace(i, &mut rays, Clip::Apertures, Until::Image);
            let points = rays.iter().map(|r| [0, 1].map(|k| (r.at[k] - spot.centroid[k]) * 1e3)).collect();
            Series { dots: true, ..line(w.name.clone(), i, points) }
        });
        plots.push(Plot {
            title: format!("spot at {}: rms {:.2} um", name(system, field), spot.rms_um),
            x: "x, um".into(),
            y: "y, um".into(),
            equal: true,
            series: series.collect(),
            ..Plot::default()
        });
    }
    let note = "Rays in 12 rings through the paraxial entrance pupil (the part of it that vignetting factors leave, where the lens states \
        some), clipped by the apertures, every wavelength of weight above 0; \
        radii about the centroid of all.";
    Chart { note: note.into(), tables: vec![table], plots, ..Chart::default() }
}

fn fans(system: &System) -> Result<Chart> {
    let lens = system.lens();
    let mut tables = Vec::new();
    let mut plots = Vec::new();
    for field in &lens.fields {
        let [mut rays, mut waves] = ["ray fan", "path differences"].map(|what| Plot {
            title: format!("{what} at {}", name(system, field)),
            x: "pupil".into(),
            y: if what == "ray fan" { "um".into() } else { "waves".into() },
            ..Plot::default()
        });
        for (i, w) in lens.wavelengths.iter().enumerate().filter(|(_, w)| w.weight > 0.0) {
            let fan = fan(system, field, i, 32)?;
            for (plot, t, s) in [
                (&mut rays, &fan.tangential_um, &fan.sagittal_um),
                (&mut waves, &fan.tangential_waves, &fan.sagittal_waves),
            ] {
                plot.series.push(line(format!("{} tangential", w.name), i, some(&fan.pupil, t)));
                plot.series
                    .push(Series { dashed: true, ..line(format!("{} sagittal", w.name), i, some(&fan.pupil, s)) });
            }
            let mut table = Table::new(
                &format!("{} at {}", w.name, name(system, field)),
                &["tangential, um", "sagittal, um", "tangential, waves", "sagittal, waves"],
            );
            for k in (0..fan.pupil.len()).step_by(8) {
                let values = [fan.tangential_um[k], fan.sagittal_um[k], fan.tangential_waves[k], fan.sagittal_waves[k]];
                table.row(format!("{:.2}", fan.pupil[k]), values);
            }
            tables.push(table);
        }
        plots.extend([rays, waves]);
    }
    let note = "Heights from the chief ray's at the primary wavelength; path differences against a sphere about the chief ray's \
        image point of each wavelength through the exit pupil.";
    Ok(Chart { note: note.into(), tables, plots, ..Chart::default() })
}

fn wavefronts(system: &System) -> Result<Chart> {
    let primary = system.lens().primary;
    let mut table = Table::new(
        "field",
        &["rms, waves", "without piston", "without tilt", "without focus", "peak to valley", "Strehl estimate"],
    );
    let mut maps = Vec::new();
    let mut zernikes = [ZernikeOrder::Noll, ZernikeOrder::Fringe].map(|order| (order, vec![]));
    for field in &system.lens().fields {
        let w = wavefront(system, field, primary, &hexapolar(20), Clip::Apertures)?;
        let terms = crate::analysis::PISTON_TILT_FOCUS;
        let tilt = w.rms_without(&terms[..3]);
        let values = [
            w.rms_about_zero(),
            w.rms_without(&terms[..1]),
            tilt,
            w.rms_without(&terms),
            w.peak_to_valley(),
            (-(std::f64::consts::TAU * tilt).powi(2)).exp(),
        ];
        table.row(name(system, field), values.map(Some));
        for (order, columns) in &mut zernikes {
            columns.push(zernike_fit(&w, *order, 37));
        }
        maps.push(wavefront_map(system, field)?);
    }
    let names: Vec<String> = system.lens().fields.iter().map(|f| name(system, f)).collect();
    let mut tables = vec![table];
    for (order, columns) in &zernikes {
        let title = format!("{order:?} coefficients, waves");
        let mut table = Table::new(&title, &names.iter().map(String::as_str).collect::<Vec<_>>());
        for j in 0..37 {
            table.row(format!("Z{}", j + 1), columns.iter().map(|c| c.as_ref().map(|c| c[j])));
        }
        tables.push(table);
    }
    let note = "Primary wavelength; W is the path of the chief ray less that of the ray; rays in 20 rings through the paraxial \
        entrance pupil. The Strehl estimate is exp(-(2 pi rms)^2) without tilt.";
    Ok(Chart { note: note.into(), tables, maps, ..Chart::default() })
}

/// Path differences over the pupil, white where no light gets through.
fn wavefront_map(system: &System, field: &Field) -> Result<Map> {
    /// Cells along the pupil's diameter.
    const CELLS: usize = 65;
    let place = |i: usize| (2 * i + 1) as f64 / CELLS as f64 - 1.0;
    let all: Vec<[f64; 2]> = (0..CELLS * CELLS).map(|i| [place(i % CELLS), place(i / CELLS)]).collect();
    let inside = |p: &[f64; 2]| p[0].hypot(p[1]) <= 1.0;
    let places: Vec<[f64; 2]> = all.iter().copied().filter(inside).collect();
    let w = wavefront(system, field, system.lens().primary, &places, Clip::Apertures)?;
    let mut waves = w.waves.iter().copied();
    Ok(Map {
        title: format!("wavefront at {}: {:.3} waves peak to valley", name(system, field), w.peak_to_valley()),
        x: "pupil x".into(),
        y: "pupil y".into(),
        value: "waves".into(),
        size: CELLS,
        half: 1.0,
        values: all.iter().map(|p| if inside(p) { waves.next().flatten() } else { None }).collect(),
    })
}

fn psfs(system: &System) -> Result<Chart> {
    let primary = system.lens().primary;
    let mut table = Table::new(
        "field",
        &[
            "Strehl ratio",
            "Strehl, all wavelengths",
            "full width x, um",
            "full width y, um",
            "throughput",
            "FFT width x, um",
            "FFT width y, um",
        ],
    );
    let (mut plots, mut maps) = (Vec::new(), Vec::new());
    for field in &system.lens().fields {
        let one = psf(system, field, primary, &Sampling::default())?;
        let all = polychromatic_psf(system, field, &Sampling::default())?;
        let fast = fft_psf(system, field, primary, 64, 512)?;
        let peak = |values: &[f64]| (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0);
        let cut = |values: &[f64], size: usize, k: usize| -> Vec<f64> {
            let at = peak(values);
            (0..size)
                .map(|i| if k == 0 { values[at / size * size + i] } else { values[i * size + at % size] })
                .collect()
        };
        let width = |values: &[f64], size: usize, pitch: f64, k: usize| {
            let line = cut(values, size, k);
            let most = line.iter().fold(0.0, |m: f64, v| m.max(*v));
            let at = line.iter().position(|v| *v == most)?;
            // where the profile crosses half its peak, between samples
            let crossing = |indices: &mut dyn Iterator<Item = usize>| {
                let mut before = at;
                for i in indices {
                    if line[i] < 0.5 * most {
                        let t = (line[before] - 0.5 * most) / (line[before] - line[i]);
                        return Some((before as f64 - at as f64).abs() + t);
                    }
                    before = i;
                }
                None
            };
            Some((crossing(&mut (at + 1..size))? + crossing(&mut (0..at).rev())?) * pitch)
        };
        table.row(
            name(system, field),
            [
                Some(one.strehl),
                Some(all.strehl),
                width(&one.values, one.size, one.pitch_um, 0),
                width(&one.values, one.size, one.pitch_um, 1),
                Some(one.throughput),
                width(&fast.values, fast.size, fast.pitch_um[0], 0),
                width(&fast.values, fast.size, fast.pitch_um[1], 1),
            ],
        );
        let most = all.values.iter().fold(0.0, |m: f64, v| m.max(*v));
        maps.push(Map {
            title: format!("point spread at {}, Strehl ratio {:.3}", name(system, field), all.strehl),
            x: "x, um".into(),
            y: "y, um".into(),
            value: "log10 of the share of the peak".into(),
            size: all.size,
            half: 0.5 * all.pitch_um * all.size as f64,
            values: all.values.iter().map(|v| Some((v / most).max(1e-4).log10())).collect(),
        });
        let series = ["x", "y"].into_iter().enumerate().map(|(k, label)| {
            let line_of = cut(&all.values, all.size, k);
            let points =
                line_of.iter().enumerate().map(|(i, v)| [all.pitch_um * (i as f64 - (all.size / 2) as f64), v / most]);
            line(format!("along {label}"), k, points.collect())
        });
        plots.push(Plot {
            title: format!("point spread at {}, all wavelengths", name(system, field)),
            x: "um".into(),
            y: "share of the peak".into(),
            unit: true,
            series: series.collect(),
            ..Plot::default()
        });
    }
    let note = "Sum of plane waves (Huygens) over 96 rays across the pupil; the FFT takes directions proportional to pupil places. \
        Widths at half the peak, primary wavelength.";
    Ok(Chart { note: note.into(), tables: vec![table], plots, maps, ..Chart::default() })
}

fn mtf(system: &System) -> Result<Chart> {
    let f = frequencies(system, 60);
    let mut tables = Vec::new();
    let mut plots = ["diffraction", "geometric"].map(|what| Plot {
        title: format!("{what} MTF, all wavelengths"),
        x: "cycles per mm".into(),
        y: "modulation".into(),
        unit: true,
        ..Plot::default()
    });
    for (i, field) in system.lens().fields.iter().enumerate() {
        let wave = polychromatic_psf(system, field, &Sampling::default())?.mtf(&f);
        let geometric = geometric_mtf(&polychromatic(system, field, 24), &f, Some(cutoff(system)));
        let mut table = Table::new(
            &format!("cycles/mm at {}", name(system, field)),
            &["tangential", "sagittal", "geometric tangential", "geometric sagittal"],
        );
        for k in (0..f.len()).step_by(3) {
            let values = [wave.tangential[k], wave.sagittal[k], geometric.tangential[k], geometric.sagittal[k]];
            table.row(format!("{}", (f[k] * 1e6).round() / 1e6), values.map(Some));
        }
        tables.push(table);
        for (plot, m) in plots.iter_mut().zip([&wave, &geometric]) {
            let points = |v: &[f64]| f.iter().zip(v).map(|(f, m)| [*f, *m]).collect();
            plot.series.push(line(format!("{} T", name(system, field)), i, points(&m.tangential)));
            plot.series
                .push(Series { dashed: true, ..line(format!("{} S", name(system, field)), i, points(&m.sagittal)) });
        }
    }
    let note = "Weights of all wavelengths; T: structure along the field's direction y, S: across it. Geometric MTF includes the \
        perfect lens's modulation as a factor.";
    Ok(Chart { note: note.into(), tables, plots: plots.into(), ..Chart::default() })
}

fn mtf_field(system: &System) -> Result<Chart> {
    let all = frequencies(system, 4);
    let f = &all[1..];
    let full = system.lens().full_field();
    let full = full.x.hypot(full.y);
    let titles: Vec<String> = f.iter().flat_map(|f| [format!("{f} T"), format!("{f} S")]).collect();
    let mut table =
        Table::new(&format!("field, {}", unit(system)), &titles.iter().map(String::as_str).collect::<Vec<_>>());
    let mut series: Vec<Series> = f
        .iter()
        .enumerate()
        .flat_map(|(i, f)| {
            [line(format!("{f}/mm T"), i, vec![]), Series { dashed: true, ..line(format!("{f}/mm S"), i, vec![]) }]
        })
        .collect();
    for i in 0..=10 {
        let y = full * f64::from(i) / 10.0;
        let values: Vec<Option<f64>> = match polychromatic_psf(system, &Field::up(y), &Sampling::default()) {
            Ok(psf) => {
                let m = psf.mtf(f);
                m.tangential.iter().zip(&m.sagittal).flat_map(|(t, s)| [Some(*t), Some(*s)]).collect()
            }
            // a field in the dark has none
            Err(OpticsError::Dark { .. }) => vec![None; 2 * f.len()],
            Err(other) => return Err(other),
        };
        for (s, v) in series.iter_mut().zip(&values) {
            s.points.extend(v.map(|v| [y, v]));
        }
        table.row(format!("{y:.3}"), values);
    }
    let plot = Plot {
        title: "diffraction MTF over the field".into(),
        x: format!("field, {}", unit(system)),
        y: "modulation".into(),
        unit: true,
        series,
        ..Plot::default()
    };
    let note = "All wavelengths by weight, frequencies in cycles per mm; T: structure along the field's direction, S: across it.";
    Ok(Chart { note: note.into(), tables: vec![table], plots: vec![plot], ..Chart::default() })
}

fn focus(system: &System) -> Chart {
    let first = system.first_order();
    // eight times the depth of focus 2 lambda F^2 on either side, and half more than it is to the sharpest spot of any field
    let depth = 8.0 * 2.0 * system.lens().primary_um() * 1e-3 * first.fno * first.fno;
    let far: Vec<f64> = (-40..=40).map(|i| depth * f64::from(i)).collect();
    let sharpest = |field: &Field| {
        let points = through_focus(system, field, &far, &[]);
        let size = |p: &crate::analysis::FocusPoint| p.spot.map_or(f64::INFINITY, |s| s.rms_um);
        points.iter().min_by(|a, b| size(a).total_cmp(&size(b))).map_or(0.0, |p| p.shift_mm.abs())
    };
    let reach = system.lens().fields.iter().map(sharpest).fold(0.0, f64::max);
    let depth = depth.max(1.5 * reach);
    let shifts: Vec<f64> = (0..=40).map(|i| depth * (f64::from(i) / 20.0 - 1.0)).collect();
    let f = frequencies(system, 4)[1];
    let names: Vec<String> = system.lens().fields.iter().map(|f| name(system, f)).collect();
    let columns: Vec<String> =
        names.iter().flat_map(|n| [format!("{n} rms um"), format!("{n} T"), format!("{n} S")]).collect();
    let mut table = Table::new("shift, mm", &columns.iter().map(String::as_str).collect::<Vec<_>>());
    let all: Vec<_> = system.lens().fields.iter().map(|field| through_focus(system, field, &shifts, &[f])).collect();
    for (k, shift) in shifts.iter().enumerate().step_by(2) {
        let values = all.iter().flat_map(|points| {
            let p = &points[k];
            [p.spot.map(|s| s.rms_um), p.modulation.tangential.first().copied(), p.modulation.sagittal.first().copied()]
        });
        table.row(format!("{shift:.4}"), values.collect::<Vec<_>>());
    }
    let curve = |what: usize, title: String, y: &str, unit| Plot {
        title,
        x: "image plane shifted, mm".into(),
        y: y.into(),
        unit,
        series: all
            .iter()
            .enumerate()
            .flat_map(|(i, points)| {
                let value = |k: usize| -> Vec<[f64; 2]> {
                    points
                        .iter()
                        .filter_map(|p| {
                            let v = match k {
                                0 => p.spot?.rms_um,
                                1 => *p.modulation.tangential.first()?,
                                _ => *p.modulation.sagittal.first()?,
                            };
                            Some([p.shift_mm, v])
                        })
                        .collect()
                };
                match what {
                    0 => vec![line(names[i].clone(), i, value(0))],
                    _ => vec![
                        line(format!("{} T", names[i]), i, value(1)),
                        Series { dashed: true, ..line(format!("{} S", names[i]), i, value(2)) },
                    ],
                }
            })
            .collect(),
        ..Plot::default()
    };
    let plots = vec![
        curve(0, "spot through focus".into(), "rms radius, um", false),
        curve(1, format!("geometric MTF at {f} cycles/mm through focus"), "modulation", true),
    ];
    let note = "Rays of all wavelengths of weight above 0, without diffraction.";
    Chart { note: note.into(), tables: vec![table], plots, ..Chart::default() }
}

fn field(system: &System) -> Result<Chart> {
    let lens = system.lens();
    let points = field_curves(system, 41);
    if points.is_empty() {
        let what = "the chief rays of every field".to_owned();
        return Err(OpticsError::Dark { what, got: 0, asked: 41, surface: None, why: String::new() });
    }
    let lateral: Vec<String> = lens.wavelengths.iter().map(|w| format!("{} lateral, um", w.name)).collect();
    let mut columns = vec![
        "height, mm",
        "tangential focus, mm",
        "sagittal focus, mm",
        "distortion, %",
        "chief angle, deg",
        "illumination",
        "unvignetted",
    ];
    columns.extend(lateral.iter().map(String::as_str));
    let mut table = Table::new(&format!("field, {}", unit(system)), &columns);
    for p in points.iter().step_by(4) {
        let values = [
            Some(p.height_mm),
            Some(p.tangential_mm),
            Some(p.sagittal_mm),
            p.distortion_percent,
            Some(p.chief_angle_deg),
            p.illumination,
            Some(p.unvignetted),
        ];
        table
            .row(format!("{:.3}", p.field), values.into_iter().chain(p.lateral_um.iter().copied()).collect::<Vec<_>>());
    }
    let over = |f: &dyn Fn(&crate::analysis::FieldPoint) -> Option<f64>| -> Vec<[f64; 2]> {
        points.iter().filter_map(|p| f(p).map(|v| [p.field, v])).collect()
    };
    let plot = |title: &str, y: &str, unit_axis: bool, series: Vec<Series>| Plot {
        title: title.into(),
        x: format!("field, {}", unit(system)),
        y: y.into(),
        unit: unit_axis,
        series,
        ..Plot::default()
    };
    let lateral = lens.wavelengths.iter().enumerate().map(|(i, w)| line(w.name.clone(), i, over(&|p| p.lateral_um[i])));
    let plots = vec![
        plot(
            "field curvature",
            "focus from the image plane, mm",
            false,
            vec![
                line("tangential", 0, over(&|p| Some(p.tangential_mm))),
                line("sagittal", 1, over(&|p| Some(p.sagittal_mm))),
            ],
        ),
        plot("distortion", "percent", false, vec![line("", 0, over(&|p| p.distortion_percent))]),
        plot("lateral colour", "um from the primary wavelength", false, lateral.collect()),
        plot(
            "illumination",
            "share of the axis",
            true,
            vec![
                line("illumination", 0, over(&|p| p.illumination)),
                Series { dashed: true, ..line("unvignetted rays", 1, over(&|p| Some(p.unvignetted))) },
            ],
        ),
        plot("chief-ray angle at the image", "degrees", false, vec![line("", 0, over(&|p| Some(p.chief_angle_deg)))]),
    ];
    let note = "Foci of rays beside the chief ray through the middle of the stop; distortion against f tan(field); illumination is \
        the bundle's area in image-side direction cosines, with the clear apertures, over that on the axis.";
    Ok(Chart { note: note.into(), tables: vec![table], plots, ..Chart::default() })
}

fn colour(system: &System) -> Result<Chart> {
    let points = axial_colour(system, 41)?;
    let mut table = Table::new("wavelength, um", &["paraxial focus, mm", "rim focus, mm"]);
    for p in points.iter().step_by(4) {
        table.row(format!("{:.4}", p.um), [Some(p.focus_mm), p.rim_mm]);
    }
    let series = vec![
        line("paraxial", 0, points.iter().map(|p| [p.um, p.focus_mm]).collect()),
        Series { dashed: true, ..line("rim", 1, points.iter().filter_map(|p| p.rim_mm.map(|v| [p.um, v])).collect()) },
    ];
    let plot = Plot {
        title: "axial colour".into(),
        x: "wavelength, um".into(),
        y: "focus behind the primary wavelength's, mm".into(),
        series,
        ..Plot::default()
    };
    Ok(Chart { tables: vec![table], plots: vec![plot], ..Chart::default() })
}

fn encircled(system: &System) -> Result<Chart> {
    let names: Vec<String> = system.lens().fields.iter().map(|f| name(system, f)).collect();
    let psfs = system
        .lens()
        .fields
        .iter()
        .map(|f| polychromatic_psf(system, f, &Sampling::default()))
        .collect::<Result<Vec<_>>>()?;
    let most = psfs.iter().map(|p| p.pitch_um * (p.size / 2) as f64).fold(f64::INFINITY, f64::min);
    let radii: Vec<f64> = (0..=40).map(|i| most * f64::from(i) / 40.0).collect();
    let curves: Vec<Vec<f64>> = psfs.iter().map(|p| p.encircled(&radii)).collect();
    let mut table = Table::new("radius, um", &names.iter().map(String::as_str).collect::<Vec<_>>());
    for k in (0..radii.len()).step_by(2) {
        table.row(format!("{:.3}", radii[k]), curves.iter().map(|c| Some(c[k])));
    }
    let plot = Plot {
        title: "encircled energy, all wavelengths".into(),
        x: "radius, um".into(),
        y: "share of the light".into(),
        unit: true,
        series: names
            .iter()
            .zip(&curves)
            .enumerate()
            .map(|(i, (n, c))| line(n.clone(), i, radii.iter().zip(c).map(|(r, v)| [*r, *v]).collect()))
            .collect(),
        ..Plot::default()
    };
    let note = "About the centroid, with diffraction, of the light inside the computed square.";
    Ok(Chart { note: note.into(), tables: vec![table], plots: vec![plot], ..Chart::default() })
}

fn ghost_chart(system: &System) -> Chart {
    let list = ghosts(system, &Field::up(0.0));
    let mut table =
        Table::new("surfaces", &["strength", "reflected", "left", "arriving", "radius, mm", "middle y, mm"]);
    for g in list.iter().take(30) {
        let values = [g.strength, g.reflected, g.left, g.arriving, g.radius_mm, middle(g.middle_mm[1])];
        table.row(format!("{} then {}", g.surfaces[0], g.surfaces[1]), values.map(Some));
    }
    let note = "Light of the axial point, reflected at the first surface named and again at the second: what both reflect, and what is \
        left at the image after all surfaces, with the coatings of the prescription (bare where it states none). Strength: irradiance in \
        the ghost over that of the point's image spread over 10 um. The strongest thirty.";
    let dot = |(i, g): (usize, &Ghost)| {
        let label = if i < 7 { format!("{} then {}", g.surfaces[0], g.surfaces[1]) } else { String::new() };
        Series { dots: true, ..line(label, i.min(6), vec![[g.radius_mm, g.strength.log10()]]) }
    };
    let plot = Plot {
        title: "ghosts of the point on the axis".into(),
        x: "radius in the image, mm".into(),
        y: "log10 of the strength".into(),
        series: list.iter().take(30).enumerate().map(dot).collect(),
        ..Plot::default()
    };
    Chart { note: note.into(), tables: vec![table], plots: vec![plot], ..Chart::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn every_analysis_has_its_chart() {
        let system = System::new(samples::triplet()).unwrap();
        for (word, _) in ANALYSES {
            let chart = chart(&system, word).unwrap_or_else(|e| panic!("{word}: {e}"));
            assert!(!chart.tables.is_empty() && chart.tables.iter().all(|t| !t.rows.is_empty()), "{word}");
            for table in &chart.tables {
                assert!(table.rows.iter().all(|r| r.values.len() == table.columns.len()), "{word} {}", table.title);
            }
            for plot in &chart.plots {
                assert!(plot.series.iter().any(|s| !s.points.is_empty()), "{word} {}", plot.title);
            }
            assert!(!chart.pictures().is_empty(), "{word}");
            assert!(
                chart.maps.iter().all(|m| m.values.len() == m.size * m.size && m.values.iter().any(Option::is_some))
            );
        }
        assert!(chart(&system, "mft").unwrap_err().to_string().contains("mtf"));
    }

    #[test]
    fn a_lens_in_the_dark_gives_errors_and_no_zeros() {
        let mut lens = samples::triplet();
        // the second surface's rim shuts everything out but its very middle, and the obscuration takes that
        lens.surfaces[1].clear = crate::Clear { outer: Some(8.0), inner: 7.99 };
        let system = System::new(lens).unwrap();
        for word in ["psf", "mtf", "encircled"] {
            let error = chart(&system, word).unwrap_err().to_string();
            assert!(error.contains("surface 2") && error.contains("clear aperture"), "{word}: {error}");
        }
        let spots = chart(&system, "spots").unwrap();
        assert_eq!(spots.tables[0].rows[0].values[0], None);
    }
}
