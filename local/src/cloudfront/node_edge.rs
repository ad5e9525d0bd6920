//! The functions of `edge/node`, run in Node.js as Lambda@Edge runs them.

use super::{EdgeEvent, EdgeFunction, Verdict, edge_event};
use crate::{
    body::BoxError,
    clock::Clock,
    sign::{EDGE, REGION},
};
use async_trait::async_trait;
use safelight_edge::event::{Event, EventType, Verdict as EdgeVerdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    fs, io,
    path::Path,
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
};

/// The program that runs the handlers.
const RUNTIME: &str = include_str!("node_edge.mjs");

/// A folder built by `edge/node/build/build.mjs`, run in a Node.js process of its own. Dropping the value
/// ends the process.
///
/// An event without an origin goes to the viewer-request function, an event with one to the origin-request
/// function.
#[derive(Debug)]
pub struct NodeEdge {
    /// Locked while an event is processed: one at a time, as in a sandbox of Lambda.
    process: Mutex<Process>,
    count: AtomicU64,
    clock: Clock,
    normalizes: bool,
    signs: bool,
}

#[derive(Debug)]
struct Process {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

#[derive(Serialize)]
struct Invocation<'a> {
    id: u64,
    handler: &'static str,
    /// Milliseconds since the epoch.
    now: u128,
    event: &'a Event,
}

#[derive(Deserialize)]
struct InvocationResult {
    id: u64,
    answer: Option<EdgeVerdict>,
    error: Option<String>,
}

impl NodeEdge {
    /// Starts Node.js with the functions in `folder`, which use the time of `clock`. Their environment
    /// contains only the credentials of a role, and `PATH`.
    ///
    /// # Errors
    /// If `folder` or `node` does not exist.
    pub fn start(folder: &Path, clock: Clock) -> io::Result<Self> {
        let config: Value = serde_json::from_slice(&fs::read(folder.join("config.json"))?)?;
        let mut command = Command::new("node");
        command.args(["--input-type=module", "--eval", RUNTIME]).arg(folder.canonicalize()?).env_clear();
        command
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", EDGE.id)
            .env("AWS_SECRET_ACCESS_KEY", EDGE.secret)
            .envs(EDGE.session_token.map(|token| ("AWS_SESSION_TOKEN", token)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let output = BufReader::new(output).lines();
        Ok(Self {
            process: Mutex::new(Process { _child: child, input, output }),
            count: AtomicU64::new(0),
            clock,
            normalizes: config["normalize"].is_object(),
            signs: config["sign"].is_object(),
        })
    }

    /// Returns whether the functions normalise queries, `format=auto` included.
    pub(crate) const fn normalizes(&self) -> bool {
        self.normalizes
    }

    /// Returns whether the functions sign origin requests.
    pub(crate) const fn signs(&self) -> bool {
        self.signs
    }

    async fn invoke(&self, handler: &'static str, event: &Event) -> Result<EdgeVerdict, BoxError> {
        let id = self.count.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.time().duration_since(SystemTime::UNIX_EPOCH)?.as_millis();
        let mut line = serde_json::to_vec(&Invocation { id, handler, now, event })?;
        line.push(b'\n');
        let mut process = self.process.lock().await;
        process.input.write_all(&line).await?;
        loop {
            let line = process
                .output
                .next_line()
                .await?
                .ok_or("the Node.js process of the edge functions has ended")?;
            let result: InvocationResult = serde_json::from_str(&line)?;
            // Results for viewers that disconnected earlier come first.
            if result.id == id {
                return result.answer.ok_or_else(|| result.error.unwrap_or_default().into());
            }
        }
    }
}

#[async_trait]
impl EdgeFunction for NodeEdge {
    async fn run(&self, event: EdgeEvent) -> Result<Verdict, BoxError> {
        let (body, event) = (event.request.body().clone(), edge_event::from_local(&event)?);
        let handler = match event.config.event_type {
            EventType::ViewerRequest => "viewerRequest",
            EventType::OriginRequest => "originRequest",
        };
        let answer = self.invoke(handler, &event).await?;
        answer.check(event.config.event_type, &event.request)?;
        edge_event::to_verdict(answer, body)
    }
}
