#![doc = include_str!("../README.md")]
// What `#[napi]` expands to calls Node.js, which is C.
#![allow(unsafe_code, reason = "the code that `#[napi]` writes needs it; there is none by hand")]
#![allow(clippy::needless_pass_by_value, reason = "text of JavaScript's comes as a copy, and only so")]

mod config;
mod edge;
mod failure;
mod response;

use edge::Step;
use failure::Failure;
use napi_derive::napi;
use safelight_edge::{authorize, sign};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

/// Why something is thrown: `code` says it in a word, and `message` in fixed text.
///
/// `#[napi]` throws errors only of what is literally named `Result`. Under another name it returns them as
/// values, and whoever does not look lets everybody in. With codes of our own in place of napi's that does not
/// compile; a test asks every function all the same.
type Result<T> = std::result::Result<T, napi::Error<&'static str>>;

/// The largest key set that is taken, in bytes.
#[napi]
pub const MAX_KEY_SET_BYTES: u32 = authorize::MAX_KEY_SET_BYTES as u32;

/// The edge, by one configuration. It serves a whole process.
#[napi]
pub struct Edge(edge::Edge);

/// What comes of a viewer-request event: exactly one of `answer`, `fetch` and `wait`.
#[napi(object)]
pub struct Next {
    /// What the function returns: a request or a response, in JSON.
    pub answer: Option<String>,
    /// Why a token was refused, for the log.
    pub reason: Option<String>,
    /// Fetch the key set at this URL, tell `keysFetched` or `fetchFailed`, and ask again.
    pub fetch: Option<String>,
    /// The key set at this URL is being fetched; ask again after that.
    pub wait: Option<String>,
}

/// Keys that requests are signed with.
#[napi(object)]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// Token of temporary keys. Defaults to none.
    pub session_token: Option<String>,
}

#[napi]
impl Edge {
    /// The edge by a configuration in JSON.
    ///
    /// # Errors
    /// With the path of the key that is wrong.
    #[napi(constructor)]
    pub fn new(config: String) -> Result<Self> {
        // The text of a panic can hold what was worked on; the log gets the place.
        set_hook(Box::new(|panic| match panic.location() {
            Some(place) => eprintln!("safelight-edge: a panic at {place}"),
            None => eprintln!("safelight-edge: a panic"),
        }));
        guard(|| Ok(Self(edge::Edge::new(&config)?)))
    }

    /// Checks, and brings into canonical form, the request of a viewer-request event at `now`, seconds since
    /// the epoch.
    ///
    /// # Errors
    /// If it is no such event, or CloudFront would not take the answer.
    #[napi]
    pub fn viewer_request(&self, event: String, now: f64) -> Result<Next> {
        guard(|| Ok(self.0.viewer_request(&event, seconds(now)?)?.into()))
    }

    /// Takes the body of a key set's 200 answer.
    ///
    /// # Errors
    /// If it is no key set, or nobody asked.
    #[napi]
    pub fn keys_fetched(&self, url: String, body: &[u8], now: f64) -> Result<()> {
        guard(|| self.0.keys_fetched(&url, body, seconds(now)?))
    }

    /// Takes the failure of a fetch: no answer in time, or another status than 200.
    ///
    /// # Errors
    /// If `now` is no time.
    #[napi]
    pub fn fetch_failed(&self, url: String, now: f64) -> Result<()> {
        guard(|| {
            self.0.fetch_failed(&url, seconds(now)?);
            Ok(())
        })
    }

    /// Signs the request of an origin-request event, and says what the function returns, in JSON.
    ///
    /// # Errors
    /// If it is no such event, the request cannot be signed, or CloudFront would not take the answer.
    #[napi]
    pub fn origin_request(&self, event: String, credentials: Credentials, now: f64) -> Result<String> {
        let Credentials { access_key_id, secret_access_key, session_token } = credentials;
        let credentials = sign::Credentials { access_key_id, secret_access_key, session_token };
        guard(|| self.0.origin_request(&event, &credentials, seconds(now)?))
    }
}

impl From<Step> for Next {
    fn from(step: Step) -> Self {
        let nothing = Self { answer: None, reason: None, fetch: None, wait: None };
        match step {
            Step::Answer(answer) => Self { answer: Some(answer), ..nothing },
            Step::Refuse(answer, reason) => {
                Self { answer: Some(answer), reason: Some(reason.to_string()), ..nothing }
            }
            Step::Fetch(url) => Self { fetch: Some(url.to_string()), ..nothing },
            Step::Wait(url) => Self { wait: Some(url.to_string()), ..nothing },
        }
    }
}

/// Throws what fails, and a panic too: one that reached Node.js would end the process.
fn guard<T>(work: impl FnOnce() -> std::result::Result<T, Failure>) -> Result<T> {
    let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Failure::Panic));
    done.map_err(|failure| napi::Error::new(failure.code(), failure.to_string()))
}

/// Whole seconds since the epoch, up to the end of the year 9999.
fn seconds(now: f64) -> std::result::Result<u64, Failure> {
    if (0.0..253_402_300_800.0).contains(&now) { Ok(now as u64) } else { Err(Failure::Now) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_thrown_without_its_text() {
        let error = guard::<()>(|| panic!("secret")).unwrap_err();
        assert_eq!((error.status, error.reason.as_str()), ("panic", "the edge failed: a defect"));
    }

    #[test]
    fn only_a_time_is_a_time() {
        for (now, expected) in [(0.0, Some(0)), (1_800_000_000.9, Some(1_800_000_000)), (-1.0, None)] {
            assert_eq!(seconds(now).ok(), expected, "{now}");
        }
        for now in [f64::NAN, f64::INFINITY, 253_402_300_800.0] {
            assert!(seconds(now).is_err(), "{now}");
        }
    }
}
