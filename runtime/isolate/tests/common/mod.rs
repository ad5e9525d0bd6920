//! A test harness whose `main` can be a child first.

use std::process::ExitCode;

/// A test and its name.
pub(crate) type Test = (&'static str, fn());

/// Runs the tests whose names contain the first argument, one after another: they count processes and descriptors.
pub(crate) fn run_tests(tests: &[Test]) -> ExitCode {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let tests: Vec<_> = tests.iter().filter(|(name, _)| name.contains(&filter)).collect();
    eprintln!("\nrunning {} tests", tests.len());
    for (name, test) in &tests {
        // A failure ends the program with its message.
        test();
        eprintln!("test {name} ... ok");
    }
    eprintln!("\ntest result: ok. {} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n", tests.len());
    ExitCode::SUCCESS
}
