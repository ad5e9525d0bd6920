//! What an operator allows; every bound is checked before anything is allocated from it.

/// An operator's choices that transforms see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Bounds on what a source may make this process hold. Defaults to [`Limits::default`].
    pub limits: Limits,
    /// Whether answers in JSON leave out where a picture was taken and the serial numbers and names
    /// that tell whose camera took it. Defaults to `false`.
    pub redact: bool,
    /// Whether re-encoded images of colours keep the source's profile, where the format can carry one,
    /// instead of being brought to sRGB. Defaults to `false`.
    pub keep_profile: bool,
}

/// Bounds on what one source may make this process hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a source that must be held whole (TIFF, and ISO-BMFF whose index comes last).
    /// Defaults to 128 MiB.
    pub max_source_bytes: u64,
    /// Most bytes of one metadata block or index (an EXIF block, an ISO-BMFF `meta` box).
    /// Defaults to 4 MiB.
    pub max_metadata_bytes: u64,
    /// Most pixels of a source to be decoded, all frames of an animation together.
    /// Defaults to 100 million.
    pub max_pixels: u64,
    /// Most frames of an animation. Defaults to 1000.
    pub max_frames: u32,
    /// Longest side of an answer, in pixels. Defaults to 16 384.
    pub max_output_side: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_source_bytes: 128 << 20,
            max_metadata_bytes: 4 << 20,
            max_pixels: 100_000_000,
            max_frames: 1000,
            max_output_side: 16_384,
        }
    }
}
