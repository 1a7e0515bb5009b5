//! The demonstration's page: photographs, a sheet at 100 %, figures. It needs no other file.

use super::Proof;
use crate::failure::Failure;
use calotype_lab::base64;
use std::path::Path;

const STYLE: &str = "\
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:1100px;padding:28px}\
h1{font-size:30px;line-height:1.15;margin:0 0 8px}h2{font-size:20px;margin:44px 0 8px}p{margin:6px 0;max-width:46em}\
.pair{position:relative;overflow:hidden;line-height:0}.pair img,.wide{width:100%;height:auto;display:block}\
.pair .one{position:absolute;inset:0;clip-path:inset(0 calc(100% - var(--at,50%)) 0 0)}\
.pair .line{position:absolute;top:0;bottom:0;left:var(--at,50%);width:2px;background:#fff;box-shadow:0 0 4px #000}\
.pair input{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:ew-resize}\
.ends{display:flex;justify-content:space-between;font-size:14px;opacity:.75}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:10px 0}\
th,td{padding:4px 16px 4px 0;text-align:right;border-bottom:1px solid #8884}th:first-child,td:first-child{text-align:left}\
.quiet{font-size:14px;opacity:.75}";

/// The page of what lies in `folder`.
///
/// # Errors
/// Where a photograph cannot be read back.
pub fn html(p: &Proof, folder: &Path) -> Result<String, Failure> {
    let image = |name: &str| -> Result<String, Failure> {
        let bytes = std::fs::read(folder.join(name))
            .map_err(|e| Failure::new(format!("cannot read {}", folder.join(name).display())).because(e))?;
        Ok(format!("data:image/jpeg;base64,{}", base64(&bytes)))
    };
    let (one, all) = (image("one-frame.jpg")?, image("authentic.jpg")?);
    let (vibrant, sheet) = (image("vibrant.jpg")?, image("comparison.jpg")?);
    let frames = p.report.frames.len();
    let row = |label: &str, one: Option<f64>, all: Option<f64>, digits: usize| -> String {
        let (Some(a), Some(b)) = (one, all) else { return String::new() };
        format!("<tr><td>{label}</td><td>{a:.digits$}</td><td>{b:.digits$}</td><td>{:+.digits$}</td></tr>", b - a)
    };
    let figures = [
        row("PSNR, dB (more is better)", Some(p.one.all.psnr_db), Some(p.all.all.psnr_db), 1),
        row("SSIMULACRA2 (100 is perfect)", p.one.ssimulacra2, p.all.ssimulacra2, 1),
        row("CIEDE2000, mean (0 is perfect)", Some(p.one.all.delta_e_mean), Some(p.all.all.delta_e_mean), 2),
    ]
    .concat();
    let [camera_s, burst_s, one_s] = p.seconds;
    Ok(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Calotype: {frames} frames, one photograph</title><style>{STYLE}</style></head><body>\
         <h1>{frames} frames, one photograph</h1>\
         <p>A simulated phone camera took {frames} raw frames of {w}x{h} pixels by hand, at {lux} lux: each {exposure}. \
         Calotype aligned, merged and developed them; the merge has the noise of {worth:.1} frames. Draw the line across.</p>\
         <div class=\"pair\" id=\"pair\"><img src=\"{all}\" alt=\"the burst\">\
         <img class=\"one\" src=\"{one}\" alt=\"one frame\"><span class=\"line\"></span>\
         <input type=\"range\" min=\"0\" max=\"100\" step=\"0.1\" value=\"50\" aria-label=\"one frame or the burst\"></div>\
         <div class=\"ends\"><span>one frame</span><span>{frames} frames</span></div>\
         <h2>At 100 %</h2><p class=\"quiet\">Left one frame, right the burst; both developed alike.</p>\
         <img src=\"{sheet}\" alt=\"parts of one frame and of the burst, side by side\">\
         <h2>Against the truth</h2><p>The camera is simulated from photons on, so what it really saw is known. Light is \
         compared with light, without look, local tone and sharpening, both brightened alike to be seen.</p>\
         <table><tr><th></th><th>one frame</th><th>burst</th><th>change</th></tr>{figures}</table>\
         <p class=\"quiet\">DNG in to JPEG out: burst {burst_s:.1} s, one frame {one_s:.1} s. The simulated camera: {camera_s:.1} s.</p>\
         <h2>Another look</h2><p>The same burst as <i>vibrant</i>; the pictures above are <i>authentic</i>.</p>\
         <img class=\"wide\" src=\"{vibrant}\" alt=\"the burst, vibrant\">\
         <script>const pair=document.getElementById('pair');\
         pair.querySelector('input').oninput=e=>pair.style.setProperty('--at',e.target.value+'%')</script></body></html>\n",
        w = p.size.0,
        h = p.size.1,
        lux = p.lux,
        exposure = p.exposure,
        worth = p.report.effective_frames,
    ))
}
