//! The answer to a request, as far as header and translation tell it.

use crate::archive;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use safelight_core::{Detection, Error, Format, Geometry, Kind, Limits, Orientation, Size, Step};
use safelight_dialects::{Dialect, Image, Request};
use safelight_registry::REGISTRY;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

/// The sample images of the project, and those that came with a table.
pub(crate) struct Pictures {
    folder: PathBuf,
    archive: BTreeMap<String, Vec<u8>>,
    /// Names of objects, and the images that they are copies of.
    copies: BTreeMap<String, String>,
}

impl Pictures {
    pub(crate) fn new(archive: Option<PathBuf>) -> Self {
        let archive = archive.map(|path| archive::files(&fs::read(path).unwrap())).unwrap_or_default();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../images");
        Self { folder, archive, copies: BTreeMap::new() }
    }

    /// The pictures of the stand-ins for S3: also files of `folder`, and the copies that it lists.
    pub(crate) fn of_objects(folder: &Path) -> Self {
        let mut pictures = Self::new(None);
        let list: Value = serde_json::from_slice(&fs::read(folder.join("objects.json")).unwrap()).unwrap();
        for (name, object) in list["objects"].as_object().unwrap() {
            if let Some(source) = object["bytes_of"].as_str() {
                pictures.copies.insert(name.clone(), source.to_owned());
            }
        }
        for name in ["overlay.png", "garbage.jpg"] {
            pictures.archive.insert(name.to_owned(), fs::read(folder.join(name)).unwrap());
        }
        pictures
    }

    fn read(&self, key: &str) -> Option<Vec<u8>> {
        let key = self.copies.get(key).map_or(key, String::as_str);
        self.archive.get(key).cloned().or_else(|| fs::read(self.folder.join(key)).ok())
    }
}

/// An answer.
pub(crate) enum Answer {
    Error(String),
    Picture { query: String, mime: &'static str, size: Option<Size> },
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(message) => f.write_str(message),
            Self::Picture { query, mime, size } => write!(f, "{mime} {size:?} {query}"),
        }
    }
}

impl Answer {
    pub(crate) fn new(dialect: &Dialect, request: &Request<'_>, pictures: &Pictures) -> Self {
        answer(dialect, request, pictures)
            .unwrap_or_else(|error| Self::Error(format!("{:?}: {error}", error.kind)))
    }

    /// Returns whether a service gave this answer.
    pub(crate) fn is_like(&self, answer: &Value) -> bool {
        let is_refused = answer["status"].as_u64().is_some_and(|status| 400 <= status);
        let Self::Picture { mime, size, .. } = self else { return is_refused };
        let side = |name: &str| answer[name].as_u64().and_then(|side| u32::try_from(side).ok());
        let (Some(w), Some(h)) = (side("width"), side("height")) else { return !is_refused };
        !is_refused
            && answer["type"].as_str().is_none_or(|own| own.split(';').next() == Some(mime))
            && size.is_none_or(|size| size == Size::new(w, h))
    }
}

fn answer(dialect: &Dialect, request: &Request<'_>, pictures: &Pictures) -> Result<Answer, Error> {
    let translation = dialect.translate(request)?;
    let missing = || Error::new(Kind::NotFound, "path", "no image");
    let key =
        percent_decode_str(translation.path.trim_start_matches('/')).decode_utf8().map_err(|_| missing())?;
    if key.split('/').any(|segment| segment.is_empty() || segment.starts_with('.')) {
        return Err(missing());
    }
    let source = Bytes::from(pictures.read(&key).ok_or_else(missing)?);
    let Detection::Known(format) = Format::detect(&source) else {
        return Err(Error::new(Kind::UnsupportedFormat, "format", "unknown"));
    };
    let image = match REGISTRY.decoder(format) {
        Some(decoder) => {
            let opened = decoder.open(source.clone(), &Limits::default())?;
            let image = Image::new(format, opened.header(), &source);
            Image { has_alpha: image.has_alpha || opened.has_transparency(), ..image }
        }
        None => Image::unknown(format),
    };
    let words = translation.words(&image)?;
    let unknown = |key: &str| REGISTRY.params().all(|param| param.key != key) && key != "download";
    if let Some(word) = words.iter().find(|word| unknown(word.key)) {
        return Err(Error::new(Kind::Unsupported, "word", word.key));
    }
    let pairs: Vec<_> =
        words.iter().map(|word| format!("{}={}", word.key, word.value.replace('+', "%2B"))).collect();
    let query = REGISTRY.query(&pairs.join("&"), "")?;
    let upright = Geometry { size: Size::new(0, 0), orientation: image.orientation };
    let mut size =
        image.size.map(|size| if upright.orientation.is_transposed() { size.transposed() } else { size });
    let mut ops = Vec::new();
    for transform in REGISTRY.transforms {
        if let Some(Step::Pixels(op)) = transform.step(&query)? {
            ops.push(op);
        }
    }
    if let Some(size) = &mut size {
        for op in ops {
            let input = Geometry { size: *size, orientation: Orientation::UPRIGHT };
            *size = op.output(input)?.size;
        }
    }
    let format = query.get("format").and_then(Format::from_word);
    let format = format.unwrap_or(if query.is_empty() { image.format } else { image.format.encoded_as() });
    Ok(Answer::Picture { query: query.to_string(), mime: format.mime(), size })
}
