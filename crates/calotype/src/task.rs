//! What is to be made, apart from the user's taste.

use crate::Character;
use calotype_codec::Format;
use calotype_look::Look;
use std::sync::Arc;

/// What is to be made of a burst, apart from the user's taste (which is the [`Recipe`](crate::Recipe)).
#[derive(Clone, Debug)]
pub struct Task {
    /// The format to be written: whether it is scene-linear, and whether it holds a gain map, changes what is computed.
    pub format: Format,
    /// The look, loaded.
    pub look: Look,
    /// The prescription of the lens that the burst was taken through, where it is to be corrected by that: its distortion and
    /// lateral colour replace the file's, its falloff is undone where the file describes none, and its blur is taken back.
    pub lens: Option<Arc<calotype_optics::Lens>>,
    /// The lens whose character the photograph gets.
    pub character: Option<Character>,
    /// Keep pictures of what was merged; they cost memory.
    pub diagnostics: bool,
}
