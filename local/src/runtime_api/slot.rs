//! The one event that a sandbox works on.

use super::{Failure, Invocation, Reply};
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::{Notify, oneshot};

/// What the sandbox and its runtime API share. A notification means: look again.
#[derive(Debug, Default)]
pub(super) struct Slot {
    work: Mutex<Option<Work>>,
    /// There is an event to fetch.
    given: Notify,
    /// The child fetched its event.
    fetched: Notify,
    /// The child is done with its event.
    done: Notify,
    kill: Notify,
    is_to_die: AtomicBool,
    /// 0 where there is none.
    child: AtomicU32,
    starts: AtomicUsize,
    init: Mutex<Init>,
}

/// How long the child takes to ask for its first event.
#[derive(Clone, Copy, Debug, Default)]
enum Init {
    /// There was no child yet.
    #[default]
    None,
    /// It was started then.
    Since(Instant),
    /// It took this long.
    Took(Duration),
}

#[derive(Debug)]
struct Work {
    id: String,
    /// Until it is answered.
    invocation: Option<Invocation>,
    deadline: SystemTime,
    is_fetched: bool,
}

/// An event as the child gets it.
pub(super) struct Event {
    pub(super) id: String,
    pub(super) bytes: bytes::Bytes,
    pub(super) deadline: SystemTime,
}

impl Slot {
    /// Offers `invocation` to the child.
    pub(super) fn give(&self, invocation: Invocation, deadline: SystemTime) {
        let id = invocation.id.clone();
        *self.work() = Some(Work { id, invocation: Some(invocation), deadline, is_fetched: false });
        self.given.notify_one();
    }

    /// Waits for an event.
    pub(super) async fn fetch(&self) -> Event {
        self.set_init(|init| match init {
            Init::Since(start) => Init::Took(start.elapsed()),
            other => other,
        });
        loop {
            if let Some(event) = self.try_fetch() {
                self.fetched.notify_one();
                return event;
            }
            self.given.notified().await;
        }
    }

    fn try_fetch(&self) -> Option<Event> {
        let mut work = self.work();
        let work = work.as_mut().filter(|work| !work.is_fetched)?;
        let invocation = work.invocation.as_ref()?;
        work.is_fetched = true;
        Some(Event { id: invocation.id.clone(), bytes: invocation.event.clone(), deadline: work.deadline })
    }

    /// Where the answer to event `id` goes, if that is the one in work and not answered yet.
    pub(super) fn answer(&self, id: &str) -> Option<oneshot::Sender<Result<Reply, Failure>>> {
        let mut work = self.work();
        let work = work.as_mut().filter(|work| work.is_fetched)?;
        work.invocation.take_if(|invocation| invocation.id == id).map(|invocation| invocation.reply)
    }

    /// The answer to event `id` has arrived as a whole.
    pub(super) fn finish(&self, id: &str) {
        self.work().take_if(|work| work.id == id);
        self.done.notify_one();
    }

    /// Gives the event up, if it is not answered.
    pub(super) fn fail(&self, failure: Failure) {
        let work = self.work().take();
        if let Some(invocation) = work.and_then(|work| work.invocation) {
            // Nobody waits where nobody is told.
            let _ = invocation.reply.send(Err(failure));
        }
    }

    /// Waits until the child has the event.
    pub(super) async fn fetched(&self) {
        while self.work().as_ref().is_some_and(|work| !work.is_fetched) {
            self.fetched.notified().await;
        }
    }

    /// Waits until there is no event in work.
    pub(super) async fn done(&self) {
        while self.work().is_some() {
            self.done.notified().await;
        }
    }

    /// Waits until the child is to die.
    pub(super) async fn killed(&self) {
        while !self.is_to_die.load(Ordering::SeqCst) {
            self.kill.notified().await;
        }
    }

    /// Asks the sandbox to kill its child, if it has one.
    pub(super) fn kill(&self) {
        if self.child().is_some() {
            self.is_to_die.store(true, Ordering::SeqCst);
            self.kill.notify_one();
        }
    }

    /// Process id of the child.
    pub(super) fn child(&self) -> Option<u32> {
        Some(self.child.load(Ordering::SeqCst)).filter(|id| *id != 0)
    }

    /// Starts the clock of a child that is about to be started.
    pub(super) fn begin_init(&self) {
        self.set_init(|_| Init::Since(Instant::now()));
    }

    /// How long the last child took to ask for its first event, if it did.
    pub(super) fn init_duration(&self) -> Option<Duration> {
        match *self.init.lock().unwrap_or_else(PoisonError::into_inner) {
            Init::Took(duration) => Some(duration),
            Init::None | Init::Since(_) => None,
        }
    }

    fn set_init(&self, change: impl FnOnce(Init) -> Init) {
        let mut init = self.init.lock().unwrap_or_else(PoisonError::into_inner);
        *init = change(*init);
    }

    pub(super) fn set_child(&self, id: Option<u32>) {
        self.is_to_die.store(false, Ordering::SeqCst);
        self.child.store(id.unwrap_or(0), Ordering::SeqCst);
        if id.is_some() {
            self.starts.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub(super) fn starts(&self) -> usize {
        self.starts.load(Ordering::SeqCst)
    }

    fn work(&self) -> MutexGuard<'_, Option<Work>> {
        // Each change is one assignment: a panic elsewhere leaves it whole.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
