//! BMP: headers, a palette, samples and a profile. All other bytes are zero.

use super::{Account, Result, ensure, icc, is_zero, little};

/// Accounts for every byte of a BMP file.
pub(super) fn audit(file: &[u8]) -> Result {
    let mut account = Account::new(file);
    account.know(0, 14);
    ensure(is_zero(&file[6..10]), 6, "reserved fields")?;
    know_bitmap(&mut account, 14, Some(little(file, 10, 4)?))?;
    account.finish()
}

/// Accounts for the header at `at`, the palette, samples and the profile of a bitmap. Without an offset of the samples
/// it is that of an icon: they follow the palette, and a mask follows them.
pub(super) fn know_bitmap(account: &mut Account, at: usize, samples: Option<usize>) -> Result {
    let file = account.file;
    let header = little(file, at, 4)?;
    let is_core = header == 12;
    let (width, height, bits) = if is_core {
        (little(file, at + 4, 2)?, little(file, at + 6, 2)?, little(file, at + 10, 2)?)
    } else {
        let height = (little(file, at + 8, 4)? as u32).cast_signed();
        (little(file, at + 4, 4)?, height.unsigned_abs() as usize, little(file, at + 14, 2)?)
    };
    let coding = if is_core { 0 } else { little(file, at + 16, 4)? };
    let masks = match (header, coding) {
        (40, 3) => 12,
        (40, 6) => 16,
        _ => 0,
    };
    let header_end = at + header + masks;
    account.know(at, header_end);
    let entry = if is_core { 3 } else { 4 };
    let colours = if is_core { 0 } else { little(file, at + 32, 4)? };
    let most = if bits <= 8 { 1 << bits } else { 0 };
    let start = samples.unwrap_or(header_end + entry * if colours == 0 { most } else { colours });
    account.know(header_end, start.min(header_end + entry * most));
    let row = |bits: usize| (width * bits).div_ceil(32) * 4;
    let (height, mask) = if samples.is_some() { (height, 0) } else { (height / 2, row(1) * (height / 2)) };
    let bytes = match (coding, if is_core { 0 } else { little(file, at + 20, 4)? }) {
        (0 | 3 | 6, _) => row(bits).saturating_mul(height),
        (_, 0) => file.len(),
        (_, bytes) => bytes,
    };
    account.know(start, start.saturating_add(bytes).saturating_add(mask));
    if header == 124 {
        let (offset, bytes) = (at + little(file, at + 112, 4)?, little(file, at + 116, 4)?);
        let is_clean = is_zero(&file[at + 120..at + 124]) && &file[at + 56..at + 60] != b"KNIL";
        ensure(is_clean, at, "a path or a reserved field")?;
        let profile = file.get(offset..offset + bytes).unwrap_or_default();
        if bytes != 0 && !is_zero(profile) {
            icc::audit(profile)?;
            account.know(offset, offset + bytes);
        }
    }
    Ok(())
}
