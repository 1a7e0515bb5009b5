//! Everything the engine decided by itself.

use serde::Serialize;

/// Everything the engine decided by itself, for people and for programs. Every choice in it can be overridden by the
/// recipe.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// The camera: maker and model.
    pub camera: String,
    /// Pixels of the photograph across and down, upright.
    pub size: [usize; 2],
    /// Every frame that was handed over, in that order.
    pub frames: Vec<FrameReport>,
    /// The frame the others were laid upon, as an index into `frames`.
    pub reference: usize,
    /// How the reference was chosen: "asked", "only one", "sharpest", or for a bracket "sharpest at the main exposure".
    pub reference_choice: &'static str,
    /// Frames the picture is worth: mean over its pixels of the noise variance of one frame over that of the merge.
    pub effective_frames: f32,
    /// Where the noise model comes from: "file", "estimated" or "assumed".
    pub noise_source: &'static str,
    /// Photosites that were mended because they are hot or dead.
    pub defects: usize,
    /// Noise of one sample of the reference frame.
    pub noise: Option<NoiseReport>,
    /// The white the picture was balanced for.
    pub white_balance: Option<WhiteBalanceReport>,
    /// How bright it was made.
    pub exposure: Option<ExposureReport>,
    /// The lens whose prescription corrected it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lens: Option<LensReport>,
    /// The lens whose character it got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub character: Option<CharacterReport>,
    /// The look and its strength.
    pub look: Option<LookReport>,
    /// What was left out, replaced or not understood.
    pub warnings: Vec<String>,
}

/// The lens whose prescription corrected a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LensReport {
    /// Its name.
    pub name: String,
    /// Pixels' distance on the sensor in µm.
    pub pixel_pitch_um: f64,
    /// Largest shift of a pixel against the picture as it was taken, in pixels, any colour.
    pub moved_px: f64,
    /// Largest gain against falloff; 1 where the file's own description of it was used.
    pub gain: f64,
}

/// The lens whose character a picture got.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CharacterReport {
    /// Its name.
    pub name: String,
    /// Distance in focus in metres.
    pub focus_m: f64,
    /// Focal length in mm that the lens was scaled to, on 24 x 36 mm: that of the picture's field of view.
    pub focal_35mm: f64,
    /// True where the file told it.
    pub focal_told: bool,
    /// Its f-number.
    pub f_number: f64,
    /// Tangent of its field angle in the picture's corner over the picture's: below 1 where its field was stretched.
    pub covered: f64,
    /// True where there was a depth map.
    pub depth: bool,
}

/// One frame of the burst.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FrameReport {
    /// What the source calls it.
    pub name: String,
    /// True where its samples are part of the picture.
    pub used: bool,
    /// Why it was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// Exposure relative to the reference, in stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure_ev: Option<f32>,
    /// Shift of the picture's centre against the reference, in pixels, to the right and down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift_px: Option<[f32; 2]>,
    /// Turn of the picture against the reference in degrees, clockwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_deg: Option<f32>,
    /// Difference from the reference after alignment, in standard deviations of its noise: 1 is perfect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residual: Option<f32>,
}

/// Noise `var(x) = shot x + read` per colour, for black 0 and white 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NoiseReport {
    /// Variance per unit of signal: red, green, blue.
    pub shot: [f32; 3],
    /// Variance at black: red, green, blue.
    pub read: [f32; 3],
}

/// The white the picture was balanced for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WhiteBalanceReport {
    /// Where it comes from: "as shot", "estimated", "asked", or "assumed" where the file says nothing.
    pub source: &'static str,
    /// Correlated colour temperature in kelvin.
    pub kelvin: f64,
    /// 3000 times the distance from the Planckian locus in CIE 1960 uv, positive towards magenta.
    pub tint: f64,
}

/// How bright the picture was made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ExposureReport {
    /// Stops from the reference frame to the picture, BaselineExposure and the user's wish included.
    pub total_ev: f32,
    /// Stops of it that the engine chose.
    pub chosen_ev: f32,
    /// Stops of it that the camera asked for (BaselineExposure).
    pub baseline_ev: f32,
}

/// The look.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LookReport {
    /// Its name.
    pub name: String,
    /// How much of it.
    pub strength: f32,
}

impl CharacterReport {
    /// What had to be assumed.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        if !self.focal_told {
            all.push(format!(
                "no 35 mm equivalent focal length is told: {:.0} mm is assumed for character",
                self.focal_35mm
            ));
        }
        if self.covered < 0.999 {
            let part = 100.0 * self.covered;
            all.push(format!(
                "the lens {} covers {part:.0} % of the picture's field: it is stretched over it",
                self.name
            ));
        }
        all
    }
}

impl Report {
    /// One line for people.
    pub fn summary(&self) -> String {
        let used = self.frames.iter().filter(|f| f.used).count();
        let mut text = format!("{}x{}", self.size[0], self.size[1]);
        match self.frames.len() {
            1 => text += ", one frame",
            all => {
                text += &format!(", {used} of {all} frames");
                if let Some(frame) = self.frames.get(self.reference) {
                    let name = frame.name.rsplit(['/', '\\']).next().unwrap_or_default();
                    text += &format!(" on {name}, worth {:.1}", self.effective_frames);
                }
            }
        }
        if let Some(white) = self.white_balance {
            text += &format!(", white {:.0} K ({})", white.kelvin, white.source);
        }
        if let Some(exposure) = self.exposure {
            text += &format!(", exposure {:+.1} EV", exposure.total_ev);
        }
        if let Some(c) = &self.character {
            text += &format!(", character {} focused at {:.2} m", c.name, c.focus_m);
        }
        if let Some(look) = &self.look {
            text += &format!(", look {}", look.name);
        }
        text
    }

    /// Adds a warning about the file of the reference frame, by its name.
    pub(crate) fn warn_of_reference(&mut self, what: impl std::fmt::Display) {
        let warning = match self.frames.get(self.reference) {
            Some(frame) => format!("{}: {what}", frame.name),
            None => what.to_string(),
        };
        self.warnings.push(warning);
    }

    /// The report as JSON, one object.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}
