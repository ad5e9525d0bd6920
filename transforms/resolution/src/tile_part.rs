//! The header of a tile-part, and the bytes of the part that belong to the requested resolutions.

use crate::ResolutionError;
use safelight_containers::codestream::{MainHeader, Progression, Segments, marker};

/// The requested resolutions of a codestream, and the packets that have been found.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The number of requested resolutions: from one to all.
    wanted: u8,
    /// The number of resolutions in the codestream.
    resolutions: u8,
    /// The number of tile-parts that the main header lists, if it does.
    listed: Option<usize>,
    /// The number of packets of the requested resolutions.
    packets: u64,
    /// The number of packets in the parts so far.
    taken: u64,
    /// The number of parts so far.
    parts: u8,
    /// The source of the ends of resolutions, which the first part determines.
    by: Option<By>,
}

/// The source of the ends of resolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// Every resolution is a tile-part.
    Parts,
    /// PLT segments list the lengths of packets.
    Lengths,
}

/// The output of one tile-part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// The number of bytes after the header and SOD that are passed on.
    pub(crate) bytes: u64,
    /// The new value of Psot.
    pub(crate) length: u32,
    /// Whether no later part is needed.
    pub(crate) is_last: bool,
}

/// Bytes of the SOT segment, and of SOD.
const SOT_BYTES: usize = 12;
const SOD_BYTES: usize = 2;

impl Plan {
    /// A plan for the first `wanted` resolutions.
    ///
    /// # Errors
    /// [`ResolutionError::Needs`] if they are not first in the codestream.
    pub(crate) fn new(header: &MainHeader, wanted: u8) -> Result<Self, ResolutionError> {
        use Progression::{Lrcp, Rlcp, Rpcl};
        if header.sizes.tiles() != 1 {
            return Err(ResolutionError::Needs("a codestream of one tile"));
        }
        let comes_first = match header.progression {
            Rlcp | Rpcl => true,
            Lrcp => header.layers == 1,
            Progression::Pcrl | Progression::Cprl => false,
        };
        if !comes_first {
            return Err(ResolutionError::Needs("a codestream ordered by resolution, such as RPCL"));
        }
        let resolutions = header.resolutions();
        let wanted = wanted.min(resolutions);
        let packets = (0..wanted).fold(0_u64, |sum, it| sum.saturating_add(header.packets(it)));
        Ok(Self { wanted, resolutions, listed: header.tile_parts, packets, taken: 0, parts: 0, by: None })
    }

    /// The output of the tile-part with this header, from SOT up to SOD (T.800 A.4.2).
    ///
    /// # Errors
    /// [`ResolutionError`].
    pub(crate) fn share(&mut self, header: &[u8]) -> Result<Share, ResolutionError> {
        let damaged = ResolutionError::Damaged;
        let (sot, rest) =
            header.split_at_checked(SOT_BYTES).ok_or(damaged("a tile-part without a header"))?;
        let [0xFF, marker::SOT, 0, 10, 0, 0, a, b, c, d, index, count] = *sot else {
            return Err(damaged("an invalid header of a tile-part"));
        };
        if index != self.parts {
            return Err(damaged("tile-parts out of order"));
        }
        self.parts = self.parts.checked_add(1).ok_or(damaged("too many tile-parts"))?;
        let length = u32::from_be_bytes([a, b, c, d]);
        if length == 0 {
            return Err(ResolutionError::Needs("tile-parts that state their length"));
        }
        let head = (header.len() + SOD_BYTES) as u64;
        let body = u64::from(length).checked_sub(head).ok_or(damaged("an invalid length of a tile-part"))?;

        let lengths = Lengths::read(rest)?;
        let count = if count == 0 { self.listed } else { Some(usize::from(count)) };
        let by = match (self.by, &lengths) {
            (None, Some(_)) => By::Lengths,
            (None, None) if count == Some(self.resolutions.into()) => By::Parts,
            (None, None) => {
                let what = "a tile-part for each resolution, or the lengths of packets (PLT)";
                return Err(ResolutionError::Needs(what));
            }
            (Some(by), _) => by,
        };
        self.by = Some(by);
        match (by, lengths) {
            (By::Parts, _) => Ok(Share { bytes: body, length, is_last: self.parts == self.wanted }),
            (By::Lengths, Some(lengths)) => self.cut(&lengths, head, body, length),
            (By::Lengths, None) => Err(damaged("a tile-part without the lengths of its packets")),
        }
    }

    /// The output of a part that consists of the packets that are still needed.
    fn cut(
        &mut self,
        lengths: &Lengths,
        head: u64,
        body: u64,
        length: u32,
    ) -> Result<Share, ResolutionError> {
        let damaged = ResolutionError::Damaged("invalid lengths of packets (PLT)");
        let mut bytes = 0_u64;
        for packet in lengths.packets() {
            if self.taken == self.packets {
                break;
            }
            bytes = bytes.checked_add(packet.ok_or(damaged)?.into()).ok_or(damaged)?;
            self.taken += 1;
        }
        if body < bytes {
            return Err(damaged);
        }
        let is_last = self.taken == self.packets;
        // A part that is not the last is passed on whole; the lengths of its packets do not matter.
        let bytes = if is_last { bytes } else { body };
        let length = u32::try_from(head + bytes).unwrap_or(length);
        Ok(Share { bytes, length, is_last })
    }
}

/// The PLT segments of a tile-part, in order (T.800 A.7.3).
struct Lengths<'a>(Vec<&'a [u8]>);

impl<'a> Lengths<'a> {
    /// The PLT segments in the header of a tile-part; `None` without any.
    fn read(segments: &'a [u8]) -> Result<Option<Self>, ResolutionError> {
        let mut found: Vec<&[u8]> = Vec::new();
        for segment in Segments::new(segments) {
            match segment? {
                (marker::PLT, [index, lengths @ ..]) if usize::from(*index) == found.len() => {
                    found.push(lengths);
                }
                (marker::PLT, _) => return Err(ResolutionError::Damaged("invalid lengths of packets (PLT)")),
                (marker::QCD | marker::QCC | marker::COM, _) => (),
                _ => {
                    return Err(ResolutionError::Needs(
                        "tile-parts with the coding style of the main header",
                    ));
                }
            }
        }
        Ok((!found.is_empty()).then_some(Self(found)))
    }

    /// The length of each packet, seven bits a byte, the highest first; `None` for a length that does not end.
    fn packets(&self) -> impl Iterator<Item = Option<u32>> {
        self.0.iter().flat_map(|segment| {
            let mut rest = *segment;
            std::iter::from_fn(move || {
                if rest.is_empty() {
                    return None;
                }
                let mut length = 0_u32;
                while let Some((byte, behind)) = rest.split_first() {
                    rest = behind;
                    if length >> 25 != 0 {
                        break;
                    }
                    length = length << 7 | u32::from(byte & 0x7F);
                    if byte & 0x80 == 0 {
                        return Some(Some(length));
                    }
                }
                rest = &[];
                Some(None)
            })
        })
    }
}
