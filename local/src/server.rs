//! An HTTP/1.1 server on loopback that stops when it is dropped, and an HTTP client.

use crate::{
    body::{Body, BoxError},
    faults::Reset,
};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use std::{
    convert::Infallible,
    error::Error,
    future::poll_fn,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// The function that responds to a server's requests.
pub(crate) type Handler = Arc<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// A listener and its address.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) address: SocketAddr,
    listener: TcpListener,
}

impl Socket {
    /// Listens on `port` of loopback; 0 selects a free one.
    pub(crate) async fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(Self { address: listener.local_addr()?, listener })
    }

    /// Handles requests with `handler` from now on.
    pub(crate) fn serve(self, handler: Handler) -> Server {
        let accept = tokio::spawn(accept(self.listener, handler));
        Server { address: self.address, accept: accept.abort_handle() }
    }
}

/// A running server. Dropping the value closes its connections.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    accept: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

async fn accept(listener: TcpListener, handler: Handler) {
    let mut connections = JoinSet::new();
    loop {
        // Accepting fails if the client has disconnected; the next client may be connected.
        if let Ok((stream, _)) = listener.accept().await {
            // Responses are written in pieces; waiting for acknowledgements would take longer than most
            // responses.
            let _ = stream.set_nodelay(true);
            connections.spawn(serve_connection(stream, handler.clone()));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_connection(stream: TcpStream, handler: Handler) {
    let service = service_fn(move |request| {
        let response = handler(request);
        Box::pin(async move { Ok::<_, Infallible>(response.await) })
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let result = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let mut stream = connection.into_parts().io.into_inner();
    let is_reset = result.is_err_and(|error| error.source().is_some_and(<dyn Error>::is::<Reset>));
    // The connection is over in both cases, so an error here has no effect.
    let _ = if is_reset { stream.set_zero_linger() } else { stream.shutdown().await };
}

/// Client for requests to other servers.
pub(crate) type HttpClient = Client<HttpConnector, Body>;

/// Returns a client that opens a connection for each request, so that none is reused after it was closed.
pub(crate) fn client() -> HttpClient {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)
}

/// Sends `request` to the server at `address`.
///
/// # Errors
/// If there is no response.
pub(crate) async fn send(
    client: &HttpClient,
    address: SocketAddr,
    mut request: Request<Body>,
) -> Result<Response<Incoming>, BoxError> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = format!("http://{address}{path}").parse()?;
    Ok(client.request(request).await?)
}
