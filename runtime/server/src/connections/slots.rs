//! Slots: how many connections there are, and which one goes when there are too many.

use super::ConnectionLimits;
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{select, sync::Notify, time, time::Instant};

/// Minimum time for which a connection has waited for a request before it may be closed to make room. A request that
/// has arrived but was not read yet is read within this time, so that a burst of new clients does not close itself.
const MIN_WAIT: Duration = Duration::from_millis(100);

/// The connections of one listener.
#[derive(Debug)]
pub struct Connections {
    limits: ConnectionLimits,
    state: Mutex<State>,
    /// A connection was closed, or changed between waiting and serving.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    next_id: u64,
    all: Count,
    by_client: HashMap<IpAddr, Count>,
    /// The connections that wait for a request, from the one that has waited longest.
    waiting: BTreeMap<Turn, Waiting>,
    closed: [u64; Reason::ALL.len()],
}

/// The time since when a connection waits, and its number.
type Turn = (Instant, u64);

#[derive(Debug)]
struct Waiting {
    client: Option<IpAddr>,
    leave: Arc<Notify>,
}

/// Connections, and how many of them were told to leave.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    open: usize,
    leaving: usize,
}

/// The reason for which a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The client closed it, or requested its end.
    Finished,
    /// It broke, or a request was no HTTP, or a response failed.
    Failed,
    /// The first byte did not arrive in time.
    FirstByteTimeout,
    /// A request's head did not arrive in time.
    HeaderTimeout,
    /// It was idle for too long.
    KeepAliveTimeout,
    /// It made room for another.
    MadeRoom,
    /// The client had too many.
    AddressLimit,
    /// The server stopped.
    Stopped,
}

impl Reason {
    /// All reasons, in the order of their declaration.
    pub const ALL: [Self; 8] = [
        Self::Finished,
        Self::Failed,
        Self::FirstByteTimeout,
        Self::HeaderTimeout,
        Self::KeepAliveTimeout,
        Self::MadeRoom,
        Self::AddressLimit,
        Self::Stopped,
    ];

    /// Returns the name for metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::HeaderTimeout => "header_timeout",
            Self::KeepAliveTimeout => "keep_alive_timeout",
            Self::MadeRoom => "made_room",
            Self::AddressLimit => "address_limit",
            Self::Stopped => "stopped",
        }
    }
}

/// The numbers of connections at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Connections that wait for a request.
    pub idle: usize,
    /// Connections with a request in flight, or about to close.
    pub in_flight: usize,
    /// Connections closed so far, in the order of [`Reason::ALL`].
    closed: [u64; Reason::ALL.len()],
}

impl Counts {
    /// Returns how many connections were closed so far for `reason`.
    pub fn closed(&self, reason: Reason) -> u64 {
        self.closed[reason as usize]
    }
}

/// The result of a request for a slot.
enum Admission {
    Admitted(Slot),
    /// There is no slot now. There may be one at this time, or when something changes.
    Wait(Option<Instant>),
    /// The client has too many connections.
    Rejected,
}

/// The result of making room.
enum Eviction {
    /// A connection was told to leave.
    Leaving,
    /// The connection that has waited longest may be told at this time.
    At(Instant),
    /// No connection waits for a request.
    Nothing,
}

impl Connections {
    /// No connections yet.
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, state: Mutex::default(), changed: Notify::new() })
    }

    /// Returns the limits.
    pub fn limits(&self) -> &ConnectionLimits {
        &self.limits
    }

    /// Returns the current numbers.
    pub fn counts(&self) -> Counts {
        let state = self.lock();
        let idle = state.waiting.len();
        Counts { idle, in_flight: state.all.open - idle, closed: state.closed }
    }

    /// Waits for a slot, and makes room if it can. Returns `None` if the client has too many connections.
    pub(super) async fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Slot> {
        let client = self.limits.trusted_proxies.client(address);
        loop {
            match self.try_admit(client) {
                Admission::Admitted(slot) => return Some(slot),
                Admission::Rejected => return None,
                // A change since `try_admit` is remembered.
                Admission::Wait(None) => self.changed.notified().await,
                Admission::Wait(Some(time)) => select! {
                    () = self.changed.notified() => (),
                    () = time::sleep_until(time) => (),
                },
            }
        }
    }

    fn try_admit(self: &Arc<Self>, client: Option<IpAddr>) -> Admission {
        let mut state = self.lock();
        if let Some(client) = client {
            let count = state.by_client.get(&client).copied().unwrap_or_default();
            if self.limits.max_per_address() <= count.open {
                let is_leaving = 0 < count.leaving;
                if is_leaving
                    || matches!(state.evict(|waiting| waiting.client == Some(client)), Eviction::Leaving)
                {
                    return Admission::Wait(None);
                }
                state.count_closed(Reason::AddressLimit);
                return Admission::Rejected;
            }
        }
        if self.limits.max_connections <= state.all.open {
            if 0 < state.all.leaving {
                return Admission::Wait(None);
            }
            return Admission::Wait(match state.evict(|_| true) {
                Eviction::At(time) => Some(time),
                Eviction::Leaving | Eviction::Nothing => None,
            });
        }
        state.next_id += 1;
        let id = state.next_id;
        state.adjust(client, |count| count.open += 1);
        drop(state);
        let connections = self.clone();
        Admission::Admitted(Slot {
            connections,
            id,
            client,
            leave: Arc::default(),
            turn: None,
            reason: Reason::Stopped,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Tells the connection that has waited longest, among those that `may_leave`, to leave.
    fn evict(&mut self, may_leave: impl Fn(&Waiting) -> bool) -> Eviction {
        let Some((&turn, _)) = self.waiting.iter().find(|(_, waiting)| may_leave(waiting)) else {
            return Eviction::Nothing;
        };
        let time = turn.0 + MIN_WAIT;
        if Instant::now() < time {
            return Eviction::At(time);
        }
        if let Some(waiting) = self.waiting.remove(&turn) {
            self.adjust(waiting.client, |count| count.leaving += 1);
            waiting.leave.notify_one();
        }
        Eviction::Leaving
    }

    /// Changes the count of all connections and that of the client.
    fn adjust(&mut self, client: Option<IpAddr>, change: impl Fn(&mut Count)) {
        change(&mut self.all);
        if let Some(client) = client {
            let count = self.by_client.entry(client).or_default();
            change(count);
            if count.open == 0 {
                self.by_client.remove(&client);
            }
        }
    }

    fn count_closed(&mut self, reason: Reason) {
        self.closed[reason as usize] += 1;
    }
}

/// The place of one connection. Dropping it makes room for another.
#[derive(Debug)]
pub(super) struct Slot {
    connections: Arc<Connections>,
    id: u64,
    client: Option<IpAddr>,
    leave: Arc<Notify>,
    /// The place among the connections that wait for a request, if it waits.
    turn: Option<Turn>,
    reason: Reason,
}

impl Slot {
    /// Returns the limits.
    pub(super) fn limits(&self) -> &ConnectionLimits {
        &self.connections.limits
    }

    /// Notes that the connection entered a phase, in which it waits for a request or does not.
    pub(super) fn enter(&mut self, is_waiting: bool) {
        let mut state = self.connections.lock();
        leave_queue(&mut state, self.client, self.turn.take());
        if is_waiting {
            let turn = (Instant::now(), self.id);
            state.waiting.insert(turn, Waiting { client: self.client, leave: self.leave.clone() });
            self.turn = Some(turn);
        }
        drop(state);
        self.connections.changed.notify_one();
    }

    /// Completes when the connection must make room. It need not, if it has entered another phase by then.
    pub(super) async fn evicted(&self) {
        loop {
            self.leave.notified().await;
            // The notification may be older than the current phase.
            if self.turn.is_some_and(|turn| !self.connections.lock().waiting.contains_key(&turn)) {
                return;
            }
        }
    }

    /// Gives the slot back.
    pub(super) fn close(mut self, reason: Reason) {
        self.reason = reason;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.connections.lock();
        leave_queue(&mut state, self.client, self.turn.take());
        state.adjust(self.client, |count| count.open -= 1);
        state.count_closed(self.reason);
        drop(state);
        self.connections.changed.notify_one();
    }
}

/// Removes a connection from those that wait for a request. If it is not among them, it was told to leave.
fn leave_queue(state: &mut State, client: Option<IpAddr>, turn: Option<Turn>) {
    if turn.is_some_and(|turn| state.waiting.remove(&turn).is_none()) {
        state.adjust(client, |count| count.leaving -= 1);
    }
}
