//! Metadata of image sets, decompressed while it arrives: it comes as gzip (RFC 1952).

use crate::source::Chunks;
use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use futures_util::{StreamExt, TryStreamExt, stream};
use safelight_core::{Error, Kind};
use std::io::{self, Write};

/// Maximum bytes of decompressed metadata: more than the 50 MB that an image set may have (AWS `HealthImaging`,
/// "Endpoints and quotas").
const MAX_BYTES: u64 = 64 << 20;

/// Returns `chunks` decompressed. They fail at [`MAX_BYTES`], and if they end before the gzip does.
pub(super) fn decompressed(chunks: Chunks) -> Chunks {
    let decoder = MultiGzDecoder::new(Output { bytes: Vec::new(), left: MAX_BYTES });
    stream::try_unfold(Some((chunks, decoder)), |state| async {
        let Some((mut chunks, mut decoder)) = state else { return Ok(None) };
        while let Some(chunk) = chunks.try_next().await? {
            decoder.write_all(&chunk).map_err(damaged)?;
            let bytes = std::mem::take(&mut decoder.get_mut().bytes);
            if !bytes.is_empty() {
                return Ok(Some((Bytes::from(bytes), Some((chunks, decoder)))));
            }
        }
        let rest = decoder.finish().map_err(damaged)?.bytes;
        Ok::<_, Error>(Some((Bytes::from(rest), None)))
    })
    .try_filter(|bytes| std::future::ready(!bytes.is_empty()))
    .boxed()
}

fn damaged(error: io::Error) -> Error {
    let message = format!("the metadata is no valid gzip of at most {MAX_BYTES} bytes");
    Error::new(Kind::Upstream, "healthimaging", message).with_source(error)
}

/// Decompressed bytes that were not taken yet.
struct Output {
    bytes: Vec<u8>,
    left: u64,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or_else(|| io::Error::other("the output is too long"))?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    fn compressed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Returns the result for `input` in chunks of `size` bytes.
    async fn run(input: &[u8], size: usize) -> Result<Vec<u8>, Kind> {
        let chunks: Vec<_> = input.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let pieces = decompressed(stream::iter(chunks).boxed()).try_collect::<Vec<_>>().await;
        pieces.map(|pieces| pieces.concat()).map_err(|error| error.kind)
    }

    #[tokio::test]
    async fn metadata_is_the_same_however_it_arrives() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(|number| number.to_string().into_bytes()).collect();
        let one = compressed(&text);
        let two = [compressed(&text[..7]), compressed(&text[7..])].concat();
        for (input, size) in [(&one, 1), (&one, 1000), (&one, usize::MAX), (&two, 1), (&two, usize::MAX)] {
            assert!(run(input, size).await.as_ref() == Ok(&text), "{size}");
        }
        assert_eq!(run(&compressed(b""), 1).await, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn damage_truncation_and_bombs_are_errors() {
        let whole = compressed(b"{\"a\": 1}");
        for length in 0..whole.len() {
            assert_eq!(run(&whole[..length], 3).await, Err(Kind::Upstream), "{length} bytes");
        }
        let mut changed = whole.clone();
        changed[whole.len() - 8] ^= 1;
        assert_eq!(run(&changed, 3).await, Err(Kind::Upstream), "the checksum");
        let bomb = compressed(&vec![0; MAX_BYTES as usize + 1]);
        assert_eq!(run(&bomb, usize::MAX).await, Err(Kind::Upstream));
    }
}
