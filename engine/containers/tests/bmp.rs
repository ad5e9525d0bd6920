//! BMP: which bytes remain, and which sources are rejected.

mod common;

use common::{is_oriented, remains, walk};
use safelight_containers::icc;
use safelight_core::Limits;

/// Text that a strip must remove.
const SECRET: &[u8] = b"SECRET";

/// A file under construction, 3 by 2 pixels.
struct Source {
    header: Vec<u8>,
    /// Masks and colours.
    palette: Vec<u8>,
    samples: Vec<u8>,
    profile: Vec<u8>,
}

impl Source {
    /// A file with a header of `bytes` bytes, and samples of `bits` bits.
    fn new(bytes: usize, bits: u16) -> Self {
        let mut header = vec![0; bytes];
        header[..4].copy_from_slice(&(bytes as u32).to_le_bytes());
        if bytes == 12 {
            header[4..12].copy_from_slice(&[3, 0, 2, 0, 1, 0, bits as u8, 0]);
        } else {
            header[4..16].copy_from_slice(&[3, 0, 0, 0, 2, 0, 0, 0, 1, 0, bits as u8, 0]);
        }
        let row = (3 * usize::from(bits)).div_ceil(32) * 4;
        Self { header, palette: Vec::new(), samples: vec![b'x'; 2 * row], profile: Vec::new() }
    }

    fn put(&mut self, at: usize, number: u32) {
        self.header[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }

    /// The file, with a secret in every gap and in reserved fields.
    fn build(&mut self) -> Vec<u8> {
        let samples = 14 + self.header.len() + self.palette.len() + SECRET.len();
        if self.header.len() == 124 && !self.profile.is_empty() {
            self.put(56, 0x4D42_4544);
            self.put(112, (samples + self.samples.len() + SECRET.len() - 14) as u32);
            self.put(116, self.profile.len() as u32);
        }
        let head = [b"BM\0\0\0\0SECR", &(samples as u32).to_le_bytes()[..]].concat();
        let gaps = [&self.palette[..], SECRET, &self.samples, SECRET, &self.profile, SECRET].concat();
        [head, self.header.clone(), gaps].concat()
    }
}

fn strip(source: &[u8]) -> Vec<u8> {
    let limits = Limits::default();
    let parts = walk(source, usize::MAX, &limits).expect("a sound source");
    assert_eq!(walk(source, 1, &limits).as_ref(), Ok(&parts), "parts do not depend on chunks");
    assert!(!parts.iter().any(is_oriented), "no part has an orientation");
    parts.into_iter().flat_map(remains).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || haystack.windows(needle.len()).any(|window| window == needle)
}

/// Strips a valid source and checks the properties that every result has.
fn stripped(mut source: Source) -> Vec<u8> {
    let bytes = source.build();
    let out = strip(&bytes);
    assert!(!contains(&out, b"SEC"), "{}", String::from_utf8_lossy(&out));
    assert!(contains(&out, &source.samples) && contains(&out, &source.palette));
    assert_eq!(out[10..14], bytes[10..14], "the offset of the samples");
    assert_eq!(out[2..6], (out.len() as u32).to_le_bytes(), "the size of the file");
    assert_eq!(strip(&out), out, "a second strip changes nothing");
    out
}

#[test]
fn headers_of_every_version_are_kept() {
    for bytes in [12, 40, 52, 56, 64, 108, 124] {
        for bits in [1, 4, 8, 24, 32] {
            let mut source = Source::new(bytes, bits);
            if bits <= 8 {
                source.palette = vec![b'p'; (1 << bits) * if bytes == 12 { 3 } else { 4 }];
            }
            let end = 14 + bytes + source.palette.len() + SECRET.len() + source.samples.len();
            assert_eq!(stripped(source).len(), end);
        }
    }
}

#[test]
fn colours_that_no_sample_names_are_blanked() {
    let mut source = Source::new(40, 1);
    source.put(32, 300);
    source.palette = b"pqrspqrs".to_vec();
    let mut bytes = source.build();
    // The rest of the palette is before the samples.
    bytes.splice(62..62, SECRET.iter().copied());
    bytes[10] += SECRET.len() as u8;
    let out = strip(&bytes);
    assert!(contains(&out, b"pqrspqrs\0\0") && !contains(&out, SECRET));
}

#[test]
fn masks_are_kept() {
    for (coding, count) in [(3, 3), (6, 4)] {
        let mut source = Source::new(40, 32);
        source.put(16, coding);
        source.palette = b"mask".repeat(count);
        stripped(source);
    }
}

#[test]
fn coded_samples_have_their_stated_length() {
    let mut source = Source::new(40, 8);
    source.put(16, 1);
    source.put(20, 10);
    source.samples = b"\x03\x01\0\0\x03\x02\0\x01yz".to_vec();
    source.palette = vec![b'p'; 1024];
    stripped(source);
}

#[test]
fn a_profile_keeps_its_colours_only() {
    let mut source = Source::new(124, 24);
    source.profile = moxcms::ColorProfile::new_display_p3().encode().expect("a valid profile");
    let clean = icc::without_identity(&source.profile).expect("a valid profile");
    assert!(stripped(source).ends_with(&clean));

    let mut text = Source::new(124, 24);
    text.profile = b"SECRET owner".to_vec();
    assert!(stripped(text).ends_with(&[0; 12]));

    // A path of a file.
    let mut linked = Source::new(124, 24);
    linked.profile = b"c:\\SECRET\\display.icc\0".to_vec();
    let mut bytes = linked.build();
    bytes[70..74].copy_from_slice(b"KNIL");
    let out = strip(&bytes);
    assert!(!contains(&out, SECRET) && &out[70..74] == b"BGRs" && out[126..134] == [0; 8]);
}

#[test]
fn an_offset_before_the_palette_is_corrected() {
    let mut source = Source::new(40, 8);
    source.put(32, 4);
    source.palette = (0..16).collect();
    let samples = source.samples.clone();
    let head = [b"BM\0\0\0\0\0\0\0\0", &[54, 0, 0, 0][..], &source.header].concat();
    let whole = [head, source.palette, samples].concat();
    for stated in [0, 14, 53, 54] {
        let mut bytes = whole.clone();
        bytes[10] = stated;
        let out = strip(&bytes);
        assert_eq!((out[10], &out[14..]), (70, &whole[14..]), "{stated}");
    }
}

#[test]
fn what_cannot_be_stripped_is_rejected() {
    let check = |at: usize, number: u32, expected: &str| {
        let mut bytes = Source::new(40, 24).build();
        bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        assert_eq!(
            walk(&bytes, 7, &Limits::default()).expect_err("a source that is rejected").to_string(),
            expected
        );
    };
    check(18, 0, "damaged BMP at byte 0: an image without a size");
    check(22, 0, "damaged BMP at byte 0: an image without a size");
    check(30, 4, "unsupported BMP: an unknown compression");
    let bytes = Source::new(40, 24).build();
    let samples = bytes.windows(2).position(|pair| pair == b"xx").expect("samples");
    for end in 0..bytes.len() {
        // A source that ends in its samples is passed on.
        assert_eq!(walk(&bytes[..end], 5, &Limits::default()).is_ok(), samples <= end, "cut at {end}");
    }
}
