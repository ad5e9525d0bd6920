//! IPTC records, and the Photoshop image resources that wrap them in JPEG.

use super::{CITY, CREATOR, NOTE};

/// Returns IPTC-IIM datasets: byline, place, date, caption.
pub(in crate::generate) fn records() -> Vec<u8> {
    let text = |dataset: u8, value: &str| dataset_of(2, dataset, value.as_bytes());
    [
        // The character set is UTF-8 (IIM 4.2, 1:90).
        dataset_of(1, 90, b"\x1B%G"),
        dataset_of(2, 0, &[0, 4]),
        text(55, "20260621"),
        text(60, "204107+0200"),
        text(80, CREATOR),
        text(90, CITY),
        text(101, "Slovenia"),
        text(116, &format!("(c) 2026 {CREATOR}")),
        text(120, NOTE),
    ]
    .concat()
}

/// Returns Photoshop image resources with the records and their MD5.
pub(in crate::generate) fn resources() -> Vec<u8> {
    let records = records();
    [resource(0x0404, &records), resource(0x0425, &md5::compute(&records).0)].concat()
}

fn dataset_of(record: u8, dataset: u8, value: &[u8]) -> Vec<u8> {
    [&[0x1C, record, dataset], (value.len() as u16).to_be_bytes().as_slice(), value].concat()
}

/// Returns one image resource without a name, padded to an even length.
fn resource(id: u16, data: &[u8]) -> Vec<u8> {
    let head = [b"8BIM".as_slice(), &id.to_be_bytes(), &[0, 0], &(data.len() as u32).to_be_bytes()].concat();
    [&head, data, &[0][..data.len() % 2]].concat()
}
