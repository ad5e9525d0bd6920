//! The sizes of thumbor (its `transformer.py`), to the pixel.

use super::{
    Thumbnail,
    path::{FitIn, Side},
};
use crate::{
    edit::{Edit, Sides},
    image::Image,
    refusal::Refusal,
    turn::Turn,
    words,
};
use safelight_core::{Format, Kind, Rect, Size};

impl Thumbnail {
    /// Adds the steps that change sizes.
    pub(super) fn place_thumbor(&self, edit: &mut Edit, image: &Image) -> Result<(), Refusal> {
        let Some(stored) = image.size else { return Ok(()) };
        // Without a turn, EXIF is lost with the orientation.
        edit.turn = if self.respects_orientation { image.upright() } else { Turn::default() };
        let whole = edit.turn.size(stored);
        if let Some(trim) = &self.path.trim {
            words::trim(edit, f64::from(trim.tolerance), None, (false, false));
            return self.after_trim(edit);
        }
        let part = self.path.crop.and_then(|edges| cropped(edges, whole));
        let size = part.map_or(whole, |part| part.size);
        let sides = (self.path.width, self.path.height);
        if matches!(sides, (Side::Original, Side::Free) | (Side::Free, Side::Original))
            || (self.effects.no_upscale && (sides.0 == Side::Original || sides.1 == Side::Original))
        {
            return Err(Refusal::new(Kind::InvalidParam, "orig: expected a number for the other side"));
        }
        let enlarges = self.effects.upscale && image.format != Format::Gif;
        let scaled = self.scaled_thumbor(edit, size, part, enlarges);
        if self.path.flip.0 {
            edit.after = edit.after.then(Turn::HORIZONTAL);
        }
        if self.path.flip.1 {
            edit.after = edit.after.then(Turn::VERTICAL);
        }
        if image.format == Format::Gif {
            return Ok(());
        }
        self.finish(edit, scaled, self.fill_box(size));
        Ok(())
    }

    /// Adds the steps after a trim, whose result has no known size.
    pub(super) fn after_trim(&self, edit: &mut Edit) -> Result<(), Refusal> {
        if self.path.crop.is_some() || self.effects.fill.is_some() {
            return Err(super::unsupported(
                self.flavour,
                "trim",
                ": not beside a crop or fill, which depend on its result",
            ));
        }
        let sides = [("width", self.path.width), ("height", self.path.height)];
        for (key, side) in sides {
            if let Side::Pixels(pixels) = side {
                edit.set(key, pixels, words::RESIZE);
            }
        }
        if sides != [("width", Side::Free), ("height", Side::Free)] && self.path.fit.is_none() {
            edit.set("fit", "cover", words::RESIZE);
        }
        Ok(())
    }

    /// Adds what filters change: proportion, fill and turns.
    pub(super) fn finish(&self, edit: &mut Edit, scaled: Size, outer: Size) {
        let mut size = scaled;
        if let Some(proportion) = self.effects.proportion {
            let side = |side: u32| ((f64::from(side) * proportion) as u32).max(1);
            size = Size::new(side(size.w), side(size.h));
            // The part that was cut is scaled once more.
            edit.rescale(scaled, size);
        }
        if self.effects.fill.is_some() && (size.w < outer.w || size.h < outer.h) {
            let outer = outer.union(size);
            let half = |outer: u32, inner: u32| i64::from((outer - inner) / 2);
            let (left, top) = (half(outer.w, size.w), half(outer.h, size.h));
            edit.sides = Sides::around(size, left, top, outer);
        }
        edit.after = edit.after.then(Turn::clockwise(self.effects.quarters));
    }

    fn fill_box(&self, source: Size) -> Size {
        let Some(FitIn { is_adaptive, .. }) = self.path.fit else { return Size::new(0, 0) };
        self.boxed(source, is_adaptive)
    }

    /// Returns the box with the sides that the source adds, turned if it is adaptive.
    fn boxed(&self, source: Size, is_adaptive: bool) -> Size {
        let wanted = |side: Side, own: u32, other: Side, other_own: u32| match (side, other) {
            (Side::Pixels(pixels), _) => pixels,
            (Side::Free, Side::Pixels(other)) => {
                let exact = f64::from(other) * f64::from(own) / f64::from(other_own);
                exact.round_ties_even() as u32
            }
            (Side::Original | Side::Free, _) => own,
        };
        let (width, height) = (self.path.width, self.path.height);
        let mut target =
            Size::new(wanted(width, source.w, height, source.h), wanted(height, source.h, width, source.w));
        if self.effects.no_upscale {
            target = Size::new(target.w.min(source.w), target.h.min(source.h));
        }
        let is_landscape = |size: Size| size.w.cmp(&size.h);
        if is_adaptive && is_landscape(source) == is_landscape(target.transposed()) {
            target = target.transposed();
        }
        target
    }

    /// Adds crop and resize, and returns the size after them.
    fn scaled_thumbor(&self, edit: &mut Edit, size: Size, part: Option<Rect>, enlarges: bool) -> Size {
        edit.crop = part;
        let fit = self.path.fit;
        let target = self.boxed(size, fit.is_some_and(|fit| fit.is_adaptive));
        let at_least = |size: Size| Size::new(size.w.max(1), size.h.max(1));
        let Some(fit) = fit else {
            let target = at_least(target);
            if !self.effects.is_stretched {
                let crop = self.auto_crop(size, target, part);
                if crop.size != size {
                    let (x, y) = part.map_or((0, 0), |part| (part.x, part.y));
                    edit.crop = Some(Rect { x: x + crop.x, y: y + crop.y, size: crop.size });
                }
            }
            edit.scaled = Some(target);
            return target;
        };
        let is_smaller = size.w <= target.w && size.h <= target.h;
        let both = self.path.width != Side::Free && self.path.height != Side::Free;
        if is_smaller && !fit.is_full && !(enlarges && both && size != target) {
            return size;
        }
        let [w, h] =
            [(size.w, target.w), (size.h, target.h)].map(|(own, to)| f64::from(own) / f64::from(to.max(1)));
        let round = |number: f64| (number + 0.5).floor() as u32;
        let by_width = if fit.is_full { w <= h } else { h <= w };
        let scaled = if by_width {
            Size::new(target.w, round(f64::from(size.h) * f64::from(target.w) / f64::from(size.w)))
        } else {
            Size::new(round(f64::from(size.w) * f64::from(target.h) / f64::from(size.h)), target.h)
        };
        let scaled = at_least(scaled);
        edit.scaled = Some(scaled);
        scaled
    }

    /// Returns the part that has the shape of the target.
    fn auto_crop(&self, size: Size, target: Size, part: Option<Rect>) -> Rect {
        let (sw, sh) = (f64::from(size.w), f64::from(size.h));
        let (tw, th) = (f64::from(target.w), f64::from(target.h));
        let hundredths = |ratio: f64| (ratio * 100.0).round_ties_even() as u64;
        if hundredths(sw / sh) == hundredths(tw / th) {
            return Rect { x: 0, y: 0, size };
        }
        let kept = if th / sh < tw / sw {
            Size::new(size.w, ((sw * th / tw).round_ties_even() as u32).clamp(1, size.h))
        } else {
            Size::new(((tw * sh / th).ceil() as u32).clamp(1, size.w), size.h)
        };
        let (x, y) = self.effects.focus(size, part).unwrap_or_else(|| {
            let at = |side: Option<i8>, length: f64| f64::from(side.unwrap_or(0) + 1) / 2.0 * length;
            (at(self.path.horizontal, sw), at(self.path.vertical, sh))
        });
        let start = |center: f64, kept: u32, length: f64| {
            let start = (center - f64::from(kept) / 2.0).max(0.0).min(length - f64::from(kept));
            start.round_ties_even() as u32
        };
        Rect { x: start(x, kept.w, sw), y: start(y, kept.h, sh), size: kept }
    }
}

/// Returns the rectangle between edges, within a picture; `None` if it is empty.
fn cropped([left, top, right, bottom]: [f64; 4], whole: Size) -> Option<Rect> {
    let [left, right] = [left, right].map(|edge| (edge as u32).min(whole.w));
    let [top, bottom] = [top, bottom].map(|edge| (edge as u32).min(whole.h));
    let is_something = left < right && top < bottom;
    is_something.then(|| Rect { x: left, y: top, size: Size::new(right - left, bottom - top) })
}
