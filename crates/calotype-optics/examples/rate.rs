//! Rays a second through a lens on one thread, with the rays themselves, as JSON: for `benches/peer.py`.

use calotype_optics::{Catalogue, Clip, Field, Rays, System, Until, analysis::hexapolar, read_lens};
use serde_json::json;
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: rate LENS")?;
    let system = System::new(read_lens(path.as_ref(), &Catalogue::default(), &mut vec![])?)?;
    let (full, w) = (system.lens().full_field().y, system.lens().primary);
    let places = hexapolar(43);
    let rays = Rays::new((0..17).flat_map(|i| system.aim(&Field::up(full * f64::from(i) / 16.0), w).paraxial(&places)));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let mut work = rays.clone();
    let best = (0..40)
        .map(|_| {
            work.clone_from(&rays);
            let start = Instant::now();
            pool.install(|| system.trace(w, &mut work, Clip::Nothing, Until::Image));
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    let arrived: Vec<bool> = (0..work.len()).map(|i| work.arrived(i)).collect();
    #[allow(clippy::print_stdout)] // its purpose
    {
        println!(
            "{}",
            json!({ "rays_per_s": rays.len() as f64 / best, "epd_mm": system.first_order().epd, "x": rays.x, "y": rays.y,
                "l": rays.l, "m": rays.m, "n": rays.n, "image_x": work.x, "image_y": work.y, "arrived": arrived })
        );
    }
    Ok(())
}
