//! Which way up a picture is shown.

use crate::Plane;

/// How the stored picture is turned for display: the values of the TIFF tag Orientation (TIFF 6.0, page 36).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Orientation {
    /// As stored.
    #[default]
    Normal = 1,
    /// Left and right swapped.
    MirrorHorizontal = 2,
    /// Turned by half a turn.
    Rotate180 = 3,
    /// Top and bottom swapped.
    MirrorVertical = 4,
    /// Swapped along the main diagonal.
    Transpose = 5,
    /// Turned a quarter clockwise.
    Rotate90 = 6,
    /// Swapped along the other diagonal.
    Transverse = 7,
    /// Turned a quarter counter-clockwise.
    Rotate270 = 8,
}

impl Orientation {
    /// The orientation of a TIFF value; `None` outside 1 to 8.
    pub fn from_tiff(value: u16) -> Option<Self> {
        use Orientation::*;
        [Normal, MirrorHorizontal, Rotate180, MirrorVertical, Transpose, Rotate90, Transverse, Rotate270]
            .get(usize::from(value).checked_sub(1)?)
            .copied()
    }

    /// The TIFF value.
    pub fn to_tiff(self) -> u16 {
        self as u16
    }

    /// True where width and height change places.
    pub fn swaps_axes(self) -> bool {
        self as u8 >= 5
    }

    /// The size shown, of a picture stored with that size.
    pub fn size(self, width: usize, height: usize) -> (usize, usize) {
        if self.swaps_axes() { (height, width) } else { (width, height) }
    }

    /// Where the shown pixel (x, y) is stored in a picture stored with `width` x `height`.
    pub fn source(self, x: usize, y: usize, width: usize, height: usize) -> (usize, usize) {
        use Orientation::*;
        match self {
            Normal => (x, y),
            MirrorHorizontal => (width - 1 - x, y),
            Rotate180 => (width - 1 - x, height - 1 - y),
            MirrorVertical => (x, height - 1 - y),
            Transpose => (y, x),
            Rotate90 => (y, height - 1 - x),
            Transverse => (width - 1 - y, height - 1 - x),
            Rotate270 => (width - 1 - y, x),
        }
    }

    /// The plane turned for display.
    pub fn apply<T: Copy + Default + Send + Sync>(self, plane: Plane<T>) -> Plane<T> {
        if self == Self::Normal {
            return plane;
        }
        let (w, h) = (plane.width(), plane.height());
        let (ow, oh) = self.size(w, h);
        let mut out = Plane::new(ow, oh);
        // square blocks keep both sides of a transposition in cache
        const BLOCK: usize = 32;
        crate::par::bands_mut(&mut out, BLOCK, |top, mut band| {
            for left in (0..ow).step_by(BLOCK) {
                for y in 0..band.height() {
                    for x in left..(left + BLOCK).min(ow) {
                        let (sx, sy) = self.source(x, top + y, w, h);
                        band.row_mut(y)[x] = plane.get(sx, sy);
                    }
                }
            }
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarter_turns_undo_each_other() {
        let p = Plane::from_fn(37, 5, |x, y| (x * 100 + y) as u16);
        let there = Orientation::Rotate90.apply(p.clone());
        assert_eq!((there.width(), there.height()), (5, 37));
        assert_eq!(there.get(4, 0), p.get(0, 0), "the top left corner goes to the top right");
        assert_eq!(Orientation::Rotate270.apply(there), p);
    }

    #[test]
    fn mirrors_are_their_own_inverse() {
        let p = Plane::from_fn(3, 70, |x, y| (x * 100 + y) as u16);
        for o in (1..=8).filter_map(Orientation::from_tiff).filter(|o| !matches!(o.to_tiff(), 6 | 8)) {
            assert_eq!(o.apply(o.apply(p.clone())), p, "{o:?}");
        }
        assert_eq!(Orientation::from_tiff(0), None);
        assert_eq!(Orientation::from_tiff(9), None);
    }
}
