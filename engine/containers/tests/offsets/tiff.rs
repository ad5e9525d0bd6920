use crate::{all_of, contains, profile, refusal, strip};
use safelight_containers::Class;

const BYTE: u16 = 1;
const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const UNDEFINED: u16 = 7;

/// A TIFF file under construction. Each appended block returns its offset.
struct Source {
    is_big_endian: bool,
    is_big: bool,
    bytes: Vec<u8>,
    /// The position for the offset of the next directory.
    link: usize,
}

/// A field: tag, type, number of values, values.
type Field = (u16, u16, u64, Vec<u8>);

impl Source {
    fn new(is_big_endian: bool, is_big: bool) -> Self {
        let mut source = Self { is_big_endian, is_big, bytes: Vec::new(), link: 0 };
        source.bytes.extend_from_slice(if is_big_endian { b"MM" } else { b"II" });
        let number = source.number(if is_big { 43 } else { 42 }, 2);
        source.bytes.extend(number);
        if is_big {
            let numbers = [source.number(8, 2), source.number(0, 2)].concat();
            source.bytes.extend(numbers);
        }
        source.link = source.bytes.len();
        let none = source.number(0, source.word());
        source.bytes.extend(none);
        source
    }

    fn word(&self) -> usize {
        if self.is_big { 8 } else { 4 }
    }

    fn number(&self, number: u64, bytes: usize) -> Vec<u8> {
        if self.is_big_endian {
            number.to_be_bytes()[8 - bytes..].to_vec()
        } else {
            number.to_le_bytes()[..bytes].to_vec()
        }
    }

    fn short(&self, tag: u16, value: u64) -> Field {
        (tag, SHORT, 1, self.number(value, 2))
    }

    fn long(&self, tag: u16, value: u64) -> Field {
        (tag, LONG, 1, self.number(value, 4))
    }

    /// Appends bytes and returns their offset.
    fn append(&mut self, bytes: &[u8]) -> u64 {
        let at = self.bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        at
    }

    /// Appends a directory outside the chain, after its values, and returns its offset.
    fn directory(&mut self, fields: &[Field]) -> u64 {
        let mut entries = self.number(fields.len() as u64, if self.is_big { 8 } else { 2 });
        for (tag, kind, count, values) in fields {
            let mut values = values.clone();
            if self.word() < values.len() {
                let at = self.append(&values);
                values = self.number(at, self.word());
            }
            values.resize(self.word(), b'#');
            let head = [
                self.number((*tag).into(), 2),
                self.number((*kind).into(), 2),
                self.number(*count, self.word()),
            ];
            entries.extend(head.concat());
            entries.extend(values);
        }
        entries.extend(self.number(0, self.word()));
        self.append(&entries)
    }

    /// Appends a directory to the chain.
    fn link(&mut self, fields: &[Field]) {
        let at = self.directory(fields);
        let number = self.number(at, self.word());
        self.bytes[self.link..self.link + number.len()].copy_from_slice(&number);
        self.link = self.bytes.len() - self.word();
    }

    /// The fields of an image with one strip, `samples`.
    fn picture(&mut self, samples: &[u8]) -> Vec<Field> {
        let at = self.append(samples);
        vec![
            self.short(256, 4),
            self.short(257, 2),
            (258, SHORT, 3, [self.number(8, 2), self.number(8, 2), self.number(8, 2)].concat()),
            self.short(259, 1),
            self.short(262, 2),
            self.long(273, at),
            self.short(274, 6),
            self.long(279, samples.len() as u64),
        ]
    }

    /// The bytes of a field that is stored in its entry.
    fn has(&self, out: &[u8], tag: u16, kind: u16) -> bool {
        contains(out, &[self.number(tag.into(), 2), self.number(kind.into(), 2)].concat())
    }
}

fn variants() -> impl Iterator<Item = Source> {
    [(false, false), (true, false), (false, true), (true, true)].map(|(a, b)| Source::new(a, b)).into_iter()
}

fn text(tag: u16, text: &[u8]) -> Field {
    (tag, ASCII, text.len() as u64, text.to_vec())
}

#[test]
fn private_fields_are_removed_and_the_image_is_kept() {
    for mut source in variants() {
        source.append(b"SECRET orphan");
        let mut fields = source.picture(b"samples of a picture");
        let (profile, clean_profile) = profile();
        let gps =
            source.directory(&[text(29, b"SECRET:date"), (2, 5, 3, b"SECRET latitude of it...".to_vec())]);
        let interoperability = source.directory(&[text(1, b"SECRET98")]);
        let exif = source.directory(&[
            text(36867, b"SECRET:time and date"),
            (37500, UNDEFINED, 17, b"SECRET maker note".to_vec()),
            source.long(40965, interoperability),
        ]);
        fields.splice(
            5..5,
            [text(270, b"SECRET description"), text(271, b"SEC"), text(272, b"SECRET model of camera")],
        );
        fields.extend([
            (282, 5, 1, [source.number(72, 4), source.number(1, 4)].concat()),
            text(305, b"SECRET software"),
            text(306, b"SECRET:date of change"),
            text(315, b"SECRET artist"),
            (700, BYTE, 12, b"<x>SECRET/x>".to_vec()),
            (33723, UNDEFINED, 11, b"SECRET iptc".to_vec()),
            (34377, BYTE, 11, b"SECRET 8BIM".to_vec()),
            source.long(34665, exif),
            (34675, UNDEFINED, profile.len() as u64, profile.clone()),
            source.long(34853, gps),
            (50839, BYTE, 20, b"SECRET image journal".to_vec()),
            // Only numbers are kept.
            text(301, b"SECRET transfer function"),
        ]);
        source.link(&fields);
        let out = strip(&source.bytes).expect("a sound source");
        assert!(!contains(&out, b"SEC"), "{}", String::from_utf8_lossy(&out));
        assert!(contains(&out, b"samples of a picture") && contains(&out, &clean_profile));
        // Nine fields are left; the unused bytes of an entry are blanked.
        let count = source.number(10, if source.is_big { 8 } else { 2 });
        assert!(contains(&out, &[count, source.number(256, 2)].concat()));
        assert!(source.has(&out, 274, SHORT) && source.has(&out, 282, 5) && !source.has(&out, 305, ASCII));
        assert!(!contains(&out, b"##"));
        assert_eq!(strip(&out).expect("still a sound source"), out);

        let bytes = &source.bytes;
        assert_eq!(all_of(bytes, Class::Icc), profile);
        assert_eq!(all_of(bytes, Class::Xmp), b"<x>SECRET/x>");
        assert_eq!(all_of(bytes, Class::Iptc), b"SECRET iptcSECRET 8BIM");
        let exif = all_of(bytes, Class::Exif);
        for part in [&b"SECRET latitude"[..], b"SECRET98", b"SECRET maker note", b"SECRET:time"] {
            assert!(contains(&exif, part), "{}", String::from_utf8_lossy(part));
        }
    }
}

#[test]
fn pages_stay_and_thumbnails_go() {
    for mut source in variants() {
        let first = source.picture(b"the first page");
        source.link(&first);
        for reduced in [(254, 1), (255, 2)] {
            let mut thumbnail = source.picture(b"SECRET thumbnail");
            thumbnail.insert(0, source.short(reduced.0, reduced.1));
            thumbnail.push(text(305, b"SECRET software"));
            source.link(&thumbnail);
        }
        let mut second = source.picture(b"the second page");
        second.insert(0, source.short(254, 2));
        source.link(&second);
        let tail = source.append(b"SECRET tail");
        let out = strip(&source.bytes).expect("a sound source");
        assert!(contains(&out, b"the first page") && contains(&out, b"the second page"));
        assert!(!contains(&out, b"SECRET"));
        assert_eq!(out.len() as u64, tail);
        assert!(contains(&all_of(&source.bytes, Class::Thumbnail), b"SECRET thumbnail"));
        assert_eq!(all_of(&source.bytes, Class::Trailer), b"SECRET tail");
        // Both pages are still linked.
        assert_eq!(strip(&out).expect("still a sound source"), out);
    }
}

#[test]
fn the_first_directory_may_be_a_thumbnail() {
    for mut source in variants() {
        let mut thumbnail = source.picture(b"SECRET thumbnail");
        thumbnail.insert(0, source.short(254, 1));
        source.link(&thumbnail);
        let picture = source.picture(b"the picture");
        source.link(&picture);
        let out = strip(&source.bytes).expect("a sound source");
        assert!(contains(&out, b"the picture") && !contains(&out, b"SECRET"));
        assert_eq!(strip(&out).expect("still a sound source"), out);
    }
}

#[test]
fn strips_may_hold_files_of_their_own() {
    let segment = |marker: u8, body: &[u8]| [&[0xFF, marker, 0, body.len() as u8 + 2], body].concat();
    let jpeg = [
        b"\xFF\xD8".to_vec(),
        segment(0xE1, b"Exif\0\0SECRET exif"),
        segment(0xFE, b"SECRET comment"),
        segment(0xDB, &[1; 65]),
        segment(0xC0, &[8, 0, 2, 0, 4, 1, 1, 0x11, 0]),
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        b"coded samples\xFF\xD9".to_vec(),
        b"SECRET trailer".to_vec(),
    ]
    .concat();
    for mut source in variants() {
        let mut fields = source.picture(&jpeg);
        fields[3] = source.short(259, 7);
        source.link(&fields);
        // Old-style JPEG: the whole file, and a strip inside it.
        let at = source.append(&jpeg);
        let scan = jpeg.windows(5).position(|window| window == b"coded").expect("samples");
        let mut old = source.picture(b"");
        old[3] = source.short(259, 6);
        old[5] = source.long(273, at + scan as u64);
        old[7] = source.long(279, 13);
        old.extend([source.long(513, at), source.long(514, jpeg.len() as u64)]);
        source.link(&old);
        let out = strip(&source.bytes).expect("a sound source");
        assert!(!contains(&out, b"SECRET"));
        assert_eq!(out.windows(15).filter(|window| window == b"coded samples\xFF\xD9").count(), 2);
        assert!(contains(&out, b"\xFF\xFE\0\x10\0\0\0\0"));
        assert_eq!(out.len(), source.bytes.len());
    }
}

#[test]
fn tables_of_old_jpeg_are_kept() {
    let mut source = Source::new(false, false);
    let quantisation = source.append(&[7; 64]);
    let huffman = source.append(&[[0; 15].to_vec(), vec![3], b"abcSECRET".to_vec()].concat());
    let mut fields = source.picture(b"coded samples");
    fields[3] = source.short(259, 6);
    fields.extend([source.long(519, quantisation), source.long(520, huffman), source.long(521, huffman)]);
    source.link(&fields);
    let out = strip(&source.bytes).expect("a sound source");
    assert!(contains(&out, &[7; 64]) && contains(&out, b"\x03abc\0") && contains(&out, b"coded samples"));
}

/// A valid file with one change.
fn check(change: impl Fn(&mut Source, &mut Vec<Field>), expected: &str) {
    for mut source in variants() {
        let mut fields = source.picture(b"samples of a picture");
        change(&mut source, &mut fields);
        source.link(&fields);
        let message = refusal(&source.bytes);
        assert!(message.ends_with(expected), "{message}");
    }
}

#[test]
fn unsupported_files_are_rejected() {
    check(
        |source, fields| fields.push(source.long(50706, 1)),
        "the metadata of a camera raw file cannot be removed; format=jpeg or a size gives its photo without",
    );
    check(
        |source, fields| fields[4] = source.short(262, 32803),
        "the metadata of a camera raw file cannot be removed; format=jpeg or a size gives its photo without",
    );
    check(
        |source, fields| fields.splice(0..0, [source.short(254, 1), source.long(330, 8)]).for_each(drop),
        "no full-size image outside of sub-directories",
    );
    check(|source, fields| fields[3] = source.short(259, 34712), "an unknown compression");
    check(
        |source, fields| {
            fields[3] = source.short(259, 5);
            fields.truncate(7);
        },
        "image data without sizes",
    );
    check(
        |source, fields| {
            fields[3] = source.short(259, 5);
            fields[7] = source.long(279, 0);
        },
        "image data without bytes in the file",
    );
    check(|_, fields| fields.truncate(5), "a directory without image data");
    check(|source, fields| fields[5] = source.short(273, 0), "contradict each other");
}

#[test]
fn private_values_shared_with_the_image_are_rejected() {
    // Text inside the samples: the test writes its offset.
    let mut source = Source::new(false, false);
    let fields = source.picture(b"samples of a picture");
    source.link(&fields);
    let mut bytes = source.bytes.clone();
    let directory = 8 + 20 + 6;
    bytes.splice(directory..directory + 2, [9, 0]);
    let field = [&[0x0E, 0x01, 2, 0, 20, 0, 0, 0][..], &[8, 0, 0, 0]].concat();
    bytes.splice(directory + 2 + 5 * 12..directory + 2 + 5 * 12, field);
    let expected = "damaged TIFF at byte 8: fields that share their bytes in ways that contradict each other";
    assert_eq!(refusal(&bytes), expected);
    // An unknown tag does not reject the file; it is dropped.
    bytes[directory + 2 + 5 * 12] = 0x0C;
    let out = strip(&bytes).expect("a sound source");
    assert!(contains(&out, b"samples of a picture"));
}

#[test]
fn chains_and_counts_are_bounded() {
    for mut source in variants() {
        let fields = source.picture(b"samples of a picture");
        source.link(&fields);
        let first = source.bytes.len() - source.word();
        let at = fields.len();
        // A chain that links back to its start.
        let mut circle = source.bytes.clone();
        let word = source.word();
        let start = if source.is_big { 8 } else { 4 };
        circle.copy_within(start..start + word, first);
        assert!(refusal(&circle).ends_with("a cycle of directories"));
        // A count of fields that is too large.
        let mut many = source.bytes.clone();
        let count_bytes = if source.is_big { 8 } else { 2 };
        let count_at = first - at * (4 + 2 * word) - count_bytes;
        let count = source.number(9, count_bytes);
        many[count_at..count_at + count_bytes].copy_from_slice(&count);
        assert!(refusal(&many).ends_with("a truncated directory"));
        // A directory outside the file.
        let mut outside = source.bytes.clone();
        outside[first..].fill(0x7F);
        assert!(refusal(&outside).ends_with("a directory outside of the file"));
        // No directory.
        let mut none = source.bytes.clone();
        none[start..start + word].fill(0);
        assert!(refusal(&none).ends_with("a file without a directory"));
    }
    let mut huge = Source::new(true, true);
    let fields = huge.picture(b"samples");
    huge.link(&fields);
    let count_at = huge.bytes.len() - 8 - fields.len() * 20 - 8;
    huge.bytes[count_at..count_at + 8].fill(0xFF);
    assert!(refusal(&huge.bytes).ends_with("too many fields"));
}

#[test]
fn a_truncated_source_is_accepted_only_inside_the_image() {
    let mut source = Source::new(false, false);
    let mut fields = source.picture(b"");
    let directory_end = 8 + 6 + 2 + 8 * 12 + 4;
    fields[0] = source.short(256, 100);
    fields[5] = source.long(273, directory_end);
    fields[7] = source.long(279, 100);
    source.link(&fields);
    source.append(&[b'x'; 100]);
    for end in 8..source.bytes.len() {
        let found = strip(&source.bytes[..end]);
        assert_eq!(found.is_ok(), directory_end < end as u64, "cut at {end}");
        assert!(found.is_err() || found.is_ok_and(|out| out.len() == end));
    }
}

/// A file with one strip of 24 bytes at offset 8, followed by a secret.
fn with_sizes(source: &mut Source, sizes: Option<u64>) -> Vec<u8> {
    let mut fields = source.picture(b"samples of a picture.... SECRET");
    fields.truncate(7);
    fields.extend(sizes.map(|size| source.long(279, size)));
    source.link(&fields);
    strip(&source.bytes).expect("a sound source")
}

#[test]
fn strips_end_with_their_samples() {
    for sizes in [None, Some(0), Some(31)] {
        for mut source in variants() {
            let out = with_sizes(&mut source, sizes);
            assert!(contains(&out, b"samples of a picture...."), "{sizes:?}");
            assert!(!contains(&out, b"SECRET"), "{sizes:?}");
            assert_eq!(strip(&out).expect("still a sound source"), out);
        }
    }
    // Decoders show what a strip has.
    let out = with_sizes(&mut Source::new(false, false), Some(20));
    assert!(contains(&out, b"samples of a picture\0\0\0\0"));
}

#[test]
fn sizes_follow_from_the_layout() {
    let check = |fields: &dyn Fn(&Source) -> Vec<Field>, bytes: usize| {
        let mut source = Source::new(false, false);
        let at = source.append(&[b'x'; 4096]);
        let mut all = fields(&source);
        all.extend([source.long(273, at), source.long(279, 4096)]);
        if all.iter().any(|field| field.0 == 322) {
            let tiles = all.len() - 2..;
            all[tiles].iter_mut().for_each(|field| field.0 += 51);
            let last = all.len() - 1;
            all[last].0 = 325;
        }
        all.sort_by_key(|field| field.0);
        source.link(&all);
        let out = strip(&source.bytes).expect("a sound source");
        assert!(contains(&out, &vec![b'x'; bytes]) && !contains(&out, &vec![b'x'; bytes + 1]));
    };
    let size = |source: &Source, w, h| vec![source.short(256, w), source.short(257, h)];
    let with = |mut fields: Vec<Field>, more: Vec<Field>| {
        fields.extend(more);
        fields
    };
    // One bit for each pixel, in whole bytes.
    check(&|source| size(source, 17, 5), 15);
    check(&|source| with(size(source, 17, 5), vec![source.short(258, 8)]), 85);
    check(&|source| with(size(source, 17, 5), vec![source.short(258, 12), source.short(277, 4)]), 510);
    check(&|source| with(size(source, 17, 5), vec![source.short(258, 8), source.short(278, 2)]), 34);
    let planar = |source: &Source| vec![source.short(258, 8), source.short(277, 3), source.short(284, 2)];
    check(&|source| with(size(source, 17, 5), planar(source)), 85);
    let tiles = |source: &Source| vec![source.short(258, 8), source.short(322, 16), source.short(323, 32)];
    check(&|source| with(size(source, 17, 5), tiles(source)), 512);
    // Chroma of half the width and height: 9 by 3 units of 6 bytes, or three bytes for each pixel.
    let chroma = |source: &Source| vec![source.short(258, 8), source.short(262, 6), source.short(277, 3)];
    check(&|source| with(size(source, 17, 5), chroma(source)), 255);
}

#[test]
fn values_have_the_types_and_counts_of_their_tags() {
    let long = b"SECRET, and more than fits in an entry".to_vec();
    for mut source in variants() {
        let mut fields = source.picture(b"samples of a picture");
        fields.extend([
            // A position is one fraction.
            (286, BYTE, long.len() as u64, long.clone()),
            (287, 5, 4, long[..32].to_vec()),
            // Of integers, decoders read as many as there are samples, or one.
            (338, SHORT, 16, [source.number(0, 2).repeat(3), long[..26].to_vec()].concat()),
            (274, SHORT, 16, [source.number(6, 2), long[..30].to_vec()].concat()),
            (301, SHORT, 900, [vec![7; 1536], long.repeat(7)[..264].to_vec()].concat()),
            (347, UNDEFINED, 27, b"\xFF\xD8\xFF\xFE\0\x0FSECRET tables\xFF\xDD\0\x04\0\x08\xFF\xD9".to_vec()),
        ]);
        source.link(&fields);
        let out = strip(&source.bytes).expect("a sound source");
        assert!(!contains(&out, b"SEC"), "{}", String::from_utf8_lossy(&out));
        assert!(contains(&out, &[7; 1536]) && contains(&out, b"\xFF\xDD\0\x04\0\x08\xFF\xD9"));
        assert_eq!(strip(&out).expect("still a sound source"), out);
    }
}

#[test]
fn sensors_in_sub_directories_are_camera_raw_files() {
    for mut source in variants() {
        let sensor = source.directory(&[source.short(262, 32803)]);
        let mut thumbnail = source.picture(b"a thumbnail");
        thumbnail.insert(0, source.short(254, 1));
        thumbnail.push(source.long(330, sensor));
        source.link(&thumbnail);
        let what = "the metadata of a camera raw file cannot be removed; format=jpeg or a size gives its photo without";
        assert_eq!(refusal(&source.bytes), format!("unsupported TIFF: {what}"));
        assert!(safelight_containers::is_camera_raw(&source.bytes));
    }
    let mut source = Source::new(false, false);
    let fields = source.picture(b"samples of a picture");
    source.link(&fields);
    assert!(!safelight_containers::is_camera_raw(&source.bytes));
}
