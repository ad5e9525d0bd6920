//! The logic of the handlers, without I/O: the caller fetches keys and reads credentials.

use crate::{config::Config, failure::Failure, response};
use safelight_edge::{
    authorize::{Access, Authorizer, Outcome, Reason},
    config::{self, ConfigError},
    event::{Event, EventType, Request, Response, Verdict},
    normalize::{Normalizer, grant_exif, preset_of},
    sign::{self, Credentials, Target, sign_origin_request},
    signed_url::{Rejected, SignedUrls},
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// The handlers with one configuration.
#[derive(Debug)]
pub(crate) struct Edge {
    authorizer: Authorizer,
    /// The keys of signed URLs, and whether a signature is required.
    signatures: Option<(SignedUrls, bool)>,
    normalizer: Option<Normalizer>,
    signing: Signing,
}

/// Signing of requests to the origin.
#[derive(Debug)]
enum Signing {
    Disabled,
    /// For the service and the region of the origin's domain.
    FromDomain,
    /// For a fixed service and region.
    Fixed(Target),
}

/// The next step for a viewer request.
#[derive(Debug)]
pub(crate) enum Step {
    /// Return this verdict, in JSON.
    Return(String),
    /// Return this response, in JSON, and log the reason of the rejection.
    Reject(String, Reason),
    /// Fetch this key set and call again.
    Fetch(Arc<str>),
    /// Wait for the fetch of this key set, which is in progress, and call again.
    Wait(Arc<str>),
}

impl Edge {
    /// Creates the handlers from a configuration in JSON.
    ///
    /// # Errors
    /// [`ConfigError`] with the path of the invalid key.
    pub(crate) fn new(config: &str) -> Result<Self, ConfigError> {
        let Config { authorize, signature, normalize, sign } = config::from_json(config)?;
        let signatures = signature.map(|signature| Ok((signature.keys()?, signature.required))).transpose();
        let normalizer = normalize.as_ref().map(Normalizer::new).transpose();
        let signing = match &sign {
            None => Signing::Disabled,
            Some(sign) => {
                let target = sign.target().map_err(|error| error.within("sign"))?;
                target.map_or(Signing::FromDomain, Signing::Fixed)
            }
        };
        Ok(Self {
            authorizer: Authorizer::new(&authorize).map_err(|error| error.within("authorize"))?,
            normalizer: normalizer.map_err(|error| error.within("normalize"))?,
            signatures: signatures.map_err(|error: ConfigError| error.within("signature"))?,
            signing,
        })
    }

    /// Handles a viewer-request event at `now`, seconds since the epoch.
    ///
    /// # Errors
    /// [`Failure::Event`] for any other event, [`Failure::Violation`] if CloudFront would reject the result.
    pub(crate) fn viewer_request(&self, event: &str, now: u64) -> Result<Step, Failure> {
        let (request_id, before) = read(event, EventType::ViewerRequest)?;
        let to_json = |verdict: Verdict| write(&verdict, EventType::ViewerRequest, &before);
        let respond = |response: Response| to_json(Verdict::Response(response));
        // Browsers send preflight requests without a token, and the response contains no data.
        if is_preflight(&before) {
            return respond(response::preflight()).map(Step::Return);
        }
        let headers = before.headers.iter();
        let pairs =
            headers.flat_map(|(name, values)| values.iter().map(move |header| (name, header.value.as_str())));
        let extracted = self.authorizer.take(pairs, &before.querystring);
        let claims = match self.authorizer.authorize(&extracted.token, now) {
            Outcome::Allowed(claims) => claims,
            Outcome::Refused(refusal) => {
                let response = respond(response::refused(refusal, &request_id))?;
                return Ok(Step::Reject(response, refusal.reason));
            }
            Outcome::Fetch(url) => return Ok(Step::Fetch(url)),
            Outcome::Wait(url) => return Ok(Step::Wait(url)),
            Outcome::Unavailable => return respond(response::unavailable(&request_id)).map(Step::Return),
        };

        let signed = match &self.signatures {
            Some((keys, _)) => keys.verify(&before.uri, &extracted.query, now),
            None => Err(Rejected::Unsigned),
        };
        let unsigned_query = match signed {
            Ok(verified) => verified.query,
            Err(Rejected::Unsigned) if self.signatures.as_ref().is_none_or(|(_, required)| !required) => {
                extracted.query.clone().into_owned()
            }
            Err(rejected) => return respond(response::forbidden(&rejected, &request_id)).map(Step::Return),
        };

        let mut after = before.clone();
        for (name, values) in extracted.headers {
            after.headers.set_all(&name, values);
        }
        let query = match &self.normalizer {
            Some(normalizer) => {
                let accept: Vec<_> = before.headers.values("accept").collect();
                match normalizer.normalize(&unsigned_query, &accept.join(",")) {
                    Ok(canonical) => canonical.query,
                    Err(error) => return respond(response::invalid(&error, &request_id)).map(Step::Return),
                }
            }
            None => unsigned_query,
        };
        let (preset, is_preset_only) = preset_of(&query);
        let access = Access { path: &before.uri, preset: preset.as_deref(), is_preset_only };
        let sees_all_exif = match self.authorizer.permit(claims.as_deref(), &access) {
            Ok(sees_all_exif) => sees_all_exif,
            Err(refusal) => {
                let response = respond(response::refused(refusal, &request_id))?;
                return Ok(Step::Reject(response, refusal.reason));
            }
        };
        after.querystring = grant_exif(&query, sees_all_exif);
        to_json(Verdict::Request(Box::new(after))).map(Step::Return)
    }

    /// Stores a fetched key set: the body of a 200 response.
    ///
    /// # Errors
    /// [`Failure::KeySet`] if the body is not a key set, or no fetch from `url` is in progress.
    pub(crate) fn keys_fetched(&self, url: &str, body: &[u8], now: u64) -> Result<(), Failure> {
        self.authorizer.keys_fetched(url, body, now).map_err(Failure::KeySet)
    }

    /// Records a failed fetch.
    pub(crate) fn fetch_failed(&self, url: &str, now: u64) {
        self.authorizer.fetch_failed(url, now);
    }

    /// Handles an origin-request event at `now`, seconds since the epoch, and returns the verdict in JSON.
    ///
    /// # Errors
    /// [`Failure::Event`] for any other event, [`Failure::Target`] or [`Failure::Sign`] if the request cannot be
    /// signed, [`Failure::Violation`] if CloudFront would reject the result.
    pub(crate) fn origin_request(
        &self,
        event: &str,
        credentials: &Credentials,
        now: u64,
    ) -> Result<String, Failure> {
        let (request_id, before) = read(event, EventType::OriginRequest)?;
        let verdict = if is_preflight(&before) {
            Verdict::Response(response::preflight())
        } else {
            self.signed(before.clone(), &request_id, credentials, now)?
        };
        write(&verdict, EventType::OriginRequest, &before)
    }

    fn signed(
        &self,
        mut request: Request,
        request_id: &str,
        credentials: &Credentials,
        now: u64,
    ) -> Result<Verdict, Failure> {
        let from_domain;
        let target = match &self.signing {
            Signing::Disabled => return Ok(Verdict::Request(Box::new(request))),
            Signing::Fixed(target) => target,
            Signing::FromDomain => {
                let origin = request.origin.as_ref().ok_or(Failure::Event)?;
                from_domain = sign::Target::of_domain(origin.domain_name()).ok_or(Failure::Target)?;
                &from_domain
            }
        };
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
        match sign_origin_request(&mut request, request_id, target, credentials, time) {
            Ok(()) => Ok(Verdict::Request(Box::new(request))),
            Err(error) => match response::unsigned(&error, request_id) {
                Some(response) => Ok(Verdict::Response(response)),
                None => Err(Failure::Sign(error)),
            },
        }
    }
}

/// Parses an event of this type and returns its request id and its request.
fn read(event: &str, event_type: EventType) -> Result<(String, Request), Failure> {
    // The parser's message is dropped, because it could contain parts of the event.
    let Event { config, request } = serde_json::from_str(event).map_err(|_| Failure::Event)?;
    if config.event_type == event_type { Ok((config.request_id, request)) } else { Err(Failure::Event) }
}

/// Returns the verdict in JSON after checking that CloudFront accepts it.
fn write(verdict: &Verdict, event_type: EventType, before: &Request) -> Result<String, Failure> {
    verdict.check(event_type, before).map_err(Failure::Violation)?;
    Ok(serde_json::to_string(verdict).expect("text, numbers and lists are always valid JSON"))
}

/// Returns whether `request` is a CORS preflight (Fetch standard, "CORS-preflight request").
fn is_preflight(request: &Request) -> bool {
    let has = |name| request.headers.contains(name);
    request.method == "OPTIONS" && has("origin") && has("access-control-request-method")
}
