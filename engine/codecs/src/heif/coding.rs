//! The codings of images in HEIF files.

#[cfg(feature = "avif")]
use super::av1;
#[cfg(feature = "heic")]
use super::hevc;
use super::{
    planes::{Layout, Planes},
    rgb::Signal,
};
use crate::error::CodecError;
use safelight_containers::heif::Coded;
use safelight_core::{Format, Isolation, Size};

/// A coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    #[cfg(feature = "heic")]
    Hevc,
    #[cfg(feature = "avif")]
    Av1,
}

/// The headers of a coded image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Info {
    /// The size that is shown.
    pub(super) size: Size,
    /// The size that is decoded, borders included.
    pub(super) coded: Size,
    pub(super) layout: Layout,
    pub(super) signal: Signal,
}

impl Coding {
    /// The coding of `coded`, in a file of `format`.
    pub(super) fn of(format: Format, coded: &Coded) -> Result<Self, CodecError> {
        let unsupported = |what| Err(CodecError::Unsupported(format, what));
        match &coded.kind {
            b"hvc1" | b"hev1" => {
                #[cfg(feature = "heic")]
                return Ok(Self::Hevc);
                #[cfg(not(feature = "heic"))]
                unsupported("this build does not decode HEVC")
            }
            b"av01" => {
                #[cfg(feature = "avif")]
                return Ok(Self::Av1);
                #[cfg(not(feature = "avif"))]
                unsupported("this build does not decode AV1")
            }
            b"avc1" | b"avc3" => unsupported("it is coded as AVC; expected HEVC or AV1"),
            b"vvc1" => unsupported("it is coded as VVC; expected HEVC or AV1"),
            b"jpeg" => unsupported("it is coded as JPEG; expected HEVC or AV1"),
            b"unci" => unsupported("it is not compressed; expected HEVC or AV1"),
            _ => unsupported("it is coded in a way that is not known; expected HEVC or AV1"),
        }
    }

    /// Reads the headers of `coded`. Nothing is allocated for pixels.
    pub(super) fn info(self, format: Format, coded: &Coded) -> Result<Info, CodecError> {
        match self {
            #[cfg(feature = "heic")]
            Self::Hevc => hevc::info(format, coded),
            #[cfg(feature = "avif")]
            Self::Av1 => av1::info(format, coded, &coded.data),
        }
    }

    /// Decodes `coded`, whose headers are `info`, and shrinks its planes.
    pub(super) fn decode(
        self,
        format: Format,
        coded: &Coded,
        info: &Info,
        shrink: u32,
    ) -> Result<Planes, CodecError> {
        match self {
            #[cfg(feature = "heic")]
            Self::Hevc => hevc::decode(format, coded, info, shrink),
            #[cfg(feature = "avif")]
            Self::Av1 => av1::decode(format, coded, info, shrink),
        }
    }

    /// Bytes that a decode allocates for each coded pixel, besides the shrunk planes.
    pub(super) fn pixel_bytes(self, info: &Info) -> u64 {
        match self {
            #[cfg(feature = "heic")]
            Self::Hevc => hevc::pixel_bytes(info),
            #[cfg(feature = "avif")]
            Self::Av1 => av1::pixel_bytes(info.layout),
        }
    }

    /// Bytes that a decode allocates at any size.
    pub(super) const fn work_bytes(self) -> u64 {
        match self {
            #[cfg(feature = "heic")]
            Self::Hevc => hevc::WORK_BYTES,
            #[cfg(feature = "avif")]
            Self::Av1 => av1::WORK_BYTES,
        }
    }

    /// Returns whether alpha, of which the bitstream says `signal`, uses the full range.
    #[cfg_attr(not(feature = "avif"), expect(unused_variables, reason = "HEVC alone ignores it"))]
    pub(super) const fn is_alpha_full_range(self, signal: Signal) -> bool {
        match self {
            // Its headers rarely say anything, and readers ignore what they say.
            #[cfg(feature = "heic")]
            Self::Hevc => true,
            // It should, but some does not, and says so.
            #[cfg(feature = "avif")]
            Self::Av1 => signal.is_full_range,
        }
    }

    /// Nanoseconds for each pixel, and for each coded byte.
    pub(super) const fn ns(self) -> (u64, u64) {
        match self {
            #[cfg(feature = "heic")]
            Self::Hevc => hevc::NS,
            #[cfg(feature = "avif")]
            Self::Av1 => av1::NS,
        }
    }

    /// The reason to run a decode of pictures of `pixels` pixels in a child process.
    #[cfg_attr(not(feature = "heic"), expect(unused_variables, reason = "AV1 is isolated at any size"))]
    pub(super) const fn isolation(self, pixels: u64) -> Isolation {
        match self {
            #[cfg(feature = "heic")]
            Self::Hevc => {
                // Such pictures are decoded within a few tens of milliseconds, between which the decode can stop.
                const SMALL: u64 = 1 << 20;
                if pixels <= SMALL { Isolation::Never } else { Isolation::IfLong }
            }
            // Its decoder has `unsafe` code, and a panic in it would abort the program.
            #[cfg(feature = "avif")]
            Self::Av1 => Isolation::Always,
        }
    }
}
