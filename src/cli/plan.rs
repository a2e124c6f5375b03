use std::process::ExitCode;

use serde_json::json;

use super::arguments::{MessageFormat, Output, Plan};
use super::duration::duration;
use super::exit::Usage;
use super::threads;
use crate::config::{BINARY_PRESETS, Config};
use crate::experiment::{Bench, RunForecast, Speeds};
use crate::memory::Bytes;
use crate::reproduction::{Experiment, Kind, STUDIES, Study};

/// Tells what a configuration, or each experiment of a study, will take.
pub fn plan(command: &Plan, output: &Output) -> anyhow::Result<ExitCode> {
    check(command)?;
    threads::set(command.threads)?;
    let mut left_out = Vec::new();
    let runs: Vec<(String, Config)> = match STUDIES.contains(&command.what.as_str()) {
        true => {
            let study = Study::named(&command.what, command.scale.unwrap_or_default().into())?;
            let needed = study.needed(&command.only)?;
            let experiments = needed.experiments;
            let of_bits = experiments.iter().filter(|e| e.kind == Kind::Binary);
            left_out.extend(of_bits.map(|e| format!("{} ({})", e.id, e.about)));
            let compared = experiments.iter().filter(|e| e.similarity).count();
            match compared + needed.comparisons.len() {
                0 => {}
                n => left_out.push(format!("{n} comparisons of networks")),
            }
            let images = experiments.iter().filter(|e| e.kind == Kind::Images);
            let config = |e: &Experiment| Ok((e.id.clone(), e.config()?));
            images.map(config).collect::<anyhow::Result<_>>()?
        }
        false => {
            let config = Config::load(&command.what, &command.overrides)?;
            vec![(config.name.clone(), config)]
        }
    };
    let mut bench = Bench::default();
    let mut whole = (0.0, 0, 0);
    for (name, config) in &runs {
        let (speed, is_new) = bench.of(config)?;
        if is_new {
            let network = format!(
                "{} at {} px, batch {}",
                config.network.arch,
                config.stimuli.image_size(),
                config.training.batch_size
            );
            tell_speed(&network, &speed, output)?;
        }
        let forecast = RunForecast::of(config, &speed)?;
        whole.0 += forecast.seconds();
        whole.1 += forecast.disk;
        whole.2 = whole.2.max(forecast.memory);
        tell(name, &forecast, output)?;
    }
    if runs.len() != 1 || !left_out.is_empty() {
        let (seconds, disk, memory) = whole;
        match output.message_format {
            MessageFormat::Json => super::say(&json!({
                "reason": "done", "runs": runs.len(), "seconds": seconds,
                "disk_bytes": disk, "memory_bytes": memory, "left_out": left_out,
            }))?,
            MessageFormat::Human => {
                if runs.len() != 1 {
                    super::say(&format!(
                        "{} experiments: about {}, {} on disk, {} of memory",
                        runs.len(),
                        duration(seconds),
                        Bytes(disk),
                        Bytes(memory)
                    ))?;
                }
                if !left_out.is_empty() {
                    super::say(&format!("not counted: {}", left_out.join(", ")))?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses options that what is planned has no use for.
fn check(command: &Plan) -> Result<(), Usage> {
    let what = &command.what;
    let problem = match STUDIES.contains(&what.as_str()) {
        true if !command.overrides.is_empty() => {
            "--set changes a preset or a file; a study has --scale and --only"
        }
        false if command.scale.is_some() => "--scale belongs to a study",
        false if !command.only.is_empty() => "--only belongs to a study, whose claims it names",
        false if BINARY_PRESETS.iter().any(|preset| preset.name == what) => {
            "the time of `layerprobe binary` is not forecast, only that of networks of images"
        }
        _ => return Ok(()),
    };
    Err(Usage(format!("{what}: {problem}")))
}

fn tell_speed(network: &str, speed: &Speeds, output: &Output) -> std::io::Result<()> {
    match output.message_format {
        MessageFormat::Json => super::say(&json!({
            "reason": "speed", "network": network, "train_images_per_second": speed.train,
            "read_images_per_second": speed.read, "products_per_second": speed.products,
        })),
        MessageFormat::Human => super::say(&format!(
            "measured: {network}: {:.0} images/s in training, {:.0} read; products {:.0} GFLOP/s\n",
            speed.train,
            speed.read,
            speed.products / 1e9
        )),
    }
}

fn tell(name: &str, forecast: &RunForecast, output: &Output) -> std::io::Result<()> {
    if output.message_format == MessageFormat::Json {
        let conditions: Vec<&str> = forecast.conditions.iter().map(|c| c.id.as_str()).collect();
        return super::say(&json!({
            "reason": "plan", "run": name, "conditions": conditions, "steps": forecast.steps,
            "training_sets": forecast.training,
            "checkpoints": forecast.checkpoints, "layers": forecast.layers,
            "train_seconds": forecast.train_seconds, "probe_seconds": forecast.probe_seconds,
            "disk_bytes": forecast.disk, "memory_bytes": forecast.memory,
            "left_out": forecast.left_out,
        }));
    }
    let targets = |version: u32| -> Vec<&str> {
        let of_version = forecast.conditions.iter().filter(|c| c.version == version);
        of_version.map(|c| c.target.as_str()).collect()
    };
    let mut versions: Vec<u32> = forecast.conditions.iter().map(|c| c.version).collect();
    versions.dedup();
    super::say(&format!("{name}: about {}", duration(forecast.seconds())))?;
    for version in versions {
        let targets = targets(version).join(", ");
        super::say(&format!("  version {version}  trained on {targets}"))?;
    }
    super::say(&format!(
        "  train  {:>9}  {} networks, {} steps; training sets of {}",
        duration(forecast.train_seconds),
        forecast.conditions.len(),
        forecast.steps,
        forecast.training
    ))?;
    super::say(&format!(
        "  probe  {:>9}  {} checkpoints, {} layers",
        duration(forecast.probe_seconds),
        forecast.checkpoints,
        forecast.layers
    ))?;
    super::say(&format!(
        "  disk   {:>9}  memory {}",
        Bytes(forecast.disk).to_string(),
        Bytes(forecast.memory)
    ))?;
    if !forecast.left_out.is_empty() {
        super::say(&format!("  not counted: {}", forecast.left_out.join(", ")))?;
    }
    super::say(&"")
}
