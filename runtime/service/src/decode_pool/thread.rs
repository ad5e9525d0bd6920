//! Threads of large images.

use std::{io, thread};

/// Starts a thread of low priority. It is not one of the runtime's: a priority cannot be raised again.
///
/// With two large images on two cores, the median of `/livez` was 52 ms at the same priority, since a connection waited
/// for the end of a time slice.
///
/// # Errors
/// The system has no thread left.
pub(super) fn spawn_yielding(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let name = "large image".to_owned();
    thread::Builder::new().name(name).spawn(move || {
        lower_priority();
        work();
    })?;
    Ok(())
}

/// Lowers the priority of this thread. Linux gives it a third of the time of others; elsewhere priorities belong to
/// processes.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        const NICENESS: i32 = 5;
        // Without it, the work runs at the same priority.
        let _ = rustix::process::nice(NICENESS);
    }
}
