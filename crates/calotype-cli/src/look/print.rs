//! Looks in words and numbers.

use calotype::Look;
use calotype::look::{Difference, SECTORS, measure, terminal_plot, verify};
use serde_json::{Value, json};

const STOPS: [f64; 7] = [-4.0, -3.0, -2.0, 0.0, 1.5, 2.0, 3.0];

/// What a look says and measures, with its tone curve.
pub fn card(look: &Look) -> String {
    let m = measure(look);
    let mut out = format!("{}: {}\n\n", look.meta.name, look.meta.description);
    let mut row = |name: &str, cells: Vec<String>| {
        out += &format!("{name:<22}{}\n", cells.iter().map(|c| format!("{c:>9}")).collect::<String>());
    };
    row("EV from grey", STOPS.iter().map(|ev| format!("{ev:+}")).collect());
    row("L*", STOPS.iter().map(|ev| format!("{:.1}", m.lstar(*ev))).collect());
    if look.mono.amount < 1.0 {
        row("chroma, out / in", STOPS.iter().map(|ev| format!("{:.2}", m.gain(*ev))).collect());
        row("hue", SECTORS.iter().map(|s| s.1.to_owned()).collect());
        row("turns by degrees", m.hue.iter().map(|v| format!("{v:+.1}")).collect());
        row("chroma, out / in", m.hue_gain.iter().map(|v| format!("{v:.2}")).collect());
        let (most, spread) = (m.skin_shift(), m.skin_spread());
        row("skin turns", vec![format!("{most:.1}"), format!("at most, and within {spread:.1} of each other")]);
    }
    row("slope at grey", vec![format!("{:.2}", m.slope)]);
    row("L* of black", vec![format!("{:.2}", m.min_lstar)]);
    let (l, o, g) = (&look.local, &look.optics, &look.grain);
    row("local contrast, %", [l.fine, l.medium, l.coarse].map(|v| format!("{:+.0}", 100.0 * v)).to_vec());
    row("corner, EV", vec![format!("{:.2}", o.corner_ev)]);
    row("glow, halation, %", [o.glow, o.halation].map(|v| format!("{:.1}", 100.0 * v)).to_vec());
    row("grain, RMS and um", [g.rms, g.size_um].map(|v| format!("{v:.0}")).to_vec());
    out += &format!("\nL* by stops from grey\n{}", terminal_plot(look, 70, 16));
    let breaches = verify(look);
    out += if breaches.is_empty() { "\nIts contract is kept.\n" } else { "\nIts contract is broken:\n" };
    breaches.iter().for_each(|b| out += &format!("  {b}\n"));
    out
}

/// What a look measures, for programs.
pub fn measured(look: &Look) -> Value {
    let m = measure(look);
    let by_stop = |f: &dyn Fn(f64) -> f64| -> Value {
        STOPS.iter().map(|ev| (format!("{ev:+}"), json!(f(*ev)))).collect::<serde_json::Map<_, _>>().into()
    };
    let hue: serde_json::Map<_, _> = SECTORS.iter().zip(m.hue).map(|(s, v)| (s.1.to_owned(), json!(v))).collect();
    json!({
        "slope": m.slope, "min_lstar": m.min_lstar, "lstar": by_stop(&|ev| m.lstar(ev)), "gain": by_stop(&|ev| m.gain(ev)),
        "hue_deg": hue, "skin_deg": m.skin, "skin_gain": m.skin_gain,
        "skin_shift_max": m.skin_shift(), "skin_spread_max": m.skin_spread(), "corner_ev": look.optics.corner_ev,
    })
}

/// In what two looks differ, and what that does.
pub fn differences(first: &Look, second: &Look, all: &[Difference]) -> String {
    if all.is_empty() {
        return format!("{} and {} are the same in every number\n", first.meta.name, second.meta.name);
    }
    let numbers = |v: &[f64]| v.iter().map(|v| format!("{}", (v * 1e4).round() / 1e4)).collect::<Vec<_>>().join(" ");
    let (a, b) = (measure(first), measure(second));
    let mut out = format!("{:<22}{:>20}{:>20}\n", "", first.meta.name, second.meta.name);
    for d in all {
        out += &format!("{:<22}{:>20}{:>20}  {}\n", d.key, numbers(&d.first), numbers(&d.second), d.unit);
    }
    out += "\nmeasured\n";
    for ev in STOPS {
        out += &format!("{:<22}{:>20.1}{:>20.1}\n", format!("L* at {ev:+} EV"), a.lstar(ev), b.lstar(ev));
    }
    out
}
