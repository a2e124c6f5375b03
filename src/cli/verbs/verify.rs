use std::process::ExitCode;

use serde_json::json;

use crate::cli::arguments::{MessageFormat, Output, Verify};
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::{self, stop, threads};
use crate::experiment::{Execution, Verification, verify as verify_run};

/// Verifies a finished run.
pub fn verify(command: &Verify, output: &Output) -> anyhow::Result<ExitCode> {
    threads::set(command.threads)?;
    let usual = Execution::default();
    let execution = Execution {
        limit: command.max_memory.unwrap_or(usual.limit),
        ..usual
    };
    let progress = Progress::new(output);
    let verification = verify_run(
        &command.dir,
        command.recompute,
        &execution,
        stop::flag()?,
        &progress,
    )?;
    tell(&verification, output)?;
    Ok(match verification.findings.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn tell(verification: &Verification, output: &Output) -> std::io::Result<()> {
    let Verification {
        files,
        measurements,
        recomputed,
        findings,
    } = verification;
    for finding in findings {
        tracing::warn!(
            file = %finding.file.display(),
            advice = finding.advice,
            "{}",
            finding.problem
        );
    }
    if output.message_format == MessageFormat::Json {
        for finding in findings {
            terminal::say(&json!({
                "reason": "finding", "file": finding.file,
                "problem": finding.problem, "advice": finding.advice,
            }))?;
        }
        return terminal::say(&json!({
            "reason": "done", "files": files, "measurements": measurements,
            "recomputed": recomputed, "findings": findings.len(),
        }));
    }
    // what does not agree is the answer, not a message
    for finding in findings {
        let file = finding.file.display();
        terminal::say(&format!(
            "{file} {}\n    {}",
            finding.problem, finding.advice
        ))?;
    }
    if output.quiet {
        return Ok(());
    }
    let verdict = match findings.len() {
        0 => "all agree".to_owned(),
        1 => "1 finding".to_owned(),
        n => format!("{n} findings"),
    };
    terminal::say(&format!(
        "{files} files, {measurements} accuracies asked for, {} made again: {verdict}",
        match recomputed.len() {
            1 => "1 condition".to_owned(),
            n => format!("{n} conditions"),
        }
    ))
}
