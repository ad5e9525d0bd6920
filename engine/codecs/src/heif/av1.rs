//! AV1, still pictures and sequences: decoded by `re_rav1d`, a translation of dav1d to Rust. Its interface is that of C,
//! so that a panic aborts the program: it runs in a child process.

mod sequence_header;

use super::{
    coding::Info,
    planes::{Layout, Plane, Planes, Sample, shrink as shrunk},
};
use crate::error::CodecError;
use re_rav1d::dav1d::{Decoder, Error as Av1Error, Picture, PixelLayout, PlanarImageComponent, Settings};
use safelight_containers::heif::Coded;
use safelight_core::{Format, Size};

/// Nanoseconds for each pixel, and for each coded byte.
pub(super) const NS: (u64, u64) = (30, 60);
/// Bytes that a decode allocates at any size.
pub(super) const WORK_BYTES: u64 = 4 << 20;
/// The most pictures of an item; one of each spatial layer is usual.
const MAX_PICTURES: usize = 8;

/// Bytes that a decode allocates for each pixel, besides the shrunk planes.
pub(super) fn pixel_bytes(layout: Layout) -> u64 {
    let samples = match layout.chroma {
        None => 2,
        Some((2, 2)) => 3,
        Some((2, _)) => 4,
        Some(_) => 6,
    };
    // Frame and references, and at more than 8 bits words.
    samples * layout.sample_bytes() + 1
}

/// Reads the sequence header in `data`, or without one that in the configuration of `coded`.
pub(super) fn info(format: Format, coded: &Coded, data: &[impl AsRef<[u8]>]) -> Result<Info, CodecError> {
    let in_data = data.first().and_then(|data| sequence_header::find(data.as_ref()));
    // `av1C`: four bytes, then units (AV1 in ISO-BMFF, section 2.3.3).
    let header = in_data.or_else(|| sequence_header::find(coded.config.get(4..)?));
    let header = header.ok_or_else(|| CodecError::Damaged(format, "it has no sequence header".into()))?;
    let layout = Layout { bits: header.bits, chroma: header.chroma };
    Ok(Info { size: coded.size, coded: header.size, layout, signal: header.signal })
}

/// Decodes the picture of `coded` that is shown.
pub(super) fn decode(format: Format, coded: &Coded, info: &Info, shrink: u32) -> Result<Planes, CodecError> {
    let mut stream = Stream::new(format, coded, info)?;
    let mut shown = None;
    let mut count = 0;
    stream.send(coded.data.concat(), |picture| {
        count += 1;
        let is_shown = coded.layer.is_none_or(|layer| count == usize::from(layer) + 1);
        if is_shown {
            shown = Some(picture);
        }
        MAX_PICTURES <= count || (is_shown && coded.layer.is_some())
    })?;
    let shown = shown.ok_or_else(|| CodecError::Damaged(format, "it has no picture".into()))?;
    stream.planes(&shown, info, shrink)
}

/// A decoder, and the format in errors.
pub(super) struct Stream {
    format: Format,
    decoder: Decoder,
}

impl Stream {
    /// Starts to decode what `coded` configures.
    pub(super) fn new(format: Format, coded: &Coded, info: &Info) -> Result<Self, CodecError> {
        let mut settings = Settings::new();
        // With more, a panic would be on a thread of its own.
        settings.set_n_threads(1);
        settings.set_max_frame_delay(1);
        settings.set_frame_size_limit(u32::try_from(info.coded.pixels()).unwrap_or(u32::MAX));
        settings.set_operating_point(coded.operating_point.into());
        settings.set_all_layers(coded.layer.is_some());
        let decoder = Decoder::with_settings(&settings).map_err(|error| failure(format, error))?;
        Ok(Self { format, decoder })
    }

    /// Decodes `data`, and calls `each` with every picture, until it returns true.
    pub(super) fn send(
        &mut self,
        data: Vec<u8>,
        mut each: impl FnMut(Picture) -> bool,
    ) -> Result<(), CodecError> {
        let failed = |error| Err(failure(self.format, error));
        if data.is_empty() {
            return Err(CodecError::Damaged(self.format, "it has no samples".into()));
        }
        let mut sent = self.decoder.send_data(data, None, None, None);
        let mut is_drained = false;
        loop {
            match sent {
                Err(error) if !error.is_again() => return failed(error),
                _ => (),
            }
            match self.decoder.get_picture() {
                Ok(picture) => {
                    is_drained = false;
                    if each(picture) {
                        return Ok(());
                    }
                }
                // Without data, the second call returns the highest layer that there was.
                Err(error) if error.is_again() && sent.is_ok() && !is_drained => is_drained = true,
                Err(error) if error.is_again() && sent.is_ok() => return Ok(()),
                Err(error) if error.is_again() => (),
                Err(error) => return failed(error),
            }
            sent = self.decoder.send_pending_data();
        }
    }

    /// Shrinks the planes of `picture`. Its size may differ from that in `info`.
    pub(super) fn planes(&self, picture: &Picture, info: &Info, shrink: u32) -> Result<Planes, CodecError> {
        let chroma = match picture.pixel_layout() {
            PixelLayout::I400 => None,
            PixelLayout::I420 => Some((2, 2)),
            PixelLayout::I422 => Some((2, 1)),
            PixelLayout::I444 => Some((1, 1)),
        };
        let bits = picture.bit_depth() as u8;
        let layout = Layout { bits, chroma };
        if layout != info.layout {
            return Err(CodecError::Damaged(self.format, "its pictures are of different kinds".into()));
        }
        let size = Size::new(picture.width(), picture.height());
        let components = [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V];
        let plane = |(size, component): (Size, PlanarImageComponent)| {
            let (stride, samples) = (picture.stride(component) as usize, picture.plane(component));
            match bits {
                8 => plane(size, shrink, bits, &samples, stride),
                _ => plane(size, shrink, bits, samples.as_chunks::<2>().0, stride / 2),
            }
        };
        let planes: Option<_> = layout.sizes(size, 1).zip(components).map(plane).collect();
        let planes =
            planes.ok_or_else(|| CodecError::Damaged(self.format, "a plane is incomplete".into()))?;
        Ok(Planes { layout, planes })
    }
}

/// Shrinks a plane of `size` with rows of `stride` samples; `None` if it is not whole.
fn plane<T: Sample>(size: Size, shrink: u32, bits: u8, samples: &[T], stride: usize) -> Option<Plane> {
    let (w, h) = (size.w as usize, size.h as usize);
    let is_whole = w <= stride && stride.checked_mul(h.checked_sub(1)?)?.checked_add(w)? <= samples.len();
    is_whole.then(|| shrunk(size, shrink, bits, |y| &samples[y * stride..]))
}

fn failure(format: Format, error: Av1Error) -> CodecError {
    CodecError::Damaged(format, Box::new(error))
}
