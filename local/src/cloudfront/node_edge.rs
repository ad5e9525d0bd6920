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

/// A folder that `edge/node/build/build.mjs` made, run by a Node.js of its own. It ends with this value.
///
/// Without an origin it is the function for viewer requests, with one that for origin requests.
#[derive(Debug)]
pub struct NodeEdge {
    /// One event is in work at a time, as in a sandbox of Lambda's.
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
struct Question<'a> {
    id: u64,
    handler: &'static str,
    /// Milliseconds since the epoch.
    now: u128,
    event: &'a Event,
}

#[derive(Deserialize)]
struct Outcome {
    id: u64,
    answer: Option<EdgeVerdict>,
    error: Option<String>,
}

impl NodeEdge {
    /// Starts Node.js with the functions in `folder`, which go by `clock`. Their environment holds what a
    /// role's does, and nothing else but where programs are.
    ///
    /// # Errors
    /// If there is no such folder, or no `node`.
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

    /// Whether it brings queries into canonical form, `format=auto` included.
    pub(crate) const fn normalizes(&self) -> bool {
        self.normalizes
    }

    /// Whether it signs what goes to the origin.
    pub(crate) const fn signs(&self) -> bool {
        self.signs
    }

    async fn ask(&self, handler: &'static str, event: &Event) -> Result<EdgeVerdict, BoxError> {
        let id = self.count.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.time().duration_since(SystemTime::UNIX_EPOCH)?.as_millis();
        let mut line = serde_json::to_vec(&Question { id, handler, now, event })?;
        line.push(b'\n');
        let mut process = self.process.lock().await;
        process.input.write_all(&line).await?;
        loop {
            let line = process.output.next_line().await?.ok_or("the functions at the edge have ended")?;
            let outcome: Outcome = serde_json::from_str(&line)?;
            // Answers to viewers who went away meanwhile come first.
            if outcome.id == id {
                return outcome.answer.ok_or_else(|| outcome.error.unwrap_or_default().into());
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
        let answer = self.ask(handler, &event).await?;
        answer.check(event.config.event_type, &event.request)?;
        edge_event::to_verdict(answer, body)
    }
}
