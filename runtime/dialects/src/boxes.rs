//! Fitting a picture into a box, as Cloudflare and imgix name it.

use crate::{
    edit::{Edit, Sides},
    words,
};
use safelight_core::{Rect, Size};

/// The ways to fit a picture into a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Within the box.
    Inside,
    /// Within the box, on a canvas of its size.
    Pad,
    /// Over all of the box, and cut to it.
    Cover,
    /// As the box, and cut to its shape, however small the picture is.
    Shape,
    /// Stretched.
    Stretch,
}

/// A box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Boxed {
    /// Width, in pixels. Defaults to `None`: as the height demands.
    pub(crate) width: Option<f64>,
    /// Height, in pixels. Defaults to `None`: as the width demands.
    pub(crate) height: Option<f64>,
    pub(crate) fit: Fit,
    /// Whether a smaller picture is enlarged.
    pub(crate) enlarges: bool,
    /// The point that is kept, as shares of the width and the height.
    pub(crate) focus: Focus,
}

/// What is kept of a picture that is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Focus {
    /// The room is shared by these shares on the left and on the top.
    Share(f64, f64),
    /// The middle is as near to this point as it can be.
    Point(f64, f64),
    /// What catches the eye: a word of `gravity`.
    Word(&'static str),
}

impl Boxed {
    /// Adds the steps to a picture of `size`, which may be a part of the source.
    pub(crate) fn place(&self, edit: &mut Edit, size: Size) {
        let own = (f64::from(size.w), f64::from(size.h));
        let ratios = (self.width.map(|side| side / own.0), self.height.map(|side| side / own.1));
        let scale = match (ratios, self.fit) {
            ((Some(x), Some(y)), Fit::Cover | Fit::Shape) => x.max(y),
            ((Some(x), Some(y)), _) => x.min(y),
            ((Some(one), None) | (None, Some(one)), _) => one,
            ((None, None), _) => return,
        };
        let scale = if self.enlarges { scale } else { scale.min(1.0) };
        let round = |side: f64| side.round().clamp(1.0, 1e9) as u32;
        let both = self.width.zip(self.height).map(|(width, height)| Size::new(round(width), round(height)));
        let scaled = match (both, self.fit) {
            (Some(target), Fit::Stretch) if self.enlarges || (target.w <= size.w && target.h <= size.h) => {
                target
            }
            _ => Size::new(round(own.0 * scale), round(own.1 * scale)),
        };
        if scaled != size {
            edit.scaled = Some(scaled);
        }
        let Some(target) = both else { return };
        match self.fit {
            Fit::Cover => self.cut(edit, scaled, Size::new(target.w.min(scaled.w), target.h.min(scaled.h))),
            Fit::Shape => {
                let shrink = (f64::from(target.w) / f64::from(scaled.w))
                    .max(f64::from(target.h) / f64::from(scaled.h))
                    .max(1.0);
                let side = |side: u32, most: u32| round(f64::from(side) / shrink).min(most);
                self.cut(edit, scaled, Size::new(side(target.w, scaled.w), side(target.h, scaled.h)));
            }
            Fit::Pad => {
                let (left, top) = (
                    i64::from(target.w.saturating_sub(scaled.w) / 2),
                    i64::from(target.h.saturating_sub(scaled.h) / 2),
                );
                edit.sides = Sides::around(scaled, left, top, target);
            }
            Fit::Inside | Fit::Stretch => (),
        }
    }

    fn cut(&self, edit: &mut Edit, scaled: Size, kept: Size) {
        if kept == scaled {
            return;
        }
        let at = |share: f64, is_point: bool, scaled: u32, kept: u32| {
            let room = f64::from(scaled - kept);
            let start =
                if is_point { share * f64::from(scaled) - f64::from(kept) / 2.0 } else { share * room };
            start.round().clamp(0.0, room) as u32
        };
        let (x, y, is_point) = match self.focus {
            Focus::Share(x, y) => (x, y, false),
            Focus::Point(x, y) => (x, y, true),
            Focus::Word(word) => {
                edit.set("gravity", word, words::GRAVITY);
                (0.5, 0.5, false)
            }
        };
        let (x, y) = (at(x, is_point, scaled.w, kept.w), at(y, is_point, scaled.h, kept.h));
        edit.cut = Some(Rect { x, y, size: kept });
    }
}

/// Returns the keys and values of pairs, with the last of equal keys.
pub(crate) fn last<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
}
