//! Images and image sequences of HEIF and AVIF files, as trees of coded images, for decoders
//! (ISO/IEC 23008-12 sections 6 and 7).
//!
//! ```text
//! Image     = Picture transform* [alpha Picture]
//! Picture   = Coded | Grid (Coded+) | Overlay (Image*)
//! Sequence  = Track [alpha Track]
//! ```
//!
//! Trees are bounded: identities follow one another at most eight times, overlays are not nested, and each coded
//! image exists once, however many tiles it is.

mod property;
mod reader;
mod sequence;

use super::{
    boxes::{BoxHead, FourCc, IndexError},
    meta,
};
use crate::ContainerError;
use bytes::Bytes;
use safelight_core::{Limits, Size};
use safelight_formats::Format;
use std::sync::Arc;

/// The content of a file.
#[derive(Clone, Debug)]
pub enum Content {
    /// An item.
    Image {
        /// The primary item, or a page.
        image: Box<Image>,
        /// The number of pages of the file.
        pages: u32,
    },
    /// The first image track.
    Sequence(Box<Sequence>),
    /// No image, since the file has only so many pages.
    NoPage(u32),
}

/// An image that is shown.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its pixels.
    pub picture: Picture,
    /// Crops, rotations and mirrors, in the order in which they are applied.
    pub transforms: Vec<Transform>,
    /// The meaning of the samples.
    pub colours: Colours,
    /// Its alpha plane, before the transforms.
    pub alpha: Option<Alpha>,
}

/// An alpha plane.
#[derive(Clone, Debug)]
pub struct Alpha {
    /// Its pixels, of which luma is the alpha.
    pub picture: Picture,
    /// Whether the colours of the image were multiplied with it.
    pub is_premultiplied: bool,
}

/// Pixels, before transforms.
#[derive(Clone, Debug)]
pub enum Picture {
    /// One coded image.
    Coded(Arc<Coded>),
    /// Tiles of equal size.
    Grid(Grid),
    /// Images on a canvas.
    Overlay(Overlay),
}

/// A coded image, or the configuration of a track.
#[derive(Clone, Debug)]
pub struct Coded {
    /// The coding: `av01`, `hvc1` and others.
    pub kind: FourCc,
    /// The size that the file states. That of the coded samples may differ.
    pub size: Size,
    /// The contents of the configuration box, `av1C` or `hvcC`; empty if there is none.
    pub config: Bytes,
    /// The parts of the coded samples; together they are not longer than the file.
    pub data: Vec<Bytes>,
    /// The meaning of the samples.
    pub colours: Colours,
    /// The operating point to decode (`a1op`).
    pub operating_point: u8,
    /// The layer to show (`lsel`); `None` for the highest.
    pub layer: Option<u8>,
}

/// Tiles in the order of rows, which together are at least as large as the image.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Tiles in a row.
    pub columns: u32,
    /// Rows of tiles.
    pub rows: u32,
    /// The size of the image.
    pub size: Size,
    /// `columns * rows` tiles.
    pub tiles: Vec<Arc<Coded>>,
}

/// Images drawn one over the other.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// The size of the canvas.
    pub size: Size,
    /// The colour of the canvas: red, green, blue, alpha, each of 16 bits.
    pub background: [u16; 4],
    /// From the lowest to the highest.
    pub layers: Vec<Layer>,
}

/// An image of an overlay.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The column of its left edge on the canvas.
    pub x: i32,
    /// The row of its upper edge on the canvas.
    pub y: i32,
    /// The image, which is no overlay.
    pub image: Image,
}

/// A change of the geometry (ISO/IEC 23008-12 section 6.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    /// The part that is shown.
    Crop(Aperture),
    /// Quarter turns, anticlockwise.
    Rotate(u8),
    /// An exchange of left and right if set, else of top and bottom.
    Mirror(bool),
}

/// A clean aperture (ISO/IEC 14496-12 section 12.1.4), in fractions of numerator and denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aperture {
    /// Width.
    pub width: (u32, u32),
    /// Height.
    pub height: (u32, u32),
    /// The distance of its centre from that of the image, to the right.
    pub across: (i32, u32),
    /// The same downwards.
    pub down: (i32, u32),
}

/// The stated meaning of samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Colours {
    /// Code points.
    pub nclx: Option<Nclx>,
    /// An ICC profile.
    pub icc: Option<Bytes>,
    /// The brightest light of the content, in cd/m² (`clli`, `MaxCLL`).
    pub content_peak: Option<u32>,
    /// The brightest light of the display on which it was made, in cd/m² (`mdcv`).
    pub display_peak: Option<u32>,
}

/// Code points of ITU-T H.273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nclx {
    /// Colour primaries.
    pub primaries: u8,
    /// Transfer characteristics.
    pub transfer: u8,
    /// Matrix coefficients.
    pub matrix: u8,
    /// Whether samples use the full range of their bits.
    pub is_full_range: bool,
}

/// Images that are shown one after the other.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The images.
    pub colour: Track,
    /// Their alpha planes.
    pub alpha: Option<Track>,
    /// Whether the colours were multiplied with alpha.
    pub is_premultiplied: bool,
    /// Number of times that it is played; 0 means forever.
    pub plays: u32,
}

/// A track of images.
#[derive(Clone, Debug)]
pub struct Track {
    /// The coding of all samples; its data are empty.
    pub coded: Coded,
    /// In order of decoding.
    pub samples: Vec<Sample>,
    /// Number of the first sample that can be decoded alone.
    pub first_sync: usize,
}

/// A coded image of a track.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its bytes.
    pub data: Bytes,
    /// The time for which it is shown.
    pub delay_ms: u32,
}

impl Picture {
    /// Returns the size that the file states.
    pub fn size(&self) -> Size {
        match self {
            Self::Coded(coded) => coded.size,
            Self::Grid(grid) => grid.size,
            Self::Overlay(overlay) => overlay.size,
        }
    }
}

/// The top-level boxes that describe images.
#[derive(Debug, Default)]
struct Boxes {
    major_brand: Option<FourCc>,
    meta: Option<(u64, Bytes)>,
    movie: Option<(u64, Bytes)>,
}

/// Reads the index of a whole file, and of its items the image `page`, counted from 0, or the primary item.
///
/// Pages are the items that are images of their own, by their numbers: not hidden, and neither thumbnails nor
/// auxiliaries, such as alpha planes and gain maps, nor what another image is derived from. The primary item always is
/// a page.
///
/// A sequence is read, whatever the page, if the major brand says that the file is one of AVIF, or if there is no
/// primary item.
///
/// # Errors
/// [`ContainerError::Damaged`], [`ContainerError::Truncated`], [`ContainerError::Unsupported`], or
/// [`ContainerError::TooLarge`] for an index beyond `limits`.
pub fn read(
    source: &Bytes,
    format: Format,
    page: Option<u32>,
    limits: &Limits,
) -> Result<Content, ContainerError> {
    let boxes = find(source, format, limits)?;
    let read_sequence = |(start, movie): &(u64, Bytes)| {
        let sequence = sequence::read(source, movie).map_err(|error| error.into_error(format, *start))?;
        Ok(sequence.map(|sequence| Content::Sequence(Box::new(sequence))))
    };
    let read_image = |(start, index): &(u64, Bytes)| {
        let read = || -> Result<_, IndexError> {
            let read = || reader::read(source, index, *start, page);
            meta::has_primary(index)?.then(read).transpose()
        };
        read().map_err(|error| error.into_error(format, *start))
    };
    let image = boxes.meta.as_ref();
    let sequence = boxes.movie.as_ref();
    let is_sequence = boxes.major_brand.as_ref() == Some(b"avis");
    let content = if is_sequence { sequence.map_or(Ok(None), read_sequence)? } else { None };
    let content = match content {
        None => image.map_or(Ok(None), read_image)?,
        content => content,
    };
    let content = match content {
        None if !is_sequence => sequence.map_or(Ok(None), read_sequence)?,
        content => content,
    };
    content.ok_or(ContainerError::Damaged(format, 0, "no image"))
}

/// Finds the boxes of the index.
fn find(source: &Bytes, format: Format, limits: &Limits) -> Result<Boxes, ContainerError> {
    /// The most top-level boxes that are read.
    const MAX_BOXES: usize = 4096;
    let mut boxes = Boxes::default();
    let mut at = 0;
    for _ in 0..MAX_BOXES {
        let rest = &source[at..];
        // Bytes after the last box need not be a box.
        let Ok(Some(head)) = BoxHead::read(rest) else { break };
        let size = head.size.and_then(|size| usize::try_from(size).ok());
        let is_index = matches!(&head.kind, b"meta" | b"moov");
        let size = match (head.size, size) {
            (None, _) => rest.len(),
            (Some(_), Some(size)) if size <= rest.len() => size,
            _ if is_index => {
                return Err(ContainerError::Truncated(format, source.len() as u64, "the index"));
            }
            _ => break,
        };
        let body = || source.slice(at..at + size);
        match &head.kind {
            b"ftyp" if at == 0 => {
                boxes.major_brand = rest.get(head.bytes..).and_then(|it| it.first_chunk().copied());
            }
            b"mini" => return Err(ContainerError::Unsupported(format, "a minimized index")),
            _ if is_index && limits.max_metadata_bytes < size as u64 => {
                return Err(ContainerError::TooLarge(format, "the index", limits.max_metadata_bytes));
            }
            b"meta" if boxes.meta.is_none() => boxes.meta = Some((at as u64, body())),
            b"moov" if boxes.movie.is_none() => boxes.movie = Some((at as u64, body())),
            _ => (),
        }
        at += size;
    }
    Ok(boxes)
}
