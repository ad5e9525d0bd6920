//! Independent programs check responses: each has the stated format, and no private metadata.

mod common;

use bytes::Bytes;
use common::{answer, judge};
use std::{
    fs,
    path::{Path, PathBuf},
};

const FORMATS: [&str; 5] = ["jpeg", "png", "webp", "avif", "gif"];

/// The side of the box that every image is fitted into. It is small because AVIF is slow.
const SIDE: u32 = 64;

/// A response in a file.
struct Made {
    format: &'static str,
    /// More than one for an animation.
    frames: u32,
    path: PathBuf,
}

/// Samples that are also made translucent.
const TRANSLUCENT: [&str; 4] = ["photo.jpg", "text-chunks.png", "animated.gif", "animated.webp"];

/// Samples that are animations, and their frames.
const ANIMATED: [(&str, u32); 3] = [("animated.gif", 4), ("animated.png", 3), ("animated.webp", 4)];

/// Every sample in every format.
fn made(folder: &Path) -> Vec<Made> {
    let mut made = Vec::new();
    for name in safelight_images::names() {
        let source = Bytes::from(safelight_images::read(name));
        let sides = format!("width={SIDE}&height={SIDE}");
        let translucent = TRANSLUCENT.contains(&name).then(|| format!("{sides}&fit=pad&background=33669980"));
        for (number, change) in [Some(sides), translucent].into_iter().flatten().enumerate() {
            for format in FORMATS {
                let raw = format!("{change}&format={format}");
                let answer = answer(&raw, &source).unwrap_or_else(|error| panic!("{name}?{raw}: {error}"));
                assert_eq!(answer.content_type(), format!("image/{format}"), "{name}?{raw}");
                let path = folder.join(format!("{}-{number}.{format}", name.replace('.', "-")));
                fs::write(&path, answer.body()).expect("the folder takes files");
                let frames = ANIMATED.iter().find(|(animated, _)| *animated == name);
                let frames = frames.filter(|_| ["gif", "png", "webp"].contains(&format));
                made.push(Made { format, frames: frames.map_or(1, |(_, frames)| *frames), path });
            }
        }
    }
    assert!(120 <= made.len(), "only {} answers", made.len());
    made
}

/// Tags that exiftool may find, by group 1: what a container cannot be without, and what is computed.
const ALLOWED: &[(&str, &str)] = &[
    ("ExifTool", "ExifToolVersion"),
    ("JFIF", "JFIFVersion ResolutionUnit XResolution YResolution"),
    (
        "PNG",
        "AnimationFrames AnimationPlays BitDepth ColorType Compression Filter ImageHeight ImageWidth Interlace Palette SRGBRendering \
         Transparency",
    ),
    (
        "GIF",
        "AnimationIterations BackgroundColor BitsPerPixel ColorResolutionDepth Duration FrameCount GIFVersion \
         HasColorMap ImageHeight ImageWidth TransparentColor",
    ),
    (
        "RIFF",
        "AlphaCompression AlphaFiltering AlphaIsUsed AlphaPreprocessing AnimationLoopCount BackgroundColor \
         Duration FrameCount HorizontalScale ImageHeight ImageWidth VP8Version VerticalScale WebP_Flags",
    ),
    ("Meta", "MetaImageSize PrimaryItemReference"),
    (
        "QuickTime",
        "AV1ConfigurationVersion AuxiliaryImageType ChromaFormat ChromaSamplePosition ColorPrimaries \
         ColorProfiles CompatibleBrands HandlerType HighBitDepth ImagePixelDepth ImageSpatialExtent \
         InitialDelaySamples MajorBrand MatrixCoefficients MediaData MediaDataOffset MediaDataSize MinorVersion \
         SeqLevelIdx0 SeqProfile SeqTier0 TransferCharacteristics TwelveBit VideoFullRangeFlag",
    ),
];

/// Groups of what exiftool computes or reads from the folder.
const ALLOWED_GROUPS: &[&str] = &["System", "File", "Composite"];

#[test]
fn no_metadata_is_left_in_any_format() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = made(folder.path());
    let has =
        |bytes: &[u8], secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    for Made { path, .. } in &made {
        let bytes = fs::read(path).expect("it was written");
        for secret in safelight_images::SECRETS {
            assert!(!has(&bytes, secret), "{}: {secret}", path.display());
        }
    }
    let Some(mut exiftool) = safelight_images::program("exiftool") else { return };
    exiftool.args(["-j", "-a", "-u", "-n", "-G1", "-q", "-ext", "*"]).arg(folder.path());
    let output = exiftool.output().expect("exiftool starts");
    let files: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_slice(&output.stdout).expect("exiftool prints JSON");
    assert_eq!(files.len(), made.len());
    let leaks = files.iter().flat_map(|tags| {
        let leaks = tags.iter().filter(|(key, _)| !is_allowed(key));
        leaks.map(|(key, value)| format!("{}: {key} = {value}", tags["SourceFile"]))
    });
    let leaks: Vec<_> = leaks.collect();
    assert!(leaks.is_empty(), "{} tags:\n{}", leaks.len(), leaks.join("\n"));
    eprintln!("exiftool found nothing in {} files", files.len());
}

fn is_allowed(key: &str) -> bool {
    let Some((group, tag)) = key.split_once(':') else { return key == "SourceFile" };
    let is_listed =
        |(allowed, tags): &(&str, &str)| *allowed == group && tags.split_whitespace().any(|name| name == tag);
    ALLOWED_GROUPS.contains(&group) || ALLOWED.iter().any(is_listed)
}

#[test]
fn other_programs_confirm_every_format() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let python = safelight_images::python_with_pillow();
    for Made { format, frames, path } in made(folder.path()) {
        let check = |program, args: &[&str], expected: &str| {
            let Some((is_content, text)) = judge::run(program, args, &path) else { return };
            assert!(is_content, "{program} {args:?} {}: {text}", path.display());
            assert!(text.contains(expected), "{program} {args:?} {} says {text}", path.display());
        };
        check("file", &["--brief", "--mime-type"], &format!("image/{format}"));
        match format {
            "jpeg" => check("djpeg", &["-outfile", "/dev/null"], ""),
            // Of an animation it decodes nothing.
            "webp" if 1 < frames => check("webpinfo", &[], "No error detected"),
            "webp" => {
                check("webpinfo", &[], "No error detected");
                check("dwebp", &["-o", "/dev/null"], "");
            }
            "avif" => check("avifdec", &["--info"], "Image decoded"),
            _ => (),
        }
        // No release of Pillow that is in use everywhere reads AVIF.
        if let Some(python) = python.filter(|_| format != "avif") {
            check(python, &["-c", PILLOW], &format!("{} {frames} ", format.to_uppercase()));
        }
    }
}

/// Decodes every frame; says format, number of frames and size.
const PILLOW: &str = "
import sys
from PIL import Image, ImageSequence
with Image.open(sys.argv[1]) as image:
    frames = [frame.convert('RGBA').size for frame in ImageSequence.Iterator(image)]
    print(image.format, len(frames), *image.size)
";
