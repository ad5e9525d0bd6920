//! The pool: keeps children waiting, and gives each one task.

use crate::{IsolateError, TaskResult, child::Child, message::Missing};
use safelight_core::Result as CoreResult;
use std::{
    borrow::Cow,
    io,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};
use tracing::warn;

/// A task and its limits.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// The input, in parts that follow one another.
    pub input: Vec<Cow<'a, [u8]>>,
    /// Maximum bytes of the result.
    pub output_bytes: u64,
    /// Maximum bytes of address space, in addition to that of the program itself.
    pub memory_bytes: u64,
    /// Maximum seconds of CPU time.
    pub cpu_secs: u64,
}

/// Child processes of the running program, each for one task.
///
/// The first task starts them. From then on a thread replaces each child that was taken, so that a task does not
/// wait for the start of a process. They end with the pool, and also with the program, however it ends.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    starter: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    program: PathBuf,
    /// Number of children to keep waiting.
    spare: usize,
    state: Mutex<State>,
    changed: Condvar,
    working: AtomicUsize,
    started: AtomicU64,
    /// Children that ended without a result, in the order of [`IsolateError::REASONS`].
    deaths: [AtomicU64; IsolateError::REASONS.len()],
}

/// The numbers of children at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolCounts {
    /// Children that wait for a task.
    pub waiting: usize,
    /// Children that work.
    pub working: usize,
    /// Children that were started so far.
    pub started: u64,
    /// Children that ended without a result so far, by reason.
    pub deaths: Vec<(&'static str, u64)>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Child>,
    is_closing: bool,
    has_warned: bool,
}

impl Pool {
    /// Returns a pool that keeps `spare` children waiting, of which none is started yet. `main` of the program must
    /// call [`run_if_worker`](crate::run_if_worker) first.
    ///
    /// # Errors
    /// The path of the running program is unknown; on Linux, if `/proc` is not mounted.
    pub fn new(spare: usize) -> io::Result<Self> {
        let shared = Shared {
            program: program()?,
            spare,
            state: Mutex::default(),
            changed: Condvar::new(),
            working: AtomicUsize::default(),
            started: AtomicU64::default(),
            deaths: Default::default(),
        };
        Ok(Self { shared: Arc::new(shared), starter: Mutex::default() })
    }

    /// Runs `task` in a child and returns the result. Blocks.
    ///
    /// `check` is called every few milliseconds; when it returns an error, the child is killed.
    ///
    /// # Errors
    /// [`IsolateError`].
    pub fn run(
        &self,
        task: &Task<'_>,
        check: &dyn Fn() -> CoreResult<()>,
    ) -> Result<TaskResult, IsolateError> {
        let mut child = self.take()?;
        let outcome = {
            let _working = Working::new(&self.shared.working);
            child.run(task, check)
        };
        let (result, missing) = outcome.inspect_err(|error| self.shared.count_death(error))?;
        self.shared.warn(missing);
        result.map_err(IsolateError::Failed)
    }

    /// Returns the current numbers.
    pub fn counts(&self) -> PoolCounts {
        let deaths = self.shared.deaths.iter().map(|count| count.load(Ordering::Relaxed));
        PoolCounts {
            waiting: self.shared.lock().waiting.len(),
            working: self.shared.working.load(Ordering::Relaxed),
            started: self.shared.started.load(Ordering::Relaxed),
            deaths: IsolateError::REASONS.into_iter().zip(deaths).collect(),
        }
    }

    /// Returns a waiting child, or starts one.
    fn take(&self) -> io::Result<Child> {
        self.start_starter()?;
        loop {
            let waiting = self.shared.lock().waiting.pop();
            self.shared.changed.notify_one();
            let Some(mut child) = waiting else { return self.shared.start() };
            // The system may have killed it to get memory.
            if !child.has_ended() {
                return Ok(child);
            }
        }
    }

    fn start_starter(&self) -> io::Result<()> {
        let mut starter = self.starter.lock().unwrap_or_else(PoisonError::into_inner);
        if starter.is_none() && 0 < self.shared.spare {
            let shared = self.shared.clone();
            let thread =
                thread::Builder::new().name("isolate".to_owned()).spawn(move || shared.keep_waiting())?;
            *starter = Some(thread);
        }
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().is_closing = true;
        self.shared.changed.notify_one();
        let starter = self.starter.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(starter) = starter {
            // It does not panic, and if it did there would be nothing to clean up.
            let _ = starter.join();
        }
    }
}

/// A child that works, until this is dropped: `check` may panic.
struct Working<'a>(&'a AtomicUsize);

impl<'a> Working<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shared {
    fn start(&self) -> io::Result<Child> {
        self.started.fetch_add(1, Ordering::Relaxed);
        Child::start(&self.program)
    }

    fn count_death(&self, error: &IsolateError) {
        let index = IsolateError::REASONS.iter().position(|reason| Some(*reason) == error.reason());
        if let Some(index) = index {
            self.deaths[index].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Starts children until as many wait as should, again and again.
    fn keep_waiting(&self) {
        let mut state = self.lock();
        while !state.is_closing {
            if self.spare <= state.waiting.len() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            drop(state);
            let started = self.start();
            state = self.lock();
            match started {
                Ok(child) => state.waiting.push(child),
                Err(error) => {
                    // The next task tries again, and reports the error.
                    warn!(%error, "cannot start an isolated process");
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        state.waiting.clear();
    }

    /// Tells the operator, once, if the sandbox is incomplete.
    fn warn(&self, missing: Missing) {
        if missing == Missing::default() || std::mem::replace(&mut self.lock().has_warned, true) {
            return;
        }
        let Missing { landlock, seccomp } = missing;
        warn!(
            landlock = !landlock,
            seccomp = !seccomp,
            "the system does not support all of the sandbox of isolated processes: only resource limits and the \
             parts that are true apply"
        );
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the path of the running program.
#[cfg(target_os = "linux")]
fn program() -> io::Result<PathBuf> {
    // This name, because a new version may be installed under the program's own name while it runs.
    const OWN: &str = "/proc/self/exe";
    match std::fs::metadata(OWN) {
        Ok(_) => Ok(PathBuf::from(OWN)),
        Err(error) => Err(io::Error::new(error.kind(), format!("cannot read {OWN}: mount /proc"))),
    }
}

#[cfg(not(target_os = "linux"))]
fn program() -> io::Result<PathBuf> {
    std::env::current_exe()
}
