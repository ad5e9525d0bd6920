//! The edge, which reads `params.json`, parses queries as the registry does.

mod common;

use common::Random;
use safelight_core::ParamKind;
use safelight_edge::normalize::{Config, Normalizer};
use safelight_registry::{REGISTRY, TRANSFORMS};

const ACCEPTS: [&str; 8] = [
    "",
    "*/*",
    "image/webp",
    "image/avif,image/webp,*/*;q=0.8",
    "IMAGE/AVIF;q=0",
    "text/html, image/webp;q=0.1",
    "image/avif;q=0.5,image/webp;q=0.9",
    "image/webp;q=0.1,image/jpeg",
];

/// Returns a value for a parameter, valid in most cases.
fn value(kind: ParamKind, random: &mut Random) -> String {
    match (random.below(8), kind) {
        // The edge does not know which other spellings of a text mean the same.
        (0, ParamKind::Text { .. }) => {
            (*random.one_of(&["", "-1", "1e3", "nonsense", "%FF", "5 ", "+5"])).to_owned()
        }
        (0, _) => (*random.one_of(&["", "auto", "0", "-1", "1e3", "nonsense", "true", "%FF", "5 ", "+5"]))
            .to_owned(),
        (_, ParamKind::Flag | ParamKind::FlagOr(_)) => {
            (*random.one_of(&["true", "TRUE", "yes", "false", "1", "all"])).to_owned()
        }
        (_, ParamKind::Integer { max, .. }) => {
            let fraction = random.one_of(&["", "", ".4"]);
            format!("{}{}{fraction}", random.one_of(&["", "0", "000"]), random.within(1, max))
        }
        (1 | 2, ParamKind::IntegerOr { words, .. }) => cased(words, random),
        (_, ParamKind::IntegerOr { max, .. }) => random.within(1, max).to_string(),
        (_, ParamKind::Decimal { .. }) => {
            (*random.one_of(&["1", "1.0", "01.50", "2.5", "2.50001", "3."])).to_owned()
        }
        (1 | 2, ParamKind::Negotiated { .. }) => {
            cased(&["auto", "best", "best-avif", "best-avif-webp"], random)
        }
        (_, ParamKind::Angle { .. }) => {
            (*random.one_of(&["0", "90", "-90", "450", "180.0", "45"])).to_owned()
        }
        (_, ParamKind::Colour) => {
            (*random.one_of(&["ff8800", "#F80", "Red", "rgb(1 2 3 / 50%)", "f"])).to_owned()
        }
        (3, ParamKind::OneOf { synonyms, .. } | ParamKind::Negotiated { synonyms, .. })
            if !synonyms.is_empty() =>
        {
            cased(&[random.one_of(synonyms).0], random)
        }
        (_, ParamKind::OneOf { words, .. } | ParamKind::Negotiated { words, .. }) => cased(words, random),
        (_, ParamKind::Text { example, canonical, .. }) => canonical(example).unwrap_or_default(),
    }
}

fn cased(words: &[&str], random: &mut Random) -> String {
    let word = *random.one_of(words);
    if random.below(2) == 0 { word.to_owned() } else { word.to_uppercase() }
}

/// Returns pairs of a query, some of which have no effect.
fn pairs(random: &mut Random) -> Vec<String> {
    let params: Vec<_> = TRANSFORMS.iter().flat_map(|transform| transform.params()).collect();
    let mut pairs = Vec::new();
    for _ in 0..random.below(7) {
        let param = *random.one_of(&params);
        let names: Vec<_> = [param.key].into_iter().chain(param.aliases.iter().copied()).collect();
        let name = *random.one_of(&names);
        let name = if random.below(10) == 0 {
            format!("%{:02x}{}", name.as_bytes()[0], &name[1..])
        } else {
            name.to_owned()
        };
        let value = value(param.kind, random);
        let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        pairs.push(format!("{name}={value}"));
    }
    for tracker in ["utm_source=a%26b", "X-Amz-Date=5", "", "Expires=", "fbclid"] {
        if random.below(4) == 0 {
            pairs.insert(random.below(pairs.len() as u32 + 1) as usize, tracker.to_owned());
        }
    }
    pairs
}

#[test]
fn canonical_queries_are_those_of_the_registry() {
    let normalizer = Normalizer::new(&Config::default()).unwrap();
    let mut random = Random(20_261_122);
    let (mut right, mut wrong) = (0, 0);
    for _ in 0..20_000 {
        let mut pairs = pairs(&mut random);
        let raw = pairs.join("&");
        let accept = *random.one_of(&ACCEPTS);
        let found = normalizer.normalize(&raw, accept).unwrap();
        let again = normalizer.normalize(&found.query, accept).unwrap();
        assert_eq!(again.query, found.query, "{raw} is not settled");
        match REGISTRY.query(&raw, accept) {
            Ok(query) => {
                right += 1;
                assert_eq!(found.query, query.to_string(), "{raw} with {accept}");
                assert_eq!(found.is_negotiated, query.is_negotiated, "{raw} with {accept}");
                pairs.reverse();
                let reversed = normalizer.normalize(&pairs.join("&"), accept).unwrap();
                assert_eq!(reversed, found, "{raw} in another order");
            }
            Err(error) => {
                wrong += 1;
                let origins = REGISTRY.query(&found.query, accept).unwrap_err();
                assert_eq!(origins.to_string(), error.to_string(), "{raw}");
            }
        }
    }
    // Neither kind is an exception.
    assert!(right > 4_000 && wrong > 4_000, "{right} right and {wrong} wrong queries");
}

#[test]
fn text_is_passed_on_in_its_own_spelling() {
    let normalizer = Normalizer::new(&Config::default()).unwrap();
    let check = |raw: &str, right: bool| {
        let found = normalizer.normalize(raw, "").unwrap().query;
        let [here, there] =
            [raw, found.as_str()].map(|raw| REGISTRY.query(raw, "").map(|query| query.to_string()));
        assert_eq!(here.is_ok(), right, "{raw}");
        assert_eq!(
            here.map_err(|error| error.to_string()),
            there.map_err(|error| error.to_string()),
            "{raw}"
        );
    };
    check("crop=008,8,100,060", true);
    check("crop=0.1000,0,.5,1", true);
    check("g=NORTH-east", true);
    check("g=CENTER", true);
    check("bg=FfAa00", true);
    check("bg=ffaa00FF", true);
    check("crop=1,2,3", false);
    check("g=%00%ff", false);
    check(&format!("crop=0,0,1,0.{}", "1".repeat(200)), true);
    check(&format!("crop={}", "[".repeat(2_000)), false);
}
