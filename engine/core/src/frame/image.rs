//! Images of one or more frames, with the colour profile of their samples.

use super::{ColourClass, Frame};
use std::{fmt, sync::Arc};

/// An image: one frame, or several of the same geometry and model.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Frames in order of display; at least one.
    pub frames: Vec<Frame>,
    /// Duration of each frame in milliseconds; empty for a still image.
    pub delays_ms: Vec<u32>,
    /// Number of times that an animation is played; 0 means forever.
    pub plays: u32,
    /// Profile of the samples of all frames; `None` for sRGB.
    pub profile: Option<Profile>,
}

impl Image {
    /// Makes frames and profile agree: if the profile does not describe the model of every frame, converts
    /// the frames to sRGB and drops the profile.
    ///
    /// The planner calls this between the last step and the encoder. Steps do not see the profile, so a
    /// step that turns RGB to grey, or grey to RGB, can neither lose it nor leave a wrong one behind.
    #[must_use]
    pub fn with_fitting_profile(mut self) -> Self {
        let Some(profile) = self.profile.take() else { return self };
        if self.frames.iter().all(|frame| frame.model.class() == profile.class) {
            self.profile = Some(profile);
        } else {
            profile.to_srgb(&mut self.frames);
        }
        self
    }
}

/// Converts frames, all of one model, from the ICC profile given to sRGB, in place.
///
/// The model may be of another class than the profile: grey made from RGB samples follows the profile's
/// neutral axis. Frames that the profile cannot convert are unchanged.
pub type ToSrgb = fn(&mut [Frame], &[u8]);

/// An ICC profile, with the conversion that the decoder which read it has for it. Clones are cheap.
#[derive(Clone)]
pub struct Profile {
    icc: Arc<[u8]>,
    class: ColourClass,
    to_srgb: ToSrgb,
}

impl Profile {
    /// Returns the profile `icc`, which describes colours of `class`.
    pub fn new(icc: impl Into<Arc<[u8]>>, class: ColourClass, to_srgb: ToSrgb) -> Self {
        Self { icc: icc.into(), class, to_srgb }
    }

    /// Converts frames, all of one model, to sRGB in place, for encoders of formats without profiles.
    pub fn to_srgb(&self, frames: &mut [Frame]) {
        (self.to_srgb)(frames, &self.icc);
    }

    /// Returns the kind of colours that the profile describes.
    pub fn class(&self) -> ColourClass {
        self.class
    }
}

/// The bytes of the ICC profile.
impl std::ops::Deref for Profile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.icc
    }
}

impl PartialEq for Profile {
    fn eq(&self, other: &Self) -> bool {
        self.icc == other.icc && self.class == other.class
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Profile({:?}, {} bytes)", self.class, self.icc.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, Samples, Size};

    /// Marks converted frames with the length of the profile.
    fn mark(frames: &mut [Frame], icc: &[u8]) {
        for frame in frames {
            frame.planes[0].samples = Samples::U8(vec![icc.len() as u8; frame.model.channels().into()]);
        }
    }

    fn image(models: &[Model], class: ColourClass) -> Image {
        let frame = |&model: &Model| {
            let samples = Samples::U8(vec![0; model.channels().into()]);
            Frame::whole(Size::new(1, 1), model, samples)
        };
        let profile = Some(Profile::new(*b"icc", class, mark));
        Image { frames: models.iter().map(frame).collect(), delays_ms: vec![], plays: 0, profile }
    }

    #[test]
    fn a_profile_that_fits_stays_and_any_other_is_converted() {
        let check = |models: &[Model], class, fits: bool| {
            let before = image(models, class);
            let after = before.clone().with_fitting_profile();
            if fits {
                assert_eq!(after, before, "{models:?}");
                return;
            }
            assert_eq!(after.profile, None, "{models:?}");
            for frame in &after.frames {
                let converted = Samples::U8(vec![3; frame.model.channels().into()]);
                assert_eq!(frame.planes[0].samples, converted, "{models:?}");
            }
        };
        check(&[Model::Rgb], ColourClass::Rgb, true);
        check(&[Model::Rgba, Model::Rgba], ColourClass::Rgb, true);
        check(&[Model::Ycc { chroma: (2, 2) }], ColourClass::Rgb, true);
        check(&[Model::GreyAlpha], ColourClass::Grey, true);
        check(&[Model::Grey], ColourClass::Rgb, false);
        check(&[Model::Rgb], ColourClass::Grey, false);
        check(&[Model::Rgb, Model::Grey], ColourClass::Rgb, false);
    }
}
