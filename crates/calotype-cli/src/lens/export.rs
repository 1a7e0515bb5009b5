//! `calotype lens export`: a lens's corrections for other programs.

use super::args::ExportArgs;
use super::{about, check};
use crate::failure::Failure;
use crate::out::Outcome;
use calotype::optics::camera::{Bands, Mounted};
use calotype::{WarpTerms, lensfun, opcode_list, spot_array};
use calotype_optics::write_file;
use serde_json::json;

/// Where spots in focus are worked out, in metres: as good as infinitely far away.
const FAR_M: f64 = 1e6;

/// Does what was asked.
pub fn run(args: &ExportArgs) -> Result<Outcome, Failure> {
    for out in &args.out {
        check(out, &["opcodes", "xml", "npy"], args.overwrite)?;
    }
    let (lens, warnings) = args.input.read()?;
    let half_mm = 0.5e-3 * args.pixel_pitch * (args.size.0 as f64).hypot(args.size.1 as f64);
    let bad = |e| about(&args.input.lens, e);
    let mounted = Mounted::new(lens, half_mm, &Bands::default()).map_err(bad)?;
    let (mut text, mut files) = (String::new(), Vec::new());
    for out in &args.out {
        let extension = out.extension().unwrap_or_default().to_ascii_lowercase();
        let mut pitch_um = None;
        let export = match extension.to_str() {
            Some("xml") => lensfun(&mounted, args.size),
            Some("npy") => {
                let table = mounted.spots(FAR_M, FAR_M).map_err(bad)?;
                pitch_um = Some(table.pitch_um);
                spot_array(&table)
            }
            _ => opcode_list(&mounted, args.size, if args.precise { WarpTerms::Eight } else { WarpTerms::Four }),
        };
        write_file(out, args.overwrite, &export.bytes)?;
        text += &format!("{}\n", out.display());
        for r in &export.residuals {
            text += &format!("  {:<20} off by at most {:.3} {}\n", r.what, r.worst, r.unit);
        }
        if let Some(um) = pitch_um {
            text += &format!("  samples {um:.4} um apart, as they were traced\n");
        }
        files.push(
            json!({ "output": out.display().to_string(), "residuals": export.residuals, "sample_pitch_um": pitch_um }),
        );
    }
    Ok(Outcome { is_result: true, warnings, ..Outcome::new(text, json!({ "files": files })) })
}
