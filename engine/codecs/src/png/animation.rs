//! Animations (W3C PNG Third Edition, sections 4.9 and 11.3.6): the chunks that state them, and the composition of their
//! frames as browsers show it.

use super::{FORMAT, Source, damaged, read_rows};
use crate::animation::Frames;
use crate::canvas::{After, Composer};
use crate::error::CodecError;
use crate::samples::to_u8;
use png::{BlendOp, DisposeOp, FrameControl, Reader};
use safelight_core::{Limits, Model, Rect, Result, Samples, Size, Stop};

/// The frames of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Animation {
    /// At least 2.
    pub(super) frames: u32,
    /// Number of times that they are played; 0 means forever.
    pub(super) plays: u32,
}

impl Animation {
    /// Finds the chunks of an animation in a file; `None` for a still image, or if there is one frame.
    ///
    /// An animation has as many frames as its first chunk states, but no more than there are.
    pub(super) fn find(file: &[u8]) -> Option<Self> {
        let mut stated = None;
        let mut found = 0;
        for (kind, data) in chunks(file) {
            match kind {
                b"acTL" => {
                    let (frames, plays) = data.split_first_chunk::<4>()?;
                    stated = Some((u32::from_be_bytes(*frames), u32::from_be_bytes(*plays.first_chunk()?)));
                }
                b"fcTL" => found += 1,
                // After the first data, it would be no animation.
                b"IDAT" if stated.is_none() => return None,
                _ => (),
            }
        }
        let (frames, plays) = stated?;
        let frames = frames.min(found);
        (1 < frames).then_some(Self { frames, plays })
    }
}

pub(super) const SIGNATURE_BYTES: usize = 8;

/// The kinds and data of the chunks that are whole, and the data of one that is cut short.
pub(super) fn chunks(file: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    const CHECKSUM_BYTES: usize = 4;
    let mut rest = file.get(SIGNATURE_BYTES..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let (data, after) = after.split_at(after.len().min(u32::from_be_bytes(*length) as usize));
        rest = after.get(CHECKSUM_BYTES..).unwrap_or_default();
        Some((kind, data))
    })
}

/// Composes frames on a canvas of `size`, and passes those that are `wanted`, with their delays in milliseconds, to
/// `show`. The caller has checked the pixels against the limits.
///
/// A file that is cut short, or damaged after the first frame, shows the frames before.
///
/// # Errors
/// [`safelight_core::Kind::Corrupt`] if the first frame is damaged, and those of [`Stop::check`].
pub(super) fn compose(
    reader: &mut Reader<Source>,
    (size, wanted): (Size, Frames),
    limits: &Limits,
    stop: &Stop,
    mut show: impl FnMut(&[u8], u32),
) -> Result<()> {
    let mut composer = Composer::new(size);
    // Without a control before it, the default image is none of the frames.
    let is_default_shown = reader.info().frame_control().is_some();
    for index in 0..wanted.composed() {
        stop.check()?;
        let frame = next(reader, index == 0 && is_default_shown, limits, stop);
        stop.check()?;
        let (control, model, samples) = match frame {
            Ok(frame) => frame,
            Err(_) if 0 < index => break,
            Err(error) => return Err(error),
        };
        let rect =
            Rect { x: control.x_offset, y: control.y_offset, size: Size::new(control.width, control.height) };
        let after = match control.dispose_op {
            DisposeOp::None => After::Keep,
            DisposeOp::Background => After::Clear,
            // There is nothing before the first frame.
            DisposeOp::Previous if index == 0 => After::Clear,
            DisposeOp::Previous => After::Restore,
        };
        let canvas = composer.begin(rect, after);
        canvas.draw(rect, &to_u8(&samples), model, control.blend_op == BlendOp::Over);
        if wanted.has(index) {
            show(&canvas.rgba, delay_ms(&control));
        }
    }
    Ok(())
}

/// Decodes the next frame: that of the current image data, or of the next.
fn next(
    reader: &mut Reader<Source>,
    is_current: bool,
    limits: &Limits,
    stop: &Stop,
) -> Result<(FrameControl, Model, Samples)> {
    if !is_current {
        reader.next_frame_info().map_err(|error| damaged(error, limits))?;
    }
    let missing = || CodecError::Damaged(FORMAT, "a frame without a control".into());
    let control = *reader.info().frame_control().ok_or_else(missing)?;
    let (model, samples) = read_rows(reader, Size::new(control.width, control.height), limits, stop)?;
    Ok((control, model, samples))
}

/// The delay after a frame, in milliseconds, rounded.
fn delay_ms(control: &FrameControl) -> u32 {
    let per_second = match control.delay_den {
        0 => 100,
        stated => u32::from(stated),
    };
    (u32::from(control.delay_num) * 1000 + per_second / 2) / per_second
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_and_delays_are_rounded() {
        let chunk = |kind: &[u8; 4], data: &[u8]| {
            [&(data.len() as u32).to_be_bytes()[..], kind, data, &[0; 4]].concat()
        };
        let stated = |frames: u8| chunk(b"acTL", &[0, 0, 0, frames, 0, 0, 0, 7]);
        let (control, data) = (chunk(b"fcTL", &[0; 26]), chunk(b"IDAT", b"data"));
        let check = |chunks: &[&[u8]], expected: Option<u32>| {
            let file = [&[0; 8][..], &chunks.concat()].concat();
            let found = Animation::find(&file);
            assert_eq!(found, expected.map(|frames| Animation { frames, plays: 7 }));
            (0..file.len())
                .for_each(|end| assert!(Animation::find(&file[..end]).is_none_or(|it| it.frames < 4)));
        };
        check(&[&stated(3), &control, &data, &control, &control], Some(3));
        check(&[&stated(3), &data, &control, &control], Some(2));
        check(&[&stated(2), &control, &data, &control, &control], Some(2));
        check(&[&stated(1), &control, &data, &control], None);
        check(&[&stated(0), &control, &data, &control], None);
        check(&[&data, &stated(2), &control, &control], None);
        check(&[&control, &data, &control], None);

        let delay = |delay_num, delay_den| {
            delay_ms(&FrameControl { delay_num, delay_den, ..FrameControl::default() })
        };
        assert_eq!(
            [delay(1, 10), delay(3, 0), delay(1, 60), delay(0, 7), delay(65535, 1)],
            [100, 30, 17, 0, 65_535_000]
        );
    }
}
