//! The command that signs a URL.

use crate::cli::Sign;
use anyhow::{Context, ensure};
use std::time::{Duration, SystemTime};

/// Returns the signed URL.
pub(crate) fn signed(sign: &Sign) -> anyhow::Result<String> {
    let keys = sign.keys.signature_keys.as_ref().context("no key: expected --signature-keys ID:SECRET")?;
    let url = sign.url.split('#').next().unwrap_or_default();
    let (target, query) = url.split_once('?').unwrap_or((url, ""));
    // The path begins after the host.
    let start = target.find("://").map_or(0, |scheme| scheme + 3);
    let start = target[start..].find('/').map_or(target.len(), |slash| start + slash);
    let path = &target[start..];
    ensure!(
        path.starts_with('/'),
        "\"{}\" has no path: expected a URL, or a path such as /photo.jpg",
        sign.url
    );
    let expires = sign.expires_at.or_else(|| sign.expires_in.map(from_now));
    let query = keys.sign(path, query, expires)?;
    Ok(format!("{target}?{query}"))
}

/// Returns the time after `duration`, in seconds since 1970.
fn from_now(duration: Duration) -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.saturating_add(duration).as_secs()
}
