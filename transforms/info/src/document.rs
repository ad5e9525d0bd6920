//! The document: what the picture is, its metadata by block, and what a strip removes.

use crate::{blocks::Blocks, facts::Facts};
use safelight_containers::{TiffFields, locate_tiff, read_orientation};
use safelight_core::{Limits, Orientation};
use safelight_formats::Format;
use safelight_metadata::{
    exif::{Exif, Position},
    icc, iptc, xmp,
};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the document is written from.
pub(crate) struct Parts<'a> {
    pub(crate) format: Format,
    /// Bytes of the source, if they are known.
    pub(crate) length: Option<u64>,
    /// Whether the whole source was read.
    pub(crate) is_complete: bool,
    pub(crate) facts: &'a Facts,
    /// The whole source of a format that does not stream, else empty.
    pub(crate) source: &'a [u8],
    /// Whether private metadata are shown.
    pub(crate) shows_all: bool,
    pub(crate) limits: &'a Limits,
}

/// The response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    file: File<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exif: Option<Exif<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gps: Option<Position>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    xmp: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    iptc: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icc: Option<icc::Description>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    text: BTreeMap<&'a str, Vec<&'a str>>,
    c2pa: Presence,
    extras: Extras,
    /// Bytes of what a strip removes or rewrites, by its kind.
    removed: &'a BTreeMap<&'static str, u64>,
    /// Names of metadata that are not shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<String>,
    /// Blocks that are damaged or too large.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<&'static str>,
    /// Whether the whole source was read: if not, there may be more metadata.
    complete: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    format: &'static str,
    mime_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(flatten)]
    facts: &'a Facts,
    /// EXIF orientation, 1 to 8, with which the picture is shown.
    orientation: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_height: Option<u32>,
}

#[derive(Serialize)]
struct Presence {
    present: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Extras {
    gain_map: bool,
    motion_photo: bool,
    multi_picture: bool,
    trailer_bytes: u64,
}

/// Writes the document as JSON.
pub(crate) fn write(parts: &Parts<'_>, blocks: &mut Blocks) -> Vec<u8> {
    let mut unreadable = std::mem::take(&mut blocks.too_large);
    let exif_block = if parts.format == Format::Tiff { Vec::new() } else { blocks.take_exif() };
    let block = if parts.format == Format::Tiff { parts.source } else { &exif_block[..] };
    let exif = match block {
        [] => None,
        block => Exif::read(block, parts.limits, parts.shows_all).map_err(|_| unreadable.push("exif")).ok(),
    };
    let mut withheld = Vec::new();

    let all_xmp = read_xmp(parts, blocks, &mut unreadable);
    let is_set = |space: &str, name: &str| {
        all_xmp.get(space).and_then(|space| space.get(name)).is_some_and(|value| value != 0 && value != "0")
    };
    let extras = Extras {
        gain_map: blocks.has_gain_map || is_set("hdrgm", "Version"),
        motion_photo: is_set("GCamera", "MotionPhoto") || is_set("GCamera", "MicroVideo"),
        multi_picture: blocks.has_mpf,
        trailer_bytes: blocks.trailer_bytes,
    };
    let has_gps = exif.as_ref().is_some_and(Exif::has_place);
    if has_gps && !parts.shows_all {
        withheld.push("gps".to_owned());
    }
    let xmp = shown(all_xmp, "xmp", parts.shows_all, &mut withheld);
    let iptc = iptc::read(iptc_block(parts, blocks));
    let iptc = if parts.shows_all {
        iptc
    } else {
        withheld.extend(iptc.keys().map(|name| format!("iptc.{name}")));
        Map::new()
    };
    let mut text = BTreeMap::<_, Vec<_>>::new();
    for (key, value) in &blocks.texts {
        if parts.shows_all {
            text.entry(key.as_str()).or_default().push(value.as_str());
        } else {
            withheld.push(format!("text.{}", if is_plain(key) { key } else { "unknown" }));
        }
    }
    withheld.dedup();

    let profile = tiff_field(parts, tag::ICC).unwrap_or(&blocks.icc);
    let icc = icc::Description::read(profile).map(|mut icc| {
        if !parts.shows_all && !icc.has_known_name() && icc.profile_description.take().is_some() {
            withheld.push("icc.profileDescription".to_owned());
        }
        icc
    });
    let orientation = parts
        .facts
        .orientation
        .unwrap_or_else(|| locate_tiff(block).and_then(read_orientation).unwrap_or(Orientation::UPRIGHT));
    let displayed = parts.facts.displayed(orientation);
    let document = Document {
        file: File {
            format: parts.format.name(),
            mime_type: parts.format.mime(),
            bytes: parts.length,
            facts: parts.facts,
            orientation: orientation.get(),
            display_width: displayed.map(|(width, _)| width),
            display_height: displayed.map(|(_, height)| height),
        },
        gps: exif.as_ref().and_then(Exif::position),
        exif,
        xmp,
        iptc,
        icc,
        text,
        c2pa: Presence { present: blocks.has_c2pa },
        extras,
        removed: &blocks.removed,
        withheld,
        unreadable,
        complete: parts.is_complete,
    };
    serde_json::to_vec(&document).expect("all keys are strings, and no value fails to serialise")
}

/// Tags of a TIFF's first directory with blocks of metadata.
mod tag {
    pub(super) const XMP: u16 = 700;
    pub(super) const IPTC: u16 = 33_723;
    pub(super) const PHOTOSHOP: u16 = 34_377;
    pub(super) const ICC: u16 = 34_675;
}

fn tiff_field<'a>(parts: &Parts<'a>, tag: u16) -> Option<&'a [u8]> {
    let fields = TiffFields::new(parts.source).filter(|_| parts.format == Format::Tiff)?;
    fields.bytes(tag).filter(|bytes| bytes.len() as u64 <= parts.limits.max_metadata_bytes)
}

/// The properties of the packet, and of the rest of it.
fn read_xmp(parts: &Parts<'_>, blocks: &Blocks, unreadable: &mut Vec<&'static str>) -> Map<String, Value> {
    let mut all = Map::new();
    for packet in [tiff_field(parts, tag::XMP).unwrap_or(&blocks.xmp), &blocks.extended_xmp] {
        if packet.is_empty() {
            continue;
        }
        let Some(spaces) = xmp::read(packet) else {
            unreadable.push("xmp");
            continue;
        };
        for (space, properties) in spaces {
            let Value::Object(known) = all.entry(space).or_insert_with(|| Map::new().into()) else {
                continue;
            };
            if let Value::Object(properties) = properties {
                known.extend(properties);
            }
        }
    }
    all
}

fn iptc_block<'a>(parts: &Parts<'a>, blocks: &'a Blocks) -> &'a [u8] {
    tiff_field(parts, tag::IPTC).or_else(|| tiff_field(parts, tag::PHOTOSHOP)).unwrap_or(&blocks.iptc)
}

/// The properties that may be shown.
fn shown(
    all: Map<String, Value>,
    block: &str,
    shows_all: bool,
    withheld: &mut Vec<String>,
) -> Map<String, Value> {
    if shows_all {
        return all;
    }
    let mut shown = Map::new();
    for (space, properties) in all {
        let Value::Object(properties) = properties else { continue };
        let (harmless, private): (Map<_, _>, Map<_, _>) =
            properties.into_iter().partition(|(name, value)| is_harmless(&space, name, value));
        let name = |name: &str| {
            if is_plain(&space) && is_plain(name) {
                format!("{block}.{space}.{name}")
            } else {
                format!("{block}.unknown")
            }
        };
        withheld.extend(private.keys().map(|key| name(key)));
        if !harmless.is_empty() {
            shown.insert(space, harmless.into());
        }
    }
    shown
}

/// Whether every viewer may see a property.
fn is_harmless(space: &str, name: &str, value: &Value) -> bool {
    (space, name) == ("xmp", "Rating") && value.is_i64()
}

/// Whether a name has the form of one that a program defines, so that it does not tell about people.
fn is_plain(name: &str) -> bool {
    name.len() <= 64 && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_. ".contains(letter))
}
