//! How much a file may ask for.

/// Bounds on what a file may make the reader do. The defaults suit a phone; raise them for scanners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Pixels of the raw picture, masked borders included (default 300 million).
    pub max_pixels: u64,
    /// Bytes allocated for pixels at any one time (default 2 GiB).
    pub max_alloc: u64,
    /// Bytes of tags kept, tables and opcode lists included (default 256 MiB).
    pub max_metadata: u64,
    /// Directories visited (default 256).
    pub max_directories: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_pixels: 300_000_000, max_alloc: 2 << 30, max_metadata: 256 << 20, max_directories: 256 }
    }
}
