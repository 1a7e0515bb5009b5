//! Everything the user chose.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Everything the user chose, so that a photograph can be repeated. A TOML file; keys left out keep their defaults.
///
/// ```
/// use calotype::{Recipe, WhiteBalance};
///
/// let recipe = Recipe::from_toml("look = 'natural'\nwhite_balance = '5200:3'")?;
/// assert_eq!(recipe.white_balance, WhiteBalance::Kelvin { kelvin: 5200.0, tint: 3.0 });
/// assert_eq!(Recipe::from_toml(&recipe.to_toml())?, recipe);
/// # Ok::<(), calotype::RecipeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// Name of a built-in look, or path of a look file.
    pub look: String,
    /// How much of the look, 0 (the neutral rendering) to 1.
    pub strength: f32,
    /// Brighter or darker than the engine's own exposure, in stops, -8 to 8.
    pub ev: f32,
    /// Which light counts as white.
    pub white_balance: WhiteBalance,
    /// Which frame the others are laid upon.
    pub reference: Reference,
    /// The part of the picture to keep.
    pub crop: Crop,
    /// How much of the noise that is left after the merge is removed: 0 none, 1 as measured, up to 2.
    pub denoise: f32,
    /// Capture sharpening: 0 none, 1 as measured, up to 2.
    pub sharpen: f32,
    /// How far local tone opens shadows and holds highlights: 0 not at all, 1 as designed.
    pub local_tone: f32,
    /// Lens corrections the file brings: distortion, lateral colour, vignetting.
    pub lens: bool,
    /// The lens that the burst was taken through, to be corrected by its prescription instead of by the file: a built-in lens
    /// or a lens file; empty for none.
    pub prescription: String,
    /// Distance of the sensor's pixels in µm, for files that do not tell it; 0 for what the file says. Only with a
    /// prescription.
    pub pixel_pitch_um: f64,
    /// How much of the prescription's blur is taken back, 0 to 1: corners become as sharp as the middle, as far as the
    /// noise allows.
    pub deblur: f32,
    /// The lens whose character the photograph gets: a built-in lens or a lens file; empty for none. The caller reads it.
    pub character: String,
    /// How much of that character: 1 is that of a camera for 35 mm film with the picture's field of view, 2 that of one twice
    /// as large; 0 is none.
    pub character_strength: f32,
    /// Distance in metres that is in focus; 0 for that of the picture's middle (character), or what the file tells (lens).
    pub focus_m: f64,
    /// Path of the depth map (.exr in metres, .png in dioptres, .jpg of a phone); empty for none. The caller reads it.
    pub depth: String,
    /// Dioptres (1/m) that white stands for in a depth map in PNG; 0 where it is not told.
    pub depth_white: f64,
    /// Which picture's pixels the depth map has.
    pub depth_of: DepthOf,
    /// Path of a camera profile (.toml or .dcp, see [`crate::MeasuredCamera`]) used instead of what the files say; empty for
    /// none. The caller reads it.
    pub profile: String,
    /// The profile's table of hue, saturation and value (ProfileHueSatMap), where it has one.
    pub profile_table: bool,
    /// How the photograph is stored.
    pub output: Output,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            look: "authentic".into(),
            strength: 1.0,
            ev: 0.0,
            white_balance: WhiteBalance::AsShot,
            reference: Reference::Auto,
            crop: Crop::Default,
            denoise: 1.0,
            sharpen: 1.0,
            local_tone: 1.0,
            lens: true,
            prescription: String::new(),
            pixel_pitch_um: 0.0,
            deblur: 1.0,
            character: String::new(),
            character_strength: 1.0,
            focus_m: 0.0,
            depth: String::new(),
            depth_white: 0.0,
            depth_of: DepthOf::default(),
            profile: String::new(),
            profile_table: true,
            output: Output::default(),
        }
    }
}

/// How the photograph is stored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Output {
    /// Primaries of the stored picture.
    pub space: OutputSpace,
    /// Quality of JPEG and AVIF, 1 to 100.
    pub quality: u8,
    /// Store colour at half resolution in JPEG (4:2:0): smaller, and rarely visible.
    pub subsample_chroma: bool,
    /// Put a gain map into JPEG files, so that HDR displays show highlights as bright as they were (Ultra HDR).
    pub hdr: bool,
}

impl Default for Output {
    fn default() -> Self {
        Self { space: OutputSpace::DisplayP3, quality: 92, subsample_chroma: false, hdr: true }
    }
}

/// Primaries of the stored picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputSpace {
    /// sRGB primaries and curve.
    Srgb,
    /// Display P3: wider, what phones show.
    DisplayP3,
}

/// Which picture's pixels a depth map has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DepthOf {
    /// The photograph's: corrected, cropped and upright.
    #[default]
    Photograph,
    /// The reference frame's, as it was taken.
    Frame,
}

/// Which light counts as white: "as-shot", "auto", "5200" or "5200:3" (kelvin and tint).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum WhiteBalance {
    /// What the camera found.
    #[default]
    AsShot,
    /// Our own estimate from the picture.
    Auto,
    /// A temperature on the Planckian locus in kelvin (1000 to 40000), and a distance from it: 3000 times the
    /// distance in CIE 1960 uv, positive towards magenta (-150 to 150).
    Kelvin {
        /// Kelvin.
        kelvin: f64,
        /// Distance from the locus.
        tint: f64,
    },
}

/// Which frame the others are laid upon: "auto" or a number counted from 0 in the order of the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reference {
    /// The sharpest of the frames that are exposed well.
    #[default]
    Auto,
    /// This one.
    Index(usize),
}

/// The part of the picture to keep, in the upright picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crop {
    /// What the camera means to be shown.
    #[default]
    Default,
    /// Every pixel that light reaches.
    Full,
    /// The largest centred part of an aspect, width:height.
    Aspect(u32, u32),
    /// Pixels: width, height, left and top, counted in the default crop. As text WIDTHxHEIGHT+LEFT+TOP.
    Pixels {
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
        /// Left edge.
        left: usize,
        /// Top edge.
        top: usize,
    },
}

/// Why a recipe makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// Not TOML, an unknown key or a value of the wrong kind. The message shows the line.
    #[error("{0}")]
    Syntax(String),
    /// A number out of its range.
    #[error("{key} is {value}, which is not between {min} and {max}")]
    Range {
        /// The key.
        key: &'static str,
        /// Its value.
        value: f64,
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
    },
    /// A word that is none of those allowed.
    #[error("`{value}` is not {expected}")]
    Word {
        /// What was written.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
}

impl Recipe {
    /// Reads a recipe file's text.
    ///
    /// # Errors
    /// [`RecipeError::Syntax`] with the line in question, [`RecipeError::Range`] for a number out of range.
    pub fn from_toml(text: &str) -> Result<Self, RecipeError> {
        let recipe: Self = toml::from_str(text).map_err(|e| RecipeError::Syntax(e.to_string()))?;
        recipe.check()?;
        Ok(recipe)
    }

    /// The recipe as a file's text, every key written out.
    pub fn to_toml(&self) -> String {
        // Plain numbers, strings and one table of the same: there is nothing TOML could refuse.
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// Checks that every number is in its range.
    ///
    /// # Errors
    /// [`RecipeError::Range`] for the first that is not.
    pub fn check(&self) -> Result<(), RecipeError> {
        let range = |key, value: f64, min: f64, max: f64| {
            (min..=max).contains(&value).then_some(()).ok_or(RecipeError::Range { key, value, min, max })
        };
        range("strength", self.strength.into(), 0.0, 1.0)?;
        range("ev", self.ev.into(), -8.0, 8.0)?;
        range("denoise", self.denoise.into(), 0.0, 2.0)?;
        range("sharpen", self.sharpen.into(), 0.0, 2.0)?;
        range("pixel_pitch_um", self.pixel_pitch_um, 0.0, 100.0)?;
        range("deblur", self.deblur.into(), 0.0, 1.0)?;
        range("character_strength", self.character_strength.into(), 0.0, 2.0)?;
        range("focus_m", self.focus_m, 0.0, 1e6)?;
        range("depth_white", self.depth_white, 0.0, 1e3)?;
        range("local_tone", self.local_tone.into(), 0.0, 1.0)?;
        range("output.quality", self.output.quality.into(), 1.0, 100.0)?;
        if let WhiteBalance::Kelvin { kelvin, tint } = self.white_balance {
            range("white_balance kelvin", kelvin, 1000.0, 40000.0)?;
            range("white_balance tint", tint, -150.0, 150.0)?;
        }
        Ok(())
    }
}

impl FromStr for WhiteBalance {
    type Err = RecipeError;

    fn from_str(s: &str) -> Result<Self, RecipeError> {
        let word = || RecipeError::Word {
            value: s.into(),
            expected: "a white balance: as-shot, auto, or kelvin with an optional tint, like 5200 or 5200:3",
        };
        match s {
            "as-shot" => return Ok(Self::AsShot),
            "auto" => return Ok(Self::Auto),
            _ => {}
        }
        let (kelvin, tint) = s.split_once(':').unwrap_or((s, "0"));
        let number = |t: &str| t.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        let kelvin = number(kelvin.trim_end_matches(['K', 'k'])).ok_or_else(word)?;
        let tint = number(tint).ok_or_else(word)?;
        let balance = Self::Kelvin { kelvin, tint };
        Recipe { white_balance: balance, ..Recipe::default() }.check()?;
        Ok(balance)
    }
}

impl fmt::Display for WhiteBalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsShot => f.write_str("as-shot"),
            Self::Auto => f.write_str("auto"),
            Self::Kelvin { kelvin, tint } if *tint == 0.0 => write!(f, "{kelvin}"),
            Self::Kelvin { kelvin, tint } => write!(f, "{kelvin}:{tint}"),
        }
    }
}

impl FromStr for Reference {
    type Err = RecipeError;

    fn from_str(s: &str) -> Result<Self, RecipeError> {
        if s == "auto" {
            return Ok(Self::Auto);
        }
        s.parse().map(Self::Index).map_err(|_| RecipeError::Word {
            value: s.into(),
            expected: "a reference: auto, or the number of a frame, counted from 0",
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Index(i) => write!(f, "{i}"),
        }
    }
}

impl FromStr for Crop {
    type Err = RecipeError;

    fn from_str(s: &str) -> Result<Self, RecipeError> {
        match s {
            "default" => return Ok(Self::Default),
            "full" => return Ok(Self::Full),
            _ => {}
        }
        let pixels = || {
            let (width, rest) = s.split_once('x')?;
            let mut parts = rest.split('+').map(|v| v.parse::<usize>().ok());
            let (height, left, top) = (parts.next()??, parts.next()??, parts.next()??);
            let width = width.parse().ok()?;
            (parts.next().is_none() && width > 0 && height > 0).then_some(Self::Pixels { width, height, left, top })
        };
        let aspect = || {
            let (w, h) = s.split_once(':')?;
            let (w, h) = (w.parse::<u32>().ok()?, h.parse::<u32>().ok()?);
            (w > 0 && h > 0).then_some(Self::Aspect(w, h))
        };
        pixels().or_else(aspect).ok_or_else(|| RecipeError::Word {
            value: s.into(),
            expected: "a crop: default, full, an aspect like 3:2, or pixels like 1200x800+100+50",
        })
    }
}

impl fmt::Display for Crop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Full => f.write_str("full"),
            Self::Aspect(w, h) => write!(f, "{w}:{h}"),
            Self::Pixels { width, height, left, top } => write!(f, "{width}x{height}+{left}+{top}"),
        }
    }
}

/// Stores a type as the text a user would type.
macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                /// Bare numbers are as good as quoted ones.
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum Text {
                    Word(String),
                    Whole(i64),
                    Number(f64),
                }
                let text = match Text::deserialize(deserializer)? {
                    Text::Word(s) => s,
                    Text::Whole(v) => v.to_string(),
                    Text::Number(v) => v.to_string(),
                };
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

as_text!(WhiteBalance, Reference, Crop);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let recipes = [
            Recipe::default(),
            Recipe {
                look: "mono-natural".into(),
                white_balance: WhiteBalance::Kelvin { kelvin: 3250.5, tint: -7.0 },
                reference: Reference::Index(3),
                crop: Crop::Pixels { width: 10, height: 20, left: 3, top: 0 },
                output: Output { space: OutputSpace::Srgb, hdr: false, ..Output::default() },
                ..Recipe::default()
            },
            Recipe { crop: Crop::Aspect(3, 2), white_balance: WhiteBalance::Auto, ..Recipe::default() },
        ];
        for recipe in recipes {
            assert_eq!(Recipe::from_toml(&recipe.to_toml()), Ok(recipe));
        }
    }

    #[test]
    fn keys_left_out_keep_their_defaults_and_numbers_need_no_quotes() {
        assert_eq!(Recipe::from_toml(""), Ok(Recipe::default()));
        let recipe = Recipe::from_toml("white_balance = 5200\nreference = 2\n[output]\nquality = 80").unwrap();
        assert_eq!(recipe.white_balance, WhiteBalance::Kelvin { kelvin: 5200.0, tint: 0.0 });
        assert_eq!(recipe.reference, Reference::Index(2));
        assert_eq!(recipe.output.quality, 80);
    }

    #[test]
    fn nonsense_is_refused_with_the_place() {
        let unknown = Recipe::from_toml("ev = 0.5\nstrenght = 1").unwrap_err().to_string();
        assert!(unknown.contains("strenght") && unknown.contains("line 2"), "{unknown}");
        assert!(matches!(Recipe::from_toml("ev = 9"), Err(RecipeError::Range { key: "ev", .. })));
        assert!(Recipe::from_toml("ev = nan").is_err());
        for text in ["", "0x5+1+1", "3:0", "10x10", "10x10+1", "1x1+1+1+1"] {
            assert!(text.parse::<Crop>().is_err(), "{text}");
        }
        for text in ["", "sunny", "500", "5200:x", "5200:1000", "inf"] {
            assert!(text.parse::<WhiteBalance>().is_err(), "{text}");
        }
        assert!("-1".parse::<Reference>().is_err());
    }
}
