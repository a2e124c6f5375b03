use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use crate::cli::arguments::{MessageFormat, Output, Reproduce};
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::{self, exit, stop, threads};
use crate::experiment::Execution;
use crate::reproduction::{Reproduced, Reproduction, Study, reproduce as run};

/// Runs what is missing of a study and decides its claims.
pub fn reproduce(command: &Reproduce, output: &Output) -> anyhow::Result<ExitCode> {
    let study = Study::named(&command.study, command.scale.into())?;
    threads::set(command.threads)?;
    let scale = study.scale.name();
    let usual_folder = || PathBuf::from("runs").join(format!("{}-{scale}", study.name));
    let out = command.out.clone().unwrap_or_else(usual_folder);
    let progress = Progress::new(output);
    let usual = Execution::default();
    let what = Reproduction {
        study: &study,
        only: &command.only,
        out: &out,
        run: !command.no_run,
        variations: command.variations,
        evidence: command.evidence.as_deref(),
        execution: Execution {
            limit: command.max_memory.unwrap_or(usual.limit),
            store: command.store.in_use(|| out.join("store")),
            ..usual
        },
    };
    let reproduced = run(&what, stop::flag()?, &progress)?;
    tell(&reproduced, output)?;
    Ok(match reproduced.not_converged {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(exit::NOT_CONVERGED),
    })
}

fn tell(reproduced: &Reproduced, output: &Output) -> anyhow::Result<()> {
    match output.message_format {
        MessageFormat::Json => {
            for answer in &reproduced.answers {
                terminal::say(&json!({
                    "reason": "claim", "id": answer.id, "verdict": answer.verdict,
                }))?;
            }
            terminal::say(&json!({
                "reason": "done", "claims": reproduced.claims, "results": reproduced.results,
                "report": reproduced.report, "not_converged": reproduced.not_converged,
            }))?;
        }
        MessageFormat::Human if output.quiet => {}
        MessageFormat::Human => {
            terminal::say(&reproduced.table)?;
            terminal::say(&format!("claims   {}", reproduced.claims.display()))?;
            terminal::say(&format!("results  {}", reproduced.results.display()))?;
            terminal::say(&format!("report   {}", reproduced.report.display()))?;
        }
    }
    if reproduced.not_converged > 0 {
        let count = reproduced.not_converged;
        let text =
            format!("{count} probes did not converge; they are marked in their runs' reports");
        terminal::warn(&text, output);
    }
    Ok(())
}
