//! Animations: the samples of a track of AV1, and those of its alpha plane, one after the other.

use super::{
    av1::{self, Stream},
    coding::Info,
    colours::Colours,
    planes::{Planes, SHRINKS},
    rgb::{AlphaPlane, convert},
};
use crate::{
    animation::{Frames, check_frames, of_page},
    error::CodecError,
    header::check_pixels,
};
use safelight_containers::heif::{Sequence, Track};
use safelight_core::{
    Cost, Decode, Format, Geometry, Header, Image, Limits, Orientation, Plane, Result, Size, Stop, View,
};

/// An animation whose headers were read and checked.
pub(super) struct Animation {
    format: Format,
    sequence: Sequence,
    colour: Info,
    alpha: Option<Info>,
    colours: Colours,
    header: Header,
    /// The number of the only frame that is decoded; `None` for all, or the first.
    page: Option<u32>,
    limits: Limits,
}

impl Animation {
    /// Reads the headers of `sequence` and checks the size of a frame.
    pub(super) fn new(
        format: Format,
        sequence: Sequence,
        page: Option<u32>,
        limits: &Limits,
    ) -> Result<Self> {
        let info = |track: &Track| -> Result<Info> {
            let data: Vec<_> = track.samples.iter().take(1).map(|sample| &sample.data).collect();
            let info = av1::info(format, &track.coded, &data)?;
            check_pixels(format, info.size, limits)?;
            check_pixels(format, info.coded, limits)?;
            Ok(info)
        };
        let colour = info(&sequence.colour)?;
        let alpha = sequence.alpha.as_ref().map(info).transpose()?;
        let colours = Colours::new(format, colour.signal, &sequence.colour.coded.colours, limits)?;
        let bytes = |info: &Info| info.layout.sample_bytes() as u8;
        let tone_mapped = if colours.signal.is_high_range() { 2 } else { 1 };
        let frames = sequence.colour.samples.len() as u32;
        let header = Header {
            geometry: Geometry { size: colour.size, orientation: Orientation::UPRIGHT },
            is_animated: 1 < frames,
            frames,
            has_palette: false,
            sample_bytes: bytes(&colour).max(alpha.as_ref().map_or(1, bytes)).max(tone_mapped),
        };
        let header = of_page(header, page)?;
        Ok(Self { format, sequence, colour, alpha, colours, header, page, limits: limits.clone() })
    }

    pub(super) const fn header(&self) -> &Header {
        &self.header
    }

    pub(super) fn has_alpha(&self) -> bool {
        self.alpha.is_some()
    }

    /// The frames that are decoded, and those of them that are returned.
    fn frames(&self, decode: &Decode) -> Frames {
        Frames::new(&self.header, self.page, decode)
    }

    /// The divisor of the sides: 1 with alpha, as for stills.
    fn shrink(&self, decode: &Decode) -> u32 {
        let is_enough = |shrink: &u32| {
            let axis =
                |side: u32, needed: u32| u64::from(needed) * 3 * u64::from(*shrink) <= 2 * u64::from(side);
            axis(self.colour.size.w, decode.needed.w) && axis(self.colour.size.h, decode.needed.h)
        };
        if self.alpha.is_some() { 1 } else { SHRINKS.into_iter().rev().find(is_enough).unwrap_or(1) }
    }

    pub(super) fn decoded_size(&self, decode: &Decode) -> Size {
        let (Size { w, h }, shrink) = (self.colour.size, self.shrink(decode));
        Size::new(w.div_ceil(shrink), h.div_ceil(shrink))
    }

    pub(super) fn cost(&self, decode: &Decode) -> Cost {
        /// Frames that a decoder keeps: references, and the one in work (AV1 bitstream specification, section 7.20).
        const KEPT: u64 = 10;
        let frames = u64::from(self.frames(decode).composed().min(self.limits.max_frames));
        let (mut bytes, mut cpu_ns) = (0_u64, 0_u64);
        let (pixel_ns, byte_ns) = av1::NS;
        let alpha = self.alpha.iter().zip(&self.sequence.alpha);
        for (info, track) in [(&self.colour, &self.sequence.colour)].into_iter().chain(alpha) {
            let pixels = info.coded.pixels();
            let data = track.samples.iter().map(|sample| sample.data.len() as u64).sum::<u64>();
            bytes = bytes
                .saturating_add(info.layout.bytes(info.coded, 1).saturating_mul(KEPT))
                .saturating_add(pixels.saturating_mul(av1::pixel_bytes(info.layout)))
                .saturating_add(av1::WORK_BYTES);
            cpu_ns = cpu_ns
                .saturating_add(pixels.saturating_mul(frames).saturating_mul(pixel_ns))
                .saturating_add(data.saturating_mul(byte_ns));
        }
        let channels = if self.alpha.is_some() { 4 } else { 3 };
        let pixel_bytes = channels * u64::from(self.header.sample_bytes);
        let shown = self.decoded_size(decode).pixels().saturating_mul(pixel_bytes);
        let bytes = bytes.saturating_add(shown.saturating_mul(frames)).saturating_add(shown);
        Cost::new(bytes, cpu_ns)
            + self.colours.cost(self.decoded_size(decode).pixels().saturating_mul(frames))
    }

    /// Decodes the first frame, all of them, or a page.
    pub(super) fn decode(&self, decode: &Decode, stop: &Stop) -> Result<Image> {
        let wanted = self.frames(decode);
        let size = self.colour.size;
        check_frames(self.format, size, wanted.composed(), &self.limits)?;
        let shrink = self.shrink(decode);
        let mut colours = TrackDecoder::new(self.format, &self.sequence.colour, self.colour)?;
        let mut alphas = match (&self.sequence.alpha, self.alpha) {
            (Some(track), Some(info)) => Some(TrackDecoder::new(self.format, track, info)?),
            _ => None,
        };
        let pixels = self.decoded_size(decode);
        let (mut frames, mut delays_ms) = (Vec::new(), Vec::new());
        for (sample, index) in self.sequence.colour.samples.iter().zip(0..wanted.composed()) {
            stop.check()?;
            let planes = colours.next(shrink)?;
            let alpha = alphas.as_mut().map(|alphas| alphas.next(shrink)).transpose()?;
            if !wanted.has(index) {
                continue;
            }
            let alpha = alpha.as_ref().zip(self.alpha).map(|(planes, info)| AlphaPlane {
                planes,
                is_full_range: info.signal.is_full_range,
                is_premultiplied: self.sequence.is_premultiplied,
            });
            let mut frame = convert(&planes, pixels, self.colours.signal, alpha.as_ref());
            frame.geometry.size = size;
            frame.view = View::whole(size);
            for Plane { step, .. } in &mut frame.planes {
                *step = (shrink.into(), shrink.into());
            }
            frames.push(frame);
            delays_ms.push(sample.delay_ms);
        }
        self.colours.tone_map(&mut frames);
        let profile = self.colours.to_srgb(&mut frames, decode);
        let is_animated = 1 < frames.len();
        let (delays_ms, plays) = if is_animated { (delays_ms, self.sequence.plays) } else { (Vec::new(), 0) };
        Ok(Image { frames, delays_ms, plays, profile })
    }
}

/// Decodes the samples of one track in order.
struct TrackDecoder<'a> {
    format: Format,
    stream: Stream,
    track: &'a Track,
    info: Info,
    /// The number of the next sample.
    next: usize,
}

impl<'a> TrackDecoder<'a> {
    fn new(format: Format, track: &'a Track, info: Info) -> Result<Self> {
        let stream = Stream::new(format, &track.coded, &info)?;
        Ok(Self { format, stream, track, info, next: 0 })
    }

    /// Decodes the next sample, which has one picture that is shown.
    fn next(&mut self, shrink: u32) -> Result<Planes> {
        let damaged = |what: &'static str| CodecError::Damaged(self.format, what.into());
        let sample = self.track.samples.get(self.next);
        let sample = sample.ok_or_else(|| damaged("its alpha planes are fewer than its images"))?;
        self.next += 1;
        let mut shown = None;
        self.stream.send(sample.data.to_vec(), |picture| {
            shown = Some(picture);
            false
        })?;
        let shown = shown.ok_or_else(|| damaged("a sample has no picture"))?;
        Ok(self.stream.planes(&shown, &self.info, shrink)?)
    }
}
