//! The score table, written from the cards.

use calotype_lab::Card;
use calotype_lab::report::Change;
use serde_json::{Value, json};
use std::fmt::Write;

/// What is aimed at: chart colours, white balance, overshoot.
const AIM_DELTA_E: f64 = 1.5;
const AIM_ANGLE_DEG: f64 = 1.5;
const AIM_OVERSHOOT: f64 = 2.0;

fn of<'a>(cards: &'a [Card], measure: &str) -> Vec<&'a Card> {
    cards.iter().filter(|c| c.measure == measure).collect()
}

fn number(v: Option<f64>, digits: usize) -> String {
    v.map_or_else(|| "-".into(), |v| format!("{v:.digits$}"))
}

/// The first figures of a card on one line.
pub fn line(card: &Card) -> String {
    let figures = card.figures.iter().take(3).map(|f| format!("{} {} {}", f.label, number(f.value, 2), f.unit));
    let text = format!("{}: {}", card.subject, figures.collect::<Vec<_>>().join(", "));
    text.replace(" ,", ",").trim_end().to_owned()
}

/// The table of docs/reference/quality.md.
pub fn markdown(cards: &[Card], peers: &[String]) -> String {
    let mut out = String::new();
    let photographs = of(cards, "photograph");
    if !photographs.is_empty() {
        out += "| photograph | SSIMULACRA2 | one frame |";
        let beside = if peers.is_empty() { 0 } else { 2 };
        out += &" best peer, one frame | best peer, average |".repeat(beside / 2);
        out += " CIEDE2000 | one frame |";
        out += &" best peer, one frame | best peer, average |".repeat(beside / 2);
        out += " PSNR, dB | gained | where things move, dB |\n|---|";
        out += &"---|".repeat(7 + 2 * beside);
        out += "\n";
        for c in &photographs {
            let v = |key: &str| c.value(key);
            let gained = v("psnr").zip(v("one_psnr")).map(|(a, b)| a - b);
            write!(out, "| {} |", c.subject).ok();
            for (key, digits) in [("ssimulacra2", 1), ("delta_e", 2)] {
                write!(out, " {} | {} |", number(v(key), digits), number(v(&format!("one_{key}")), digits)).ok();
                if beside > 0 {
                    for raw in ["one", "average"] {
                        write!(out, " {} |", number(v(&format!("peer_{raw}_{key}")), digits)).ok();
                    }
                }
            }
            let moving = v("ghost_db").map_or_else(|| "-".into(), |d| format!("{d:+.1}"));
            let gained = gained.map_or_else(|| "-".into(), |d| format!("{d:+.1}"));
            writeln!(out, " {} | {gained} | {moving} |", number(v("psnr"), 1)).ok();
        }
    }
    let small = |out: &mut String, measure: &str, heads: &str, keys: &[(&str, usize)]| {
        let cards = of(cards, measure);
        if cards.is_empty() {
            return;
        }
        writeln!(out, "\n| {measure} | {heads} |\n|---|{}", "---|".repeat(keys.len())).ok();
        for c in cards {
            let cells: String = keys.iter().map(|(k, d)| format!(" {} |", number(c.value(k), *d))).collect();
            writeln!(out, "| {} |{cells}", c.subject).ok();
        }
    };
    small(
        &mut out,
        "colour",
        "CIEDE2000, mean | largest | hue, ° | chroma",
        &[("delta_e_mean", 2), ("delta_e_max", 2), ("hue_error", 2), ("chroma_gain", 3)],
    );
    small(
        &mut out,
        "white balance",
        "error, ° | found, K | true, K",
        &[("angle", 2), ("kelvin", 0), ("truth_kelvin", 0)],
    );
    small(
        &mut out,
        "edges",
        "MTF50 over the truth's | overshoot, L* | halo, L*",
        &[("mtf50", 3), ("overshoot", 2), ("halo", 2)],
    );
    small(&mut out, "false colour", "a*, b* | one frame", &[("chroma", 2), ("one_chroma", 2)]);
    out += "\n| aim | reached |\n|---|---|\n";
    for (aim, reached) in scores(cards).as_object().into_iter().flatten() {
        writeln!(out, "| {aim} | {} |", reached.as_str().unwrap_or_default()).ok();
    }
    if !peers.is_empty() {
        writeln!(out, "\nPeers: {}.", peers.join(", ")).ok();
    }
    out
}

/// The aims, and how far they are reached, in words.
pub fn scores(cards: &[Card]) -> Value {
    let mut scores = serde_json::Map::new();
    let mut put = |aim: &str, reached: String| scores.insert(aim.into(), json!(reached));
    let photographs = of(cards, "photograph");
    for (label, key, higher) in [("SSIMULACRA2", "ssimulacra2", true), ("CIEDE2000", "delta_e", false)] {
        for (raw, words) in [("one", "one frame"), ("average", "the average")] {
            let pairs: Vec<(&str, f64)> = photographs
                .iter()
                .filter_map(|c| {
                    let lead = c.value(key)? - c.value(&format!("peer_{raw}_{key}"))?;
                    Some((c.subject.as_str(), if higher { lead } else { -lead }))
                })
                .collect();
            if !pairs.is_empty() {
                put(&format!("{label}: better than the best peer on {words}"), wins(&pairs));
            }
        }
    }
    let ghosts: Vec<(&str, f64)> =
        photographs.iter().filter_map(|c| Some((c.subject.as_str(), c.value("ghost_db")?))).collect();
    if !ghosts.is_empty() {
        put("things that move: no worse than one frame (PSNR, dB)", wins(&ghosts));
    }
    let values = |measure: &str, key: &str| -> Vec<(&str, f64)> {
        of(cards, measure).iter().filter_map(|c| Some((c.subject.as_str(), c.value(key)?))).collect()
    };
    let mut at_most = |aim: &str, aimed: f64, all: Vec<(&str, f64)>| {
        if let Some((name, worst)) = all.iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
            let good = all.iter().filter(|v| v.1 <= aimed).count();
            put(aim, format!("{good} of {}; worst {worst:.2} ({name})", all.len()));
        }
    };
    at_most(
        &format!("chart colours: CIEDE2000 of at most {AIM_DELTA_E}"),
        AIM_DELTA_E,
        values("colour", "delta_e_mean"),
    );
    at_most(&format!("overshoot: at most {AIM_OVERSHOOT} L*"), AIM_OVERSHOOT, values("edges", "overshoot"));
    at_most(&format!("halo: at most {AIM_OVERSHOOT} L*"), AIM_OVERSHOOT, values("edges", "halo"));
    let angles = values("white balance", "angle");
    if let Some(median) = median(angles.iter().map(|v| v.1).collect()) {
        at_most(&format!("white balance: error of at most {AIM_ANGLE_DEG}°"), AIM_ANGLE_DEG, angles);
        put("white balance: median error", format!("{median:.2}°"));
    }
    Value::Object(scores)
}

/// How many are above 0, and the worst.
fn wins(leads: &[(&str, f64)]) -> String {
    let good = leads.iter().filter(|v| v.1 >= 0.0).count();
    let worst = leads.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let worst = worst.map_or_else(String::new, |(name, lead)| format!("; worst {lead:+.2} ({name})"));
    format!("{good} of {}{worst}", leads.len())
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    (n > 0).then(|| 0.5 * (values[(n - 1) / 2] + values[n / 2]))
}

/// What became better and what worse, the figures of peers left out.
pub fn changes(changes: &[Change<'_>]) -> String {
    let mut out = String::new();
    let count = |way: i8| changes.iter().filter(|c| c.better == way).count();
    writeln!(out, "\n{} figures better, {} worse", count(1), count(-1)).ok();
    for c in changes.iter().filter(|c| c.better != 0) {
        let word = if c.better > 0 { "better" } else { "worse" };
        let (now, before) = (number(c.now.value, 3), number(c.before.value, 3));
        writeln!(out, "  {word}: {}, {}: {now} was {before} {}", c.card.1, c.now.label, c.now.unit).ok();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_lab::Goal;

    #[test]
    fn aims_count_what_is_reached_and_name_the_worst() {
        let photograph = |name: &str, ours: f64, peer: f64| {
            Card::new("photograph", name, "").figure("ssimulacra2", "", ours, "", Goal::Higher).figure(
                "peer_one_ssimulacra2",
                "",
                peer,
                "",
                Goal::Neither,
            )
        };
        let angle = |name: &str, v: f64| Card::new("white balance", name, "").figure("angle", "", v, "°", Goal::Lower);
        let cards = [
            photograph("a", 70.0, 60.0),
            photograph("b", 50.0, 55.0),
            angle("w1", 1.0),
            angle("w2", 4.0),
            angle("w3", 2.0),
        ];
        let scores = scores(&cards);
        assert_eq!(scores["SSIMULACRA2: better than the best peer on one frame"], "1 of 2; worst -5.00 (b)");
        assert_eq!(scores["white balance: median error"], "2.00°");
        assert_eq!(scores["white balance: error of at most 1.5°"], "1 of 3; worst 4.00 (w2)");
        let text = markdown(&cards, &["darktable-cli 1".into()]);
        let rows: Vec<&str> = text.lines().take(4).collect();
        assert!(rows.iter().all(|r| r.matches('|').count() == 13), "{text}");
        assert!(text.contains("| w2 | 4.00 | - | - |"));
    }
}
