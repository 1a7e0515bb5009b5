//! Scores defects, noise and reference (development).
#[path = "registration.rs"]
#[allow(dead_code)]
mod registration;
use calotype_burst::*;
use calotype_image::*;
use std::time::Instant;
fn main() {
    let root = std::env::args().nth(1).unwrap();
    let mut dirs: Vec<_> =
        std::fs::read_dir(&root).unwrap().map(|d| d.unwrap().path()).filter(|p| p.is_dir()).collect();
    dirs.sort();
    for dir in dirs {
        let name = dir.file_name().unwrap().to_string_lossy().to_string();
        if !dir.join("meta.txt").exists() {
            continue;
        }
        let mut b = registration::load(&dir);
        let c = choose_reference(&b.frames).unwrap();
        let t = Instant::now();
        let d = find_defects(&b.frames);
        let tt = t.elapsed().as_secs_f64();
        let found: std::collections::HashSet<_> = d.iter().map(|d| (d.y as usize, d.x as usize)).collect();
        let hit = b.hot.iter().filter(|h| found.contains(h)).count();
        let t = Instant::now();
        let n = estimate_noise(&b.frames).unwrap_or(NoiseModel::uniform(0., 0.));
        let tn = t.elapsed().as_secs_f64();
        let q = b.frames[0].noise;
        println!(
            "{name}: ref {} clip {:.3?} sharp {:.3?} | hot {} found {hit} false {} ({:.0} ms) | noise ratio at 0.005/0.05/0.5: {} ({:.0} ms)",
            c.index,
            c.clipped[0],
            &c.sharpness[..3],
            b.hot.len(),
            d.len() - hit,
            tt * 1e3,
            (0..3)
                .map(|c| format!(
                    "{:.2} {:.2} {:.2};",
                    n.variance(c, 0.005) / q.variance(c, 0.005),
                    n.variance(c, 0.05) / q.variance(c, 0.05),
                    n.variance(c, 0.5) / q.variance(c, 0.5)
                ))
                .collect::<String>(),
            tn * 1e3
        );
        if std::env::var("V").is_ok() {
            let missed: Vec<_> = b.hot.iter().filter(|h| !found.contains(h)).take(12).collect();
            println!("   missed {missed:?}");
            let f: Vec<_> = d.iter().filter(|d| !b.hot.contains(&(d.y as usize, d.x as usize))).take(12).collect();
            println!("   false {f:?}");
        }
        let one = find_defects(&b.frames[..1]);
        let hit1 = one.iter().filter(|d| b.hot.contains(&(d.y as usize, d.x as usize))).count();
        println!("   single frame: found {hit1} false {}", one.len() - hit1);
        for f in &mut b.frames {
            repair(f, &d);
        }
    }
}
