//! One sandbox: its child process, which processes one event after another.

use super::{Failure, Invocation, Settings, slot::Slot};
use crate::{
    faults::Faults,
    sign::{FUNCTION, REGION},
};
use std::{net::SocketAddr, sync::Arc, time::SystemTime};
use tokio::{
    process::{Child, Command},
    select,
    sync::{Mutex, mpsc},
    time::sleep,
};

/// The parts of a sandbox.
pub(super) struct Sandbox {
    pub(super) settings: Settings,
    /// Address of its runtime API.
    pub(super) api: SocketAddr,
    pub(super) slot: Arc<Slot>,
    /// Events that are not assigned to a sandbox yet.
    pub(super) waiting: Arc<Mutex<mpsc::UnboundedReceiver<Invocation>>>,
    pub(super) faults: Arc<Faults>,
}

impl Sandbox {
    /// Processes events until the queue is closed.
    ///
    /// The child starts at once; after its death it is started again with the next event.
    pub(super) async fn run(self) {
        let mut child = self.start();
        loop {
            let next = async { self.waiting.lock().await.recv().await };
            let invocation = select! {
                next = next => next,
                () = self.has_ended(&mut child) => {
                    self.reap(&mut child).await;
                    continue;
                }
            };
            let Some(invocation) = invocation else { return };
            if child.is_none() {
                child = self.start();
            }
            self.process(invocation, &mut child).await;
        }
    }

    async fn process(&self, invocation: Invocation, child: &mut Option<Child>) {
        if child.is_none() && self.settings.bootstrap.is_some() {
            // The caller may have disconnected.
            let _ = invocation.reply.send(Err(Failure::NotStarted));
            return;
        }
        self.slot.offer(invocation, SystemTime::now() + self.settings.timeout);
        let must_be_killed = self.faults.take_killed_child();
        let injected_kill = async {
            self.slot.fetched().await;
            if must_be_killed {
                self.slot.kill();
            }
            std::future::pending::<()>().await;
        };
        let failure = select! {
            biased;
            () = self.slot.done() => return,
            () = self.has_ended(child) => Failure::Exited,
            () = sleep(self.settings.timeout) => Failure::TimedOut,
            () = injected_kill => return,
        };
        // Reaps the child first, so that it cannot affect the next event.
        self.reap(child).await;
        self.slot.fail(failure);
    }

    /// Waits until the child has ended or must be killed; without end if there is no child.
    async fn has_ended(&self, child: &mut Option<Child>) {
        let Some(child) = child else { return std::future::pending().await };
        select! {
            // The exit status adds nothing.
            _ = child.wait() => (),
            () = self.slot.kill_requested() => (),
        }
    }

    /// Kills the child, and waits until it has ended.
    async fn reap(&self, child: &mut Option<Child>) {
        if let Some(mut child) = child.take() {
            // It may have ended already.
            let _ = child.kill().await;
        }
        self.slot.set_child(None);
    }

    /// Starts the child with the environment variables of Lambda.
    fn start(&self) -> Option<Child> {
        let mut command = Command::new(self.settings.bootstrap.as_ref()?);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", self.api.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "safelight")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/safelight")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", FUNCTION.id)
            .env("AWS_SECRET_ACCESS_KEY", FUNCTION.secret)
            .envs(FUNCTION.session_token.map(|token| ("AWS_SESSION_TOKEN", token)))
            .envs(self.settings.environment.iter().map(|(name, value)| (name, value)))
            .kill_on_drop(true);
        self.slot.begin_init();
        match command.spawn() {
            Ok(child) => {
                self.slot.set_child(child.id());
                Some(child)
            }
            Err(error) => {
                eprintln!("safelight-local: {}: {error}", command.as_std().get_program().display());
                None
            }
        }
    }
}
