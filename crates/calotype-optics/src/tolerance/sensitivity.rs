//! What each error alone costs, after adjustment; and how large each may be.

use super::criterion::Judge;
use super::file::{Tolerance, Tolerances};
use super::perturb::{apply, semi_diameters};
use crate::{Lens, OpticsError, Result, System};
use rayon::prelude::*;
use serde::Serialize;

/// Steps with which the size of an error is closed in on.
const STEPS: usize = 14;
/// How far from the given value the inverse looks, as a factor.
const FARTHEST: f64 = 20.0;

/// What one error costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sensitivity {
    /// The tolerance.
    pub label: String,
    /// Its size, minus and plus.
    pub amount: f64,
    /// The criterion of the worst field with the error at minus its size, and at plus; nothing where light is lost.
    pub values: [Option<f64>; 2],
    /// The greater loss against the nominal lens: of MTF, or rise of an error.
    pub loss: f64,
    /// Adjustments at minus and plus, mm.
    pub adjusted_mm: [Vec<f64>; 2],
}

/// What every error costs, the dearest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sensitivities {
    /// The criterion of the nominal lens at its worst field.
    pub nominal: f64,
    /// Each error's.
    pub list: Vec<Sensitivity>,
    /// The criterion that root-sum-square of the losses predicts.
    pub predicted: f64,
}

/// A lens with what is needed to judge its made likes.
pub(super) struct Bench<'a> {
    pub lens: &'a Lens,
    pub judge: Judge,
    pub semi: Vec<f64>,
    pub nominal: f64,
}

impl<'a> Bench<'a> {
    pub fn new(lens: &'a Lens, tolerances: &Tolerances) -> Result<Self> {
        let system = System::new(lens.clone())?;
        let both = tolerances.breaks_symmetry();
        let judge = Judge::new(lens, tolerances.criterion, &tolerances.fields, both, tolerances.compensators.clone())?;
        let nominal = judge.worst(&judge.of_fields(lens)?);
        Ok(Self { lens, judge, semi: semi_diameters(&system), nominal })
    }

    /// The criterion of every field of the lens with these errors, after adjustment; the lens; and the adjustments in mm.
    pub fn made(&self, errors: &[(&Tolerance, f64)]) -> Result<(Vec<f64>, Lens, Vec<f64>)> {
        let mut lens = self.lens.clone();
        for (t, amount) in errors {
            apply(&mut lens, t.error, t.part, *amount, &self.semi)?;
        }
        let (lens, by) = self.judge.compensated(lens, &self.semi)?;
        Ok((self.judge.of_fields(&lens)?, lens, by))
    }

    /// How much worse a value is than the nominal lens's.
    pub fn loss(&self, value: f64) -> f64 {
        if self.judge.criterion.is_contrast() { self.nominal - value } else { value - self.nominal }
    }

    fn one(&self, t: &Tolerance, amount: f64) -> Sensitivity {
        let ends = [-amount, amount].map(|a| match self.made(&[(t, a)]) {
            Ok((values, _, by)) => (Some(self.judge.worst(&values)), by),
            Err(_) => (None, vec![]),
        });
        let loss =
            ends.iter().map(|(v, _)| v.map_or(f64::INFINITY, |v| self.loss(v))).fold(f64::NEG_INFINITY, f64::max);
        let [(a, x), (b, y)] = ends;
        Sensitivity { label: t.label.clone(), amount, values: [a, b], loss, adjusted_mm: [x, y] }
    }
}

/// What every error costs alone, at both its ends, on all cores.
///
/// # Errors
/// Those of [`System::new`]; [`OpticsError::Dark`] where light does not get through the nominal lens.
pub fn sensitivity(lens: &Lens, tolerances: &Tolerances) -> Result<Sensitivities> {
    let bench = Bench::new(lens, tolerances)?;
    let mut list: Vec<Sensitivity> = tolerances.list.par_iter().map(|t| bench.one(t, t.amount)).collect();
    let root = list.iter().map(|s| s.loss.max(0.0).powi(2)).sum::<f64>().sqrt();
    list.sort_by(|a, b| b.loss.total_cmp(&a.loss).then_with(|| a.label.cmp(&b.label)));
    let predicted =
        if bench.judge.criterion.is_contrast() { (bench.nominal - root).max(0.0) } else { bench.nominal + root };
    Ok(Sensitivities { nominal: bench.nominal, list, predicted })
}

/// How large each error alone may be, for a loss: the file's values scaled by up to 20 either way, in the order of the file.
///
/// # Errors
/// Those of [`sensitivity`]; [`OpticsError::Value`] for a loss that is not above 0.
pub fn inverse(lens: &Lens, tolerances: &Tolerances, loss: f64) -> Result<Sensitivities> {
    if !(loss > 0.0 && loss.is_finite()) {
        return Err(OpticsError::value("the loss that is allowed", loss, "it is a number above 0"));
    }
    let bench = Bench::new(lens, tolerances)?;
    let find = |t: &Tolerance| {
        // losses rise with errors, if not strictly: bisection of the factor's logarithm
        let (mut lo, mut hi) = (-FARTHEST.ln(), FARTHEST.ln());
        let mut best = bench.one(t, t.amount * lo.exp());
        if best.loss > loss {
            return best;
        }
        let widest = bench.one(t, t.amount * hi.exp());
        if widest.loss <= loss {
            return widest;
        }
        for _ in 0..STEPS {
            let middle = 0.5 * (lo + hi);
            let one = bench.one(t, t.amount * middle.exp());
            if one.loss <= loss {
                (lo, best) = (middle, one);
            } else {
                hi = middle;
            }
        }
        best
    };
    let list: Vec<Sensitivity> = tolerances.list.par_iter().map(find).collect();
    let root = list.iter().map(|s| s.loss.max(0.0).powi(2)).sum::<f64>().sqrt();
    let predicted =
        if bench.judge.criterion.is_contrast() { (bench.nominal - root).max(0.0) } else { bench.nominal + root };
    Ok(Sensitivities { nominal: bench.nominal, list, predicted })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn tolerances(text: &str) -> Tolerances {
        let head = "schema = \"tolerance/1\"\n[criterion]\nis = \"rms_spot_um\"\n";
        Tolerances::from_toml(&format!("{head}{text}"), "t.toml", &samples::triplet()).unwrap()
    }

    #[test]
    fn a_thickness_error_costs_nothing_where_focus_makes_up_for_it() {
        let text = "[[tolerance]]\nis = \"thickness\"\nsurface = [2, 6]\nvalue = 0.1\n";
        let loose = sensitivity(&samples::triplet(), &tolerances(text)).unwrap();
        let focus = format!("{text}[[compensator]]\nis = \"refocus\"\nmost_mm = 1\n");
        let adjusted = sensitivity(&samples::triplet(), &tolerances(&focus)).unwrap();
        let of = |all: &Sensitivities, label: &str| all.list.iter().find(|s| s.label.contains(label)).unwrap().clone();
        let (a, b) = (of(&loose, "surface 6"), of(&adjusted, "surface 6"));
        assert!(a.loss > 1.0 && b.loss.abs() < 1e-3 && (b.adjusted_mm[1][0] + 0.1).abs() < 1e-6, "{a:?} {b:?}");
        assert!(of(&adjusted, "surface 2").loss < of(&loose, "surface 2").loss);
        assert!(
            (adjusted.predicted - adjusted.nominal).powi(2)
                <= adjusted.list.iter().map(|s| s.loss.max(0.0).powi(2)).sum::<f64>() + 1e-9
        );
    }

    #[test]
    fn mirror_images_cost_alike() {
        let all = sensitivity(
            &samples::triplet(),
            &tolerances("[[tolerance]]\nis = \"decentre\"\nelement = [3, 4]\nvalue = 0.05\n"),
        )
        .unwrap();
        for s in &all.list {
            let [a, b] = s.values.map(|v| v.unwrap());
            assert!((a - b).abs() < 1e-6, "{s:?}");
        }
        assert!(all.list[0].loss > 0.1);
    }

    #[test]
    fn the_inverse_leaves_the_loss_it_was_asked_for() {
        let text = "[[tolerance]]\nis = \"thickness\"\nsurface = [2, 4]\nvalue = 0.1\n[[compensator]]\nis = \"refocus\"\nmost_mm = 1\n";
        let all = inverse(&samples::triplet(), &tolerances(text), 2.0).unwrap();
        for s in &all.list {
            assert!(s.loss <= 2.0 && (s.loss > 1.98 || s.amount > 1.9), "{s:?}");
        }
        assert!(inverse(&samples::triplet(), &tolerances(text), -1.0).is_err());
    }
}
