//! The list of samples.

use super::{Picture, Result, avif, gif, jpeg, png, tiff, webp};

/// The description of one sample.
pub(super) struct Recipe {
    /// File name: short, lower case, with hyphens.
    pub(super) name: &'static str,
    /// The features of the file that a reader must handle.
    pub(super) features: &'static str,
    /// The software that wrote the pixels and the container.
    pub(super) written_by: &'static str,
    /// Generates the file from the scene.
    pub(super) generate: fn(&Picture) -> Result<Vec<u8>>,
}

const JPEG: &str = "`jpeg-encoder`; EXIF by `kamadak-exif`, segments by `img-parts`";
const PNG: &str = "`png`; EXIF by `kamadak-exif`";
const WEBP: &str = "libwebp; EXIF by `kamadak-exif`, container by `img-parts`";

/// Every sample, in the order of the manifest.
pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        name: "photo.jpg",
        features: "Baseline JPEG, 1600 × 1067, 4:2:0: JFIF; EXIF with GPS, MakerNote, UserComment, owner, \
                    serial numbers and an IFD1 thumbnail; XMP; IPTC in Photoshop resources; an ICC \
                    profile (Display P3) split into two APP2 segments; a comment",
        written_by: JPEG,
        generate: jpeg::photo,
    },
    oriented("orientation-1.jpg", "EXIF orientation 1, little-endian: upright", |scene| {
        jpeg::oriented(scene, 1)
    }),
    oriented("orientation-2.jpg", "EXIF orientation 2, big-endian: mirrored horizontally", |scene| {
        jpeg::oriented(scene, 2)
    }),
    oriented("orientation-3.jpg", "EXIF orientation 3, little-endian: upside down", |scene| {
        jpeg::oriented(scene, 3)
    }),
    oriented("orientation-4.jpg", "EXIF orientation 4, big-endian: mirrored vertically", |scene| {
        jpeg::oriented(scene, 4)
    }),
    oriented(
        "orientation-5.jpg",
        "EXIF orientation 5, little-endian: mirrored along the main diagonal",
        |scene| jpeg::oriented(scene, 5),
    ),
    oriented(
        "orientation-6.jpg",
        "EXIF orientation 6, big-endian: to be rotated by 90° clockwise",
        |scene| jpeg::oriented(scene, 6),
    ),
    oriented(
        "orientation-7.jpg",
        "EXIF orientation 7, little-endian: mirrored along the other diagonal",
        |scene| jpeg::oriented(scene, 7),
    ),
    oriented(
        "orientation-8.jpg",
        "EXIF orientation 8, big-endian: to be rotated by 90° counter-clockwise",
        |scene| jpeg::oriented(scene, 8),
    ),
    Recipe {
        name: "progressive.jpg",
        features: "Progressive JPEG: XMP and C2PA (JUMBF in APP11) before the first scan, a comment between \
                    the first and the second, extended XMP between the second and the third",
        written_by: "`jpeg-encoder`; segments by `img-parts`, those between scans by own code",
        generate: jpeg::progressive,
    },
    Recipe {
        name: "restart.jpg",
        features: "Baseline JPEG, 320 × 256, 4:2:0, without metadata: one scan of 16 restart intervals of 20 \
                    MCUs (one row) each; the first eight, up to and including RST7, can be repeated \
                    unchanged, for a scan of any length",
        written_by: "`jpeg-encoder`",
        generate: jpeg::restart,
    },
    Recipe {
        name: "motion-photo.jpg",
        features: "Motion photo: the JPEG is followed by the boxes of an MP4 with a place and an author in \
                    `udta` (and no frames); EXIF with GPS, XMP that announces the video",
        written_by: "`jpeg-encoder`; segments by `img-parts`, boxes by own code",
        generate: jpeg::motion_photo,
    },
    Recipe {
        name: "gain-map.jpg",
        features: "Ultra HDR: an MPF index (APP2) of a second JPEG after the end of the first, with EXIF, GPS \
                    and XMP of its own; the segment of ISO 21496-1; XMP that announces the gain map",
        written_by: JPEG,
        generate: jpeg::gain_map,
    },
    Recipe {
        name: "text-chunks.png",
        features: "PNG: iCCP, pHYs, tEXt, zTXt (also `Raw profile type exif`), iTXt (also XMP), eXIf, a \
                    private chunk, tEXt and tIME after the pixels, bytes after IEND",
        written_by: PNG,
        generate: png::text_chunks,
    },
    Recipe {
        name: "orientation-6.png",
        features: "PNG, stored rotated, with orientation 6 in a big-endian eXIf",
        written_by: PNG,
        generate: png::oriented,
    },
    Recipe {
        name: "animated.png",
        features: "APNG of three frames (acTL, fcTL, fdAT), with tEXt and caBX (C2PA)",
        written_by: "`png`",
        generate: png::animated,
    },
    Recipe {
        name: "still.webp",
        features: "WebP, lossy: VP8X, ICCP, VP8, EXIF, XMP",
        written_by: WEBP,
        generate: webp::still,
    },
    Recipe {
        name: "orientation-6.webp",
        features: "WebP, stored rotated, with orientation 6 in a big-endian EXIF chunk",
        written_by: WEBP,
        generate: webp::oriented,
    },
    Recipe {
        name: "animated.webp",
        features: "Animated WebP of four frames: VP8X, ANIM, ANMF, an EXIF chunk that starts with `Exif\\0\\0`, XMP",
        written_by: WEBP,
        generate: webp::animated,
    },
    Recipe {
        name: "animated.gif",
        features: "GIF of four frames: NETSCAPE2.0 loop, comment, ICC profile in an application extension, XMP \
                    with its magic trailer of 258 bytes",
        written_by: "`gif`; the XMP extension by own code",
        generate: gif::animated,
    },
    Recipe {
        name: "photo.avif",
        features: "AVIF, stored rotated, with `irot` and the same rotation in EXIF (orientation 6); readers \
                    must apply only one; items of EXIF and XMP; ICC profile and nclx colours",
        written_by: "rav1e through `ravif`, without assembly code; EXIF by `kamadak-exif`, boxes by own code",
        generate: avif::photo,
    },
    Recipe {
        name: "photo.tiff",
        features: "Big-endian TIFF, uncompressed, in ten strips: EXIF and GPS directories, XMP, IPTC, Photoshop \
                    resources, ICC profile, Artist, ImageDescription",
        written_by: "`kamadak-exif`",
        generate: tiff::photo,
    },
];

const fn oriented(
    name: &'static str,
    features: &'static str,
    generate: fn(&Picture) -> Result<Vec<u8>>,
) -> Recipe {
    Recipe { name, features, written_by: JPEG, generate }
}
