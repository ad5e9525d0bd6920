//! The box `ftyp`: the brands that a file conforms to (ISO/IEC 14496-12 section 4.3).

use super::boxes::{FourCc, outermost};
use bytes::Bytes;

/// The brand of files with a tone-mapped alternative to the image (ISO/IEC 23008-12 section 6.6.2.4).
const TONE_MAP: &FourCc = b"tmap";
/// A brand that every file has that is stripped.
const IMAGE: &FourCc = b"mif1";

/// Brands of images and sequences: ISO/IEC 14496-12 annex E, ISO/IEC 23008-12 section 10, MIAF, AVIF.
const BRANDS: &[&FourCc] = &[
    b"avif", b"avis", b"avio", b"MA1A", b"MA1B", b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"heic",
    b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"avci", b"avcs", b"jpeg", b"jpgs",
    b"j2ki", b"j2is", b"vvic", b"vvis", b"evbi", b"evmi", b"evbs", b"evms", b"MiHB", b"MiHA", b"MiHE",
    b"MiHM", b"MiAB", b"MiAC", b"MiPr", b"MiCm", b"1pic", b"unif", b"pred", b"geo1", b"isom", b"iso2",
    b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"isoa", b"isob", b"isoc", b"mp41",
    b"mp42", b"pict",
];

/// The box `source`, with another brand in the place of those that are unknown, and of the one of tone maps if
/// `has_tone_map` is not set: readers reject a file that has this brand and no tone map.
pub(super) fn rewrite(source: &Bytes, has_tone_map: bool) -> Bytes {
    /// Bytes of the major brand and the minor version, which is no brand.
    const MAJOR_BYTES: usize = 8;
    let Ok(span) = outermost(source) else { return Bytes::new() };
    let is_kept =
        |brand: &[u8]| BRANDS.iter().any(|known| *known == brand) || (has_tone_map && *TONE_MAP == brand);
    let brands = || source[span.body..].chunks_exact(4).enumerate().filter(|(i, _)| *i != 1);
    let other = brands().map(|(_, brand)| brand).find(|brand| is_kept(brand)).unwrap_or(IMAGE);
    let mut bytes = vec![0; source.len()];
    bytes[..span.body].copy_from_slice(&source[..span.body]);
    if let (Some(to), Some(from)) = (
        bytes.get_mut(span.body + 4..span.body + MAJOR_BYTES),
        source.get(span.body + 4..span.body + MAJOR_BYTES),
    ) {
        to.copy_from_slice(from);
    }
    for (i, brand) in brands() {
        let at = span.body + 4 * i;
        bytes[at..at + 4].copy_from_slice(if is_kept(brand) { brand } else { other });
    }
    bytes.into()
}
