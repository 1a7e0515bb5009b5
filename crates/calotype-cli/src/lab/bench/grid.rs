//! What the bench photographs.

/// One burst, and what is measured on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Case {
    /// A scene in a light: fidelity of the burst, of one frame, and of peers.
    Photograph { scene: &'static str, lux: f64 },
    /// The 24-patch chart under an illuminant, at 100 lux.
    Colour { illuminant: &'static str },
    /// A scene under an illuminant whose white must be found, at 100 lux, one frame.
    White { scene: &'static str, illuminant: &'static str },
    /// Slanted edges: sharpness, and overshoot of the finished photograph.
    Edges { lux: f64 },
    /// A neutral target with fine structure, at 1000 lux: every colour in it is false.
    Neutral { scene: &'static str },
}

/// Scenes of photographs.
const SCENES: [&str; 5] = ["dusk", "street", "portrait", "interior", "foliage"];
/// Illuminances in lux: an office, a living room, a candle near by, a street, deep dusk, full moon and a lamp far away.
const LIGHTS: [f64; 6] = [1000.0, 100.0, 10.0, 3.0, 1.0, 0.3];
/// Lights whose white is known.
const ILLUMINANTS: [&str; 4] = ["A", "D55", "D65", "led-warm"];
/// Scenes whose white must be found: those without a light of their own that has another colour.
const WHITES: [&str; 7] = ["portrait", "interior", "foliage", "leaves", "chart", "target", "text"];

/// All cases, in the order of the table.
pub fn cases(quick: bool) -> Vec<Case> {
    let scenes: &[&str] = if quick { &SCENES[1..3] } else { &SCENES };
    let lights: &[f64] = if quick { &[100.0, 3.0] } else { &LIGHTS };
    let illuminants: &[&str] = if quick { &ILLUMINANTS[..2] } else { &ILLUMINANTS };
    let whites: &[&str] = if quick { &WHITES[..1] } else { &WHITES };
    let mut all = Vec::new();
    for scene in scenes {
        all.extend(lights.iter().map(|&lux| Case::Photograph { scene, lux }));
    }
    all.extend(illuminants.iter().map(|illuminant| Case::Colour { illuminant }));
    if !quick {
        all.push(Case::Colour { illuminant: "led-cool" });
    }
    for scene in whites {
        all.extend(illuminants.iter().map(|illuminant| Case::White { scene, illuminant }));
    }
    all.extend(if quick { &[1000.0][..] } else { &[1000.0, 100.0, 10.0] }.iter().map(|&lux| Case::Edges { lux }));
    all.extend(["star", "text"].map(|scene| Case::Neutral { scene }));
    all
}

impl Case {
    /// Its name, in files and tables: `street-3lx`.
    pub fn name(&self) -> String {
        match self {
            Self::Photograph { scene, lux } => format!("{scene}-{lux}lx"),
            Self::Colour { illuminant } => format!("chart-{illuminant}"),
            Self::White { scene, illuminant } => format!("white-{scene}-{illuminant}"),
            Self::Edges { lux } => format!("edges-{lux}lx"),
            Self::Neutral { scene } => format!("neutral-{scene}"),
        }
    }

    /// The scene.
    pub fn scene(&self) -> &'static str {
        match self {
            Self::Photograph { scene, .. } | Self::White { scene, .. } | Self::Neutral { scene } => scene,
            Self::Colour { .. } => "chart",
            Self::Edges { .. } => "edges",
        }
    }

    /// Illuminance in lux.
    pub fn lux(&self) -> f64 {
        match self {
            Self::Photograph { lux, .. } | Self::Edges { lux } => *lux,
            Self::Colour { .. } | Self::White { .. } => 100.0,
            Self::Neutral { .. } => 1000.0,
        }
    }

    /// The illuminant, where it is not the scene's own.
    pub fn illuminant(&self) -> Option<&'static str> {
        match self {
            Self::Colour { illuminant } | Self::White { illuminant, .. } => Some(illuminant),
            _ => None,
        }
    }

    /// Frames of the burst.
    pub fn frames(&self) -> usize {
        if matches!(self, Self::White { .. }) { 1 } else { 8 }
    }

    /// Pixels of a frame.
    pub fn size(&self, quick: bool) -> (usize, usize) {
        match self {
            Self::White { .. } => (512, 384),
            Self::Colour { .. } => (640, 480),
            _ if quick => (640, 480),
            _ => (800, 600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_the_quick_cases_are_a_part() {
        let all = cases(false);
        let mut names: Vec<String> = all.iter().map(Case::name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all.len());
        assert!(cases(true).iter().all(|c| all.contains(c)));
        for case in &all {
            assert!(calotype_twin::find_scene(case.scene()).is_ok(), "{case:?}");
        }
    }
}
