//! Redaction: the tags with places, and those that identify a camera or a person.

use crate::names::name;
use exif::{Context, Tag};

/// The names of redacted tags: places, owners, serial numbers, unique numbers, free text, and blocks in other
/// formats, which may contain any of these.
const PRIVATE: &[&str] = &[
    "Artist",
    "BodySerialNumber",
    "CameraLabel",
    "CameraOwnerName",
    "CameraSerialNumber",
    "Copyright",
    "DNGPrivateData",
    "DocumentName",
    "GPSTag",
    "HostComputer",
    "IPTCNAA",
    "ImageDescription",
    "ImageHistory",
    "ImageID",
    "ImageNumber",
    "ImageResources",
    "ImageUniqueID",
    "LensSerialNumber",
    "MakerNote",
    "NewRawImageDigest",
    "OriginalRawFileData",
    "OriginalRawFileDigest",
    "OriginalRawFileName",
    "PageName",
    "RawDataUniqueID",
    "RawImageDigest",
    "ReelName",
    "RelatedSoundFile",
    "SecurityClassification",
    "SemanticInstanceID",
    "UserComment",
    "XMLPacket",
    "XPAuthor",
    "XPComment",
    "XPKeywords",
    "XPSubject",
    "XPTitle",
];

/// Returns whether `tag` is redacted. Tags without a name are, since their content is unknown.
pub(crate) fn is_private(tag: Tag) -> bool {
    tag.context() == Context::Gps || name(tag).is_none_or(|name| PRIVATE.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_private_name_is_that_of_a_tag() {
        let tags = |context| (0..=u16::MAX).filter_map(move |number| name(Tag(context, number)));
        let names: Vec<_> = [Context::Tiff, Context::Exif].into_iter().flat_map(tags).collect();
        for private in PRIVATE {
            assert!(names.contains(private), "{private}");
        }
    }

    #[test]
    fn the_readme_names_every_private_name() {
        let readme = include_str!("../README.md");
        let missing: Vec<_> = PRIVATE.iter().filter(|name| !readme.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn places_people_and_unknown_tags_are_private() {
        let check = |tag, expected| assert_eq!(is_private(tag), expected, "{tag:?}");
        check(Tag::Make, false);
        check(Tag::ExposureTime, false);
        check(Tag::Artist, true);
        check(Tag::MakerNote, true);
        check(Tag::UserComment, true);
        check(Tag::BodySerialNumber, true);
        check(Tag::GPSLatitude, true);
        check(Tag(Context::Tiff, 0x8825), true);
        check(Tag(Context::Tiff, 0xFFFF), true);
        check(Tag(Context::Gps, 0xFFFF), true);
    }
}
