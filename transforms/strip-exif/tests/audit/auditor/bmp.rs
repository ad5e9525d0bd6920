//! BMP: headers, a palette, samples and a profile. All other bytes are zero.

use super::{Account, Result, ensure, icc, is_zero, little};

/// Accounts for every byte of a BMP file.
pub(super) fn audit(file: &[u8]) -> Result {
    let mut account = Account::new(file);
    let header = little(file, 14, 4)?;
    let is_core = header == 12;
    ensure(is_zero(&file[6..10]), 6, "reserved fields")?;
    let (width, height, bits) = if is_core {
        (little(file, 18, 2)?, little(file, 20, 2)?, little(file, 24, 2)?)
    } else {
        let height = (little(file, 22, 4)? as u32).cast_signed();
        (little(file, 18, 4)?, height.unsigned_abs() as usize, little(file, 28, 2)?)
    };
    let coding = if is_core { 0 } else { little(file, 30, 4)? };
    let masks = match (header, coding) {
        (40, 3) => 12,
        (40, 6) => 16,
        _ => 0,
    };
    let header_end = 14 + header + masks;
    account.know(0, header_end);
    let start = little(file, 10, 4)?;
    if bits <= 8 {
        account.know(header_end, start.min(header_end + (1 << bits) * if is_core { 3 } else { 4 }));
    }
    let row = (width * bits).div_ceil(32) * 4;
    let bytes = match (coding, if is_core { 0 } else { little(file, 34, 4)? }) {
        (0 | 3 | 6, _) => row.saturating_mul(height),
        (_, 0) => file.len(),
        (_, bytes) => bytes,
    };
    account.know(start, start.saturating_add(bytes));
    if header == 124 {
        let (offset, bytes) = (little(file, 126, 4)?, little(file, 130, 4)?);
        ensure(is_zero(&file[134..138]) && &file[70..74] != b"KNIL", 70, "a path or a reserved field")?;
        let profile = file.get(14 + offset..14 + offset + bytes).unwrap_or_default();
        if bytes != 0 && !is_zero(profile) {
            icc::audit(profile)?;
            account.know(14 + offset, 14 + offset + bytes);
        }
    }
    account.finish()
}
