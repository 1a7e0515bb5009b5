//! `--profile`: a camera as it was measured, from the files that `calotype lab calibrate` writes.

use crate::failure::Failure;
use calotype::MeasuredCamera;
use calotype::dng::{CameraProfile, Limits, read_profile};
use calotype::image::{NoiseModel, Plane};
use calotype_lab::calibrate::{self, ShadingSection};
use std::path::Path;

/// Reads a camera profile: `.dcp` (colours) or `.toml` (noise, shading, and the colours of the DCP that it names).
///
/// # Errors
/// Where the file cannot be read or is none, or names a DCP that is not there.
pub fn read(path: &Path) -> Result<MeasuredCamera, Failure> {
    match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("dcp") => {
            let CameraProfile { unique_camera_model, illuminants, .. } = dcp(path)?;
            Ok(MeasuredCamera { unique_camera_model, illuminants, ..MeasuredCamera::default() })
        }
        Some("toml") => toml(path),
        _ => Err(Failure::usage(format!("{} is no camera profile", path.display()))
            .help("Give the .toml or the .dcp that `calotype lab calibrate` made, or another DCP.")),
    }
}

fn failed(path: &Path, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Failure::new(format!("cannot use the camera profile {}", path.display())).because(cause)
}

fn dcp(path: &Path) -> Result<CameraProfile, Failure> {
    let mut bytes = Vec::new();
    calotype::read_file(path, &mut bytes).map_err(|e| failed(path, e))?;
    read_profile(&bytes, &Limits::default()).map_err(|e| failed(path, e))
}

fn toml(path: &Path) -> Result<MeasuredCamera, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| failed(path, e))?;
    let profile = calibrate::CameraProfile::from_toml(&text, path)?;
    let colours = profile.colour.iter().map(|c| c.dcp.as_str()).find(|name| !name.is_empty());
    let illuminants = match colours {
        Some(name) => dcp(&path.with_file_name(name))?.illuminants,
        None => Vec::new(),
    };
    let noise = profile.noise.iter().filter(|n| n.iso > 0.0).map(|n| {
        let [shot, read] = [n.shot, n.read].map(|v| v.map(|v| v as f32));
        (n.iso, NoiseModel { shot, read })
    });
    Ok(MeasuredCamera {
        unique_camera_model: profile.camera.unique_model.clone(),
        illuminants,
        noise: noise.collect(),
        shading: profile.shading.as_ref().map(gains),
    })
}

fn gains(s: &ShadingSection) -> [Plane<f32>; 3] {
    [&s.red, &s.green, &s.blue].map(|g| Plane::from_fn(s.nodes[0], s.nodes[1], |x, y| g[y * s.nodes[0] + x] as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_names_its_colours_and_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("camera.toml");
        let text = "schema = 'camera/1'\n[camera]\nmake = 'M'\nmodel = 'One'\nunique_model = 'M One'\nsize = [40, 30]\n\
                    [[noise]]\niso = 100.0\nshot = [1e-4, 2e-4, 3e-4]\nread = [1e-7, 1e-7, 1e-7]\n\
                    [shading]\nnodes = [2, 1]\nred = [1.0, 1.5]\ngreen = [1.0, 1.2]\nblue = [1.0, 1.1]\n";
        std::fs::write(&path, text).unwrap();
        let camera = read(&path).unwrap();
        assert_eq!((camera.unique_camera_model.as_str(), camera.noise.len()), ("M One", 1));
        assert_eq!(camera.shading.unwrap()[1].row(0), [1.0, 1.2]);
        assert!(camera.illuminants.is_empty());
        let colour = "[[colour]]\nkelvin = 5000.0\nwhite_xy = [0.34, 0.35]\nneutral = [0.5, 1.0, 0.6]\n\
                      forward_matrix = [[1.0,0.0,0.0],[0.0,1.0,0.0],[0.0,0.0,1.0]]\n\
                      color_matrix = [[1.0,0.0,0.0],[0.0,1.0,0.0],[0.0,0.0,1.0]]\n\
                      root_polynomial = [[1.0,0.0,0.0,0.0,0.0,0.0],[0.0,1.0,0.0,0.0,0.0,0.0],[0.0,0.0,1.0,0.0,0.0,0.0]]\n\
                      error = [1.0, 1.0]\nerror_unseen = [1.0, 1.0]\ndcp = 'camera.dcp'\n";
        std::fs::write(&path, format!("{text}{colour}")).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("camera.dcp"));
        std::fs::write(folder.path().join("camera.dcp"), b"nonsense").unwrap();
        assert!(read(&path).unwrap_err().causes()[0].contains("IIRC"));
        assert_eq!(read(Path::new("profile.icc")).unwrap_err().exit_code(), 2);
    }
}
