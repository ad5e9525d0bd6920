//! Properties of pictures, which items and tracks have in common: which are needed to show them.

use super::boxes::{BoxSpan, Code, Draft};

/// Properties that are kept as they are: decoder configurations, geometry, colour, layers, and how
/// samples are laid out (ISO/IEC 14496-12, 14496-15, 23008-12, 23001-17, and the AVIF specification).
///
/// Others name things (`udes`, `altt`), date them (`crtt`, `mdft`) or describe the camera (`cmin`, `cmex`).
const KNOWN: &[&Code] = &[
    b"av1C", b"hvcC", b"lhvC", b"avcC", b"vvcC", b"evcC", b"ispe", b"pixi", b"pasp", b"clap", b"irot",
    b"imir", b"iscl", b"rloc", b"auxC", b"auxi", b"clli", b"mdcv", b"cclv", b"amve", b"reve", b"ndwt",
    b"lsel", b"a1lx", b"a1op", b"tols", b"oinf", b"ccst", b"uncC", b"cmpd", b"cmpC", b"icef", b"cpat",
    b"splz", b"sbpm", b"disi", b"cloc",
];

/// Names of auxiliary pictures that are transparency, by MIAF and by HEVC.
const ALPHA: &[&[u8]] = &[b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"];

/// Whether a property is one that is kept.
pub(super) fn is_known(span: BoxSpan, data: &[u8]) -> bool {
    KNOWN.contains(&&span.kind) || Color::read(span, data).is_some()
}

/// Whether a property says that its picture is the transparency of another.
pub(super) fn is_alpha(span: BoxSpan, data: &[u8]) -> bool {
    let mut fields = span.fields(data);
    matches!(&span.kind, b"auxC" | b"auxi") && fields.version().is_ok() && ALPHA.contains(&fields.text())
}

/// Keeps a property if it is known, and a box of its size if not.
pub(super) fn keep(draft: &mut Draft, span: BoxSpan, data: &[u8]) {
    match Color::read(span, data) {
        _ if KNOWN.contains(&&span.kind) => draft.keep_all(span),
        Some(Color::Coded) => draft.keep_all(span),
        Some(Color::Profile) => {
            draft.keep_all(span);
            draft.profiles.push(span.body + 4..span.end);
        }
        None => draft.free(span),
    }
}

/// What a `colr` box holds (ISO/IEC 14496-12 section 12.1.5).
enum Color {
    Coded,
    Profile,
}

impl Color {
    fn read(span: BoxSpan, data: &[u8]) -> Option<Self> {
        let kind = span.fields(data).code().ok().filter(|_| &span.kind == b"colr")?;
        match &kind {
            b"nclx" | b"nclc" => Some(Self::Coded),
            b"prof" | b"rICC" => Some(Self::Profile),
            _ => None,
        }
    }
}
