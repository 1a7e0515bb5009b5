//! The file formats, and how hard to compress.

use std::path::Path;

/// A format that this crate writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JPEG, 8 bit, with a gain map where the picture has one (Ultra HDR).
    Jpeg,
    /// TIFF, 16 bit.
    Tiff,
    /// PNG, 16 bit.
    Png,
    /// AVIF, 10 bit.
    Avif,
    /// JPEG XL, 16 bit, lossless.
    Jxl,
    /// OpenEXR, scene-linear float.
    Exr,
}

impl Format {
    /// Every format, the usual one first.
    pub const ALL: [Self; 6] = [Self::Jpeg, Self::Tiff, Self::Png, Self::Avif, Self::Jxl, Self::Exr];

    /// The format of a file name's extension, in any case; `None` for others.
    ///
    /// ```
    /// use calotype_codec::Format;
    /// assert_eq!(Format::from_path("holiday/IMG_1.JPG"), Some(Format::Jpeg));
    /// assert_eq!(Format::from_path("merged.dng"), None);
    /// ```
    pub fn from_path(path: impl AsRef<Path>) -> Option<Self> {
        Self::from_extension(path.as_ref().extension()?.to_str()?)
    }

    /// The format of an extension without its dot, in any case.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Some(match extension.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" | "jpe" => Self::Jpeg,
            "tif" | "tiff" => Self::Tiff,
            "png" => Self::Png,
            "avif" => Self::Avif,
            "jxl" => Self::Jxl,
            "exr" => Self::Exr,
            _ => return None,
        })
    }

    /// The usual extension, without its dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Tiff => "tif",
            Self::Png => "png",
            Self::Avif => "avif",
            Self::Jxl => "jxl",
            Self::Exr => "exr",
        }
    }

    /// True where the format holds scene-linear light, false where it holds the finished display picture.
    pub fn is_scene_linear(self) -> bool {
        self == Self::Exr
    }
}

/// How finely colour differences are sampled in a JPEG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Chroma {
    /// One colour sample for 2 x 2 pixels (4:2:0): what phones write.
    #[default]
    Half,
    /// One colour sample per pixel (4:4:4).
    Full,
}

/// How to compress. Formats without a setting ignore it.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodeOptions {
    /// JPEG and AVIF: 1 (smallest) to 100 (best); clamped to that range. 92 by default.
    pub quality: u8,
    /// JPEG: sampling of colour differences.
    pub chroma: Chroma,
    /// JPEG: 1 to 100, the quality of the gain map. 90 by default.
    pub gain_map_quality: u8,
    /// AVIF: 1 (slowest, smallest) to 10 (fastest). 8 by default.
    pub speed: u8,
    /// TIFF: deflate with a horizontal predictor; uncompressed where false. True by default.
    pub compress: bool,
    /// OpenEXR: 16-bit half floats in place of 32-bit ones. False by default.
    pub half_float: bool,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self { quality: 92, chroma: Chroma::Half, gain_map_quality: 90, speed: 8, compress: true, half_float: false }
    }
}

impl EncodeOptions {
    /// The defaults with another quality, 1 to 100.
    pub fn with_quality(quality: u8) -> Self {
        Self { quality, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_come_back() {
        for format in Format::ALL {
            assert_eq!(Format::from_extension(format.extension()), Some(format));
            assert_eq!(Format::from_extension(&format.extension().to_uppercase()), Some(format));
        }
        assert_eq!(Format::from_path("a.JPEG"), Some(Format::Jpeg));
        assert_eq!(Format::from_path("a.tiff"), Some(Format::Tiff));
        assert_eq!(Format::from_path("jpg"), None);
    }
}
