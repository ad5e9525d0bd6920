//! Strips real files: no private metadata is left, and pixels and orientation are unchanged.
//!
//! Other programs check the results: exiftool the metadata, independent decoders the pixels.

mod exiftool;
mod pixels;

use bytes::Bytes;
use safelight_containers::icc;
use safelight_core::{Query, Result, Settings, Step, Transform, testing::Output};
use safelight_strip_exif::StripExif;
use serde_json::{Map, Value};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Tags that exiftool may find in a stripped file, by group 1: structure that the
/// container requires, and values that change the appearance.
const ALLOWED: &[(&str, &str)] = &[
    ("Adobe", "APP14Flags0 APP14Flags1 ColorTransform DCTEncodeVersion"),
    ("ExifTool", "ExifToolVersion Warning"),
    (
        "GIF",
        "AnimationIterations BackgroundColor BitsPerPixel ColorResolutionDepth Duration \
         FrameCount GIFVersion HasColorMap ImageHeight ImageWidth TransparentColor",
    ),
    (
        "IFD0",
        "BitsPerSample Compression ExtraSamples ImageHeight ImageWidth Orientation \
         PhotometricInterpretation PlanarConfiguration Predictor ResolutionUnit RowsPerStrip \
         SampleFormat SamplesPerPixel StripByteCounts StripOffsets SubfileType XResolution \
         YResolution",
    ),
    (
        "ICC-header",
        "CMMFlags ColorSpaceData ConnectionSpaceIlluminant DeviceAttributes ProfileClass \
         ProfileConnectionSpace ProfileFileSignature ProfileVersion RenderingIntent",
    ),
    (
        "ICC_Profile",
        "AToB0 AToB1 AToB2 BToA0 BToA1 BToA2 BlueMatrixColumn BlueTRC ChromaticAdaptation Gamut GrayTRC \
         GreenMatrixColumn GreenTRC Luminance MediaBlackPoint MediaWhitePoint RedMatrixColumn RedTRC",
    ),
    ("JFIF", "JFIFVersion ResolutionUnit XResolution YResolution"),
    ("Meta", "MetaImageSize PrimaryItemReference"),
    (
        "PNG",
        "AnimationFrames AnimationPlays BackgroundColor BitDepth BlueX BlueY ColorType \
         Compression Filter Gamma GreenX GreenY ImageHeight ImageWidth Interlace Palette \
         RedX RedY SRGBRendering SignificantBits Transparency WhitePointX \
         WhitePointY",
    ),
    ("PNG-pHYs", "PixelUnits PixelsPerUnitX PixelsPerUnitY"),
    (
        "QuickTime",
        "AV1ConfigurationVersion AuxiliaryImageType AverageFrameRate BitDepthChroma \
         BitDepthLuma ChromaFormat ChromaSamplePosition CleanAperture ColorPrimaries \
         ColorProfiles CompatibleBrands ConstantFrameRate ConstraintIndicatorFlags CreateDate \
         CurrentTime Duration Free GenProfileCompatibilityFlags GeneralLevelIDC \
         GeneralProfileIDC GeneralProfileSpace GeneralTierFlag HEVCConfigurationVersion \
         HandlerType HighBitDepth ImagePixelDepth ImageSpatialExtent InitialDelaySamples \
         MajorBrand MatrixCoefficients MatrixStructure MediaData MediaDataOffset MediaDataSize \
         MinSpatialSegmentationIDC MinorVersion ModifyDate MovieHeaderVersion NextTrackID \
         NumTemporalLayers ParallelismType PixelAspectRatio PosterTime PreferredRate \
         PreferredVolume PreviewDuration PreviewTime Rotation SelectionDuration SelectionTime \
         SeqLevelIdx0 SeqProfile SeqTier0 TemporalIDNested TimeScale TransferCharacteristics \
         TwelveBit Unknown_free Unknown_imir",
    ),
    (
        "RIFF",
        "AlphaCompression AlphaFiltering AlphaPreprocessing AnimationLoopCount BackgroundColor \
         Duration FrameCount HorizontalScale ImageHeight ImageWidth VP8Version VerticalScale \
         WebP_Flags",
    ),
    (
        "Track",
        "ChunkOffset GraphicsMode HandlerType ImageHeight ImageWidth MatrixStructure \
         MediaCreateDate MediaDuration MediaHeaderVersion MediaLanguageCode MediaModifyDate \
         MediaTimeScale OpColor OtherFormat SampleSizes SampleToChunk SyncSampleTable \
         TimeToSampleTable TrackCreateDate TrackDuration TrackHeaderVersion TrackID TrackLayer \
         TrackModifyDate TrackVolume Unknown_auxi Unknown_auxl Unknown_av1C Unknown_ccst \
         Unknown_colr Unknown_edts Unknown_free Unknown_pasp",
    ),
];

/// Tags of ICC profiles that may stay with this value only.
const NEUTRAL: &[(&str, &[&str])] = &[
    ("ICC-header:DeviceManufacturer", &[""]),
    ("ICC-header:DeviceModel", &[""]),
    ("ICC-header:PrimaryPlatform", &[""]),
    ("ICC-header:ProfileCMMType", &[""]),
    ("ICC-header:ProfileCreator", &[""]),
    ("ICC-header:ProfileDateTime", &["2000:01:01 00:00:00"]),
    ("ICC-header:ProfileID", &["0", "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"]),
    ("ICC_Profile:ProfileCopyright", &[""]),
    ("ICC_Profile:ProfileDescription", &["RGB", "GRAY", "CMYK", "Lab"]),
    ("PNG:ProfileName", &["icc"]),
];

/// Groups of which every tag may stay: what exiftool computes.
const ALLOWED_GROUPS: &[&str] = &["System", "File", "Composite"];

/// Every file, stripped once for all tests.
static STRIPPED: LazyLock<Stripped> = LazyLock::new(Stripped::new);

/// A folder of sources, and a folder of the stripped files under the same names.
struct Stripped {
    sources: PathBuf,
    results: PathBuf,
    _folder: tempfile::TempDir,
}

impl Stripped {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (sources, results) = (folder.path().join("sources"), folder.path().join("results"));
        fs::create_dir(&sources).and_then(|()| fs::create_dir(&results)).expect("the folder takes folders");
        for (number, path) in safelight_images::every_file().iter().enumerate() {
            let name = path.file_name().expect("a file").to_string_lossy().replace(' ', "-");
            let name = format!("{number:03}-{name}");
            let source = Bytes::from(fs::read(path).expect("a listed file is there"));
            match strip(&source) {
                Ok(output) => {
                    fs::write(sources.join(&name), &source).expect("the folder takes files");
                    fs::write(results.join(&name), output.body()).expect("the folder takes files");
                }
                Err(error) => eprintln!("{}: {error}", path.display()),
            }
        }
        Self { sources, results, _folder: folder }
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.results).expect("the folder is there");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("a file").file_name();
        let mut names: Vec<_> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn strip(source: &Bytes) -> Result<Output> {
    let step = StripExif.step(&Query::default())?.expect("an empty query gives a strip");
    let Step::Bytes(op) = step else { panic!("a step on bytes") };
    Output::collect(op.start(&Settings::default()), source, 1 << 16)
}

#[test]
fn only_allowed_tags_are_left_and_every_photo_is_stripped() {
    let read = |folder: &Path| exiftool::read(folder, &["-n", "-u"]);
    let (Some(before), Some(after)) = (read(&STRIPPED.sources), read(&STRIPPED.results)) else { return };
    let mut leaks = Vec::new();
    for name in STRIPPED.names() {
        let (before, after) = (&before[&name], &after[&name]);
        let tags = after.as_object().expect("tags");
        let leaking = tags.iter().filter(|(key, value)| !is_allowed(key, value));
        leaks.extend(leaking.map(|(key, value)| format!("{name}: {key} = {value}")));
        assert_eq!(turn(before), turn(after), "{name}");
    }
    assert!(leaks.is_empty(), "{} tags came through:\n{}", leaks.len(), leaks.join("\n"));
    eprintln!("{} files stripped and read again", STRIPPED.names().len());
}

fn is_allowed(key: &str, value: &Value) -> bool {
    let Some((group, tag)) = key.split_once(':') else { return key == "SourceFile" };
    // Tracks of an image sequence are numbered.
    let group = group.trim_end_matches(|digit: char| digit.is_ascii_digit() && group.starts_with("Track"));
    let is_listed =
        |(allowed, tags): &(&str, &str)| *allowed == group && tags.split(' ').any(|name| name == tag);
    let is_date = ["Track", "QuickTime"].contains(&group) && tag.ends_with("Date");
    let neutral = || NEUTRAL.iter().find(|(neutral, _)| *neutral == key);
    let is_neutral = || {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        neutral().is_some_and(|(_, values)| values.contains(&text.trim()))
    };
    ALLOWED_GROUPS.contains(&group)
        || is_neutral()
        || (ALLOWED.iter().any(is_listed) && (!is_date || value == "0000:00:00 00:00:00"))
}

/// The orientation in a viewer: the EXIF orientation, 1 if there is no valid one, and the
/// rotation that the container states.
fn turn(tags: &Value) -> (u64, Option<&Value>) {
    let orientation = tags.get("IFD0:Orientation").and_then(Value::as_u64);
    let valid = orientation.filter(|value| (1..=8).contains(value));
    (valid.unwrap_or(1), tags.get("QuickTime:Rotation"))
}

/// exiftool skips bytes between progressive scans, for example; a search does not.
#[test]
fn no_secret_of_a_sample_is_left() {
    let has =
        |bytes: &[u8], secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    for name in safelight_images::names() {
        let source = Bytes::from(safelight_images::read(name));
        let stripped = strip(&source).expect("our own samples are sound").body();
        for secret in safelight_images::SECRETS {
            assert!(!has(&stripped, secret), "{name}: {secret}");
        }
    }
}

#[test]
fn icc_profiles_keep_their_colours_only() {
    let read = |folder: &Path| exiftool::read(folder, &["-b", "-ICC_Profile"]);
    let (Some(before), Some(after)) = (read(&STRIPPED.sources), read(&STRIPPED.results)) else { return };
    let profile = |tags: &Map<String, Value>, name: &str| {
        let tags = tags.get(name)?.as_object()?;
        let (_, value) = tags.iter().find(|(key, _)| key.ends_with(":ICC_Profile"))?;
        let base64 = value.as_str()?.strip_prefix("base64:")?;
        Some(
            base64::Engine::decode(&base64::prelude::BASE64_STANDARD, base64)
                .expect("exiftool writes base64"),
        )
    };
    let mut profiles = 0;
    for name in STRIPPED.names() {
        let expected = profile(&before, &name).and_then(|profile| icc::without_identity(&profile));
        profiles += usize::from(expected.is_some());
        assert!(expected == profile(&after, &name), "{name}");
    }
    assert!(0 < profiles);
    eprintln!("{profiles} profiles have their colours and no names");
}

#[test]
fn every_sample_stays_as_it_is() {
    let names = STRIPPED.names();
    let next = AtomicUsize::new(0);
    let alike = AtomicUsize::new(0);
    let compare = || {
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            let before = pixels::decode(&STRIPPED.sources.join(name));
            let after = pixels::decode(&STRIPPED.results.join(name));
            assert!(before.as_ref().ok() == after.as_ref().ok(), "{name} looks different");
            match before {
                Ok(_) => drop(alike.fetch_add(1, Ordering::Relaxed)),
                Err(error) => {
                    eprintln!("{name} cannot be decoded, neither before the strip nor after: {error}");
                }
            }
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(compare))));
    let alike = alike.into_inner();
    eprintln!("{alike} files decode to the same samples");
    assert!(10 < alike);
}

#[test]
fn a_strip_of_a_strip_changes_nothing() {
    for name in STRIPPED.names() {
        let once = Bytes::from(fs::read(STRIPPED.results.join(&name)).expect("a file"));
        let twice = strip(&once).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(twice.body() == once, "{name}");
    }
}
