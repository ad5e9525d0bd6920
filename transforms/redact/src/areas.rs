//! The list of rectangles.

use safelight_core::{Rect, Size};
use std::fmt;

/// Description of a valid value.
pub(crate) const FORM: &str =
    "up to 16 rectangles x,y,w,h in pixels, w and h above 0, with semicolons between them";

/// Most rectangles, which bounds the work.
const MAX_AREAS: usize = 16;

/// Rectangles, possibly beyond the image.
#[derive(Clone, Debug)]
pub(crate) struct Areas(Vec<Rect>);

impl Areas {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix(';').unwrap_or(text);
        let areas: Vec<Rect> = text.split(';').take(MAX_AREAS + 1).map(area).collect::<Option<_>>()?;
        (areas.len() <= MAX_AREAS).then_some(Self(areas))
    }

    /// Returns the parts within an image of `size` that are not empty.
    pub(crate) fn within(&self, size: Size) -> impl Iterator<Item = Rect> {
        self.0.iter().filter_map(move |area| {
            let cut = |start: u32, length: u32, side: u32| {
                Some(side.checked_sub(start)?.min(length)).filter(|&left| 0 < left)
            };
            let (w, h) = (cut(area.x, area.size.w, size.w)?, cut(area.y, area.size.h, size.h)?);
            Some(Rect { size: Size::new(w, h), ..*area })
        })
    }
}

impl fmt::Display for Areas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Rect { x, y, size }) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { ";" };
            write!(f, "{separator}{x},{y},{},{}", size.w, size.h)?;
        }
        Ok(())
    }
}

fn area(text: &str) -> Option<Rect> {
    let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let numbers: Vec<u32> = text.split(',').take(5).map(number).collect::<Option<_>>()?;
    let &[x, y, w, h] = numbers.as_slice() else { return None };
    (0 < w && 0 < h).then_some(Rect { x, y, size: Size::new(w, h) })
}
