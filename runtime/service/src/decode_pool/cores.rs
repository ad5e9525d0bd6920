//! Permits to use a core, for threads and for tasks.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// A number of cores that images share.
///
/// An image that waited for its source takes precedence over images that have not started, so that started images,
/// which have memory, end as early as possible.
#[derive(Debug)]
pub(super) struct Cores {
    count: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    resuming: VecDeque<oneshot::Sender<Core>>,
    starting: VecDeque<oneshot::Sender<Core>>,
}

/// The permit to use a core. Dropping it releases the core.
#[derive(Debug)]
pub(super) struct Core(Arc<Cores>);

impl Cores {
    pub(super) fn new(count: usize) -> Self {
        let state = State { free: count, resuming: VecDeque::new(), starting: VecDeque::new() };
        Self { count, state: Mutex::new(state) }
    }

    /// Returns the number of cores in use.
    pub(super) fn busy(&self) -> usize {
        self.count - self.state().free
    }

    /// Waits for a core, in the order of the calls.
    pub(super) async fn start(self: &Arc<Self>) -> Core {
        loop {
            let receiver = match self.take_or_wait(|state| &mut state.starting) {
                Ok(core) => return core,
                Err(receiver) => receiver,
            };
            if let Ok(core) = receiver.await {
                return core;
            }
        }
    }

    /// Waits for a core on a thread, before all images that have not started.
    pub(super) fn resume(self: &Arc<Self>) -> Core {
        loop {
            let receiver = match self.take_or_wait(|state| &mut state.resuming) {
                Ok(core) => return core,
                Err(receiver) => receiver,
            };
            if let Ok(core) = receiver.blocking_recv() {
                return core;
            }
        }
    }

    fn take_or_wait(
        self: &Arc<Self>,
        queue: impl Fn(&mut State) -> &mut VecDeque<oneshot::Sender<Core>>,
    ) -> Result<Core, oneshot::Receiver<Core>> {
        let mut state = self.state();
        if 0 < state.free {
            state.free -= 1;
            return Ok(Core(self.clone()));
        }
        let (sender, receiver) = oneshot::channel();
        queue(&mut state).push_back(sender);
        Err(receiver)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Core {
    /// Passes the core on to the first that still waits.
    fn drop(&mut self) {
        let next = {
            let mut state = self.0.state();
            loop {
                let first = state.resuming.pop_front().or_else(|| state.starting.pop_front());
                match first {
                    Some(waiting) if waiting.is_closed() => (),
                    Some(waiting) => break Some(waiting),
                    None => {
                        state.free += 1;
                        break None;
                    }
                }
            }
        };
        // Not under the lock: if the receiver was dropped meanwhile, this drops the core again.
        if let Some(waiting) = next {
            drop(waiting.send(Self(self.0.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test(flavor = "multi_thread")]
    async fn resumed_images_come_first_and_abandoned_waits_are_skipped() {
        let cores = Arc::new(Cores::new(1));
        let only = cores.start().await;
        let abandoned = timeout(Duration::from_millis(20), cores.start()).await;
        assert!(abandoned.is_err(), "the only core is in use");

        let (order, mut events) = tokio::sync::mpsc::unbounded_channel();
        let starting = tokio::spawn({
            let (cores, order) = (cores.clone(), order.clone());
            async move {
                let _core = cores.start().await;
                order.send("started").unwrap();
            }
        });
        // The wait of the task that starts is queued before the thread resumes.
        while cores.state().starting.len() < 2 {
            tokio::task::yield_now().await;
        }
        let resuming = std::thread::spawn({
            let cores = cores.clone();
            move || {
                let _core = cores.resume();
                order.send("resumed").unwrap();
            }
        });
        while cores.state().resuming.is_empty() {
            tokio::task::yield_now().await;
        }
        drop(only);
        starting.await.unwrap();
        resuming.join().unwrap();
        assert_eq!(events.recv().await, Some("resumed"));
        assert_eq!(events.recv().await, Some("started"));
        assert_eq!(cores.state().free, 1);
    }
}
