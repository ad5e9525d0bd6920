//! Limits that an operator sets. Each is checked before memory is allocated from a size in the source.

/// The operator's settings that transforms use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Limits on one source. Defaults to [`Limits::default`].
    pub limits: Limits,
    /// The part of an image's EXIF that is shown as JSON. Defaults to [`ExifDetail::Harmless`].
    pub exif: ExifDetail,
    /// Whether re-encoded RGB images keep the source's colour profile where the format supports one, instead
    /// of being converted to sRGB. Greyscale and CMYK are always converted. Defaults to `false`.
    pub keep_profile: bool,
    /// A digest of the fonts that drawings have besides those of the program. Defaults to the empty string: none.
    pub fonts: String,
    /// The SSIMULACRA2 score at which an automatic quality aims. Defaults to 70, which is high quality.
    pub quality_target: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            exif: ExifDetail::default(),
            keep_profile: false,
            fonts: String::new(),
            quality_target: 70,
        }
    }
}

/// The part of an image's EXIF that is shown as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExifDetail {
    /// Camera, exposure, dates and sizes. Place, names, serial numbers, unique ids, free text and maker notes are left
    /// out, and the response names the tags that were.
    #[default]
    Harmless,
    /// All tags.
    All,
    /// All tags if the query asks for them, else those of [`ExifDetail::Harmless`]. For origins behind an edge that
    /// forwards such a query only for viewers with that right.
    ByQuery,
}

/// Limits on one source and its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum bytes of a source that must be buffered whole (TIFF, ICO, SVG and PSD, and ISO-BMFF with its index at the end).
    /// Defaults to 128 MiB.
    pub max_source_bytes: u64,
    /// Maximum bytes of one metadata block or index (an EXIF block, an ISO-BMFF `meta` box).
    /// Defaults to 4 MiB.
    pub max_metadata_bytes: u64,
    /// Maximum pixels that are decoded of one source, all frames of an animation together.
    /// Defaults to 100 million.
    pub max_pixels: u64,
    /// Maximum frames of an animation. Defaults to 1000.
    pub max_frames: u32,
    /// Maximum width and height of the output, in pixels. Defaults to 16 384.
    pub max_output_side: u32,
    /// Maximum pixels of a frame of the output. Defaults to 50 million.
    pub max_output_pixels: u64,
    /// Maximum pixels of the output for each pixel of the source, where the output has more than
    /// [`Limits::FREE_ENLARGEMENT_PIXELS`]. Defaults to 4.
    pub max_enlargement: u32,
    /// Maximum estimated CPU time of decode, steps and encode, in milliseconds. Defaults to 5000.
    pub max_work_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_source_bytes: 128 << 20,
            max_metadata_bytes: 4 << 20,
            max_pixels: 100_000_000,
            max_frames: 1000,
            max_output_side: 16_384,
            max_output_pixels: 50_000_000,
            max_enlargement: 4,
            max_work_ms: 5000,
        }
    }
}

impl Limits {
    /// Outputs of up to this many pixels may be enlarged by any factor.
    pub const FREE_ENLARGEMENT_PIXELS: u64 = 4_000_000;
}
