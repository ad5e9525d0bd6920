//! The AVIF sample: encoded by rav1e; the boxes are written here, because no crate writes XMP items or
//! rotation.

use super::boxes::{boxed, full};
use super::metadata::exif::Exif;
use super::metadata::{icc, xmp};
use super::{GenerateError, Picture, Result};
use ravif::{BitDepth, Encoder, Img, RGB8};

/// Returns an AVIF that is stored rotated by a quarter turn. `irot` rotates it back, and EXIF has the same
/// orientation; a reader must apply only one of the two.
pub(super) fn photo(scene: &Picture) -> Result<Vec<u8>> {
    let picture = scene.shrunk(480, 320).with_up().stored(6).to_display_p3();
    let coded = Coded::from_picture(&picture)?;
    let exif = Exif { display_p3: true, ..Exif::new(&picture, 6) };
    // The TIFF header follows the offset immediately (ISO/IEC 23008-12, A.2.1).
    let exif = [0u32.to_be_bytes().to_vec(), exif.to_bytes()?].concat();
    let items = [coded.samples.clone(), exif, xmp::packet("").into_bytes()];

    let kinds = boxed(*b"ftyp", b"avif\0\0\0\0avifmif1miafMA1A");
    // Offsets count from the start of the file, so the index is built twice.
    let draft = index(&picture, &coded, &items, 0);
    let index = index(&picture, &coded, &items, kinds.len() + draft.len() + 8);
    Ok([kinds, index, boxed(*b"mdat", &items.concat())].concat())
}

/// An AV1 image and the configuration for its decoder.
struct Coded {
    samples: Vec<u8>,
    configuration: Vec<u8>,
}

impl Coded {
    fn from_picture(picture: &Picture) -> Result<Self> {
        let pixels: Vec<RGB8> =
            picture.rgb.chunks_exact(3).map(|rgb| RGB8::new(rgb[0], rgb[1], rgb[2])).collect();
        let encoder = Encoder::new()
            .with_quality(60.0)
            .with_speed(8)
            .with_bit_depth(BitDepth::Eight)
            .with_num_threads(Some(1));
        let file = encoder.encode_rgb(Img::new(&pixels, picture.w, picture.h))?.avif_file;
        let part = |path: &[&[u8; 4]]| {
            let lost = || GenerateError::Avif(format!("the encoder wrote no {path:?}"));
            descend(&file, path).map(<[u8]>::to_vec).ok_or_else(lost)
        };
        Ok(Self { samples: part(&[b"mdat"])?, configuration: part(&[b"meta", b"iprp", b"ipco", b"av1C"])? })
    }
}

/// Returns the content of the box at `path`, if `boxes` contains it.
fn descend<'a>(mut boxes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    let (first, rest) = path.split_first()?;
    while let Some((head, tail)) = boxes.split_first_chunk::<8>() {
        let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let content = tail.get(..size.checked_sub(8)?)?;
        if head[4..] == **first {
            // `meta` is a full box: version and flags come before its boxes.
            let inner = if head.ends_with(b"meta") { content.get(4..)? } else { content };
            return if rest.is_empty() { Some(content) } else { descend(inner, rest) };
        }
        boxes = &tail[content.len()..];
    }
    None
}

/// Returns the `meta` box of three items (image, EXIF, XMP) that are stored one after the other from
/// `offset`.
fn index(picture: &Picture, coded: &Coded, items: &[Vec<u8>; 3], mut offset: usize) -> Vec<u8> {
    let mut places = vec![0x44, 0x00, 0x00, 0x03];
    for (id, item) in (1u16..).zip(items) {
        // Identifier, data reference, one extent.
        places.extend([id, 0, 1].map(u16::to_be_bytes).concat());
        places.extend([offset as u32, item.len() as u32].map(u32::to_be_bytes).concat());
        offset += item.len();
    }

    let entry = |id: u16, kind: &[u8; 4], more: &[u8]| {
        full(*b"infe", 2, &[&id.to_be_bytes(), &[0, 0], kind.as_slice(), more].concat())
    };
    let entries =
        [entry(1, b"av01", b"\0"), entry(2, b"Exif", b"\0"), entry(3, b"mime", b"\0application/rdf+xml\0")];
    let describes = |id: u16| boxed(*b"cdsc", &[id, 1, 1].map(u16::to_be_bytes).concat());

    full(
        *b"meta",
        0,
        &[
            full(*b"hdlr", 0, &[&[0; 4], b"pict".as_slice(), &[0; 13]].concat()),
            full(*b"pitm", 0, &[0, 1]),
            full(*b"iloc", 0, &places),
            full(*b"iinf", 0, &[vec![0, 3], entries.concat()].concat()),
            full(*b"iref", 0, &[describes(2), describes(3)].concat()),
            boxed(*b"iprp", &properties(picture, coded)),
        ]
        .concat(),
    )
}

/// Returns the properties of the image: size, depth, coding, colours, rotation.
fn properties(picture: &Picture, coded: &Coded) -> Vec<u8> {
    let size = [picture.w as u32, picture.h as u32].map(u32::to_be_bytes).concat();
    let profile = [b"prof".to_vec(), icc::display_p3()].concat();
    let all = [
        full(*b"ispe", 0, &size),
        full(*b"pixi", 0, &[3, 8, 8, 8]),
        boxed(*b"av1C", &coded.configuration),
        boxed(*b"colr", &profile),
        // Full range, the matrix of BT.601, primaries of P3, the curve of sRGB (ITU-T H.273).
        boxed(*b"colr", &[b"nclx".as_slice(), &[0, 12, 0, 13, 0, 6, 0x80]].concat()),
        // Counter-clockwise quarter turns: three, the inverse of orientation 6.
        boxed(*b"irot", &[3]),
    ];
    // One item has six properties; coding and rotation are essential.
    let of_picture = [0, 0, 0, 1, 0, 1, 6, 1, 2, 0x83, 4, 5, 0x86];
    [boxed(*b"ipco", &all.concat()), full(*b"ipma", 0, &of_picture)].concat()
}
