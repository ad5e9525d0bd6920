//! The ICC profile of a file, in APP2 segments (ICC.1:2010 B.4).

/// The maximum size of a profile. Profiles of printing presses have one or two million bytes.
pub(super) const MAX_PROFILE_BYTES: usize = 3 << 20;

const NAME: &[u8] = b"ICC_PROFILE\0";

/// The parts of a profile, in any order.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// The number of each part, from 1, and its bytes.
    parts: Vec<(u8, Vec<u8>)>,
    /// The number of parts that the first part states.
    count: u8,
    bytes: usize,
    /// Whether the parts contradict each other.
    is_bad: bool,
}

impl Profile {
    /// Adds the body of an APP2 segment. Segments other than those of ICC profiles are ignored.
    pub(super) fn push(&mut self, body: &[u8]) {
        let Some([number, count, part @ ..]) = part(body) else { return };
        if self.parts.is_empty() {
            self.count = *count;
        }
        self.bytes += part.len();
        self.is_bad |= *count != self.count
            || !(1..=*count).contains(number)
            || self.bytes > MAX_PROFILE_BYTES
            || self.parts.iter().any(|(known, _)| known == number);
        if self.is_bad {
            self.parts.clear();
        } else {
            self.parts.push((*number, part.to_vec()));
        }
    }

    /// Returns the profile, if it is complete.
    pub(super) fn into_bytes(mut self) -> Option<Vec<u8>> {
        if self.is_bad || self.parts.is_empty() || self.parts.len() != usize::from(self.count) {
            return None;
        }
        self.parts.sort_unstable_by_key(|(number, _)| *number);
        Some(self.parts.into_iter().flat_map(|(_, part)| part).collect())
    }
}

/// Returns a part of a profile with its two counters, if the body of an APP2 segment is one.
pub(super) fn part(body: &[u8]) -> Option<&[u8]> {
    body.strip_prefix(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parts: &[(u8, u8, &[u8])], expected: Option<&[u8]>) {
        let mut profile = Profile::default();
        profile.push(b"MPF\0");
        for (number, count, part) in parts {
            profile.push(&[NAME, &[*number, *count], part].concat());
        }
        assert_eq!(profile.into_bytes().as_deref(), expected, "{parts:?}");
    }

    #[test]
    fn parts_are_joined_in_order() {
        check(&[(1, 1, b"abc")], Some(b"abc"));
        check(&[(2, 2, b"cd"), (1, 2, b"ab")], Some(b"abcd"));
    }

    #[test]
    fn an_inconsistent_or_incomplete_profile_is_none() {
        check(&[], None);
        check(&[(1, 2, b"ab")], None);
        check(&[(1, 2, b"ab"), (1, 2, b"cd")], None);
        check(&[(1, 2, b"ab"), (2, 3, b"cd")], None);
        check(&[(0, 1, b"ab")], None);
        check(&[(1, 2, &vec![0; MAX_PROFILE_BYTES]), (2, 2, b"c")], None);
    }
}
