//! A report as one HTML page that needs nothing else.

use super::{Report, name};
use crate::card::{Card, Figure, Goal, Row, Table};
use crate::svg::{escape, number, svg};

const STYLE: &str = "\
:root{color-scheme:light}body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:1100px;padding:24px;color:#1c1c1c;background:#fafaf8}\
h1{font-size:26px;margin:0 0 4px}h2{font-size:20px;margin:40px 0 2px;border-top:2px solid #1c1c1c;padding-top:14px}h3{font-size:15px;margin:18px 0 6px}\
p{margin:4px 0}.quiet{color:#666;font-size:13px}table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:8px 0;background:#fff}\
th,td{padding:3px 10px;text-align:right;border-bottom:1px solid #e4e4e0;white-space:nowrap}th{font-weight:600;color:#444;font-size:13px}\
td:first-child,th:first-child{text-align:left}.better{color:#1a7f37}.worse{color:#b3261e}.plots{display:flex;flex-wrap:wrap;gap:12px;margin:10px 0}\
.plots svg{width:520px;max-width:100%;height:auto;border:1px solid #e4e4e0}.crops{display:flex;flex-wrap:wrap;gap:12px}\
figure{margin:0;font-size:13px;color:#444}figure img{display:block;image-rendering:pixelated;min-width:120px;max-width:480px;border:1px solid #ccc}\
.swatch{display:inline-block;width:14px;height:14px;vertical-align:-2px;margin-right:2px;border:1px solid #bbb}.scroll{overflow-x:auto}";

/// A report as a page: a summary, then a section for every card with its figures, plots, crops and tables. With `before`
/// every figure stands beside what it was.
pub fn html(report: &Report, before: Option<&Report>) -> String {
    let title = escape(&report.title);
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>"
    );
    out += &match before {
        Some(b) => {
            let changes = report.changes(b);
            let count = |way: i8| changes.iter().filter(|c| c.better == way).count();
            format!(
                "<p class=\"quiet\">Beside {}: {} figures better, {} worse, {} the same or neither.</p>",
                escape(&b.title),
                count(1),
                count(-1),
                count(0)
            )
        }
        None => format!("<p class=\"quiet\">{} measures.</p>", report.cards.len()),
    };
    out += "<div class=\"scroll\"><table><tr><th>measure</th><th>subject</th><th>figure</th><th>value</th></tr>";
    for (i, card) in report.cards.iter().enumerate() {
        // the most telling figure comes first on a card
        if let Some(f) = card.figures.first() {
            out += &format!(
                "<tr><td><a href=\"#m{i}\">{}</a></td><td>{}</td><td>{}</td><td>{} {}</td></tr>",
                escape(&card.measure),
                escape(name(card)),
                escape(&f.label),
                value(f),
                escape(&f.unit)
            );
        }
    }
    out += "</table></div>";
    for (i, card) in report.cards.iter().enumerate() {
        let old = before.and_then(|b| b.cards.iter().find(|o| o.measure == card.measure && name(o) == name(card)));
        out += &section(i, card, old);
    }
    out + "</body></html>\n"
}

fn section(index: usize, card: &Card, before: Option<&Card>) -> String {
    let mut out = format!(
        "<section id=\"m{index}\"><h2>{}: {}</h2><p class=\"quiet\">{}</p>",
        escape(&card.measure),
        escape(name(card)),
        escape(&card.standard)
    );
    let heads = if before.is_some() { "<th>before</th><th>change</th>" } else { "" };
    out +=
        &format!("<div class=\"scroll\"><table><tr><th>figure</th><th>value</th><th>unit</th>{heads}<th>aim</th></tr>");
    for f in &card.figures {
        let compared = match before {
            None => String::new(),
            Some(b) => match b.figures.iter().find(|o| o.key == f.key) {
                Some(o) => change(f, o),
                None => "<td>-</td><td></td>".into(),
            },
        };
        let aim = match f.goal {
            Goal::Higher => "higher".into(),
            Goal::Lower => "lower".into(),
            Goal::Near(t) => number(t),
            Goal::Neither => String::new(),
        };
        out += &format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td>{compared}<td class=\"quiet\">{aim}</td></tr>",
            escape(&f.label),
            value(f),
            escape(&f.unit)
        );
    }
    out += "</table></div><div class=\"plots\">";
    card.plots.iter().for_each(|p| out += &svg(p));
    out += "</div><div class=\"crops\">";
    for crop in card.crops.iter().filter(|c| !c.png.is_empty()) {
        out += &format!(
            "<figure><img alt=\"{0}\" src=\"data:image/png;base64,{1}\"><figcaption>{0}</figcaption></figure>",
            escape(&crop.label),
            escape(&crop.png)
        );
    }
    out += "</div>";
    card.tables.iter().for_each(|t| out += &table(t));
    card.notes.iter().for_each(|n| out += &format!("<p class=\"quiet\">{}</p>", escape(n)));
    out + "</section>"
}

fn value(f: &Figure) -> String {
    f.value.map_or_else(|| "-".into(), number)
}

fn change(now: &Figure, before: &Figure) -> String {
    let (class, word) = match now.better_than(before) {
        1 => ("better", " better"),
        -1 => ("worse", " worse"),
        _ => ("", ""),
    };
    let by = match (now.value, before.value) {
        (Some(a), Some(b)) => format!("{}{}", if a > b { "+" } else { "" }, number(a - b)),
        _ => String::new(),
    };
    format!("<td>{}</td><td class=\"{class}\">{by}{word}</td>", value(before))
}

fn table(table: &Table) -> String {
    let heads: String = table.columns.iter().map(|c| format!("<th>{}</th>", escape(c))).collect();
    let row = |r: &Row| {
        let swatches: String = r
            .swatches
            .iter()
            .map(|[r, g, b]| format!("<span class=\"swatch\" style=\"background:rgb({r},{g},{b})\"></span>"))
            .collect();
        let cells: String =
            r.values.iter().map(|v| format!("<td>{}</td>", v.map_or_else(|| "-".into(), number))).collect();
        format!("<tr><td>{swatches} {}</td>{cells}</tr>", escape(&r.label))
    };
    let rows: String = table.rows.iter().map(row).collect();
    format!(
        "<h3>{}</h3><div class=\"scroll\"><table><tr><th></th>{heads}</tr>{rows}</table></div>",
        escape(&table.title)
    )
}
