mod probe;

use std::process::ExitCode;
use std::time::Instant;

use layerprobe_streams::StreamKey;
use serde_json::json;

use crate::cli::arguments::{Bench, BenchCommand, MessageFormat, Output, image_size};
use crate::cli::terminal::exit::Usage;
use crate::cli::terminal::{self, threads};
use crate::memory::{self, Bytes};
use crate::models::{Design, ImageBatch, Network, Workspace};
use crate::nn::optimizers::{AdamParams, LearningRate, OptimizerParams};
use crate::training::Trainer;

/// Steps before the measured ones: memory is got, caches are filled.
const WARM_UP: usize = 2;

/// Measures what is asked for.
pub fn bench(command: &BenchCommand, output: &Output) -> anyhow::Result<ExitCode> {
    match command {
        BenchCommand::Train(command) => train(command, output),
        BenchCommand::Extract(command) => extract(command, output),
        BenchCommand::Probe(command) => probe::probe(command, output),
    }
}

/// Measures training steps.
fn train(command: &Bench, output: &Output) -> anyhow::Result<ExitCode> {
    let (mut network, batch) = prepare(command)?;
    let adam = OptimizerParams::Adam(AdamParams {
        weight_decay: 1e-4,
        ..AdamParams::default()
    });
    let rate = LearningRate::constant(1e-4)?;
    let dropout = StreamKey::from_seed(0).derive("train/dropout");
    let mut trainer = Trainer::new(&network, adam.check()?, rate, dropout);
    let classes = network.classes();
    let labels: Vec<u32> = (0..batch.len()).map(|i| (i % classes) as u32).collect();
    measure(command, output, "train", || {
        trainer.step(&mut network, &batch, &labels)?;
        Ok(())
    })
}

/// Measures forward passes in eval mode.
fn extract(command: &Bench, output: &Output) -> anyhow::Result<ExitCode> {
    let (network, batch) = prepare(command)?;
    let mut workspace = Workspace::default();
    measure(command, output, "extract", || {
        network.logits(&mut workspace, &batch)?;
        Ok(())
    })
}

/// The largest batch, and the most steps.
const MOST: usize = 1_000_000;

/// A network at its start and a batch of noise.
fn prepare(command: &Bench) -> anyhow::Result<(Network, ImageBatch)> {
    for (count, name) in [(command.batch, "batch"), (command.steps, "steps")] {
        if count == 0 {
            return Err(Usage(format!("--{name} 0: give at least 1")).into());
        }
        if count > MOST {
            return Err(Usage(format!("--{name} {count}: give at most {MOST}")).into());
        }
    }
    let size = image_size(command.arch, command.image_size);
    let design = Design::new(command.arch, size, command.classes);
    let key = StreamKey::from_seed(0);
    threads::set(command.threads)?;
    let network = Network::from_design(design, key).map_err(|error| Usage(error.to_string()))?;
    let mut pixels = key.derive("bench/pixels").at(0);
    let image = 3 * size * size;
    let mut batch = ImageBatch::new(network.input_layout());
    let images = (0..command.batch * image).map(|_| pixels.uniform_in(-1.7, 1.7) as f32);
    batch.fill_from_chw(&images.collect::<Vec<f32>>());
    Ok((network, batch))
}

fn measure(
    command: &Bench,
    output: &Output,
    what: &str,
    mut step: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let mut seconds = Vec::with_capacity(command.steps);
    for i in 0..WARM_UP + command.steps {
        let started = Instant::now();
        step()?;
        if i >= WARM_UP {
            seconds.push(started.elapsed().as_secs_f64());
        }
    }
    seconds.sort_by(f64::total_cmp);
    let middle = seconds.len() / 2;
    let median = match seconds.len() % 2 {
        0 => (seconds[middle - 1] + seconds[middle]) / 2.0,
        _ => seconds[middle],
    };
    let rate = command.batch as f64 / median;
    let (threads, peak) = (rayon::current_num_threads(), memory::peak());
    if command.json || matches!(output.message_format, MessageFormat::Json) {
        terminal::say(&json!({
            "reason": "done",
            "bench": what,
            "arch": command.arch,
            "image_size": image_size(command.arch, command.image_size),
            "batch": command.batch,
            "steps": command.steps,
            "images_per_second": rate,
            "peak_rss_bytes": peak,
            "threads": threads,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let memory = peak.map_or_else(|| "unknown".to_owned(), |peak| Bytes(peak).to_string());
    terminal::say(&format!(
        "{} {what}: {rate:.1} images/s (median of {} steps of {}), {threads} threads, peak memory {memory}",
        command.arch, command.steps, command.batch
    ))?;
    Ok(ExitCode::SUCCESS)
}
