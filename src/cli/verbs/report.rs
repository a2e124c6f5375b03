use std::process::ExitCode;

use serde_json::json;

use crate::cli::arguments::{MessageFormat, Output, Report};
use crate::cli::terminal;
use crate::experiment;

/// Draws a run's figures and page again from its results.
pub fn report(command: &Report, output: &Output) -> anyhow::Result<ExitCode> {
    let page = experiment::report(&command.dir)?;
    match output.message_format {
        MessageFormat::Json => terminal::say(&json!({"reason": "done", "report": page}))?,
        MessageFormat::Human if output.quiet => {}
        MessageFormat::Human => terminal::say(&format!("report   {}", page.display()))?,
    }
    Ok(ExitCode::SUCCESS)
}
