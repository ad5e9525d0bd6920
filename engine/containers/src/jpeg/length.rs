//! The lengths of segments that decoders need (ITU-T T.81 section B.2).

use super::marker;

/// The length of a segment, as its contents state it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// The length of the segment.
    Same,
    /// So many bytes, marker and length field included. The rest may hide data.
    Shorter(usize),
    /// More than the segment has.
    Invalid,
}

/// The length of `segment`, which begins with `marker`.
pub(super) fn of(marker: u8, segment: &[u8]) -> Length {
    let body = segment.get(4..).unwrap_or_default();
    let count = |at: usize| body.get(at).copied().map(usize::from);
    let bytes = match marker {
        marker::DRI | marker::DNL => Some(2),
        marker::EXP => Some(1),
        marker::SOS => count(0).map(|components| 4 + 2 * components),
        marker::DQT => tables(body, quantisation_table),
        marker::DHT => tables(body, huffman_table),
        marker::DAC => Some(body.len() & !1),
        // SOF0 to SOF15, and DHP.
        _ => count(5).map(|components| 6 + 3 * components),
    };
    match bytes {
        Some(bytes) if bytes == body.len() => Length::Same,
        Some(bytes) if bytes < body.len() => Length::Shorter(4 + bytes),
        _ => Length::Invalid,
    }
}

/// The bytes of the tables in `body`, each of the length that `table` returns; `None` if the first one is incomplete.
fn tables(body: &[u8], table: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
    let mut bytes = 0;
    while let Some(next) = table(&body[bytes..]).filter(|next| bytes + next <= body.len()) {
        bytes += next;
    }
    (0 < bytes || body.is_empty()).then_some(bytes)
}

/// The bytes of the quantisation table that `data` begins with: precision and number, 64 elements (section B.2.4.1).
fn quantisation_table(data: &[u8]) -> Option<usize> {
    match data.first()? {
        0..=3 => Some(1 + 64),
        0x10..=0x13 => Some(1 + 128),
        _ => None,
    }
}

/// The bytes of the Huffman table that `data` begins with: class and number, 16 counts of codes, as many values
/// (section B.2.4.2).
fn huffman_table(data: &[u8]) -> Option<usize> {
    const MAX_CODES: usize = 256;
    let is_table = matches!(data.first()?, 0..=3 | 0x10..=0x13);
    let codes = data.get(1..17)?.iter().map(|count| usize::from(*count)).sum::<usize>();
    (is_table && codes <= MAX_CODES).then_some(17 + codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_state_their_length() {
        let check = |marker: u8, body: &[u8], expected| {
            let length = (body.len() as u16 + 2).to_be_bytes();
            let segment = [&[0xFF, marker], &length[..], body].concat();
            assert_eq!(of(marker, &segment), expected, "{marker:02X} {body:02X?}");
        };
        let quantisation =
            |precision: u8| [vec![precision], vec![9; if precision < 16 { 64 } else { 128 }]].concat();
        let huffman = [&[0x10, 1, 1][..], &[0; 14], b"ab"].concat();
        check(marker::DRI, &[0, 8], Length::Same);
        check(marker::DRI, b"\0\x08text", Length::Shorter(6));
        check(marker::DRI, &[0], Length::Invalid);
        check(marker::DNL, &[0, 8, 1], Length::Shorter(6));
        check(marker::EXP, &[0x11], Length::Same);
        check(marker::SOS, &[1, 1, 0, 0, 63, 0], Length::Same);
        check(marker::SOS, &[2, 1, 0, 0, 63, 0], Length::Invalid);
        check(marker::SOS, &[], Length::Invalid);
        check(marker::SOF0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0], Length::Same);
        check(marker::SOF0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0, 1], Length::Shorter(13));
        check(marker::DQT, &[quantisation(0), quantisation(0x13)].concat(), Length::Same);
        check(marker::DQT, &[quantisation(0), vec![0; 64]].concat(), Length::Shorter(69));
        check(marker::DQT, &[quantisation(0), quantisation(7)].concat(), Length::Shorter(69));
        check(marker::DQT, &[0; 64], Length::Invalid);
        check(marker::DHT, &[&huffman[..], &huffman].concat(), Length::Same);
        check(marker::DHT, &[&huffman[..], b"text"].concat(), Length::Shorter(4 + huffman.len()));
        check(marker::DHT, &huffman[..18], Length::Invalid);
        check(marker::DHT, &[0xFF; 17], Length::Invalid);
        check(marker::DAC, &[0, 1, 2], Length::Shorter(6));
    }
}
