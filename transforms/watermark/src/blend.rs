//! Drawing with blend modes: W3C Compositing and Blending Level 1, sections 5 and 10.1.

use crate::layout::Places;
use safelight_core::{Frame, Plane, Result, Samples, Stop};

/// A function of the colour below and the colour above, each from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Blend {
    #[default]
    Normal,
    Multiply,
    Screen,
    Overlay,
    Darken,
    Lighten,
    HardLight,
    SoftLight,
    Difference,
    Exclusion,
}

impl Blend {
    /// The names, in the order of the modes.
    pub(crate) const WORDS: &[&str] = &[
        "normal",
        "multiply",
        "screen",
        "overlay",
        "darken",
        "lighten",
        "hard-light",
        "soft-light",
        "difference",
        "exclusion",
    ];

    const ALL: [Self; 10] = [
        Self::Normal,
        Self::Multiply,
        Self::Screen,
        Self::Overlay,
        Self::Darken,
        Self::Lighten,
        Self::HardLight,
        Self::SoftLight,
        Self::Difference,
        Self::Exclusion,
    ];

    pub(crate) fn parse(word: &str) -> Option<Self> {
        let at = Self::WORDS.iter().position(|known| *known == word)?;
        Self::ALL.get(at).copied()
    }

    fn mixed(self, below: f32, above: f32) -> f32 {
        let hard_light = |below: f32, above: f32| {
            if above <= 0.5 { 2.0 * below * above } else { 1.0 - 2.0 * (1.0 - below) * (1.0 - above) }
        };
        match self {
            Self::Normal => above,
            Self::Multiply => below * above,
            Self::Screen => below + above - below * above,
            Self::Overlay => hard_light(above, below),
            Self::Darken => below.min(above),
            Self::Lighten => below.max(above),
            Self::HardLight => hard_light(below, above),
            Self::SoftLight if above <= 0.5 => below - (1.0 - 2.0 * above) * below * (1.0 - below),
            Self::SoftLight => {
                let limit =
                    if below <= 0.25 { ((16.0 * below - 12.0) * below + 4.0) * below } else { below.sqrt() };
                below + (2.0 * above - 1.0) * (limit - below)
            }
            Self::Difference => (below - above).abs(),
            Self::Exclusion => below + above - 2.0 * below * above,
        }
    }
}

/// An image with alpha that is drawn on others.
#[derive(Debug)]
pub(crate) struct Overlay {
    plane: Plane,
    /// From 0 to 1.
    opacity: f32,
    blend: Blend,
    places: Places,
}

impl Overlay {
    /// An overlay from a frame of one plane with alpha.
    pub(crate) fn new(frame: Frame, opacity: f32, blend: Blend, places: Places) -> Self {
        let plane = frame.planes.into_iter().next().unwrap_or_else(|| Plane {
            size: frame.geometry.size,
            channels: 2,
            samples: Samples::U8(Vec::new()),
            step: (1.0, 1.0),
        });
        Self { plane, opacity, blend, places }
    }

    pub(crate) fn is_grey(&self) -> bool {
        self.plane.channels < 3
    }

    /// Draws on a plane at each of the places, until `stop` is set.
    pub(crate) fn draw(&self, plane: &mut Plane, has_alpha: bool, stop: &Stop) -> Result<()> {
        let channels = usize::from(plane.channels);
        let width = (plane.size.w as usize * channels).max(1);
        match (&mut plane.samples, &self.plane.samples) {
            (Samples::U8(below), Samples::U8(above)) => {
                self.draw_rows(below, width, above, channels, has_alpha, stop)
            }
            (Samples::U8(below), Samples::U16(above)) => {
                self.draw_rows(below, width, above, channels, has_alpha, stop)
            }
            (Samples::U16(below), Samples::U8(above)) => {
                self.draw_rows(below, width, above, channels, has_alpha, stop)
            }
            (Samples::U16(below), Samples::U16(above)) => {
                self.draw_rows(below, width, above, channels, has_alpha, stop)
            }
        }
    }

    fn draw_rows<B: Level, A: Level>(
        &self,
        below: &mut [B],
        width: usize,
        above: &[A],
        channels: usize,
        has_alpha: bool,
        stop: &Stop,
    ) -> Result<()> {
        let own_channels = usize::from(self.plane.channels);
        let own_width = (self.plane.size.w as usize * own_channels).max(1);
        let above: Vec<&[A]> = above.chunks_exact(own_width).collect();
        let (left, top) = (self.places.first.0 as usize, self.places.first.1 as usize);
        let (across, down) =
            self.places.step.map_or((usize::MAX, usize::MAX), |(x, y)| (x as usize, y as usize));
        for (y, row) in below.chunks_exact_mut(width).skip(top).enumerate() {
            let Some(above) = above.get(y % down) else { continue };
            stop.check()?;
            let mut rest = row.get_mut(left * channels..).unwrap_or_default();
            while !rest.is_empty() {
                let pixels = rest.chunks_exact_mut(channels).zip(above.chunks_exact(own_channels));
                pixels.for_each(|(below, above)| self.draw_pixel(below, above, has_alpha));
                let next = across.saturating_mul(channels).min(rest.len());
                rest = rest.split_at_mut(next).1;
            }
        }
        Ok(())
    }

    #[inline]
    fn draw_pixel<B: Level, A: Level>(&self, below: &mut [B], above: &[A], has_alpha: bool) {
        let Some((alpha, colours)) = above.split_last() else { return };
        let alpha = alpha.unit() * self.opacity;
        if alpha == 0.0 {
            return;
        }
        let (below, alpha_below) = if has_alpha {
            let Some((alpha, below)) = below.split_last_mut() else { return };
            (below, Some(alpha))
        } else {
            (below, None)
        };
        let backdrop = alpha_below.as_ref().map_or(1.0, |alpha| alpha.unit());
        let union = alpha + backdrop * (1.0 - alpha);
        // Grey is repeated for red, green and blue.
        for (below, above) in below.iter_mut().zip(colours.iter().cycle()) {
            let (colour, above) = (below.unit(), above.unit());
            let mixed = above + backdrop * (self.blend.mixed(colour, above) - above);
            *below = B::of_unit((alpha * mixed + (1.0 - alpha) * backdrop * colour) / union);
        }
        if let Some(alpha_below) = alpha_below {
            *alpha_below = B::of_unit(union);
        }
    }
}

/// A sample as a number from 0 to 1.
trait Level: Copy {
    fn unit(self) -> f32;
    fn of_unit(value: f32) -> Self;
}

impl Level for u8 {
    fn unit(self) -> f32 {
        f32::from(self) * (1.0 / 255.0)
    }

    fn of_unit(value: f32) -> Self {
        (value * 255.0 + 0.5) as Self
    }
}

impl Level for u16 {
    fn unit(self) -> f32 {
        f32::from(self) * (1.0 / 65_535.0)
    }

    fn of_unit(value: f32) -> Self {
        (value * 65_535.0 + 0.5) as Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_a_mode_and_every_mode_stays_in_range() {
        assert_eq!(Blend::WORDS.len(), Blend::ALL.len());
        for (word, mode) in Blend::WORDS.iter().zip(Blend::ALL) {
            assert_eq!(Blend::parse(word), Some(mode));
            for below in 0..=20 {
                for above in 0..=20 {
                    let mixed = mode.mixed(below as f32 / 20.0, above as f32 / 20.0);
                    assert!((-1e-6..=1.0 + 1e-6).contains(&mixed), "{word} of {below} and {above}: {mixed}");
                }
            }
        }
    }

    #[test]
    fn modes_have_the_values_of_css() {
        let check = |word: &str, below: f32, above: f32, expected: f32| {
            let found = Blend::parse(word).unwrap().mixed(below, above);
            assert!((found - expected).abs() < 1e-6, "{word}: {found}");
        };
        check("multiply", 0.5, 0.5, 0.25);
        check("screen", 0.5, 0.5, 0.75);
        check("overlay", 0.25, 0.5, 0.25);
        check("hard-light", 0.5, 0.75, 0.75);
        check("soft-light", 0.5, 0.5, 0.5);
        check("soft-light", 0.64, 1.0, 0.8);
        check("difference", 0.2, 0.7, 0.5);
        check("exclusion", 0.5, 1.0, 0.5);
    }

    #[test]
    fn alpha_is_that_of_both() {
        let mut plane = Plane {
            size: safelight_core::Size::new(1, 1),
            channels: 4,
            samples: Samples::U16(vec![0, 0, 65_535, 32_768]),
            step: (1.0, 1.0),
        };
        let above = Plane { channels: 2, samples: Samples::U8(vec![255, 128]), ..plane.clone() };
        let places = Places { first: (0, 0), step: None };
        let overlay = Overlay { plane: above, opacity: 1.0, blend: Blend::Normal, places };
        overlay.draw(&mut plane, true, &Stop::default()).unwrap();
        let Samples::U16(found) = plane.samples else { panic!("16 bits stay") };
        // 0.502 over 0.5: 0.751, two thirds of which are white.
        assert!(
            found[3].abs_diff(49_216) < 8 && found[0].abs_diff(43_803) < 40 && found[2] == 65_535,
            "{found:?}"
        );
    }
}
