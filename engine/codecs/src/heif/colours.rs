//! The colours of an image, which its bitstream and its file state.

use super::rgb::Signal;
use crate::{
    colour,
    error::CodecError,
    hdr,
    profile::{self, Coded as CodedProfile},
};
use bytes::Bytes;
use safelight_containers::heif::{Colours as Stated, Nclx};
use safelight_core::{Cost, Decode, Format, Frame, Limits, Profile, Result};

/// The colours of the samples of an image or a track.
#[derive(Debug)]
pub(super) struct Colours {
    /// The meaning of the planes. Its curve has a high range only if `high` is some.
    pub(super) signal: Signal,
    icc: Option<Bytes>,
    high: Option<hdr::Source>,
}

impl Colours {
    /// The colours of samples of which the bitstream says `stored` and the file `stated`.
    ///
    /// # Errors
    /// [`CodecError::Unsupported`] for a matrix that is not known.
    pub(super) fn new(format: Format, stored: Signal, stated: &Stated, limits: &Limits) -> Result<Self> {
        let mut signal = merged(stored, stated.nclx);
        if !signal.is_supported() {
            return Err(CodecError::unsupported_matrix(format).into());
        }
        let icc = stated.icc.clone().filter(|icc| icc.len() as u64 <= limits.max_metadata_bytes);
        let is_curve_in_file = stated.nclx.is_some_and(|nclx| nclx.transfer == signal.transfer);
        if icc.is_some() && !is_curve_in_file {
            // The profile has the curve.
            signal.transfer = UNSPECIFIED;
        }
        let high = hdr::Transfer::from_code(signal.transfer).map(|transfer| {
            let peak = match transfer {
                hdr::Transfer::Pq => stated.content_peak.or(stated.display_peak),
                // It is relative to a display.
                hdr::Transfer::Hlg => stated.display_peak,
            };
            let primaries = hdr::Primaries::from_code(signal.primaries);
            hdr::Source::new(transfer, primaries, peak.map(|peak| peak as f32))
        });
        Ok(Self { signal, icc, high })
    }

    /// The cost of tone mapping of `pixels`, and of what a conversion allocates besides the samples.
    pub(super) fn cost(&self, pixels: u64) -> Cost {
        /// Bytes of a profile that is made from code points.
        const PROFILE_BYTES: u64 = 1 << 10;
        if self.high.is_some() {
            return Cost::new(hdr::TABLE_BYTES, pixels.saturating_mul(hdr::PIXEL_NS));
        }
        let icc = self.icc.as_ref().map_or(PROFILE_BYTES, |icc| icc.len() as u64);
        Cost::new(colour::profile_cost(icc), 0)
    }

    /// Converts frames of high dynamic range to sRGB; others stay as they are.
    pub(super) fn tone_map(&self, frames: &mut [Frame]) {
        if let Some(high) = &self.high {
            high.to_srgb(frames);
        }
    }

    /// Converts frames, which were tone-mapped if they need it, to sRGB, or leaves them in the profile that is returned
    /// if `decode` keeps profiles.
    pub(super) fn to_srgb(&self, frames: &mut [Frame], decode: &Decode) -> Option<Profile> {
        if self.high.is_some() {
            return None;
        }
        let icc = match &self.icc {
            Some(icc) => Some(icc.to_vec()),
            None => match profile::from_cicp(self.signal.primaries, self.signal.transfer) {
                CodedProfile::Profile(icc) => Some(icc),
                CodedProfile::Srgb | CodedProfile::Unknown => None,
            },
        };
        colour::to_srgb(frames, icc, decode)
    }
}

/// The code point of what is not specified.
const UNSPECIFIED: u8 = 2;

/// Returns what samples mean of which the bitstream says `stored` and the file `nclx`, which takes precedence
/// (AVIF 1.1, section 2.1; ISO/IEC 23000-22 section 7.3.6.4).
fn merged(stored: Signal, nclx: Option<Nclx>) -> Signal {
    let Some(nclx) = nclx else { return stored };
    let or = |stated: u8, stored: u8| if stated == UNSPECIFIED { stored } else { stated };
    Signal {
        primaries: or(nclx.primaries, stored.primaries),
        transfer: or(nclx.transfer, stored.transfer),
        matrix: or(nclx.matrix, stored.matrix),
        is_full_range: nclx.is_full_range,
    }
}
