//! Results, deaths, limits and stops.

use crate::{check_next, common::Test, disconnected, run, run_task, task};
use safelight_core::Kind;
use safelight_isolate::{IsolateError, Pool, Task};
use std::{
    borrow::Cow,
    cell::Cell,
    error::Error,
    time::{Duration, Instant},
};

pub(crate) const TESTS: &[Test] = &[
    ("results_come_back", results_come_back),
    ("errors_come_back", errors_come_back),
    ("a_child_that_dies_is_an_error_of_one_task", a_child_that_dies_is_an_error_of_one_task),
    ("memory_is_limited", memory_is_limited),
    ("cpu_time_is_limited", cpu_time_is_limited),
    ("results_are_limited", results_are_limited),
    ("invalid_results_are_rejected", invalid_results_are_rejected),
    ("a_stopped_task_ends_at_once", a_stopped_task_ends_at_once),
];

fn results_come_back() {
    let pool = Pool::new(1).unwrap();
    check_next(&pool);
    let large = "x".repeat(4 << 20) + "y";
    let mut task = task("reverse", &large);
    task.output_bytes = large.len() as u64;
    let result = run_task(&pool, &task).unwrap();
    assert!(result.len() == large.len() && result.starts_with(b"yx"));
    task.input = vec![Cow::Borrowed(b"reverse\n")];
    assert_eq!(run_task(&pool, &task).unwrap(), b"");
    assert_eq!(run(&pool, "environment").unwrap(), b"0", "credentials are in the environment");
}

fn errors_come_back() {
    let pool = Pool::new(1).unwrap();
    let Err(IsolateError::Failed(error)) = run(&pool, "report") else { panic!("it reports an error") };
    assert_eq!((error.kind, error.message.as_str()), (Kind::Corrupt, "damaged"));
    assert_eq!(error.source().unwrap().to_string(), "a cause");
}

fn a_child_that_dies_is_an_error_of_one_task() {
    let pool = Pool::new(1).unwrap();
    for (name, part) in
        [("abort", "SIGABRT"), ("overflow", "overflow"), ("panic", "a defect"), ("exit", "exit status: 7")]
    {
        match run(&pool, name) {
            Err(IsolateError::Died { how }) => assert!(how.contains(part), "{name}: {how}"),
            other => panic!("{name}: {other:?}"),
        }
        check_next(&pool);
    }
}

fn memory_is_limited() {
    let pool = Pool::new(1).unwrap();
    for name in ["allocate", "allocate often"] {
        let result = run(&pool, name);
        assert!(
            matches!(result, Err(IsolateError::OutOfMemory { max_bytes: 67_108_864 })),
            "{name}: {result:?}"
        );
        check_next(&pool);
    }
}

fn cpu_time_is_limited() {
    let pool = Pool::new(1).unwrap();
    let result = pool.run(&Task { cpu_secs: 1, ..task("loop", "") }, &|| Ok(()));
    assert!(matches!(result, Err(IsolateError::OutOfTime { max_secs: 1 })), "{result:?}");
    check_next(&pool);
}

fn results_are_limited() {
    let pool = Pool::new(1).unwrap();
    let Err(IsolateError::Failed(error)) = run(&pool, "flood") else { panic!("the result is too long") };
    assert_eq!(error.kind, Kind::LimitExceeded, "{error}");
    check_next(&pool);
}

fn invalid_results_are_rejected() {
    let pool = Pool::new(1).unwrap();
    for name in ["send a wrong length", "send a long length", "send a wrong state", "send a wrong error"] {
        let result = run(&pool, name);
        assert!(matches!(result, Err(IsolateError::InvalidResult)), "{name}: {result:?}");
        check_next(&pool);
    }
    let checks = Cell::new(0);
    let stop = || {
        checks.set(checks.get() + 1);
        if checks.get() < 5 { Ok(()) } else { Err(disconnected()) }
    };
    let result = pool.run(&task("send a part and wait", ""), &stop);
    assert!(matches!(result, Err(IsolateError::Stopped(_))), "{result:?}");
    check_next(&pool);
}

fn a_stopped_task_ends_at_once() {
    /// The shortest of several, because other programs may take the cores for longer than this.
    const ATTEMPTS: usize = 5;
    let pool = Pool::new(1).unwrap();
    let attempt = |_| {
        let start = Instant::now();
        let seen = Cell::new(None);
        let stop = || {
            // A stop that is set between two checks: the time of the check before counts.
            if Duration::from_millis(50) < start.elapsed() {
                return Err(disconnected());
            }
            seen.set(Some(Instant::now()));
            Ok(())
        };
        let result = pool.run(&task("loop", ""), &stop);
        assert!(matches!(result, Err(IsolateError::Stopped(_))), "{result:?}");
        seen.get().unwrap().elapsed()
    };
    let shortest = (0..ATTEMPTS).map(attempt).min().unwrap();
    assert!(shortest < Duration::from_millis(50), "{shortest:?}");
    check_next(&pool);
}
