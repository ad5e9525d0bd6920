//! A decoder that does what its source says.

use bytes::Bytes;
use safelight_core::{
    Cost, Decode, Decoder, Error, Format, Frame, Geometry, Header, Image, Isolation, Kind, Limits, Model,
    Opened, Orientation, Registry, Result, Samples, Size, Stop,
};
use safelight_registry::REGISTRY;
use std::{hint, process::abort};

const SIZE: Size = Size { w: 4, h: 4 };

pub(crate) static FRAGILE: Fragile = Fragile;

/// Returns the codecs of a child, whose BMP decoder is the one of this module.
pub(crate) fn registry() -> Registry {
    let is_other = |decoder: &&&'static dyn Decoder| decoder.format() != FRAGILE.format();
    let others = REGISTRY.decoders.iter().filter(is_other).copied();
    let decoders: Vec<&dyn Decoder> = others.chain([&FRAGILE as &dyn Decoder]).collect();
    Registry { decoders: decoders.leak(), ..REGISTRY }
}

#[derive(Debug)]
pub(crate) struct Fragile;

impl Decoder for Fragile {
    fn format(&self) -> Format {
        Format::Bmp
    }

    fn open(&self, source: Bytes, _limits: &Limits) -> Result<Box<dyn Opened>> {
        let geometry = Geometry { size: SIZE, orientation: Orientation::UPRIGHT };
        let header = Header { geometry, is_animated: false, frames: 1, has_palette: false, sample_bytes: 1 };
        Ok(Box::new(Source { source, header }))
    }
}

struct Source {
    source: Bytes,
    header: Header,
}

impl Opened for Source {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, _decode: &Decode) -> Cost {
        Cost::new(16 << 20, 1)
    }

    fn isolation(&self) -> Isolation {
        Isolation::Always
    }

    fn decode(self: Box<Self>, _decode: &Decode, _stop: &Stop) -> Result<Image> {
        let size = match &*self.source {
            b"white" => SIZE,
            b"a large image" => Size::new(1000, 1000),
            b"abort" => abort(),
            b"panic" => panic!("a defect"),
            b"overflow the stack" => Size::new(overflow(1), 1),
            b"allocate" => Size::new(vec![1_u8; 1 << 30].iter().map(|it| u32::from(*it)).sum(), 1),
            b"loop" => loop {
                hint::spin_loop();
            },
            _ => return Err(Error::new(Kind::Corrupt, "test", "the image is damaged")),
        };
        let samples = Samples::U8(vec![255; size.pixels() as usize * 3]);
        let frames = vec![Frame::whole(size, Model::Rgb, samples)];
        Ok(Image { frames, delays_ms: vec![], plays: 0, profile: None })
    }
}

/// Calls itself until the stack is full, whatever the optimiser does.
fn overflow(depth: u32) -> u32 {
    let frame = hint::black_box([depth; 64]);
    if frame[0] == u32::MAX { 0 } else { hint::black_box(overflow(frame[63] + 1)) + frame[0] }
}
