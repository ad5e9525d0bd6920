//! Watermarks: the parameters for another picture on the picture.

use crate::edit::Edit;

/// A watermark.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watermark {
    /// Its name in the configuration, or its path on this site.
    pub(crate) name: String,
    /// From 0 to 1.
    pub(crate) opacity: f64,
    pub(crate) place: Place,
    /// The parts of the picture's width and height into which it fits, one of which may be missing. Defaults to `None`: its
    /// own size.
    pub(crate) scale: Option<(Option<f64>, Option<f64>)>,
}

/// The place of a watermark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    /// At one place: from left to right, and from top to bottom.
    At(Position, Position),
    /// Everywhere, with gaps.
    Tiles(Length, Length),
}

/// A position on an axis: a side and the distance from there, inwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Position {
    pub(crate) anchor: Anchor,
    pub(crate) distance: Length,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Anchor {
    #[default]
    Start,
    Centre,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Length {
    Pixels(f64),
    /// A share of the picture.
    Share(f64),
}

impl Default for Length {
    fn default() -> Self {
        Self::Pixels(0.0)
    }
}

impl Length {
    /// Returns the length as the query has it: a number with a point is a share.
    fn to_text(self) -> String {
        /// The limits of the parameter.
        const MAX_PIXELS: f64 = 16_384.0;
        const MAX_SHARE: f64 = 0.999;
        match self {
            Self::Pixels(pixels) => format!("{}", pixels.round().clamp(-MAX_PIXELS, MAX_PIXELS) + 0.0),
            Self::Share(share) => format!("{:.3}", share.clamp(-MAX_SHARE, MAX_SHARE)),
        }
    }

    fn is_zero(self) -> bool {
        matches!(self, Self::Pixels(length) | Self::Share(length) if length == 0.0)
    }
}

impl Position {
    /// The position at a side, or in the middle.
    pub(crate) fn at(anchor: Anchor) -> Self {
        Self { anchor, distance: Length::default() }
    }

    /// Returns the position of a text of thumbor and its relatives: pixels, or with `p` percents. From a negative number,
    /// the distance is from the far side.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (number, is_percent) = text.strip_suffix('p').map_or((text, false), |number| (number, true));
        let number: i32 = number.parse().ok()?;
        let length = f64::from(number.unsigned_abs());
        let anchor = if text.starts_with('-') { Anchor::End } else { Anchor::Start };
        let distance = if is_percent { Length::Share(length / 100.0) } else { Length::Pixels(length) };
        Some(Self { anchor, distance })
    }
}

impl Watermark {
    /// Adds the parameters.
    pub(crate) fn add(&self, edit: &mut Edit, option: &'static str) {
        if self.opacity <= 0.0 {
            return;
        }
        edit.set("watermark", &self.name, option);
        let (word, x, y) = match self.place {
            Place::Tiles(x, y) => ("tile", x, y),
            Place::At(x, y) => (word(x.anchor, y.anchor), x.distance, y.distance),
        };
        edit.set("watermarkPosition", word, option);
        if !x.is_zero() || !y.is_zero() {
            edit.set("watermarkOffset", format_args!("{},{}", x.to_text(), y.to_text()), option);
        }
        if let Some((w, h)) = self.scale {
            /// The limits of the parameter. The largest is no bound.
            const SHARES: (f64, f64) = (0.001, 10.0);
            let [w, h] = [w, h].map(|share| share.unwrap_or(SHARES.1).clamp(SHARES.0, SHARES.1));
            edit.set("watermarkScale", format_args!("{w:.3},{h:.3}"), option);
        }
        if self.opacity < 1.0 {
            edit.set("watermarkOpacity", format_args!("{:.3}", self.opacity * 100.0), option);
        }
    }
}

fn word(x: Anchor, y: Anchor) -> &'static str {
    match (y, x) {
        (Anchor::Start, Anchor::Start) => "north-west",
        (Anchor::Start, Anchor::Centre) => "north",
        (Anchor::Start, Anchor::End) => "north-east",
        (Anchor::Centre, Anchor::Start) => "west",
        (Anchor::Centre, Anchor::Centre) => "center",
        (Anchor::Centre, Anchor::End) => "east",
        (Anchor::End, Anchor::Start) => "south-west",
        (Anchor::End, Anchor::Centre) => "south",
        (Anchor::End, Anchor::End) => "south-east",
    }
}
