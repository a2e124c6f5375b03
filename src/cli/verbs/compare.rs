use std::process::ExitCode;

use layerprobe_probes::similarity::{Distance, Metric};
use serde_json::json;

use crate::cli::arguments::{
    Compare, CompareCheckpoint, CompareDistance, CompareMetric, MessageFormat, Output,
};
use crate::cli::terminal::exit::Usage;
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::{self, outputs, stop, threads};
use crate::experiment::compare::{
    Compared, ComparedRuns, Measures, Moments, compare_files, compare_runs,
};
use crate::experiment::{compare_binary_runs, is_of_bits};

/// The most resamples, as in a configuration.
const MOST_RESAMPLES: usize = 1_000_000;

/// Compares layers of one or two runs, or of files of activations.
pub fn compare(command: &Compare, output: &Output) -> anyhow::Result<ExitCode> {
    if command.out.extension().is_none_or(|e| e != "csv") {
        let out = command.out.display();
        return Err(Usage(format!("--out {out}: name a .csv file")).into());
    }
    let inputs = command.activations.iter();
    let inputs: Vec<_> = inputs
        .map(|file| ("--activations", file.as_path()))
        .collect();
    outputs::check(&inputs, &[("--out", &command.out)])?;
    threads::set(command.threads)?;
    let measures = measures(command)?;
    let (progress, stop) = (Progress::new(output), stop::flag()?);
    let compared = if command.activations.is_empty() {
        let runs = ComparedRuns {
            folders: command.runs.clone(),
            layers: command.layers.clone(),
            layers_b: command.layers_b.clone(),
            targets: command.targets.clone(),
            moments: moments(command),
        };
        if runs.layers_b.is_some() && runs.folders.len() < 2 {
            let problem = "--layers-b names layers of a second run; give two runs";
            return Err(Usage(problem.to_owned()).into());
        }
        let of_bits = match runs.folders.first() {
            Some(folder) => is_of_bits(folder)?,
            None => false,
        };
        let compare = match of_bits {
            true => compare_binary_runs,
            false => compare_runs,
        };
        compare(&runs, &measures, &command.out, stop, &progress)?
    } else {
        let layers = (command.layers.as_deref(), command.layers_b.as_deref());
        let files = &command.activations;
        compare_files(
            files,
            layers,
            &measures,
            command.seed,
            &command.out,
            stop,
            &progress,
        )?
    };
    tell(&compared, &measures, output)?;
    Ok(ExitCode::SUCCESS)
}

fn measures(command: &Compare) -> Result<Measures, Usage> {
    let mut metrics = Vec::new();
    for metric in &command.metrics {
        let metric = match metric {
            CompareMetric::RsaPearson => Metric::RsaPearson,
            CompareMetric::RsaSpearman => Metric::RsaSpearman,
            CompareMetric::Cka => Metric::Cka,
            CompareMetric::CkaDebiased => Metric::CkaDebiased,
        };
        if metrics.contains(&metric) {
            let name = metric.as_str();
            return Err(Usage(format!("--metrics: `{name}` is named twice")));
        }
        metrics.push(metric);
    }
    let lists = [
        ("--layers", &command.layers),
        ("--layers-b", &command.layers_b),
        ("--targets", &command.targets),
    ];
    for (argument, list) in lists {
        let list = list.as_deref().unwrap_or_default();
        let mut names = list.iter().enumerate();
        if let Some((_, name)) = names.find(|(i, name)| list.iter().take(*i).any(|n| n == *name)) {
            return Err(Usage(format!("{argument}: `{name}` is named twice")));
        }
    }
    if command.bootstrap > MOST_RESAMPLES {
        let asked = command.bootstrap;
        return Err(Usage(format!(
            "--bootstrap {asked}: at most {MOST_RESAMPLES}"
        )));
    }
    Ok(Measures {
        metrics,
        distance: match command.distance {
            CompareDistance::Correlation => Distance::Correlation,
            CompareDistance::Euclidean => Distance::Euclidean,
        },
        stimuli: command.stimuli,
        resamples: command.bootstrap,
    })
}

fn moments(command: &Compare) -> Moments {
    match (&command.steps, command.checkpoint) {
        (Some(steps), _) => {
            let mut steps = steps.clone();
            steps.sort_unstable();
            steps.dedup();
            Moments::Steps(steps)
        }
        (None, CompareCheckpoint::Last) => Moments::Last,
        (None, CompareCheckpoint::Initial) => Moments::Initial,
        (None, CompareCheckpoint::Best) => Moments::Best,
        (None, CompareCheckpoint::Ends) => Moments::Ends,
        (None, CompareCheckpoint::All) => Moments::All,
    }
}

fn tell(compared: &Compared, measures: &Measures, output: &Output) -> std::io::Result<()> {
    match output.message_format {
        MessageFormat::Json => terminal::say(&json!({
            "reason": "done", "results": compared.results, "rows": compared.rows,
            "figures": compared.figures,
        })),
        MessageFormat::Human if output.quiet => Ok(()),
        MessageFormat::Human => {
            if let Some(metric) = measures.metrics.first() {
                terminal::say(&format!("{}\n{}", metric.as_str(), compared.table))?;
            }
            terminal::say(&format!(
                "results  {} ({} rows)",
                compared.results.display(),
                compared.rows
            ))?;
            for figure in &compared.figures {
                let figure = figure.strip_prefix(".").unwrap_or(figure);
                terminal::say(&format!("figure   {}", figure.display()))?;
            }
            Ok(())
        }
    }
}
