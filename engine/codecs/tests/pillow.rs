//! Does Pillow decode the same files to the same pixels?
//!
//! The files are built here, of layouts that few programs write. Profiles are left out: Pillow does not apply them.

#![cfg(all(feature = "tiff", feature = "gif", feature = "ico", feature = "bmp"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::tiff::File;
use common::{decode_all, to_rgba};
use safelight_codecs::{Bmp, Gif, Ico, Tiff};
use safelight_core::Decoder;
use std::process::Command;
use weezl::{BitOrder, encode::Encoder};

/// Writes the RGBA of every frame of the file in its argument to its output, one after the other.
const PILLOW: &str = "
import sys
from PIL import Image, ImageSequence
with Image.open(sys.argv[1]) as image:
    for frame in ImageSequence.Iterator(image):
        sys.stdout.buffer.write(frame.convert('RGBA').tobytes())
";

/// The layouts of TIFF that Pillow supports, by name.
fn tiffs() -> Vec<(String, Vec<u8>)> {
    const SIDE: u16 = 32;
    let pixels = usize::from(SIDE).pow(2);
    let noise: Vec<u8> = (0..pixels * 4).map(|at| (at * at / 11 % 251) as u8).collect();
    let square = |photometric: u16, bits: &[u16], bytes: usize| {
        File::new((SIDE, SIDE), photometric, bits, noise[..bytes].to_vec())
    };
    let bytes = |bits: usize| pixels * bits / 8;
    let mut files = Vec::new();
    for bits in [1, 2, 4, 8] {
        for photometric in [0, 1] {
            let grey = square(photometric, &[bits], bytes(usize::from(bits)));
            files.push((format!("grey {bits}, {photometric}"), grey.clone()));
            // Pillow has no reader for this one.
            if (bits, photometric) != (8, 0) {
                files.push((format!("grey {bits}, {photometric}, reversed"), grey.with(266, &[2])));
            }
        }
    }
    let table: Vec<u16> = (0..768).map(|level| (level * 83 % 256) * 257).collect();
    files.push(("palette".into(), square(3, &[8], pixels).with(320, &table)));
    let rgb = square(2, &[8; 3], 3 * pixels);
    files.push(("RGB".into(), rgb.clone()));
    files.push((
        "deflated".into(),
        rgb.clone().with(259, &[8]).with_pieces(vec![fdeflate::compress_to_vec(&noise)]),
    ));
    let lzw = |piece: &[u8]| Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(piece).unwrap();
    let predicted = lzw(&noise[..3 * pixels]);
    files.push((
        "LZW, predicted".into(),
        rgb.clone().with(259, &[5]).with(317, &[2]).with_pieces(vec![predicted]),
    ));
    let planes = (0..3).map(|plane| noise[plane * pixels..][..pixels].to_vec()).collect();
    files.push(("planes".into(), rgb.with(284, &[2]).with_pieces(planes)));
    let tiles = noise.chunks(16 * 16).take(4).map(lzw).collect();
    let under_strips =
        square(1, &[8], 0).with(259, &[5]).with(322, &[16]).with(323, &[16]).with_pieces(tiles);
    files.push(("tiles".into(), File { offsets_tag: 324, counts_tag: Some(325), ..under_strips.clone() }));
    files.push(("tiles under strips".into(), under_strips));
    let rgba = square(2, &[8; 4], 4 * pixels);
    files.push(("alpha".into(), rgba.clone().with(338, &[2])));
    // Colours that are not larger than their opacity.
    let associated =
        noise.chunks(4).flat_map(|it| [it[0].min(it[3]), it[1].min(it[3]), it[2].min(it[3]), it[3]]);
    files.push(("associated alpha".into(), rgba.with(338, &[1]).with_pieces(vec![associated.collect()])));
    files.into_iter().map(|(name, file)| (name, file.bytes())).collect()
}

/// A GIF of two frames, of which the second is interlaced, with an unknown extension and a zero before it.
fn gif() -> Vec<u8> {
    let palette: Vec<u8> = (0..48).map(|level| level * 5).collect();
    let mut encoder = gif::Encoder::new(Vec::new(), 16, 9, &palette).unwrap();
    let indices = |shift: usize| (0..16 * 9).map(|at| ((at * 7 + shift) % 16) as u8).collect::<Vec<_>>();
    encoder.write_frame(&gif::Frame::from_indexed_pixels(16, 9, indices(0), None)).unwrap();
    let second = gif::Frame { interlaced: true, ..gif::Frame::from_indexed_pixels(16, 9, indices(3), None) };
    encoder.write_frame(&second).unwrap();
    let file = encoder.into_inner().unwrap();
    let (head, blocks) = file.split_at(13 + 48);
    [head, b"!\x42\x03abc\x00\0", blocks].concat()
}

/// A bitmap of a few pixels of 24 bits, and an icon of the same with 32 bits and a mask.
fn bitmaps() -> [Vec<u8>; 2] {
    let header = |height: u32, bits: u16| {
        let sides = [40, 4, height].map(u32::to_le_bytes).concat();
        let depth = [1, bits].map(u16::to_le_bytes).concat();
        [sides, depth, vec![0; 24]].concat()
    };
    let samples: Vec<u8> = (0..4 * 4 * 4).map(|at| at * 3 + 9).collect();
    let bmp = [b"BM", &[0; 8][..], &[54, 0, 0, 0], &header(4, 24), &samples[..48]].concat();
    let image = [&*header(8, 32), &samples, &[0xA0, 0, 0, 0].repeat(4)].concat();
    let entry =
        [&[4, 4, 0, 0, 1, 0, 32, 0][..], &(image.len() as u32).to_le_bytes(), &[22, 0, 0, 0]].concat();
    [bmp, [&[0, 0, 1, 0, 1, 0][..], &entry, &image].concat()]
}

#[test]
fn pillow_decodes_the_same_pixels() {
    let Some(python) = safelight_images::python_with_pillow() else { return };
    let mut failures = Vec::new();
    let mut check = |name: &str, decoder: &dyn Decoder, bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        std::fs::write(&path, bytes).unwrap();
        let output = Command::new(python).args(["-c", PILLOW]).arg(path).output().unwrap();
        let found: Vec<u8> = decode_all(decoder, bytes).frames.iter().flat_map(to_rgba).collect();
        if !output.status.success() {
            failures.push(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)));
        } else if found != output.stdout {
            let at = found.iter().zip(&output.stdout).position(|(ours, theirs)| ours != theirs).unwrap_or(0);
            failures.push(format!(
                "{name}: {} samples, not {}; sample {at} is {:?}, not {:?}",
                found.len(),
                output.stdout.len(),
                found.get(at),
                output.stdout.get(at)
            ));
        }
    };
    for (name, bytes) in tiffs() {
        check(&name, &Tiff, &bytes);
    }
    check("GIF", &Gif, &gif());
    let [bmp, ico] = bitmaps();
    check("BMP", &Bmp, &bmp);
    check("ICO", &Ico, &ico);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
