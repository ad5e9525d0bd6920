//! The function. Events are queued; each sandbox is a child process that fetches one event at a time from a
//! runtime API of its own.

mod api;
mod sandbox;
mod slot;

use crate::{body::Body, faults::Faults, server::Server};
use api::api;
use bytes::Bytes;
use sandbox::Sandbox;
use slot::Slot;
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::AbortHandle,
};
use uuid::Uuid;

/// Configuration of the function.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The `bootstrap` to run; `None` if the client of the runtime APIs is the function.
    pub(crate) bootstrap: Option<PathBuf>,
    /// Maximum number of concurrent events.
    pub(crate) sandboxes: usize,
    /// Time limit for one event.
    pub(crate) timeout: Duration,
    /// Variables of the child's environment besides Lambda's own.
    pub(crate) environment: Vec<(String, String)>,
    /// The end of streamed responses that fail.
    pub(crate) stream_ending: StreamEnding,
}

/// The end that callers see of a streamed response that fails after its head.
///
/// For Lambda, a stream with error trailers is "a successful response" ("Building a custom runtime for AWS Lambda"), and
/// only callers with an SDK see its error. What other callers see is not documented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamEnding {
    /// The part looks like a whole response.
    #[default]
    Successful,
    /// The connection is cut.
    Cut,
}

/// The function's response.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Sent at once.
    Buffered(Bytes),
    /// Streamed.
    Streamed {
        /// Whether the body begins with a prelude of status and headers.
        has_prelude: bool,
        /// Cut if the function fails.
        body: Body,
    },
}

/// The reason why the function did not respond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The function reported an error.
    Reported,
    /// Its process ended.
    Exited,
    /// It exceeded the time limit.
    TimedOut,
    /// Its response exceeds the size limit.
    TooLarge,
    /// It could not be started.
    NotStarted,
}

/// A queued event.
#[derive(Debug)]
struct Invocation {
    id: String,
    event: Bytes,
    reply: oneshot::Sender<Result<Reply, Failure>>,
}

/// The function and its sandboxes. Dropping the value stops them.
#[derive(Debug)]
pub struct Function {
    queue: mpsc::UnboundedSender<Invocation>,
    slots: Vec<Arc<Slot>>,
    apis: Vec<Server>,
    sandboxes: Vec<AbortHandle>,
}

impl Function {
    /// Starts all sandboxes.
    pub(crate) async fn start(settings: &Settings, faults: &Arc<Faults>) -> std::io::Result<Self> {
        let (queue, waiting) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let mut function = Self { queue, slots: Vec::new(), apis: Vec::new(), sandboxes: Vec::new() };
        for _ in 0..settings.sandboxes {
            let slot = Arc::new(Slot::default());
            let server = api(slot.clone(), settings.stream_ending).await?;
            let sandbox = Sandbox {
                settings: settings.clone(),
                api: server.address,
                slot: slot.clone(),
                waiting: waiting.clone(),
                faults: faults.clone(),
            };
            function.sandboxes.push(tokio::spawn(sandbox.run()).abort_handle());
            function.slots.push(slot);
            function.apis.push(server);
        }
        Ok(function)
    }

    /// Passes `event` to the next free sandbox, and waits for the start of the response. The function
    /// continues even if the caller disconnects.
    pub(crate) async fn invoke(&self, event: Bytes) -> Result<Reply, Failure> {
        let (reply, response) = oneshot::channel();
        let invocation = Invocation { id: Uuid::new_v4().to_string(), event, reply };
        // The queue is open as long as `self` exists, and an invocation gets its reply before it is dropped.
        let _ = self.queue.send(invocation);
        response.await.unwrap_or(Err(Failure::Exited))
    }

    /// Addresses of the runtime APIs, one for each sandbox.
    pub fn apis(&self) -> Vec<SocketAddr> {
        self.apis.iter().map(|server| server.address).collect()
    }

    /// Process ids of the running children.
    pub fn children(&self) -> Vec<u32> {
        self.slots.iter().filter_map(|slot| slot.child()).collect()
    }

    /// Number of children started so far.
    pub fn starts(&self) -> usize {
        self.slots.iter().map(|slot| slot.starts()).sum()
    }

    /// Time from each child's start to its first request for an event: the value that Lambda reports as
    /// `Init Duration`. Children without such a request are skipped.
    pub fn init_durations(&self) -> Vec<Duration> {
        self.slots.iter().filter_map(|slot| slot.init_duration()).collect()
    }

    /// Kills all children; each is started again for the next event.
    pub fn kill(&self) {
        self.slots.iter().for_each(|slot| slot.kill());
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.sandboxes.iter().for_each(AbortHandle::abort);
    }
}
