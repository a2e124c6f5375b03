mod table;

use std::process::ExitCode;

use layerprobe_probes::AdamGrid;
use layerprobe_reports::{edge_warning, unproven_fits};

use crate::cli::arguments::{Output, Probe, ProbeProtocol, ProbeSolver};
use crate::cli::terminal::exit::Usage;
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::{self, exit, outputs, threads};
use crate::experiment::{Event, Observer, Stage};
use crate::foreign::{
    self, Around, CheckedForeignRequest, ForeignError, ForeignEvent, ForeignRequest,
    ForeignRunError, ForeignTable,
};
use table::{Shown, tell};

/// Probes activations that were made elsewhere.
pub fn probe(command: &Probe, output: &Output) -> anyhow::Result<ExitCode> {
    check_protocol(command)?;
    let request = request(command)?.check()?;
    check_outputs(command)?;
    threads::set(command.threads)?;
    let found = run(&request, output).map_err(|error| told(error, command, output))?;
    let shown = Shown {
        rows: &found.rows,
        cut: &found.cut,
        around: request.request().around,
    };
    tell(command, output, &shown)?;
    if let Some(warning) = edge_warning(&found.rows) {
        terminal::warn(&warning, output);
    }
    Ok(match unproven_fits(&found.rows) {
        0 => ExitCode::SUCCESS,
        count => {
            let text = format!(
                "{count} fits are not proven: see the column status (raise --max-iterations; where it is separable, \
                 give penalties above 0)"
            );
            terminal::warn(&text, output);
            ExitCode::from(exit::NOT_CONVERGED)
        }
    })
}

/// Runs, and shows how far it is.
fn run(request: &CheckedForeignRequest, output: &Output) -> Result<ForeignTable, ForeignRunError> {
    let progress = Progress::new(output);
    let stage = Stage::Probe;
    foreign::run(request, &|event| {
        progress.event(match event {
            ForeignEvent::Started { total } => Event::Started {
                stage,
                total,
                done: 0,
            },
            ForeignEvent::Advanced { done, detail } => Event::Advanced {
                stage,
                done,
                detail,
            },
            ForeignEvent::Finished { seconds } => Event::Finished { stage, seconds },
        });
    })
}

/// The cause of a failure, after a word on what is left.
fn told(error: ForeignRunError, command: &Probe, output: &Output) -> anyhow::Error {
    match error {
        ForeignRunError::Foreign(error) => error.into(),
        ForeignRunError::Report(error) => error.into(),
        ForeignRunError::Partial(error) => {
            let out = command.out.display();
            let text = format!("what was probed before stays in {out}");
            terminal::warn(&text, output);
            told(*error, command, output)
        }
    }
}

/// What the arguments ask for.
fn request(command: &Probe) -> anyhow::Result<ForeignRequest> {
    let plain = ForeignRequest::new(&command.activations, &command.labels, &command.out);
    let mut params = plain.params.clone();
    params.scaling = command.scaling.unwrap_or_default().into();
    params.solver = command.solver.unwrap_or(ProbeSolver::Batched).into();
    if let Some(most) = command.max_iterations {
        params.max_iterations = most;
    }
    if let Some(penalties) = &command.penalties {
        params.penalties.clone_from(penalties);
    }
    let grid = match command.protocol {
        ProbeProtocol::Own => None,
        ProbeProtocol::Paper => Some(AdamGrid::default().check()?),
    };
    Ok(ForeignRequest {
        predictions: command.predictions.clone(),
        layers: command.layers.clone(),
        features: command.features.clone(),
        strata: command.strata.clone(),
        views: command.view.clone(),
        around: Around {
            controls: command.controls,
            permutations: command.permutations,
            v_information: command.v_information,
            code_orders: command.code_orders,
        },
        params,
        grid,
        seed: command.seed,
        limit: command.max_memory,
        ..plain
    })
}

fn check_outputs(command: &Probe) -> Result<(), Usage> {
    let inputs = [
        ("--activations", command.activations.as_path()),
        ("--labels", &command.labels),
    ];
    let predictions = command.predictions.as_deref();
    let mut outputs = vec![("--out", command.out.as_path())];
    outputs.extend(predictions.map(|path| ("--predictions", path)));
    outputs::check(&inputs, &outputs)
}

/// Refuses how probes are fitted where the protocol `paper` fits none; the request
/// refuses what else it has no use for.
fn check_protocol(command: &Probe) -> Result<(), ForeignError> {
    if command.protocol == ProbeProtocol::Own {
        return Ok(());
    }
    let given = [
        ("--penalties", command.penalties.is_some()),
        ("--scaling", command.scaling.is_some()),
        ("--solver", command.solver.is_some()),
        ("--max-iterations", command.max_iterations.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(ForeignError::not_of_paper(option)),
        None => Ok(()),
    }
}
