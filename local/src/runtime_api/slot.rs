//! The event that a sandbox is processing.

use super::{Failure, Invocation, Reply};
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::{Notify, oneshot};

/// State shared by the sandbox and its runtime API. After a notification, the waiting side checks the state
/// again.
#[derive(Debug, Default)]
pub(super) struct Slot {
    work: Mutex<Option<Work>>,
    /// Notified when an event can be fetched.
    available: Notify,
    /// Notified when the child has fetched its event.
    fetched: Notify,
    /// Notified when the child has finished its event.
    done: Notify,
    kill: Notify,
    kill_requested: AtomicBool,
    /// Process id of the child; 0 without a child.
    child: AtomicU32,
    starts: AtomicUsize,
    init: Mutex<Init>,
}

/// Time from the child's start to its first request for an event.
#[derive(Clone, Copy, Debug, Default)]
enum Init {
    /// No child was started yet.
    #[default]
    None,
    /// A child was started at this time.
    StartedAt(Instant),
    /// The child took this long.
    Took(Duration),
}

#[derive(Debug)]
struct Work {
    id: String,
    /// `None` once the response has started.
    invocation: Option<Invocation>,
    deadline: SystemTime,
    is_fetched: bool,
}

/// An event as the child receives it.
pub(super) struct Event {
    pub(super) id: String,
    pub(super) bytes: bytes::Bytes,
    pub(super) deadline: SystemTime,
}

impl Slot {
    /// Offers `invocation` to the child.
    pub(super) fn offer(&self, invocation: Invocation, deadline: SystemTime) {
        let id = invocation.id.clone();
        *self.work() = Some(Work { id, invocation: Some(invocation), deadline, is_fetched: false });
        self.available.notify_one();
    }

    /// Waits for an event.
    pub(super) async fn fetch(&self) -> Event {
        self.set_init(|init| match init {
            Init::StartedAt(start) => Init::Took(start.elapsed()),
            other => other,
        });
        loop {
            if let Some(event) = self.try_fetch() {
                self.fetched.notify_one();
                return event;
            }
            self.available.notified().await;
        }
    }

    fn try_fetch(&self) -> Option<Event> {
        let mut work = self.work();
        let work = work.as_mut().filter(|work| !work.is_fetched)?;
        let invocation = work.invocation.as_ref()?;
        work.is_fetched = true;
        Some(Event { id: invocation.id.clone(), bytes: invocation.event.clone(), deadline: work.deadline })
    }

    /// Takes the channel for the response to event `id`, if that event is being processed and has no
    /// response yet.
    pub(super) fn take_reply(&self, id: &str) -> Option<oneshot::Sender<Result<Reply, Failure>>> {
        let mut work = self.work();
        let work = work.as_mut().filter(|work| work.is_fetched)?;
        work.invocation.take_if(|invocation| invocation.id == id).map(|invocation| invocation.reply)
    }

    /// Marks event `id` as finished: its response is complete.
    pub(super) fn finish(&self, id: &str) {
        self.work().take_if(|work| work.id == id);
        self.done.notify_one();
    }

    /// Fails the event, if it has no response yet.
    pub(super) fn fail(&self, failure: Failure) {
        let work = self.work().take();
        if let Some(invocation) = work.and_then(|work| work.invocation) {
            // The caller may have disconnected.
            let _ = invocation.reply.send(Err(failure));
        }
    }

    /// Waits until the child has fetched the event.
    pub(super) async fn fetched(&self) {
        while self.work().as_ref().is_some_and(|work| !work.is_fetched) {
            self.fetched.notified().await;
        }
    }

    /// Waits until no event is being processed.
    pub(super) async fn done(&self) {
        while self.work().is_some() {
            self.done.notified().await;
        }
    }

    /// Waits until the child must be killed.
    pub(super) async fn kill_requested(&self) {
        while !self.kill_requested.load(Ordering::SeqCst) {
            self.kill.notified().await;
        }
    }

    /// Tells the sandbox to kill its child, if it has one.
    pub(super) fn kill(&self) {
        if self.child().is_some() {
            self.kill_requested.store(true, Ordering::SeqCst);
            self.kill.notify_one();
        }
    }

    /// Returns the process id of the child.
    pub(super) fn child(&self) -> Option<u32> {
        Some(self.child.load(Ordering::SeqCst)).filter(|id| *id != 0)
    }

    /// Records that a child is about to be started.
    pub(super) fn begin_init(&self) {
        self.set_init(|_| Init::StartedAt(Instant::now()));
    }

    /// Returns how long the last child took to request its first event, if it did.
    pub(super) fn init_duration(&self) -> Option<Duration> {
        match *self.init.lock().unwrap_or_else(PoisonError::into_inner) {
            Init::Took(duration) => Some(duration),
            Init::None | Init::StartedAt(_) => None,
        }
    }

    fn set_init(&self, change: impl FnOnce(Init) -> Init) {
        let mut init = self.init.lock().unwrap_or_else(PoisonError::into_inner);
        *init = change(*init);
    }

    pub(super) fn set_child(&self, id: Option<u32>) {
        self.kill_requested.store(false, Ordering::SeqCst);
        self.child.store(id.unwrap_or(0), Ordering::SeqCst);
        if id.is_some() {
            self.starts.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub(super) fn starts(&self) -> usize {
        self.starts.load(Ordering::SeqCst)
    }

    fn work(&self) -> MutexGuard<'_, Option<Work>> {
        // Each change is a single assignment, so a panic elsewhere leaves no partial state.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
