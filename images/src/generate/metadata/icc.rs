//! An ICC profile created for the samples.

/// Returns Display P3 as an ICC profile of version 4.3 (ICC.1:2010): a matrix and the curve of sRGB.
///
/// An image that loses this profile looks paler, because it is then shown as sRGB.
pub(in crate::generate) fn display_p3() -> Vec<u8> {
    // The primaries of SMPTE EG 432-1 with white D65, adapted to D50 by Bradford's matrix.
    let red = xyz([0.515_10, 0.241_20, -0.001_05]);
    let green = xyz([0.291_96, 0.692_25, 0.041_88]);
    let blue = xyz([0.157_15, 0.066_58, 0.784_07]);
    let white = xyz([0.964_20, 1.0, 0.824_91]);
    let adaptation =
        [1.047_88, 0.022_92, -0.050_22, 0.029_59, 0.990_48, -0.017_06, -0.009_23, 0.015_08, 0.751_68];
    let adaptation = [b"sf32\0\0\0\0".as_slice(), &adaptation.map(fixed).concat()].concat();
    // y = (a x + b)^g where x is at least d, else c x (parametricCurveType, function 3).
    let curve = [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.040_45];
    let curve = [b"para\0\0\0\0\0\x03\0\0".as_slice(), &curve.map(fixed).concat()].concat();

    let tags = [
        (b"desc", localised("Safelight Display P3")),
        (b"cprt", localised("Public domain")),
        (b"wtpt", white),
        (b"chad", adaptation),
        (b"rXYZ", red),
        (b"gXYZ", green),
        (b"bXYZ", blue),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];
    profile(&tags)
}

/// Returns the profile's header, the table of tags, and their data one after the other.
fn profile(tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    const HEADER: usize = 128;
    let (mut table, mut data) = ((tags.len() as u32).to_be_bytes().to_vec(), Vec::new());
    let start = HEADER + 4 + 12 * tags.len();
    for (signature, content) in tags {
        table.extend_from_slice(*signature);
        table.extend_from_slice(&((start + data.len()) as u32).to_be_bytes());
        table.extend_from_slice(&(content.len() as u32).to_be_bytes());
        data.extend_from_slice(content);
        data.resize(data.len().next_multiple_of(4), 0);
    }

    let mut header = [0; HEADER];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &((start + data.len()) as u32).to_be_bytes());
    put(8, &[4, 0x30, 0, 0]);
    put(12, b"mntrRGB XYZ ");
    // 2026-06-21, 12:00:00.
    put(24, &[2026u16, 6, 21, 12, 0, 0].map(u16::to_be_bytes).concat());
    put(36, b"acsp");
    put(68, &[0.964_20, 1.0, 0.824_91].map(fixed).concat());
    [header.as_slice(), &table, &data].concat()
}

/// Returns a 16.16 fixed-point number.
fn fixed(value: f64) -> [u8; 4] {
    ((value * 65536.0).round() as i32).to_be_bytes()
}

fn xyz(value: [f64; 3]) -> Vec<u8> {
    [b"XYZ \0\0\0\0".as_slice(), &value.map(fixed).concat()].concat()
}

/// Returns text in American English, the only language.
fn localised(text: &str) -> Vec<u8> {
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let head = [1, 12].map(u32::to_be_bytes).concat();
    let place = [utf16.len() as u32, 28].map(u32::to_be_bytes).concat();
    [b"mluc\0\0\0\0".as_slice(), &head, b"enUS", &place, &utf16].concat()
}
