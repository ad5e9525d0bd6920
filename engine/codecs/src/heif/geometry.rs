//! Crops, rotations and mirrors of a file, folded into one rectangle and one orientation.

use crate::error::CodecError;
use safelight_containers::heif::{Aperture, Transform};
use safelight_core::{Format, Orientation, Rect, Size, Turn};

/// Returns the part of an image of `size` that is shown, and the turn that it still needs.
///
/// # Errors
/// [`CodecError::Damaged`] for a clean aperture without pixels.
pub(super) fn fold(
    format: Format,
    size: Size,
    transforms: &[Transform],
) -> Result<(Rect, Orientation), CodecError> {
    let mut shown = Rect { x: 0, y: 0, size };
    let mut turn = Turn::default();
    for transform in transforms {
        match transform {
            Transform::Rotate(quarters) => {
                for _ in 0..*quarters {
                    // A quarter turn anticlockwise.
                    turn = turn.then(Turn { is_transposed: true, is_mirrored_x: false, is_mirrored_y: true });
                }
            }
            Transform::Mirror(exchanges_sides) => {
                turn = turn.then(Turn {
                    is_transposed: false,
                    is_mirrored_x: *exchanges_sides,
                    is_mirrored_y: !exchanges_sides,
                });
            }
            Transform::Crop(aperture) => {
                let turned = turn.size(shown.size);
                let part = part(aperture, turned).ok_or_else(|| {
                    CodecError::Damaged(format, "its clean aperture has no pixel of the image".into())
                })?;
                let stored = undo(part, turn, turned);
                shown = Rect { x: shown.x + stored.x, y: shown.y + stored.y, size: stored.size };
            }
        }
    }
    Ok((shown, turn.into()))
}

/// The part of an image of `size` in `aperture`, in whole pixels (ISO/IEC 14496-12 section 12.1.4.1).
fn part(aperture: &Aperture, size: Size) -> Option<Rect> {
    let (x, w) = span(aperture.width, aperture.across, size.w)?;
    let (y, h) = span(aperture.height, aperture.down, size.h)?;
    Some(Rect { x, y, size: Size::new(w, h) })
}

/// The start and the length of an aperture on one axis, of which the image has `side` pixels.
fn span(length: (u32, u32), offset: (i32, u32), side: u32) -> Option<(u32, u32)> {
    if length.1 == 0 || offset.1 == 0 {
        return None;
    }
    let length = (f64::from(length.0) / f64::from(length.1)).round();
    let centre = f64::from(offset.0) / f64::from(offset.1) + (f64::from(side) - 1.0) / 2.0;
    let start = (centre - (length - 1.0) / 2.0).floor();
    let (start, end) = (start.max(0.0), (start + length).min(side.into()));
    (start < end).then_some((start as u32, (end - start) as u32))
}

/// Returns where `part` of an image that was turned to `size` was before the turn.
fn undo(part: Rect, turn: Turn, size: Size) -> Rect {
    let Rect { mut x, mut y, size: Size { mut w, mut h } } = part;
    if turn.is_mirrored_x {
        x = size.w - x - w;
    }
    if turn.is_mirrored_y {
        y = size.h - y - h;
    }
    if turn.is_transposed {
        std::mem::swap(&mut x, &mut y);
        std::mem::swap(&mut w, &mut h);
    }
    Rect { x, y, size: Size::new(w, h) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crop(w: u32, h: u32, across: (i32, u32), down: (i32, u32)) -> Transform {
        Transform::Crop(Aperture { width: (w, 1), height: (h, 1), across, down })
    }

    #[test]
    fn transforms_are_folded_in_order() {
        let check = |transforms: &[Transform], expected: Option<((u32, u32, u32, u32), u8)>| {
            let folded = fold(Format::Heic, Size::new(6, 4), transforms).ok();
            let found = folded.map(|(rect, turn)| ((rect.x, rect.y, rect.size.w, rect.size.h), turn.get()));
            assert_eq!(found, expected, "{transforms:?}");
        };
        check(&[], Some(((0, 0, 6, 4), 1)));
        check(&[Transform::Rotate(1)], Some(((0, 0, 6, 4), 8)));
        check(&[Transform::Rotate(2)], Some(((0, 0, 6, 4), 3)));
        check(&[Transform::Rotate(3)], Some(((0, 0, 6, 4), 6)));
        check(&[Transform::Mirror(true)], Some(((0, 0, 6, 4), 2)));
        check(&[Transform::Mirror(false)], Some(((0, 0, 6, 4), 4)));
        check(&[Transform::Rotate(1), Transform::Mirror(true)], Some(((0, 0, 6, 4), 7)));
        check(&[Transform::Mirror(true), Transform::Rotate(1)], Some(((0, 0, 6, 4), 5)));
        // The upper left corner of what is shown: of the image, and of the image after a turn to the left.
        let corner =
            |size: (u32, u32)| crop(2, 1, (2 - size.0.cast_signed(), 2), (1 - size.1.cast_signed(), 2));
        check(&[corner((6, 4))], Some(((0, 0, 2, 1), 1)));
        check(&[corner((6, 4)), Transform::Rotate(3)], Some(((0, 0, 2, 1), 6)));
        check(&[Transform::Rotate(1), corner((4, 6))], Some(((5, 0, 1, 2), 8)));
        check(&[Transform::Rotate(3), corner((4, 6))], Some(((0, 2, 1, 2), 6)));
        check(&[Transform::Mirror(true), corner((6, 4))], Some(((4, 0, 2, 1), 2)));
        // Half a pixel is rounded down, and what is outside is left out.
        check(&[crop(3, 4, (0, 1), (0, 1))], Some(((1, 0, 3, 4), 1)));
        check(&[crop(90, 4, (0, 1), (0, 1))], Some(((0, 0, 6, 4), 1)));
        check(&[crop(2, 2, (100, 1), (0, 1))], None);
        check(&[crop(0, 2, (0, 1), (0, 1))], None);
        check(&[crop(2, 2, (0, 0), (0, 1))], None);
        check(&[crop(u32::MAX, 2, (i32::MIN, 1), (i32::MAX, 1))], None);
    }
}
