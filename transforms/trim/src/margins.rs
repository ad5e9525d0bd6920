//! The margins of one colour.

use safelight_core::{Colour, Frame, Rect, Result, Samples, Size, Stop};

/// The criteria for margins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    /// The largest difference, at 8 bits.
    pub(crate) threshold: u8,
    /// The colour of the margins; `None` for that of the top left pixel.
    pub(crate) colour: Option<Colour>,
    pub(crate) equal: Equal,
}

/// Whether opposite margins are equal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Equal {
    /// Left and right.
    pub(crate) horizontal: bool,
    /// Top and bottom.
    pub(crate) vertical: bool,
}

/// Rows and columns without content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Margins {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Margins {
    /// Returns the margins of a whole image of one plane; `None` if it has no margin, or nothing else.
    ///
    /// # Errors
    /// Those of [`Stop::check`].
    pub(crate) fn of(frame: &Frame, search: &Search, stop: &Stop) -> Result<Option<Self>> {
        let Some(plane) = frame.planes.first() else { return Ok(None) };
        let (w, channels) = (plane.size.w as usize, usize::from(plane.channels));
        let has_alpha = frame.model.has_alpha();
        match &plane.samples {
            Samples::U8(samples) => {
                Pixels { samples, w, channels, has_alpha, max: 255 }.margins(search, stop)
            }
            Samples::U16(samples) => {
                Pixels { samples, w, channels, has_alpha, max: 65_535 }.margins(search, stop)
            }
        }
    }

    /// Returns what is left of an image of `size`.
    pub(crate) fn inside(self, size: Size) -> Rect {
        let size =
            Size::new(size.w - (self.left + self.right) as u32, size.h - (self.top + self.bottom) as u32);
        Rect { x: self.left as u32, y: self.top as u32, size }
    }
}

/// The samples of an image.
struct Pixels<'a, T> {
    samples: &'a [T],
    w: usize,
    channels: usize,
    has_alpha: bool,
    /// The largest sample.
    max: u32,
}

/// The samples of a channel that are margin: from the first to the second.
type Ranges = [(u32, u32); 4];

impl<T: Copy + Into<u32>> Pixels<'_, T> {
    fn margins(&self, search: &Search, stop: &Stop) -> Result<Option<Margins>> {
        let ranges = self.ranges(search);
        let h = self.samples.len() / (self.w * self.channels).max(1);
        let row = |y: usize| -> Result<bool> {
            stop.check()?;
            Ok((0..self.w).any(|x| self.is_content((x, y), h, &ranges)))
        };
        let mut rows = 0..h;
        while rows.start < rows.end && !row(rows.start)? {
            rows.start += 1;
        }
        if rows.is_empty() {
            return Ok(None);
        }
        while !row(rows.end - 1)? {
            rows.end -= 1;
        }
        let (mut left, mut end) = (self.w, 0);
        for y in rows.clone() {
            stop.check()?;
            left = (0..left).find(|x| self.is_content((*x, y), h, &ranges)).unwrap_or(left);
            let last = (end..self.w).rev().find(|x| self.is_content((*x, y), h, &ranges));
            end = last.map_or(end, |x| x + 1);
        }
        let mut margins = Margins { left, top: rows.start, right: self.w - end, bottom: h - rows.end };
        if search.equal.horizontal {
            (margins.left, margins.right) = (left.min(margins.right), left.min(margins.right));
        }
        if search.equal.vertical {
            let least = margins.top.min(margins.bottom);
            (margins.top, margins.bottom) = (least, least);
        }
        let Margins { left, top, right, bottom } = margins;
        Ok((0 < left + top + right + bottom).then_some(margins))
    }

    /// Returns the range of margin in each value of a pixel.
    fn ranges(&self, search: &Search) -> Ranges {
        let unit = self.max / 255;
        let values = match search.colour {
            Some(Colour { alpha: 0, .. }) => [0, 0, 0, 0],
            Some(colour) => {
                let [r, g, b] = colour.rgb.map(|sample| u32::from(sample) * unit);
                [r, g, b, self.max]
            }
            None => self.values((0, 0)),
        };
        let distance = u32::from(search.threshold) * unit;
        // What is transparent as a whole may have any colour.
        let is_clear = matches!(search.colour, Some(Colour { alpha: 0, .. }));
        let mut ranges = values.map(|value| (value.saturating_sub(distance), value.saturating_add(distance)));
        if is_clear {
            ranges[..3].fill((0, u32::MAX));
        } else {
            // Alpha shows in the colours, which are over magenta.
            ranges[3] = (0, u32::MAX);
        }
        ranges
    }

    /// Returns red, green and blue of a pixel over magenta, and its alpha.
    fn values(&self, (column, row): (usize, usize)) -> [u32; 4] {
        let at = (row * self.w + column) * self.channels;
        let pixel = &self.samples[at..at + self.channels];
        let colours = self.channels - usize::from(self.has_alpha);
        let alpha = if self.has_alpha { pixel[colours].into() } else { self.max };
        let rgb = if colours < 3 { [pixel[0]; 3] } else { [pixel[0], pixel[1], pixel[2]] };
        let [r, g, b] = rgb.map(Into::<u32>::into);
        if alpha == self.max {
            return [r, g, b, alpha];
        }
        let max = u64::from(self.max);
        let over = |sample: u32, behind: u64| {
            let sum = u64::from(sample) * u64::from(alpha) + behind * (max - u64::from(alpha));
            ((sum + max / 2) / max) as u32
        };
        [over(r, max), over(g, 0), over(b, max), alpha]
    }

    /// Returns whether a pixel and at least four of the eight around it are beyond the range of a channel, at the same end.
    fn is_content(&self, (x, y): (usize, usize), h: usize, ranges: &Ranges) -> bool {
        let own = self.values((x, y));
        for (i, (low, high)) in ranges.iter().enumerate() {
            let (is_low, is_high) = (own[i] < *low, *high < own[i]);
            if !is_low && !is_high {
                continue;
            }
            let columns = [x.saturating_sub(1), x, (x + 1).min(self.w - 1)];
            let rows = [y.saturating_sub(1), y, (y + 1).min(h - 1)];
            let around = rows.into_iter().flat_map(|y| columns.map(|x| self.values((x, y))[i]));
            let is_same = |value: &u32| if is_low { value < low } else { high < value };
            if 5 <= around.filter(is_same).count() {
                return true;
            }
        }
        false
    }
}
