//! Profiles of real files.

use crate::{cleaned, colours::convert};
use bytes::Bytes;
use safelight_containers::{Class, Event, Walker};
use safelight_core::Limits;

/// The profiles that `source` carries uncompressed in one piece.
fn profiles(source: Vec<u8>) -> Vec<Vec<u8>> {
    let mut walker = Walker::new(Limits::default());
    walker.push(Bytes::from(source));
    walker.finish();
    let (mut profiles, mut is_profile) = (Vec::new(), false);
    while let Ok(Some(event)) = walker.next() {
        match event {
            Event::Begin(part) => {
                is_profile = part.class == Class::Icc;
                profiles.extend(is_profile.then(Vec::new));
            }
            Event::Payload(bytes) if is_profile => {
                profiles.last_mut().expect("a profile has begun").extend_from_slice(&bytes);
            }
            _ => (),
        }
    }
    profiles.retain(|profile| profile.get(36..40) == Some(b"acsp"));
    profiles
}

#[test]
fn colours_of_real_profiles_stay_to_the_bit() {
    let mut seen = std::collections::BTreeSet::new();
    for path in safelight_images::every_file() {
        for profile in profiles(std::fs::read(&path).expect("a listed file is there")) {
            let is_whole = profile.get(..4) == Some(&(profile.len() as u32).to_be_bytes()[..]);
            if is_whole && seen.insert(profile.clone()) {
                let before = convert(&profile);
                assert!(convert(&cleaned(&profile)) == before, "{}", path.display());
            }
        }
    }
    eprintln!("{} profiles give the same colours", seen.len());
}
