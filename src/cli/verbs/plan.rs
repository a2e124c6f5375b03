use std::process::ExitCode;

use serde_json::json;

use super::presets::and_studies;
use crate::cli::arguments::{MessageFormat, Output, Plan};
use crate::cli::terminal::duration::duration;
use crate::cli::terminal::exit::Usage;
use crate::cli::terminal::{self, threads};
use crate::config::{AnyConfig, BinaryConfig, BinaryTarget};
use crate::experiment::{Bench, BinaryForecast, RunForecast, Speeds};
use crate::memory::Bytes;
use crate::reproduction::{Experiment, STUDIES, Study};

/// Tells what a configuration, or each experiment of a study, will take.
pub fn plan(command: &Plan, output: &Output) -> anyhow::Result<ExitCode> {
    check(command)?;
    threads::set(command.threads)?;
    let mut left_out = Vec::new();
    let runs: Vec<Planned> = match STUDIES.contains(&command.what.as_str()) {
        true => {
            let study = Study::named(&command.what, command.scale.unwrap_or_default().into())?;
            let needed = study.needed(&command.only)?;
            let wanted: Vec<&Experiment> = needed.wanted(command.variations).collect();
            let alone = wanted.iter().filter(|e| e.similarity);
            let with_others = needed.wanted_comparisons(command.variations);
            match alone.count() + with_others.count() {
                0 => {}
                n => left_out.push(format!("{n} comparisons of networks")),
            }
            let is_left = |e: &&Experiment| !wanted.contains(e);
            let left = needed.each().filter(is_left);
            let varied: Vec<&str> = left.map(|e| &*e.id).collect();
            if !varied.is_empty() {
                left_out.push(format!("what --variations adds: {}", varied.join(", ")));
            }
            let wanted = wanted.into_iter();
            wanted.map(Planned::of).collect::<anyhow::Result<_>>()?
        }
        false => {
            let config = AnyConfig::load(&command.what, &command.overrides);
            vec![Planned::alone(config.map_err(and_studies)?)]
        }
    };
    let mut bench = Bench::default();
    let mut whole = Whole::default();
    for planned in &runs {
        let name = &planned.name;
        match &planned.checked {
            AnyConfig::Images(config) => {
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
                let mut forecast = RunForecast::of(config, &speed)?;
                if planned.networks_of.is_some() {
                    forecast.train_seconds = 0.0;
                }
                whole.add(forecast.seconds(), Room::of(&forecast));
                tell(planned, &forecast, output)?;
            }
            AnyConfig::Binary(config) => {
                let forecast = BinaryForecast::of(config)?;
                whole.add(forecast.seconds(), Room::of_bits(&forecast));
                tell_bits((name, config), &forecast, output)?;
            }
        }
    }
    if runs.len() != 1 || !left_out.is_empty() {
        tell_whole(runs.len(), &whole, &left_out, output)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A run to plan.
struct Planned {
    name: String,
    checked: AnyConfig,
    /// The run before it whose networks it takes over.
    networks_of: Option<String>,
}

impl Planned {
    fn of(experiment: &Experiment) -> anyhow::Result<Self> {
        Ok(Self {
            name: experiment.id.clone(),
            checked: experiment.checked()?,
            networks_of: experiment.decodes.clone(),
        })
    }

    fn alone(checked: AnyConfig) -> Self {
        Self {
            name: checked.name().to_owned(),
            checked,
            networks_of: None,
        }
    }
}

/// What several runs take, one after the other.
#[derive(Default)]
struct Whole {
    seconds: f64,
    room: Room,
}

impl Whole {
    fn add(&mut self, seconds: f64, room: Room) {
        self.seconds += seconds;
        self.room = Room {
            disk: self.room.disk + room.disk,
            memory: self.room.memory.max(room.memory),
            least_memory: self.room.least_memory.max(room.least_memory),
        };
    }
}

/// Bytes on disk and in memory.
#[derive(Clone, Copy, Default)]
struct Room {
    disk: u64,
    memory: u64,
    least_memory: u64,
}

impl Room {
    fn of(forecast: &RunForecast) -> Self {
        Self {
            disk: forecast.disk,
            memory: forecast.memory,
            least_memory: forecast.least_memory,
        }
    }

    fn of_bits(forecast: &BinaryForecast) -> Self {
        Self {
            disk: forecast.disk,
            memory: forecast.memory,
            least_memory: forecast.memory,
        }
    }

    fn line(&self) -> String {
        let disk = Bytes(self.disk).to_string();
        format!("  disk   {disk:>9}  memory {}", self.in_memory())
    }

    fn in_memory(&self) -> String {
        let (most, least) = (Bytes(self.memory), Bytes(self.least_memory));
        match self.least_memory < self.memory {
            true => format!("up to {most}, {least} at least"),
            false => most.to_string(),
        }
    }
}

fn tell_whole(
    runs: usize,
    whole: &Whole,
    left_out: &[String],
    output: &Output,
) -> std::io::Result<()> {
    if output.message_format == MessageFormat::Json {
        return terminal::say(&json!({
            "reason": "done", "runs": runs, "seconds": whole.seconds,
            "disk_bytes": whole.room.disk, "memory_bytes": whole.room.memory,
            "least_memory_bytes": whole.room.least_memory, "left_out": left_out,
        }));
    }
    if runs != 1 {
        terminal::say(&format!(
            "{runs} experiments: about {}, {} on disk, memory {}",
            duration(whole.seconds),
            Bytes(whole.room.disk),
            whole.room.in_memory()
        ))?;
    }
    match left_out.is_empty() {
        true => Ok(()),
        false => terminal::say(&format!("not counted: {}", left_out.join(", "))),
    }
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
        false if command.variations => "--variations belongs to a study",
        _ => return Ok(()),
    };
    Err(Usage(format!("{what}: {problem}")))
}

fn tell_speed(network: &str, speed: &Speeds, output: &Output) -> std::io::Result<()> {
    match output.message_format {
        MessageFormat::Json => terminal::say(&json!({
            "reason": "speed", "network": network, "train_images_per_second": speed.train,
            "read_images_per_second": speed.read, "products_per_second": speed.products,
        })),
        MessageFormat::Human => terminal::say(&format!(
            "measured: {network}: {:.0} images/s in training, {:.0} read; products {:.0} GFLOP/s\n",
            speed.train,
            speed.read,
            speed.products / 1e9
        )),
    }
}

fn tell(planned: &Planned, forecast: &RunForecast, output: &Output) -> std::io::Result<()> {
    let Planned {
        name, networks_of, ..
    } = planned;
    if output.message_format == MessageFormat::Json {
        let conditions: Vec<&str> = forecast.conditions.iter().map(|c| c.id.as_str()).collect();
        return terminal::say(&json!({
            "reason": "plan", "run": name, "conditions": conditions, "steps": forecast.steps,
            "training_sets": forecast.training, "networks_of": networks_of,
            "checkpoints": forecast.checkpoints, "layers": forecast.layers,
            "train_seconds": forecast.train_seconds, "probe_seconds": forecast.probe_seconds,
            "paper_checkpoints": forecast.paper_checkpoints,
            "paper_seconds": forecast.paper_seconds,
            "disk_bytes": forecast.disk, "memory_bytes": forecast.memory,
            "least_memory_bytes": forecast.least_memory, "left_out": forecast.left_out,
        }));
    }
    let targets = |version: u32| -> Vec<&str> {
        let of_version = forecast.conditions.iter().filter(|c| c.version == version);
        of_version.map(|c| c.target.as_str()).collect()
    };
    let mut versions: Vec<u32> = forecast.conditions.iter().map(|c| c.version).collect();
    versions.dedup();
    terminal::say(&format!("{name}: about {}", duration(forecast.seconds())))?;
    for version in versions {
        let targets = targets(version).join(", ");
        terminal::say(&match forecast.steps {
            0 => format!("  version {version}  not trained"),
            _ => format!("  version {version}  trained on {targets}"),
        })?;
    }
    let networks = forecast.conditions.len();
    match networks_of {
        Some(other) => terminal::say(&format!("  {networks} networks, those of {other}"))?,
        None => terminal::say(&format!(
            "  train  {:>9}  {networks} networks, {} steps; training sets of {}",
            duration(forecast.train_seconds),
            forecast.steps,
            forecast.training
        ))?,
    }
    if forecast.checkpoints > 0 {
        terminal::say(&format!(
            "  probe  {:>9}  {} checkpoints, {} layers",
            duration(forecast.probe_seconds),
            forecast.checkpoints,
            forecast.layers
        ))?;
    }
    if forecast.paper_checkpoints > 0 {
        terminal::say(&format!(
            "  decode {:>9}  {} checkpoints by the protocol paper",
            duration(forecast.paper_seconds),
            forecast.paper_checkpoints
        ))?;
    }
    terminal::say(&Room::of(forecast).line())?;
    if !forecast.left_out.is_empty() {
        terminal::say(&format!("  not counted: {}", forecast.left_out.join(", ")))?;
    }
    terminal::say(&"")
}

fn tell_bits(
    (name, config): (&str, &BinaryConfig),
    forecast: &BinaryForecast,
    output: &Output,
) -> std::io::Result<()> {
    let targets = &config.training.targets;
    let easy = |target| match target {
        BinaryTarget::Label => config.stimuli.easy_predictivity.clone(),
        BinaryTarget::Multi => vec![config.training.multi_easy_predictivity],
    };
    if output.message_format == MessageFormat::Json {
        return terminal::say(&json!({
            "reason": "plan", "run": name, "networks": forecast.networks,
            "conditions": targets.iter().map(|&target| json!({
                "target": target, "easy_predictivities": easy(target),
                "hard_predictivity": config.stimuli.hard_predictivity,
                "runs": config.training.runs,
            })).collect::<Vec<_>>(),
            "epochs": forecast.epochs, "checkpoints": forecast.checkpoints,
            "train_seconds": forecast.train_seconds, "probe_seconds": forecast.measure_seconds,
            "disk_bytes": forecast.disk, "memory_bytes": forecast.memory,
            "least_memory_bytes": forecast.memory,
        }));
    }
    terminal::say(&format!("{name}: about {}", duration(forecast.seconds())))?;
    for &target in targets {
        let easy: Vec<String> = easy(target).iter().map(f64::to_string).collect();
        terminal::say(&format!(
            "  {} runs  trained on {}, the easy feature predicting at {}, the hard one at {}",
            config.training.runs,
            match target {
                BinaryTarget::Label => "the label",
                BinaryTarget::Multi => "both features",
            },
            easy.join(", "),
            config.stimuli.hard_predictivity
        ))?;
    }
    terminal::say(&format!(
        "  train  {:>9}  {} networks, {} epochs each",
        duration(forecast.train_seconds),
        forecast.networks,
        forecast.epochs
    ))?;
    terminal::say(&format!(
        "  decode {:>9}  {} checkpoints of each",
        duration(forecast.measure_seconds),
        forecast.checkpoints
    ))?;
    terminal::say(&format!("{}\n", Room::of_bits(forecast).line()))
}
