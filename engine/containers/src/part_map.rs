//! Parts of formats whose index states offsets: TIFF and ISO-BMFF.

use crate::{Class, Part, Removal, grammar::Layout};
use std::{collections::VecDeque, ops::Range};

/// A range of the source to which an index refers. Offsets count from the start of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) range: Range<u64>,
    pub(crate) part: Part,
}

/// The ranges to which an index refers, in the order of the source, without overlap.
///
/// All other bytes are unknown, and blanked.
#[derive(Debug, Default)]
pub(crate) struct PartMap {
    claims: Vec<Claim>,
}

/// The offset of bytes to which an index refers twice, in ways that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conflict(pub(crate) u64);

impl Claim {
    pub(crate) const fn new(range: Range<u64>, part: Part) -> Self {
        Self { range, part }
    }

    /// Bytes that do not change.
    pub(crate) const fn kept(range: Range<u64>, class: Class) -> Self {
        Self::new(range, Part::cut(class))
    }

    /// Bytes that become zeros.
    pub(crate) const fn blanked(range: Range<u64>, class: Class) -> Self {
        Self::new(range, Part::zeros(class))
    }

    /// Whether some of its bytes remain after a removal.
    fn is_needed(&self) -> bool {
        self.is_kept() || !is_zeros(&self.part)
    }

    fn is_kept(&self) -> bool {
        matches!(self.part.class, Class::Structure | Class::ImageData | Class::Icc | Class::Index)
    }

    /// Whether its bytes are replaced by others, so that no other claim may keep any of them.
    fn is_rewritten(&self) -> bool {
        self.part.class == Class::Index || (self.part.removal != Removal::Cut && !is_zeros(&self.part))
    }

    /// Whether it is another image, which may share image data with the one that is shown.
    fn is_other_image(&self) -> bool {
        matches!(self.part.class, Class::Thumbnail | Class::Secondary)
    }
}

impl PartMap {
    /// Sorts `claims` and merges those that overlap.
    ///
    /// A claim of another image is dropped where it overlaps bytes that are kept.
    ///
    /// # Errors
    /// [`Conflict`] if one claim removes bytes that another keeps, or if a rewritten index or profile shares bytes
    /// with anything else that is kept.
    pub(crate) fn new(claims: Vec<Claim>) -> Result<Self, Conflict> {
        let (mut kept, mut dropped): (Vec<_>, Vec<_>) =
            claims.into_iter().filter(|claim| !claim.range.is_empty()).partition(Claim::is_kept);
        // Among claims with the same start the longest is first: it contains the others.
        let order = |claim: &Claim| (claim.range.start, std::cmp::Reverse(claim.range.end));
        kept.sort_by_key(order);
        dropped.sort_by_key(order);

        let mut claims: Vec<Claim> = Vec::with_capacity(kept.len());
        for mut claim in kept {
            let Some(last) = claims.last_mut() else {
                claims.push(claim);
                continue;
            };
            if claim.part.class == Class::Icc && claim == *last {
                continue;
            }
            let is_rewritten = last.is_rewritten() || claim.is_rewritten();
            let overlaps = claim.range.start < last.range.end;
            if overlaps && is_rewritten {
                return Err(Conflict(claim.range.start));
            }
            let joins = claim.range.start <= last.range.end && claim.part == last.part;
            if joins && !is_rewritten {
                last.range.end = last.range.end.max(claim.range.end);
            } else if last.range.end < claim.range.end {
                claim.range.start = claim.range.start.max(last.range.end);
                claims.push(claim);
            }
        }

        let number_kept = claims.len();
        let mut end_of_last = 0;
        for mut claim in dropped {
            let kept = &claims[..number_kept];
            let next = kept.partition_point(|kept| kept.range.end <= claim.range.start);
            if kept.get(next).is_some_and(|kept| kept.range.start < claim.range.end) {
                if claim.is_other_image() {
                    continue;
                }
                return Err(Conflict(claim.range.start));
            }
            if claim.range.start < end_of_last {
                claim.range.start = end_of_last.min(claim.range.end);
                claim.part = Part::zeros(claim.part.class);
            }
            if !claim.range.is_empty() {
                end_of_last = claim.range.end;
                claims.push(claim);
            }
        }
        claims.sort_by_key(|claim| claim.range.start);
        Ok(Self { claims })
    }

    /// The ranges of which some bytes remain after a removal, in order.
    pub(crate) fn needed(&self) -> impl DoubleEndedIterator<Item = &Range<u64>> {
        self.claims.iter().filter(|claim| claim.is_needed()).map(|claim| &claim.range)
    }

    /// The parts that cover `range`, in order.
    ///
    /// # Errors
    /// [`Conflict`] if a needed claim crosses a border of `range`.
    pub(crate) fn cover(&self, range: Range<u64>) -> Result<VecDeque<(Part, Layout)>, Conflict> {
        let mut parts = VecDeque::new();
        let mut at = range.start;
        let unknown = |from: u64, to: u64| (Part::zeros(Class::Unknown), Layout::payload(to - from));
        let first = self.claims.partition_point(|claim| claim.range.end <= range.start);
        for claim in self.claims[first..].iter().take_while(|claim| claim.range.start < range.end) {
            let (start, end) = (claim.range.start.max(range.start), claim.range.end.min(range.end));
            if (start, end) != (claim.range.start, claim.range.end) && claim.is_needed() {
                return Err(Conflict(claim.range.start));
            }
            if at < start {
                parts.push_back(unknown(at, start));
            }
            let layout = match claim.part.class {
                Class::Structure | Class::Index => Layout::framing(end - start),
                _ => Layout::payload(end - start),
            };
            parts.push_back((claim.part.clone(), layout));
            at = end;
        }
        if at < range.end {
            parts.push_back(unknown(at, range.end));
        }
        Ok(parts)
    }
}

fn is_zeros(part: &Part) -> bool {
    matches!(&part.removal, Removal::Blank(first) if first.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExifFraming;

    fn check(claims: &[Claim], range: Range<u64>, expected: Result<&[(Class, u64)], Conflict>) {
        let found = PartMap::new(claims.to_vec()).and_then(|map| map.cover(range.clone()));
        let found = found.map(|parts| {
            let total: u64 = parts.iter().map(|(_, layout)| layout.prefix + layout.payload).sum();
            assert_eq!(total, range.end - range.start);
            parts
                .iter()
                .map(|(part, layout)| (part.class, layout.prefix + layout.payload))
                .collect::<Vec<_>>()
        });
        assert_eq!(found.as_deref(), expected.as_ref().copied(), "{claims:?}");
    }

    #[test]
    fn parts_cover_the_range() {
        use Class::{Exif, Icc, ImageData, Index, Secondary, Unknown, Xmp};
        let kept = Claim::kept;
        let blanked = Claim::blanked;
        check(&[], 3..9, Ok(&[(Unknown, 6)]));
        check(&[], 3..3, Ok(&[]));
        check(&[kept(5..7, ImageData)], 0..10, Ok(&[(Unknown, 5), (ImageData, 2), (Unknown, 3)]));
        // In every order of the claims, adjacent or overlapping claims of one kind become one.
        check(
            &[kept(7..9, ImageData), kept(1..5, ImageData), kept(2..7, ImageData)],
            1..9,
            Ok(&[(ImageData, 8)]),
        );
        check(&[kept(1..5, Icc), kept(0..5, ImageData)], 0..5, Ok(&[(ImageData, 5)]));
        check(&[kept(3..8, Icc), kept(0..5, ImageData)], 0..8, Ok(&[(ImageData, 5), (Icc, 3)]));
        check(&[blanked(2..6, Exif), blanked(4..8, Xmp)], 0..8, Ok(&[(Unknown, 2), (Exif, 4), (Xmp, 2)]));
        // Parts that are blanked may be cut at the borders, what is kept may not.
        check(&[blanked(2..6, Exif)], 3..4, Ok(&[(Exif, 1)]));
        check(&[kept(2..6, ImageData)], 3..8, Err(Conflict(2)));
        check(&[kept(2..6, ImageData)], 0..5, Err(Conflict(2)));
        check(&[kept(2..6, ImageData)], 6..7, Ok(&[(Unknown, 1)]));
        // Data of other images may overlap it; private bytes may not.
        check(&[kept(2..6, ImageData), blanked(5..9, Secondary)], 2..9, Ok(&[(ImageData, 4), (Unknown, 3)]));
        check(&[kept(2..6, ImageData), blanked(5..9, Exif)], 2..9, Err(Conflict(5)));
        check(&[kept(2..6, ImageData), blanked(0..9, Xmp)], 2..9, Err(Conflict(0)));
        check(&[kept(2..6, Index), kept(5..9, ImageData)], 2..9, Err(Conflict(5)));
        check(&[kept(2..6, Index), kept(2..6, Index)], 2..9, Err(Conflict(2)));
        check(&[kept(2..6, Index), kept(6..8, Index)], 2..8, Ok(&[(Index, 4), (Index, 2)]));
    }

    #[test]
    fn a_block_named_twice_is_oriented_once() {
        let exif =
            |range| Claim::new(range, Part::new(Class::Exif, Removal::Reorient(ExifFraming::Item(40))));
        let map = PartMap::new(vec![exif(10..50), exif(10..50), exif(30..70)]).unwrap();
        assert!(map.needed().eq([&(10..50)]));
        let removals: Vec<_> = map.cover(10..70).unwrap().into_iter().map(|(part, _)| part.removal).collect();
        assert_eq!(removals, [Removal::Reorient(ExifFraming::Item(40)), Removal::Blank(bytes::Bytes::new())]);
    }
}
