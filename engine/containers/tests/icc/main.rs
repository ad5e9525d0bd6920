//! ICC profiles lose their identities and keep their colours, to the bit.

mod build;
mod colours;
mod found;

use build::{SECRET, Source};
use safelight_containers::icc::without_identity;

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The copy of a valid profile, with the properties that every copy has.
fn cleaned(profile: &[u8]) -> Vec<u8> {
    let copy = without_identity(profile).expect("a profile");
    assert_eq!(copy.len(), profile.len());
    assert_eq!(without_identity(&copy).as_deref(), Some(&copy[..]), "a copy of a copy is the same");
    copy
}

fn sources() -> [Source; 3] {
    [Source::display(), Source::press(), Source::scanner()]
}

/// The names of the tags of a profile.
fn tags(profile: &[u8]) -> Vec<String> {
    let count = u32::from_be_bytes(profile[128..132].try_into().expect("four bytes")) as usize;
    let entries = profile[132..].chunks(12).take(count);
    entries.map(|entry| String::from_utf8_lossy(&entry[..4]).into_owned()).collect()
}

#[test]
fn names_and_numbers_go() {
    for source in sources() {
        let copy = cleaned(&source.build());
        assert!(!contains(&copy, b"SEC"), "{}", String::from_utf8_lossy(&copy));
        assert!(!contains(&copy, b"S\0E"), "{}", String::from_utf8_lossy(&copy));
        // The date is that of no calibration.
        assert_eq!(copy[24..36], [7, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(copy[64..68], [0, 0, 0, 1]);
    }
}

#[test]
fn tags_that_define_colours_stay() {
    let kept = |source: Source| tags(&cleaned(&source.build())).join(" ");
    assert_eq!(kept(Source::display()), "desc cprt wtpt rXYZ gXYZ bXYZ rTRC gTRC bTRC");
    assert_eq!(kept(Source::press()), "desc cprt A2B0 A2B1 B2A0");
    assert_eq!(kept(Source::scanner()), "desc cprt A2B0 D2B0");
}

#[test]
fn the_description_is_the_colour_space() {
    for (source, name) in [(Source::display(), "R\0G\0B\0"), (Source::press(), "C\0M\0Y\0K\0")] {
        let copy = cleaned(&source.build());
        assert!(contains(
            &copy,
            &[b"enUS\0\0\0", &[name.len() as u8][..], b"\0\0\0\x1C\0", &name.as_bytes()[..5]].concat()
        ));
    }
    // The type of version 2, and an element without room.
    let mut old = Source::display();
    old.tags[0].1 = [&b"desc\0\0\0\0\0\0\0\x0CSECRET name\0"[..], &[0; 78]].concat();
    assert!(contains(&cleaned(&old.build()), b"desc\0\0\0\0\0\0\0\x04RGB\0\0\0\0\0"));
    old.tags[0].1 = b"desc\0\0\0\0\0\0\0\x07SECRET".to_vec();
    assert_eq!(tags(&cleaned(&old.build()))[0], "cprt");
}

#[test]
fn texts_that_share_bytes_with_colours_are_dropped() {
    let mut profile = Source::display().build();
    let entry = |profile: &[u8], name: &[u8]| {
        let found = profile[132..].windows(4).position(|window| window == name);
        132 + found.expect("a tag")
    };
    let (text, curve) = (entry(&profile, b"desc"), entry(&profile, b"rTRC"));
    profile.copy_within(curve + 4..curve + 12, text + 4);
    let copy = cleaned(&profile);
    assert_eq!(tags(&copy)[0], "cprt");
    assert!(contains(&copy, b"curv\0\0\0\0\0\0\0\x03\0\0\x40\0\xFF\xFF\0"));
}

#[test]
fn what_is_no_profile_of_an_image_is_rejected() {
    let check = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut profile = Source::display().build();
        change(&mut profile);
        assert_eq!(without_identity(&profile), None);
    };
    check(&|profile| profile.truncate(131));
    check(&|profile| profile.resize(safelight_containers::icc::MAX_BYTES + 1, 0));
    check(&|profile| profile[36] = b'b');
    check(&|profile| profile[12..16].copy_from_slice(b"nmcl"));
    check(&|profile| profile[12..16].copy_from_slice(b"link"));
    check(&|profile| profile[16..20].copy_from_slice(b"SECR"));
    check(&|profile| profile[20..24].copy_from_slice(b"RGB "));
    check(&|profile| profile[68..72].copy_from_slice(b"SECR"));
    check(&|profile| profile[..4].copy_from_slice(&[0, 0, 0, 131]));
    check(&|profile| profile[128] = 1);
    assert_eq!(without_identity(&SECRET.repeat(100)), None);
}

#[test]
fn bytes_after_the_stated_size_are_blanked() {
    let profile = Source::display().build();
    let copy = cleaned(&[&profile[..], b"SECRET trailer"].concat());
    assert_eq!(copy, [&cleaned(&profile)[..], &[0; 14]].concat());
    // A profile that was cut keeps what it has.
    let cut = cleaned(&profile[..profile.len() - 40]);
    assert_eq!(cut[..4], (cut.len() as u32).to_be_bytes());
    assert_eq!(tags(&cut).join(" "), "desc cprt wtpt rXYZ gXYZ bXYZ rTRC gTRC");
}

#[test]
fn damage_is_survived() {
    // The linear congruential generator of Numerical Recipes, with an arbitrary seed.
    let mut state = 0x1CC_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % below
    };
    for source in sources() {
        let profile = source.build();
        (0..profile.len()).for_each(|end| drop(without_identity(&profile[..end])));
        for _ in 0..3000 {
            let mut damaged = profile.clone();
            for _ in 0..=random(4) {
                let at = random(damaged.len());
                damaged[at] = [0, 1, 4, 0x7F, 0x80, 0xFF][random(6)];
            }
            if let Some(copy) = without_identity(&damaged) {
                assert_eq!(copy.len(), damaged.len());
                assert_eq!(without_identity(&copy), Some(copy));
            }
        }
    }
}

#[test]
fn tables_that_refer_to_themselves_are_bounded() {
    // A chain of elements, each of which has a curve for each of many channels, all at one place.
    let mut source = Source::new(b"scnr", b"RGB ", b"Lab ");
    let curve = [&b"curf\0\0\0\0\xFF\xFF\0\0"[..], &[0; 4096]].concat();
    let set =
        [&b"cvst\0\0\0\0\xFF\xFF\xFF\xFF"[..], &[0, 0, 0, 0, 0, 0, 16, 0].repeat(0xFFFF), &curve].concat();
    let count = 10_000_u32;
    let at = 16 + 8 * count;
    let position = [at.to_be_bytes(), (set.len() as u32).to_be_bytes()].concat();
    let chain =
        [&b"mpet\0\0\0\0\0\x03\0\x03"[..], &count.to_be_bytes(), &position.repeat(count as usize), &set]
            .concat();
    source.tag(b"D2B0", &chain);
    assert_eq!(tags(&cleaned(&source.build())).join(" "), "desc cprt");
}
