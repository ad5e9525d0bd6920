//! The children of a pool: none is lost, and none is left.

use crate::{check_next, common::Test, disconnected, run_task, task};
use fastrand::Rng;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, waitid};
use safelight_isolate::{IsolateError, Pool};
use std::{
    cell::RefCell,
    fs,
    thread::{scope, yield_now},
    time::{Duration, Instant},
};

pub(crate) const TESTS: &[Test] = &[
    #[cfg(target_os = "linux")]
    ("children_start_with_the_first_task_and_end_with_the_pool", children_start_with_the_first_task),
    #[cfg(target_os = "linux")]
    ("a_waiting_child_that_dies_is_replaced", a_waiting_child_that_dies_is_replaced),
    #[cfg(target_os = "linux")]
    ("kills_leave_nothing_behind", kills_leave_nothing_behind),
    ("tasks_run_in_parallel", tasks_run_in_parallel),
];

/// Returns the children of this process, those that ended and were not waited for included.
fn children() -> Vec<Pid> {
    let own = getpid().as_raw_pid();
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    processes
        .filter_map(|name| {
            let pid = Pid::from_raw(name.parse().ok()?)?;
            let status = fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
            // The name in parentheses may have any character; the state and the parent follow it.
            let parent = status.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<i32>().ok()?;
            (parent == own).then_some(pid)
        })
        .collect()
}

/// Returns the number of open descriptors.
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Waits until `count` children exist.
fn wait_for_children(count: usize) -> Vec<Pid> {
    loop {
        let found = children();
        if found.len() == count {
            return found;
        }
        yield_now();
    }
}

#[cfg(target_os = "linux")]
fn children_start_with_the_first_task() {
    let pool = Pool::new(3).unwrap();
    assert_eq!(children(), [], "nothing was needed yet");
    check_next(&pool);
    wait_for_children(3);
    check_next(&pool);
    wait_for_children(3);
    drop(pool);
    assert_eq!(children(), []);
    let none = Pool::new(0).unwrap();
    check_next(&none);
    assert_eq!(children(), [], "none is to wait");
}

#[cfg(target_os = "linux")]
fn a_waiting_child_that_dies_is_replaced() {
    let pool = Pool::new(1).unwrap();
    check_next(&pool);
    let waiting = wait_for_children(1)[0];
    kill_process(waiting, Signal::KILL).unwrap();
    wait_for_end(waiting);
    check_next(&pool);
    assert_ne!(wait_for_children(1)[0], waiting);
}

/// Waits until a child has ended, without taking its status.
fn wait_for_end(pid: Pid) {
    // Fails if its status was taken: then it has ended, too.
    let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
}

#[cfg(target_os = "linux")]
fn kills_leave_nothing_behind() {
    const KILLS: usize = 200;
    // Not SIGSEGV: the standard library handles its first one, and expects the fault to come again.
    const SIGNALS: [Signal; 6] =
        [Signal::KILL, Signal::TERM, Signal::ILL, Signal::ABORT, Signal::SYS, Signal::XCPU];
    let mut random = Rng::with_seed(15);
    let before = descriptors();
    let pool = Pool::new(2).unwrap();
    for _ in 0..KILLS {
        let moment = Duration::from_micros(random.u64(..20_000));
        let signal = random.bool().then(|| *random.choice(&SIGNALS).unwrap());
        let start = Instant::now();
        let signalled = RefCell::new(Vec::new());
        let check = || {
            if start.elapsed() < moment || !signalled.borrow().is_empty() {
                return Ok(());
            }
            let Some(signal) = signal else { return Err(disconnected()) };
            // Waiting ones too.
            for child in children() {
                // It may have ended.
                if kill_process(child, signal).is_ok() {
                    signalled.borrow_mut().push(child);
                }
            }
            Ok(())
        };
        let result = pool.run(&task("loop", ""), &check);
        let is_expected = match (&result, signal) {
            (Err(IsolateError::OutOfMemory { .. }), Some(signal)) => signal == Signal::KILL,
            (Err(IsolateError::OutOfTime { .. }), Some(signal)) => signal == Signal::XCPU,
            (Err(IsolateError::Stopped(_)), None) | (Err(IsolateError::Died { .. }), Some(_)) => true,
            _ => false,
        };
        assert!(is_expected, "{signal:?}: {result:?}");
        // So that the next task does not take one that is about to end.
        signalled.take().into_iter().for_each(wait_for_end);
    }
    check_next(&pool);
    drop(pool);
    assert_eq!(children(), [], "no process is left, and none was not waited for");
    assert_eq!(descriptors(), before, "no descriptor is left, and so no shared memory");
}

fn tasks_run_in_parallel() {
    const THREADS: usize = 8;
    const TASKS: usize = 10;
    let pool = Pool::new(2).unwrap();
    scope(|scope| {
        for thread in 0..THREADS {
            let pool = &pool;
            scope.spawn(move || {
                for number in 0..TASKS {
                    let argument = format!("{thread}/{number}");
                    let expected: Vec<u8> = argument.bytes().rev().collect();
                    assert_eq!(run_task(pool, &task("reverse", &argument)).unwrap(), expected);
                }
            });
        }
    });
}
