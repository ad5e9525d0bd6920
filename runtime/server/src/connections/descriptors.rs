//! File descriptors: how many the process may have, and how many connections they suffice for.

/// Descriptors of a connection: its socket, and the file or the socket from which its image is read.
const PER_CONNECTION: u64 = 2;

/// Descriptors of everything else: standard streams, listeners, the runtime's own, the folder, an accepted connection
/// that waits for a slot, isolated children, the fetch of a key set, and the connections of the admin listener.
const RESERVED: u64 = 48;

/// The process may have too few descriptors for a single connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the process may open {available} files, which is too few: expected at least {}; raise the limit, for example with `ulimit -n {}`",
    needed(1),
    needed(1024)
)]
pub struct TooFew {
    available: u64,
}

/// Returns the descriptors that `connections` need.
pub fn needed(connections: usize) -> u64 {
    RESERVED + PER_CONNECTION * connections as u64
}

/// Returns the number of connections that `available` descriptors suffice for.
///
/// # Errors
/// [`TooFew`] if that is no connection.
pub fn max_connections(available: u64) -> Result<usize, TooFew> {
    match available.saturating_sub(RESERVED) / PER_CONNECTION {
        0 => Err(TooFew { available }),
        count => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
    }
}

/// Raises the process's soft limit on descriptors to the hard limit, if the system permits, and returns it. `None` if
/// there is no limit, or none that can be read.
///
/// The soft limit is low for programs that use `select`, whose sets end at 1024. This one uses none.
#[cfg(unix)]
pub fn raise() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    // macOS states no hard limit, but accepts no soft limit above its `OPEN_MAX`.
    const OPEN_MAX: u64 = 10_240;

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let goal = match maximum {
        None if cfg!(target_vendor = "apple") => Some(OPEN_MAX),
        maximum => maximum,
    };
    let is_raised = current.is_some_and(|current| goal.is_none_or(|goal| current < goal))
        && setrlimit(Resource::Nofile, Rlimit { current: goal, maximum }).is_ok();
    if is_raised { goal } else { current }
}

/// As on Unix, but sockets of other systems have no such limit.
#[cfg(not(unix))]
pub fn raise() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_the_descriptors() {
        assert_eq!(max_connections(80), Ok(16));
        assert_eq!(max_connections(50), Ok(1));
        for available in [0, 49] {
            assert_eq!(max_connections(available), Err(TooFew { available }));
        }
        for connections in [1, 16, 1024] {
            assert_eq!(max_connections(needed(connections)), Ok(connections));
        }
    }
}
