//! Invocations: each event goes to the file that answers events of its kind.

use crate::{
    deadline::Deadline,
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
use safelight_service::log::{chain, lines, log_panics};
use std::{
    io,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};
use tracing::error;
use tracing_subscriber::prelude::*;

/// Answers events until the process is ended.
///
/// # Errors
/// If the Runtime API does not answer.
pub async fn run(settings: Settings) -> Result<(), Error> {
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

/// Puts the function in the place of whatever `lambda_runtime` would have answered.
pub(super) struct Answering {
    function: Arc<Function>,
    api: Arc<PooledClient>,
}

impl Answering {
    /// The function, with a connection of its own to the Runtime API of the environment.
    pub(super) fn new(function: Arc<Function>) -> Self {
        let mut connector = HttpConnector::new();
        // An answer is written in several pieces: waiting to fill a packet with each would take longer than
        // most answers.
        connector.set_nodelay(true);
        Self { function, api: Arc::new(PooledClient::builder().with_connector(connector).build()) }
    }
}

impl<S> Layer<S> for Answering {
    type Service = Self;

    fn layer(&self, _: S) -> Self {
        Self { function: self.function.clone(), api: self.api.clone() }
    }
}

impl Service<LambdaInvocation> for Answering {
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
            let work = AssertUnwindSafe(answer(&function, &body, &context));
            let reply = futures_util::FutureExt::catch_unwind(work).await;
            // The panic itself is in the log.
            let reply = reply.unwrap_or_else(|_| Reply::failure("Panic", "the function failed unexpectedly"));
            let request = reply.into_request(&context.request_id, parts.headers.get(INVOCATION_ID))?;
            // An answer that Lambda does not take is lost; the next event may fare better, and if the Runtime
            // API is gone, asking it for that event ends the process.
            match api.call(request).await {
                Ok(response) if response.status().is_success() => (),
                Ok(response) => {
                    error!(status = response.status().as_u16(), "the Runtime API refused the answer");
                }
                Err(error) => error!(error = %chain(&*error), "the Runtime API did not take the answer"),
            }
            Ok(())
        })
    }
}

/// Answers one event, in time.
async fn answer(function: &Function, event: &[u8], context: &Context) -> Reply {
    let deadline = Deadline::of(context.deadline());
    match Event::from_json(event) {
        Ok(Event::Get { output, object }) => {
            object::answer(function, &output, &object, &context.request_id, deadline).await
        }
        Ok(Event::Head(object)) => head_list::head(function, &object, &context.request_id, deadline).await,
        Ok(Event::List(object)) => head_list::list(function, &object, &context.request_id, deadline).await,
        Ok(Event::Web(web)) => web::answer(function, web, &context.request_id, deadline).await,
        Err(error) => {
            // The event itself stays out of the log: it holds what opens the object to anyone.
            error!(error = %chain(&error), id = context.request_id, "event");
            Reply::failure("Event", chain(&error))
        }
    }
}
