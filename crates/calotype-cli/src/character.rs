//! The lens whose character a photograph gets, and the depth map it needs.

use crate::failure::Failure;
use calotype::{Character, DepthMap, DepthUnit, Recipe};
use calotype_lab::{Encoding, Limits, read_picture};
use std::path::Path;
use std::sync::Arc;

/// What a recipe asks for; nothing where it names no lens.
pub fn load(recipe: &Recipe, preview: bool) -> Result<Option<Character>, Failure> {
    if recipe.character.is_empty() {
        let lost = [(!recipe.depth.is_empty(), "--depth"), (preview, "--preview")];
        return match lost.into_iter().find(|l| l.0) {
            Some((_, flag)) => Err(Failure::usage(format!("{flag} is for the character of a lens, and none is named"))
                .help("Name a lens with --character, like --character swirl-f1.4.")),
            None => Ok(None),
        };
    }
    let lens = Arc::new(crate::lens::load(&recipe.character)?);
    let depth = match recipe.depth.as_str() {
        "" => None,
        path => Some(Arc::new(read_depth(path.as_ref(), recipe.depth_white)?)),
    };
    Ok(Some(Character { lens, depth, preview }))
}

/// Reads a depth map: that inside a phone's JPEG, metres of an EXR, dioptres of anything else.
fn read_depth(path: &Path, white: f64) -> Result<DepthMap, Failure> {
    let name = path.display().to_string();
    let is = |extension: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension));
    if is("jpg") || is("jpeg") {
        if white > 0.0 {
            return Err(Failure::usage(format!("{name} tells itself what its depth map means"))
                .help("Leave --depth-white out."));
        }
        let mut bytes = Vec::new();
        calotype::read_file(path, &mut bytes).map_err(|e| {
            Failure::new(format!("cannot read {name}")).because(e).help("Check the path and its permissions.")
        })?;
        return Ok(DepthMap::of_photograph(&name, &bytes)?);
    }
    let unit = match (is("exr"), white > 0.0) {
        (true, false) => DepthUnit::Metres,
        (_, true) => DepthUnit::Dioptres(white),
        (false, false) => {
            return Err(Failure::usage(format!("nothing says what the numbers of {name} mean"))
                .help("Give the dioptres (1/m) of white with --depth-white, or the depth in metres as .exr."));
        }
    };
    let picture = read_picture(path, Some(Encoding::LINEAR), &Limits::default())?;
    Ok(DepthMap::new(&name, &picture.rgb.planes[1], unit)?)
}
