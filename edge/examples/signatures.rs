//! Prints signed requests as lines of JSON, for comparison with another signer: `signatures [COUNT]`.

#[path = "../tests/sign/seeded.rs"]
mod seeded;

use std::io::{Write, stdout};

fn main() -> std::io::Result<()> {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(500);
    let mut out = stdout().lock();
    for line in seeded::requests(count) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
