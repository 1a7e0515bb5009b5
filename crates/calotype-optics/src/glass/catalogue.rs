//! Glasses by name.

use super::{Dispersion, Glass, Thermal};
use crate::nearest::nearest_of;

const GLASSES: &str = include_str!("../../data/glasses.csv");
const THERMAL: &str = include_str!("../../data/thermal.csv");
const PLASTICS: &str = include_str!("../../data/plastics.csv");

/// Glasses that the user brought, searched before those built in.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    glasses: Vec<Glass>,
}

impl Catalogue {
    /// A catalogue of these glasses; of two with one name the later is taken.
    pub fn new(glasses: Vec<Glass>) -> Self {
        Self { glasses }
    }

    /// With more glasses.
    pub fn extend(&mut self, glasses: Vec<Glass>) {
        self.glasses.extend(glasses);
    }

    /// The glass of a name, in any case, with or without its maker before it.
    pub fn find(&self, name: &str) -> Option<Glass> {
        self.glasses.iter().rev().find(|g| g.name.eq_ignore_ascii_case(name)).cloned().or_else(|| built_in(name))
    }

    /// Up to three names that are spelt most like this one.
    pub fn nearest(&self, name: &str) -> Vec<String> {
        let own = self.glasses.iter().map(|g| g.name.as_str());
        nearest_of(name, own.chain(lines().map(|l| l.name)), 3)
    }
}

/// One line of the built-in data.
struct Line<'a> {
    maker: &'a str,
    name: &'a str,
    rest: &'a str,
}

fn lines() -> impl Iterator<Item = Line<'static>> {
    let all = PLASTICS.lines().chain(GLASSES.lines()).filter(|l| !l.starts_with('#'));
    all.filter_map(|l| {
        let (maker, rest) = l.split_once(',')?;
        let (name, rest) = rest.split_once(',')?;
        Some(Line { maker, name, rest })
    })
}

/// A built-in glass (`data/README.md` says where the data come from): `N-BK7`, `SCHOTT N-BK7`, `zeonex e48r`.
pub fn built_in(name: &str) -> Option<Glass> {
    let is = |l: &Line| {
        l.name.eq_ignore_ascii_case(name)
            || name
                .split_once([' ', ':'])
                .is_some_and(|(m, n)| m.eq_ignore_ascii_case(l.maker) && n.eq_ignore_ascii_case(l.name))
    };
    glass_of(&lines().find(is)?)
}

/// The built-in glasses of these makers, `plastic` among them, in the order of the data.
pub fn built_in_of(makers: &[&str]) -> Vec<Glass> {
    let of = |l: &Line| makers.iter().any(|m| m.eq_ignore_ascii_case(l.maker));
    lines().filter(of).filter_map(|l| glass_of(&l)).collect()
}

fn glass_of(line: &Line) -> Option<Glass> {
    let mut fields = line.rest.split(',');
    let kind = fields.next()?;
    let numbers: Vec<f64> = fields.filter_map(|f| f.parse().ok()).collect();
    let (range, c) = numbers.split_at_checked(2)?;
    let (c0, rest) = c.split_first()?;
    let pairs = || rest.chunks_exact(2).map(|p| [p[1], p[0]]);
    let dispersion = match kind {
        "sellmeier" => Dispersion::Squared {
            powers: vec![[0.0, 1.0 + c0]],
            poles: rest.chunks_exact(2).map(|p| [p[0], 2.0, p[1]]).collect(),
        },
        "squared" => {
            Dispersion::Squared { powers: std::iter::once([0.0, *c0]).chain(pairs()).collect(), poles: vec![] }
        }
        "direct" => Dispersion::Direct { powers: std::iter::once([0.0, *c0]).chain(pairs()).collect() },
        "model" => Dispersion::Model { nd: *c0, vd: *rest.first()? },
        _ => return None,
    };
    Some(Glass {
        name: line.name.into(),
        dispersion,
        range_um: Some([range[0], range[1]]),
        internal: vec![],
        thermal: thermal_of(line),
    })
}

/// What is known of temperature's effect on a built-in glass.
fn thermal_of(line: &Line) -> Option<Thermal> {
    let found = THERMAL
        .lines()
        .find_map(|l| l.strip_prefix(line.maker)?.strip_prefix(',')?.strip_prefix(line.name)?.strip_prefix(','))?;
    let numbers: Vec<f64> = found.split(',').filter_map(|f| f.parse().ok()).collect();
    Some(Thermal::from(<[f64; 7]>::try_from(numbers).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_glass_is_one() {
        let mut count = 0;
        for line in lines() {
            let glass = built_in(&format!("{} {}", line.maker, line.name)).unwrap_or_else(|| panic!("{}", line.name));
            let (nd, vd) = glass.nd_vd();
            // fluorites to chalcogenide-like flints; Vd of plastics and glasses
            assert!((1.35..2.25).contains(&nd) && (14.0..101.0).contains(&vd), "{} {nd} {vd}", glass.name);
            count += 1;
        }
        assert!(count > 1600, "{count}");
    }

    #[test]
    fn names_are_found_in_any_case_and_by_maker() {
        let schott = built_in("n-sk16").unwrap();
        assert_eq!(schott.name, "N-SK16");
        assert!((schott.dispersion.index(0.5875618) - 1.62041).abs() < 5e-6);
        assert_ne!(built_in("schott F2").unwrap().dispersion, built_in("cdgm F2").unwrap().dispersion);
        let catalogue = Catalogue::default();
        assert!(catalogue.find("N-SK99").is_none());
        assert!(catalogue.nearest("N-SK99").iter().any(|n| n.starts_with("N-SK")));
    }
}
