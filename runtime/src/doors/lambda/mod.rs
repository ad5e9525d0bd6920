//! The AWS Lambda door: one function for S3 Object Lambda, for Function URLs and for API Gateway, told apart
//! by the event.
//!
//! Read on: `event.rs` for what comes in, `object.rs` for Object Lambda, `web.rs` for the others.
//! Nothing is made before the first event that needs it: clients, connections and certificates cost more
//! than the rest of a cold start.

mod deadline;
mod event;
mod invocation;
mod metrics;
mod object;
mod question;
mod settings;
mod web;
mod writer;

pub use event::{Event, EventError, Object, Output, Web};
pub use settings::{Settings, SettingsError};

use crate::{
    client::client,
    handle::Service,
    log::{chain, lines, log_panics},
    workshop::WorkshopLimits,
};
use axum::Router;
use deadline::Deadline;
use invocation::{Answering, Reply};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, Runtime, service_fn};
use safelight_core::Result;
use std::{
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use tracing::error;
use tracing_subscriber::prelude::*;
use writer::Writer;

/// Answers events until the process is ended.
///
/// # Errors
/// If the Runtime API does not answer.
pub async fn run(settings: Settings) -> Result<(), lambda_runtime::Error> {
    tracing_subscriber::registry()
        .with(lines(settings.log, io::stdout))
        .with(metrics::Metrics::from_env())
        .init();
    log_panics();
    let function = Arc::new(Function::new(settings));
    // What answers is the layer, for the reason that it gives; so nothing is ever asked of this.
    let nobody = service_fn(async |_: LambdaEvent<()>| Ok::<(), Diagnostic>(()));
    Runtime::new(nobody).layer(Answering::new(function)).run().await
}

/// What invocations share; made when it is first needed.
struct Function {
    settings: Settings,
    service: Service,
    client: OnceLock<reqwest::Client>,
    writer: OnceLock<Writer>,
    router: OnceLock<Router>,
    /// The last access point's settings, and what they make of the service.
    own: Mutex<Option<(String, Service)>>,
}

impl Function {
    fn new(settings: Settings) -> Self {
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

    /// Answers one event, in time.
    async fn answer(&self, event: &[u8], context: &Context) -> Reply {
        let deadline = Deadline::of(context.deadline());
        match Event::from_json(event) {
            Ok(Event::Get { output, object }) => {
                object::answer(self, &output, &object, &context.request_id, deadline).await
            }
            Ok(Event::Head(object)) => question::head(self, &object, &context.request_id, deadline).await,
            Ok(Event::List(object)) => question::list(self, &object, &context.request_id, deadline).await,
            Ok(Event::Web(web)) => web::answer(self, web, &context.request_id, deadline).await,
            Err(error) => {
                // The event itself stays out of the log: it holds what opens the object to anyone.
                error!(error = %chain(&error), id = context.request_id, "event");
                Reply::failure("Event", chain(&error))
            }
        }
    }

    /// How the access point with this `payload` is served; the log names what is wrong with it.
    fn service(&self, payload: &str) -> Result<Service> {
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
    fn client(&self) -> Result<reqwest::Client> {
        kept(&self.client, || {
            client(IDLE_TIMEOUT).map_err(|error| internal("cannot read from S3").with_source(error))
        })
    }

    /// What answers callers of access points.
    fn writer(&self) -> Result<&Writer> {
        if self.writer.get().is_none() {
            let _ = self.writer.set(Writer::new(&self.settings)?);
        }
        self.writer.get().ok_or_else(|| internal("cannot answer"))
    }
}

/// S3 closes connections that idle, and between two events a function does not see that.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

fn bounds(settings: &Settings) -> WorkshopLimits {
    WorkshopLimits { memory_bytes: settings.memory_bytes(), ..WorkshopLimits::default() }
}

/// A clone of what `cell` holds, made if it holds nothing.
fn kept<T: Clone>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<T> {
    match cell.get() {
        Some(value) => Ok(value.clone()),
        None => make().map(|value| cell.get_or_init(|| value).clone()),
    }
}

fn internal(message: &str) -> safelight_core::Error {
    safelight_core::Error::new(safelight_core::Kind::Internal, "function", message)
}
