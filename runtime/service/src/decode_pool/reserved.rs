//! Bytes that keep their reservation until the last slice of them was dropped.

use bytes::Bytes;
use std::sync::Arc;

/// Bytes with the permits of their memory.
struct Reserved<P> {
    bytes: Bytes,
    #[expect(dead_code, reason = "released when it is dropped")]
    permits: Arc<P>,
}

impl<P> AsRef<[u8]> for Reserved<P> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Returns the same bytes. They and every slice of them keep `permits`.
pub(super) fn reserved<P: Send + Sync + 'static>(bytes: Bytes, permits: &Arc<P>) -> Bytes {
    Bytes::from_owner(Reserved { bytes, permits: permits.clone() })
}
