//! One sandbox: its child process, and one event after the other.

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

/// What a sandbox consists of.
pub(super) struct Sandbox {
    pub(super) settings: Settings,
    /// Where its runtime API is.
    pub(super) api: SocketAddr,
    pub(super) slot: Arc<Slot>,
    /// Events that no sandbox has yet.
    pub(super) waiting: Arc<Mutex<mpsc::UnboundedReceiver<Invocation>>>,
    pub(super) faults: Arc<Faults>,
}

impl Sandbox {
    /// Works on events until there will be no more.
    ///
    /// The child is started at once, and after its death with the next event.
    pub(super) async fn run(self) {
        let mut child = self.start();
        loop {
            let next = async { self.waiting.lock().await.recv().await };
            let invocation = select! {
                next = next => next,
                () = self.ended(&mut child) => {
                    self.bury(&mut child).await;
                    continue;
                }
            };
            let Some(invocation) = invocation else { return };
            if child.is_none() {
                child = self.start();
            }
            self.work(invocation, &mut child).await;
        }
    }

    async fn work(&self, invocation: Invocation, child: &mut Option<Child>) {
        if child.is_none() && self.settings.bootstrap.is_some() {
            // Nobody waits where nobody is told.
            let _ = invocation.reply.send(Err(Failure::NotStarted));
            return;
        }
        self.slot.give(invocation, SystemTime::now() + self.settings.timeout);
        let is_doomed = self.faults.take_killed_child();
        let fate = async {
            self.slot.fetched().await;
            if is_doomed {
                self.slot.kill();
            }
            std::future::pending::<()>().await;
        };
        let failure = select! {
            biased;
            () = self.slot.done() => return,
            () = self.ended(child) => Failure::Exited,
            () = sleep(self.settings.timeout) => Failure::TimedOut,
            () = fate => return,
        };
        // The child goes first: nothing of it may reach the next event.
        self.bury(child).await;
        self.slot.fail(failure);
    }

    /// Waits until the child has ended or is to end; for ever where there is none.
    async fn ended(&self, child: &mut Option<Child>) {
        let Some(child) = child else { return std::future::pending().await };
        select! {
            // The status says nothing that the end does not.
            _ = child.wait() => (),
            () = self.slot.killed() => (),
        }
    }

    /// Makes sure that the child is gone.
    async fn bury(&self, child: &mut Option<Child>) {
        if let Some(mut child) = child.take() {
            // It may be dead already.
            let _ = child.kill().await;
        }
        self.slot.set_child(None);
    }

    /// Starts the child, with what Lambda's environment holds.
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
