use super::encoder::Encoder;
use super::{Context, Reader};

/// The sequence of T.81 K.4.1: 256 decisions in one context.
#[test]
fn the_sequence_of_t81_is_decoded() {
    let decisions = b"\x00\x02\x00\x51\x00\x00\x00\xC0\x03\x52\x87\x2A\xAA\xAA\xAA\xAA\
        \x82\xC0\x20\x00\xFC\xD7\x9E\xF6\x74\xEA\xAB\xF7\x69\x7E\xE7\x4C";
    let coded = b"\x65\x5B\x51\x44\xF7\x96\x9D\x51\x78\x55\xBF\xFF\xFC\x51\x84\xC7\
        \xCE\xF9\x39\x00\x28\x7D\x46\x70\x8E\xCB\xC0\xF6";
    let mut reader = Reader::new(coded, 0);
    let mut context = Context::default();
    for (at, byte) in decisions.iter().enumerate() {
        let read = (0..8).fold(0, |byte, _| byte << 1 | u8::from(reader.decide(&mut context)));
        assert_eq!(read, *byte, "byte {at}");
    }
}

/// Decisions of every probability, of which the reader stops and continues after each.
#[test]
fn decisions_survive_the_round_trip() {
    let mut random = crate::dct::Random::new(3);
    let decisions: Vec<_> = (0..50_000)
        .map(|_| {
            let context = random.below(40) as usize;
            (context, random.below(1 << (context / 2)) == 0)
        })
        .collect();
    let mut encoder = Encoder::new();
    let mut contexts = [(0, false); 40];
    for (context, decision) in &decisions {
        encoder.decide(&mut contexts[*context], *decision);
    }
    let coded = encoder.finish();
    let mut reader = Reader::new(&coded, 0);
    let mut contexts = [Context::default(); 40];
    for (at, (context, decision)) in decisions.iter().enumerate() {
        assert_eq!(reader.decide(&mut contexts[*context]), *decision, "decision {at}");
        reader = Reader::resume(&coded, reader.position(), reader.registers());
    }
    assert!(reader.position() <= coded.len() + 4);
}
