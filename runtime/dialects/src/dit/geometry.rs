//! The sizes of sharp's pipeline, to the pixel.

use super::edits::{Edits, Fit, Resize, Round};
use crate::{
    edit::{Edit, Sides},
    image::Image,
    refusal::Refusal,
    turn::Turn,
};
use safelight_core::{Format, Kind, Rect, Size};

impl Edits {
    /// Adds the steps that change sizes.
    pub(super) fn place(
        &self,
        edit: &mut Edit,
        image: &Image,
        stored: Size,
        is_animated: bool,
    ) -> Result<(), Refusal> {
        let at = |names: &[&str]| self.order.iter().position(|name| names.contains(&name.as_str()));
        let (rotated, cropped, resized) = (at(&["rotate"]), at(&["crop", "extract"]), at(&["resize"]));
        let turn = self.turn()?.filter(|_| !is_animated).unwrap_or_default();
        let is_before =
            |other: Option<usize>| rotated.zip(other).is_some_and(|(rotated, other)| rotated < other);
        let turns_first = is_before(resized) || is_before(cropped);
        // Decoders of the family of HEIF turn the pixels themselves.
        let is_upright = matches!(image.format, Format::Avif | Format::Heic | Format::Heif);
        let orients_first =
            is_upright || (self.auto_orient && at(&["autoOrient"]) < cropped.or(Some(usize::MAX)));
        edit.turn = if orients_first { image.upright() } else { Turn::default() };
        if turns_first {
            edit.turn = edit.turn.then(turn);
        } else {
            edit.after = turn;
        }
        if self.flip {
            edit.after = edit.after.then(Turn::VERTICAL);
        }
        if self.flop {
            edit.after = edit.after.then(Turn::HORIZONTAL);
        }

        let whole = edit.turn.size(stored);
        let crops_first =
            cropped.is_some() && resized.is_none_or(|resized| cropped.is_some_and(|crop| crop < resized));
        let mut size = whole;
        if let Some(crop) = self.crop.filter(|_| crops_first) {
            let rect = part(crop, whole)?;
            edit.crop = Some(rect);
            size = rect.size;
        }
        let mut sides = Sides::default();
        if let Some(resize) = &self.resize {
            let is_whole = edit.crop.is_none() && edit.turn == Turn::default();
            let shrunk = if is_whole && image.format == Format::Jpeg { resize.shrunk(size) } else { size };
            (size, sides) = resize.place(edit, size, shrunk);
        }
        if let Some(crop) = self.crop.filter(|_| !crops_first) {
            let rect = part(crop, size)?;
            let (x, y) = edit.cut.map_or((0, 0), |cut| (cut.x, cut.y));
            edit.cut = Some(Rect { x: x + rect.x, y: y + rect.y, size: rect.size });
            size = rect.size;
        }
        if let Some(round) = self.round.filter(|_| !is_animated) {
            cut_round(edit, round, size);
        }
        if let Some(extend) = self.extend {
            let [top, right, bottom, left] = extend.map(i64::from);
            sides = sides.and(Sides { top, right, bottom, left });
        }
        // What is left of the tag turns the result in viewers.
        if !self.drops_tag && !orients_first {
            edit.after = edit.after.then(image.upright());
            sides = turned(sides, image.upright());
        }
        edit.sides = sides;
        Ok(())
    }

    fn turn(&self) -> Result<Option<Turn>, Refusal> {
        let Some(degrees) = self.rotate else { return Ok(None) };
        if degrees % 90.0 != 0.0 {
            let reason = ": expected a multiple of 90 degrees";
            return Err(Refusal::Unsupported { service: self.service, option: "rotate".to_owned(), reason });
        }
        Ok(Some(Turn::clockwise((degrees / 90.0) as i64)))
    }
}

impl Resize {
    /// Returns the size at which a JPEG is decoded: sharp lets the decoder halve it up to three times, and libvips cuts off
    /// what is left of a pixel.
    fn shrunk(&self, size: Size) -> Size {
        let shrink = 1.0 / self.scale(size).unwrap_or(1.0);
        let by = [8, 4, 2].into_iter().find(|by| f64::from(*by) <= shrink).unwrap_or(1);
        if shrink.fract() == 0.0 && by == shrink as u32 {
            // Nothing is left to do after the decoder, which completes the last pixel.
            return Size::new(size.w.div_ceil(by), size.h.div_ceil(by));
        }
        Size::new((size.w / by).max(1), (size.h / by).max(1))
    }

    /// Returns the sides of the box.
    fn wanted(&self, size: Size) -> (Option<f64>, Option<f64>) {
        let Some(ratio) = self.ratio else { return (self.width, self.height) };
        let times = |side: f64| Some((side * ratio).round().max(1.0));
        match (self.width, self.height) {
            (Some(width), Some(height)) => (times(width), times(height)),
            _ => (times(size.w.into()), times(size.h.into())),
        }
    }

    /// Returns the scale of the larger axis, of a resize that keeps the shape.
    fn scale(&self, size: Size) -> Option<f64> {
        let (width, height) = self.wanted(size);
        let (w, h) =
            (width.map(|side| side / f64::from(size.w)), height.map(|side| side / f64::from(size.h)));
        match (w, h, self.fit) {
            (Some(w), Some(h), Fit::Contain | Fit::Inside) => Some(w.min(h)),
            (Some(w), Some(h), _) => Some(w.max(h)),
            (one, other, _) => one.or(other),
        }
    }

    /// Adds the resize. Returns the size, with what is added, and what that is.
    fn place(&self, edit: &mut Edit, size: Size, shrunk: Size) -> (Size, Sides) {
        let (width, height) = self.wanted(size);
        let Some(scale) = self.scale(size) else { return (size, Sides::default()) };
        let round = |number: f64| number.round().clamp(1.0, 1e9) as u32;
        let is_free = width.is_none() || height.is_none();
        let own = (f64::from(size.w), f64::from(size.h));
        if self.without_reduction && is_free && scale < 1.0 {
            // sharp scales the axis that was named all the same, by a crop.
            let kept = Size::new(width.map_or(size.w, round), height.map_or(size.h, round));
            return self.cut(edit, size, kept);
        }
        if self.without_enlargement
            && 1.0 < scale
            && (is_free || self.fit != Fit::Fill)
            && self.fit != Fit::Contain
        {
            let kept = Size::new(
                width.map_or(size.w, |width| size.w.min(round(width))),
                height.map_or(size.h, |height| size.h.min(round(height))),
            );
            let keeps_all = is_free || matches!(self.fit, Fit::Inside | Fit::Outside);
            return if keeps_all { (size, Sides::default()) } else { self.cut(edit, size, kept) };
        }
        let scale = if self.without_enlargement { scale.min(1.0) } else { scale };
        let (base_w, base_h) = (f64::from(shrunk.w), f64::from(shrunk.h));
        let free = |by: f64, base: f64, other: f64| round(base * by / other);
        let scaled = match (width, height) {
            (Some(width), None) => Size::new(round(width), free(width, base_h, base_w)),
            (None, Some(height)) => Size::new(free(height, base_w, base_h), round(height)),
            (Some(width), Some(height)) if self.fit == Fit::Fill => Size::new(round(width), round(height)),
            _ => Size::new(round(own.0 * scale), round(own.1 * scale)),
        };
        if scaled != size {
            edit.scaled = Some(scaled);
        }
        let (Some(width), Some(height)) = (width, height) else { return (scaled, Sides::default()) };
        let target = Size::new(round(width), round(height));
        match self.fit {
            Fit::Cover => self.cut(edit, scaled, Size::new(target.w.min(scaled.w), target.h.min(scaled.h))),
            Fit::Contain => {
                let share = |room: u32, share: f64| i64::from((f64::from(room) * share) as u32);
                let left = share(target.w.saturating_sub(scaled.w), self.position.0);
                let top = share(target.h.saturating_sub(scaled.h), self.position.1);
                (target, Sides::around(scaled, left, top, target))
            }
            _ => (scaled, Sides::default()),
        }
    }

    fn cut(&self, edit: &mut Edit, scaled: Size, kept: Size) -> (Size, Sides) {
        if kept != scaled {
            if self.is_smart {
                edit.set("gravity", "attention", "resize.position");
            }
            // sharp rounds the middle up.
            let start = |room: u32, share: f64| (f64::from(room) * share).round() as u32;
            let (x, y) =
                (start(scaled.w - kept.w, self.position.0), start(scaled.h - kept.h, self.position.1));
            edit.cut = Some(Rect { x, y, size: kept });
        }
        (kept, Sides::default())
    }
}

/// Keeps the rectangle around an ellipse.
fn cut_round(edit: &mut Edit, round: Round, size: Size) {
    let half = size.w.min(size.h) / 2;
    let (rx, ry) = (round.rx.unwrap_or(half), round.ry.unwrap_or(half));
    let (x, y) = (round.left.unwrap_or(size.w / 2), round.top.unwrap_or(size.h / 2));
    let (start, end) = (
        (x.saturating_sub(rx), y.saturating_sub(ry)),
        (x.saturating_add(rx).min(size.w), y.saturating_add(ry).min(size.h)),
    );
    if end.0 <= start.0 || end.1 <= start.1 {
        return;
    }
    let (left, top) = edit.cut.map_or((0, 0), |cut| (cut.x, cut.y));
    let kept = Size::new(end.0 - start.0, end.1 - start.1);
    if kept != size {
        edit.cut = Some(Rect { x: left + start.0, y: top + start.1, size: kept });
    }
    edit.set("round", "ellipse", "roundCrop");
}

/// Returns a rectangle within a picture.
///
/// # Errors
/// [`Kind::InvalidParam`], if it is not inside.
fn part([left, top, width, height]: [u32; 4], whole: Size) -> Result<Rect, Refusal> {
    let is_inside = left.checked_add(width).is_some_and(|right| right <= whole.w)
        && top.checked_add(height).is_some_and(|bottom| bottom <= whole.h);
    if is_inside {
        return Ok(Rect { x: left, y: top, size: Size::new(width, height) });
    }
    let message = format!("crop: the rectangle is outside of the image of {} × {} pixels", whole.w, whole.h);
    Err(Refusal::new(Kind::InvalidParam, message))
}

/// Returns the sides of a turned picture.
fn turned(sides: Sides, turn: Turn) -> Sides {
    let Sides { top, right, bottom, left } = sides;
    // A pixel in a frame of the sides tells where they go.
    let side = |number: i64| u32::try_from(number.max(0)).unwrap_or(0);
    let size =
        Size::new(side(left).saturating_add(side(right)) + 1, side(top).saturating_add(side(bottom)) + 1);
    let pixel = turn.rect(Rect { x: side(left), y: side(top), size: Size::new(1, 1) }, size);
    let outer = turn.size(size);
    Sides::around(Size::new(1, 1), pixel.x.into(), pixel.y.into(), outer)
}
