//! Every byte of a stripped file is accounted for: see [`auditor`].

mod auditor;

use bytes::Bytes;
use safelight_core::{Query, Result, Settings, Step, Transform, testing::Output};
use safelight_strip_exif::StripExif;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Texts that show in files of faults what must not come through.
const SECRETS: &[&str] = &["SECRET48", "HIDDEN", "J. Doe", "0BADCAFE"];

/// Files whose hidden bytes are after the end of coded samples, which only a decoder finds: SECURITY.md states this
/// limit.
const BEHIND_SAMPLES: &[&str] = &["22-strip-png-idat-after-zlib", "png-idat-trailing", "webp-vp8-long"];

fn strip(source: &Bytes) -> Result<Vec<u8>> {
    let step = StripExif.step(&Query::default())?.expect("an empty query gives a strip");
    let Step::Bytes(op) = step else { panic!("a step on bytes") };
    Output::collect(op.start(&Settings::default()), source, 1 << 16).map(|output| output.body())
}

/// Strips and audits files. Returns how many of them could be stripped.
fn audit_all(files: &[PathBuf], check: impl Fn(&Path, &[u8])) -> usize {
    let mut audited = 0;
    let mut faults = Vec::new();
    for path in files {
        match strip(&Bytes::from(fs::read(path).expect("a listed file is there"))) {
            Ok(stripped) => {
                audited += 1;
                check(path, &stripped);
                faults.extend(
                    auditor::audit(&stripped).err().map(|what| format!("{}: {what}", path.display())),
                );
            }
            Err(error) => eprintln!("{}: {error}", path.display()),
        }
    }
    assert!(faults.is_empty(), "{} of {} files:\n{}", faults.len(), files.len(), faults.join("\n"));
    audited
}

#[test]
fn every_byte_of_every_photo_is_accounted_for() {
    let audited = audit_all(&safelight_images::every_file(), |_, _| ());
    eprintln!("{audited} stripped files audited");
    assert!(10 < audited);
}

/// Files that each showed a fault, in a folder beside the photos.
#[test]
fn files_that_showed_faults_hide_nothing() {
    let Some(folder) = safelight_images::corpus().and_then(|corpus| Some(corpus.parent()?.join("faults")))
    else {
        return;
    };
    let mut files = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("a file").path();
            if path.is_dir() { &mut folders } else { &mut files }.push(path);
        }
    }
    let audited = audit_all(&files, |path, stripped| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let has = |secret: &str| stripped.windows(secret.len()).any(|window| window == secret.as_bytes());
        let secret = SECRETS.iter().find(|secret| has(secret));
        let is_limit = BEHIND_SAMPLES.iter().any(|limit| name.starts_with(limit));
        assert!(is_limit || secret.is_none(), "{name}: {secret:?}");
    });
    eprintln!("{audited} of {} files that showed faults audited", files.len());
}

/// Icons, files of JPEG XL and drawings, each with secrets where programs put them.
fn built() -> Vec<(&'static str, Vec<u8>)> {
    let boxed =
        |kind: &[u8; 4], body: &[u8]| [&(8 + body.len() as u32).to_be_bytes(), &kind[..], body].concat();
    let metadata =
        [boxed(b"Exif", b"\0\0\0\0HIDDEN"), boxed(b"xml ", b"HIDDEN"), boxed(b"jbrd", b"HIDDEN")].concat();
    let jxl = [
        b"\0\0\0\x0CJXL \r\n\x87\n".to_vec(),
        boxed(b"ftyp", b"jxl HIDDEN!!jxl "),
        boxed(b"jxll", &[10]),
        metadata.clone(),
        boxed(b"jxlp", b"\0\0\0\0\xFF\x0Asamples"),
        metadata.clone(),
        boxed(b"jxlp", b"\x80\0\0\x01samples"),
        metadata,
    ];
    let png = safelight_images::read("text-chunks.png");
    let bitmap =
        [&[40, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1, 0, 32][..], &[0; 25], &[7; 24], b"HIDDEN"].concat();
    let entry = |length: usize, at: usize| {
        [&[0, 0, 0, 0, 1, 0, 32, 0], &[length as u32, at as u32].map(u32::to_le_bytes).concat()[..]].concat()
    };
    let (first, second) = (38 + 6, 38 + 6 + png.len() + 6);
    let icon = [
        vec![0, 0, 1, 0, 2, 0],
        entry(png.len(), first),
        entry(bitmap.len(), second),
        b"HIDDEN".to_vec(),
        png,
        b"HIDDEN".to_vec(),
        bitmap,
    ];
    let svg = "<?xml version='1.0'?><!-- HIDDEN --><svg xmlns='http://www.w3.org/2000/svg' xmlns:i='http://HIDDEN'>\
        <metadata>HIDDEN</metadata><title>HIDDEN</title><i:data>HIDDEN</i:data><style>@import 'HIDDEN';a{fill:red}</style>\
        <g i:label='HIDDEN' data-name='HIDDEN' id='a' fill='url(#a)'><script>HIDDEN</script><text>a</text></g></svg>";
    vec![("file.jxl", jxl.concat()), ("icon.ico", icon.concat()), ("drawing.svg", svg.into())]
}

#[test]
fn every_byte_of_built_files_is_accounted_for() {
    for (name, source) in built() {
        let stripped = strip(&Bytes::from(source)).expect("a sound file");
        assert_eq!(auditor::audit(&stripped), Ok(()), "{name}");
        assert!(!stripped.windows(6).any(|window| window == b"HIDDEN"), "{name}");
    }
}

/// Drawings in a folder beside the photos.
#[test]
fn every_node_of_drawings_is_accounted_for() {
    let Some(folder) =
        safelight_images::corpus().and_then(|corpus| Some(corpus.parent()?.join("formats/svg")))
    else {
        return;
    };
    let files = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("a file").path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "svg")).collect();
    let audited = audit_all(&files, |_, _| ());
    eprintln!("{audited} of {} drawings audited", files.len());
    assert!(files.len() <= audited + files.len() / 20);
}

/// Damaged samples: a strip that accepts one lets nothing through that is not accounted for.
#[test]
fn every_byte_of_damaged_files_is_accounted_for() {
    const ROUNDS: usize = 300;
    const MAX_BYTES: usize = 130 << 10;
    // The linear congruential generator of Numerical Recipes, with an arbitrary seed.
    let mut state = 0xA0D1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % below
    };
    let mut audited = 0;
    let samples = safelight_images::names().map(|name| (name, safelight_images::read(name)));
    for (name, sample) in samples.chain(built()).filter(|(_, sample)| sample.len() <= MAX_BYTES) {
        for round in 0..ROUNDS {
            let mut damaged = sample.clone();
            for _ in 0..=random(3) {
                let reach = [damaged.len().min(64), damaged.len().min(1024), damaged.len()][random(3)];
                let at = random(reach);
                match random(4) {
                    0 => damaged[at] = [0, 1, 4, 0x7F, 0x80, 0xFF][random(6)],
                    1 => damaged[at] ^= 1 << random(8),
                    2 => drop(damaged.splice(at..at, *b"HIDDEN")),
                    _ => damaged.truncate(at.max(16)),
                }
            }
            if let Ok(stripped) = strip(&Bytes::from(damaged)) {
                audited += 1;
                let result = auditor::audit(&stripped);
                assert_eq!(result, Ok(()), "{name} in round {round}");
            }
        }
    }
    eprintln!("{audited} damaged files audited");
    assert!(ROUNDS < audited);
}

#[test]
fn the_auditor_finds_what_is_hidden() {
    let check = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = strip(&Bytes::from(safelight_images::read(name))).expect("a sound sample");
        assert_eq!(auditor::audit(&file), Ok(()), "{name}");
        change(&mut file);
        assert!(auditor::audit(&file).is_err(), "{name}");
    };
    let comment = |file: &mut Vec<u8>| drop(file.splice(2..2, *b"\xFF\xFE\0\x06name"));
    let trailer = |file: &mut Vec<u8>| file.extend(b"name");
    let in_gap = |file: &mut Vec<u8>| {
        let at = file.windows(64).position(|gap| gap.iter().all(|byte| *byte == 0)).expect("a blanked range");
        file[at + 30..at + 34].copy_from_slice(b"name");
    };
    check("photo.jpg", &comment);
    for name in ["photo.jpg", "text-chunks.png", "animated.gif", "still.webp", "photo.tiff"] {
        check(name, &trailer);
    }
    for name in ["photo.tiff", "photo.avif", "animated.webp"] {
        check(name, &in_gap);
    }
    for (name, source) in built() {
        let mut file = strip(&Bytes::from(source)).expect("a sound file");
        trailer(&mut file);
        assert!(auditor::audit(&file).is_err(), "{name}");
    }
    check("text-chunks.png", &|file| drop(file.splice(33..33, *b"\0\0\0\x04tEXtnamecrc!")));
    check("animated.gif", &|file| drop(file.splice(file.len() - 1.., *b"!\xFE\x04name\0;")));
}
