//! An HTTP/1.1 client that sends any request and reports whether the response was whole.

use std::{collections::HashMap, net::SocketAddr};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// A response, and how it ended.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as its framing states.
    pub(crate) whole: bool,
}

impl Reply {
    /// Returns the value of the header `name`, in lower case; empty if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Sends a plain `GET`. A target may name another version of the protocol, after a space.
pub(crate) async fn get(address: SocketAddr, target: &str) -> Reply {
    fetch(address, "GET", target, &[]).await
}

/// Sends a request with these headers on its own connection.
pub(crate) async fn fetch(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let mut stream = send(address, method, target, headers).await;
    read(&mut stream, method).await
}

/// Sends a request and reads nothing yet.
pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (target, version) = target.split_once(' ').unwrap_or((target, "HTTP/1.1"));
    let mut request = format!("{method} {target} {version}\r\nhost: test\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request += "\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    BufReader::new(stream)
}

/// Reads the response to a request of `method`.
pub(crate) async fn read(stream: &mut BufReader<TcpStream>, method: &str) -> Reply {
    let status_line = line(stream).await;
    let status = status_line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = HashMap::new();
    loop {
        let line = line(stream).await;
        let Some((name, value)) = line.split_once(": ") else { break };
        let repeated = headers.insert(name.to_owned(), value.to_owned());
        assert_eq!(repeated, None, "{name} was sent twice");
    }

    let mut reply = Reply { status, headers, body: Vec::new(), whole: true };
    if method == "HEAD" || status == 304 {
        stream.read_to_end(&mut reply.body).await.unwrap();
        assert_eq!(reply.body, b"", "there must be no body");
    } else if reply.header("transfer-encoding") == "chunked" {
        reply.whole = read_chunks(stream, &mut reply.body).await.is_some();
    } else {
        let length: usize = reply.header("content-length").parse().unwrap();
        let read = stream.take(length as u64).read_to_end(&mut reply.body).await;
        reply.whole = read.is_ok() && reply.body.len() == length;
    }
    reply
}

/// Reads a chunked body; `None` if the connection ends before the last chunk.
async fn read_chunks(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> Option<()> {
    loop {
        let length = usize::from_str_radix(&line(stream).await, 16).ok()?;
        let mut chunk = vec![0; length + 2];
        stream.read_exact(&mut chunk).await.ok()?;
        body.extend_from_slice(&chunk[..length]);
        if length == 0 {
            return Some(());
        }
    }
}

/// Reads a line without its end; a broken connection leaves a part of it.
async fn line(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    let _ = stream.read_line(&mut line).await;
    line.trim_end().to_owned()
}
