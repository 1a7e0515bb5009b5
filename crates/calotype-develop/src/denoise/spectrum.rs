//! How noise is spread over spatial frequencies.

/// Noise power of luma and the two chromas in 8x8 cosine transforms, relative to that of one measured sample, row
/// frequency slowest: in the full picture once coarse noise has been taken out, and in means of 4x4 pixels.
///
/// Interpolation takes noise out of high frequencies, the more of it the fewer samples a colour has.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseSpectrum {
    pub(super) fine: [[f32; 64]; 3],
    /// The fine part where too few frames were merged to gather colours from, and a mosaic was demosaiced instead.
    pub(super) alone: [[f32; 64]; 3],
    pub(super) coarse: [[f32; 64]; 3],
    /// Variance of a colour at a pixel, in the mean over colours.
    pub(super) pixel: f32,
}

impl NoiseSpectrum {
    /// Of a Bayer mosaic after [`demosaic`](crate::demosaic::demosaic()), measured on flat fields of white noise.
    pub fn demosaiced() -> Self {
        let fine = [FINE_L, FINE_U, FINE_V];
        Self { fine, alone: fine, coarse: [COARSE_L, COARSE_U, COARSE_V], pixel: 0.81 }
    }

    /// Of a merged burst: a luminance gathered from the samples of all frames by a quadratic B-spline, as measured in flat
    /// parts of simulated bursts; like [`NoiseSpectrum::demosaiced`] where only the reference counts. The finest luma noise
    /// is weaker than a mosaic's. Chroma is smooth but for what the reference alone tells at edges, so its tables stay.
    pub fn merged() -> Self {
        Self { fine: [GATHERED_L, FINE_U, FINE_V], pixel: 0.5, ..Self::demosaiced() }
    }

    /// Variance of a pixel's luma relative to the table's unit sample.
    pub(super) fn luma_share(&self) -> f32 {
        self.fine[0].iter().sum::<f32>() / 64.0
    }

    /// How far `frames` merged frames make the noise that of gathered colours, 0 to 1: as the merge trusts its own
    /// colours.
    #[inline(always)]
    pub(super) fn gathered_share(frames: f32) -> f32 {
        ((frames - 2.0) * (1.0 / 2.5)).clamp(0.0, 1.0)
    }

    /// Of a picture whose pixels and colours are all measured or gathered on their own: white. `relative` is the
    /// variance of a pixel's red, green and blue relative to that of one sample divided by the number of frames.
    pub fn white(relative: [f32; 3]) -> Self {
        let [r, g, b] = relative;
        let power = [r / 16.0 + g / 4.0 + b / 16.0, r + b, g + 0.25 * (r + b)];
        // what is left at the lowest frequencies once coarse noise is out, as measured for luma
        let fine = power.map(|p| {
            let mut table = [p; 64];
            for (k, share) in [(0, 0.85), (1, 0.85), (8, 0.85), (9, 1.35)] {
                table[k] = p * share * 0.38;
            }
            table
        });
        Self { fine, alone: fine, coarse: power.map(|p| [p / 16.0; 64]), pixel: (r + g + b) / 3.0 }
    }
}

#[rustfmt::skip]
const FINE_L: [f32; 64] = [
    0.322, 0.323, 1.05, 0.957, 0.996, 0.885, 0.676, 0.524,
    0.323, 0.511, 1.03, 0.959, 0.959, 0.825, 0.624, 0.464,
    1.05, 1.03, 1.01, 0.998, 0.925, 0.77, 0.575, 0.419,
    0.957, 0.959, 0.998, 0.953, 0.866, 0.713, 0.52, 0.366,
    0.996, 0.959, 0.925, 0.866, 0.778, 0.621, 0.447, 0.296,
    0.885, 0.825, 0.77, 0.713, 0.621, 0.485, 0.326, 0.2,
    0.676, 0.624, 0.575, 0.52, 0.447, 0.326, 0.201, 0.104,
    0.524, 0.464, 0.419, 0.366, 0.296, 0.2, 0.104, 0.045,
];
#[rustfmt::skip]
const FINE_U: [f32; 64] = [
    0.673, 0.672, 1.7, 0.804, 0.531, 0.278, 0.11, 0.032,
    0.672, 0.719, 1.04, 0.496, 0.329, 0.187, 0.093, 0.045,
    1.7, 1.04, 0.621, 0.287, 0.176, 0.118, 0.079, 0.06,
    0.804, 0.496, 0.287, 0.116, 0.074, 0.064, 0.064, 0.065,
    0.531, 0.329, 0.176, 0.074, 0.04, 0.039, 0.047, 0.054,
    0.278, 0.187, 0.118, 0.064, 0.039, 0.032, 0.035, 0.037,
    0.11, 0.093, 0.079, 0.064, 0.047, 0.035, 0.027, 0.021,
    0.032, 0.045, 0.06, 0.065, 0.054, 0.037, 0.021, 0.01,
];
#[rustfmt::skip]
const FINE_V: [f32; 64] = [
    0.344, 0.343, 0.856, 0.32, 0.145, 0.051, 0.017, 0.01,
    0.343, 0.392, 0.575, 0.222, 0.093, 0.033, 0.013, 0.01,
    0.856, 0.575, 0.368, 0.149, 0.054, 0.02, 0.011, 0.01,
    0.32, 0.222, 0.149, 0.059, 0.022, 0.011, 0.01, 0.011,
    0.145, 0.093, 0.054, 0.022, 0.01, 0.01, 0.012, 0.014,
    0.051, 0.033, 0.02, 0.011, 0.01, 0.012, 0.013, 0.013,
    0.017, 0.013, 0.011, 0.01, 0.012, 0.013, 0.012, 0.01,
    0.01, 0.01, 0.01, 0.011, 0.014, 0.013, 0.01, 0.01,
];
#[rustfmt::skip]
const GATHERED_L: [f32; 64] = [
    0.33, 0.4, 0.82, 0.68, 0.53, 0.41, 0.29, 0.22,
    0.4, 0.55, 0.75, 0.64, 0.52, 0.41, 0.29, 0.22,
    0.82, 0.75, 0.69, 0.61, 0.51, 0.4, 0.28, 0.21,
    0.68, 0.64, 0.61, 0.57, 0.49, 0.38, 0.27, 0.2,
    0.53, 0.52, 0.51, 0.49, 0.45, 0.345, 0.24, 0.18,
    0.41, 0.41, 0.4, 0.38, 0.345, 0.275, 0.195, 0.15,
    0.29, 0.29, 0.28, 0.27, 0.24, 0.195, 0.15, 0.12,
    0.22, 0.22, 0.21, 0.2, 0.18, 0.15, 0.12, 0.095,
];
#[rustfmt::skip]
const COARSE_L: [f32; 64] = [
    0.066, 0.065, 0.063, 0.064, 0.063, 0.062, 0.062, 0.061,
    0.065, 0.061, 0.061, 0.062, 0.064, 0.063, 0.061, 0.063,
    0.063, 0.061, 0.06, 0.063, 0.062, 0.063, 0.06, 0.062,
    0.064, 0.062, 0.063, 0.063, 0.06, 0.064, 0.061, 0.062,
    0.063, 0.064, 0.062, 0.06, 0.062, 0.062, 0.062, 0.061,
    0.062, 0.063, 0.063, 0.064, 0.062, 0.065, 0.061, 0.062,
    0.062, 0.061, 0.06, 0.061, 0.062, 0.061, 0.059, 0.059,
    0.061, 0.063, 0.062, 0.062, 0.061, 0.062, 0.059, 0.06,
];
#[rustfmt::skip]
const COARSE_U: [f32; 64] = [
    0.461, 0.452, 0.387, 0.354, 0.289, 0.239, 0.188, 0.155,
    0.452, 0.399, 0.366, 0.328, 0.271, 0.22, 0.175, 0.145,
    0.387, 0.366, 0.337, 0.291, 0.23, 0.204, 0.157, 0.13,
    0.354, 0.328, 0.291, 0.253, 0.21, 0.172, 0.139, 0.114,
    0.289, 0.271, 0.23, 0.21, 0.18, 0.138, 0.116, 0.095,
    0.239, 0.22, 0.204, 0.172, 0.138, 0.114, 0.089, 0.076,
    0.188, 0.175, 0.157, 0.139, 0.116, 0.089, 0.067, 0.058,
    0.155, 0.145, 0.13, 0.114, 0.095, 0.076, 0.058, 0.048,
];
#[rustfmt::skip]
const COARSE_V: [f32; 64] = [
    0.227, 0.224, 0.193, 0.174, 0.142, 0.121, 0.099, 0.087,
    0.224, 0.199, 0.181, 0.163, 0.138, 0.114, 0.091, 0.08,
    0.193, 0.181, 0.172, 0.151, 0.128, 0.103, 0.083, 0.071,
    0.174, 0.163, 0.151, 0.134, 0.115, 0.092, 0.075, 0.061,
    0.142, 0.138, 0.128, 0.115, 0.1, 0.077, 0.064, 0.055,
    0.121, 0.114, 0.103, 0.092, 0.077, 0.064, 0.051, 0.044,
    0.099, 0.091, 0.083, 0.075, 0.064, 0.051, 0.044, 0.038,
    0.087, 0.08, 0.071, 0.061, 0.055, 0.044, 0.038, 0.032,
];
