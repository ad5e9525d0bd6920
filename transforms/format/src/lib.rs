#![doc = include_str!("../README.md")]

use safelight_core::{
    BEST, Chroma, Compression, Encode, Format as ImageFormat, Param, ParamKind, Query, Result, Step,
    Transform,
};

const FORMAT: Param = Param {
    key: "format",
    aliases: &["f"],
    kind: ParamKind::Negotiated {
        words: &["jpeg", "png", "webp", "avif", "gif"],
        synonyms: &[("jpg", "jpeg")],
        auto: &[(ImageFormat::Avif.mime(), "auto-avif"), (ImageFormat::Webp.mime(), "webp")],
    },
    default: None,
    doc: "format of the response; auto is AVIF or WebP if Accept prefers it, else the format of the source if every client shows it, else JPEG or PNG; best is the smallest of those that the client accepts",
};

const QUALITY: Param = Param {
    key: "quality",
    aliases: &["q"],
    kind: ParamKind::IntegerOr { min: 1, max: 100, words: &["auto"] },
    default: None,
    doc: "quality of a lossy response; by default 80, and 50 for AVIF; auto chooses it for the image",
};

const PROGRESSIVE: Param = Param {
    key: "progressive",
    aliases: &[],
    kind: ParamKind::Flag,
    default: None,
    doc: "encodes JPEG progressively, so that the whole image is visible early",
};

const COMPRESSION: Param = Param {
    key: "compression",
    aliases: &[],
    kind: ParamKind::OneOf { words: &["lossy", "near-lossless", "lossless"], synonyms: &[] },
    default: None,
    doc: "what WebP and PNG may lose; by default nothing of a source with a palette, and nothing in PNG without a quality",
};

const MAX_BYTES: Param = Param {
    key: "maxBytes",
    aliases: &[],
    kind: ParamKind::Integer { min: 100, max: 100_000_000, unit: "bytes" },
    default: None,
    doc: "most bytes of the response, reached by a lower quality",
};

const EFFORT: Param = Param {
    key: "effort",
    aliases: &[],
    kind: ParamKind::Integer { min: 0, max: Encode::MAX_EFFORT as u32, unit: "" },
    default: None,
    doc: "time that WebP, AVIF and PNG take for fewer bytes: 0 is the fastest, 9 the smallest",
};

const ALPHA_QUALITY: Param = Param {
    key: "alphaQuality",
    aliases: &[],
    kind: ParamKind::Integer { min: 0, max: 100, unit: "" },
    default: None,
    doc: "quality of alpha in lossy WebP and AVIF; by default lossless in WebP, and the quality in AVIF",
};

const CHROMA: Param = Param {
    key: "chroma",
    aliases: &[],
    kind: ParamKind::OneOf { words: &["420", "444"], synonyms: &[("4:2:0", "420"), ("4:4:4", "444")] },
    default: None,
    doc: "resolution of colour in JPEG; by default 420 below quality 90, else 444",
};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Format;

impl Transform for Format {
    fn name(&self) -> &'static str {
        "format"
    }

    fn params(&self) -> &'static [Param] {
        &[FORMAT, QUALITY, PROGRESSIVE, COMPRESSION, MAX_BYTES, EFFORT, ALPHA_QUALITY, CHROMA]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let word = query.get(FORMAT.key).unwrap_or_default();
        let (format, animated_format) = formats(word).unwrap_or_default();
        let candidates = candidates(word);
        let is_best = !candidates.is_empty();
        let integer = |key| query.integer(key).and_then(|value| u8::try_from(value).ok());
        let options = Encode {
            format,
            animated_format,
            candidates,
            quality: integer(QUALITY.key),
            auto_quality: query.get(QUALITY.key).map_or(is_best, |quality| quality == "auto"),
            progressive: query.flag(PROGRESSIVE.key),
            compression: query.get(COMPRESSION.key).and_then(compression),
            max_bytes: query.integer(MAX_BYTES.key),
            effort: integer(EFFORT.key),
            alpha_quality: integer(ALPHA_QUALITY.key),
            chroma: query.get(CHROMA.key).and_then(chroma),
            ..Encode::default()
        };
        let must_encode = options != Encode::default();
        let universal = is_best || word == "auto";
        let patch = Box::new(move |encode: &mut Encode| {
            *encode = Encode { background: encode.background, universal, ..options };
        });
        Ok(if must_encode {
            Some(Step::Encode(patch))
        } else {
            universal.then_some(Step::EncodeIfDecoding(patch))
        })
    }
}

/// The output formats for a still image and, where it differs, for an animation.
fn formats(word: &str) -> Option<(Option<ImageFormat>, Option<ImageFormat>)> {
    if word == "auto-avif" {
        // AVIF would lose all frames except the first, and the client did not choose it by name. Every browser
        // that shows AVIF shows WebP.
        return Some((Some(ImageFormat::Avif), Some(ImageFormat::Webp)));
    }
    if let Some(types) = word.strip_prefix(BEST) {
        let animated_format = types.ends_with("-webp").then_some(ImageFormat::Webp);
        return Some((None, animated_format));
    }
    ImageFormat::from_word(word).map(|format| (Some(format), None))
}

/// The formats of which the smallest output is chosen. Every client shows JPEG and PNG.
fn candidates(word: &str) -> &'static [ImageFormat] {
    use ImageFormat::{Avif, Jpeg, Png, Webp};
    match word {
        BEST => &[Jpeg, Png],
        "best-avif" => &[Avif, Jpeg, Png],
        "best-webp" => &[Webp, Jpeg, Png],
        "best-avif-webp" => &[Avif, Webp, Jpeg, Png],
        _ => &[],
    }
}

fn compression(word: &str) -> Option<Compression> {
    match word {
        "lossy" => Some(Compression::Lossy),
        "near-lossless" => Some(Compression::NearLossless),
        "lossless" => Some(Compression::Lossless),
        _ => None,
    }
}

fn chroma(word: &str) -> Option<Chroma> {
    match word {
        "420" => Some(Chroma::Half),
        "444" => Some(Chroma::Full),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(raw: &str, accept: &str) -> Result<Query> {
        Query::parse(raw, accept, Format.params())
    }

    fn encode(raw: &str, accept: &str) -> Option<Encode> {
        match Format.step(&query(raw, accept).unwrap()).unwrap()? {
            Step::Encode(patch) | Step::EncodeIfDecoding(patch) => {
                let mut encode = Encode::default();
                patch(&mut encode);
                Some(encode)
            }
            _ => panic!("{raw} is not a patch"),
        }
    }

    #[test]
    fn words_are_formats() {
        let check = |raw, accept, expected: (Option<ImageFormat>, Option<ImageFormat>)| {
            let found = encode(raw, accept).unwrap();
            assert_eq!((found.format, found.animated_format), expected, "{raw} for {accept}");
            let others = Encode { format: None, animated_format: None, ..found };
            assert_eq!(others, Encode::default(), "{raw}");
        };
        let avif = (Some(ImageFormat::Avif), Some(ImageFormat::Webp));
        check("format=jpeg", "", (Some(ImageFormat::Jpeg), None));
        check("format=JPG", "", (Some(ImageFormat::Jpeg), None));
        check("f=PNG", "", (Some(ImageFormat::Png), None));
        check("format=WebP", "image/avif", (Some(ImageFormat::Webp), None));
        check("format=avif", "", (Some(ImageFormat::Avif), None));
        check("f=gif", "", (Some(ImageFormat::Gif), None));
        check("f=auto-avif", "", avif);
        check("f=Auto", "image/webp,image/avif", avif);
        check("f=auto", "image/webp,image/avif;q=0.1", (Some(ImageFormat::Webp), None));
        check("f=auto", "text/html,image/webp,*/*", (Some(ImageFormat::Webp), None));
    }

    #[test]
    fn every_format_that_can_be_encoded_has_a_word() {
        let ParamKind::Negotiated { words, synonyms, auto } = FORMAT.kind else {
            panic!("auto is negotiated")
        };
        assert!(words.iter().all(|word| formats(word).is_some()));
        for word in ImageFormat::all().filter_map(ImageFormat::word) {
            assert!(words.contains(&word), "{word}");
        }
        assert!(synonyms.iter().all(|(_, word)| words.contains(word)));
        assert!(auto.iter().all(|(_, word)| formats(word).is_some()));
        for word in safelight_core::best_words(auto) {
            let formats = candidates(&word);
            assert!(formats.len() == word.matches('-').count() + 2, "{word}: {formats:?}");
        }
    }

    #[test]
    fn auto_without_a_named_type_requests_a_format_that_every_client_shows() {
        for accept in ["", "*/*", "image/*", "image/avif;q=0,image/jpeg", "image/webp;q=0.1,image/jpeg"] {
            let found = query("format=auto", accept).unwrap();
            assert_eq!((found.to_string().as_str(), found.is_negotiated), ("format=auto", true), "{accept}");
            let step = Format.step(&found).unwrap();
            assert!(matches!(step, Some(Step::EncodeIfDecoding(_))), "{accept}");
        }
        let expected = Encode { quality: Some(7), universal: true, ..Encode::default() };
        assert_eq!(encode("f=auto&q=7", "").unwrap(), expected);
    }

    #[test]
    fn quality_is_validated() {
        let check = |raw, expected| {
            let found = encode(raw, "").unwrap();
            assert_eq!((found.format, found.quality), (None, Some(expected)), "{raw}");
        };
        check("quality=1", 1);
        check("q=100", 100);
        check("q=080", 80);
        assert_eq!(query("f=JPEG&q=080", "").unwrap().to_string(), "format=jpeg&quality=80");
    }

    #[test]
    fn an_automatic_quality_and_the_best_format_are_left_to_the_encode() {
        use ImageFormat::{Avif, Jpeg, Png, Webp};
        let auto = Encode { auto_quality: true, ..Encode::default() };
        assert_eq!(encode("quality=Auto", "").unwrap(), auto);
        let check = |raw, accept, candidates, animated_format, auto_quality| {
            let found = encode(raw, accept).unwrap();
            let options = Encode { candidates, animated_format, auto_quality, ..Encode::default() };
            let expected = Encode { universal: true, quality: found.quality, ..options };
            assert_eq!(found, expected, "{raw} for {accept}");
        };
        check("f=best", "*/*", &[Jpeg, Png], None, true);
        check("f=best", "image/webp", &[Webp, Jpeg, Png], Some(Webp), true);
        check("f=best", "image/avif", &[Avif, Jpeg, Png], None, true);
        check("f=best&q=auto", "image/avif,image/webp", &[Avif, Webp, Jpeg, Png], Some(Webp), true);
        check("f=best&q=60", "", &[Jpeg, Png], None, false);
        assert!(query("f=best", "image/avif").unwrap().is_negotiated);
    }

    #[test]
    fn every_word_and_number_becomes_an_option() {
        let check = |raw: &str, expected| assert_eq!(encode(raw, ""), Some(expected), "{raw}");
        for (word, compression) in [
            ("lossy", Compression::Lossy),
            ("Near-Lossless", Compression::NearLossless),
            ("lossless", Compression::Lossless),
        ] {
            let expected = Encode { compression: Some(compression), ..Encode::default() };
            check(&format!("compression={word}"), expected);
        }
        for (word, chroma) in [("420", Chroma::Half), ("444", Chroma::Full), ("4:4:4", Chroma::Full)] {
            check(&format!("chroma={word}"), Encode { chroma: Some(chroma), ..Encode::default() });
        }
        check("maxBytes=50000", Encode { max_bytes: Some(50_000), ..Encode::default() });
        check("effort=9", Encode { effort: Some(9), ..Encode::default() });
        check("effort=0", Encode { effort: Some(0), ..Encode::default() });
        check("alphaQuality=0", Encode { alpha_quality: Some(0), ..Encode::default() });
        let error = query("effort=10", "").unwrap_err();
        assert_eq!(error.message, "effort: expected an integer from 0 to 9, got \"10\"");
    }

    #[test]
    fn progressive_is_a_flag() {
        assert!(encode("progressive=TRUE", "").unwrap().progressive);
        assert!(encode("progressive=1", "").unwrap().progressive);
        assert!(!encode("quality=7&progressive=no", "").unwrap().progressive);
        assert!(encode("progressive=false", "").is_none());
    }

    #[test]
    fn an_invalid_value_is_reported_with_the_expected_form() {
        let check = |raw, expected| assert_eq!(query(raw, "").unwrap_err().message, expected);
        check("quality=0", "quality: expected an integer from 1 to 100, or auto, got \"0\"");
        check("q=101", "quality: expected an integer from 1 to 100, or auto, got \"101\"");
        check("q=high", "quality: expected an integer from 1 to 100, or auto, got \"high\"");
        check("f=bmp", "format: expected one of auto, best, jpeg, png, webp, avif, gif, got \"bmp\"");
    }
}
