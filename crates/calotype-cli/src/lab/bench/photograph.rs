//! A photograph against the truth: the burst, one frame of it, and what others make of one frame and of the average.

use super::grid::Case;
use super::peers::{Peer, average};
use super::shots::{Shot, recipe};
use crate::failure::Failure;
use crate::scene_light;
use calotype::NoProgress;
use calotype_lab::{self as lab, Card, Comparison, Goal, Picture, Region, Rendering};

/// Side of the part that is kept of every picture.
const PART: usize = 200;

/// Figures of one photograph.
///
/// `ghost_db` is the PSNR that the burst gains over one frame where something moved: below 0 where the merge did harm.
pub fn card(case: &Case, shot: &Shot, peers: &[Peer]) -> Result<Card, Failure> {
    let moves = shot.moving.data().iter().any(|v| *v > 0.5).then_some(&shot.moving);
    let compare = |picture: &Picture| scene_light::compare(picture, &shot.truth, moves);
    let (burst, report) = scene_light::light(&shot.frames, &recipe(), &NoProgress)?;
    let (single, _) = scene_light::light(&shot.frames[..1], &recipe(), &NoProgress)?;
    let (all, one) = (compare(&burst)?, compare(&single)?);
    let moving = |c: &Comparison| c.moving.map(|m| (m.psnr_db, m.delta_e_mean));
    let ssimulacra2 = |c: &Comparison| c.ssimulacra2.unwrap_or(f64::NAN);
    let mut card = Card::new("photograph", &case.name(), "light against the truth, both seen alike")
        .figure("ssimulacra2", "SSIMULACRA2", all.ssimulacra2, "", Goal::Higher)
        .figure("delta_e", "CIEDE2000, mean", all.all.delta_e_mean, "", Goal::Lower)
        .figure("psnr", "PSNR", all.all.psnr_db, "dB", Goal::Higher)
        .figure("detail", "fine detail kept", all.detail_retention, "", Goal::Near(1.0))
        .figure("one_ssimulacra2", "SSIMULACRA2, one frame", one.ssimulacra2, "", Goal::Higher)
        .figure("one_delta_e", "CIEDE2000, one frame", one.all.delta_e_mean, "", Goal::Lower)
        .figure("one_psnr", "PSNR, one frame", one.all.psnr_db, "dB", Goal::Higher)
        .figure("effective_frames", "effective frames", f64::from(report.effective_frames), "", Goal::Neither);
    if let (Some(a), Some(b)) = (moving(&all), moving(&one)) {
        card = card
            .figure("ghost_db", "PSNR gained over one frame where things move", a.0 - b.0, "dB", Goal::Higher)
            .figure("ghost_delta_e", "CIEDE2000 over one frame's where things move", a.1 - b.1, "", Goal::Lower);
    }
    let mut pictures = vec![("truth", shot.truth.clone()), ("burst", burst), ("one frame", single)];
    if !peers.is_empty() {
        let mean = shot.folder.join("average.dng");
        average(&shot.frames, &mean)?;
        for (key, label, raw) in [("one", "one frame", &shot.frames[0]), ("average", "average", &mean)] {
            let mut best: Option<(f64, f64)> = None;
            for peer in peers {
                for (how, picture) in peer.develop(raw, &shot.folder, &shot.truth)? {
                    let score = compare(&picture)?;
                    let (s, d) = (ssimulacra2(&score), score.all.delta_e_mean);
                    card = card
                        .figure(
                            &format!("{key}_{how}_ssimulacra2"),
                            &format!("SSIMULACRA2, {how}, {label}"),
                            s,
                            "",
                            Goal::Neither,
                        )
                        .figure(
                            &format!("{key}_{how}_delta_e"),
                            &format!("CIEDE2000, {how}, {label}"),
                            d,
                            "",
                            Goal::Neither,
                        );
                    best = Some(best.map_or((s, d), |b| (b.0.max(s), b.1.min(d))));
                    pictures.push((if key == "one" { "peer, one frame" } else { "peer, average" }, picture));
                }
            }
            if let Some((s, d)) = best {
                card = card
                    .figure(
                        &format!("peer_{key}_ssimulacra2"),
                        &format!("SSIMULACRA2, best peer, {label}"),
                        s,
                        "",
                        Goal::Neither,
                    )
                    .figure(
                        &format!("peer_{key}_delta_e"),
                        &format!("CIEDE2000, best peer, {label}"),
                        d,
                        "",
                        Goal::Neither,
                    );
            }
        }
    }
    // all as they are seen, at the place where the truth has most detail
    let rendering = Rendering::of(&shot.truth);
    let region = busiest(&shot.truth);
    for (label, picture) in pictures {
        let seen = rendering.apply(&picture, lab::exposure_gain(&picture, &shot.truth))?;
        card.crops.push(lab::part(label, &seen, region));
    }
    Ok(card)
}

/// The square in which neighbours differ most.
fn busiest(truth: &Picture) -> Region {
    let (width, height) = truth.size();
    let side = PART.min(width).min(height);
    let luma = truth.luminance();
    let (mut best, mut at) = (-1.0, (0, 0));
    for y in (0..=height - side).step_by((side / 4).max(1)) {
        for x in (0..=width - side).step_by((side / 4).max(1)) {
            let mut sum = 0.0;
            for v in (y..y + side - 1).step_by(3) {
                for u in (x..x + side - 1).step_by(3) {
                    let (a, b) = (luma.get(u, v).clamp(0.0, 1.0), luma.get(u + 1, v).clamp(0.0, 1.0));
                    sum += (a.sqrt() - b.sqrt()).abs().min(0.2);
                }
            }
            if sum > best {
                (best, at) = (sum, (x, y));
            }
        }
    }
    Region { x: at.0, y: at.1, width: side, height: side }
}
