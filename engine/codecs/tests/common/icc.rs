//! ICC profiles, made by program.

use moxcms::{ColorProfile, ToneReprCurve};

/// Linear grey.
pub(crate) fn linear_grey() -> Vec<u8> {
    ColorProfile::new_gray_with_gamma(1.0).encode().unwrap()
}

/// sRGB whose red and green are exchanged.
pub(crate) fn swapped_red_and_green() -> Vec<u8> {
    let mut profile = ColorProfile::new_srgb();
    profile.cicp = None;
    std::mem::swap(&mut profile.red_colorant, &mut profile.green_colorant);
    profile.encode().unwrap()
}

/// Primaries of Display P3 and a gamma of 2.2, as cameras and editors write them.
pub(crate) fn wide_rgb(gamma: f32) -> Vec<u8> {
    let mut profile = ColorProfile::new_display_p3();
    profile.cicp = None;
    let curve = ToneReprCurve::Parametric(vec![gamma]);
    (profile.red_trc, profile.green_trc, profile.blue_trc) =
        (Some(curve.clone()), Some(curve.clone()), Some(curve));
    profile.encode().unwrap()
}

/// CMYK whose table of `grid` points on each axis has `lab(c, m, y, k)`, channels from 0 to 1, in 16 bits of version 2.
pub(crate) fn cmyk(grid: u8, lab: impl Fn([f64; 4]) -> [f64; 3]) -> Vec<u8> {
    let mut table = vec![4, 3, grid, 0];
    // The identity, which applies only to XYZ.
    for index in 0..9 {
        table.extend(if index % 4 == 0 { 0x0001_0000_u32 } else { 0 }.to_be_bytes());
    }
    // Curves of two entries.
    table.extend([0, 2, 0, 2]);
    let line: Vec<u8> = [0_u16, u16::MAX].iter().flat_map(|it| it.to_be_bytes()).collect();
    table.extend(line.repeat(4));
    let last = f64::from(grid - 1);
    let points = usize::from(grid).pow(4);
    for index in 0..points {
        let axis = |place: u32| (index / usize::from(grid).pow(place) % usize::from(grid)) as f64 / last;
        let [l, a, b] = lab([axis(3), axis(2), axis(1), axis(0)]);
        for coded in [l / 100.0 * 65_280.0, (a + 128.0) * 256.0, (b + 128.0) * 256.0] {
            table.extend((coded.round().clamp(0.0, 65_535.0) as u16).to_be_bytes());
        }
    }
    table.extend(line.repeat(3));
    profile(b"CMYK", b"Lab ", &[(b"A2B0", [b"mft2\0\0\0\0", &*table].concat())])
}

/// A printer's profile of version 2.4 with these tags.
fn profile(space: &[u8; 4], connection: &[u8; 4], tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut file = vec![0; 128];
    file[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    file[12..16].copy_from_slice(b"prtr");
    file[16..20].copy_from_slice(space);
    file[20..24].copy_from_slice(connection);
    file[36..40].copy_from_slice(b"acsp");
    let white: Vec<u8> = [0.9642, 1.0, 0.8249]
        .iter()
        .flat_map(|value: &f64| ((value * 65_536.0).round() as u32).to_be_bytes())
        .collect();
    file[68..80].copy_from_slice(&white);
    let white = [b"XYZ \0\0\0\0", &*white].concat();
    let tags: Vec<_> = tags.iter().cloned().chain([(b"wtpt", white)]).collect();
    file.extend((tags.len() as u32).to_be_bytes());
    let mut at = file.len() + 12 * tags.len();
    for (tag, data) in &tags {
        file.extend(*tag);
        file.extend([at as u32, data.len() as u32].map(u32::to_be_bytes).concat());
        at += data.len().next_multiple_of(4);
    }
    for (_, data) in tags {
        file.extend(data);
        file.resize(file.len().next_multiple_of(4), 0);
    }
    let length = file.len() as u32;
    file[..4].copy_from_slice(&length.to_be_bytes());
    file
}
