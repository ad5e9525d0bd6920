//! What the handlers do, but for fetching keys and reading the environment.

use crate::{config::Config, failure::Failure, response};
use safelight_edge::{
    authorize::{Authorizer, Outcome, Reason},
    config::{self, ConfigError},
    event::{Answer, Event, EventType, Request, Response},
    normalize::Normalizer,
    sign::{self, Credentials, Target, sign_origin_request},
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// The edge, by one configuration.
#[derive(Debug)]
pub(crate) struct Edge {
    authorizer: Authorizer,
    normalizer: Option<Normalizer>,
    signs: Signs,
}

/// Whether requests to the origin are signed.
#[derive(Debug)]
enum Signs {
    Nothing,
    ForDomain,
    For(Target),
}

/// What comes of a viewer's request. Answers are in JSON.
#[derive(Debug)]
pub(crate) enum Step {
    Answer(String),
    Refuse(String, Reason),
    /// The caller fetches this key set, and asks again.
    Fetch(Arc<str>),
    /// Somebody else is fetching this key set; the caller asks again after that.
    Wait(Arc<str>),
}

impl Edge {
    /// The edge by a configuration in JSON.
    ///
    /// # Errors
    /// [`ConfigError`] with the path of the key that is wrong.
    pub(crate) fn new(config: &str) -> Result<Self, ConfigError> {
        let Config { authorize, normalize, sign } = config::from_json(config)?;
        let normalizer = normalize.as_ref().map(Normalizer::new).transpose();
        let signs = match &sign {
            None => Signs::Nothing,
            Some(sign) => {
                let target = sign.target().map_err(|error| error.within("sign"))?;
                target.map_or(Signs::ForDomain, Signs::For)
            }
        };
        Ok(Self {
            authorizer: Authorizer::new(&authorize).map_err(|error| error.within("authorize"))?,
            normalizer: normalizer.map_err(|error| error.within("normalize"))?,
            signs,
        })
    }

    /// What comes of a viewer-request event at `now`, seconds since the epoch.
    ///
    /// # Errors
    /// If it is no such event, or CloudFront would not take the answer.
    pub(crate) fn viewer_request(&self, event: &str, now: u64) -> Result<Step, Failure> {
        let (request_id, before) = read(event, EventType::ViewerRequest)?;
        let check = |answer: Answer| write(&answer, EventType::ViewerRequest, &before);
        let respond = |response: Response| check(Answer::Response(response));
        // A browser asks this without a token, and the answer holds nothing.
        if is_preflight(&before) {
            return respond(response::preflight()).map(Step::Answer);
        }
        let all = before.headers.iter();
        let pairs = all.flat_map(|(name, values)| values.iter().map(move |one| (name, one.value.as_str())));
        let taken = self.authorizer.take(pairs, &before.querystring);
        match self.authorizer.authorize(&taken.token, now) {
            Outcome::Allowed(_) => (),
            Outcome::Refused(refusal) => {
                let answer = respond(response::refused(refusal, &request_id))?;
                return Ok(Step::Refuse(answer, refusal.reason));
            }
            Outcome::Fetch(url) => return Ok(Step::Fetch(url)),
            Outcome::Wait(url) => return Ok(Step::Wait(url)),
            Outcome::Unavailable => return respond(response::unavailable(&request_id)).map(Step::Answer),
        }

        let mut after = before.clone();
        for (name, values) in taken.headers {
            after.headers.set_all(&name, values);
        }
        after.querystring = match &self.normalizer {
            Some(normalizer) => {
                let accept: Vec<_> = before.headers.values("accept").collect();
                normalizer.normalize(&taken.query, &accept.join(",")).query
            }
            None => taken.query.into_owned(),
        };
        check(Answer::Request(Box::new(after))).map(Step::Answer)
    }

    /// Takes the body of a key set's 200 answer.
    ///
    /// # Errors
    /// If it is no key set, or nobody asked.
    pub(crate) fn keys_fetched(&self, url: &str, body: &[u8], now: u64) -> Result<(), Failure> {
        self.authorizer.keys_fetched(url, body, now).map_err(Failure::KeySet)
    }

    /// Takes the failure of a fetch.
    pub(crate) fn fetch_failed(&self, url: &str, now: u64) {
        self.authorizer.fetch_failed(url, now);
    }

    /// What the function for an origin-request event returns, in JSON.
    ///
    /// # Errors
    /// If it is no such event, the request cannot be signed, or CloudFront would not take the answer.
    pub(crate) fn origin_request(
        &self,
        event: &str,
        credentials: &Credentials,
        now: u64,
    ) -> Result<String, Failure> {
        let (request_id, before) = read(event, EventType::OriginRequest)?;
        let answer = if is_preflight(&before) {
            Answer::Response(response::preflight())
        } else {
            self.signed(before.clone(), &request_id, credentials, now)?
        };
        write(&answer, EventType::OriginRequest, &before)
    }

    fn signed(
        &self,
        mut request: Request,
        request_id: &str,
        credentials: &Credentials,
        now: u64,
    ) -> Result<Answer, Failure> {
        let of_domain;
        let target = match &self.signs {
            Signs::Nothing => return Ok(Answer::Request(Box::new(request))),
            Signs::For(target) => target,
            Signs::ForDomain => {
                let origin = request.origin.as_ref().ok_or(Failure::Event)?;
                of_domain = sign::Target::of_domain(origin.domain_name()).ok_or(Failure::Target)?;
                &of_domain
            }
        };
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
        match sign_origin_request(&mut request, request_id, target, credentials, time) {
            Ok(()) => Ok(Answer::Request(Box::new(request))),
            Err(error) => match response::unsigned(&error, request_id) {
                Some(response) => Ok(Answer::Response(response)),
                None => Err(Failure::Sign(error)),
            },
        }
    }
}

/// Name and request of an event of this type.
fn read(event: &str, event_type: EventType) -> Result<(String, Request), Failure> {
    // What is wrong about it could hold a part of it.
    let Event { config, request } = serde_json::from_str(event).map_err(|_| Failure::Event)?;
    if config.event_type == event_type { Ok((config.request_id, request)) } else { Err(Failure::Event) }
}

/// The answer in JSON, if CloudFront takes it.
fn write(answer: &Answer, event_type: EventType, before: &Request) -> Result<String, Failure> {
    answer.check(event_type, before).map_err(Failure::Violation)?;
    Ok(serde_json::to_string(answer).expect("text, numbers and lists are always JSON"))
}

/// Whether a browser asks if it may ask (Fetch standard, "CORS-preflight request").
fn is_preflight(request: &Request) -> bool {
    let has = |name| request.headers.contains(name);
    request.method == "OPTIONS" && has("origin") && has("access-control-request-method")
}
