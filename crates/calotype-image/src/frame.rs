//! Raw frames and mosaics.

use crate::{Cfa, NoiseModel, Plane, Shading};

/// The code of black in [`RawFrame::samples`]: room below it keeps the noise of dark samples unclipped.
pub const RAW_BLACK: u16 = 8192;
/// The code of white (sensor saturation) in [`RawFrame::samples`].
pub const RAW_WHITE: u16 = 65535;
/// Codes from black to white.
pub const RAW_RANGE: f32 = (RAW_WHITE - RAW_BLACK) as f32;

/// Linear signal (black 0, white 1) of a code.
#[inline(always)]
pub fn raw_to_linear(code: u16) -> f32 {
    (f32::from(code) - RAW_BLACK as f32) * (1.0 / RAW_RANGE)
}

/// The nearest code of a linear signal, clamped to what codes can hold (-0.14 to 1).
#[inline(always)]
pub fn linear_to_raw(x: f32) -> u16 {
    (x * RAW_RANGE + (RAW_BLACK as f32 + 0.5)) as u16
}

/// One raw exposure, ready to be aligned and merged.
///
/// `samples` are linear and on one scale for every camera: [`RAW_BLACK`] is no light, [`RAW_WHITE`] saturation;
/// lens shading is not yet corrected.
#[derive(Clone, Debug)]
pub struct RawFrame {
    /// Codes, one per photosite of the active area.
    pub samples: Plane<u16>,
    /// The colour filters, from the top left sample.
    pub cfa: Cfa,
    /// Noise of the linear signal.
    pub noise: NoiseModel,
    /// Linear signal per unit of scene light, relative to other frames of the burst: time x gain x aperture area.
    pub exposure: f32,
    /// What the signal must be multiplied by to undo the lens's falloff; `None` where nothing is known.
    pub shading: Option<Shading>,
}

/// A linear mosaic in floating point: black 0, white of the reference frame 1; highlights may exceed 1.
#[derive(Clone, Debug)]
pub struct Mosaic {
    /// Samples, one per photosite.
    pub samples: Plane<f32>,
    /// The colour filters, from the top left sample.
    pub cfa: Cfa,
    /// Noise of the samples.
    pub noise: NoiseModel,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_signal_agree() {
        assert_eq!(raw_to_linear(RAW_BLACK), 0.0);
        assert_eq!(raw_to_linear(RAW_WHITE), 1.0);
        for code in [0, 1, 8191, 8193, 30000, 65534] {
            assert_eq!(linear_to_raw(raw_to_linear(code)), code);
        }
        assert_eq!(linear_to_raw(2.0), RAW_WHITE);
        assert_eq!(linear_to_raw(-2.0), 0);
    }
}
