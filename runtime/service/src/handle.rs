//! The one loop: request → plan → source → session → response. Every door calls [`handle`].
//!
//! Read on in `safelight_core::plan` for the plan, in [`crate::driver`] for the flow of bytes, and in
//! [`crate::door`] for the callers.

use crate::{
    cache_control::{CacheSettings, Fallback, for_checking_cdn},
    conditional::{Outcome, Validators, is_conditional, of_settings},
    decode_pool::DecodePool,
    download::attachment,
    driver::SessionDriver,
    meter::Meter,
    metrics::{Metrics, ResultOutcome, Span},
    passthrough::Passthrough,
    range::{ByteRange, content_range},
    rejection::Rejection,
    request::Request,
    response::{Body, SERVER_TIMING, SVG_POLICY, Timing, describe, quality_header},
    results::{Cached, ResultBody, ResultKey, Results},
    sides::Sides,
    source::{Meta, Opened, Reader, Source, within},
    status,
    streaming::Streaming,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use safelight_core::{Error, Format, Kind, Plan, Query, Registry, Result, Session, Settings};
use safelight_edge::rules::Asked;
use std::{sync::Arc, time::Duration};

pub use safelight_edge::rules::{RuleSettings, Rules};

/// Attempts at a request whose source changes while it is read.
const MAX_ATTEMPTS: u32 = 3;

/// The state that all requests share.
#[derive(Clone, Debug)]
pub struct Service {
    /// The transforms and codecs.
    pub registry: Registry,
    /// Settings of the operator.
    pub settings: Settings,
    /// The operator's rules for queries.
    pub rules: Arc<Rules>,
    /// Lifetimes of responses in caches.
    pub cache: CacheSettings,
    /// Paths of images in place of errors. Defaults to none.
    pub fallback: Fallback,
    /// Whether browsers are asked for client hints. Defaults to `false`.
    pub has_client_hints: bool,
    /// The longest time without data from a source. Defaults to 30 seconds.
    pub source_timeout: Duration,
    /// Threads and memory for heavy work.
    pub decode_pool: Arc<DecodePool>,
    /// The metrics of all requests. Defaults to ones that nothing records.
    pub metrics: Arc<Metrics>,
    /// The results that are computed, and those that are kept. Defaults to keeping none.
    pub results: Arc<Results>,
    /// Whether a CDN in front checks viewers, so that it may store responses and viewers must ask it before each use.
    /// Defaults to `false`.
    pub is_checked_by_cdn: bool,
    /// Limits of the door on responses that continue after their head.
    pub streaming: Streaming,
    /// Images that transforms use besides the source. Defaults to none.
    pub sides: Sides,
}

/// Returns the response to `request` about the image in `source`.
///
/// # Errors
/// [`Rejection`], if the request fails before the first byte of the response. Errors after that are errors of
/// the response's body.
pub async fn handle(
    service: &Service,
    source: &Arc<dyn Source>,
    request: &Request,
) -> Result<Response<Body>, Rejection> {
    for _ in 0..MAX_ATTEMPTS {
        // On the heap, since the doors' own futures contain it.
        match Box::pin(attempt(service, source, request)).await {
            Err(Failure::SourceChanged) => (),
            Err(Failure::Rejected(rejection)) => return Err(rejection),
            Ok(response) => return Ok(service.finish(response, request)),
        }
    }
    let message = format!("the source changed during each of {MAX_ATTEMPTS} attempts to read it");
    Err(Error::new(Kind::Upstream, "source", message).into())
}

/// Returns the head of the response to `request`, as far as it is known without reading the source: without
/// content type and length.
///
/// `headers` are those of [`Opened::headers`].
///
/// # Errors
/// As for [`handle`].
pub async fn preview(
    service: &Service,
    meta: &Meta,
    headers: HeaderMap,
    request: &Request,
) -> Result<Response<Body>, Rejection> {
    let timing = Timing::start();
    let (plan, sides) = service.plan(&request.query, &request.meter).await?;
    let validators = Validators::new(meta, &plan.query, &sides, &service.settings);
    match validators.evaluate(&request.headers) {
        Outcome::NotModified => {
            return Ok(service.finish(service.not_modified(meta, headers, &validators, timing), request));
        }
        Outcome::Failed => return Err(precondition_failed().into()),
        Outcome::Proceed => (),
    }
    let mut response = Response::new(Body::none());
    *response.headers_mut() = headers;
    describe(response.headers_mut(), meta, &validators, &service.cache);
    response.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    Ok(service.finish(response, request))
}

/// Reasons for which an attempt has no response.
enum Failure {
    /// The source changed while it was read: another attempt may succeed.
    SourceChanged,
    /// The request fails.
    Rejected(Rejection),
}

impl From<Error> for Failure {
    /// Sources report another version than the pinned one as [`Kind::PreconditionFailed`].
    fn from(error: Error) -> Self {
        match error.kind {
            Kind::PreconditionFailed => Self::SourceChanged,
            _ => Self::Rejected(error.into()),
        }
    }
}

/// Makes one attempt.
async fn attempt(
    service: &Service,
    source: &Arc<dyn Source>,
    request: &Request,
) -> Result<Response<Body>, Failure> {
    let mut timing = Timing::start();
    let (plan, sides) = service.plan(&request.query, &request.meter).await?;
    let query = plan.query.clone();
    let validators = |meta: &Meta| Validators::new(meta, &query, &sides, &service.settings);
    timing.mark("plan");
    let key = service.result_key(&plan, &sides, request);
    let kept = match &key {
        Some(key) => service.results.get(key).await,
        None => None,
    };
    if let Some(Cached::Fresh(result)) = &kept {
        service.metrics.result(ResultOutcome::Hit);
        return service.respond(result, &validators(&result.meta), request, timing);
    }

    // Only a decode and an encode tell the length of the response, which HEAD may omit (RFC 9110 9.3.2).
    let is_cheap_head = !request.wants_body && plan.decodes();
    // A client that has the current version must not cost a read of the source.
    let mut probed = None;
    if is_cheap_head || kept.is_some() || is_conditional(&request.headers) {
        let probe = within(service.source_timeout, source.probe());
        let probe = request.meter.waiting(Span::Source, probe).await?;
        timing.mark("source");
        if let (Some(key), Some(Cached::Stale(result))) = (&key, &kept)
            && result.meta.is_same_version(probe.meta())
        {
            service.results.confirm(key);
            service.metrics.result(ResultOutcome::Revalidated);
            return service.respond(result, &validators(&result.meta), request, timing);
        }
        let validators = validators(probe.meta());
        match validators.evaluate(&request.headers) {
            Outcome::Proceed if is_cheap_head => {
                let (meta, mut headers) = probe.into_description();
                let content_type = plan.content_type().map(HeaderValue::from_static);
                headers.extend(content_type.map(|value| (header::CONTENT_TYPE, value)));
                headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
                return Ok(service.described(status::WHOLE, &meta, headers, &validators, timing));
            }
            Outcome::Proceed => probed = probe.into_opened(),
            Outcome::NotModified => {
                let (meta, headers) = probe.into_description();
                return Ok(service.not_modified(&meta, headers, &validators, timing));
            }
            Outcome::Failed => return Err(Failure::Rejected(precondition_failed().into())),
        }
    }

    if let Some(key) = &key {
        let run = || service.clone().run(plan, source.clone(), probed, request.meter.clone());
        let (is_first, result) = service.results.share(key, run).await;
        service.metrics.result(if is_first { ResultOutcome::Miss } else { ResultOutcome::Coalesced });
        let result = result?;
        timing.mark("result");
        return service.respond(&result, &validators(&result.meta), request, timing);
    }
    stream(service, source, plan, &sides, probed, request, timing).await
}

/// Makes one attempt at a response that is sent while it is produced.
async fn stream(
    service: &Service,
    source: &Arc<dyn Source>,
    plan: Plan,
    sides: &str,
    probed: Option<Opened>,
    request: &Request,
    mut timing: Timing,
) -> Result<Response<Body>, Failure> {
    let query = plan.query.clone();
    let mut opened = match probed {
        Some(opened) => opened,
        None => service.open(source, None, &request.meter).await?,
    };
    timing.mark("open");
    let passthrough = opened.passthrough.clone().filter(|_| query.is_empty());
    let mut headers = std::mem::take(&mut opened.headers);
    let mut driver = service.drive(plan, source, opened, &request.meter);
    let head = driver.commit(service.streaming.lookahead_bytes).await?;
    timing.mark("head");
    let meta = driver.meta().clone();
    let validators = Validators::new(&meta, &query, sides, &service.settings);

    let mut length = driver.length().or(meta.size.filter(|_| passthrough.is_some()));
    let range = ByteRange::from_headers(&request.headers)
        .filter(|_| request.wants_body && validators.allow_range(&request.headers))
        // The whole of a long response, which a 200 sends without a second run.
        .filter(|range| length.is_some() || *range != ByteRange::From(0));
    let needed = match range {
        _ if length.is_some() => 0,
        _ if request.needs_length => u64::MAX,
        Some(range) => range.needed().unwrap_or(u64::MAX),
        None => 0,
    };
    if driver.queued() < needed {
        // The length of a long response is known only at its end, so the session runs twice over the same
        // version of the source: to measure the response, and to send it. The first run ends with the range.
        length = measure(driver, needed).await?;
        let (plan, _) = service.plan(&request.query, &request.meter).await?;
        let opened = service.open(source, Some(&meta), &request.meter).await?;
        driver = service.drive(plan, source, opened, &request.meter);
        driver.commit(service.streaming.lookahead_bytes).await?;
        timing.mark("measure");
    }

    headers.extend(quality_header(&head));
    service.describe_body(
        &mut headers,
        &meta,
        &validators,
        HeaderValue::from_static(head.content_type),
        timing,
    );
    headers.extend(passthrough.unwrap_or_default());
    let part = match range.map(|range| range.within(length.unwrap_or(u64::MAX))) {
        Some(None) => return Err(Failure::Rejected(range_not_satisfiable(length))),
        part => part.flatten(),
    };
    if request.wants_body {
        // A response whose length is unknown was not decoded, so it is not much longer than its source.
        let whole = length.or(meta.size);
        let expected = match &part {
            Some(part) => Some(part.end.min(whole.unwrap_or(part.end)).saturating_sub(part.start)),
            None => whole,
        };
        service.streaming.check(expected)?;
    }
    let end = part.as_ref().map_or(u64::MAX, |part| part.end);
    if driver.length().is_none() && driver.queued() < end {
        service.streaming.mark_unfinished(&mut headers);
    }
    let (status, body) = match (part, length) {
        (Some(part), length) => {
            headers.insert(header::CONTENT_RANGE, content_range(Some(&part), length));
            (status::PART, Body::part(driver, part))
        }
        (None, Some(length)) => (status::WHOLE, Body::part(driver, 0..length)),
        (None, None) => (status::WHOLE, Body::whole(driver)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

impl Service {
    /// Parses a raw query string by the operator's rules; `accept` is the request's `Accept` header.
    ///
    /// # Errors
    /// [`Kind::InvalidParam`].
    pub fn query(&self, raw: &str, accept: &str) -> Result<Asked> {
        self.rules.query(raw, accept)
    }

    /// Returns the plan of `query` with the images that it needs besides the source, and their versions.
    ///
    /// # Errors
    /// Those of [`Plan::new`] and [`Sides::place`].
    pub async fn plan(&self, query: &Query, meter: &Arc<Meter>) -> Result<(Plan, String)> {
        let mut plan = Plan::new(self.registry, query.clone())?;
        let versions = self.sides.place(&mut plan, self, meter).await?;
        Ok((plan, versions))
    }

    /// Returns the key of the result of `plan`, if it may be shared: a decode takes long, and its result is whole before
    /// its first byte is sent.
    fn result_key(&self, plan: &Plan, sides: &str, request: &Request) -> Option<ResultKey> {
        let identity = request.identity.as_ref().filter(|_| plan.stage().is_none())?;
        let settings = of_settings(&self.settings);
        let parts = [env!("CARGO_PKG_VERSION"), &settings, &plan.query.to_string(), &identity.name, sides];
        Some(ResultKey::new(&identity.path, &parts))
    }

    /// Runs `plan` to its end.
    async fn run(
        self,
        plan: Plan,
        source: Arc<dyn Source>,
        opened: Option<Opened>,
        meter: Arc<Meter>,
    ) -> Result<ResultBody> {
        let mut opened = match opened {
            Some(opened) => opened,
            None => self.open(&source, None, &meter).await?,
        };
        let mut headers = std::mem::take(&mut opened.headers);
        let (head, meta, bytes) = self.drive(plan, &source, opened, &meter).into_whole().await?;
        headers.extend(quality_header(&head));
        Ok(ResultBody { content_type: HeaderValue::from_static(head.content_type), bytes, meta, headers })
    }

    /// Returns the response to `request` from a result.
    fn respond(
        &self,
        result: &ResultBody,
        validators: &Validators,
        request: &Request,
        timing: Timing,
    ) -> Result<Response<Body>, Failure> {
        let ResultBody { content_type, bytes, meta, headers } = result;
        match validators.evaluate(&request.headers) {
            Outcome::NotModified => return Ok(self.not_modified(meta, headers.clone(), validators, timing)),
            Outcome::Failed => return Err(Failure::Rejected(precondition_failed().into())),
            Outcome::Proceed => (),
        }
        let (length, mut headers) = (bytes.len() as u64, headers.clone());
        self.describe_body(&mut headers, meta, validators, content_type.clone(), timing);
        let range = ByteRange::from_headers(&request.headers)
            .filter(|_| request.wants_body && validators.allow_range(&request.headers));
        let part = match range.map(|range| range.within(length)) {
            Some(None) => return Err(Failure::Rejected(range_not_satisfiable(Some(length)))),
            part => part.flatten(),
        };
        if request.wants_body {
            let sent = part.as_ref().map_or(length, |part| part.end.saturating_sub(part.start));
            self.streaming.check(Some(sent))?;
        }
        let (status, body) = match part {
            _ if !request.wants_body => {
                headers.insert(header::CONTENT_LENGTH, length.into());
                (status::WHOLE, Body::none())
            }
            Some(part) => {
                headers.insert(header::CONTENT_RANGE, content_range(Some(&part), Some(length)));
                (status::PART, Body::slices(bytes, part))
            }
            None => (status::WHOLE, Body::slices(bytes, 0..length)),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// Writes the headers of a response with a body.
    fn describe_body(
        &self,
        headers: &mut HeaderMap,
        meta: &Meta,
        validators: &Validators,
        content_type: HeaderValue,
        timing: Timing,
    ) {
        describe(headers, meta, validators, &self.cache);
        if content_type == Format::Svg.mime() {
            headers.insert(header::CONTENT_SECURITY_POLICY, SVG_POLICY);
        }
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(SERVER_TIMING, timing.into_value());
    }

    /// Returns the response with the headers that depend on neither source nor plan.
    fn finish(&self, mut response: Response<Body>, request: &Request) -> Response<Body> {
        let headers = response.headers_mut();
        if self.is_checked_by_cdn {
            for_checking_cdn(headers);
        }
        if let Some(name) = &request.download {
            headers.insert(header::CONTENT_DISPOSITION, attachment(name));
        }
        response
    }

    fn not_modified(
        &self,
        meta: &Meta,
        headers: HeaderMap,
        validators: &Validators,
        timing: Timing,
    ) -> Response<Body> {
        self.described(status::NOT_MODIFIED, meta, headers, validators, timing)
    }

    /// Returns a response without a body, whose source was not read.
    fn described(
        &self,
        status: StatusCode,
        meta: &Meta,
        headers: HeaderMap,
        validators: &Validators,
        timing: Timing,
    ) -> Response<Body> {
        let mut response = Response::new(Body::none());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        describe(response.headers_mut(), meta, validators, &self.cache);
        response.headers_mut().insert(SERVER_TIMING, timing.into_value());
        response
    }

    async fn open(&self, source: &Arc<dyn Source>, pin: Option<&Meta>, meter: &Meter) -> Result<Opened> {
        let open = within(self.source_timeout, source.open(0, pin));
        meter.waiting(Span::Source, open).await
    }

    /// Starts a session over an opened source.
    fn drive(
        &self,
        plan: Plan,
        source: &Arc<dyn Source>,
        opened: Opened,
        meter: &Arc<Meter>,
    ) -> SessionDriver {
        let session: Box<dyn Session> = match &opened.passthrough {
            Some(_) if plan.query.is_empty() => Box::new(Passthrough::default()),
            _ => {
                if let Some(stage) = plan.stage() {
                    meter.enter(stage);
                }
                plan.start(&self.settings)
            }
        };
        let reader = Reader::new(source.clone(), opened, self.source_timeout, meter.clone());
        SessionDriver::new(reader, session, self.decode_pool.clone())
    }
}

/// Runs the session until `needed` bytes of the response exist. Returns the length of the response, if it ends before.
async fn measure(mut driver: SessionDriver, needed: u64) -> Result<Option<u64>> {
    let mut length = 0;
    while length < needed {
        let Some(bytes) = driver.next().await? else { return Ok(Some(length)) };
        length += bytes.len() as u64;
    }
    Ok(None)
}

fn precondition_failed() -> Error {
    let message = "the image does not match the conditions of the request, such as If-Match";
    Error::new(Kind::PreconditionFailed, "conditions", message)
}

fn range_not_satisfiable(length: Option<u64>) -> Rejection {
    let length_text = length.map_or_else(String::new, |length| format!(" of {length} bytes"));
    let message = format!("the requested range is outside the response{length_text}");
    let error = Error::new(Kind::RangeNotSatisfiable, "range", message);
    Rejection::from(error).with_header(header::CONTENT_RANGE, content_range(None, length))
}
