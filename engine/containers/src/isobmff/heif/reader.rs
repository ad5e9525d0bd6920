//! The tree of the primary item, or of another page.

use super::{Alpha, Coded, Colours, Content, Grid, Image, Layer, Overlay, Picture, property::Properties};
use crate::isobmff::{
    boxes::{FourCc, IndexError},
    items,
    meta::{Item, Meta},
};
use bytes::Bytes;
use safelight_core::Size;
use std::{collections::BTreeMap, sync::Arc};

/// The most identities that follow one another.
const MAX_IDENTITIES: usize = 8;
/// The most images of an overlay.
const MAX_LAYERS: usize = 256;

/// Reads the image `page`, or the primary item, of the `meta` box `index`, which begins at `start` of `source`.
pub(super) fn read(
    source: &Bytes,
    index: &Bytes,
    start: u64,
    page: Option<u32>,
) -> Result<Content, IndexError> {
    let meta = Meta::read(index, start)?;
    let all = items::pages(&meta);
    let pages = all.len() as u32;
    let id = page.map_or(Some(meta.primary), |page| all.get(page as usize).copied());
    let Some(id) = id else { return Ok(Content::NoPage(pages)) };
    let image = Box::new(Reader::new(source, index, &meta).image(id, false)?);
    Ok(Content::Image { image, pages })
}

struct Reader<'a> {
    source: &'a Bytes,
    index: &'a Bytes,
    meta: &'a Meta<'a>,
    /// The targets of references by type and origin.
    references: BTreeMap<(FourCc, u32), &'a [u32]>,
    /// The alpha plane of each item that has one.
    alphas: BTreeMap<u32, u32>,
    /// Coded images that were read.
    coded: BTreeMap<u32, Arc<Coded>>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Bytes, index: &'a Bytes, meta: &'a Meta<'a>) -> Self {
        let (mut references, mut alphas) = (BTreeMap::new(), BTreeMap::new());
        for reference in &meta.references {
            references.entry((reference.span.kind, reference.from)).or_insert(&*reference.to);
            let is_alpha =
                || meta.items.get(&reference.from).is_some_and(|item| items::is_alpha(item, meta, index));
            if &reference.span.kind == b"auxl" && is_alpha() {
                for to in &reference.to {
                    alphas.entry(*to).or_insert(reference.from);
                }
            }
        }
        Self { source, index, meta, references, alphas, coded: BTreeMap::new() }
    }

    /// Reads the item `id` with its transforms and its alpha plane.
    fn image(&mut self, id: u32, is_nested: bool) -> Result<Image, IndexError> {
        // An identity may change the geometry of the next, which it follows.
        let (mut id, mut outer) = (id, Vec::new());
        let mut colours = Colours::default();
        for _ in 0..MAX_IDENTITIES {
            let (kind, properties) = self.properties(id)?;
            colours = or(colours, properties.colours);
            if &kind == b"iden" {
                outer.push(properties.transforms);
                id = *self.inputs(id).first().ok_or(IndexError::Damaged(0, "an identity of no image"))?;
                continue;
            }
            let picture = self.picture(id, is_nested)?;
            // Writers may describe the colours of what it consists of only.
            let parts = match &picture {
                Picture::Coded(_) => None,
                Picture::Grid(grid) => grid.tiles.first().map(|tile| &tile.colours),
                Picture::Overlay(overlay) => overlay.layers.first().map(|layer| &layer.image.colours),
            };
            colours = or(colours, parts.cloned().unwrap_or_default());
            outer.push(properties.transforms);
            let transforms = outer.into_iter().rev().flatten().collect();
            let alpha = self.alpha(id, &picture)?;
            return Ok(Image { picture, transforms, colours, alpha });
        }
        Err(IndexError::Unsupported("many identities of one image"))
    }

    /// Reads the alpha plane of the item `id`, which consists of `picture`.
    fn alpha(&mut self, id: u32, picture: &Picture) -> Result<Option<Alpha>, IndexError> {
        if let Some(&alpha) = self.alphas.get(&id) {
            let is_premultiplied = self.references.get(&(*b"prem", id)).is_some_and(|to| to.contains(&alpha));
            return Ok(Some(Alpha { picture: self.picture(alpha, true)?, is_premultiplied }));
        }
        // Each tile may have an alpha plane of its own instead.
        let Picture::Grid(grid) = picture else { return Ok(None) };
        let alphas: Option<Vec<u32>> =
            self.inputs(id).iter().map(|tile| self.alphas.get(tile).copied()).collect();
        let Some(alphas) = alphas else { return Ok(None) };
        let tiles = alphas.into_iter().map(|tile| self.coded(tile)).collect::<Result<_, _>>()?;
        let picture = Picture::Grid(Grid { tiles, ..*grid });
        Ok(Some(Alpha { picture, is_premultiplied: false }))
    }

    fn picture(&mut self, id: u32, is_nested: bool) -> Result<Picture, IndexError> {
        let item = self.item(id)?;
        items::check_kept(item, self.meta, self.index)?;
        match &item.info.map(|info| info.kind).unwrap_or_default() {
            b"grid" => Ok(Picture::Grid(self.grid(id)?)),
            b"iovl" if is_nested => Err(IndexError::Unsupported("an overlay inside another image")),
            b"iovl" => Ok(Picture::Overlay(self.overlay(id)?)),
            b"tmap" => Err(IndexError::Unsupported("a tone-mapped image as primary item")),
            b"iden" => Err(IndexError::Unsupported("an identity as alpha plane")),
            _ => Ok(Picture::Coded(self.coded(id)?)),
        }
    }

    /// Reads a grid (ISO/IEC 23008-12 section 6.6.2.3).
    fn grid(&mut self, id: u32) -> Result<Grid, IndexError> {
        let data = self.data(id)?.concat();
        let mut bytes = Payload(&data);
        let is_wide = bytes.head()?;
        let (rows, columns) = (u32::from(bytes.u8()?) + 1, u32::from(bytes.u8()?) + 1);
        let size = Size::new(bytes.side(is_wide)?, bytes.side(is_wide)?);
        let inputs = self.inputs(id);
        if inputs.len() as u32 != rows * columns {
            return Err(IndexError::Damaged(0, "a grid with a wrong number of tiles"));
        }
        let tiles = inputs.iter().map(|tile| self.coded(*tile)).collect::<Result<_, _>>()?;
        Ok(Grid { columns, rows, size, tiles })
    }

    /// Reads an overlay (ISO/IEC 23008-12 section 6.6.2.2).
    fn overlay(&mut self, id: u32) -> Result<Overlay, IndexError> {
        let data = self.data(id)?.concat();
        let mut bytes = Payload(&data);
        let is_wide = bytes.head()?;
        let mut background = [0; 4];
        for channel in &mut background {
            *channel = u16::from_be_bytes(bytes.take()?);
        }
        let size = Size::new(bytes.side(is_wide)?, bytes.side(is_wide)?);
        let inputs = self.inputs(id);
        if MAX_LAYERS < inputs.len() {
            return Err(IndexError::Unsupported("an overlay of many images"));
        }
        let mut layers = Vec::new();
        for input in inputs {
            let (x, y) = (bytes.offset(is_wide)?, bytes.offset(is_wide)?);
            layers.push(Layer { x, y, image: self.image(*input, true)? });
        }
        Ok(Overlay { size, background, layers })
    }

    /// Reads a coded image.
    fn coded(&mut self, id: u32) -> Result<Arc<Coded>, IndexError> {
        if let Some(coded) = self.coded.get(&id) {
            return Ok(coded.clone());
        }
        let (kind, properties) = self.properties(id)?;
        if matches!(&kind, b"grid" | b"iovl" | b"iden" | b"tmap") {
            return Err(IndexError::Unsupported("a grid of images that are not coded"));
        }
        let coded = Arc::new(properties.into_coded(kind, self.data(id)?)?);
        self.coded.insert(id, coded.clone());
        Ok(coded)
    }

    /// Returns the type and the properties of the item `id`, all of which are supported.
    fn properties(&self, id: u32) -> Result<(FourCc, Properties), IndexError> {
        let item = self.item(id)?;
        items::check_kept(item, self.meta, self.index)?;
        let mut properties = Properties::default();
        for span in item.associations.iter().filter_map(|association| self.meta.property(*association)) {
            properties.add(span, self.index)?;
        }
        Ok((item.info.map(|info| info.kind).unwrap_or_default(), properties))
    }

    /// Returns the data of the item `id`, in parts that are together not longer than the source.
    fn data(&self, id: u32) -> Result<Vec<Bytes>, IndexError> {
        let extents = self.item(id)?.location.iter().flat_map(|location| &location.extents);
        let mut left = self.source.len();
        let part = |extent: &std::ops::Range<u64>| {
            let (start, end) = (usize::try_from(extent.start).ok()?, usize::try_from(extent.end).ok()?);
            left = left.checked_sub(end.checked_sub(start)?)?;
            (end <= self.source.len()).then(|| self.source.slice(start..end))
        };
        let parts: Option<Vec<_>> = extents.map(part).collect();
        parts.ok_or(IndexError::Damaged(0, "an image outside of the source"))
    }

    fn item(&self, id: u32) -> Result<&'a Item<'a>, IndexError> {
        self.meta.items.get(&id).ok_or(IndexError::Damaged(0, "the image refers to a missing item"))
    }

    /// Returns the items that the item `id` is derived from.
    fn inputs(&self, id: u32) -> &'a [u32] {
        self.references.get(&(*b"dimg", id)).copied().unwrap_or_default()
    }
}

/// Returns `first`, and what it lacks from `second`.
fn or(first: Colours, second: Colours) -> Colours {
    Colours {
        nclx: first.nclx.or(second.nclx),
        icc: first.icc.or(second.icc),
        content_peak: first.content_peak.or(second.content_peak),
        display_peak: first.display_peak.or(second.display_peak),
    }
}

impl Properties {
    /// Returns the coded image that they describe.
    pub(super) fn into_coded(self, kind: FourCc, data: Vec<Bytes>) -> Result<Coded, IndexError> {
        let size = self.size.ok_or(IndexError::Damaged(0, "an image without a size"))?;
        let config = self.config.unwrap_or_default();
        let Self { colours, operating_point, layer, .. } = self;
        Ok(Coded { kind, size, config, data, colours, operating_point, layer })
    }
}

/// The data of a derived image.
struct Payload<'a>(&'a [u8]);

impl Payload<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], IndexError> {
        let short = IndexError::Damaged(0, "a derived image that is too short");
        let (first, rest) = self.0.split_first_chunk().ok_or(short)?;
        self.0 = rest;
        Ok(*first)
    }

    fn u8(&mut self) -> Result<u8, IndexError> {
        Ok(self.take::<1>()?[0])
    }

    /// Reads the version and the flags. Returns whether later fields have 32 bits.
    fn head(&mut self) -> Result<bool, IndexError> {
        match self.take()? {
            [0, flags] => Ok(flags & 1 == 1),
            _ => Err(IndexError::Unsupported("a derived image of an unknown version")),
        }
    }

    fn side(&mut self, is_wide: bool) -> Result<u32, IndexError> {
        Ok(if is_wide { u32::from_be_bytes(self.take()?) } else { u16::from_be_bytes(self.take()?).into() })
    }

    fn offset(&mut self, is_wide: bool) -> Result<i32, IndexError> {
        Ok(if is_wide { i32::from_be_bytes(self.take()?) } else { i16::from_be_bytes(self.take()?).into() })
    }
}
