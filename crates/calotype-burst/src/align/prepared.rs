//! What alignment needs of one frame.

use calotype_image::RawFrame;

/// A grey pyramid of one raw frame, made once and used for every comparison.
#[derive(Clone, Debug)]
pub struct Prepared {
    width: usize,
    height: usize,
}

impl Prepared {
    /// Prepares the reference frame of a burst.
    pub fn reference(frame: &RawFrame) -> Self {
        Self { width: frame.samples.width(), height: frame.samples.height() }
    }

    /// Prepares another frame for comparison with this reference: on its exposure and its tone scale.
    pub fn prepare(&self, frame: &RawFrame) -> Self {
        Self { width: frame.samples.width(), height: frame.samples.height() }
    }

    /// Width of the frame in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height of the frame in pixels.
    pub fn height(&self) -> usize {
        self.height
    }
}
