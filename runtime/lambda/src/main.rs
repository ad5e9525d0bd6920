//! The program that AWS Lambda runs.

use safelight_core::Registry;
use safelight_lambda::{Settings, run};
use safelight_service::{StartError, allocator::limit_kept_memory, fonts::Fonts, isolated, log::chain};
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
    let (message, error) = match Settings::from_env() {
        Ok(settings) => match parts(&settings) {
            Ok((fonts, registry)) => {
                run(settings, &fonts, registry).await?;
                return Ok(ExitCode::SUCCESS);
            }
            Err(error) => ("start", chain(&error)),
        },
        Err(error) => ("settings", error.to_string()),
    };
    // There is no log yet, because it has settings too. Lambda shows standard output.
    let line = json!({ "level": "ERROR", "message": message, "error": error });
    writeln!(stdout(), "{line}")?;
    Ok(ExitCode::FAILURE)
}

/// Returns the fonts, and the registry with them.
fn parts(settings: &Settings) -> Result<(Fonts, Registry), StartError> {
    let fonts = settings.fonts.read()?;
    let (registry, _) = isolated::registry(&fonts)?;
    Ok((fonts, registry))
}
