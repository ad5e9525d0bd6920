//! An HTTP/1.1 server on loopback that ends when it is dropped, and a client to call others with.

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

/// What answers the requests of a server.
pub(crate) type Handler = Arc<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// A listener and where it listens.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) address: SocketAddr,
    listener: TcpListener,
}

impl Socket {
    /// Listens on `port` of loopback; 0 is any that is free.
    pub(crate) async fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(Self { address: listener.local_addr()?, listener })
    }

    /// Answers with `handler` from now on.
    pub(crate) fn serve(self, handler: Handler) -> Server {
        let accept = tokio::spawn(accept(self.listener, handler));
        Server { address: self.address, accept: accept.abort_handle() }
    }
}

/// A running server. Its connections end with it.
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
        // An accept fails when its client is gone already; the next one may not be.
        if let Ok((stream, _)) = listener.accept().await {
            // Answers are written in pieces: to wait until one is acknowledged would take longer than most.
            let _ = stream.set_nodelay(true);
            connections.spawn(converse(stream, handler.clone()));
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, handler: Handler) {
    let service = service_fn(move |request| {
        let response = handler(request);
        Box::pin(async move { Ok::<_, Infallible>(response.await) })
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let result = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let mut stream = connection.into_parts().io.into_inner();
    let is_reset = result.is_err_and(|error| error.source().is_some_and(<dyn Error>::is::<Reset>));
    // Either way the connection is over: what fails here has nobody to be told.
    let _ = if is_reset { stream.set_zero_linger() } else { stream.shutdown().await };
}

/// Calls other servers.
pub(crate) type HttpClient = Client<HttpConnector, Body>;

/// A client that opens a connection for each request: none is found closed when it is used again.
pub(crate) fn client() -> HttpClient {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)
}

/// Sends `request` to the server at `address`.
///
/// # Errors
/// If there is no answer.
pub(crate) async fn send(
    client: &HttpClient,
    address: SocketAddr,
    mut request: Request<Body>,
) -> Result<Response<Incoming>, BoxError> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = format!("http://{address}{path}").parse()?;
    Ok(client.request(request).await?)
}
