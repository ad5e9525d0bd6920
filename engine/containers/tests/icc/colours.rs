//! The colours that a profile gives are those that its copy gives, by two colour engines.

use crate::{build::Source, cleaned};
use moxcms::{ColorProfile, DataColorSpace, Layout, RenderingIntent, TransformOptions};
use std::{fs, process::Command};

/// Every fifth value of three or four channels, and the largest.
fn samples(channels: u32) -> Vec<u8> {
    let values: Vec<u8> = (0..=255).step_by(if channels == 4 { 51 } else { 17 }).collect();
    let count = values.len().pow(channels);
    (0..count)
        .flat_map(|i| (0..channels).map(move |channel| (i, channel)))
        .map(|(i, channel)| values[i / values.len().pow(channel) % values.len()])
        .collect()
}

/// The colours that `profile` gives to all samples with each intent; `None` where it has no such conversion.
pub(crate) fn convert(profile: &[u8]) -> Option<Vec<Option<Vec<u8>>>> {
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    let (layout, channels) = match profile.color_space {
        DataColorSpace::Gray => (Layout::Gray, 1),
        DataColorSpace::Cmyk => (Layout::Rgba, 4),
        _ => (Layout::Rgb, 3),
    };
    let to = if channels == 1 { Layout::Gray } else { Layout::Rgb };
    let source = samples(channels);
    let intents = [
        RenderingIntent::Perceptual,
        RenderingIntent::RelativeColorimetric,
        RenderingIntent::Saturation,
        RenderingIntent::AbsoluteColorimetric,
    ];
    let convert = |rendering_intent| {
        let options = TransformOptions { rendering_intent, ..TransformOptions::default() };
        let target =
            if channels == 1 { ColorProfile::new_gray_with_gamma(2.2) } else { ColorProfile::new_srgb() };
        let transform = profile.create_transform_8bit(layout, &target, to, options).ok()?;
        let mut out = vec![0; source.len() / channels as usize * if channels == 1 { 1 } else { 3 }];
        transform.transform(&source, &mut out).ok().map(|()| out)
    };
    Some(intents.map(convert).to_vec())
}

/// Profiles of the colour engine, and our own.
fn profiles() -> Vec<(&'static str, Vec<u8>)> {
    let encoded = |profile: ColorProfile| profile.encode().expect("a valid profile");
    vec![
        ("sRGB", encoded(ColorProfile::new_srgb())),
        ("Display P3", encoded(ColorProfile::new_display_p3())),
        ("Adobe RGB", encoded(ColorProfile::new_adobe_rgb())),
        ("ProPhoto RGB", encoded(ColorProfile::new_pro_photo_rgb())),
        ("BT.2020 PQ", encoded(ColorProfile::new_bt2020_pq())),
        ("grey", encoded(ColorProfile::new_gray_with_gamma(1.8))),
        ("display", Source::display().build()),
        ("press", Source::press().build()),
        ("scanner", Source::scanner().build()),
    ]
}

#[test]
fn colours_stay_to_the_bit() {
    for (name, profile) in profiles() {
        let before = convert(&profile).unwrap_or_else(|| panic!("{name} is read"));
        assert!(before.iter().any(Option::is_some), "{name} has a conversion");
        assert!(convert(&cleaned(&profile)) == Some(before), "{name}");
    }
}

/// littlecms, in Pillow, converts an image of every sample.
const SCRIPT: &str = r"
import sys
from PIL import Image, ImageCms
srgb = ImageCms.createProfile('sRGB')
for before, after, mode, samples in zip(*[iter(sys.argv[1:])] * 4):
    data = open(samples, 'rb').read()
    channels = {'L': 1, 'RGB': 3, 'CMYK': 4}[mode]
    image = Image.frombytes(mode, (len(data) // channels, 1), data)
    for intent in range(4):
        try:
            expected = ImageCms.profileToProfile(image, before, srgb, renderingIntent=intent, outputMode='RGB')
        except ImageCms.PyCMSError:
            expected = None
        try:
            found = ImageCms.profileToProfile(image, after, srgb, renderingIntent=intent, outputMode='RGB')
        except ImageCms.PyCMSError:
            found = None
        if (expected and expected.tobytes()) != (found and found.tobytes()):
            sys.exit(f'{before}: other colours with intent {intent}')
        print('none' if expected is None else 'same')
";

#[test]
fn littlecms_sees_the_same_colours() {
    let has_pillow = |python: &&str| {
        let output = Command::new(python).args(["-c", "from PIL import ImageCms"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let Some(python) = ["python3", "/usr/bin/python3"].into_iter().find(has_pillow) else {
        return safelight_images::skip("Pillow", "Python package pillow");
    };
    let mut python = Command::new(python);
    let folder = tempfile::tempdir().expect("a temporary folder");
    python.args(["-c", SCRIPT]);
    for (name, profile) in profiles() {
        let (mode, channels) = match &profile[16..20] {
            b"GRAY" => ("L", 1),
            b"CMYK" => ("CMYK", 4),
            _ => ("RGB", 3),
        };
        let write = |kind: &str, bytes: &[u8]| {
            let path = folder.path().join(format!("{name}.{kind}"));
            fs::write(&path, bytes).expect("the folder takes files");
            path
        };
        python.arg(write("icc", &profile)).arg(write("cleaned.icc", &cleaned(&profile))).arg(mode);
        python.arg(write("samples", &samples(channels)));
    }
    let output = python.output().expect("python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let same = String::from_utf8_lossy(&output.stdout).lines().filter(|line| *line == "same").count();
    assert!(profiles().len() <= same, "littlecms converted only {same} times");
}
