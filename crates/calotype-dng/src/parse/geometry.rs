//! Areas and filters.

use super::select::{CFA, LINEAR_RAW};
use super::{Notes, Sources};
use crate::error::DngError;
use crate::info::RawKind;
use crate::layout::Layout;
use crate::tiff::{Directory, tags};
use calotype_image::{Cfa, CfaColor, Rect};

/// ActiveArea; the whole picture where missing.
pub(super) fn active_area(raw: &Directory<'_>, layout: &Layout) -> Result<Rect, DngError> {
    let Some(area) = raw.u64s(tags::ACTIVE_AREA)? else { return Ok(Rect::whole(layout.width, layout.height)) };
    rect(&area, layout).ok_or_else(|| {
        let size = format!("{}x{}", layout.width, layout.height);
        raw.bad(tags::ACTIVE_AREA, format!("{area:?} (top, left, bottom, right) is no part of the {size} picture"))
    })
}

/// MaskedAreas that lie inside the picture.
pub(crate) fn masked_areas(raw: &Directory<'_>, layout: &Layout, notes: &mut Notes) -> Vec<Rect> {
    let all = notes.take(raw.u64s(tags::MASKED_AREAS)).unwrap_or_default();
    all.chunks_exact(4).take(16).filter_map(|a| rect(a, layout)).collect()
}

/// Top, left, bottom, right.
fn rect(edges: &[u64], layout: &Layout) -> Option<Rect> {
    let &[top, left, bottom, right] = edges else { return None };
    let inside = top < bottom && left < right && bottom <= layout.height as u64 && right <= layout.width as u64;
    inside.then(|| Rect {
        x: left as usize,
        y: top as usize,
        width: (right - left) as usize,
        height: (bottom - top) as usize,
    })
}

/// DefaultCropOrigin and DefaultCropSize inside an active area of that size.
pub(super) fn default_crop(raw: &Directory<'_>, (width, height): (usize, usize), notes: &mut Notes) -> Rect {
    let whole = Rect::whole(width, height);
    let Some([w, h]) = notes.take(raw.array::<2>(tags::DEFAULT_CROP_SIZE)) else { return whole };
    let [x, y] = notes.take(raw.array::<2>(tags::DEFAULT_CROP_ORIGIN)).unwrap_or([0.0, 0.0]);
    let side = |from: f64, size: f64, all: usize| {
        let (start, end) = (from.floor().max(0.0), (from + size).ceil().min(all as f64));
        (end > start && start.is_finite() && end.is_finite()).then_some((start as usize, (end - start) as usize))
    };
    match (side(x, w, width), side(y, h, height)) {
        (Some((x, width)), Some((y, height))) => Rect { x, y, width, height },
        _ => {
            notes.warn(
                raw.name(),
                format!("the default crop {w}x{h} at {x}, {y} lies outside the picture: not cropped"),
            );
            whole
        }
    }
}

/// What the samples are.
pub(super) fn kind(sources: &Sources<'_>, layout: &Layout) -> Result<RawKind, DngError> {
    let raw = &sources.raw;
    let photometric = raw.need_u64(tags::PHOTOMETRIC_INTERPRETATION)?;
    let unsupported = |what: String| {
        let remedy = "; convert the file to a linear DNG first";
        Err(DngError::Unsupported { what: format!("{}: {what}", raw.name()), remedy })
    };
    if photometric == LINEAR_RAW {
        let extra = raw.u64s(tags::EXTRA_SAMPLES)?.map_or(0, |e| e.len());
        return match layout.samples.saturating_sub(extra) {
            1 => Ok(RawKind::Mono),
            3 => Ok(RawKind::Linear),
            n => unsupported(format!("linear raw data of {n} colours")),
        };
    }
    debug_assert_eq!(photometric, CFA);
    if layout.samples != 1 {
        return unsupported(format!("a mosaic of {} samples per pixel", layout.samples));
    }
    if raw.u64(tags::CFA_LAYOUT)?.unwrap_or(1) != 1 {
        return unsupported("a mosaic that is not rectangular (CFALayout)".into());
    }
    let dim = raw.u64s(tags::CFA_REPEAT_PATTERN_DIM)?.unwrap_or_else(|| vec![2, 2]);
    match dim[..] {
        [2, 2] => {}
        [4, 4] => return unsupported("a quad-Bayer mosaic (4x4)".into()),
        [6, 6] => return unsupported("an X-Trans mosaic (6x6)".into()),
        _ => return unsupported(format!("a colour filter pattern of {dim:?} rows and columns")),
    }
    let pattern = raw.value(tags::CFA_PATTERN)?;
    let pattern = pattern.as_ref().and_then(|v| v.u64s()).unwrap_or_default();
    let color = |&code: &u64| match code {
        0 => Some(CfaColor::Red),
        1 => Some(CfaColor::Green),
        2 => Some(CfaColor::Blue),
        _ => None,
    };
    let colors: Option<Vec<CfaColor>> = pattern.iter().map(color).collect();
    match colors.and_then(|c| <[CfaColor; 4]>::try_from(c).ok()).map(Cfa) {
        Some(cfa) if cfa.is_bayer() => Ok(RawKind::Cfa(cfa)),
        Some(cfa) if cfa.0.iter().all(|c| *c == cfa.0[0]) => Ok(RawKind::Mono),
        _ => unsupported(format!("the colour filter pattern {pattern:?} (0 red, 1 green, 2 blue)")),
    }
}
