//! AVIF and HEIF: the boxes of the index that readers need, and the samples to which it refers. All other bytes are
//! zero.

use super::{Account, Result, big, ensure, icc, is_orientation};
use std::collections::BTreeMap;

/// A box: type, and the range of its contents.
type Found = ([u8; 4], usize, usize);

/// Brands of images, sequences, and of the formats that they are derived from.
const BRANDS: &str = "avif avis avio MA1A MA1B mif1 mif2 mif3 msf1 miaf heic heix heim heis hevc hevx hevm hevs avci \
                      avcs jpeg jpgs j2ki j2is vvic vvis evbi evmi evbs evms MiHB MiHA MiHE MiHM MiAB MiAC MiPr MiCm \
                      1pic unif pred geo1 isom iso2 iso3 iso4 iso5 iso6 iso7 iso8 iso9 isoa isob isoc mp41 mp42 pict \
                      tmap";

/// Accounts for every byte of an ISO-BMFF file.
pub(super) fn audit(file: &[u8]) -> Result {
    let mut account = Account::new(file);
    let top = boxes(file, 0, file.len(), &mut account)?;
    for &(kind, start, end) in &top {
        match &kind {
            b"ftyp" => {
                for (i, brand) in file[start..end.min(file.len())].chunks_exact(4).enumerate() {
                    let is_known = i == 1 || BRANDS.split(' ').any(|known| known.as_bytes() == brand);
                    ensure(is_known, start + 4 * i, "an unknown brand")?;
                }
                account.know(start, start + (end - start) / 4 * 4);
            }
            b"meta" => meta(file, start, end, &mut account)?,
            b"moov" => movie(file, start, end, &mut account)?,
            // Samples, for which the index accounts.
            b"mdat" | b"free" | b"skip" => (),
            kind => return Err(format!("byte {start}: a box {:?}", super::show(kind))),
        }
    }
    account.finish()
}

/// The boxes from `start` to `end`, whose heads are accounted for.
fn boxes(file: &[u8], start: usize, end: usize, account: &mut Account) -> Result<Vec<Found>> {
    let (mut found, mut at) = (Vec::new(), start);
    while at < end {
        let (size, head) = match big(file, at, 4)? {
            0 => (end - at, 8),
            1 => (big(file, at + 8, 8)?, 16),
            size => (size, 8),
        };
        ensure(head <= size, at, "a box that is smaller than its head")?;
        let kind = file.get(at + 4..at + 8).and_then(|kind| kind.try_into().ok()).ok_or("a truncated box")?;
        account.know(at, at + head);
        let next = at.saturating_add(size);
        found.push((kind, at + head, next.min(end)));
        at = next;
    }
    Ok(found)
}

fn meta(file: &[u8], start: usize, end: usize, account: &mut Account) -> Result {
    account.know(start, start + 4);
    let children = boxes(file, start + 4, end, account)?;
    let find = |kind: &[u8; 4]| children.iter().find(|child| child.0 == *kind).copied();
    let data = find(b"idat").map_or(0, |(_, start, _)| start);
    let mut kinds = BTreeMap::new();
    for &(kind, start, end) in &children {
        match &kind {
            b"hdlr" => account.know(start + 8, start + 12),
            b"pitm" => account.know(start, start + if file[start] == 0 { 6 } else { 8 }),
            b"iinf" => kinds = infos(file, start, end, account)?,
            b"iref" => {
                let wide_ids = file[start] == 1;
                account.know(start, start + 4);
                // Numbers of items, in references of every type.
                for (_, start, end) in boxes(file, start + 4, end, account)? {
                    let bytes = if wide_ids { 4 } else { 2 };
                    account.know(start, end.min(start + bytes + 2 + bytes * big(file, start + bytes, 2)?));
                }
            }
            b"iprp" => {
                for (kind, start, end) in boxes(file, start, end, account)? {
                    match &kind {
                        b"ipco" => properties(file, start, end, account)?,
                        b"ipma" => account.know(start, end),
                        _ => (),
                    }
                }
            }
            b"dinf" => data_information(file, start, end, account)?,
            _ => (),
        }
    }
    match find(b"iloc") {
        Some((_, start, end)) => locations(file, start, end, data, &kinds, account),
        None => Ok(()),
    }
}

/// The types of all items.
fn infos(file: &[u8], start: usize, end: usize, account: &mut Account) -> Result<BTreeMap<usize, [u8; 4]>> {
    let count_bytes = if file[start] == 0 { 2 } else { 4 };
    account.know(start, start + 4 + count_bytes);
    let mut kinds = BTreeMap::new();
    for (_, start, _) in boxes(file, start + 4 + count_bytes, end, account)? {
        let id_bytes = if file[start] == 3 { 4 } else { 2 };
        let kind = start + 4 + id_bytes + 2;
        let has_kind = 2 <= file[start];
        account.know(start, kind + if has_kind { 4 } else { 0 });
        let kind = if has_kind { file[kind..kind + 4].try_into().map_err(|_| "a type")? } else { *b"mime" };
        kinds.insert(big(file, start + 4, id_bytes)?, kind);
    }
    Ok(kinds)
}

/// Accounts for the samples of items, and for the orientation in an EXIF item.
fn locations(
    file: &[u8],
    start: usize,
    end: usize,
    data: usize,
    kinds: &BTreeMap<usize, [u8; 4]>,
    account: &mut Account,
) -> Result {
    account.know(start, end);
    let version = file[start];
    let sizes = [file[start + 4] >> 4, file[start + 4] & 15, file[start + 5] >> 4, file[start + 5] & 15];
    let [offset, length, base, index] = sizes.map(usize::from);
    let index = if version == 0 { 0 } else { index };
    let id_bytes = if version < 2 { 2 } else { 4 };
    let mut at = start + 6;
    let mut next = |bytes: usize| {
        at += bytes;
        big(file, at - bytes, bytes)
    };
    for _ in 0..next(id_bytes)? {
        let id = next(id_bytes)?;
        let method = if version == 0 { 0 } else { next(2)? & 15 };
        next(2)?;
        let base = next(base)? + if method == 1 { data } else { 0 };
        for i in 0..next(2)? {
            next(index)?;
            let (start, length) = (base + next(offset)?, next(length)?);
            let piece = file.get(start..(start + length).min(file.len())).unwrap_or_default();
            match kinds.get(&id) {
                Some(b"Exif") if i == 0 && 30 <= piece.len() => {
                    ensure(super::is_zero(&piece[..4]) && is_orientation(&piece[4..30]), start, "EXIF")?;
                    account.know(start, start + 30);
                }
                Some(b"Exif" | b"free" | b"mime") | None => (),
                Some(_) => account.know(start, start + length),
            }
        }
    }
    Ok(())
}

fn properties(file: &[u8], start: usize, end: usize, account: &mut Account) -> Result {
    for (kind, start, end) in boxes(file, start, end, account)? {
        let bytes = match &kind {
            b"irot" | b"imir" | b"a1op" => 1,
            b"lsel" => 2,
            b"clli" => 4,
            b"pasp" | b"ccst" | b"amve" => 8,
            b"ispe" | b"iscl" | b"rloc" => 12,
            b"a1lx" => 13,
            b"mdcv" => 24,
            b"clap" => 32,
            b"pixi" if start + 4 < end => 5 + usize::from(file[start + 4]),
            b"auxC" | b"auxi" => 4 + 44,
            b"colr" => match file.get(start..start + 4) {
                Some(b"nclx") => 11,
                Some(b"nclc") => 10,
                Some(b"prof" | b"rICC") => {
                    icc::audit(&file[start + 4..end])?;
                    end - start
                }
                _ => 0,
            },
            b"free" => 0,
            // Configurations of decoders, and how samples are laid out.
            _ => end - start,
        };
        account.know(start, (start + bytes).min(end));
    }
    Ok(())
}

fn data_information(file: &[u8], start: usize, end: usize, account: &mut Account) -> Result {
    for (kind, start, end) in boxes(file, start, end, account)? {
        if &kind == b"dref" {
            account.know(start, start + 8);
            for (kind, start, _) in boxes(file, start + 8, end, account)? {
                if &kind == b"url " {
                    account.know(start, start + 4);
                }
            }
        }
    }
    Ok(())
}

fn movie(file: &[u8], start: usize, end: usize, account: &mut Account) -> Result {
    for (kind, start, end) in boxes(file, start, end, account)? {
        match &kind {
            b"mvhd" => times(file, start, [100, 112], account),
            b"trak" => track(file, start, end, account)?,
            b"free" => (),
            _ => return Err(format!("byte {start}: a box in a movie")),
        }
    }
    Ok(())
}

/// A header that begins with two times, which are zero.
fn times(file: &[u8], start: usize, bytes: [usize; 2], account: &mut Account) {
    let is_long = file.get(start) == Some(&1);
    account.know(start, start + 4);
    account.know(start + if is_long { 20 } else { 12 }, start + bytes[usize::from(is_long)]);
}

/// A track, and the boxes in it that contain others.
fn track(file: &[u8], start: usize, end: usize, account: &mut Account) -> Result {
    let mut tables = BTreeMap::new();
    let mut open = vec![(start, end)];
    while let Some((start, end)) = open.pop() {
        for (kind, start, end) in boxes(file, start, end, account)? {
            let is_long = file.get(start) == Some(&1);
            let mut list = |entry: usize| {
                tables.insert(kind, start);
                Ok::<_, String>(8 + entry * big(file, start + 4, 4)?)
            };
            let bytes = match &kind {
                b"mdia" | b"minf" | b"stbl" | b"edts" => {
                    open.push((start, end));
                    0
                }
                b"tref" => {
                    for (kind, start, end) in boxes(file, start, end, account)? {
                        account.know(start, if &kind == b"free" { start } else { end });
                    }
                    0
                }
                b"tkhd" | b"mdhd" => {
                    times(file, start, if &kind == b"tkhd" { [84, 96] } else { [24, 36] }, account);
                    0
                }
                b"hdlr" => {
                    account.know(start + 8, start + 12);
                    0
                }
                b"dinf" => {
                    data_information(file, start, end, account)?;
                    0
                }
                b"stsd" => {
                    account.know(start, start + 8);
                    for (_, start, end) in boxes(file, start + 8, end, account)? {
                        account.know(start, start + 42);
                        account.know(start + 74, start + 78);
                        properties(file, start + 78, end, account)?;
                    }
                    0
                }
                b"vmhd" => 12,
                b"cslg" => 44,
                b"elst" => list(if is_long { 20 } else { 12 })?,
                b"stts" | b"ctts" | b"co64" => list(8)?,
                b"stss" | b"stco" => list(4)?,
                b"stsc" => list(12)?,
                b"stsz" => {
                    tables.insert(kind, start);
                    12 + if big(file, start + 4, 4)? == 0 { 4 * big(file, start + 8, 4)? } else { 0 }
                }
                b"nmhd" => 4,
                b"free" => 0,
                kind => return Err(format!("byte {start}: a box {:?} in a track", super::show(kind))),
            };
            account.know(start, (start + bytes).min(end));
        }
    }
    samples(file, &tables, account)
}

/// Accounts for the samples of a track.
fn samples(file: &[u8], tables: &BTreeMap<[u8; 4], usize>, account: &mut Account) -> Result {
    let table = |kind: &[u8; 4]| tables.get(kind).copied();
    let (sizes, runs) = (table(b"stsz").ok_or("no sizes")?, table(b"stsc").ok_or("no runs")?);
    let (offsets, width) = match table(b"stco") {
        Some(at) => (at, 4),
        None => (table(b"co64").ok_or("no offsets")?, 8),
    };
    let (same, total) = (big(file, sizes + 4, 4)?, big(file, sizes + 8, 4)?);
    let (mut sample, mut run, mut in_chunk) = (0, 0, 0);
    for chunk in 0..big(file, offsets + 4, 4)? {
        if run < big(file, runs + 4, 4)? && big(file, runs + 8 + 12 * run, 4)? == chunk + 1 {
            in_chunk = big(file, runs + 12 + 12 * run, 4)?;
            run += 1;
        }
        let start = big(file, offsets + 8 + width * chunk, width)?;
        let count = in_chunk.min(total - sample);
        let bytes = match same {
            0 => (sample..sample + count).map(|i| big(file, sizes + 12 + 4 * i, 4)).sum::<Result<usize>>()?,
            same => same.saturating_mul(count),
        };
        account.know(start, start.saturating_add(bytes));
        sample += count;
    }
    Ok(())
}
