//! Scores alignment on bursts with known motion (development).
use calotype_burst::{AlignOptions, Homography, Prepared, align};
use calotype_image::*;
use std::{path::Path, time::Instant};

pub struct Burst {
    pub frames: Vec<RawFrame>,
    pub truth: Vec<Homography>,
    pub masks: Vec<Option<Vec<u8>>>,
    pub hot: Vec<(usize, usize)>,
    pub clean: Vec<Option<Vec<f32>>>,
}
fn sample(c: &[f32], w: usize, x: f64, y: f64) -> f64 {
    let (ix, iy) = (x.floor(), y.floor());
    let cub = |t: f64| {
        [
            -0.5 * t * t * t + t * t - 0.5 * t,
            1.5 * t * t * t - 2.5 * t * t + 1.0,
            -1.5 * t * t * t + 2.0 * t * t + 0.5 * t,
            0.5 * t * t * t - 0.5 * t * t,
        ]
    };
    let (wx, wy) = (cub(x - ix), cub(y - iy));
    let (ix, iy) = (ix as usize - 1, iy as usize - 1);
    (0..4).map(|j| wy[j] * (0..4).map(|i| wx[i] * c[(iy + j) * w + ix + i] as f64).sum::<f64>()).sum()
}

pub fn load(dir: &Path) -> Burst {
    let text = std::fs::read_to_string(dir.join("meta.txt")).unwrap();
    let (mut w, mut h) = (0, 0);
    let mut cfa = Cfa::RGGB;
    let mut noise = NoiseModel::uniform(0., 0.);
    let mut shading = 0.0f32;
    let mut hot = vec![];
    let mut clean = vec![];
    let (mut frames, mut truth, mut masks) = (vec![], vec![], vec![]);
    for line in text.lines() {
        let mut it = line.split(' ');
        match it.next().unwrap() {
            "size" => {
                w = it.next().unwrap().parse().unwrap();
                h = it.next().unwrap().parse().unwrap();
            }
            "cfa" => {
                cfa = match it.next().unwrap() {
                    "RGGB" => Cfa::RGGB,
                    "BGGR" => Cfa::BGGR,
                    "GRBG" => Cfa::GRBG,
                    _ => Cfa::GBRG,
                }
            }
            "noise" => {
                let v: Vec<f32> = it.map(|s| s.parse().unwrap()).collect();
                for c in 0..3 {
                    noise.shot[c] = v[2 * c];
                    noise.read[c] = v[2 * c + 1];
                }
            }
            "shading" => shading = it.next().unwrap().parse().unwrap(),
            "hot" => {
                let v: Vec<usize> = it.map(|s| s.parse().unwrap()).collect();
                hot = v.chunks(2).map(|c| (c[0], c[1])).collect();
            }
            "frame" => {
                let v: Vec<f64> = it.map(|s| s.parse().unwrap()).collect();
                let k = frames.len();
                let bytes = std::fs::read(dir.join(format!("{k:02}.u16"))).unwrap();
                let data: Vec<u16> = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
                let shade = (shading > 0.0).then(|| Shading {
                    maps: (0..4)
                        .map(|i| {
                            let e = [1.12f32, 1.0, 0.93][cfa.0[i] as usize];
                            GainMap {
                                area: Rect { x: i % 2, y: i / 2, width: w - i % 2, height: h - i / 2 },
                                pitch: (2, 2),
                                origin: (0.0, 0.0),
                                spacing: (1.0 / 16.0, 1.0 / 12.0),
                                gains: Plane::from_fn(17, 13, |x, y| {
                                    let (a, b) = (y as f32 / 6.0 - 1.0, (x as f32 / 8.0 - 1.0) * 1.2);
                                    let r2 = (a * a + b * b) / 2.44;
                                    1.0 + shading * e * r2 + 0.15 * shading * r2 * r2
                                }),
                            }
                        })
                        .collect(),
                });
                frames.push(RawFrame {
                    samples: Plane::from_vec(w, h, data).unwrap(),
                    cfa,
                    noise,
                    exposure: v[0] as f32,
                    shading: shade,
                });
                truth.push(Homography([[v[1], v[2], v[3]], [v[4], v[5], v[6]], [v[7], v[8], v[9]]]).inverse().unwrap());
                clean.push(
                    std::fs::read(dir.join(format!("{k:02}.clean")))
                        .ok()
                        .map(|b| b.chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect()),
                );
                masks.push(std::fs::read(dir.join(format!("{k:02}.mask"))).ok());
            }
            _ => {}
        }
    }
    Burst { frames, truth, masks, hot, clean }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let root = args.next().expect("folder");
    let names: Vec<String> = args.collect();
    let mut dirs: Vec<_> =
        std::fs::read_dir(&root).unwrap().map(|d| d.unwrap().path()).filter(|p| p.is_dir()).collect();
    dirs.sort();
    for dir in dirs {
        let name = dir.file_name().unwrap().to_string_lossy().to_string();
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        let mut b = load(&dir);
        let d = calotype_burst::find_defects(&b.frames);
        for f in &mut b.frames {
            calotype_burst::repair(f, &d);
        }
        let b = b;
        let (w, h) = (b.frames[0].samples.width(), b.frames[0].samples.height());
        let t = Instant::now();
        let r = Prepared::reference(&b.frames[0]);
        let t_prep = t.elapsed().as_secs_f64();
        let mut line = String::new();
        let (mut tp, mut ta) = (0.0, 0.0);
        let (mut worst, mut total) = (0.0f64, 0.0);
        for k in 1..b.frames.len() {
            let t = Instant::now();
            let f = r.prepare(&b.frames[k]);
            tp += t.elapsed().as_secs_f64();
            let t = Instant::now();
            let m = align(&r, &f, &AlignOptions::default());
            ta += t.elapsed().as_secs_f64();
            let (mut s, mut sg, mut n, mut mx) = (0.0, 0.0, 0.0, 0.0f64);
            for y in (0..h).step_by(9) {
                for x in (0..w).step_by(9) {
                    if let Some(mask) = &b.masks[0] {
                        if mask[y * w + x] > 0 {
                            continue;
                        }
                    }
                    let p = m.position(x as f32, y as f32);
                    let t = b.truth[k].map(x as f64, y as f64);
                    if let Some(mask) = &b.masks[k] {
                        let (u, v) = (t.0.round(), t.1.round());
                        if u < 0.0 || v < 0.0 || u >= w as f64 || v >= h as f64 || mask[v as usize * w + u as usize] > 0
                        {
                            continue;
                        }
                    }
                    if t.0 < 0.0 || t.1 < 0.0 || t.0 > (w - 1) as f64 || t.1 > (h - 1) as f64 {
                        continue;
                    }
                    let g = m.global().map(x as f64, y as f64);
                    let e = (p.0 as f64 - t.0).powi(2) + (p.1 as f64 - t.1).powi(2);
                    mx = mx.max(e.sqrt());
                    s += e;
                    sg += (g.0 - t.0).powi(2) + (g.1 - t.1).powi(2);
                    n += 1.0;
                }
            }
            if let Ok(d) = std::env::var("DUMP") {
                let mut o = vec![];
                for j in 0..m.residual().height() {
                    for i in 0..m.residual().width() {
                        let r = m.residual().get(i, j);
                        for v in [r[0], r[1], m.confidence().get(i, j)] {
                            o.extend_from_slice(&v.to_le_bytes());
                        }
                    }
                }
                std::fs::write(format!("{d}/{name}_{k}_{}_{}.f32", m.residual().width(), m.residual().height()), o)
                    .unwrap();
            }
            // true local motion of soft_motion, all pixels
            if name == "soft_motion" {
                let bumps = [
                    (280.0f64, 420.0f64, 110.0f64, 1.2f64, 0.5f64),
                    (960.0, 500.0, 130.0, -0.7, 0.9),
                    (1600.0, 450.0, 70.0, 2.0, -1.5),
                ];
                let st = (0.19864566223862465, 0.41177380256707485);
                let (mut s1, mut s2, mut n1, mut n2, mut mx1) = (0.0, 0.0, 0.0, 0.0, 0.0f64);
                for y in (0..h).step_by(9) {
                    for x in (0..w).step_by(9) {
                        let (mut qx, mut qy) = (x as f64, y as f64);
                        let mut d = (0.0, 0.0);
                        for _ in 0..30 {
                            d = (0.0, 0.0);
                            for (cx, cy, sg, vx, vy) in bumps {
                                let g =
                                    (-((qx + st.0 - cx).powi(2) + (qy + st.1 - cy).powi(2)) / (2.0 * sg * sg)).exp();
                                d.0 += vx * k as f64 * g;
                                d.1 += vy * k as f64 * g;
                            }
                            qx = x as f64 - d.0;
                            qy = y as f64 - d.1;
                        }
                        let t = b.truth[k].map(qx, qy);
                        if t.0 < 0.0 || t.1 < 0.0 || t.0 > (w - 1) as f64 || t.1 > (h - 1) as f64 {
                            continue;
                        }
                        let p = m.position(x as f32, y as f32);
                        let e = ((p.0 as f64 - t.0).powi(2) + (p.1 as f64 - t.1).powi(2)) / 2.0;
                        if d.0.hypot(d.1) > 0.3 {
                            s1 += e;
                            n1 += 1.0;
                            mx1 = mx1.max(e.sqrt());
                        } else {
                            s2 += e;
                            n2 += 1.0;
                        }
                    }
                }
                line += &format!(
                    "     true: moving {:.3} (max {:.2}) still {:.3}\n",
                    (s1 / n1 as f64).sqrt(),
                    mx1,
                    (s2 / n2 as f64).sqrt()
                );
            }
            // difference of the clean pictures
            if let (Some(c0), Some(ck)) = (&b.clean[0], &b.clean[k]) {
                let mut q = [[0.0f64; 3]; 2];
                let noise = |v: f32| b.frames[0].noise.variance(1, v) as f64;
                for y in 8..h - 8 {
                    for x in 8..w - 8 {
                        if (x * 7 + y * 3) % 5 != 0 {
                            continue;
                        }
                        let masked = b.masks[0].as_ref().is_some_and(|m0| m0[y * w + x] > 0)
                            || b.masks[k].as_ref().is_some_and(|m0| {
                                let t = b.truth[k].map(x as f64, y as f64);
                                let (u, v) = (
                                    t.0.round().clamp(0.0, w as f64 - 1.0) as usize,
                                    t.1.round().clamp(0.0, h as f64 - 1.0) as usize,
                                );
                                m0[v * w + u] > 0
                            });
                        let ref_v = c0[y * w + x] as f64;
                        let pos = [b.truth[k].map(x as f64, y as f64), m.global().map(x as f64, y as f64), {
                            let p = m.position(x as f32, y as f32);
                            (p.0 as f64, p.1 as f64)
                        }];
                        if pos.iter().any(|p| p.0 < 2.0 || p.1 < 2.0 || p.0 > w as f64 - 4.0 || p.1 > h as f64 - 4.0) {
                            continue;
                        }
                        let e = b.frames[k].exposure as f64;
                        for (i, p) in pos.iter().enumerate() {
                            let v = sample(ck, w, p.0, p.1);
                            let _ = e;
                            if i == 0 {
                                continue;
                            }
                            q[masked as usize][i - 1] += (v - ref_v).powi(2) / noise(ref_v as f32);
                        }
                        q[masked as usize][2] += 1.0;
                    }
                }
                line += &format!(
                    "     clean difference^2/noise: static global {:.2} field {:.2}; moving global {:.2} field {:.2}\n",
                    q[0][0] / q[0][2],
                    q[0][1] / q[0][2],
                    q[1][0] / q[1][2],
                    q[1][1] / q[1][2]
                );
            }
            let (e, eg) = ((s / n / 2.0f64).sqrt(), (sg / n / 2.0f64).sqrt());
            worst = worst.max(e);
            total += e;
            let rp = m.report();
            line += &format!(
                "  {k}: glob {eg:.3} all {e:.3} max {mx:.2} | est {:.3} resid {:.2} supp {:.2} local {:.3} shift {:.1},{:.1} rot {:.2}° {}\n",
                rp.error,
                rp.residual,
                rp.support,
                rp.local,
                rp.shift.0,
                rp.shift.1,
                rp.rotation_rad.to_degrees(),
                if rp.rejected { "REJECTED" } else { "" }
            );
        }
        let nf = (b.frames.len() - 1) as f64;
        println!(
            "{name} {w}x{h}: mean {:.4} worst {:.4} px per axis; prepare {:.1} ms, first {:.1}; align {:.1} ms per frame",
            total / nf,
            worst,
            tp / nf * 1e3,
            t_prep * 1e3,
            ta / nf * 1e3
        );
        if std::env::var("V").is_ok() {
            print!("{line}");
        }
    }
}
