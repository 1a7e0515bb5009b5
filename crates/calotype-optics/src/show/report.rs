//! One page about a lens.

use super::chart::{Chart, Table};
use super::charts::{ANALYSES, chart};
use super::drawing::drawing;
use super::plot::escape;
use crate::{OpticsError, Result, System};
use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:1180px;margin:2em auto;padding:0 1em;color:#222}\
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid #ddd}table{border-collapse:collapse;font-size:13px;margin:.6em 0}\
th,td{padding:.15em .7em;text-align:right;border-bottom:1px solid #eee;font-variant-numeric:tabular-nums}th:first-child,td:first-child{text-align:left}\
.plots{display:flex;flex-wrap:wrap;gap:.6em}.plots svg{max-width:100%;height:auto;border:1px solid #eee}.draw svg{max-width:100%;height:auto}\
p.note{color:#555;font-size:13px;max-width:70em}details{margin:.5em 0}summary{cursor:pointer;color:#06c}";

/// A self-contained HTML page with the drawing and every analysis; one that fails says why in its place.
///
/// # Errors
/// [`OpticsError::Dark`] where no analysis at all has a result.
pub fn report(system: &System) -> Result<String> {
    let lens = system.lens();
    let title = if lens.title.is_empty() { &lens.name } else { &lens.title };
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{0}</title><style>{STYLE}</style><h1>{0}</h1>",
        escape(title)
    );
    if !lens.source.is_empty() {
        write!(out, "<p>Source: {}</p>", escape(&lens.source)).ok();
    }
    write!(out, "<div class=\"draw\">{}</div>", drawing(system, 5)?).ok();
    for note in &lens.notes {
        write!(out, "<p class=\"note\">{}</p>", escape(note)).ok();
    }
    let mut shown = 0;
    let mut last: Option<OpticsError> = None;
    for (word, what) in ANALYSES {
        write!(out, "<h2 id=\"{word}\">{}</h2>", escape(&what.replacen(&what[..1], &what[..1].to_uppercase(), 1))).ok();
        match chart(system, word) {
            Ok(chart) => {
                shown += 1;
                section(&mut out, &chart);
            }
            Err(error) => {
                write!(out, "<p>Not possible: {}</p>", escape(&error.to_string())).ok();
                last = Some(error);
            }
        }
    }
    match last {
        Some(error) if shown == 0 => Err(error),
        _ => Ok(out + "</html>\n"),
    }
}

/// A self-contained HTML page of one chart.
pub fn chart_page(title: &str, chart: &Chart) -> String {
    let title = escape(title);
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><h1>{title}</h1>"
    );
    section(&mut out, chart);
    out + "</html>\n"
}

fn section(out: &mut String, chart: &Chart) {
    if !chart.note.is_empty() {
        write!(out, "<p class=\"note\">{}</p>", escape(&chart.note)).ok();
    }
    let pictures = chart.pictures();
    if !pictures.is_empty() {
        out.push_str("<div class=\"plots\">");
        // one page, many plots: their clip paths need names of their own
        for picture in &pictures {
            let id = format!("c{}", out.len());
            out.push_str(
                &picture.replace("id=\"c\"", &format!("id=\"{id}\"")).replace("url(#c)", &format!("url(#{id})")),
            );
        }
        out.push_str("</div>");
    }
    let long = chart.tables.iter().map(|t| t.rows.len()).sum::<usize>() > 30;
    if long && !pictures.is_empty() {
        out.push_str("<details><summary>numbers</summary>");
    }
    for table in &chart.tables {
        html(out, table);
    }
    if long && !pictures.is_empty() {
        out.push_str("</details>");
    }
}

fn html(out: &mut String, table: &Table) {
    write!(out, "<table><tr><th>{}</th>", escape(&table.title)).ok();
    table.columns.iter().for_each(|c| write!(out, "<th>{}</th>", escape(c)).unwrap_or(()));
    out.push_str("</tr>");
    for row in &table.rows {
        write!(out, "<tr><td>{}</td>", escape(&row.label)).ok();
        for v in &row.values {
            write!(out, "<td>{}</td>", v.map_or_else(String::new, number)).ok();
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
}

/// Five digits that tell something.
fn number(v: f64) -> String {
    let size = if v == 0.0 { 0 } else { v.abs().log10().floor() as i32 };
    match size {
        _ if v == 0.0 => "0".into(),
        6.. => format!("{v:.3e}"),
        -4.. => format!("{v:.*}", (4 - size).clamp(0, 6) as usize),
        _ => format!("{v:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_page_has_every_analysis() {
        let mut lens = samples::triplet();
        lens.title = "a <triplet>".into();
        let page = report(&System::new(lens).unwrap()).unwrap();
        assert!(page.contains("a &lt;triplet&gt;") && !page.contains("Not possible"));
        assert!(ANALYSES.iter().all(|(word, _)| page.contains(&format!("id=\"{word}\""))));
        assert_eq!(number(0.0123456), "0.012346");
        assert_eq!(number(1234.5), "1234.5");
    }
}
