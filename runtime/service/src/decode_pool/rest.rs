//! The pool at rest: freed memory goes back to the system.

use crate::allocator::give_back;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{runtime::Handle, task::spawn_blocking, time::sleep};

/// The time without an image after which memory is given back: the next image may come sooner, and would need it again.
const REST: Duration = Duration::from_secs(1);

/// Counts the images that have memory, and gives back what the allocator kept when there are none.
#[derive(Debug, Default)]
pub(super) struct Rest {
    images: AtomicUsize,
    is_waiting: AtomicBool,
}

/// An image that counts until this is dropped.
#[derive(Debug)]
pub(super) struct Counted(Arc<Rest>);

impl Rest {
    pub(super) fn count(self: &Arc<Self>) -> Counted {
        self.images.fetch_add(1, Ordering::Relaxed);
        Counted(self.clone())
    }

    async fn wait(self: Arc<Self>) {
        sleep(REST).await;
        self.is_waiting.store(false, Ordering::Relaxed);
        // If there is an image, the last one waits again.
        if self.images.load(Ordering::Relaxed) == 0 {
            // It takes milliseconds. A failure would be a panic in it, which the log has.
            let _ = spawn_blocking(give_back).await;
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let is_last = self.0.images.fetch_sub(1, Ordering::Relaxed) == 1;
        // Without a runtime, the program is about to end.
        if is_last
            && let Ok(runtime) = Handle::try_current()
            && !self.0.is_waiting.swap(true, Ordering::Relaxed)
        {
            runtime.spawn(self.0.clone().wait());
        }
    }
}
