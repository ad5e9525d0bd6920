//! A codec whose sources are descriptions of images, and whose encoder checks what it gets.

use super::content::{self, Content};
use bytes::Bytes;
use safelight_core::{
    ColourClass, Cost, Decode, Decoder, Encode, Encoder, Error, Format, Frame, Header, Image, Kind, Limits,
    Model, Opened, Profile, Result, Size, Stop,
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
    /// Chroma that the encoder accepts, as [`Encoder::chroma`] returns it.
    pub(crate) chroma: Option<(u8, u8)>,
}

/// The signature of the format that the fake replaces.
const SIGNATURE: &[u8] = b"GIF89a";

/// Returns the source of the small image with the content at index `content` and the profile at index `profile`.
pub(crate) fn source(content: usize, profile: usize) -> Vec<u8> {
    [SIGNATURE, &[content as u8, profile as u8]].concat()
}

fn described(bytes: &[u8]) -> Result<(Content, Option<Profile>)> {
    let Some(&[content, profile]) = bytes.strip_prefix(SIGNATURE) else {
        return Err(Error::new(Kind::Corrupt, "fake", "expected a signature and two bytes"));
    };
    let profile = PROFILES[usize::from(profile)].map(|(icc, class)| Profile::new(icc, class, to_srgb));
    Ok((content::small()[usize::from(content)], profile))
}

fn to_srgb(frames: &mut [Frame], icc: &[u8]) {
    assert!(PROFILES.iter().flatten().any(|(known, _)| *known == icc), "an unknown profile");
    CONVERTED.set(CONVERTED.get() + frames.len());
}

impl Decoder for Fake {
    fn format(&self) -> Format {
        Format::Gif
    }
    fn open(&self, source: Bytes, _limits: &Limits) -> Result<Box<dyn Opened>> {
        let (content, profile) = described(&source)?;
        let header = Header {
            geometry: content.geometry,
            is_animated: true,
            frames: 2,
            has_palette: false,
            sample_bytes: 1,
        };
        Ok(Box::new(OpenedFake { header, content, profile }))
    }
}

struct OpenedFake {
    header: Header,
    content: Content,
    profile: Option<Profile>,
}

impl Opened for OpenedFake {
    fn header(&self) -> &Header {
        &self.header
    }
    fn cost(&self, _decode: &Decode) -> Cost {
        Cost::new(1, 0)
    }
    fn decode(self: Box<Self>, decode: &Decode, _stop: &Stop) -> Result<Image> {
        CONVERTED.set(0);
        let Self { content, profile, .. } = *self;
        let frame = content.frame(content::covering(content.geometry.size, decode.needed));
        let profile = profile.filter(|_| decode.keep_profile);
        Ok(Image { frames: vec![frame.clone(), frame], delays_ms: vec![10, 20], plays: 0, profile })
    }
}

impl Encoder for Fake {
    fn format(&self) -> Format {
        Format::Gif
    }
    fn is_animated(&self) -> bool {
        true
    }
    fn carries_profile(&self) -> bool {
        true
    }
    fn chroma(&self, _options: &Encode) -> Option<(u8, u8)> {
        self.chroma
    }

    /// Writes the profile, `|`, and the class of the frames.
    fn cost(&self, _size: Size, _frames: u32, _options: &Encode) -> Cost {
        Cost::default()
    }

    fn encode(&self, image: &Image, _options: &Encode, _stop: &Stop) -> Result<Vec<u8>> {
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
