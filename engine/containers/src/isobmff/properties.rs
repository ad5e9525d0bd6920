//! Properties of images, in items and tracks: those that readers need.

use super::boxes::{BoxSpan, FourCc, Redaction};

/// Properties that are kept as they are: decoder configurations, geometry, colour, layers, and how
/// samples are laid out (ISO/IEC 14496-12, 14496-15, 23008-12, 23001-17, and the AVIF specification).
///
/// Others are names (`udes`, `altt`), dates (`crtt`, `mdft`) or descriptions of the camera (`cmin`, `cmex`).
const KNOWN: &[&FourCc] = &[
    b"av1C", b"hvcC", b"lhvC", b"avcC", b"vvcC", b"evcC", b"ispe", b"pixi", b"pasp", b"clap", b"irot",
    b"imir", b"iscl", b"rloc", b"auxC", b"auxi", b"clli", b"mdcv", b"cclv", b"amve", b"reve", b"ndwt",
    b"lsel", b"a1lx", b"a1op", b"tols", b"oinf", b"ccst", b"uncC", b"cmpd", b"cmpC", b"icef", b"cpat",
    b"splz", b"sbpm", b"disi", b"cloc",
];

/// Names of alpha planes, in MIAF and in HEVC.
const ALPHA: &[&[u8]] = &[b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"];

/// Whether a property is kept.
pub(super) fn is_known(span: BoxSpan, data: &[u8]) -> bool {
    KNOWN.contains(&&span.kind) || Color::read(span, data).is_some()
}

/// Whether a property states that its image is the alpha plane of another.
pub(super) fn is_alpha(span: BoxSpan, data: &[u8]) -> bool {
    let mut fields = span.fields(data);
    matches!(&span.kind, b"auxC" | b"auxi") && fields.version().is_ok() && ALPHA.contains(&fields.text())
}

/// Keeps a property if it is known; others become `free`.
pub(super) fn keep(redaction: &mut Redaction, span: BoxSpan, data: &[u8]) {
    match Color::read(span, data) {
        _ if KNOWN.contains(&&span.kind) => redaction.keep_all(span),
        Some(Color::FourCcd) => redaction.keep_all(span),
        Some(Color::Profile) => {
            redaction.keep_all(span);
            redaction.profiles.push(span.body + 4..span.end);
        }
        None => redaction.free(span),
    }
}

/// The contents of a `colr` box (ISO/IEC 14496-12 section 12.1.5).
enum Color {
    FourCcd,
    Profile,
}

impl Color {
    fn read(span: BoxSpan, data: &[u8]) -> Option<Self> {
        let kind = span.fields(data).four_cc().ok().filter(|_| &span.kind == b"colr")?;
        match &kind {
            b"nclx" | b"nclc" => Some(Self::FourCcd),
            b"prof" | b"rICC" => Some(Self::Profile),
            _ => None,
        }
    }
}
