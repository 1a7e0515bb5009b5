//! CPU time of the steps before the merge (development).
#[path = "registration.rs"]
#[allow(dead_code)]
mod registration;
use calotype_burst::*;
use calotype_image::*;
fn cpu() -> f64 {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|d| std::fs::read_to_string(d.ok()?.path().join("schedstat")).ok())
        .map(|s| s.split(' ').next().unwrap().parse::<f64>().unwrap())
        .sum::<f64>()
        * 1e-6
}
fn main() {
    let mut b = registration::load(std::path::Path::new(&std::env::args().nth(1).unwrap()));
    let n = b.frames.len();
    let px = (b.frames[0].samples.width() * b.frames[0].samples.height() * n) as f64;
    let say = |name: &str, t: f64| println!("{name}: {t:.0} ms CPU, {:.2} ns per raw pixel of the burst", t * 1e6 / px);
    for _ in 0..2 {
        let t = cpu();
        let c = choose_reference(&b.frames).unwrap();
        say("reference", cpu() - t);
        let t = cpu();
        let d = find_defects(&b.frames);
        say("find defects", cpu() - t);
        let t = cpu();
        for f in &mut b.frames {
            repair(f, &d);
        }
        say("repair", cpu() - t);
        let t = cpu();
        let _ = estimate_noise(&b.frames);
        say("noise", cpu() - t);
        let t = cpu();
        let r = Prepared::reference(&b.frames[c.index]);
        say("prepare reference", cpu() - t);
        let t = cpu();
        let p: Vec<_> = b.frames.iter().map(|f| r.prepare(f)).collect();
        say("prepare all", cpu() - t);
        let t = cpu();
        for p in &p {
            align(&r, p, &AlignOptions { local: false, ..Default::default() });
        }
        say("align global", cpu() - t);
        let t = cpu();
        for p in &p {
            align(&r, p, &AlignOptions::default());
        }
        say("align", cpu() - t);
        let m = align(&r, &p[1], &AlignOptions::default());
        let (mut xs, mut ys) = (vec![0.0; m.width()], vec![0.0; m.width()]);
        let t = cpu();
        let mut s = 0.0;
        for _ in 0..n {
            for y in 0..m.height() {
                m.row(y, 0, &mut xs, &mut ys);
                s += xs[5] + ys[7];
            }
        }
        say("rows", cpu() - t);
        assert!(s != 0.0);
        let _ = NoiseModel::uniform(0.0, 0.0);
    }
}
