//! The list of samples.

use super::{Picture, Result, avif, gif, jpeg, png, tiff, webp};

/// How one sample is made.
pub(super) struct Recipe {
    /// File name: short, lower case, with hyphens.
    pub(super) name: &'static str,
    /// What a reader of the file has to cope with.
    pub(super) exercises: &'static str,
    /// Which programs wrote the pixels, and which the rest.
    pub(super) made: &'static str,
    /// Makes the file of the scene.
    pub(super) make: fn(&Picture) -> Result<Vec<u8>>,
}

const JPEG: &str = "`jpeg-encoder`; EXIF by `kamadak-exif`, segments put in by `img-parts`";
const PNG: &str = "`png`; EXIF by `kamadak-exif`";
const WEBP: &str = "libwebp; EXIF by `kamadak-exif`, container by `img-parts`";

/// Every sample, in the order of the manifest.
pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        name: "photo.jpg",
        exercises: "Baseline JPEG, 1600 × 1067, 4:2:0: JFIF; EXIF with GPS, MakerNote, UserComment, owner, \
                    serial numbers and an IFD1 thumbnail; XMP; IPTC in Photoshop resources; an ICC \
                    profile (Display P3) cut into two APP2 segments; a comment",
        made: JPEG,
        make: jpeg::photo,
    },
    oriented("orientation-1.jpg", "EXIF orientation 1, little-endian: upright", |scene| {
        jpeg::oriented(scene, 1)
    }),
    oriented("orientation-2.jpg", "EXIF orientation 2, big-endian: mirrored left to right", |scene| {
        jpeg::oriented(scene, 2)
    }),
    oriented("orientation-3.jpg", "EXIF orientation 3, little-endian: upside down", |scene| {
        jpeg::oriented(scene, 3)
    }),
    oriented("orientation-4.jpg", "EXIF orientation 4, big-endian: mirrored top to bottom", |scene| {
        jpeg::oriented(scene, 4)
    }),
    oriented(
        "orientation-5.jpg",
        "EXIF orientation 5, little-endian: mirrored along the main diagonal",
        |scene| jpeg::oriented(scene, 5),
    ),
    oriented("orientation-6.jpg", "EXIF orientation 6, big-endian: to be turned right by 90°", |scene| {
        jpeg::oriented(scene, 6)
    }),
    oriented(
        "orientation-7.jpg",
        "EXIF orientation 7, little-endian: mirrored along the other diagonal",
        |scene| jpeg::oriented(scene, 7),
    ),
    oriented("orientation-8.jpg", "EXIF orientation 8, big-endian: to be turned left by 90°", |scene| {
        jpeg::oriented(scene, 8)
    }),
    Recipe {
        name: "progressive.jpg",
        exercises: "Progressive JPEG: XMP and C2PA (JUMBF in APP11) before the first scan, a comment between \
                    the first and the second, extended XMP between the second and the third",
        made: "`jpeg-encoder`; segments put in by `img-parts`, those between scans by hand",
        make: jpeg::progressive,
    },
    Recipe {
        name: "restart.jpg",
        exercises: "Baseline JPEG, 320 × 256, 4:2:0, without metadata: one scan of 16 restart intervals of 20 \
                    MCUs (one row) each; the first eight, up to and with RST7, can be repeated as they are, \
                    for a scan of any length",
        made: "`jpeg-encoder`",
        make: jpeg::restart,
    },
    Recipe {
        name: "motion-photo.jpg",
        exercises: "Motion photo: after the end of the JPEG the boxes of an MP4 with a place and an author in \
                    `udta` (and no frames); EXIF with GPS, XMP that announces the video",
        made: "`jpeg-encoder`; segments put in by `img-parts`, boxes by hand",
        make: jpeg::motion_photo,
    },
    Recipe {
        name: "gain-map.jpg",
        exercises: "Ultra HDR: an MPF index (APP2) of a second JPEG after the end of the first, with EXIF, GPS \
                    and XMP of its own; the segment of ISO 21496-1; XMP that announces the gain map",
        made: JPEG,
        make: jpeg::gain_map,
    },
    Recipe {
        name: "text-chunks.png",
        exercises: "PNG: iCCP, pHYs, tEXt, zTXt (also `Raw profile type exif`), iTXt (also XMP), eXIf, a \
                    private chunk, tEXt and tIME after the pixels, bytes after IEND",
        made: PNG,
        make: png::text_chunks,
    },
    Recipe {
        name: "orientation-6.png",
        exercises: "PNG, stored turned, with orientation 6 in a big-endian eXIf",
        made: PNG,
        make: png::oriented,
    },
    Recipe {
        name: "animated.png",
        exercises: "APNG of three frames (acTL, fcTL, fdAT), with tEXt and caBX (C2PA)",
        made: "`png`",
        make: png::animated,
    },
    Recipe {
        name: "still.webp",
        exercises: "WebP, lossy: VP8X, ICCP, VP8, EXIF, XMP",
        made: WEBP,
        make: webp::still,
    },
    Recipe {
        name: "orientation-6.webp",
        exercises: "WebP, stored turned, with orientation 6 in a big-endian EXIF chunk",
        made: WEBP,
        make: webp::oriented,
    },
    Recipe {
        name: "animated.webp",
        exercises: "Animated WebP of four frames: VP8X, ANIM, ANMF, an EXIF chunk that starts with `Exif\\0\\0`, XMP",
        made: WEBP,
        make: webp::animated,
    },
    Recipe {
        name: "animated.gif",
        exercises: "GIF of four frames: NETSCAPE2.0 loop, comment, ICC profile in an application extension, XMP \
                    with its magic trailer of 258 bytes",
        made: "`gif`; the XMP extension by hand",
        make: gif::animated,
    },
    Recipe {
        name: "photo.avif",
        exercises: "AVIF, stored turned, with `irot` and the same turn in EXIF (orientation 6), which must not \
                    be added up; items of EXIF and XMP; ICC profile and nclx colours",
        made: "rav1e through `ravif`, without assembler; EXIF by `kamadak-exif`, boxes by hand",
        make: avif::photo,
    },
    Recipe {
        name: "photo.tiff",
        exercises: "Big-endian TIFF, uncompressed, in ten strips: EXIF and GPS directories, XMP, IPTC, Photoshop \
                    resources, ICC profile, Artist, ImageDescription",
        made: "`kamadak-exif`",
        make: tiff::photo,
    },
];

const fn oriented(
    name: &'static str,
    exercises: &'static str,
    make: fn(&Picture) -> Result<Vec<u8>>,
) -> Recipe {
    Recipe { name, exercises, made: JPEG, make }
}
