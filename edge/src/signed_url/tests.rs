//! Valid URLs, and everything else.

use super::*;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const OTHER: &[u8] = b"fedcba9876543210fedcba9876543210";
const NOW: u64 = 1_800_000_000;

fn urls() -> SignedUrls {
    SignedUrls::new([("new", SECRET), ("old", OTHER)]).unwrap()
}

fn signed(path: &str, query: &str, expires: Option<u64>) -> String {
    urls().sign(path, query, expires).unwrap()
}

#[test]
fn signed_urls_are_valid_until_they_expire() {
    for (path, query) in
        [("/a.jpg", ""), ("/a.jpg", "width=300"), ("/caf\u{e9}%20/b", "bg=%23fff&w=3&w=4&flag")]
    {
        let endless = signed(path, query, None);
        assert_eq!(urls().verify(path, &endless, u64::MAX).unwrap().query, query);
        let query_of =
            |now| urls().verify(path, &signed(path, query, Some(NOW)), now).map(|it| (it.query, it.expires));
        assert_eq!(query_of(NOW), Ok((query.to_owned(), Some(NOW))));
        assert_eq!(query_of(NOW + 1), Err(Rejected::Expired));
    }
}

#[test]
fn order_and_encoding_may_change() {
    let query = signed("/caf\u{e9}.jpg", "width=300&blur=2", Some(NOW));
    let mut pairs: Vec<_> = query.split('&').collect();
    pairs.reverse();
    let reordered = pairs.join("&").replace("blur", "%62lur");
    assert_eq!(urls().verify("/caf%C3%A9.jpg", &reordered, NOW).unwrap().query, "%62lur=2&width=300");
}

#[test]
fn every_key_verifies_and_the_first_signs() {
    let old = SignedUrls::new([("old", OTHER)]).unwrap().sign("/a", "width=3", None).unwrap();
    assert!(old.contains("sig=old.") && signed("/a", "", None).starts_with("sig=new."));
    assert!(urls().verify("/a", &old, NOW).is_ok());
    let new = SignedUrls::new([("new", SECRET)]).unwrap();
    assert_eq!(new.verify("/a", &old, NOW), Err(Rejected::UnknownKey));
    let same_id = SignedUrls::new([("old", SECRET)]).unwrap();
    assert_eq!(same_id.verify("/a", &old, NOW), Err(Rejected::Mismatch));
}

#[test]
fn changes_are_rejected() {
    let query = signed("/a/b.jpg", "width=300&blur=2", Some(NOW));
    let check = |path: &str, query: &str, expected: Rejected| {
        assert_eq!(urls().verify(path, query, NOW), Err(expected), "{path}?{query}");
    };
    for path in ["/a/c.jpg", "/a/b.jpg/", "//a/b.jpg", "/A/b.jpg", "/a%252Fb.jpg"] {
        check(path, &query, Rejected::Mismatch);
    }
    for (from, to) in [
        ("width=300", "width=301"),
        ("width=300", "w=300"),
        ("width=300&", ""),
        ("blur=2", "blur=2&blur=2"),
        ("blur=2", "blur=2&height=1"),
        ("blur=2", "blur=2&sIg=1"),
        ("exp=1800000000", "exp=1800000001"),
        ("exp=1800000000&", ""),
    ] {
        check("/a/b.jpg", &query.replace(from, to), Rejected::Mismatch);
    }
    let malformed = |text: &'static str| Rejected::Malformed(text);
    check("/a/b.jpg", "width=300", Rejected::Unsigned);
    check("/a/b.jpg", &format!("{query}&sig=x"), malformed("sig and exp may occur only once"));
    check("/a/b.jpg", &format!("{query}&%73ig=x"), malformed("sig and exp may occur only once"));
    check("/a/b.jpg", &query.replace("sig=new", "sig=NEW"), Rejected::UnknownKey);
    let shape = malformed("sig is not KEY.SIGNATURE, with a signature of 43 characters");
    for sig in ["", "new", "new.", "new.=", "new.!", "new.YQ=="] {
        let rejected = urls().verify("/a", &format!("sig={sig}"), NOW).unwrap_err();
        assert!(rejected == shape || rejected == Rejected::Mismatch, "{sig}: {rejected}");
    }
}

/// Each bit of each signature counts, and so does its length.
#[test]
fn forged_and_truncated_signatures_are_rejected() {
    let query = signed("/a.jpg", "width=300", None);
    let (rest, tag) = query.rsplit_once('.').unwrap();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(tag).unwrap();
    for bit in 0..8 * bytes.len() {
        let mut forged = bytes.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        let forged = format!("{rest}.{}", BASE64_URL_SAFE_NO_PAD.encode(forged));
        assert_eq!(urls().verify("/a.jpg", &forged, NOW), Err(Rejected::Mismatch), "bit {bit}");
    }
    for length in 0..bytes.len() {
        let cut = format!("{rest}.{}", BASE64_URL_SAFE_NO_PAD.encode(&bytes[..length]));
        assert_eq!(urls().verify("/a.jpg", &cut, NOW), Err(Rejected::Mismatch), "{length} bytes");
    }
    let long = format!("{rest}.{}", BASE64_URL_SAFE_NO_PAD.encode([&bytes[..], &[0]].concat()));
    assert_eq!(urls().verify("/a.jpg", &long, NOW), Err(Rejected::Mismatch));
}

#[test]
fn expiry_is_a_plain_number() {
    let check = |value: &str, is_valid: bool| {
        let urls = urls();
        let (_, key) = &urls.keys[0];
        let unsigned = format!("exp={value}");
        let tag = hmac::sign(key, &message("/a", &pairs(&unsigned).unwrap()).unwrap());
        let query = format!("{unsigned}&sig=new.{}", BASE64_URL_SAFE_NO_PAD.encode(tag));
        assert_eq!(urls.verify("/a", &query, NOW).is_ok(), is_valid, "{value}");
    };
    check("1800000000", true);
    check("18446744073709551615", true);
    for value in [
        "",
        "1799999999",
        "%2B1800000000",
        "-1",
        "1e10",
        "1800000000.5",
        "18446744073709551616",
        "+1800000000",
    ] {
        check(value, false);
    }
}

#[test]
fn keys_are_checked() {
    let check = |keys: &[(&str, &[u8])], expected: KeyError| {
        assert_eq!(SignedUrls::new(keys.iter().copied()).unwrap_err(), expected);
    };
    check(&[], KeyError::Missing);
    for id in ["", "a.b", "\u{e4}", "a b", &"a".repeat(33)] {
        check(&[(id, SECRET)], KeyError::Id(id.to_owned()));
    }
    check(&[("a", SECRET), ("a", OTHER)], KeyError::Duplicate("a".to_owned()));
    check(&[("a", &SECRET[1..])], KeyError::Short { id: "a".to_owned(), bytes: 31 });
    assert!(!format!("{:?}", urls()).contains("0123"));
}

#[test]
fn a_query_that_is_signed_already_is_not_signed_again() {
    for query in ["sig=a.b", "exp=1", "%65xp=1"] {
        assert!(matches!(urls().sign("/a", query, None), Err(Rejected::Malformed(_))), "{query}");
    }
}

/// Random changes to random URLs. A change that leaves path and pairs as they were is not one.
#[test]
fn ten_thousand_changed_urls_are_rejected() {
    const LETTERS: &[u8] = b"abz09-_.~%+&=/";
    let mut state = 1_u64;
    let mut random = |below: usize| {
        // Knuth's linear congruential generator (MMIX).
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut rejected = 0;
    while rejected < 10_000 {
        let path = format!("/{}/{}.jpg", random(100), random(100));
        let original = signed(&path, &format!("width={}&x={}", random(4000), random(9)), Some(NOW));
        let url = format!("{path}?{original}");
        let mut changed = url.clone().into_bytes();
        let at = random(changed.len());
        match random(4) {
            0 => changed.truncate(at),
            1 => drop(changed.remove(at)),
            2 => changed.insert(at, LETTERS[random(LETTERS.len())]),
            _ => changed[at] = LETTERS[random(LETTERS.len())],
        }
        let changed = String::from_utf8(changed).unwrap();
        let (changed_path, query) = changed.split_once('?').unwrap_or((&changed, ""));
        let meaning = |path: &str, query: &str| {
            let mut pairs = pairs(query).ok()?;
            let signature = take(&mut pairs, SIGNATURE).ok()?;
            Some((message(path, &pairs).ok()?, signature))
        };
        if meaning(changed_path, query) == meaning(&path, &original) {
            continue;
        }
        assert!(urls().verify(changed_path, query, NOW).is_err(), "{changed} for {url}");
        rejected += 1;
    }
}
