//! The light that a camera's colours stand for.

/// Wavelengths in µm of red, green and blue, each with the same share of its colour's light. None is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Bands(pub [Vec<f64>; 3]);

impl Default for Bands {
    /// Means of the fifths of the photons that a phone's 1-inch-type sensor with colour filters (the twin's `one-inch`)
    /// counts in daylight (CIE D65), whole nanometres. Filters overlap, and so do these.
    fn default() -> Self {
        Self([
            vec![0.519, 0.574, 0.596, 0.616, 0.645],
            vec![0.468, 0.507, 0.531, 0.555, 0.597],
            vec![0.433, 0.457, 0.474, 0.495, 0.545],
        ])
    }
}

impl Bands {
    /// All wavelengths, red ones first, with the channel of each.
    pub(crate) fn all(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.0.iter().enumerate().flat_map(|(channel, list)| list.iter().map(move |um| (channel, *um)))
    }
}
