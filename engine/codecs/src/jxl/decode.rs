//! The calls of the decoder: its header, the number of its frames, and their samples.

use super::{
    FORMAT, damaged,
    pixels::{Layout, Target},
    size,
    work::Work,
};
use crate::animation::Frames;
use crate::error::CodecError;
use crate::header::check_pixels;
use jxl::api::{
    AlphaMode, Event, JxlBasicInfo, JxlColorEncoding, JxlColorProfile, JxlDecoder, JxlDecoderOptions,
};
use jxl::error::Error as JxlError;
use safelight_core::{Frame, Limits, Result, Size, Stop};

/// The bytes of the source that the decoder gets at a time; between them it may be stopped.
const WINDOW_BYTES: usize = 256 << 10;

/// The most channels of an image: three of colour, and those of level 5 (ISO/IEC 18181-1, annex M).
const MAX_CHANNELS: u64 = 3 + 4;

/// A source that is read from its start.
pub(super) struct Reader<'a> {
    source: &'a [u8],
    /// The next byte that the decoder reads, and the end of those that it may read.
    at: usize,
    end: usize,
    decoder: JxlDecoder,
    info: JxlBasicInfo,
}

impl<'a> Reader<'a> {
    /// Reads the header, and checks the number of pixels. No frame may have more than `max_samples` samples, if that is
    /// known: frames that are not shown may be larger than the image.
    pub(super) fn new(source: &'a [u8], limits: &Limits, max_samples: Option<u64>) -> Result<Self> {
        Self::with_options(source, limits, max_samples, |_| ())
    }

    fn with_options(
        source: &'a [u8],
        limits: &Limits,
        max_samples: Option<u64>,
        set: impl FnOnce(&mut JxlDecoderOptions),
    ) -> Result<Self> {
        let mut options = JxlDecoderOptions::default();
        let samples = max_samples.unwrap_or(limits.max_pixels.saturating_mul(MAX_CHANNELS));
        // The decoder rejects images of exactly this many.
        options.sample_limit = Some(usize::try_from(samples.saturating_add(1)).unwrap_or(usize::MAX));
        options.alpha_mode = AlphaMode::Unpremultiplied;
        set(&mut options);
        let mut decoder = JxlDecoder::new(options);
        let stop = Stop::default();
        let (mut at, mut end) = (0, 0);
        loop {
            let mut work = Work::new(Size::new(0, 0), 0, &stop);
            match process(&mut decoder, source, &mut at, end, None, &mut work)? {
                Event::NeedMoreInput { .. } if end == source.len() => {
                    return Err(damaged("the header is cut short").into());
                }
                Event::NeedMoreInput { .. } => end = source.len().min(end + WINDOW_BYTES),
                _ => break,
            }
        }
        let info = decoder.basic_info().cloned().ok_or_else(|| damaged("no header"))?;
        check_pixels(FORMAT, size(&info), limits)?;
        Ok(Self { source, at, end, decoder, info })
    }

    pub(super) fn info(&self) -> &JxlBasicInfo {
        &self.info
    }

    /// The profile of the colours that the decoder returns as integers.
    ///
    /// The decoder states its output profile for the samples that are set so far, at first floating-point ones. It
    /// returns these as linear sRGB, and integers as sRGB, where it cannot convert XYB to the profile of the file.
    pub(super) fn profile(&self) -> Result<JxlColorProfile> {
        let own = self.decoder.embedded_color_profile().ok_or_else(|| damaged("no colours"))?;
        if !self.info.uses_original_profile && !own.can_output_to() {
            return Ok(JxlColorProfile::Simple(JxlColorEncoding::srgb(own.channels() == 1)));
        }
        let output = self.decoder.output_color_profile().ok_or_else(|| damaged("no colours"))?;
        Ok(output.clone())
    }

    /// The number of frames that are shown, up to one more than the limit.
    pub(super) fn count_frames(&self, limits: &Limits, max_samples: u64) -> Result<u32> {
        let max_samples = Some(max_samples);
        let mut scan =
            Self::with_options(self.source, limits, max_samples, |options| options.scan_frames_only = true)?;
        let stop = Stop::default();
        let mut work = Work::of_header(size(&self.info), limits, &stop);
        let most = limits.max_frames as usize;
        // A file that is cut short, or damaged after its first frame, has as many frames as are whole.
        while scan.decoder.scanned_frames().len() <= most {
            match scan.next(None, &mut work) {
                Ok(Some(event)) if event != Event::Complete => (),
                _ => break,
            }
        }
        Ok(scan.decoder.scanned_frames().len().max(1) as u32)
    }

    /// Decodes `wanted` frames. Returns them with the time of each in milliseconds.
    ///
    /// An animation that is cut short, or damaged after its first frame, is decoded as far as it goes.
    pub(super) fn frames(
        mut self,
        layout: &Layout,
        wanted: Frames,
        stop: &Stop,
    ) -> Result<(Vec<Frame>, Vec<u32>)> {
        self.decoder.set_pixel_format(layout.format.clone()).map_err(damaged)?;
        let size = size(&self.info);
        let mut work = Work::new(size, wanted.composed(), stop);
        let (mut frames, mut delays_ms) = (Vec::new(), Vec::new());
        let mut target = layout.target(size);
        let (mut index, mut duration_ms) = (0, 0);
        while index < wanted.composed() {
            stop.check()?;
            let event = self.next(Some(&mut target), &mut work);
            if let Some(stopped) = work.stopped.take() {
                return Err(stopped);
            }
            match event {
                Ok(Some(Event::FrameHeader)) => {
                    let duration = self.decoder.frame_header().and_then(|header| header.duration);
                    duration_ms = duration.unwrap_or_default().round() as u32;
                }
                Ok(Some(Event::FrameComplete { .. })) => {
                    index += 1;
                    if wanted.has(index - 1) {
                        // The last one needs no buffer after it.
                        let rest = if index < wanted.composed() { size } else { Size::new(0, 0) };
                        let done = std::mem::replace(&mut target, layout.target(rest));
                        frames.push(layout.frame(done));
                        delays_ms.push(duration_ms);
                    }
                }
                Ok(Some(Event::Complete) | None) | Err(_) if !frames.is_empty() => break,
                Ok(Some(Event::Complete) | None) => return Err(damaged("a frame is cut short").into()),
                Ok(Some(_)) => (),
                Err(error) => return Err(error.into()),
            }
        }
        Ok((frames, delays_ms))
    }

    /// Goes on to the next event, or to the end of the bytes that the decoder may read; `None` at the end of the source.
    fn next(&mut self, target: Option<&mut Target>, work: &mut Work) -> Result<Option<Event>, CodecError> {
        let event = process(&mut self.decoder, self.source, &mut self.at, self.end, target, work)?;
        if let Event::NeedMoreInput { .. } = event {
            if self.end == self.source.len() {
                return Ok(None);
            }
            self.end = self.source.len().min(self.end + WINDOW_BYTES);
        }
        Ok(Some(event))
    }
}

/// Calls the decoder with the bytes from `at`, which advances, to `end`.
fn process(
    decoder: &mut JxlDecoder,
    source: &[u8],
    at: &mut usize,
    end: usize,
    target: Option<&mut Target>,
    work: &mut Work<'_>,
) -> Result<Event, CodecError> {
    let mut input = &source[*at..end];
    let event = match target {
        Some(target) => decoder.process(&mut input, Some(&mut target.buffers()), Some(work)),
        None => decoder.process(&mut input, None, Some(work)),
    };
    *at = end - input.len();
    event.map_err(|error| match error {
        JxlError::LevelLimitExceeded { .. } => CodecError::Unsupported(FORMAT, "it exceeds level 5"),
        error => damaged(error),
    })
}
