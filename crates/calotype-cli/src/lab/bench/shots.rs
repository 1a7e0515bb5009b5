//! Bursts for the bench, with their truth.

use super::grid::Case;
use crate::args::Common;
use crate::failure::Failure;
use crate::twin;
use calotype::image::Plane;
use calotype::{Recipe, Reference};
use calotype_lab::{self as lab, Limits, Picture};
use calotype_twin::{Camera, Request};
use std::path::PathBuf;

/// Where bursts are taken.
pub struct Studio {
    /// The folder for all bursts.
    pub folder: PathBuf,
    /// Smaller ones.
    pub quick: bool,
    /// They stay when they are measured.
    pub keep: bool,
}

/// A burst on disk, and its truth.
pub struct Shot {
    /// Its folder: `burst/`, `truth/`, and room for what is made of it.
    pub folder: PathBuf,
    /// The frames in their order; the first is the reference.
    pub frames: Vec<PathBuf>,
    /// The light of the first: linear Rec.709, saturation 1.
    pub truth: Picture,
    /// 1 where something moved.
    pub moving: Plane<f32>,
}

/// The choices that all bursts of the bench are developed with: the truth is that of the first frame, as its lens drew it.
pub fn recipe() -> Recipe {
    Recipe { reference: Reference::Index(0), lens: false, ..Recipe::default() }
}

/// The camera that takes them.
pub const CAMERA: &str = "flagship";
/// Its lens: of tables, as in all scores so far.
pub const LENS: &str = "phone-23mm";

impl Studio {
    /// Takes the burst of a case, or finds it where it was kept.
    pub fn shoot(&self, case: &Case, common: &Common, title: &str) -> Result<Shot, Failure> {
        let folder = self.folder.join(case.name());
        let size = case.size(self.quick);
        let request = Request {
            frames: case.frames(),
            lux: Some(case.lux()),
            illuminant: case.illuminant().map(String::from),
            size: Some(size),
            ..Request::new(case.scene())
        };
        if !folder.join("truth/truth.toml").is_file() {
            let camera = Camera::load(CAMERA).and_then(|c| c.with_lens(LENS)).map_err(twin::failure)?;
            twin::take(camera, &request, &folder, false, common, &format!("{title}: "))?;
        }
        let truth = lab::read_picture(&folder.join("truth/scene.exr"), None, &Limits::default())?;
        if truth.size() != size {
            let is = format!("{} holds pictures of {}x{}", folder.display(), truth.width(), truth.height());
            return Err(Failure::new(is).help("It is from another kind of run: choose another folder for --keep."));
        }
        let moving = lab::read_picture(&folder.join("truth/motion_mask.exr"), None, &Limits::default())?;
        let frames = (0..request.frames).map(|k| folder.join(format!("burst/frame_{k:02}.dng"))).collect();
        Ok(Shot { frames, truth, moving: moving.channel(lab::Channel::Green), folder })
    }

    /// Takes a burst away that need not be kept.
    pub fn tidy(&self, shot: &Shot) -> Result<(), Failure> {
        if self.keep {
            return Ok(());
        }
        std::fs::remove_dir_all(&shot.folder)
            .map_err(|e| Failure::new(format!("cannot remove {}", shot.folder.display())).because(e))
    }
}
