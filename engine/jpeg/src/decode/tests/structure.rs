//! Files with parts in unusual places, damage, and limits.

use super::libjpeg::{Netpbm, make};
use super::{decode, decode_with, find, header, scales};
use crate::decode::{DecodeError, Decoder, Header, Progress, Scales};

/// Files of about 1 KB, written by `cjpeg` of libjpeg-turbo 2.1.5 from [`Netpbm::scene`] of 41×27 pixels at
/// quality 40, plain, with `-restart 2B`, and with `-progressive`. The others are by libjpeg-turbo 3.2: the
/// first transcoded by `jpegtran -arithmetic`, also with `-restart 2B` and `-progressive`; the scene with 12
/// bits (`-precision 12`), of which the lower 4 count samples, in three codings; and lossless ones of the
/// scene (`-lossless 7 -restart 5`) and of its green channel with 16 bits (`-lossless 4`).
pub(super) struct Small {
    pub(super) baseline: Vec<u8>,
    pub(super) restarts: Vec<u8>,
    pub(super) progressive: Vec<u8>,
    pub(super) arithmetic: Vec<u8>,
    pub(super) arithmetic_restarts: Vec<u8>,
    pub(super) arithmetic_progressive: Vec<u8>,
    pub(super) twelve: Vec<u8>,
    pub(super) twelve_progressive: Vec<u8>,
    pub(super) twelve_arithmetic: Vec<u8>,
    pub(super) lossless: Vec<u8>,
    pub(super) lossless16: Vec<u8>,
}

pub(super) fn small() -> Small {
    Small {
        baseline: include_bytes!("baseline.jpg").to_vec(),
        restarts: include_bytes!("restarts.jpg").to_vec(),
        progressive: include_bytes!("progressive.jpg").to_vec(),
        arithmetic: include_bytes!("arithmetic.jpg").to_vec(),
        arithmetic_restarts: include_bytes!("arithmetic_restarts.jpg").to_vec(),
        arithmetic_progressive: include_bytes!("arithmetic_progressive.jpg").to_vec(),
        twelve: include_bytes!("twelve.jpg").to_vec(),
        twelve_progressive: include_bytes!("twelve_progressive.jpg").to_vec(),
        twelve_arithmetic: include_bytes!("twelve_arithmetic.jpg").to_vec(),
        lossless: include_bytes!("lossless.jpg").to_vec(),
        lossless16: include_bytes!("lossless16.jpg").to_vec(),
    }
}

/// Replaces `count` bytes of `file`, from `at` on.
fn replace(file: &[u8], at: usize, count: usize, with: &[u8]) -> Vec<u8> {
    [&file[..at], with, &file[at + count..]].concat()
}

#[test]
fn parallel_decodes_give_the_same_planes() {
    // The last three are an interval that does not divide a row, one that spans rows unevenly, and one that
    // is too large for bands.
    for restart in ["1", "2", "5B", "100B", "113B", "2000B"] {
        let scene = Netpbm::scene(1203, 901);
        let Some(file) = make("cjpeg", &["-sample", "2x2", "-restart", restart], &scene) else { return };
        let last = find(&file, 0xD0).pop().unwrap();
        let damaged = replace(&file, last + 1, 1, &[0xD2]);
        for (file, n) in [(&file, 8), (&file, 2), (&damaged, 3)] {
            let serial = decode_with(file, scales(n), usize::MAX, false).unwrap();
            for chunk in [usize::MAX, 5000] {
                assert!(
                    decode_with(file, scales(n), chunk, true).unwrap() == serial,
                    "{restart} {n} {chunk}"
                );
            }
        }
    }
}

/// libjpeg-turbo's programs cannot write sampling factors that do not divide each other, so this builds a
/// file from the scans of three grey ones.
#[test]
fn factors_need_not_divide_each_other() {
    let (width, height) = (227, 149);
    for factors in [[(3, 1), (2, 1), (1, 1)], [(2, 3), (1, 2), (2, 1)], [(1, 4), (4, 3), (3, 1)]] {
        let most =
            factors.iter().fold((0, 0), |most: (usize, usize), it| (most.0.max(it.0), most.1.max(it.1)));
        let mut frame = vec![0xFF, 0xC0, 0, 17, 8, 0, height as u8, 0, width as u8, 3];
        let mut scans = Vec::new();
        let mut parts = Vec::new();
        for ((h, v), id) in factors.into_iter().zip(1..) {
            let scene = Netpbm::scene((width * h).div_ceil(most.0), (height * v).div_ceil(most.1));
            let Some(grey) = make("cjpeg", &["-grayscale"], &scene) else { return };
            frame.extend([id, (h << 4 | v) as u8, 0]);
            let scan = find(&grey, 0xDA)[0];
            scans.extend(replace(&grey[scan..grey.len() - 2], 5, 1, &[id]));
            parts.push(grey);
        }
        let (start, codes) = (find(&parts[0], 0xC0)[0], find(&parts[0], 0xC4)[0]);
        let tables = &parts[0][codes..find(&parts[0], 0xDA)[0]];
        let file = [&parts[0][..start], &frame, tables, &scans, b"\xFF\xD9"].concat();
        for n in [8, 5, 1] {
            let planes = decode_with(&file, scales(n), 999, false).unwrap();
            assert!(!planes.is_damaged);
            for (component, part) in planes.components.iter().zip(&parts) {
                let alone = &decode(part, n).unwrap().components[0];
                assert!(alone.w <= component.w && alone.h <= component.h);
                let rows =
                    component.samples.chunks_exact(component.w).zip(alone.samples.chunks_exact(alone.w));
                assert!(
                    rows.into_iter().all(|(whole, alone)| whole[..alone.len()] == *alone),
                    "{factors:?} {n}/8"
                );
            }
        }
    }
}

#[test]
fn a_height_may_follow_the_first_scan() {
    for file in [small().baseline, small().restarts] {
        let expected = decode(&file, 8).unwrap();
        let frame = find(&file, 0xC0)[0];
        let height = [file[frame + 5], file[frame + 6]];
        let lines = [&[0xFF, 0xDC, 0, 4], &height[..]].concat();
        let late = replace(&file, file.len() - 2, 0, &lines);
        let late = replace(&late, frame + 5, 2, &[0, 0]);
        assert_eq!(decode(&late, 8).unwrap(), expected);
        let end = late.len() - 2;
        assert_eq!(Header::read(&late[..end - 1]), Ok(None));
        assert!(Header::read(&late[..end]).unwrap().is_some());
        let never = replace(&late, end - 6, 6, &[]);
        assert_eq!(header(&never), Err(DecodeError::Damaged("a height of 0")));
    }
}

#[test]
fn a_progressive_file_is_done_when_later_scans_change_nothing() {
    let file = small().progressive;
    let end = |n| {
        let mut decoder = Decoder::new(header(&file).unwrap(), scales(n), false).unwrap();
        file.iter().position(|byte| decoder.push(&[*byte]).unwrap() == Progress::Done).unwrap()
    };
    let scans = find(&file, 0xDA);
    assert_eq!(scans.len(), 10);
    // The seventh scan refines the DC coefficients, and the last the AC coefficients of luma.
    assert!((scans[6]..=scans[7]).contains(&end(1)), "{} of {scans:?}", end(1));
    assert!(scans[9] < end(2));
    let luma = Scales { first: 1, others: 8 };
    let whole = decode(&file, 8).unwrap();
    assert_eq!(decode_with(&file, luma, 3, false).unwrap().components[1..], whole.components[1..]);
}

#[test]
fn fill_bytes_and_unknown_bytes_between_segments_are_skipped() {
    let file = small().restarts;
    let expected = decode(&file, 8).unwrap();
    let scan = find(&file, 0xDA)[0];
    assert_eq!(decode(&replace(&file, scan, 0, b"\xFF\xFF\xFF"), 8).unwrap(), expected);
    assert_eq!(decode(&replace(&file, scan, 0, b"nothing\xFF\0"), 8).unwrap(), expected);
    assert_eq!(decode(&replace(&file, scan, 0, b"\xFF\xFE\0\x05abc"), 8).unwrap(), expected);
    let restart = find(&file, 0xD0)[0];
    assert_eq!(decode(&replace(&file, restart, 0, b"\xFF\xFF"), 8).unwrap(), expected);
    let end = file.len() - 2;
    assert_eq!(decode(&file[..end], 8).unwrap(), expected, "without an end of image");
    assert_eq!(decode(&[&file, &file[..]].concat(), 8).unwrap(), expected, "with a second file after it");
}

#[test]
fn adobe_and_jfif_decide_the_colour_model() {
    use crate::decode::ColourModel::{Rgb, Ycc};
    let file = small().baseline;
    let jfif = find(&file, 0xE0)[0];
    let plain = replace(&file, jfif, 18, &[]);
    let with_ids = |file: &[u8], ids: [u8; 3]| {
        let mut file = file.to_vec();
        let frame = find(&file, 0xC0)[0];
        (0..3).for_each(|index| file[frame + 10 + 3 * index] = ids[index]);
        file
    };
    let adobe = |transform| [b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0", &[transform][..]].concat();
    let check = |file: Vec<u8>, expected| assert_eq!(header(&file).unwrap().colour_model, expected);
    check(file.clone(), Ycc);
    check(plain.clone(), Ycc);
    check(with_ids(&plain, *b"RGB"), Rgb);
    check(with_ids(&plain, [0, 1, 2]), Ycc);
    check(with_ids(&file, *b"RGB"), Ycc);
    check(replace(&plain, 2, 0, &adobe(0)), Rgb);
    check(replace(&plain, 2, 0, &adobe(1)), Ycc);
    check(replace(&file, 2, 0, &adobe(0)), Ycc);
}

#[test]
fn damage_before_the_first_scan_is_an_error() {
    use DecodeError::{Damaged, Unsupported};
    let file = small().baseline;
    let (frame, scan, codes) = (find(&file, 0xC0)[0], find(&file, 0xDA)[0], find(&file, 0xC4)[0]);
    let check = |file: Vec<u8>, expected: DecodeError| assert_eq!(decode(&file, 8), Err(expected));
    check(b"\x89PNG".to_vec(), Damaged("no start of image"));
    check(file[..scan].to_vec(), Damaged("the end before the first scan"));
    check(replace(&file, frame, 19, &[]), Damaged("a scan before its frame header"));
    check(replace(&file, frame, 0, &file[frame..frame + 19]), Damaged("a second frame header"));
    check(replace(&file, frame + 4, 1, &[10]), Unsupported("a precision other than 8 and 12 bits"));
    check(replace(&file, frame + 7, 2, &[0, 0]), Damaged("a width of 0"));
    check(replace(&file, frame + 11, 1, &[0x51]), Damaged("a sampling factor outside 1 to 4"));
    check(replace(&file, frame + 11, 1, &[0x01]), Damaged("a sampling factor outside 1 to 4"));
    check(replace(&file, frame + 12, 1, &[4]), Damaged("a quantisation table outside 0 to 3"));
    check(replace(&file, frame + 12, 1, &[3]), Damaged("a scan without its tables"));
    check(replace(&file, frame + 9, 1, &[4]), Damaged("a frame header of the wrong length"));
    check(
        replace(&file, frame + 1, 1, &[0xC5]),
        Unsupported("hierarchical coding, or lossless arithmetic coding"),
    );
    check(replace(&file, codes + 5, 3, &[3, 1, 2]), Damaged("a Huffman table with too many codes"));
    check(replace(&file, codes + 5, 1, &[3]), Damaged("an invalid segment of Huffman tables"));
    check(replace(&file, codes + 4, 1, &[0x20]), Damaged("an invalid segment of Huffman tables"));
    check(replace(&file, scan + 5, 1, &[9]), Damaged("a scan of an unknown component"));
    check(replace(&file, scan + 6, 1, &[0x40]), Damaged("an invalid scan header"));
}

#[test]
fn damage_between_scans_ends_the_decode() {
    let file = small().progressive;
    let second = find(&file, 0xDA)[1];
    let damaged = decode(&replace(&file, second + 5, 1, &[9]), 8).unwrap();
    assert!(damaged.is_damaged);
    let mut cut = decode(&file[..second], 8).unwrap();
    assert_eq!(damaged, cut);
    cut.is_damaged = false;
    assert!(decode(&file, 8).unwrap() != cut);
}

#[test]
fn too_many_scans_are_rejected() {
    let file = small().progressive;
    let refinement = find(&file, 0xDA)[9];
    let repeated = |count| {
        let scan = &file[refinement..file.len() - 2];
        [&file[..file.len() - 2], &scan.repeat(count), b"\xFF\xD9"].concat()
    };
    // The last scan completes the coefficients, so an earlier scan must be missing for the repetitions to
    // count.
    let open = |file: Vec<u8>| {
        let completing = find(&file, 0xDA)[6];
        replace(&file, completing, find(&file, 0xC4)[4].max(completing + 12) - completing, b"\xFF\xFE\0\x02")
    };
    assert!(decode(&open(repeated(100)), 8).is_ok());
    assert_eq!(decode(&open(repeated(300)), 8), Err(DecodeError::TooManyScans(200)));
}

#[test]
fn a_decoder_rejects_another_frame_header() {
    let file = small().baseline;
    let mut decoder = Decoder::new(header(&file).unwrap(), scales(8), false).unwrap();
    let larger = replace(&file, find(&file, 0xC0)[0] + 5, 1, &[0xF0]);
    assert_eq!(decoder.push(&larger), Err(DecodeError::HeaderMismatch));
}

#[test]
fn memory_counts_planes_and_coefficients() {
    let sample = |header: &Header, n| header.memory(scales(n), false) - header.memory(scales(1), false);
    let baseline = header(&small().baseline).unwrap();
    // 3×2 MCUs of 4 + 2 blocks.
    assert_eq!(sample(&baseline, 8), 36 * 63);
    let progressive = header(&small().progressive).unwrap();
    assert_eq!(sample(&progressive, 8), 36 * (63 + 2 * 63 + 8));
    let arithmetic = header(&small().arithmetic).unwrap();
    assert_eq!(sample(&arithmetic, 8), 36 * (63 + 2 * 63 + 8));
    // Samples of two bytes.
    let twelve = header(&small().twelve).unwrap();
    assert_eq!(sample(&twelve, 8), 36 * (2 * 63 + 2 * 63 + 8));
    let lossless = header(&small().lossless).unwrap();
    assert_eq!(sample(&lossless, 8), 0);
    assert_eq!(lossless.memory(scales(8), false), 2 * 3 * 41 * 27 + (1 << 20));
}
