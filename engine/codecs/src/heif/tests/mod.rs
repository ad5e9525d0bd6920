//! Do independent decoders give the same samples? Files of the corpus, and of the folders beside it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod y4m;

use super::{Frames, OpenedHeif, planes::Plane, still::Still};
use bytes::Bytes;
use safelight_core::{Detection, Format, Frame, Limits, Model, Samples, Stop};
use std::{
    fs,
    path::{Path, PathBuf},
};
use y4m::Y4m;

/// The files of `folder`, beside the corpus; none without it.
fn files(folder: &str) -> Vec<PathBuf> {
    let Some(folder) = safelight_images::corpus().and_then(|corpus| Some(corpus.parent()?.join(folder)))
    else {
        return Vec::new();
    };
    let mut files = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
            if path.is_dir() {
                folders.push(path);
            } else if ["avif", "avifs", "heic", "heif"].iter().any(|known| extension == *known) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn open(path: &Path) -> safelight_core::Result<OpenedHeif> {
    let bytes = Bytes::from(fs::read(path).unwrap());
    let Detection::Known(format) = Format::detect(&bytes) else {
        panic!("{} is of no format", path.display())
    };
    OpenedHeif::new(format, &bytes, None, &Limits::default())
}

/// The largest difference of samples, and their mean difference; `None` if the planes have other sizes.
fn difference(ours: &[Plane], theirs: &[Plane]) -> Option<(u16, f64)> {
    let (mut most, mut sum, mut count) = (0, 0_u64, 0_u64);
    if ours.len() != theirs.len() {
        return None;
    }
    for (ours, theirs) in ours.iter().zip(theirs) {
        let values = |plane: &Plane| match &plane.samples {
            Samples::U8(samples) => samples.iter().copied().map(u16::from).collect::<Vec<_>>(),
            Samples::U16(samples) => samples.clone(),
        };
        for (a, b) in values(ours).into_iter().zip(values(theirs)) {
            let difference = a.abs_diff(b);
            (most, sum, count) = (difference.max(most), sum + u64::from(difference), count + 1);
        }
        if ours.size != theirs.size {
            return None;
        }
    }
    Some((most, sum as f64 / count as f64))
}

/// Compares the planes of all stills of `folders`, except those named, with those of another decoder. Returns the names
/// and the differences of those that it decodes to planes.
fn differences(folders: &[&str], except: &[&str]) -> Vec<(String, Option<(u16, f64)>)> {
    let mut differences = Vec::new();
    for path in folders.iter().copied().flat_map(files) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let opened = open(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let Frames::Still(still) = &opened.frames else { continue };
        if except.contains(&name.as_str()) {
            continue;
        }
        let Some(planes) = still.planes(&Stop::default()) else { continue };
        let planes = planes.unwrap_or_else(|error| panic!("{name}: {error}")).planes;
        let Some(theirs) = Y4m::of(&path) else { continue };
        let ours = if theirs.is_turned {
            planes.into_iter().map(|plane| turned(plane, still)).collect()
        } else {
            planes
        };
        differences.push((name, difference(&ours, &theirs.planes)));
    }
    differences
}

/// The plane after the rotations and mirrors of `still`.
fn turned(plane: Plane, still: &Still) -> Plane {
    let frame = Frame::whole(plane.size, Model::Grey, plane.samples);
    let frame = frame.turn(still.orientation.into()).unwrap();
    let [plane] = <[_; 1]>::try_from(frame.planes).unwrap();
    Plane { size: plane.size, samples: plane.samples }
}

#[test]
fn planes_of_av1_are_those_of_dav1d() {
    // Debian's libavif ignores the order of tiles.
    let except = ["sofa_grid1x5_420_reversed_dimg_order.avif"];
    let found = differences(&["corpus/avif", "formats/avif", "formats/libavif"], &except);
    for (name, difference) in &found {
        assert_eq!(*difference, Some((0, 0.0)), "{name}");
    }
}

/// libheif expands limited range, and computes RGB in between, which cuts some colours.
#[test]
fn planes_of_hevc_are_those_of_libde265() {
    let photos = ["IMG_5195.HEIC", "iphone_13_pro_max.HEIC"];
    let found = differences(&["corpus/exif-samples/heic"], &[]);
    for (name, difference) in found.iter().filter(|(name, _)| photos.contains(&name.as_str())) {
        assert!(difference.is_some_and(|(_, mean)| mean < 0.1), "{name}: {difference:?}");
    }
}
