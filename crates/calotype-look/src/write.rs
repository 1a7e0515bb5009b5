//! Writing look files.

use crate::read::SCHEMA;
use crate::{Contract, Look, Meta, SECTORS, fields};
use std::fmt::Write;

impl Look {
    /// Writes the look as a file that [`Look::from_toml`] reads back unchanged: every number with its unit, range and
    /// meaning beside it, so that it can be edited by hand.
    pub fn to_toml(&self) -> String {
        let mut out = format!("schema = \"{SCHEMA}\"\n\n[meta]\n");
        let text = |s: &str| toml::Value::from(s).to_string();
        let Meta { name, family, author, licence, description, created, parents } = &self.meta;
        for (key, value) in [
            ("name", name),
            ("family", family),
            ("author", author),
            ("licence", licence),
            ("description", description),
            ("created", created),
        ] {
            if !value.is_empty() {
                let _ = writeln!(out, "{key} = {}", text(value));
            }
        }
        if !parents.is_empty() {
            let list: Vec<String> =
                parents.iter().map(|(id, weight)| format!("{{ id = {}, weight = {weight:?} }}", text(id))).collect();
            let _ = writeln!(out, "parents = [{}]", list.join(", "));
        }
        let (mut section, mut sectors_done) = ("", false);
        let mut look = self.clone();
        for f in fields() {
            if f.section != section {
                if section == "chroma" {
                    self.write_sectors(&mut out);
                    sectors_done = true;
                }
                section = f.section;
                let _ = writeln!(out, "\n[{section}]");
            }
            let values: Vec<String> = f.values(&mut look).iter().map(|v| format!("{v:?}")).collect();
            let value = if f.count() == 1 { values[0].clone() } else { format!("[{}]", values.join(", ")) };
            let unit = if f.unit.is_empty() { String::new() } else { format!(" {}", f.unit) };
            let _ = writeln!(out, "{} = {value} # {} to {}{unit}: {}", f.key, f.min, f.max, f.meaning);
        }
        debug_assert!(sectors_done, "the section `chroma` is followed by another");
        if let Some(crate::Residual { file, amount, lattice }) = &self.residual {
            let (file, hash) = (text(file), lattice.sha256());
            let _ = writeln!(
                out,
                "\n[residual]\nfile = {file}\nsha256 = \"{hash}\" # of the table's values\namount = {amount:?}"
            );
        }
        self.write_contract(&mut out);
        out
    }

    fn write_sectors(&self, out: &mut String) {
        for (s, (_, name)) in self.sectors.iter().zip(SECTORS) {
            if *s != crate::Sector::default() {
                let crate::Sector { shift_deg, chroma, lightness } = s;
                let _ = write!(out, "\n[[sector]]\nhue = \"{name}\"\nshift_deg = {shift_deg:?}\n");
                let _ = write!(out, "chroma = {chroma:?}\nlightness = {lightness:?}\n");
            }
        }
    }

    fn write_contract(&self, out: &mut String) {
        let c = &self.contract;
        if *c == Contract::default() {
            return;
        }
        out.push_str("\n[contract]\n");
        for (key, value) in [
            ("slope", c.slope),
            ("min_lstar", c.min_lstar),
            ("skin_shift_max", c.skin_shift_max),
            ("skin_spread_max", c.skin_spread_max),
            ("corner_ev", c.corner_ev),
        ] {
            if let Some(value) = value {
                let _ = writeln!(out, "{key} = {value:?}");
            }
        }
        for (key, pairs) in [("lstar", &c.lstar), ("gain", &c.gain)] {
            if !pairs.is_empty() {
                let list: Vec<String> = pairs.iter().map(|(ev, v)| format!("\"{ev}\" = {v:?}")).collect();
                let _ = writeln!(out, "{key} = {{ {} }}", list.join(", "));
            }
        }
        if !c.hue.is_empty() {
            let list: Vec<String> = c.hue.iter().map(|(i, v)| format!("{} = {v:?}", SECTORS[*i].1)).collect();
            let _ = writeln!(out, "hue = {{ {} }}", list.join(", "));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for name in Look::builtin_names() {
            let mut look = Look::builtin(name).unwrap();
            look.meta.parents = vec![("one".into(), 0.5)];
            look.meta.description = "Quotes \" and \\ and\nlines.".into();
            look.tint.shadow = [-1.0, 1e-3];
            let text = look.to_toml();
            assert_eq!(Look::from_toml(&text).unwrap_or_else(|e| panic!("{e}\n{text}")), look);
        }
    }
}
