//! What is to be made, apart from the user's taste.

use calotype_codec::Format;
use calotype_look::Look;

/// What is to be made of a burst, apart from the user's taste (which is the [`Recipe`](crate::Recipe)).
#[derive(Clone, Debug)]
pub struct Task {
    /// The format to be written: whether it is scene-linear, and whether it holds a gain map, changes what is computed.
    pub format: Format,
    /// The look, loaded.
    pub look: Look,
    /// Keep pictures of what was merged; they cost memory.
    pub diagnostics: bool,
}
