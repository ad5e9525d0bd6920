//! The program that AWS Lambda runs.

use safelight_lambda::{Settings, run};
use safelight_service::{allocator::limit_kept_memory, isolated, log::chain};
use serde_json::json;
use std::{
    io::{Write, stdout},
    process::ExitCode,
};

fn main() -> Result<ExitCode, lambda_runtime::Error> {
    if let Some(code) = isolated::run_if_worker() {
        return Ok(code);
    }
    limit_kept_memory();
    start()
}

// One event at a time, and heavy work has its own threads: more threads would only slow the start.
#[tokio::main(flavor = "current_thread")]
async fn start() -> Result<ExitCode, lambda_runtime::Error> {
    let (message, error) = match (Settings::from_env(), isolated::registry()) {
        (Ok(settings), Ok((registry, _))) => {
            run(settings, registry).await?;
            return Ok(ExitCode::SUCCESS);
        }
        (Err(error), _) => ("settings", error.to_string()),
        (_, Err(error)) => ("start", chain(&error)),
    };
    // There is no log yet, because it has settings too. Lambda shows standard output.
    let line = json!({ "level": "ERROR", "message": message, "error": error });
    writeln!(stdout(), "{line}")?;
    Ok(ExitCode::FAILURE)
}
