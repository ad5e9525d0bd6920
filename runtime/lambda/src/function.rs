//! The state that invocations share. Each part is created for the first event that needs it: clients, connections
//! and certificates cost more than the rest of a cold start.

use crate::{settings::Settings, writer::Writer};
use axum::Router;
use safelight_core::{Error, Kind, Registry, Result};
use safelight_service::{StartError, client::client, decode_pool::PoolLimits, fonts::Fonts, handle::Service};
use std::{
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

/// The function.
pub(crate) struct Function {
    pub(crate) settings: Settings,
    pub(crate) service: Service,
    /// The routes of the web door.
    pub(crate) router: OnceLock<Router>,
    client: OnceLock<reqwest::Client>,
    writer: OnceLock<Writer>,
    /// The settings of the last access point, and the service with them.
    access_point: Mutex<Option<(String, Service)>>,
}

impl Function {
    /// Creates the function.
    ///
    /// # Errors
    /// [`StartError`] for rules that do not fit the parameters of `registry`.
    pub(crate) fn new(settings: Settings, fonts: &Fonts, registry: Registry) -> Result<Self, StartError> {
        let mut service = settings.policy.service(registry, &pool_limits(&settings))?;
        service.is_checked_by_cdn = settings.auth.checked_by_cdn;
        service.settings.fonts = fonts.digest();
        Ok(Self {
            settings,
            service,
            router: OnceLock::new(),
            client: OnceLock::new(),
            writer: OnceLock::new(),
            access_point: Mutex::default(),
        })
    }

    /// Returns the service with the settings of an access point's `payload`.
    pub(crate) fn service(&self, payload: &str) -> Result<Service> {
        const INVALID: &str = "the access point has invalid settings";
        if payload.trim().is_empty() || payload.trim() == "{}" {
            return Ok(self.service.clone());
        }
        let mut last = self.access_point.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, service)) = last.as_ref().filter(|(known, _)| known == payload) {
            return Ok(service.clone());
        }
        let policy = Settings::with_payload(payload).map_err(|error| internal(INVALID).with_source(error))?;
        let service = policy.service(self.service.registry, &pool_limits(&self.settings));
        let mut service = service.map_err(|error| internal(INVALID).with_source(error))?;
        service.is_checked_by_cdn = self.service.is_checked_by_cdn;
        service.settings.fonts.clone_from(&self.service.settings.fonts);
        *last = Some((payload.to_owned(), service.clone()));
        Ok(service)
    }

    /// Returns the client that reads presigned URLs.
    pub(crate) fn client(&self) -> Result<&reqwest::Client> {
        get_or_try_init(&self.client, || {
            client(IDLE_TIMEOUT).map_err(|error| internal("cannot create an HTTPS client").with_source(error))
        })
    }

    /// Returns the writer that responds to callers of access points.
    pub(crate) fn writer(&self) -> Result<&Writer> {
        get_or_try_init(&self.writer, || Writer::new(self.settings.endpoint(), &self.settings.region))
    }
}

/// The longest time that a connection may be idle. S3 closes idle ones, and between two events a function does not
/// notice that.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

fn pool_limits(settings: &Settings) -> PoolLimits {
    PoolLimits { memory_bytes: settings.memory_bytes(), ..PoolLimits::default() }
}

/// Returns the value of `cell`, created by `create` if the cell is empty.
pub(crate) fn get_or_try_init<T>(cell: &OnceLock<T>, create: impl FnOnce() -> Result<T>) -> Result<&T> {
    match cell.get() {
        Some(value) => Ok(value),
        None => create().map(|value| cell.get_or_init(|| value)),
    }
}

/// Returns an error of the function itself.
pub(crate) fn internal(message: &str) -> Error {
    Error::new(Kind::Internal, "function", message)
}
