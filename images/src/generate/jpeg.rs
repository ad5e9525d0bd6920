//! The JPEG samples.

use super::boxes::boxed;
use super::metadata::exif::{Exif, block, field, opaque};
use super::metadata::{CREATOR, NOTE, c2pa, icc, iptc, xmp};
use super::{Picture, Result};
use bytes::Bytes;
use exif::{Context, Tag, Value};
use img_parts::jpeg::{Jpeg, JpegSegment, markers};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Returns the photo of the README, with every common metadata slot of a baseline JPEG.
pub(super) fn photo(scene: &Picture) -> Result<Vec<u8>> {
    let thumbnail = encode(&scene.shrunk(160, 107), 60, |_| ())?;
    let profile = icc::display_p3();
    let (first, second) = profile.split_at(profile.len() / 2);
    let exif = Exif { thumbnail: Some(&thumbnail), display_p3: true, ..Exif::new(scene, 1) };
    let jpeg = encode(&scene.to_display_p3(), 88, |_| ())?;
    insert(
        &jpeg,
        vec![
            app(1, b"Exif\0\0", &exif.to_bytes()?),
            app(1, XMP, xmp::packet("").as_bytes()),
            app(13, b"Photoshop 3.0\0", &iptc::resources()),
            app(2, b"ICC_PROFILE\0\x01\x02", first),
            app(2, b"ICC_PROFILE\0\x02\x02", second),
            comment(NOTE),
        ],
    )
}

/// Returns a small image that is stored rotated, with that orientation in EXIF.
pub(super) fn oriented(scene: &Picture, orientation: u16) -> Result<Vec<u8>> {
    let picture = scene.shrunk(320, 214).with_up().stored(orientation);
    let exif = Exif { big_endian: orientation.is_multiple_of(2), ..Exif::new(&picture, orientation) };
    insert(&encode(&picture, 80, |_| ())?, vec![app(1, b"Exif\0\0", &exif.to_bytes()?)])
}

/// Returns an image with several scans, and private segments before and between them.
pub(super) fn progressive(scene: &Picture) -> Result<Vec<u8>> {
    let jpeg = encode(&scene.shrunk(800, 534), 75, |encoder| encoder.set_progressive_scans(6))?;
    let extension = xmp::extension();
    let digest = format!("{:X}", md5::compute(&extension));
    let parts = [digest.as_bytes(), &(extension.len() as u32).to_be_bytes(), &0u32.to_be_bytes()].concat();
    let extended = [parts.as_slice(), extension.as_bytes()].concat();
    let jpeg = between_scans(&jpeg, 2, &app(1, b"http://ns.adobe.com/xmp/extension/\0", &extended));
    let jpeg = between_scans(&jpeg, 1, &comment(&format!("between two scans: {NOTE}")));
    insert(
        &jpeg,
        vec![
            app(1, XMP, xmp::packet(&xmp::has_extension(&digest)).as_bytes()),
            // Common identifier, box instance, packet sequence.
            app(11, b"JP\0\x01\0\0\0\x01", &c2pa::manifest()),
        ],
    )
}

/// Returns an image with sixteen restart intervals, each one row of coding units (MCUs) as wide as the
/// image.
///
/// The first eight, up to and including RST7, can be repeated unchanged: markers count modulo eight, and
/// nothing is predicted across them (ITU-T T.81, F.1.1.5.1).
pub(super) fn restart(scene: &Picture) -> Result<Vec<u8>> {
    let picture = scene.shrunk(384, 256).cropped(32, 0, 320, 256);
    let per_row = picture.w / 16;
    encode(&picture, 80, |encoder| encoder.set_restart_interval(per_row as u16))
}

/// Returns an image followed by a video, which contains the location too.
pub(super) fn motion_photo(scene: &Picture) -> Result<Vec<u8>> {
    let picture = scene.shrunk(640, 427);
    let video = video();
    let exif = Exif::new(&picture, 1);
    let jpeg = insert(
        &encode(&picture, 75, |_| ())?,
        vec![
            app(1, b"Exif\0\0", &exif.to_bytes()?),
            app(1, XMP, xmp::packet(&xmp::motion(video.len())).as_bytes()),
        ],
    )?;
    Ok([jpeg, video].concat())
}

/// Returns an image followed by its gain map: a second JPEG with metadata of its own.
pub(super) fn gain_map(scene: &Picture) -> Result<Vec<u8>> {
    let iso = b"urn:iso:std:iso:ts:21496:-1\0";
    let picture = scene.shrunk(480, 320);
    let map = scene.shrunk(240, 160);
    let exif = Exif::new(&map, 1);
    let map = insert(
        &encode(&map, 60, |_| ())?,
        vec![
            app(1, b"Exif\0\0", &exif.to_bytes()?),
            app(1, XMP, xmp::packet(&xmp::gain_map_parameters()).as_bytes()),
        ],
    )?;

    // The index counts the bytes of the image, including its own, so it is built twice.
    let jpeg = encode(&picture, 80, |_| ())?;
    let with_index = |primary: usize, offset: usize| {
        let index = multi_picture([(primary, 0), (map.len(), offset)])?;
        let packet = xmp::packet(&xmp::gain_map(map.len()));
        let segments = vec![app(1, XMP, packet.as_bytes()), app(2, iso, &[0; 4]), app(2, b"MPF\0", &index)];
        insert(&jpeg, segments)
    };
    let draft = with_index(0, 0)?;
    let header = draft.windows(4).position(|window| window == b"MPF\0").map_or(0, |at| at + 4);
    let primary = with_index(draft.len(), draft.len() - header)?;
    Ok([primary, map].concat())
}

/// Encodes `picture` with chroma at half the size in both directions.
fn encode(picture: &Picture, quality: u8, set: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    set(&mut encoder);
    encoder.encode(&picture.rgb, picture.w as u16, picture.h as u16, ColorType::Rgb)?;
    Ok(out)
}

/// Inserts `segments` after the JFIF segment.
fn insert(jpeg: &[u8], segments: Vec<JpegSegment>) -> Result<Vec<u8>> {
    let mut jpeg = Jpeg::from_bytes(Bytes::copy_from_slice(jpeg))?;
    jpeg.segments_mut().splice(1..1, segments);
    Ok(jpeg.encoder().bytes().to_vec())
}

fn app(number: u8, name: &[u8], content: &[u8]) -> JpegSegment {
    JpegSegment::new_with_contents(markers::APP0 + number, Bytes::from([name, content].concat()))
}

fn comment(text: &str) -> JpegSegment {
    JpegSegment::new_with_contents(markers::COM, Bytes::copy_from_slice(text.as_bytes()))
}

/// Inserts `segment` after the entropy-coded data of the first `scans` scans.
fn between_scans(jpeg: &[u8], scans: usize, segment: &JpegSegment) -> Vec<u8> {
    let mut ends =
        (0..jpeg.len() - 1).filter(|&at| jpeg[at..].starts_with(&[0xFF, markers::SOS])).map(|sos| {
            // In entropy-coded data, 0xFF is followed by 0 or by a restart marker's number.
            let ends = |at: &usize| jpeg[*at] == 0xFF && !matches!(jpeg[at + 1], 0 | 0xD0..=0xD7);
            (sos + 2..jpeg.len() - 1).find(ends).unwrap_or(jpeg.len())
        });
    let end = ends.nth(scans - 1).unwrap_or(jpeg.len());
    [&jpeg[..end], &segment.clone().encoder().bytes(), &jpeg[end..]].concat()
}

/// Returns an index of two images, each with its length and offset (CIPA DC-007, 5.2.3).
fn multi_picture(pictures: [(usize, usize); 2]) -> Result<Vec<u8>> {
    let entry = |(kind, (length, offset)): (u32, (usize, usize))| {
        [kind, length as u32, offset as u32, 0].map(u32::to_le_bytes).concat()
    };
    // A baseline primary image, then an image of undefined type, which is how gain maps are listed.
    let entries: Vec<u8> = [0x0003_0000, 0].into_iter().zip(pictures).flat_map(entry).collect();
    let tag = |number| Tag(Context::Tiff, number);
    let fields = [
        field(tag(0xB000), opaque(b"0100")),
        field(tag(0xB001), Value::Long(vec![2])),
        field(tag(0xB002), opaque(&entries)),
    ];
    block(&fields, false, |_| ())
}

/// Returns the boxes of an MP4 file with its location and author; it contains no frames.
fn video() -> Vec<u8> {
    let text = |value: &str| [&(value.len() as u16).to_be_bytes(), &[0x15, 0xC7], value.as_bytes()].concat();
    let places = boxed(*b"\xA9xyz", &text("+46.2838+013.8570+525.800/"));
    let author = boxed(*b"\xA9aut", &text(CREATOR));
    // Version, times, time scale, duration, rate 1.0, volume 1.0, reserved, unit matrix, next track.
    let matrix = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
    let start = [0, 3_865_000_000, 3_865_000_000, 1000, 1000, 0x1_0000, 0x0100_0000, 0, 0];
    let words: Vec<u32> = [start.as_slice(), &matrix, &[0; 6], &[1]].concat();
    let movie = words.into_iter().flat_map(u32::to_be_bytes).collect::<Vec<_>>();
    [
        boxed(*b"ftyp", b"mp42\0\0\0\0isommp42"),
        boxed(*b"moov", &[boxed(*b"mvhd", &movie), boxed(*b"udta", &[places, author].concat())].concat()),
        boxed(*b"mdat", NOTE.as_bytes()),
    ]
    .concat()
}
