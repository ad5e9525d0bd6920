//! Shared by the animated formats: limits over all frames, and differences of frames.

use crate::error::CodecError;
use crate::header::check_pixels;
use crate::rgb8::Rgb8;
use safelight_core::{Decode, Format, Header, Limits, Rect, Result, Size, no_page};

/// Checks the frames of an animation and the pixels of all of them together, before anything is
/// allocated for them.
///
/// # Errors
/// As for [`check_pixels`].
pub(crate) fn check_frames(format: Format, size: Size, frames: u32, limits: &Limits) -> Result<()> {
    check_pixels(format, size, limits)?;
    if limits.max_frames < frames {
        return Err(CodecError::TooManyFrames { format, frames, max: limits.max_frames }.into());
    }
    if limits.max_pixels < size.pixels().saturating_mul(frames.into()) {
        return Err(CodecError::TooManyFramePixels { format, size, frames, max: limits.max_pixels }.into());
    }
    Ok(())
}

/// The most bytes that a decode to frames of RGBA allocates at once, with `pixel_bytes` for each pixel of the first
/// frame. Frames beyond the limits are never decoded.
pub(crate) fn frames_bytes(header: &Header, pixel_bytes: u32, decode: &Decode, limits: &Limits) -> u64 {
    /// A pixel of a further frame.
    const FRAME_PIXEL_BYTES: u64 = 4;
    let pixels = header.geometry.size.pixels();
    let further = if decode.all_frames { header.frames.min(limits.max_frames).saturating_sub(1) } else { 0 };
    let further = pixels.saturating_mul(further.into()).min(limits.max_pixels);
    pixels.saturating_mul(pixel_bytes.into()).saturating_add(further.saturating_mul(FRAME_PIXEL_BYTES))
}

/// The pixels of all `frames` that are composed. Frames beyond the limits are never decoded.
pub(crate) fn frames_pixels(header: &Header, frames: Frames, limits: &Limits) -> u64 {
    let frames = frames.composed().min(limits.max_frames);
    header.geometry.size.pixels().saturating_mul(frames.into()).min(limits.max_pixels)
}

/// The frames of an animation that are composed, and those of them that a decode returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frames {
    /// So many, all returned.
    All(u32),
    /// Those up to a page, the number of the only one that is returned.
    Page(u32),
}

impl Frames {
    /// The frames that `decode` takes of those in the `header`, or of a page.
    pub(crate) fn new(header: &Header, page: Option<u32>, decode: &Decode) -> Self {
        page.map_or(Self::All(if decode.all_frames { header.frames } else { 1 }), Self::Page)
    }

    /// The number of frames that are composed.
    pub(crate) const fn composed(self) -> u32 {
        match self {
            Self::All(count) => count,
            Self::Page(page) => page.saturating_add(1),
        }
    }

    /// Whether the frame of this number is returned.
    pub(crate) const fn has(self, index: u32) -> bool {
        match self {
            Self::All(count) => index < count,
            Self::Page(page) => index == page,
        }
    }
}

/// The header of a page of an animation, a still image.
///
/// # Errors
/// Those of [`no_page`].
pub(crate) fn of_page(header: Header, page: Option<u32>) -> Result<Header> {
    match page {
        None => Ok(header),
        Some(page) if page < header.frames => Ok(Header { is_animated: false, frames: 1, ..header }),
        Some(page) => Err(no_page(page, header.frames)),
    }
}

/// Removes the alpha of RGBA frames if every pixel of all of them is opaque, and returns whether it did.
pub(crate) fn drop_opaque_alpha(frames: &mut [Vec<u8>]) -> bool {
    let is_opaque = frames.iter().all(|frame| frame.chunks_exact(4).all(|pixel| pixel[3] == u8::MAX));
    if is_opaque {
        frames.iter_mut().for_each(drop_alpha);
    }
    is_opaque
}

fn drop_alpha(rgba: &mut Vec<u8>) {
    let pixels = rgba.len() / 4;
    for pixel in 0..pixels {
        rgba.copy_within(pixel * 4..pixel * 4 + 3, pixel * 3);
    }
    rgba.truncate(pixels * 3);
    rgba.shrink_to_fit();
}

/// The delay of one frame in place of two that look the same, of which each is shown for a while; `None` if that changed
/// the time that they are shown.
///
/// Viewers show a frame of 10 ms or less for 100 ms, and a file states at most `max_ms`.
pub(crate) fn joined_delay(first_ms: u32, second_ms: u32, max_ms: u32) -> Option<u32> {
    const HASTY_MS: u32 = 10;
    let joined_ms = first_ms.checked_add(second_ms)?;
    (HASTY_MS < first_ms.min(second_ms) && joined_ms <= max_ms).then_some(joined_ms)
}

/// Merges frames that look the same as the frame before; returns the frames that are left, each with its delay.
///
/// # Errors
/// [`CodecError::NotEncoded`] if the frames differ in size or channels, or there is none.
pub(crate) fn merged<'a, 'b>(
    format: Format,
    frames: &'a [Rgb8<'b>],
    delays_ms: &[u32],
    max_ms: u32,
) -> Result<Vec<(&'a Rgb8<'b>, u32)>, CodecError> {
    let mut shown: Vec<(&Rgb8, u32)> = Vec::new();
    for (frame, delay_ms) in frames.iter().zip(delays_ms.iter().copied().chain(std::iter::repeat(0))) {
        if let Some((before, before_ms)) = shown.last_mut() {
            if before.size != frame.size || before.has_alpha != frame.has_alpha {
                let cause = "the frames differ in size or channels".into();
                return Err(CodecError::NotEncoded(format, cause));
            }
            if before.samples == frame.samples
                && let Some(joined_ms) = joined_delay(*before_ms, delay_ms, max_ms)
            {
                *before_ms = joined_ms;
                continue;
            }
        }
        shown.push((frame, delay_ms));
    }
    if shown.is_empty() { Err(CodecError::NotEncoded(format, "there is no frame".into())) } else { Ok(shown) }
}

/// The smallest rectangle that contains all differences of two frames of `size`; `None` if the frames are equal.
/// `channels` is the length of a pixel in bytes.
pub(crate) fn changed(before: &[u8], now: &[u8], size: Size, channels: usize) -> Option<Rect> {
    region(before, now, size, channels, |a, b| a != b)
}

/// The smallest rectangle that contains all pairs of pixels for which `is_in` holds; `None` if there are none.
/// `channels` is the length of a pixel in bytes.
pub(crate) fn region(
    before: &[u8],
    now: &[u8],
    size: Size,
    channels: usize,
    is_in: impl Fn(&[u8], &[u8]) -> bool,
) -> Option<Rect> {
    let row_bytes = size.w as usize * channels;
    let (mut left, mut right) = (size.w, 0);
    let (mut top, mut bottom) = (None, 0);
    let rows = before.chunks_exact(row_bytes).zip(now.chunks_exact(row_bytes));
    for (y, (before, now)) in (0..).zip(rows) {
        let differs = |(a, b)| is_in(a, b);
        let pixels = || before.chunks_exact(channels).zip(now.chunks_exact(channels));
        let Some(first) = pixels().position(differs) else { continue };
        let last = pixels().rposition(differs).unwrap_or(first);
        (left, right) = (left.min(first as u32), right.max(last as u32 + 1));
        (top, bottom) = (top.or(Some(y)), y + 1);
    }
    let y = top?;
    Some(Rect { x: left, y, size: Size::new(right - left, bottom - y) })
}

/// Cuts `rect` out of a frame of `size`. `channels` is the length of a pixel in bytes.
pub(crate) fn cut(frame: &[u8], size: Size, channels: usize, rect: Rect) -> Vec<u8> {
    let columns = rect.x as usize * channels..(rect.x + rect.size.w) as usize * channels;
    let rows = frame.chunks_exact(size.w as usize * channels);
    let rows = rows.skip(rect.y as usize).take(rect.size.h as usize);
    rows.filter_map(|row| row.get(columns.clone())).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_found_and_cut_out() {
        let size = Size::new(4, 3);
        let before = vec![0; 12];
        let check = |pixels: &[usize], expected: Option<(u32, u32, u32, u32)>| {
            let mut now = before.clone();
            for &pixel in pixels {
                now[pixel] = 1;
            }
            let rect = changed(&before, &now, size, 1);
            let expected = expected.map(|(x, y, w, h)| Rect { x, y, size: Size::new(w, h) });
            assert_eq!(rect, expected, "{pixels:?}");
            let sum: u8 = rect.map_or(0, |rect| cut(&now, size, 1, rect).iter().sum());
            assert_eq!(usize::from(sum), pixels.len());
        };
        check(&[], None);
        check(&[0], Some((0, 0, 1, 1)));
        check(&[11], Some((3, 2, 1, 1)));
        check(&[2, 5], Some((1, 0, 2, 2)));
        check(&[3, 8], Some((0, 0, 4, 3)));
    }

    #[test]
    fn delays_add_up_where_viewers_show_them() {
        let check = |first, second, expected| assert_eq!(joined_delay(first, second, 1000), expected);
        check(100, 50, Some(150));
        check(11, 989, Some(1000));
        check(500, 501, None);
        check(10, 100, None);
        check(100, 0, None);
        check(u32::MAX, 20, None);
    }

    #[test]
    fn only_opaque_alpha_is_dropped() {
        let mut frames = vec![vec![1, 2, 3, 255, 4, 5, 6, 255]];
        assert!(drop_opaque_alpha(&mut frames));
        assert_eq!(frames, [[1, 2, 3, 4, 5, 6]]);
        let mut frames = vec![vec![1, 2, 3, 255], vec![4, 5, 6, 254]];
        assert!(!drop_opaque_alpha(&mut frames));
    }
}
