//! Invocations: receives events, and calls the file for each kind of event.

use crate::{
    deadline::{self, Deadline},
    event::Event,
    function::Function,
    head_list, metrics, object,
    reply::{INVOCATION_ID, Reply},
    settings::Settings,
    web,
};
use hyper_util::client::legacy::connect::HttpConnector;
use lambda_runtime::{
    Context, Diagnostic, Error, LambdaEvent, LambdaInvocation, Runtime, service_fn,
    tower::{Layer, Service},
};
use lambda_runtime_api_client::PooledClient;
use safelight_core::Registry;
use safelight_service::{
    fonts::Fonts,
    log::{chain, lines, log_panics},
};
use std::{
    io,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};
use tracing::error;
use tracing_subscriber::prelude::*;

/// Responds to events, with the transforms and codecs of `registry`, until the process ends.
///
/// # Errors
/// The settings do not fit the registry, or the Runtime API does not respond.
pub async fn run(settings: Settings, fonts: &Fonts, registry: Registry) -> Result<(), Error> {
    tracing_subscriber::registry()
        .with(lines(settings.log, io::stdout))
        .with(metrics::Metrics::from_env())
        .init();
    log_panics();
    let function = match Function::new(settings, fonts, registry) {
        Ok(function) => Arc::new(function),
        Err(error) => {
            error!(error = error.to_string(), "settings");
            return Err(error.into());
        }
    };
    // `InvocationLayer` replaces this service: see `reply.rs`.
    let unused = service_fn(async |_: LambdaEvent<()>| Ok::<(), Diagnostic>(()));
    Runtime::new(unused).layer(InvocationLayer::new(function)).run().await
}

/// Replaces the service of `lambda_runtime` by the function.
pub(super) struct InvocationLayer {
    function: Arc<Function>,
    api: Arc<PooledClient>,
}

impl InvocationLayer {
    /// The function, with its own connection to the Runtime API of the environment.
    pub(super) fn new(function: Arc<Function>) -> Self {
        let mut connector = HttpConnector::new();
        // A response is written in several pieces: waiting to fill a packet with each would take longer than most
        // responses.
        connector.set_nodelay(true);
        Self { function, api: Arc::new(PooledClient::builder().with_connector(connector).build()) }
    }
}

impl<S> Layer<S> for InvocationLayer {
    type Service = Self;

    fn layer(&self, _: S) -> Self {
        Self { function: self.function.clone(), api: self.api.clone() }
    }
}

impl Service<LambdaInvocation> for InvocationLayer {
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let (function, api) = (self.function.clone(), self.api.clone());
        Box::pin(async move {
            let LambdaInvocation { parts, body, context } = invocation;
            let work = AssertUnwindSafe(respond(&function, &body, &context));
            let reply = futures_util::FutureExt::catch_unwind(work).await;
            // The log has the panic.
            let reply =
                reply.unwrap_or_else(|_| Reply::failure("Panic", "the function failed because of a defect"));
            let request = reply.into_request(&context.request_id, parts.headers.get(INVOCATION_ID))?;
            // A response that Lambda does not accept is lost. If the Runtime API is gone, the request for the next
            // event ends the process.
            match api.call(request).await {
                Ok(response) if response.status().is_success() => (),
                Ok(response) => {
                    error!(status = response.status().as_u16(), "the Runtime API rejected the response");
                }
                Err(error) => error!(error = %chain(&*error), "the Runtime API is unreachable"),
            }
            Ok(())
        })
    }
}

/// Responds to one event before its deadline.
async fn respond(function: &Function, event: &[u8], context: &Context) -> Reply {
    let event = Event::from_json(event);
    let max = if matches!(event, Ok(Event::Web(_))) { deadline::ANY } else { deadline::OBJECT_LAMBDA };
    let deadline = Deadline::before(context.deadline(), max);
    match event {
        Ok(Event::Get { output, object }) => {
            object::get_object(function, &output, &object, &context.request_id, deadline).await
        }
        Ok(Event::Head(object)) => {
            head_list::head_object(function, &object, &context.request_id, deadline).await
        }
        Ok(Event::List(object)) => {
            head_list::list_objects(function, &object, &context.request_id, deadline).await
        }
        Ok(Event::Web(web)) => web::respond(function, web, &context.request_id, deadline).await,
        Err(error) => {
            // The event itself is not logged: its presigned URL opens the object to anyone.
            error!(error = %chain(&error), id = context.request_id, "event");
            Reply::failure("Event", chain(&error))
        }
    }
}
