//! The shortest Huffman code for given counts (T.81 K.2 and C.2).

/// The maximum length of a code (T.81 B.2.4.2).
const MAX_BITS: usize = 16;
/// The maximum number of leaves: the values of a byte, and a symbol that reserves a code.
const MAX_LEAVES: usize = 257;

/// A Huffman code in the form of a DHT segment.
pub(super) struct HuffmanCode {
    /// The number of codes of 1, 2, … 16 bits.
    counts: [u8; MAX_BITS],
    /// The symbols, those with the shortest codes first.
    symbols: Vec<u8>,
}

impl HuffmanCode {
    /// Returns the shortest code for symbols that occur `counts[symbol]` times, at most 256 of them; `None`
    /// if no symbol occurs.
    pub(super) fn shortest(counts: &[u64]) -> Option<Self> {
        let mut leaves: Vec<(u64, u8)> = (0..=u8::MAX)
            .zip(counts)
            .filter(|(_, count)| **count != 0)
            .map(|(s, count)| (*count, s))
            .collect();
        if leaves.is_empty() {
            return None;
        }
        leaves.sort_unstable_by(|a, b| b.cmp(a));
        let symbols = leaves.iter().map(|leaf| leaf.1).collect();
        // A symbol that never occurs reserves the last of the longest codes, which is all ones and must not
        // be used.
        let weights = [0].into_iter().chain(leaves.iter().rev().map(|leaf| leaf.0));
        let mut lengths = limited(lengths(&weights.collect::<Vec<_>>()));
        if let Some(longest) = lengths.iter_mut().rev().find(|codes| **codes != 0) {
            *longest -= 1;
        }
        Some(Self { counts: lengths.map(|codes| codes as u8), symbols })
    }

    /// Returns the symbols with their codes and the lengths of these in bits.
    pub(super) fn codes(&self) -> impl Iterator<Item = (u8, u64, u32)> {
        let lengths = (1..).zip(self.counts).flat_map(|(bits, codes)| (0..codes).map(move |_| bits));
        let mut next = 0_u64;
        let mut previous_bits = 0;
        self.symbols.iter().zip(lengths).map(move |(&symbol, bits)| {
            let code = next << (bits - previous_bits);
            (next, previous_bits) = (code + 1, bits);
            (symbol, code, bits)
        })
    }

    /// Appends the code in the form of a DHT segment.
    pub(super) fn put(&self, content: &mut Vec<u8>) {
        content.extend(self.counts);
        content.extend(&self.symbols);
    }
}

/// Returns the number of leaves at each depth of the tree that Huffman's algorithm builds for `weights`,
/// which ascend.
///
/// It creates inner nodes in the order of their weights, so two queues replace a heap.
fn lengths(weights: &[u64]) -> [u32; MAX_LEAVES] {
    let leaves = weights.len();
    let mut nodes = weights.to_vec();
    let mut parents = vec![0; 2 * leaves - 1];
    let (mut leaf, mut inner) = (0, leaves);
    for parent in leaves..2 * leaves - 1 {
        let mut lightest = || {
            // Of equal weights the leaf comes first, which keeps the tree low.
            let is_leaf = leaf < leaves && (inner == nodes.len() || nodes[leaf] <= nodes[inner]);
            let next = if is_leaf { &mut leaf } else { &mut inner };
            let node = *next;
            *next += 1;
            parents[node] = parent;
            nodes[node]
        };
        let weight = lightest() + lightest();
        nodes.push(weight);
    }
    let mut depths = vec![0; parents.len()];
    let mut lengths = [0; MAX_LEAVES];
    for node in (0..parents.len() - 1).rev() {
        depths[node] = depths[parents[node]] + 1;
        if node < leaves {
            lengths[depths[node]] += 1;
        }
    }
    lengths
}

/// Moves leaves up that are deeper than the maximum length of a code (T.81 Figure K.3).
fn limited(mut lengths: [u32; MAX_LEAVES]) -> [u32; MAX_BITS] {
    for depth in (MAX_BITS + 1..MAX_LEAVES).rev() {
        while lengths[depth] != 0 {
            // Of two siblings, one replaces their parent, and the other becomes the sibling of a higher leaf.
            let higher = (1..depth - 1).rev().find(|depth| lengths[*depth] != 0).expect("there are 2 leaves");
            lengths[depth] -= 2;
            lengths[depth - 1] += 1;
            lengths[higher] -= 1;
            lengths[higher + 1] += 2;
        }
    }
    let mut short = [0; MAX_BITS];
    short.copy_from_slice(&lengths[1..=MAX_BITS]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that the code for `counts` is a valid prefix code, and returns the bits of all symbols
    /// together.
    fn cost(counts: &[u64]) -> u64 {
        let code = HuffmanCode::shortest(counts).unwrap();
        let codes: Vec<_> = code.codes().collect();
        let mut symbols: Vec<_> = codes.iter().map(|code| code.0).collect();
        symbols.sort_unstable();
        let occurring = (0..=u8::MAX).zip(counts).filter(|(_, count)| **count != 0);
        assert_eq!(symbols, occurring.map(|(symbol, _)| symbol).collect::<Vec<_>>());
        for (at, &(_, code, bits)) in codes.iter().enumerate() {
            assert!((1..=16).contains(&bits) && code < (1 << bits) - 1, "{code:b} of {bits}");
            for &(_, other, longer) in &codes[at + 1..] {
                assert!(
                    bits <= longer && other >> (longer - bits) != code,
                    "{code:b} is a prefix of {other:b}"
                );
            }
        }
        codes.iter().map(|&(symbol, _, bits)| counts[usize::from(symbol)] * u64::from(bits)).sum()
    }

    #[test]
    fn codes_are_shortest() {
        let check = |counts: &[u64], bits| assert_eq!(cost(counts), bits, "{counts:?}");
        check(&[7], 7);
        check(&[0, 3, 5], 11);
        check(&[8, 4, 2, 1, 1], 31);
        check(&[1; 4], 9);
        check(&[1; 256], 8 * 255 + 9);
        assert!(HuffmanCode::shortest(&[0; 16]).is_none());
    }

    #[test]
    fn no_code_is_longer_than_16_bits() {
        let mut fibonacci = vec![1, 1];
        for at in 2..60 {
            fibonacci.push(fibonacci[at - 1] + fibonacci[at - 2]);
        }
        let unlimited = |counts: &[u64]| {
            let mut weights: Vec<u64> = [0].into_iter().chain(counts.iter().copied()).collect();
            weights.sort_unstable();
            let (mut sum, mut heap) = (0, weights);
            while 1 < heap.len() {
                let pair = heap[0] + heap[1];
                heap.splice(..2, []);
                heap.insert(heap.partition_point(|weight| *weight <= pair), pair);
                sum += pair;
            }
            sum
        };
        for symbols in 1..60 {
            let (counts, slack) = (&fibonacci[..symbols], if symbols < 16 { 0 } else { 2 });
            let (bits, least) = (cost(counts), unlimited(counts));
            assert!(least <= bits && bits - least <= least / 100 * slack, "{symbols}: {bits} for {least}");
        }
        let steep: Vec<u64> = (0..256).map(|at| 1 << (at % 50)).collect();
        assert!(unlimited(&steep) <= cost(&steep));
    }
}
