//! The service manager: sockets that it opened, and notifications to it. Without one, nothing of this happens.

use std::{io, net::TcpListener};

/// Returns the first socket that the service manager opened for this program (`sd_listen_fds(3)`).
///
/// # Errors
/// The first socket is of another type.
pub fn inherited_listener() -> io::Result<Option<TcpListener>> {
    #[cfg(unix)]
    {
        let listener = listenfd::ListenFd::from_env().take_tcp_listener(0)?;
        if let Some(listener) = &listener {
            listener.set_nonblocking(true)?;
        }
        Ok(listener)
    }
    #[cfg(not(unix))]
    Ok(None)
}

/// A change that the service manager learns of (`sd_notify(3)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The program serves requests.
    Ready,
    /// The program stops.
    Stopping,
}

/// Tells the service manager.
pub fn notify(change: Change) {
    #[cfg(target_os = "linux")]
    {
        let state = match change {
            Change::Ready => sd_notify::NotifyState::Ready,
            Change::Stopping => sd_notify::NotifyState::Stopping,
        };
        if let Err(error) = sd_notify::notify(&[state]) {
            tracing::warn!(%error, "cannot notify the service manager");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = change;
}
