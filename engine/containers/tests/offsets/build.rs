//! Builds small ISO-BMFF files in which all private bytes are words that a test can search for.

/// Text that a strip must remove everywhere.
pub(crate) const SECRET: &[u8] = b"SECRET";

pub(crate) fn boxed(kind: &[u8], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

pub(crate) fn full(kind: &[u8], version: u8, flags: u32, body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&(u32::from(version) << 24 | flags).to_be_bytes()[..], body].concat())
}

/// The location of the bytes of an item.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Media,
    Inside,
}

/// Item type, the bytes after the name in `infe`, location, and extents.
pub(crate) type Item = (&'static [u8], Place, Vec<Vec<u8>>);

/// A source under construction: items with their data, and everything around them.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) file_type: Vec<u8>,
    /// Boxes between `ftyp` and `meta`.
    pub(crate) before: Vec<u8>,
    pub(crate) items: Vec<Item>,
    /// References: type, source item, target items.
    pub(crate) references: Vec<(&'static [u8; 4], u16, Vec<u16>)>,
    pub(crate) properties: Vec<Vec<u8>>,
    /// Associations: item and property indexes; the bit 0x80 marks an essential property.
    pub(crate) associations: Vec<(u16, Vec<u8>)>,
    /// Additional boxes in `meta`.
    pub(crate) more: Vec<u8>,
    pub(crate) movie: Vec<u8>,
    pub(crate) is_wide: bool,
    pub(crate) is_index_last: bool,
    pub(crate) primary: u16,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            file_type: b"avif\0\0\0\0mif1".to_vec(),
            before: Vec::new(),
            items: vec![(b"av01", Place::Media, vec![b"the picture".to_vec()])],
            references: Vec::new(),
            properties: vec![
                full(b"ispe", 0, 0, &[0; 8]),
                boxed(b"av1C", b"\x81\0\0\0"),
                boxed(b"irot", &[1]),
            ],
            associations: vec![(1, vec![1, 0x82, 0x83])],
            more: Vec::new(),
            movie: Vec::new(),
            is_wide: false,
            is_index_last: false,
            primary: 1,
        }
    }
}

impl Source {
    pub(crate) fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut source = Self::default();
        change(&mut source);
        source
    }

    pub(crate) fn item(&mut self, kind: &'static [u8], data: &[u8]) -> u16 {
        self.items.push((kind, Place::Media, vec![data.to_vec()]));
        self.items.len() as u16
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let start = self.head().len() as u64;
        let media_head = if self.is_wide { 16 } else { 8 };
        let index_bytes = if self.is_index_last { 0 } else { self.meta(0).len() + self.movie.len() };
        let meta = self.meta(start + index_bytes as u64 + media_head);
        let index = [&meta[..], &self.movie].concat();
        let media: Vec<u8> =
            self.pieces(Place::Media).flat_map(|piece| [piece, b"orphan SECRET "].concat()).collect();
        let media = if self.is_wide {
            [&b"\0\0\0\x01mdat"[..], &(media.len() as u64 + 16).to_be_bytes(), &media].concat()
        } else {
            boxed(b"mdat", &media)
        };
        let (first, second) = if self.is_index_last { (media, index) } else { (index, media) };
        [self.head(), first, second].concat()
    }

    fn head(&self) -> Vec<u8> {
        [boxed(b"ftyp", &self.file_type), self.before.clone()].concat()
    }

    fn pieces(&self, place: Place) -> impl Iterator<Item = &[u8]> {
        self.items.iter().filter(move |item| item.1 == place).flat_map(|item| &item.2).map(Vec::as_slice)
    }

    /// The `meta` box of a file whose media data begin at `media`.
    fn meta(&self, media: u64) -> Vec<u8> {
        let handler = full(b"hdlr", 0, 0, &[&b"\0\0\0\0pict"[..], &[0; 12], b"SECRET writer\0"].concat());
        let primary = full(b"pitm", 0, 0, &self.primary.to_be_bytes());

        let mut infos = (self.items.len() as u16).to_be_bytes().to_vec();
        for (i, (kind, ..)) in self.items.iter().enumerate() {
            let (kind, rest) = kind.split_at(4);
            let id = (i as u16 + 1).to_be_bytes();
            infos.extend(full(b"infe", 2, 0, &[&id, &b"\0\0"[..], kind, b"SECRET name\0", rest].concat()));
        }

        let mut locations = if self.is_wide { vec![0x88, 0x80] } else { vec![0x44, 0] };
        if self.is_wide {
            locations.extend((self.items.len() as u32).to_be_bytes());
        } else {
            locations.extend((self.items.len() as u16).to_be_bytes());
        }
        let (mut media, mut inside) = (media, 0);
        for (i, (_, place, pieces)) in self.items.iter().enumerate() {
            if self.is_wide {
                locations.extend((i as u32 + 1).to_be_bytes());
            } else {
                locations.extend((i as u16 + 1).to_be_bytes());
            }
            locations.extend([0, u8::from(*place == Place::Inside), 0, 0]);
            if self.is_wide {
                // The base offset.
                locations.extend(0_u64.to_be_bytes());
            }
            locations.extend((pieces.len() as u16).to_be_bytes());
            for piece in pieces {
                let at = if *place == Place::Inside { &mut inside } else { &mut media };
                let length = piece.len() as u64;
                if self.is_wide {
                    locations.extend([at.to_be_bytes(), length.to_be_bytes()].concat());
                } else {
                    locations.extend([(*at as u32).to_be_bytes(), (length as u32).to_be_bytes()].concat());
                }
                *at += length + if *place == Place::Inside { 0 } else { b"orphan SECRET ".len() as u64 };
            }
        }
        let locations = full(b"iloc", 1 + u8::from(self.is_wide), 0, &locations);

        let mut references = Vec::new();
        for (kind, from, to) in &self.references {
            let to = [&[to.len() as u16][..], to].concat();
            let ids: Vec<u8> = [&[*from][..], &to].concat().into_iter().flat_map(u16::to_be_bytes).collect();
            references.extend(boxed(*kind, &ids));
        }

        let mut associations = (self.associations.len() as u32).to_be_bytes().to_vec();
        for (item, properties) in &self.associations {
            associations.extend([&item.to_be_bytes(), &[properties.len() as u8][..], properties].concat());
        }
        let properties =
            [boxed(b"ipco", &self.properties.concat()), full(b"ipma", 0, 0, &associations)].concat();

        let data = self.pieces(Place::Inside).collect::<Vec<_>>().concat();
        full(
            b"meta",
            0,
            0,
            &[
                handler,
                primary,
                full(b"iinf", 0, 0, &infos),
                locations,
                full(b"iref", 0, 0, &references),
                boxed(b"iprp", &properties),
                boxed(b"idat", &[&data[..], b"SECRET"].concat()),
                self.more.clone(),
            ]
            .concat(),
        )
    }
}
