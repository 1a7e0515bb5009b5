//! A block of one channel: what the rows of a look are worked on by.

use std::ops::{Deref, DerefMut};

/// Pixels worked on at a time.
pub(crate) const BLOCK: usize = 32;

/// A number for each pixel of a block, aligned so that no vector straddles two lines of the cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Lanes([f32; BLOCK]);

impl Lanes {
    pub const ZERO: Self = Self([0.0; BLOCK]);
}

impl Deref for Lanes {
    type Target = [f32; BLOCK];

    #[inline(always)]
    fn deref(&self) -> &[f32; BLOCK] {
        &self.0
    }
}

impl DerefMut for Lanes {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32; BLOCK] {
        &mut self.0
    }
}

/// Copies a block or less; a whole one, whose length is known, without a call.
#[inline(always)]
pub(crate) fn copy(to: &mut [f32], from: &[f32]) {
    if to.len() == BLOCK {
        to[..BLOCK].copy_from_slice(&from[..BLOCK]);
    } else {
        to.copy_from_slice(from);
    }
}
