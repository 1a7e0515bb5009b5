//! What fits say of themselves.

use calotype::look::SECTORS;
use calotype::look::fit::{Confidence, Fitted, HeldOut, Pair, PatchUse, ReferenceFit, TableFit, Zone};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn held_out(h: &HeldOut) -> Value {
    json!({ "mean": h.mean, "interval95": h.interval, "p95": h.p95 })
}

/// Figures of a fit to examples, for people and programs.
pub fn fitted(f: &Fitted, out: &Path) -> (String, Value) {
    let table = f.look.residual.is_some();
    let made = match (f.mono, table) {
        (true, true) => "black and white, numbers and a table",
        (true, false) => "black and white, numbers",
        (false, true) => "numbers and a table",
        (false, false) => "numbers alone",
    };
    let h = &f.held_out;
    let mut text = format!(
        "{}: {made}, fitted to {} colours\nCIEDE2000 of colours held out: mean {:.2} +- {:.2}, 95 of 100 within {:.2}\n\
         (the neutral rendition is {:.2} away; numbers alone {:.2}, the smoothest table alone {:.2})\n\n",
        out.display(),
        f.samples,
        h.mean,
        h.interval,
        h.p95,
        f.neutral.mean,
        f.numbers.mean,
        f.table.mean
    );
    text += &format!("{:<10}{:>20}{:>20}{:>20}\n", "colours", "shadows", "mid-tones", "lights");
    let mut rows = serde_json::Map::new();
    for (i, row) in f.confidence.cells.iter().enumerate() {
        let cell = |s: &calotype::look::fit::Support| match s.samples {
            0 => "none".to_owned(),
            n @ 1..4 => format!("{n} ({:.1})", s.mean),
            n => format!("{} {n} ({:.1})", s.word(), s.mean),
        };
        let [a, b, c] = row.each_ref().map(cell);
        text += &format!("{:<10}{a:>20}{b:>20}{c:>20}\n", Confidence::name(i));
        let list: Vec<Value> =
            row.iter().map(|s| json!({ "samples": s.samples, "mean": s.mean, "confidence": s.word() })).collect();
        rows.insert(Confidence::name(i).to_owned(), list.into());
    }
    text += "colours behind each, and their mean error held out\n";
    let json = json!({
        "output": out.display().to_string(), "samples": f.samples, "black_and_white": f.mono, "table": table,
        "held_out": held_out(h), "neutral": held_out(&f.neutral), "numbers_alone": held_out(&f.numbers),
        "table_alone": held_out(&f.table), "confidence": rows,
    });
    (text, json)
}

/// What was found in the pairs.
pub fn pairs(list: &[(&[PathBuf], &Pair)]) -> (String, Value) {
    let (mut text, mut all) = (String::from("\n"), Vec::new());
    for (files, pair) in list {
        let count = |what| pair.count(what);
        let [used, edited, textured, clipped, outside] =
            [PatchUse::Used, PatchUse::Edited, PatchUse::Textured, PatchUse::Clipped, PatchUse::Outside].map(count);
        let r = &pair.registration;
        text += &format!(
            "{} on {}: structures correlate by {:.2}, {:.0} % in common\n  of {} patches {used} used, {edited} edited ({:.1} % of \
             what is flat and unclipped), {textured} textured, {clipped} clipped, {outside} outside\n",
            files[1].display(),
            files[0].display(),
            r.correlation,
            100.0 * r.overlap,
            pair.uses.len(),
            100.0 * pair.edited_share(),
        );
        all.push(json!({
            "neutral": files[0].display().to_string(), "graded": files[1].display().to_string(),
            "correlation": r.correlation, "overlap": r.overlap, "homography": r.homography,
            "patches": { "used": used, "edited": edited, "textured": textured, "clipped": clipped, "outside": outside },
            "edited_share": pair.edited_share(), "colours": pair.samples.len(),
        }));
    }
    (text, all.into())
}

/// Figures of a fit to a table.
pub fn table(t: &TableFit, out: &Path) -> (String, Value) {
    let (mut text, mut json) = fitted(&t.fitted, out);
    text += &format!(
        "\nagainst the table itself on 1500 codes not fitted to: mean {:.2}, 95 of 100 within {:.2}; numbers alone {:.2}\n",
        t.unseen.mean, t.unseen.p95, t.numbers_unseen.mean
    );
    json["unseen"] = held_out(&t.unseen);
    json["numbers_unseen"] = held_out(&t.numbers_unseen);
    (text, json)
}

/// What a reference was followed in.
pub fn reference(r: &ReferenceFit, out: &Path) -> (String, Value) {
    let [target, usual, after] = &r.statistics;
    let mut text =
        format!("{}: confidence low\n{:<26}{:>10}{:>10}{:>10}\n", out.display(), "", "reference", "before", "after");
    let mut row = |name: String, v: [f64; 3]| {
        // no minus before a zero
        let v = v.map(|v| if v.abs() < 0.05 { 0.0 } else { v });
        text += &format!("{name:<26}{:>10.1}{:>10.1}{:>10.1}\n", v[0], v[1], v[2]);
    };
    for (i, percent) in [1, 5, 15, 30, 50, 70, 85, 95, 99].into_iter().enumerate() {
        row(format!("L* at {percent} %"), [target.lightness[i], usual.lightness[i], after.lightness[i]]);
    }
    for (i, zone) in ["shadows", "mid-tones", "lights"].into_iter().enumerate() {
        let of = |f: &dyn Fn(&Zone) -> f64| [target, usual, after].map(|s| 100.0 * f(&s.zones[i]));
        row(format!("chroma of {zone}"), of(&|z| z.chroma));
        row(format!("a of neutral {zone}"), of(&|z| z.tint[0]));
        row(format!("b of neutral {zone}"), of(&|z| z.tint[1]));
    }
    text += "chroma, a and b in hundredths of Oklab\n";
    if !r.mono {
        text += "hues that the reference has, and the turns taken from them\n";
    }
    let mut hues = serde_json::Map::new();
    for (i, (_, name)) in SECTORS.iter().enumerate() {
        let (share, shift) = (target.hues[i].0, r.look.sectors[i].shift_deg);
        let word = if shift.abs() >= 0.05 || share >= 0.05 {
            format!("{shift:+.1} degrees")
        } else {
            "too little of it".into()
        };
        if !r.mono {
            text += &format!("{name:<10}{:>6.1} %  {word}\n", 100.0 * share);
        }
        hues.insert((*name).to_owned(), json!({ "share": share, "shift_deg": shift }));
    }
    let json = json!({
        "output": out.display().to_string(), "confidence": "low", "black_and_white": r.mono, "hues": hues,
        "lightness": { "reference": target.lightness, "before": usual.lightness, "after": after.lightness },
    });
    (text, json)
}
