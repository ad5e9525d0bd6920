//! TIFF: directories, the values that their fields may have, and samples. All other bytes are zero.

use super::{Account, Result, big, ensure, icc, jpeg, little};

/// The reader of the numbers of a file.
struct Numbers<'a> {
    file: &'a [u8],
    is_little: bool,
    is_big: bool,
}

/// A field: its type, and the offset of its values.
struct Field {
    tag: usize,
    kind: usize,
    count: usize,
    at: usize,
}

impl Numbers<'_> {
    fn read(&self, at: usize, bytes: usize) -> Result<usize> {
        if self.is_little { little(self.file, at, bytes) } else { big(self.file, at, bytes) }
    }

    /// The integers of a field.
    fn values(&self, field: &Field) -> Result<Vec<usize>> {
        let bytes = width(field.kind);
        (0..field.count).map(|i| self.read(field.at + i * bytes, bytes)).collect()
    }
}

fn width(kind: usize) -> usize {
    [1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 1, 1, 8, 8, 8].get(kind).copied().unwrap_or(1)
}

/// Accounts for every byte of a TIFF file.
pub(super) fn audit(file: &[u8]) -> Result {
    let is_little = file[0] == b'I';
    let is_big = file[2] == 43 || file[3] == 43;
    let numbers = Numbers { file, is_little, is_big };
    let word = if is_big { 8 } else { 4 };
    let mut account = Account::new(file);
    account.know(0, 2 * word);
    let mut next = numbers.read(word, word)?;
    let mut directories = 0;
    while next != 0 {
        directories += 1;
        ensure(directories <= 1024, next, "too many directories")?;
        next = directory(&numbers, next, &mut account)?;
    }
    account.finish()
}

/// Accounts for a directory. Returns the offset of the next one.
fn directory(numbers: &Numbers, at: usize, account: &mut Account) -> Result<usize> {
    let [word, count_bytes] = if numbers.is_big { [8, 8] } else { [4, 2] };
    let entry_bytes = 4 + 2 * word;
    let count = numbers.read(at, count_bytes)?;
    let mut fields = Vec::new();
    for i in 0..count {
        let entry = at + count_bytes + i * entry_bytes;
        account.know(entry, entry + 4 + word);
        let [tag, kind] = [numbers.read(entry, 2)?, numbers.read(entry + 2, 2)?];
        let count = numbers.read(entry + 4, word)?;
        ensure(kind != 2, entry, "a text")?;
        let mut values = entry + 4 + word;
        if word < count.saturating_mul(width(kind)) {
            account.know(values, values + word);
            values = numbers.read(values, word)?;
        }
        fields.push(Field { tag, kind, count, at: values });
    }
    let end = at + count_bytes + count * entry_bytes;
    account.know(at, at + count_bytes);
    account.know(end, end + word);

    let find = |tag| fields.iter().find(|field| field.tag == tag);
    // Unsigned integers, as decoders read them.
    let is_number = |field: &&Field| 0 < field.count && matches!(field.kind, 1 | 3 | 4 | 13 | 16 | 18);
    let value = |tag, default| match find(tag).filter(is_number) {
        Some(field) => numbers.read(field.at, width(field.kind)),
        None => Ok(default),
    };
    let bits = find(258).map_or(1, |field| field.count);
    let samples = value(277, bits)?.max(1);
    let compression = value(259, 1)?;
    for field in &fields {
        values(numbers, field, samples, account)?;
    }
    for (offsets, sizes) in [(273, 279), (324, 325), (513, 514)] {
        let Some(offsets) = find(offsets) else { continue };
        let offsets = numbers.values(offsets)?;
        let sizes = find(sizes).map_or(Ok(Vec::new()), |sizes| numbers.values(sizes))?;
        let is_plain = compression == 1 && find(322).is_none() && value(262, 0)? != 6;
        let strip = strip_bytes(&find, &value, samples)?;
        for (i, start) in offsets.into_iter().enumerate() {
            let stated = sizes.get(i).copied().filter(|size| 0 < *size).unwrap_or(usize::MAX);
            let size = if is_plain { stated.min(strip) } else { stated };
            let end = start.saturating_add(size).min(numbers.file.len());
            let stream = numbers.file.get(start..end).unwrap_or_default();
            if compression != 1 && stream.starts_with(b"\xFF\xD8") {
                jpeg::audit(stream, true)?;
            }
            account.know(start, end);
        }
    }
    for tag in [519, 520, 521] {
        for start in find(tag).map_or(Ok(Vec::new()), |field| numbers.values(field))? {
            account.know(start, start.saturating_add(16 + 256));
        }
    }
    numbers.read(end, word).or(Ok(0))
}

/// The most bytes of a strip without compression.
fn strip_bytes<'f>(
    find: &impl Fn(usize) -> Option<&'f Field>,
    value: &impl Fn(usize, usize) -> Result<usize>,
    samples: usize,
) -> Result<usize> {
    let (width, height) = (value(256, 0)?, value(257, 0)?);
    if width == 0 || height == 0 {
        return Ok(usize::MAX);
    }
    let rows = value(278, height)?.clamp(1, height);
    let samples = if value(284, 1)? == 2 { 1 } else { samples };
    let bits = value(258, 1)?.max(if find(258).is_some_and(|field| 1 < field.count) { 64 } else { 0 });
    Ok(width.saturating_mul(samples).saturating_mul(bits).div_ceil(8).saturating_mul(rows))
}

/// Accounts for the values of a field, as many as decoders read.
fn values(numbers: &Numbers, field: &Field, samples: usize, account: &mut Account) -> Result {
    let most = match field.tag {
        254..=257
        | 259
        | 262..=266
        | 274
        | 277
        | 278
        | 282..=284
        | 286
        | 287
        | 290
        | 292
        | 293
        | 296
        | 300
        | 317
        | 322
        | 323
        | 326..=328
        | 332
        | 334
        | 346
        | 435
        | 512..=515
        | 531
        | 32995
        | 32997
        | 32998
        | 37439 => 1,
        297 | 318 | 321 | 530 => 2,
        529 | 50674 => 3,
        319 | 342 | 532 => 6,
        258 | 280 | 281 | 338..=341 | 434 | 517..=521 | 32996 => samples,
        336 | 433 => 2 * samples,
        291 | 301 | 320 => 3 << 16,
        273 | 279 | 324 | 325 | 559 => usize::MAX,
        347 => {
            let tables = numbers.file.get(field.at..field.at.saturating_add(field.count)).unwrap_or_default();
            jpeg::audit(tables, true)?;
            usize::MAX
        }
        34675 => {
            let end = field.at.saturating_add(field.count);
            icc::audit(numbers.file.get(field.at..end).ok_or("a profile outside of the file")?)?;
            usize::MAX
        }
        tag => return Err(format!("byte {}: a field {tag}", field.at)),
    };
    account.know(field.at, field.at.saturating_add(field.count.min(most).saturating_mul(width(field.kind))));
    Ok(())
}
