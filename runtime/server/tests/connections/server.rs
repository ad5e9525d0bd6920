//! A server that can be stopped, and clients that keep their connections.

use crate::common::{Memory, Reply, TOY, read, service};
use safelight::connections::{ConnectionLimits, Connections, Counts, Reason, serve};
use safelight_service::{
    auth::LogSubject,
    dialect::Dialects,
    site::Routes,
    web::{Site, router},
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

/// Longer than any test takes; a test that waits this long has failed.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// Short enough to wait for, and the unit of time limits in these tests.
pub(crate) const SHORT: Duration = Duration::from_millis(50);

/// A server that can be stopped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<Connections>,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) done: JoinHandle<()>,
}

/// Serves `memory` with the toy transforms.
pub(crate) async fn start(memory: Memory, limits: ConnectionLimits) -> Server {
    start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), memory, limits)
}

/// Serves `memory` on this listener.
pub(crate) fn start_on(listener: TcpListener, memory: Memory, limits: ConnectionLimits) -> Server {
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let site = Site {
        routes: Routes::single(service(TOY), Arc::new(memory)),
        auth: None,
        log_subject: LogSubject::default(),
        signatures: None,
        dialects: Dialects::default(),
        states_range_length: false,
    };
    let connections = Connections::new(limits);
    let router = router(site);
    let done = tokio::spawn(serve(listener, move || router.clone(), connections.clone(), async move {
        let _ = stopped.await;
    }));
    Server { address, connections, stop, done }
}

impl Server {
    /// Waits until this many connections were closed for `reason`.
    pub(crate) async fn closed(&self, reason: Reason, count: u64) {
        self.until(|counts| counts.closed(reason) == count).await;
    }

    /// Waits until this many requests are in flight.
    pub(crate) async fn in_flight(&self, count: usize) {
        self.until(|counts| counts.in_flight == count).await;
    }

    async fn until(&self, is_reached: impl Fn(Counts) -> bool) {
        let wait = async {
            while !is_reached(self.connections.counts()) {
                tokio::task::yield_now().await;
            }
        };
        timeout(LONG, wait).await.unwrap_or_else(|_| panic!("{:?}", self.connections.counts()));
    }
}

/// A client that keeps its connection.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) async fn connect(server: &Server) -> Self {
        Self::connect_from([127, 0, 0, 1], server).await
    }

    /// Connects from an address of the loopback network. Systems other than Linux have only the first.
    pub(crate) async fn connect_from(address: [u8; 4], server: &Server) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::from(address), 0).into()).unwrap();
        Self::connect_by(socket, server).await
    }

    pub(crate) async fn connect_by(socket: TcpSocket, server: &Server) -> Self {
        Self(BufReader::new(socket.connect(server.address).await.unwrap()))
    }

    /// Connects, and is idle after a request.
    pub(crate) async fn idle(server: &Server) -> Self {
        let mut client = Self::connect(server).await;
        client.get("/healthz").await;
        client
    }

    /// Sends a request and reads its response.
    pub(crate) async fn get(&mut self, target: &str) -> Reply {
        self.request(target).await;
        self.read().await
    }

    /// Sends a request.
    pub(crate) async fn request(&mut self, target: &str) {
        self.write(&format!("GET {target} HTTP/1.1\r\nhost: test\r\n\r\n")).await;
    }

    pub(crate) async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads a response.
    pub(crate) async fn read(&mut self) -> Reply {
        timeout(LONG, read(&mut self.0, "GET")).await.expect("a response")
    }

    /// Waits until the server closes the connection, without a byte of response.
    pub(crate) async fn is_closed(&mut self) {
        let read = timeout(LONG, self.0.read(&mut [0; 1])).await.expect("the connection is still open");
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }

    /// Sends the bytes one by one, until the server closes the connection.
    pub(crate) async fn trickle(mut self, text: &str, pause: Duration) {
        let mut bytes = text.bytes().cycle();
        while self.0.write_u8(bytes.next().unwrap()).await.is_ok() {
            if let Ok(read) = timeout(pause, self.0.read(&mut [0; 1])).await {
                assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
                return;
            }
        }
    }
}
