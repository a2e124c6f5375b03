use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::activations::extract::{Extraction, Images, Weights};
use crate::cli::arguments::{Extract, MessageFormat, Output};
use crate::cli::terminal::exit::Usage;
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::{self, outputs, stop, threads};
use crate::config::nearest_name;
use crate::experiment::{Event, Observer, Stage};
use crate::models::Network;
use crate::training::Normalization;

/// ImageNet's, which torchvision's weights were trained with.
const IMAGENET: Normalization = Normalization {
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
};

/// Work shorter than this shows no progress.
const SILENT: Duration = Duration::from_secs(2);

/// Reads layers of a network for all images of a file or folder.
pub fn extract(command: &Extract, output: &Output) -> anyhow::Result<ExitCode> {
    if command.batch == 0 {
        return Err(Usage("--batch 0: give at least 1".to_owned()).into());
    }
    let given = given_normalization(command)?;
    let inputs = [
        ("--weights", command.weights.as_path()),
        ("--input", &command.input),
    ];
    outputs::check(&inputs, &[("--out", &command.out)])?;
    threads::set(command.threads)?;
    let weights = Weights::read(&command.weights)?;
    let normalization = given.or(weights.normalization()).unwrap_or(IMAGENET);
    let images = Images::open(&command.input, &normalization)?;
    let n = images.len();
    let network = weights.network(command.arch, &images)?;
    check_layers(&network, &command.layers)?;
    let layers: Vec<&str> = command.layers.iter().map(String::as_str).collect();
    let extraction = Extraction {
        network: &network,
        layers: &layers,
        batch_size: command.batch,
    };
    let (progress, stop) = (Progress::new(output), stop::flag()?);
    let (started, mut shown) = (Instant::now(), false);
    let mut go_on = |done: usize| {
        let done = done as u64;
        let stage = Stage::Extract;
        if !shown && started.elapsed() > SILENT {
            shown = true;
            let total = n as u64;
            progress.event(Event::Started { stage, total, done });
        }
        if shown {
            let detail = command.arch.name();
            progress.event(Event::Advanced {
                stage,
                done,
                detail,
            });
        }
        !stop.load(Ordering::SeqCst)
    };
    extraction.run(images, &command.out, &mut go_on)?;
    if shown {
        progress.event(Event::Finished {
            stage: Stage::Extract,
            seconds: started.elapsed().as_secs_f64(),
        });
    }
    tell(command, output, n)?;
    Ok(ExitCode::SUCCESS)
}

fn given_normalization(command: &Extract) -> Result<Option<Normalization>, Usage> {
    if command.mean.is_empty() {
        return Ok(None);
    }
    let three = |name: &str, values: &[f32]| {
        <[f32; 3]>::try_from(values)
            .map_err(|_| Usage(format!("--{name}: give three numbers, as 0.5,0.5,0.5")))
    };
    let (mean, std) = (three("mean", &command.mean)?, three("std", &command.std)?);
    let finite = mean.iter().chain(&std).all(|x| x.is_finite());
    if !finite || std.iter().any(|x| *x <= 0.0) {
        let problem = "--mean, --std: all must be finite, deviations above 0";
        return Err(Usage(problem.to_owned()));
    }
    Ok(Some(Normalization { mean, std }))
}

fn check_layers(network: &Network, wanted: &[String]) -> Result<(), Usage> {
    let layers = network.layers();
    let known = layers
        .iter()
        .flat_map(|l| [&l.name].into_iter().chain(&l.aliases));
    let known: Vec<&str> = known.map(String::as_str).collect();
    for (i, name) in wanted.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            let hint = nearest_name(name, known.iter().copied())
                .map(|near| format!(", did you mean `{near}`?"))
                .unwrap_or_default();
            return Err(Usage(format!(
                "--layers: unknown layer `{name}`{hint} ({} has {})",
                network.arch(),
                network.layer_names().join(", ")
            )));
        }
        if wanted.iter().take(i).any(|earlier| earlier == name) {
            return Err(Usage(format!("--layers: `{name}` is named twice")));
        }
    }
    Ok(())
}

fn tell(command: &Extract, output: &Output, images: usize) -> std::io::Result<()> {
    let path = &command.out;
    match output.message_format {
        MessageFormat::Json => terminal::say(&json!({
            "reason": "done", "activations": path, "images": images, "layers": command.layers,
        })),
        MessageFormat::Human if output.quiet => Ok(()),
        MessageFormat::Human => terminal::say(&format!(
            "activations {}  {} of {images} images",
            path.display(),
            command.layers.join(", ")
        )),
    }
}
