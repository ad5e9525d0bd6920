//! The one loop: request → plan → source → session → response. Every door calls [`handle`] and
//! translates, nothing more.
//!
//! Where to read on: what a plan is, `safelight_core::plan`; how the bytes flow, [`crate::driver`].

use crate::{
    conditional::{Outcome, Validators, is_conditional},
    decode_pool::DecodePool,
    driver::SessionDriver,
    log::SERVER_TIMING,
    passthrough::Passthrough,
    problem,
    range::{ByteRange, content_range},
    request::{Request, accept},
    response::{Body, Timing, describe},
    source::{Meta, Reader, Source, within},
    status,
};
use http::{HeaderMap, HeaderValue, Response, header};
use safelight_core::{Error, Kind, Plan, Query, Registry, Result, Session, Settings};
use std::{sync::Arc, time::Duration};

/// How often a request is begun anew because its source changed under it.
const ATTEMPTS: u32 = 3;

/// What every request shares.
#[derive(Clone, Debug)]
pub struct Service {
    /// The transforms that there are.
    pub registry: Registry,
    /// What the operator allows.
    pub settings: Settings,
    /// The longest wait for a source to send something. Defaults to 30 seconds.
    pub source_timeout: Duration,
    /// Where heavy work is done.
    pub decode_pool: Arc<DecodePool>,
}

/// Answers `request` about the picture in `source`; failures are answers too.
pub async fn handle(service: &Service, source: Arc<dyn Source>, request: &Request) -> Response<Body> {
    for _ in 0..ATTEMPTS {
        match answer(service, &source, request).await {
            Err(error) if error.kind == Kind::PreconditionFailed => (),
            Err(error) => return problem::response(error, &request.id),
            Ok(response) => return response,
        }
    }
    let error = Error::new(Kind::Upstream, "source", "kept changing while it was read");
    problem::response(error, &request.id)
}

/// What the answer's head says, as far as that can be known without reading the source: not what the
/// answer is, nor how long.
pub fn preview(service: &Service, meta: &Meta, request: &Request) -> Response<Body> {
    let timing = Timing::start();
    let query = match service.plan(request) {
        Ok(plan) => plan.query,
        Err(error) => return problem::response(error, &request.id),
    };
    let validators = Validators::new(meta, &query, &service.settings);
    match validators.weigh(&request.headers) {
        Outcome::Unchanged => return unchanged(meta, &validators, timing),
        Outcome::Failed => return failed(request),
        Outcome::Proceed => (),
    }
    let mut response = Response::new(Body::none());
    describe(response.headers_mut(), meta, &validators);
    response.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    response
}

/// One attempt. Fails with [`Kind::PreconditionFailed`] if the source changed under it.
async fn answer(service: &Service, source: &Arc<dyn Source>, request: &Request) -> Result<Response<Body>> {
    let mut timing = Timing::start();
    let plan = service.plan(request)?;
    let query = plan.query.clone();
    let validators = |meta: &Meta| Validators::new(meta, &query, &service.settings);
    timing.mark("plan");

    // Whoever has the answer already shall not cost a read of the source.
    if is_conditional(&request.headers) {
        let meta = within(service.source_timeout, source.meta()).await?;
        timing.mark("source");
        match validators(&meta).weigh(&request.headers) {
            Outcome::Proceed => (),
            Outcome::Unchanged => return Ok(unchanged(&meta, &validators(&meta), timing)),
            Outcome::Failed => return Ok(failed(request)),
        }
    }

    let mut run = service.start(plan, source, request, None).await?;
    timing.mark("open");
    let head = run.commit().await?;
    timing.mark("head");
    let meta = run.meta().clone();
    let validators = validators(&meta);

    let range = ByteRange::from_headers(&request.headers)
        .filter(|_| request.wants_body && validators.allow_range(&request.headers));
    let stored = stored(source.as_ref(), &query);
    let mut length = run.length().or(meta.size.filter(|_| stored.is_some()));
    if length.is_none() && (range.is_some() || request.needs_length) {
        // Only the end tells how long an answer is, so a long one is made twice: to be measured, and
        // then, from the very same source, to be sent.
        length = Some(measure(run).await?);
        run = service.start(service.plan(request)?, source, request, Some(&meta)).await?;
        run.commit().await?;
        timing.mark("measure");
    }

    let mut response = Response::new(Body::none());
    let headers = response.headers_mut();
    describe(headers, &meta, &validators);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(head.content_type));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(SERVER_TIMING, timing.into_value());
    headers.extend(stored.unwrap_or_default());
    let (status, body) = match (range, length) {
        (Some(range), Some(length)) => {
            let Some(part) = range.within(length) else { return Ok(unsatisfiable(request, length)) };
            headers.insert(header::CONTENT_RANGE, content_range(Some(&part), length));
            (status::PART, Body::part(run, part))
        }
        (_, Some(length)) => (status::WHOLE, Body::part(run, 0..length)),
        (_, None) => (status::WHOLE, Body::run(run)),
    };
    *response.status_mut() = status;
    *response.body_mut() = body;
    Ok(response)
}

impl Service {
    fn plan(&self, request: &Request) -> Result<Plan> {
        Plan::new(self.registry, self.registry.query(&request.query, &accept(&request.headers))?)
    }

    async fn start(
        &self,
        plan: Plan,
        source: &Arc<dyn Source>,
        request: &Request,
        pin: Option<&Meta>,
    ) -> Result<SessionDriver> {
        let session: Box<dyn Session> = match stored(source.as_ref(), &plan.query) {
            Some(_) => Box::new(Passthrough::default()),
            None => plan.start(&self.settings),
        };
        let reader = Reader::open(source.clone(), pin, self.source_timeout, request.meter.clone()).await?;
        Ok(SessionDriver::new(reader, session, self.decode_pool.clone()))
    }
}

/// The headers with which `source` goes out as it is stored, if it does.
fn stored(source: &dyn Source, query: &Query) -> Option<HeaderMap> {
    source.as_stored().filter(|_| query.is_empty())
}

/// Runs to the end and counts.
async fn measure(mut run: SessionDriver) -> Result<u64> {
    let mut length = 0;
    while let Some(bytes) = run.next().await? {
        length += bytes.len() as u64;
    }
    Ok(length)
}

fn unchanged(meta: &Meta, validators: &Validators, timing: Timing) -> Response<Body> {
    let mut response = Response::new(Body::none());
    *response.status_mut() = status::UNCHANGED;
    describe(response.headers_mut(), meta, validators);
    response.headers_mut().insert(SERVER_TIMING, timing.into_value());
    response
}

fn failed(request: &Request) -> Response<Body> {
    let message = "the picture is not the version that the request's conditions name";
    problem::response(Error::new(Kind::PreconditionFailed, "conditions", message), &request.id)
}

fn unsatisfiable(request: &Request, length: u64) -> Response<Body> {
    let message = format!("lies outside the answer, which has {length} bytes");
    let error = Error::new(Kind::RangeNotSatisfiable, "range", message);
    let mut response = problem::response(error, &request.id);
    response.headers_mut().insert(header::CONTENT_RANGE, content_range(None, length));
    response
}
