//! What a look is made of: plain numbers with physical meaning.

/// Hues of the eight sectors in degrees of Oklab, with their names.
pub const SECTORS: [(f64, &str); 8] = [
    (25.0, "red"),
    (50.0, "skin"),
    (105.0, "yellow"),
    (140.0, "green"),
    (195.0, "cyan"),
    (260.0, "blue"),
    (305.0, "purple"),
    (345.0, "magenta"),
];

/// A look: everything between scene-linear light and the picture on a display, as numbers.
///
/// Ranges, units and meanings of all of them are listed by [`crate::fields`], which also guards the parser. The default is
/// the neutral rendition towards which strength blends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// Name, author and other words about it.
    pub meta: Meta,
    /// Where middle grey goes.
    pub anchor: Anchor,
    /// The tone curve.
    pub tone: Tone,
    /// The primaries in which the tone curve acts.
    pub render: Render,
    /// Chroma by lightness.
    pub chroma: Chroma,
    /// Corrections at the eight hues of [`SECTORS`], in that order.
    pub sectors: [Sector; 8],
    /// Colour laid over neutrals.
    pub tint: Tint,
    /// The black and white branch.
    pub mono: Mono,
    /// Local contrast, for the develop stage that has the neighbourhood.
    pub local: Local,
    /// Traces of a lens, applied in scene-linear light.
    pub optics: Optics,
    /// Film grain.
    pub grain: Grain,
    /// A table laid over the rendition, for what numbers do not say.
    pub residual: Option<crate::Residual>,
    /// What the look promises to measure.
    pub contract: Contract,
}

/// Words about a look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meta {
    /// Lower-case letters, digits and hyphens.
    pub name: String,
    /// Looks that belong together.
    pub family: String,
    /// Who made it.
    pub author: String,
    /// SPDX expression.
    pub licence: String,
    /// One or two sentences for a menu.
    pub description: String,
    /// Date, YYYY-MM-DD.
    pub created: String,
    /// Looks it was blended from, with their weights.
    pub parents: Vec<(String, f64)>,
}

/// Where middle grey goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    /// Scene-linear value of middle grey.
    pub grey_in: f64,
    /// Lightness L* it gets.
    pub grey_out_lstar: f64,
}

impl Default for Anchor {
    fn default() -> Self {
        Self { grey_in: 0.18, grey_out_lstar: 49.5 }
    }
}

/// The five numbers of the tone curve; see [`crate::ToneCurve`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// Slope at middle grey, stops out per stop in.
    pub slope: f64,
    /// Length of the shoulder: small bends late and hard, large early and softly.
    pub shoulder: f64,
    /// Ceiling of the shoulder; what passes 1 is white.
    pub white: f64,
    /// Depth of the toe, like flare taken away.
    pub toe: f64,
    /// Linear light of the deepest black.
    pub black: f64,
    /// Stops by which dark skin is lifted before the curve, 0 to 2.25; hues of skin alone, most at five stops below grey, nothing
    /// from grey up.
    pub skin_lift_ev: f64,
}

impl Default for Tone {
    fn default() -> Self {
        Self { slope: 1.0, shoulder: 2.4, white: 1.1, toe: 0.0, black: 0.0, skin_lift_ev: 0.0 }
    }
}

/// The primaries in which the tone curve acts on each channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Render {
    /// How far red, green and blue are drawn towards white before the curve (0 none, 1 all the way).
    pub inset: [f64; 3],
    /// Turn of the primaries about white in degrees of the (x, y) plane.
    pub rotate_deg: [f64; 3],
    /// Share of inset and turn undone after the curve.
    pub recover: f64,
    /// Share of the ratio-preserving curve, which keeps hue, in the result.
    pub hue_keep: f64,
}

impl Default for Render {
    fn default() -> Self {
        Self { inset: [0.15; 3], rotate_deg: [0.0; 3], recover: 0.85, hue_keep: 0.7 }
    }
}

/// Factors of Oklab chroma by lightness, after the tone curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chroma {
    /// In the shadows (two stops below grey and darker).
    pub shadow: f64,
    /// At middle grey.
    pub mid: f64,
    /// In the highlights (one and a half stops above grey and lighter).
    pub highlight: f64,
    /// Additional gain for muted colours.
    pub vibrance: f64,
    /// How much of all gains skin hues are spared (0 none, 1 all).
    pub skin_guard: f64,
}

impl Default for Chroma {
    fn default() -> Self {
        Self { shadow: 1.0, mid: 1.0, highlight: 1.0, vibrance: 0.0, skin_guard: 0.0 }
    }
}

/// Corrections at one hue; they fade away towards neutrals and towards the neighbouring hues.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sector {
    /// Turn of the hue in degrees of Oklab.
    pub shift_deg: f64,
    /// Factor of chroma.
    pub chroma: f64,
    /// Relative change of Oklab lightness.
    pub lightness: f64,
}

impl Default for Sector {
    fn default() -> Self {
        Self { shift_deg: 0.0, chroma: 1.0, lightness: 0.0 }
    }
}

/// Colour laid over everything, neutrals included; Oklab a and b in hundredths. Black and white stay neutral.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tint {
    /// In the shadows.
    pub shadow: [f64; 2],
    /// In the mid-tones.
    pub mid: [f64; 2],
    /// In the highlights.
    pub highlight: [f64; 2],
}

/// Black and white.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mono {
    /// Shares of scene-linear red, green and blue in grey, as a colour filter and a film would have them; they are
    /// scaled to sum to 1.
    pub weights: [f64; 3],
    /// 0 colour, 1 black and white.
    pub amount: f64,
    /// Tone of the print, Oklab a and b in hundredths, strongest in the mid-tones.
    pub tone: [f64; 2],
}

impl Default for Mono {
    fn default() -> Self {
        Self { weights: [0.2627, 0.6780, 0.0593], amount: 0.0, tone: [0.0; 2] }
    }
}

/// Local contrast and range, handed to the develop stage that has the neighbourhood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Local {
    /// Gain of local contrast at 0.2 to 0.5 percent of the picture's height (0.1 is 10 percent more).
    pub fine: f64,
    /// The same at 1 to 2 percent.
    pub medium: f64,
    /// The same at 5 to 10 percent.
    pub coarse: f64,
    /// Stops by which deep shadows are lifted at most; the scene decides how far.
    pub lift_ev: f64,
    /// Stops by which bright regions are held back at most; the scene decides how far.
    pub hold_ev: f64,
    /// Largest mean L* of a picture of a scene below 5 lux, before what the user wishes; 100 is no limit.
    pub dim_scene_lstar: f64,
}

impl Default for Local {
    fn default() -> Self {
        Self { fine: 0.0, medium: 0.0, coarse: 0.0, lift_ev: 2.0, hold_ev: 2.0, dim_scene_lstar: 100.0 }
    }
}

/// Traces of a lens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Optics {
    /// Light at the corner in stops against the centre, 0 or below.
    pub corner_ev: f64,
    /// Share of light scattered into a wide halo.
    pub glow: f64,
    /// Radius of the glow as a share of the picture's diagonal.
    pub glow_radius: f64,
    /// Share of light reflected from the film's base.
    pub halation: f64,
    /// Radius of the halation as a share of the picture's diagonal.
    pub halation_radius: f64,
    /// Colour of the halation, linear red, green and blue.
    pub halation_tint: [f64; 3],
}

impl Default for Optics {
    fn default() -> Self {
        Self {
            corner_ev: 0.0,
            glow: 0.0,
            glow_radius: 0.01,
            halation: 0.0,
            halation_radius: 0.005,
            halation_tint: [1.0, 0.3, 0.1],
        }
    }
}

/// Film grain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grain {
    /// RMS of density after a 48 micrometre aperture, times 1000.
    pub rms: f64,
    /// Size of the grain in micrometres on a 36 x 24 mm frame.
    pub size_um: f64,
    /// Share of the grain that follows the shadows.
    pub shadow_bias: f64,
    /// Share of the grain that is coloured.
    pub chroma: f64,
}

impl Default for Grain {
    fn default() -> Self {
        Self { rms: 0.0, size_um: 12.0, shadow_bias: 0.0, chroma: 0.0 }
    }
}

/// What a look promises; [`crate::measure`] and [`crate::verify`] hold it to that. Absent promises are not checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contract {
    /// Slope of the neutral scale at middle grey, within 0.03.
    pub slope: Option<f64>,
    /// L* of black, within 0.3.
    pub min_lstar: Option<f64>,
    /// L* of neutrals by stops from grey, within 1.
    pub lstar: Vec<(f64, f64)>,
    /// Oklab chroma out over chroma in by stops from grey, mean of the eight sectors, within 0.05.
    pub gain: Vec<(f64, f64)>,
    /// Hue shifts in degrees by sector (index in [`SECTORS`]), within 1.5.
    pub hue: Vec<(usize, f64)>,
    /// Largest hue shift of the ten Monk skin tones in degrees.
    pub skin_shift_max: Option<f64>,
    /// Largest difference of those shifts in degrees.
    pub skin_spread_max: Option<f64>,
    /// Light at the corner in stops, within 0.05.
    pub corner_ev: Option<f64>,
}
