//! XMP packets.

use super::{CITY, CREATOR, NOTE};

/// Prefixes and names of all namespaces used here.
const NAMESPACES: [(&str, &str); 10] = [
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("exif", "http://ns.adobe.com/exif/1.0/"),
    ("photoshop", "http://ns.adobe.com/photoshop/1.0/"),
    ("xmp", "http://ns.adobe.com/xap/1.0/"),
    ("xmpNote", "http://ns.adobe.com/xmp/note/"),
    ("hdrgm", "http://ns.adobe.com/hdr-gain-map/1.0/"),
    ("GCamera", "http://ns.google.com/photos/1.0/camera/"),
    ("Container", "http://ns.google.com/photos/1.0/container/"),
    ("Item", "http://ns.google.com/photos/1.0/container/item/"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
];

/// Returns a packet with the photographer, the place, the program, and the properties in `more`.
pub(in crate::generate) fn packet(more: &str) -> String {
    let own = [
        property("exif:GPSLatitude", "46,17.028N"),
        property("exif:GPSLongitude", "13,51.42E"),
        property("exif:GPSAltitude", "5258/10"),
        property("photoshop:City", CITY),
        property("dc:creator", &format!("<rdf:Seq><rdf:li>{CREATOR}</rdf:li></rdf:Seq>")),
        property("xmp:CreateDate", "2026-06-21T20:41:07+02:00"),
        property("xmp:CreatorTool", "Darkroom 1.4.2"),
    ]
    .concat();
    // U+FEFF marks the encoding (XMP part 1, 7.3.2).
    let begin = "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n";
    format!("{begin}{}<?xpacket end=\"w\"?>", description(&(own + more)))
}

/// Returns the rest of a packet that is too large for one segment (XMP part 3, 1.1.3.1).
pub(in crate::generate) fn extension() -> String {
    let prints = format!("<rdf:li>{NOTE}</rdf:li>\n").repeat(24);
    description(&property("dc:subject", &format!("<rdf:Bag>\n{prints}</rdf:Bag>")))
}

/// Returns the reference to an extension whose MD5 in hexadecimal is `digest`.
pub(in crate::generate) fn has_extension(digest: &str) -> String {
    property("xmpNote:HasExtendedXMP", digest)
}

/// Returns the properties that announce a motion photo's video of `length` bytes (Android, Motion Photo
/// 1.0).
pub(in crate::generate) fn motion(length: usize) -> String {
    let flags = property("GCamera:MotionPhoto", "1") + &property("GCamera:MotionPhotoVersion", "1");
    flags
        + &property("GCamera:MotionPhotoPresentationTimestampUs", "500000")
        + &directory(("video/mp4", "MotionPhoto", length))
}

/// Returns the properties that announce a gain map of `length` bytes (Android, Ultra HDR 1.1).
pub(in crate::generate) fn gain_map(length: usize) -> String {
    property("hdrgm:Version", "1.0") + &directory(("image/jpeg", "GainMap", length))
}

/// Returns the parameters of a gain map.
pub(in crate::generate) fn gain_map_parameters() -> String {
    let range = [("hdrgm:GainMapMin", "0"), ("hdrgm:GainMapMax", "2"), ("hdrgm:HDRCapacityMax", "2")];
    property("hdrgm:Version", "1.0") + &range.map(|(name, value)| property(name, value)).concat()
}

/// Returns the parts of a file: the image, and `second` as MIME type, meaning and length.
fn directory(second: (&str, &str, usize)) -> String {
    let item = |(mime, semantic, length)| {
        let item = format!("Item:Mime=\"{mime}\" Item:Semantic=\"{semantic}\" Item:Length=\"{length}\"");
        format!("\n    <rdf:li rdf:parseType=\"Resource\"><Container:Item {item}/></rdf:li>")
    };
    let items = item(("image/jpeg", "Primary", 0)) + &item(second);
    property("Container:Directory", &format!("<rdf:Seq>{items}</rdf:Seq>"))
}

fn property(name: &str, value: &str) -> String {
    format!("   <{name}>{value}</{name}>\n")
}

fn description(properties: &str) -> String {
    let namespaces = NAMESPACES.map(|(prefix, name)| format!("\n    xmlns:{prefix}=\"{name}\"")).concat();
    format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n <rdf:RDF{namespaces}>\n  <rdf:Description rdf:about=\"\">\n\
         {properties}  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n"
    )
}
