//! One protocol for all figures of fits: learn from some colours of a grade, be judged on others.

use super::colours::{chart, scattered};
use super::graders::Grader;
use calotype_color::RgbSpace;
use calotype_color::lab::{delta_e_2000, xyz_to_lab_d65};
use calotype_color::matrix::transform;
use calotype_look::fit::{FitOptions, Form, HeldOut, Sample, fit};
use calotype_look::{Look, OutputSpace, PointTransform};

/// Scene colours to learn from, by name.
pub fn sets() -> [(&'static str, Vec<[f64; 3]>); 4] {
    [
        ("chart of 24", chart(&[0.0])),
        ("chart of 24, 3 exposures", chart(&[-2.0, 0.0, 1.5])),
        ("200 colours", scattered(200, 1)),
        ("1500 colours", scattered(1500, 1)),
    ]
}

/// Mean CIEDE2000 on 1500 unseen colours, and the fit's own opinion.
pub struct Figures {
    /// Colours that were not clipped and could be learnt from.
    pub learnt: usize,
    /// Of the neutral rendition: what there is to fit.
    pub neutral: f64,
    /// Of the numbers of the look, without its table.
    pub numbers: f64,
    /// Of the smoothest table alone, fitted to the same colours.
    pub table: f64,
    /// Of the look.
    pub look: f64,
    /// What the fit said of itself.
    pub held_out: HeldOut,
}

/// Learns a grade from scene colours. What the grade clips is not learnt from, but judged.
pub fn learn(grader: &Grader, scenes: &[[f64; 3]]) -> Figures {
    let to_xyz = RgbSpace::Rec709.to_xyz();
    let lab = |v: [f64; 3]| xyz_to_lab_d65(transform(&to_xyz, v));
    let unclipped = |s: &Sample| s.display.iter().all(|v| (0.0006..0.99).contains(v));
    let samples: Vec<Sample> = scenes.iter().map(|s| Sample::new(*s, grader.apply(*s))).filter(unclipped).collect();
    let unseen = scattered(1500, 100_000);
    let judge = |look: &Look| {
        let t = PointTransform::new(look, OutputSpace::Srgb, 0.0);
        unseen.iter().map(|s| delta_e_2000(lab(t.apply(*s)), lab(grader.apply(*s)))).sum::<f64>() / unseen.len() as f64
    };
    let best = fit(&samples, &FitOptions::default()).expect("enough colours");
    let table = fit(&samples, &FitOptions { form: Form::TableAlone, ..FitOptions::default() }).expect("enough colours");
    let plain = Look { residual: None, ..best.look.clone() };
    Figures {
        learnt: samples.len(),
        neutral: judge(&Look::default()),
        numbers: judge(&plain),
        table: judge(&table.look),
        look: judge(&best.look),
        held_out: best.held_out,
    }
}
