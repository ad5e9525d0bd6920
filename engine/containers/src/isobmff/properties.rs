//! Properties of images, in items and tracks: those that readers need.

use super::boxes::{BoxSpan, FourCc, Redaction};
use crate::icc;

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

/// Keeps a property if it is known, up to its last field; others become `free`.
pub(super) fn keep(redaction: &mut Redaction, span: BoxSpan, data: &[u8]) {
    match Color::read(span, data) {
        _ if KNOWN.contains(&&span.kind) => redaction.keep_first(span, bytes(span, data)),
        Some(Color::FourCcd(bytes)) => redaction.keep_first(span, bytes),
        Some(Color::Profile) => {
            let range = span.body + Color::KIND_BYTES..span.end;
            match data.get(range.clone()).and_then(icc::without_identity) {
                Some(profile) => {
                    redaction.keep_first(span, Color::KIND_BYTES);
                    redaction.put(range.start, &profile);
                    redaction.profiles.push(range);
                }
                None => redaction.free(span),
            }
        }
        None => redaction.free(span),
    }
}

/// The bytes of the contents of a known property, as far as its length is fixed.
fn bytes(span: BoxSpan, data: &[u8]) -> usize {
    let mut fields = span.fields(data);
    match &span.kind {
        b"irot" | b"imir" | b"a1op" => 1,
        b"lsel" => 2,
        b"clli" => 4,
        b"pasp" | b"ccst" | b"amve" => 8,
        b"ispe" | b"iscl" | b"rloc" => 12,
        b"mdcv" => 24,
        b"clap" => 32,
        // The number of channels, and a byte for each.
        b"pixi" => fields.bytes(4).and_then(|_| fields.u8()).map_or(4, |channels| 5 + usize::from(channels)),
        // Three sizes, of two or four bytes.
        b"a1lx" => fields.u8().map_or(1, |flags| if flags & 1 == 0 { 7 } else { 13 }),
        // The name of an alpha plane; what may follow it depends on the codec, and no reader needs it.
        b"auxC" | b"auxi" => fields.version().map_or(4, |_| {
            let name = fields.text();
            4 + if ALPHA.contains(&name) { name.len() + 1 } else { 0 }
        }),
        _ => usize::MAX,
    }
}

/// The contents of a `colr` box (ISO/IEC 14496-12 section 12.1.5).
enum Color {
    /// Numbers of a list, with their length in bytes, that of the kind included.
    FourCcd(usize),
    Profile,
}

impl Color {
    /// Bytes of the kind that the contents begin with.
    const KIND_BYTES: usize = 4;

    fn read(span: BoxSpan, data: &[u8]) -> Option<Self> {
        let kind = span.fields(data).four_cc().ok().filter(|_| &span.kind == b"colr")?;
        match &kind {
            b"nclx" => Some(Self::FourCcd(11)),
            b"nclc" => Some(Self::FourCcd(10)),
            b"prof" | b"rICC" => Some(Self::Profile),
            _ => None,
        }
    }
}
