//! A server behind the service: it sends what a test says, byte by byte.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// Returns the response to a request line and a head.
type Respond = Arc<dyn Fn(&str, &str) -> Vec<u8> + Send + Sync>;

/// A server on loopback that closes each connection after its response. It ends with the test.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    /// Responds with the bytes that `respond` returns for a request line such as `GET /a.jpg` and its head.
    pub(crate) async fn start(respond: impl Fn(&str, &str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::serve(Arc::new(respond), false).await
    }

    /// As [`Upstream::start`], with a body that trickles after the first 100 bytes.
    pub(crate) async fn trickle(respond: impl Fn(&str, &str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::serve(Arc::new(respond), true).await
    }

    async fn serve(respond: Respond, is_slow: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let log = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (respond, log) = (respond.clone(), log.clone());
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    let Some((line, head)) = read_head(&mut stream).await else { return };
                    let response = respond(&line, &head);
                    let is_head = line.starts_with("HEAD ");
                    log.lock().unwrap().push(line);
                    // The client may leave at any time.
                    let _ = write(stream.get_mut(), &response, is_head, is_slow).await;
                });
            }
        });
        Self { address, requests }
    }

    /// Returns the requests since the last call, as method, path and range.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

/// Returns a response with a `Content-Length`. `status` has a reason; each of `headers` ends with a line break.
pub(crate) fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

async fn read_head(stream: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (stream.read_line(&mut head).await.ok()? != 0).then_some(())?;
    }
    let head = head.to_ascii_lowercase().replacen("get ", "GET ", 1).replacen("head ", "HEAD ", 1);
    let line = head.lines().next()?.trim_end_matches(" http/1.1").to_owned();
    let range = head.lines().find_map(|line| line.strip_prefix("range: ")).unwrap_or_default();
    Some((format!("{line} {range}").trim_end().to_owned(), head))
}

async fn write(stream: &mut TcpStream, response: &[u8], is_head: bool, is_slow: bool) -> std::io::Result<()> {
    let body_at = response.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    if is_head {
        return stream.write_all(&response[..body_at]).await;
    }
    if !is_slow {
        return stream.write_all(response).await;
    }
    let (quick, slow) = response.split_at(body_at + 100);
    stream.write_all(quick).await?;
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(5));
    for byte in slow {
        ticks.tick().await;
        stream.write_all(&[*byte]).await?;
    }
    Ok(())
}
