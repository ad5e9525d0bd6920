//! Runs in flight: equal requests join one.

use super::{
    ResultBody,
    key::{Pattern, ResultKey},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use safelight_core::{Error, Result};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A run, and its error as it can be shared.
type Run = BoxFuture<'static, Result<Arc<ResultBody>, Arc<Error>>>;

/// The runs in flight. A run is dropped, and its work ends, when the last request that waits for it is.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<ResultKey, WeakShared<Run>>>);

impl Flights {
    /// Waits for the run of `key`, which `start` starts unless there is one. Returns whether it was started here.
    pub(super) async fn join<F>(
        &self,
        key: &ResultKey,
        start: impl FnOnce() -> F,
    ) -> (bool, Result<Arc<ResultBody>>)
    where
        F: Future<Output = Result<Arc<ResultBody>>> + Send + 'static,
    {
        let (run, is_first) = self.find_or_start(key, start);
        let _landing = Landing { flights: self, key };
        (is_first, run.await.map_err(|error| shared(&error)))
    }

    fn find_or_start<F>(&self, key: &ResultKey, start: impl FnOnce() -> F) -> (Shared<Run>, bool)
    where
        F: Future<Output = Result<Arc<ResultBody>>> + Send + 'static,
    {
        let mut flights = self.lock();
        // A run that has ended is not joined: it was of the source as it was then.
        let running = flights.get(key).and_then(WeakShared::upgrade).filter(|run| run.peek().is_none());
        if let Some(run) = running {
            return (run, false);
        }
        let run = start();
        let run = async move { run.await.map_err(Arc::new) }.boxed().shared();
        if let Some(weak) = run.downgrade() {
            flights.insert(key.clone(), weak);
        }
        (run, true)
    }

    /// Lets no further request join the runs that `pattern` matches.
    pub(super) fn forget(&self, pattern: &Pattern<'_>) {
        self.lock().retain(|key, _| !pattern.matches(&key.path));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ResultKey, WeakShared<Run>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Flights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").finish_non_exhaustive()
    }
}

/// The end of the wait of one request: removes the run, if it has ended or no other request waits for it.
struct Landing<'a> {
    flights: &'a Flights,
    key: &'a ResultKey,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        // This request has left the run already. There may be another one by now.
        let run = flights.get(self.key).and_then(WeakShared::upgrade);
        if run.is_none_or(|run| run.peek().is_some()) {
            flights.remove(self.key);
        }
    }
}

/// Returns the same error for one of the requests.
fn shared(error: &Arc<Error>) -> Error {
    let mut own = Error::new(error.kind, error.origin, error.message.clone());
    own.retry_after = error.retry_after;
    own.upstream.clone_from(&error.upstream);
    own.with_source(SharedError(error.clone()))
}

/// An error that several requests have.
#[derive(Debug)]
struct SharedError(Arc<Error>);

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SharedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::Kind;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Notify;

    fn result() -> ResultBody {
        ResultBody {
            content_type: http::HeaderValue::from_static("image/png"),
            bytes: "body".into(),
            meta: crate::source::Meta::default(),
            headers: http::HeaderMap::new(),
        }
    }

    fn key() -> ResultKey {
        ResultKey::new("a.jpg", &["a"])
    }

    #[tokio::test]
    async fn equal_runs_are_one_and_ended_ones_are_not_joined() {
        let (flights, runs, go) =
            (Flights::default(), Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let join = || {
            let (runs, go) = (runs.clone(), go.clone());
            let key = key();
            let flights = &flights;
            async move {
                let start = || async move {
                    runs.fetch_add(1, Ordering::Relaxed);
                    go.notified().await;
                    Err(Error::new(Kind::Corrupt, "test", "broken").with_retry_after(7))
                };
                flights.join(&key, start).await.1.unwrap_err()
            }
        };
        let all = async { futures_util::future::join_all((0..8).map(|_| join())).await };
        let release = async { go.notify_one() };
        let (errors, ()) = tokio::join!(all, release);
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        for error in errors {
            assert_eq!(
                (error.kind, error.message.as_str(), error.retry_after),
                (Kind::Corrupt, "broken", Some(7))
            );
        }
        assert!(flights.lock().is_empty());
        go.notify_one();
        join().await;
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_run_survives_its_first_request_and_not_its_last() {
        let (flights, dropped) = (Flights::default(), Arc::new(()));
        let go = Arc::new(Notify::new());
        let start = || {
            let (guard, go) = (dropped.clone(), go.clone());
            async move {
                go.notified().await;
                drop(guard);
                Ok(Arc::new(result()))
            }
        };
        let key = key();
        let mut first = Box::pin(flights.join(&key, start));
        let mut second = Box::pin(flights.join(&key, || async { panic!("it joins") }));
        assert!(futures_util::poll!(&mut first).is_pending());
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        go.notify_one();
        let (is_first, joined) = second.await;
        assert!(!is_first && joined.unwrap().bytes == "body");

        let mut only = Box::pin(flights.join(&key, start));
        assert!(futures_util::poll!(&mut only).is_pending());
        assert_eq!(Arc::strong_count(&dropped), 2);
        drop(only);
        assert_eq!(Arc::strong_count(&dropped), 1, "the run ended with its last request");
        assert!(flights.lock().is_empty());
    }
}
