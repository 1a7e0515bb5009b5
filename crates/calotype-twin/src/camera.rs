//! Cameras: a sensor, a lens, and how steadily they are held together.

use crate::lens::{Lens, Optics};
use crate::traced::Traced;
use crate::{Sensor, TwinError, strict};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

const BUILTIN: [(&str, &str); 4] = [
    ("flagship", include_str!("../cameras/flagship.toml")),
    ("main", include_str!("../cameras/main.toml")),
    ("budget", include_str!("../cameras/budget.toml")),
    ("clean", include_str!("../cameras/clean.toml")),
];

/// A camera, ready to be used.
#[derive(Clone)]
pub struct Camera {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub description: String,
    /// The sensor.
    pub sensor: Sensor,
    /// The lens.
    pub optics: Arc<dyn Optics>,
    /// What the lens is called.
    pub lens_name: String,
    /// The prescription that the lens was traced from, if it was.
    pub prescription: Option<Arc<calotype_optics::Lens>>,
    /// What optical stabilisation leaves of yaw and pitch between 1 and 15 Hz, 0 to 1.
    pub stabilisation_residue: f64,
    /// Longest exposure that the automatic chooses, in seconds.
    pub longest_exposure_s: f64,
}

/// A camera file (schema `camera/1`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CameraFile {
    /// `camera/1`.
    pub schema: String,
    /// How it is asked for.
    pub name: String,
    /// What it is.
    pub description: String,
    /// A sensor built in, or a sensor file (seen from the camera file).
    pub sensor: String,
    /// A lens built in, or a lens file (seen from the camera file): tables, or a prescription (.toml, .json, .zmx, .seq).
    pub lens: String,
    /// See [`Camera::stabilisation_residue`].
    pub stabilisation_residue: f64,
    /// See [`Camera::longest_exposure_s`].
    pub longest_exposure_s: f64,
}

impl Camera {
    /// Names and descriptions of the cameras built in.
    pub fn builtin_names() -> Vec<(&'static str, String)> {
        let describe =
            |n: &str, text| strict::read::<CameraFile>(n, text, text).map_or(String::new(), |c| c.description);
        BUILTIN.iter().map(|(n, text)| (*n, describe(n, text))).collect()
    }

    /// The file of a camera built in.
    pub fn builtin_text(name: &str) -> Option<&'static str> {
        BUILTIN.iter().find(|b| b.0 == name).map(|b| b.1)
    }

    /// A camera built in, or that of a file.
    ///
    /// # Errors
    /// [`TwinError::UnknownName`] for a name that is neither; [`TwinError::Io`], [`TwinError::Toml`],
    /// [`TwinError::UnknownKey`] and [`TwinError::BadValue`] for files.
    pub fn load(name: &str) -> Result<Self, TwinError> {
        let (file, text, folder) = find("camera", name, Path::new(""), Self::builtin_text, &Self::builtin_names())?;
        let read: CameraFile = strict::read(&file, &text, BUILTIN[0].1)?;
        if read.schema != "camera/1" {
            return Err(TwinError::bad(&file, "schema", &read.schema, "this version reads camera/1"));
        }
        if !(0.0..=1.0).contains(&read.stabilisation_residue) {
            let reason = "it must lie within 0 (a tripod) and 1 (no stabilisation)";
            return Err(TwinError::bad(&file, "stabilisation_residue", read.stabilisation_residue, reason));
        }
        if !(1e-5..=60.0).contains(&read.longest_exposure_s) {
            let reason = "it must lie within 0.00001 and 60 seconds";
            return Err(TwinError::bad(&file, "longest_exposure_s", read.longest_exposure_s, reason));
        }
        let sensor = load_sensor(&read.sensor, &folder)?;
        let lens = load_lens(&read.lens, &folder)?.before(&sensor)?;
        Ok(Self {
            name: read.name,
            description: read.description,
            sensor,
            lens_name: lens.name,
            optics: lens.optics,
            prescription: lens.prescription,
            stabilisation_residue: read.stabilisation_residue,
            longest_exposure_s: read.longest_exposure_s,
        })
    }

    /// The same camera with another sensor, built in or from a file.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn with_sensor(self, name: &str) -> Result<Self, TwinError> {
        let sensor = load_sensor(name, Path::new(""))?;
        let optics = match &self.prescription {
            // what it does to the corner depends on where the corner is
            Some(lens) => Source::Prescription(lens.clone()).before(&sensor)?.optics,
            None => self.optics,
        };
        Ok(Self { sensor, optics, ..self })
    }

    /// The same camera with another lens, built in or from a file.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn with_lens(self, name: &str) -> Result<Self, TwinError> {
        let lens = load_lens(name, Path::new(""))?.before(&self.sensor)?;
        Ok(Self { lens_name: lens.name, optics: lens.optics, prescription: lens.prescription, ..self })
    }
}

fn load_sensor(name: &str, folder: &Path) -> Result<Sensor, TwinError> {
    let (file, text, _) = find("sensor", name, folder, Sensor::builtin_text, &Sensor::builtin_names())?;
    Sensor::from_toml(&file, &text)
}

/// A lens as it was read.
enum Source {
    Tables(Box<Lens>),
    Prescription(Arc<calotype_optics::Lens>),
}

/// A lens before a sensor.
struct Fitted {
    name: String,
    optics: Arc<dyn Optics>,
    prescription: Option<Arc<calotype_optics::Lens>>,
}

impl Source {
    fn before(self, sensor: &Sensor) -> Result<Fitted, TwinError> {
        match self {
            Self::Tables(lens) => {
                Ok(Fitted { name: lens.name.clone(), optics: Arc::from(lens as Box<dyn Optics>), prescription: None })
            }
            Self::Prescription(lens) => {
                let half_mm = 0.5e-3 * sensor.pixel_um * (sensor.width as f64).hypot(sensor.height as f64);
                let traced = Traced::new(lens.as_ref().clone(), half_mm)?;
                Ok(Fitted { name: lens.name.clone(), optics: Arc::new(traced), prescription: Some(lens) })
            }
        }
    }
}

fn load_lens(name: &str, folder: &Path) -> Result<Source, TwinError> {
    let optics = |source| TwinError::Lens { source, lens: name.into() };
    if let Some(lens) = calotype_optics::built_in_lens(name).map_err(optics)? {
        return Ok(Source::Prescription(Arc::new(lens)));
    }
    let path = folder.join(name);
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    if matches!(extension.as_str(), "json" | "zmx" | "seq") {
        let lens = calotype_optics::read_lens(&path, &Default::default(), &mut Vec::new()).map_err(optics)?;
        return Ok(Source::Prescription(Arc::new(lens)));
    }
    let mut names = Lens::builtin_names();
    names.extend(calotype_optics::built_in_lenses());
    let (file, text, _) = find("lens", name, folder, Lens::builtin_text, &names)?;
    // tables and prescriptions are both TOML; only prescriptions have surfaces
    if text.parse::<toml::Table>().is_ok_and(|t| t.contains_key("surface")) {
        let lens = calotype_optics::Lens::from_toml(&text, &file, &Default::default()).map_err(optics)?;
        return Ok(Source::Prescription(Arc::new(lens)));
    }
    Lens::from_toml(&file, &text).map(|lens| Source::Tables(Box::new(lens)))
}

/// The name for errors, the text, and the folder of something built in or of a file.
fn find(
    kind: &'static str,
    name: &str,
    folder: &Path,
    builtin: impl Fn(&str) -> Option<&'static str>,
    names: &[(&str, String)],
) -> Result<(String, String, std::path::PathBuf), TwinError> {
    if let Some(text) = builtin(name) {
        return Ok((name.into(), text.into(), folder.into()));
    }
    let path = folder.join(name);
    let is_path = path.extension().is_some() || name.contains(std::path::is_separator);
    if !is_path && !path.is_file() {
        let known: Vec<&str> = names.iter().map(|n| n.0).collect();
        let known = format!("{}, or files (.toml)", known.join(", "));
        return Err(TwinError::UnknownName { kind, name: name.into(), known });
    }
    let text = strict::text(&path)?;
    Ok((path.display().to_string(), text, path.parent().unwrap_or(Path::new("")).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_cameras_fit_together() {
        for (name, description) in Camera::builtin_names() {
            let camera = Camera::load(name).unwrap();
            assert!(!description.is_empty());
            let s = &camera.sensor;
            let half_mm = (s.width as f64).hypot(s.height as f64) / 2.0 * s.pixel_um * 1e-3;
            assert!((half_mm / camera.optics.half_diagonal_mm() - 1.0).abs() < 0.03, "{name}: {half_mm} mm");
        }
    }

    #[test]
    fn prescriptions_are_lenses_and_follow_the_sensor() {
        let camera = Camera::load("clean").unwrap().with_lens("phone-9p").unwrap();
        assert_eq!(camera.lens_name, "phone-9p");
        let corner = camera.optics.half_diagonal_mm();
        let other = camera.with_sensor("small").unwrap();
        assert!(other.optics.half_diagonal_mm() < 0.9 * corner);
        // files, and what is wrong with them
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        std::fs::write(&path, calotype_optics::built_in_text("phone-9p").unwrap()).unwrap();
        assert!(Camera::load("clean").unwrap().with_lens(path.to_str().unwrap()).is_ok());
        std::fs::write(&path, "schema = 'lens/1'\n[[surface]]\nradius = 3").unwrap();
        let error = Camera::load("clean").unwrap().with_lens(path.to_str().unwrap()).err().unwrap().to_string();
        assert!(error.contains("radius"), "{error}");
        let error = Camera::load("clean").unwrap().with_lens("nonsense").err().unwrap().to_string();
        assert!(error.contains("phone-9p"), "{error}");
    }

    #[test]
    fn files_refer_to_files_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let camera = include_str!("../cameras/main.toml").replace("\"main\"\nlens", "\"mine.toml\"\nlens");
        std::fs::write(folder.path().join("camera.toml"), camera).unwrap();
        let path = folder.path().join("camera.toml");
        let name = path.to_str().unwrap();
        let error = Camera::load(name).err().unwrap().to_string();
        assert!(error.contains("mine.toml") && error.contains("cannot read"), "{error}");
        std::fs::write(folder.path().join("mine.toml"), Sensor::builtin_text("small").unwrap()).unwrap();
        assert_eq!(Camera::load(name).unwrap().sensor.name, "small");
        assert!(Camera::load("nonsense").err().unwrap().to_string().contains("flagship, main"));
    }
}
