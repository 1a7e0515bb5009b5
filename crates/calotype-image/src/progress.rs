//! Telling a person how far the work is, and being told to stop.

/// A part of the work that a progress display can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Reading and decoding files.
    Read,
    /// Finding how frames moved.
    Align,
    /// Joining frames.
    Merge,
    /// From camera data to a scene-linear picture.
    Develop,
    /// From the scene to the display.
    Look,
    /// Compressing and writing.
    Write,
}

/// The user asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl std::fmt::Display for Cancelled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Cancelled {}

/// Where the engine reports how far it is. Called from any thread.
pub trait Progress: Sync {
    /// `done` of the step is finished, 0 to 1. `Err` asks the engine to stop soon and leave nothing behind.
    fn report(&self, step: Step, done: f32) -> Result<(), Cancelled>;
}

/// Nobody is watching.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn report(&self, _: Step, _: f32) -> Result<(), Cancelled> {
        Ok(())
    }
}
