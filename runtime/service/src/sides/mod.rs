//! Side images, such as watermarks: read and decoded once, and again when they have changed.
//!
//! Their memory is separate from that of requests, so that a request which waits for the one never has what others of
//! the other wait for.

mod kept;
mod settings;

pub use settings::{ImagePath, InvalidPath, SideSettings, Watermarks};

use crate::{
    driver::SessionDriver,
    handle::Service,
    hex::hex,
    meter::Meter,
    source::{File, Meta, Origin, Reader, Source, within},
};
use http::{Request, request::Parts};
use kept::{Kept, Room};
use percent_encoding::utf8_percent_encode;
use safelight_core::{Error, Kind, Plan, Result, Samples, Settings, SideImage, SideResult};
use safelight_edge::percent::RESERVED_IN_PATHS;
use sha2::{Digest, Sha256};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// The side images of one origin.
#[derive(Clone, Debug, Default)]
pub struct Sides {
    settings: Arc<SideSettings>,
    place: Place,
    kept: Arc<Kept>,
    /// The number of the origin: equal paths of others are other images.
    origin: usize,
    max_age: MaxAge,
}

/// The time for which a side image is used before its source is asked whether it has changed.
#[derive(Clone, Copy, Debug)]
struct MaxAge(Duration);

impl Default for MaxAge {
    fn default() -> Self {
        Self(Duration::from_mins(1))
    }
}

/// Where paths of side images lead.
#[derive(Clone, Debug, Default)]
enum Place {
    /// Nowhere.
    #[default]
    Nowhere,
    /// To images of an origin.
    Origin(Arc<dyn Origin>),
    /// To files. Whoever writes the query may name any.
    Files,
}

/// A side image, once it was read.
type Slot = Mutex<Option<Loaded>>;

/// A side image that was read.
#[derive(Clone, Debug)]
struct Loaded {
    image: SideImage,
    /// Differs if the pixels do.
    version: String,
    meta: Meta,
    checked: Instant,
}

impl Sides {
    /// The side images of these settings.
    pub fn new(settings: SideSettings) -> Self {
        Self { settings: Arc::new(settings), ..Self::default() }
    }

    /// Returns the same with other settings.
    #[must_use]
    pub(crate) fn with_settings(self, settings: SideSettings) -> Self {
        Self { settings: Arc::new(settings), ..self }
    }

    /// Returns the same with the images of `origin`.
    #[must_use]
    pub fn of_origin(self, origin: Arc<dyn Origin>) -> Self {
        Self { origin: self.kept.next_origin(), place: Place::Origin(origin), ..self }
    }

    /// Returns the same, which asks for changes after this time instead of a minute.
    #[must_use]
    pub fn with_max_age(self, max_age: Duration) -> Self {
        Self { max_age: MaxAge(max_age), ..self }
    }

    /// Returns the same with the files of this machine.
    #[must_use]
    pub fn of_files(self) -> Self {
        Self { place: Place::Files, ..self }
    }

    /// Places the side images that `plan` needs. Returns their versions, on which the result depends; an empty text if there
    /// are none.
    ///
    /// # Errors
    /// [`Kind::InvalidParam`] for a name that the query may not use; those of the source and of the decode.
    pub async fn place(&self, plan: &mut Plan, service: &Service, meter: &Arc<Meter>) -> Result<String> {
        let mut versions = String::new();
        for side in plan.sides() {
            let loaded = self.load(&side.name, service, meter).await?;
            side.image = Some(loaded.image);
            versions.push_str(&loaded.version);
        }
        Ok(versions)
    }

    async fn load(&self, name: &str, service: &Service, meter: &Arc<Meter>) -> Result<Loaded> {
        let unknown =
            || Error::param("watermark", format_args!("expected {}, got {name:?}", self.settings.form()));
        let path = match self.place {
            Place::Files if name.starts_with('/') => name.to_owned(),
            _ => self.settings.path(name).ok_or_else(unknown)?,
        };
        if matches!(self.place, Place::Nowhere) {
            let message = "this program has no watermarks: it reads images from no origin";
            return Err(Error::new(Kind::Unsupported, "watermark", message));
        }
        let slot = self.kept.slot(self.origin, &path);
        // Requests for the same image wait for the one that reads it.
        let mut slot = slot.lock().await;
        if let Some(loaded) = slot.as_ref().filter(|loaded| loaded.checked.elapsed() < self.max_age.0) {
            return Ok(loaded.clone());
        }
        let source = self.source(&path).ok_or_else(|| missing(name))?;
        if let Some(loaded) = slot.as_mut() {
            let probe = within(service.source_timeout, source.probe()).await?;
            if loaded.meta.is_same_version(probe.meta()) {
                loaded.checked = Instant::now();
                return Ok(loaded.clone());
            }
            *slot = None;
        }
        let room = self.kept.room(service.decode_pool.queue_timeout()).await?;
        let loaded = decode(source, service, room, meter).await;
        let loaded = loaded.map_err(|error| explained(name, error))?;
        *slot = Some(loaded.clone());
        Ok(loaded)
    }

    fn source(&self, path: &str) -> Option<Arc<dyn Source>> {
        match &self.place {
            Place::Nowhere => None,
            Place::Files => Some(Arc::new(File { path: PathBuf::from(path) })),
            Place::Origin(origin) => {
                let resource = origin.resolve(&head(path)?, &[]).ok()?;
                resource.is_image.then_some(resource.source)
            }
        }
    }
}

/// Returns the head of a request for a decoded path.
fn head(path: &str) -> Option<Parts> {
    let path = utf8_percent_encode(path, RESERVED_IN_PATHS).to_string();
    Some(Request::get(path).body(()).ok()?.into_parts().0)
}

/// Reads and decodes a side image.
async fn decode(
    source: Arc<dyn Source>,
    service: &Service,
    room: Room,
    meter: &Arc<Meter>,
) -> Result<Loaded> {
    let (plan, result) = SideResult::plan(service.registry)?;
    let limits = SideImage::limits(&service.settings.limits);
    let settings = Settings { limits, keep_profile: false, ..service.settings.clone() };
    let reader = Reader::open(source, service.source_timeout, meter.clone()).await?;
    let driver = SessionDriver::new(reader, plan.start(&settings), service.decode_pool.clone());
    let (_, meta, _) = driver.into_whole().await?;
    let image = result.image()?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    for plane in &image.planes {
        hash.update(format!("{:?} {:?}", plane.size, plane.channels));
        let samples: &[u8] = match &plane.samples {
            Samples::U8(samples) => samples,
            Samples::U16(samples) => bytemuck::cast_slice(samples),
        };
        hash.update(samples);
        bytes += samples.len();
    }
    let image = image.with_owner(room.shrunk(bytes as u64));
    Ok(Loaded { image, version: hex(&hash.finalize()[..16]), meta, checked: Instant::now() })
}

fn missing(name: &str) -> Error {
    Error::new(Kind::NotFound, "watermark", format!("no image {name:?} for a watermark"))
}

/// Names the side image in an error about it.
fn explained(name: &str, mut error: Error) -> Error {
    error.message = format!("watermark {name:?}: {}", error.message);
    error
}
