//! Codecs that run in child processes, because they could abort, or cannot be stopped.
//!
//! Without Unix processes, all codecs run in the program itself.

use crate::StartError;
use safelight_core::Registry;
use safelight_registry::REGISTRY;
use std::process::ExitCode;

/// Becomes a child process, and returns its exit code, if the program was started as one; else returns `None`.
///
/// `main` calls it first, before it starts a thread.
pub fn run_if_worker() -> Option<ExitCode> {
    #[cfg(unix)]
    return safelight_isolate::run_if_worker(|input, output| {
        safelight_isolate::work(REGISTRY, input, output)
    });
    #[cfg(not(unix))]
    None
}

/// Returns the registry whose isolated codecs run in children of this program. Call it once: each has a pool.
///
/// # Errors
/// [`StartError::Isolation`] if the program cannot start itself.
pub fn registry() -> Result<Registry, StartError> {
    #[cfg(unix)]
    return isolate::registry(REGISTRY);
    #[cfg(not(unix))]
    Ok(REGISTRY)
}

#[cfg(unix)]
mod isolate {
    use crate::StartError;
    use safelight_core::{Decoder, Encoder, Registry};
    use safelight_isolate::{IsolatedDecoder, IsolatedEncoder, Pool};
    use std::sync::Arc;

    /// Number of children that wait for a task. A start takes 3 ms, and a small AVIF 200 ms (decision 11), so that a
    /// burst of more tasks loses little.
    const SPARE: usize = 2;

    // A registry is a few pointers that every plan copies. This one lasts as long as the program; the operating
    // system ends its children.
    pub(super) fn registry(registry: Registry) -> Result<Registry, StartError> {
        let pool = Arc::new(Pool::new(SPARE).map_err(StartError::Isolation)?);
        let decoder = |&decoder: &&'static dyn Decoder| -> &'static dyn Decoder {
            Box::leak(Box::new(IsolatedDecoder::new(decoder, pool.clone())))
        };
        let encoder = |&encoder: &&'static dyn Encoder| -> &'static dyn Encoder {
            Box::leak(Box::new(IsolatedEncoder::new(encoder, pool.clone())))
        };
        let decoders: Vec<_> = registry.decoders.iter().map(decoder).collect();
        let encoders: Vec<_> = registry.encoders.iter().map(encoder).collect();
        Ok(Registry { decoders: decoders.leak(), encoders: encoders.leak(), ..registry })
    }
}
