//! Codecs that run in child processes, because they could abort, or cannot be stopped.
//!
//! Without Unix processes, all codecs run in the program itself.

use crate::{StartError, fonts::Fonts};
use safelight_core::{Decoder, Registry};
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

/// The children of this program.
#[derive(Clone, Debug, Default)]
pub struct Children {
    #[cfg(unix)]
    pool: Option<std::sync::Arc<safelight_isolate::Pool>>,
}

/// The numbers of children at one moment.
#[derive(Clone, Debug, Default)]
pub struct ChildCounts {
    /// Children that wait for a task.
    pub waiting: usize,
    /// Children that work.
    pub working: usize,
    /// Children that were started so far.
    pub started: u64,
    /// Children that ended without a result so far, by reason.
    pub deaths: Vec<(&'static str, u64)>,
}

impl Children {
    /// The reasons for which a child ends without a result.
    #[cfg(unix)]
    pub const REASONS: [&'static str; 6] = safelight_isolate::IsolateError::REASONS;
    /// The reasons for which a child ends without a result: there are no children.
    #[cfg(not(unix))]
    pub const REASONS: [&'static str; 0] = [];

    /// Returns the current numbers.
    pub fn counts(&self) -> ChildCounts {
        #[cfg(unix)]
        if let Some(pool) = &self.pool {
            let safelight_isolate::PoolCounts { waiting, working, started, deaths } = pool.counts();
            return ChildCounts { waiting, working, started, deaths };
        }
        ChildCounts::default()
    }
}

/// Returns the registry whose isolated codecs run in children of this program, and those. Drawings have `fonts`. Call it
/// once: each has a pool.
///
/// # Errors
/// [`StartError::Isolation`] if the program cannot start itself.
pub fn registry(fonts: &Fonts) -> Result<(Registry, Children), StartError> {
    let registry = with_fonts(REGISTRY, fonts);
    #[cfg(unix)]
    return isolate::registry(registry);
    #[cfg(not(unix))]
    Ok((registry, Children::default()))
}

/// Returns `registry`, whose decoders that draw text have `fonts`. It lasts as long as the program.
fn with_fonts(registry: Registry, fonts: &Fonts) -> Registry {
    if fonts.files.is_empty() {
        return registry;
    }
    let decoder = |&decoder: &&'static dyn Decoder| -> &'static dyn Decoder {
        decoder.with_fonts(fonts.files.clone()).map_or(decoder, |decoder| Box::leak(decoder))
    };
    let decoders: Vec<_> = registry.decoders.iter().map(decoder).collect();
    Registry { decoders: decoders.leak(), ..registry }
}

#[cfg(unix)]
mod isolate {
    use super::Children;
    use crate::StartError;
    use safelight_core::{Decoder, Encoder, Registry};
    use safelight_isolate::{IsolatedDecoder, IsolatedEncoder, Pool};
    use std::sync::Arc;

    /// Number of children that wait for a task. A start takes 3 ms, and a small AVIF 200 ms (decision 11), so that a
    /// burst of more tasks loses little.
    const SPARE: usize = 2;

    // A registry is a few pointers that every plan copies. This one lasts as long as the program; the operating
    // system ends its children.
    pub(super) fn registry(registry: Registry) -> Result<(Registry, Children), StartError> {
        let pool = Arc::new(Pool::new(SPARE).map_err(StartError::Isolation)?);
        let decoder = |&decoder: &&'static dyn Decoder| -> &'static dyn Decoder {
            Box::leak(Box::new(IsolatedDecoder::new(decoder, pool.clone())))
        };
        let encoder = |&encoder: &&'static dyn Encoder| -> &'static dyn Encoder {
            Box::leak(Box::new(IsolatedEncoder::new(encoder, pool.clone())))
        };
        let decoders: Vec<_> = registry.decoders.iter().map(decoder).collect();
        let encoders: Vec<_> = registry.encoders.iter().map(encoder).collect();
        let registry = Registry { decoders: decoders.leak(), encoders: encoders.leak(), ..registry };
        Ok((registry, Children { pool: Some(pool) }))
    }
}
