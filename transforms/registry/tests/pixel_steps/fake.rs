//! A codec whose sources are descriptions of images, and whose encoder checks what it gets.

use super::content::{self, Content};
use safelight_core::{
    Codec, ColourClass, Decode, Encode, Error, Frame, Header, Image, Kind, Limits, Model, Profile, Result,
};
use std::cell::Cell;

/// ICC profiles that the fake sources have; only the encoder's check looks at the bytes.
pub(crate) const PROFILES: [Option<(&[u8], ColourClass)>; 3] =
    [None, Some((b"grey profile", ColourClass::Grey)), Some((b"RGB profile", ColourClass::Rgb))];

thread_local! {
    /// Number of frames that were converted from their profile to sRGB.
    static CONVERTED: Cell<usize> = const { Cell::new(0) };
}

/// Decodes a source whose bytes are indices: content, profile.
#[derive(Debug)]
pub(crate) struct Fake {
    /// Chroma that the encoder accepts, as [`Codec::chroma`] returns it.
    pub(crate) chroma: Option<(u8, u8)>,
}

/// Returns the source of the small image with the content at index `content` and the profile at index `profile`.
pub(crate) fn source(content: usize, profile: usize) -> Vec<u8> {
    vec![content as u8, profile as u8]
}

fn described(bytes: &[u8]) -> Result<(Content, Option<Profile>)> {
    let &[content, profile] = bytes else {
        return Err(Error::new(Kind::Corrupt, "fake", "expected two bytes"));
    };
    let profile = PROFILES[usize::from(profile)].map(|(icc, class)| Profile::new(icc, class, to_srgb));
    Ok((content::small()[usize::from(content)], profile))
}

fn to_srgb(frames: &mut [Frame], icc: &[u8]) {
    assert!(PROFILES.iter().flatten().any(|(known, _)| *known == icc), "an unknown profile");
    CONVERTED.set(CONVERTED.get() + frames.len());
}

impl Codec for Fake {
    fn mime(&self) -> &'static str {
        "image/x-fake"
    }
    fn sniff(&self, _head: &[u8]) -> bool {
        true
    }
    fn carries_profile(&self) -> bool {
        true
    }
    fn chroma(&self, _options: &Encode) -> Option<(u8, u8)> {
        self.chroma
    }
    fn header(&self, bytes: &[u8], _limits: &Limits) -> Result<Header> {
        let geometry = described(bytes)?.0.geometry;
        Ok(Header { geometry, is_animated: true, frames: 2, has_palette: false, pixel_bytes: 1 })
    }
    fn is_animated(&self) -> bool {
        true
    }
    fn decode_bytes(&self, _head: &[u8], _header: &Header, _decode: &Decode, _limits: &Limits) -> u64 {
        1
    }
    fn decode(&self, bytes: &[u8], decode: &Decode, _limits: &Limits) -> Result<Image> {
        CONVERTED.set(0);
        let (content, profile) = described(bytes)?;
        let frame = content.frame(content::covering(content.geometry.size, decode.needed));
        let profile = profile.filter(|_| decode.keep_profile);
        Ok(Image { frames: vec![frame.clone(), frame], delays_ms: vec![10, 20], plays: 0, profile })
    }

    /// Writes the profile, `|`, and the class of the frames.
    fn encode(&self, image: &Image, _options: &Encode) -> Result<Vec<u8>> {
        check_image(image).map_err(|message| Error::new(Kind::Internal, "fake", message))?;
        let converted = CONVERTED.get();
        let class = image.frames[0].model.class();
        let profile = image.profile.as_deref().unwrap_or(b"none");
        let is_chroma = matches!(image.frames[0].model, Model::Ycc { .. });
        if is_chroma && self.chroma.is_none() {
            return Err(Error::new(Kind::Internal, "fake", "chroma for an encoder that does not accept it"));
        }
        Ok([profile, format!("|{class:?}|{converted}").as_bytes()].concat())
    }
}

/// Checks what an encoder relies on: a profile that describes the model, frames of one geometry and model, and
/// whole planes.
pub(crate) fn check_image(image: &Image) -> Result<(), String> {
    let first = image.frames.first().ok_or("no frame")?;
    for frame in &image.frames {
        if (frame.geometry, frame.model) != (first.geometry, first.model) {
            return Err(format!("frames of {:?} and {:?}", frame.model, first.model));
        }
        if let Some(profile) = image.profile.as_ref().filter(|it| it.class() != frame.model.class()) {
            return Err(format!("{:?} with a profile for {:?}", frame.model, profile.class()));
        }
        content::check_planes(frame)?;
        if !frame.is_full_size() {
            return Err("planes that are not at full size".to_owned());
        }
    }
    Ok(())
}
