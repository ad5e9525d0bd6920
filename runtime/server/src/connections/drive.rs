//! One connection: HTTP/1.1 by hyper, with a timeout for each phase.

use super::{
    Reason,
    phase::{Phase, Progress, Watched},
    slots::Slot,
};
use axum::{Router, body::Body};
use http_body_util::BodyExt;
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use safelight_service::log::chain;
use std::{
    convert::Infallible,
    future::{pending, poll_fn},
    net::IpAddr,
    pin::pin,
    task::Poll,
    time::Duration,
};
use tokio::{net::TcpStream, select, sync::watch, time};
use tokio_io_timeout::TimeoutStream;
use tracing::{debug, info};

/// Maximum bytes that a connection buffers of a request's head, or of a response that the client does not read; one
/// chunk of the response may be added to it.
const MAX_BUFFER_BYTES: usize = 64 << 10;

/// The longest time for the first byte of a connection once the server stops. Its client has connected and may be about
/// to send a request: another server could have had the connection, but not any more.
const LAST_WAIT: Duration = Duration::from_millis(500);

/// Serves the requests of a connection to its end. After `stopping`, it finishes the request in flight, or the first one
/// if there was none yet.
pub(super) async fn drive(
    stream: TcpStream,
    client: IpAddr,
    router: impl Fn() -> Router + Sync,
    slot: &mut Slot,
    mut stopping: watch::Receiver<()>,
) -> Reason {
    // Responses are written in large pieces: waiting to fill a packet would only delay their ends.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "nodelay");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(slot.limits().client_timeout));

    let progress = Progress::new();
    let stream = TokioIo::new(Watched::new(Box::pin(stream), progress.clone()));
    let service = service_fn(|request: Request<Incoming>| {
        let in_flight = progress.request();
        let response = TowerToHyperService::new(router()).call(request);
        async move {
            let response = response.await?;
            // The body owns the guard: hyper drops it after its last frame, or when the client is gone.
            let body = |body: Body| {
                body.map_frame(move |frame| {
                    let _ = &in_flight;
                    frame
                })
            };
            Ok::<_, Infallible>(response.map(body))
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            // The phases have timeouts instead.
            .header_read_timeout(None)
            .max_buf_size(MAX_BUFFER_BYTES)
            .serve_connection(stream, service)
    );
    let (mut is_stopping, mut is_closing) = (false, false);
    loop {
        let step = progress.step();
        slot.enter(step.phase.awaits_request());
        let is_first = matches!(step.phase, Phase::New | Phase::Head);
        if is_stopping && !is_closing && !is_first {
            is_closing = true;
            connection.as_mut().graceful_shutdown();
        }
        let timeout = match step.phase {
            Phase::New if is_stopping => Some((LAST_WAIT, Reason::Stopped)),
            phase => slot.limits().timeout(phase),
        };
        let mut timed_out = pin!(async {
            match timeout {
                Some((time, reason)) => {
                    time::sleep(time).await;
                    reason
                }
                None => pending().await,
            }
        });
        // Ready as soon as the phase is another. It needs no waker, because only the connection changes it.
        let mut changed = poll_fn(|_| if progress.step() == step { Poll::Pending } else { Poll::Ready(()) });
        select! {
            // The connection first: a request that has arrived is served, even if its time is over.
            biased;
            result = &mut connection => return ended(result, client),
            () = &mut changed => (),
            reason = &mut timed_out => return reason,
            () = slot.evicted() => return Reason::MadeRoom,
            _ = stopping.changed(), if !is_stopping => is_stopping = true,
        }
    }
}

/// Logs an error of the connection.
///
/// hyper itself responds to what it cannot parse, by 400, 414 or 431 without a body, and has no hook to add an
/// `X-Request-Id`. The line in the log has the address instead.
fn ended(result: hyper::Result<()>, client: IpAddr) -> Reason {
    let Err(error) = result else { return Reason::Finished };
    let text = chain(&error);
    if error.is_parse() {
        info!(%client, error = text, "invalid request");
    } else {
        debug!(%client, error = text, "connection");
    }
    Reason::Failed
}
