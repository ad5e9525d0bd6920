//! What invocations share. Nothing is made before the first event that needs it: clients, connections and
//! certificates cost more than the rest of a cold start.

use crate::{settings::Settings, writer::Writer};
use axum::Router;
use safelight_core::{Error, Kind, Result};
use safelight_service::{client::client, decode_pool::PoolLimits, handle::Service};
use std::{
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

/// What invocations share; made when it is first needed.
pub(crate) struct Function {
    pub(crate) settings: Settings,
    pub(crate) service: Service,
    client: OnceLock<reqwest::Client>,
    writer: OnceLock<Writer>,
    pub(crate) router: OnceLock<Router>,
    /// The last access point's settings, and what they make of the service.
    own: Mutex<Option<(String, Service)>>,
}

impl Function {
    pub(crate) fn new(settings: Settings) -> Self {
        let service = settings.policy.service(&bounds(&settings));
        Self {
            settings,
            service,
            client: OnceLock::new(),
            writer: OnceLock::new(),
            router: OnceLock::new(),
            own: Mutex::default(),
        }
    }

    /// How the access point with this `payload` is served; the log names what is wrong with it.
    pub(crate) fn service(&self, payload: &str) -> Result<Service> {
        if payload.trim().is_empty() || payload.trim() == "{}" {
            return Ok(self.service.clone());
        }
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, service)) = own.as_ref().filter(|(known, _)| known == payload) {
            return Ok(service.clone());
        }
        let policy = Settings::with_payload(payload)
            .map_err(|error| internal("has an access point with wrong settings").with_source(error))?;
        let service = policy.service(&bounds(&self.settings));
        *own = Some((payload.to_owned(), service.clone()));
        Ok(service)
    }

    /// What reads presigned URLs.
    pub(crate) fn client(&self) -> Result<reqwest::Client> {
        kept(&self.client, || {
            client(IDLE_TIMEOUT).map_err(|error| internal("cannot read from S3").with_source(error))
        })
    }

    /// What answers callers of access points.
    pub(crate) fn writer(&self) -> Result<&Writer> {
        if self.writer.get().is_none() {
            let _ = self.writer.set(Writer::new(self.settings.endpoint(), &self.settings.region)?);
        }
        self.writer.get().ok_or_else(|| internal("cannot answer"))
    }
}

/// S3 closes connections that idle, and between two events a function does not see that.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

fn bounds(settings: &Settings) -> PoolLimits {
    PoolLimits { memory_bytes: settings.memory_bytes(), ..PoolLimits::default() }
}

/// A clone of what `cell` holds, made if it holds nothing.
pub(crate) fn kept<T: Clone>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<T> {
    match cell.get() {
        Some(value) => Ok(value.clone()),
        None => make().map(|value| cell.get_or_init(|| value).clone()),
    }
}

pub(crate) fn internal(message: &str) -> Error {
    Error::new(Kind::Internal, "function", message)
}
