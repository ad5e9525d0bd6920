//! ICO: a directory, and images as in files of their own, which follow it without gaps.

use super::{Account, Result, bmp, ensure, little, png};

/// Accounts for every byte of an ICO file.
pub(super) fn audit(file: &[u8]) -> Result {
    let entries = little(file, 4, 2)?;
    let mut account = Account::new(file);
    account.know(0, 6 + 16 * entries);
    for entry in (0..entries).map(|entry| 6 + 16 * entry) {
        ensure(little(file, entry + 3, 1)? == 0, entry, "a reserved field")?;
        ensure(little(file, entry + 4, 2)? <= 1 && little(file, entry + 6, 2)? <= 32, entry, "no depth")?;
        let (bytes, start) = (little(file, entry + 8, 4)?, little(file, entry + 12, 4)?);
        let image = file.get(start..start + bytes).ok_or(format!("byte {entry}: an image outside"))?;
        if image.starts_with(b"\x89PNG") {
            png::audit(image)?;
        } else {
            let mut bitmap = Account::new(image);
            bmp::know_bitmap(&mut bitmap, 0, None)?;
            bitmap.finish()?;
        }
        account.know(start, start + bytes);
    }
    account.finish()
}
