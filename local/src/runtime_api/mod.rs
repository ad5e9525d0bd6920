//! The function: events wait for a sandbox, each sandbox is a child process that asks its own runtime
//! API for one event at a time.

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

/// How the function runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The `bootstrap` to run; without one, whoever asks the runtime APIs is the function.
    pub(crate) bootstrap: Option<PathBuf>,
    /// How many events may be in work at once.
    pub(crate) sandboxes: usize,
    /// How long one event may take.
    pub(crate) timeout: Duration,
    /// Variables of the child's environment besides Lambda's own.
    pub(crate) environment: Vec<(String, String)>,
}

/// What the function answered.
#[derive(Debug)]
pub(crate) enum Reply {
    /// All at once.
    Buffered(Bytes),
    /// Bit by bit.
    Streamed {
        /// Whether the body begins with a prelude of status and headers.
        has_prelude: bool,
        /// Cut where the function failed.
        body: Body,
    },
}

/// Why the function did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It said so.
    Reported,
    /// Its process ended.
    Exited,
    /// It took too long.
    TimedOut,
    /// Its answer is larger than an answer may be.
    TooLarge,
    /// It could not be started.
    NotStarted,
}

/// An event on its way to the function.
#[derive(Debug)]
struct Invocation {
    id: String,
    event: Bytes,
    reply: oneshot::Sender<Result<Reply, Failure>>,
}

/// The function and its sandboxes, which end with it.
#[derive(Debug)]
pub struct Function {
    queue: mpsc::UnboundedSender<Invocation>,
    slots: Vec<Arc<Slot>>,
    apis: Vec<Server>,
    sandboxes: Vec<AbortHandle>,
}

impl Function {
    /// Starts every sandbox.
    pub(crate) async fn start(settings: &Settings, faults: &Arc<Faults>) -> std::io::Result<Self> {
        let (queue, waiting) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let mut function = Self { queue, slots: Vec::new(), apis: Vec::new(), sandboxes: Vec::new() };
        for _ in 0..settings.sandboxes {
            let slot = Arc::new(Slot::default());
            let server = api(slot.clone()).await?;
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

    /// Hands `event` to the next sandbox that is free, and waits for the answer's beginning. The function
    /// goes on with it even if nobody waits any more.
    pub(crate) async fn invoke(&self, event: Bytes) -> Result<Reply, Failure> {
        let (reply, answer) = oneshot::channel();
        let invocation = Invocation { id: Uuid::new_v4().to_string(), event, reply };
        // The queue is open as long as `self` is, and an invocation is answered before it is dropped.
        let _ = self.queue.send(invocation);
        answer.await.unwrap_or(Err(Failure::Exited))
    }

    /// Where each sandbox has its runtime API.
    pub fn apis(&self) -> Vec<SocketAddr> {
        self.apis.iter().map(|server| server.address).collect()
    }

    /// Process ids of the children that run now.
    pub fn children(&self) -> Vec<u32> {
        self.slots.iter().filter_map(|slot| slot.child()).collect()
    }

    /// How many children were started so far.
    pub fn starts(&self) -> usize {
        self.slots.iter().map(|slot| slot.starts()).sum()
    }

    /// How long each child took from its start to its first request for an event, of those that made one:
    /// what Lambda reports as `Init Duration`.
    pub fn init_durations(&self) -> Vec<Duration> {
        self.slots.iter().filter_map(|slot| slot.init_duration()).collect()
    }

    /// Kills every child; each is started again for the next event.
    pub fn kill(&self) {
        self.slots.iter().for_each(|slot| slot.kill());
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.sandboxes.iter().for_each(AbortHandle::abort);
    }
}
