//! Builds small HEIF and AVIF files from coded images.

use heifer_hevc_enc::encoder::{EncoderConfig, Planes16, encode_picture16};
use safelight_codecs::Avif;
use safelight_core::{Encode, Encoder, Frame, Image, Size, Stop};

pub(crate) fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

pub(crate) fn full(kind: &[u8; 4], version: u8, flags: u32, body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&(u32::from(version) << 24 | flags).to_be_bytes()[..], body].concat())
}

/// An item, its data and its properties.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) kind: [u8; 4],
    pub(crate) data: Vec<u8>,
    pub(crate) properties: Vec<Vec<u8>>,
    pub(crate) size: Size,
    pub(crate) is_hidden: bool,
}

impl Item {
    /// An item without properties but its size.
    pub(crate) fn new(kind: &[u8; 4], data: Vec<u8>, size: Size) -> Self {
        let sides = [size.w, size.h].map(u32::to_be_bytes).concat();
        Self { kind: *kind, data, properties: vec![full(b"ispe", 0, 0, &sides)], size, is_hidden: false }
    }

    /// An image coded as AV1 by our own encoder.
    pub(crate) fn av1(frame: &Frame) -> Self {
        let image = Image { frames: vec![frame.clone()], delays_ms: vec![], plays: 0, profile: None };
        let options = Encode { quality: Some(95), ..Encode::default() };
        let file = Avif.encode(&image, &options, &Stop::default()).unwrap();
        let find = |kind: &[u8]| file.windows(4).position(|window| window == kind).unwrap();
        let config = find(b"av1C") - 4;
        let bytes = u32::from_be_bytes(file[config..config + 4].try_into().unwrap()) as usize;
        let data = file[find(b"mdat") + 4..].to_vec();
        Self::new(b"av01", data, frame.geometry.size).with(file[config..config + bytes].to_vec())
    }

    /// An image coded as HEVC, of `bits` bits, luma and chroma of which `pixel` returns for columns and rows; grey if
    /// `is_grey`.
    pub(crate) fn hevc(size: Size, bits: u8, is_grey: bool, pixel: impl Fn(u32, u32) -> [u16; 3]) -> Self {
        let plane = |size: Size, step: u32, channel: usize| -> Vec<u16> {
            let rows = (0..size.h).flat_map(|y| (0..size.w).map(move |x| (x, y)));
            rows.map(|(x, y)| pixel(x * step, y * step)[channel]).collect()
        };
        let half = Size::new(size.w.div_ceil(2), size.h.div_ceil(2));
        let [y, cb, cr] = [plane(size, 1, 0), plane(half, 2, 1), plane(half, 2, 2)];
        let planes = Planes16 { y: &y, chroma: (!is_grey).then_some((&cb, &cr)), bit_depth: bits };
        let config = EncoderConfig { qp: 2, ..EncoderConfig::default() };
        let coded = encode_picture16(size.w, size.h, planes, &config).unwrap();
        // ISO/IEC 14496-15, section 8.3.2: only the length of lengths and the arrays matter.
        let mut hvcc = [&[1][..], &[0; 20], &[0xFF, coded.parameter_sets.len() as u8]].concat();
        for unit in &coded.parameter_sets {
            hvcc.extend([&[unit[0] >> 1 & 63, 0, 1][..], &(unit.len() as u16).to_be_bytes(), unit].concat());
        }
        let unit = |unit: &Vec<u8>| [&(unit.len() as u32).to_be_bytes()[..], unit].concat();
        let data = coded.slices.iter().flat_map(unit).collect();
        Self::new(b"hvc1", data, size).with(boxed(b"hvcC", &hvcc))
    }

    /// A grid of `columns` × `rows` tiles.
    pub(crate) fn grid(columns: u8, rows: u8, size: Size) -> Self {
        let sides = [size.w as u16, size.h as u16].map(u16::to_be_bytes).concat();
        Self::new(b"grid", [&[0, 0, rows - 1, columns - 1][..], &sides].concat(), size)
    }

    /// An overlay of images at these places on a canvas of one colour.
    pub(crate) fn overlay(size: Size, background: [u16; 4], places: &[(i16, i16)]) -> Self {
        let sides = [size.w as u16, size.h as u16];
        let numbers = background.into_iter().chain(sides).map(u16::to_be_bytes);
        let places = places.iter().flat_map(|(x, y)| [x.to_be_bytes(), y.to_be_bytes()]);
        Self::new(b"iovl", [vec![0, 0], numbers.chain(places).flatten().collect()].concat(), size)
    }

    pub(crate) fn with(mut self, property: Vec<u8>) -> Self {
        self.properties.push(property);
        self
    }

    pub(crate) fn rotated(self, quarters: u8) -> Self {
        self.with(boxed(b"irot", &[quarters]))
    }

    pub(crate) fn mirrored(self, exchanges_sides: bool) -> Self {
        self.with(boxed(b"imir", &[exchanges_sides.into()]))
    }

    /// Shows `size` pixels around a centre that is so many halves of pixels from that of the image.
    pub(crate) fn cropped(self, size: Size, across: i32, down: i32) -> Self {
        let numbers = [size.w, 1, size.h, 1, across.cast_unsigned(), 2, down.cast_unsigned(), 2];
        self.with(boxed(b"clap", &numbers.map(u32::to_be_bytes).concat()))
    }

    /// States code points.
    pub(crate) fn coded_as(self, [primaries, transfer, matrix]: [u16; 3], is_full_range: bool) -> Self {
        let numbers = [primaries, transfer, matrix].map(u16::to_be_bytes).concat();
        self.with(boxed(b"colr", &[&b"nclx"[..], &numbers, &[u8::from(is_full_range) << 7]].concat()))
    }

    pub(crate) fn hidden(self) -> Self {
        Self { is_hidden: true, ..self }
    }

    /// Makes it an alpha plane.
    pub(crate) fn into_alpha(self) -> Self {
        self.with(full(b"auxC", 0, 0, b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"))
    }
}

/// A file of items, which are numbered from 1, and of which one, the first unless stated, is shown.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) brand: [u8; 4],
    pub(crate) primary: u16,
    pub(crate) items: Vec<Item>,
    /// Type, origin, targets.
    pub(crate) references: Vec<([u8; 4], u16, Vec<u16>)>,
}

impl File {
    /// A file that shows `item`.
    pub(crate) fn new(brand: &[u8; 4], item: Item) -> Self {
        Self { brand: *brand, primary: 1, items: vec![item], references: Vec::new() }
    }

    /// Adds items, to which the first refers as `dimg`.
    pub(crate) fn of(mut self, items: impl IntoIterator<Item = Item>) -> Self {
        let first = self.items.len() as u16 + 1;
        self.items.extend(items);
        self.references.push((*b"dimg", 1, (first..=self.items.len() as u16).collect()));
        self
    }

    /// Adds an item that refers to the first as `kind`.
    pub(crate) fn and(mut self, kind: &[u8; 4], item: Item) -> Self {
        self.items.push(item);
        self.references.push((*kind, self.items.len() as u16, vec![1]));
        self
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let ftyp = boxed(b"ftyp", &[&self.brand[..], &[0; 4], b"mif1", &self.brand].concat());
        let start = ftyp.len() + self.meta(0).len() + 8;
        let data = self.items.iter().flat_map(|item| item.data.clone()).collect::<Vec<_>>();
        [ftyp, self.meta(start as u32), boxed(b"mdat", &data)].concat()
    }

    /// The box `meta` of a file whose media data begin at `media`.
    fn meta(&self, mut media: u32) -> Vec<u8> {
        let handler = full(b"hdlr", 0, 0, &[&b"\0\0\0\0pict"[..], &[0; 13]].concat());
        let primary = full(b"pitm", 0, 0, &self.primary.to_be_bytes());
        let count = (self.items.len() as u16).to_be_bytes();
        let (mut infos, mut locations) = (count.to_vec(), [&[0x44, 0][..], &count].concat());
        let (mut properties, mut associations) =
            (Vec::new(), u32::from(u16::from_be_bytes(count)).to_be_bytes().to_vec());
        let mut number = 0;
        for (item, id) in self.items.iter().zip(1_u16..) {
            let flags = u32::from(item.is_hidden);
            infos.extend(full(
                b"infe",
                2,
                flags,
                &[&id.to_be_bytes(), &[0; 2][..], &item.kind, &[0]].concat(),
            ));
            locations.extend([id, 0, 1].map(u16::to_be_bytes).concat());
            locations.extend([media, item.data.len() as u32].map(u32::to_be_bytes).concat());
            media += item.data.len() as u32;
            associations.extend([&id.to_be_bytes()[..], &[item.properties.len() as u8]].concat());
            for property in &item.properties {
                number += 1;
                properties.extend_from_slice(property);
                associations.push(number);
            }
        }
        let reference = |(kind, from, to): &([u8; 4], u16, Vec<u16>)| {
            let numbers = [*from, to.len() as u16].into_iter().chain(to.iter().copied());
            boxed(kind, &numbers.flat_map(u16::to_be_bytes).collect::<Vec<_>>())
        };
        let references: Vec<_> = self.references.iter().flat_map(reference).collect();
        let properties = [boxed(b"ipco", &properties), full(b"ipma", 0, 0, &associations)].concat();
        let boxes = [
            handler,
            primary,
            full(b"iinf", 0, 0, &infos),
            full(b"iloc", 0, 0, &locations),
            full(b"iref", 0, 0, &references),
            boxed(b"iprp", &properties),
        ];
        full(b"meta", 0, 0, &boxes.concat())
    }
}

/// A sequence without a `meta` box: each image is shown for so many milliseconds.
pub(crate) fn sequence(brand: &[u8; 4], images: &[(Item, u32)], alpha: &[Item], plays: u32) -> Vec<u8> {
    let ftyp = boxed(b"ftyp", &[&brand[..], &[0; 4], brand].concat());
    let build = |media: u32| {
        let colour: Vec<_> = images.iter().map(|(image, _)| image).collect();
        let delays: Vec<_> = images.iter().map(|(_, delay)| *delay).collect();
        let length: u32 = delays.iter().sum();
        let bytes: usize = colour.iter().map(|image| image.data.len()).sum();
        let mut tracks = track(1, b"pict", &colour, &delays, media, length * plays, &[]);
        if !alpha.is_empty() {
            let alpha: Vec<_> = alpha.iter().collect();
            let reference = boxed(b"tref", &boxed(b"auxl", &1_u32.to_be_bytes()));
            tracks.extend(track(
                2,
                b"auxv",
                &alpha,
                &delays,
                media + bytes as u32,
                length * plays,
                &reference,
            ));
        }
        let header = full(b"mvhd", 0, 0, &[0; 96]);
        boxed(b"moov", &[header, tracks].concat())
    };
    let start = ftyp.len() + build(0).len() + 8;
    let data: Vec<_> =
        images.iter().map(|(image, _)| image).chain(alpha).flat_map(|it| it.data.clone()).collect();
    [ftyp, build(start as u32), boxed(b"mdat", &data)].concat()
}

fn track(
    id: u32,
    handler: &[u8; 4],
    images: &[&Item],
    delays_ms: &[u32],
    media: u32,
    length_ms: u32,
    reference: &[u8],
) -> Vec<u8> {
    let first = images[0];
    let u32s = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>();
    let sides = [first.size.w as u16, first.size.h as u16].map(u16::to_be_bytes).concat();
    // Without `ispe`, which is the property of items.
    let entry = [&[0; 24][..], &sides, &[0; 50], &first.properties[1..].concat()].concat();
    let count = images.len() as u32;
    let lengths: Vec<_> = images.iter().map(|image| image.data.len() as u32).collect();
    let durations: Vec<_> = delays_ms.iter().flat_map(|delay| [1, *delay]).collect();
    let table = [
        full(b"stsd", 0, 0, &[u32s(&[1]), boxed(&first.kind, &entry)].concat()),
        full(b"stts", 0, 0, &u32s(&[&[count][..], &durations].concat())),
        full(b"stsc", 0, 0, &u32s(&[1, 1, count, 1])),
        full(b"stsz", 0, 0, &u32s(&[&[0, count][..], &lengths].concat())),
        full(b"stco", 0, 0, &u32s(&[1, media])),
    ];
    let same_file = full(b"dref", 0, 0, &[u32s(&[1]), full(b"url ", 0, 1, &[])].concat());
    let information = [boxed(b"dinf", &same_file), boxed(b"stbl", &table.concat())].concat();
    let media_boxes = [
        full(b"mdhd", 0, 0, &u32s(&[0, 0, 1000, length_ms, 0])),
        full(b"hdlr", 0, 0, &[&[0; 4][..], handler, &[0; 13]].concat()),
        boxed(b"minf", &information),
    ];
    let segment: u32 = delays_ms.iter().sum();
    // Flag 1: the segment is repeated until the track ends.
    let edits = boxed(b"edts", &full(b"elst", 0, 1, &u32s(&[1, segment, 0, 1 << 16])));
    let header = full(b"tkhd", 0, 3, &[u32s(&[0, 0, id, 0, length_ms]), vec![0; 60]].concat());
    boxed(b"trak", &[header, reference.to_vec(), edits, boxed(b"mdia", &media_boxes.concat())].concat())
}
