//! The program that AWS Lambda runs.

use safelight_lambda::{Settings, run};
use serde_json::json;
use std::{
    io::{Write, stdout},
    process::ExitCode,
};

// One event at a time, and heavy work has its own threads: more threads would only slow the start.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, lambda_runtime::Error> {
    match Settings::from_env() {
        Ok(settings) => run(settings).await.map(|()| ExitCode::SUCCESS),
        Err(error) => {
            // There is no log yet, because it has settings too. Lambda shows standard output.
            let line = json!({ "level": "ERROR", "message": "settings", "error": error.to_string() });
            writeln!(stdout(), "{line}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}
