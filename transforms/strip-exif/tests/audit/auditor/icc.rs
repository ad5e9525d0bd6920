//! ICC profiles: numbers and tables, and two texts that say nothing.

use super::{Account, Result, big, ensure};

/// Accounts for every byte of a profile.
pub(super) fn audit(profile: &[u8]) -> Result {
    let mut account = Account::new(profile);
    // Size, version, class, colour spaces, date, signature, flags, attributes, intent, illuminant, number of tags.
    for (start, end) in [(0, 4), (8, 10), (12, 40), (47, 48), (63, 64), (67, 80), (128, 132)] {
        account.know(start, end);
    }
    ensure(big(profile, 24, 4)? == 2000 << 16 | 1, 24, "a date")?;
    let text = String::from_utf8_lossy(profile.get(16..20).ok_or("a profile without a header")?).into_owned();
    for i in 0..big(profile, 128, 4)? {
        let entry = 132 + 12 * i;
        account.know(entry, entry + 12);
        let (start, bytes) = (big(profile, entry + 4, 4)?, big(profile, entry + 8, 4)?);
        let element = profile.get(start..start + bytes).ok_or(format!("byte {entry}: a tag outside"))?;
        match profile.get(entry..entry + 4) {
            Some(b"desc" | b"cprt") => texts(element, text.trim_end(), start, &mut account)?,
            _ => numbers(element, start, &mut account)?,
        }
    }
    account.finish()
}

/// An element of one text, which is `text` or empty.
fn texts(element: &[u8], text: &str, start: usize, account: &mut Account) -> Result {
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let (at, found): (usize, &[u8]) = match element.get(..4) {
        Some(b"mluc") => (28, element.get(28..28 + big(element, 20, 4)?).unwrap_or_default()),
        Some(b"desc") => (12, element.get(12..11 + big(element, 8, 4)?).unwrap_or_default()),
        _ => (8, &[]),
    };
    let is_plain = found.is_empty() || found == wide || found == text.as_bytes();
    ensure(is_plain, start + at, "a text")?;
    account.know(start, start + at + found.len());
    Ok(())
}

/// An element of numbers: the type, then numbers in the length that it states.
fn numbers(element: &[u8], start: usize, account: &mut Account) -> Result {
    let count = |at: usize, bytes: usize| big(element, at, bytes);
    account.know(start, start + 4);
    let end = match element.get(..4).unwrap_or_default() {
        b"XYZ " => 20,
        b"sf32" => 44,
        b"cicp" => 12,
        b"curv" => 12 + 2 * count(8, 4)?,
        b"para" => {
            account.know(start + 8, start + 10);
            account.know(start + 12, start + 12 + 4 * [1, 3, 4, 5, 7][count(8, 2)?]);
            return Ok(());
        }
        b"mft1" | b"mft2" => {
            let (inputs, outputs, points) = (count(8, 1)?, count(9, 1)?, count(10, 1)?);
            let is_wide = element[3] == b'2';
            let [before, after] = if is_wide { [count(48, 2)?, count(50, 2)?] } else { [256, 256] };
            let entries = inputs * before + points.pow(inputs as u32) * outputs + outputs * after;
            account.know(start + 8, start + 11);
            let head = if is_wide { 52 } else { 48 };
            account.know(start + 12, start + head + entries * if is_wide { 2 } else { 1 });
            return Ok(());
        }
        b"mAB " | b"mBA " => return nested(element, start, account),
        // Floating point, of which only the frame is checked.
        b"mpet" => element.len(),
        kind => return Err(format!("byte {start}: an element {:?}", super::show(kind))),
    };
    account.know(start + 8, start + end);
    Ok(())
}

/// Curves, a matrix and a table, each at an offset.
fn nested(element: &[u8], start: usize, account: &mut Account) -> Result {
    let (inputs, outputs) = (big(element, 8, 1)?, big(element, 9, 1)?);
    let (device, connection) = if element[1] == b'A' { (inputs, outputs) } else { (outputs, inputs) };
    account.know(start + 8, start + 10);
    account.know(start + 12, start + 32);
    for (at, curves) in [(12, connection), (20, connection), (28, device)] {
        let mut at = big(element, at, 4)?;
        for _ in 0..if at == 0 { 0 } else { curves } {
            numbers(&element[at..], start + at, account)?;
            let bytes = match element[at] {
                b'c' => 12 + 2 * big(element, at + 8, 4)?,
                _ => 12 + 4 * [1, 3, 4, 5, 7][big(element, at + 8, 2)?],
            };
            at = (at + bytes).next_multiple_of(4);
        }
    }
    let (matrix, table) = (big(element, 16, 4)?, big(element, 24, 4)?);
    if matrix != 0 {
        account.know(start + matrix, start + matrix + 48);
    }
    if table != 0 {
        let points = element[table..].iter().take(inputs).map(|side| usize::from(*side)).product::<usize>();
        account.know(start + table, start + table + inputs);
        account.know(start + table + 16, start + table + 17);
        account
            .know(start + table + 20, start + table + 20 + points * outputs * big(element, table + 16, 1)?);
    }
    Ok(())
}
