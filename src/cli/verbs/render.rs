mod binary;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use image::ImageFormat;
use layerprobe_generators::files::{self, SplitVersion};
use layerprobe_generators::{StimulusSet, sheet};
use rayon::prelude::*;
use serde_json::json;

use crate::cli::arguments::{Dataset, MessageFormat, Output, Render};
use crate::cli::terminal::exit::Usage;
use crate::cli::terminal::progress::Progress;
use crate::cli::terminal::{self, threads};
use crate::config::{ConfigError, StimulusSections, nearest_name};
use crate::experiment::{Event, ExperimentStimuli, Observer, Stage, Streams};

/// Draws stimuli into a folder, and a contact sheet.
pub fn render(command: &Render, output: &Output) -> anyhow::Result<ExitCode> {
    if command.dataset == Dataset::Binary {
        return binary::render(command, output);
    }
    check_sheet(command)?;
    let sections = sections(command).map_err(|error| by_option(command, error))?;
    threads::set(command.threads)?;
    let streams = Streams::new(&sections.seeds);
    let stimuli = ExperimentStimuli::new(&sections, &streams)?;
    let swapped = swapped_feature(command, stimuli.training_set())?;
    if let Some(dir) = &command.out {
        let progress = Progress::new(output);
        write(command, &stimuli, swapped, dir, &progress)?;
        tell(output, "stimuli", dir)?;
        tell_predictivity(&sections, &stimuli, output)?;
    }
    if let Some(path) = &command.sheet {
        let png = sheet::png(stimuli.set.as_ref())?;
        layerprobe_durable::write(path, &png).map_err(|e| {
            anyhow::Error::new(e).context(format!("cannot write {}", path.display()))
        })?;
        tell(output, "sheet", path)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// These stimuli at the paper's sizes unless told otherwise, all five versions.
fn sections(command: &Render) -> Result<StimulusSections, ConfigError> {
    let mut overrides = vec![format!("seed={}", command.seed)];
    if let Some(p) = command.predictivity {
        let pair: Vec<String> = command.correlate.iter().map(|f| format!("{f:?}")).collect();
        overrides.push(format!("correlation.pair=[{}]", pair.join(", ")));
        overrides.push(format!("correlation.predictivity={p:?}"));
    }
    overrides.extend(command.overrides.iter().map(|assignment| {
        let key = assignment.split('=').next().unwrap_or_default();
        match key.contains('.') {
            true => assignment.clone(),
            false => format!("stimuli.{assignment}"),
        }
    }));
    StimulusSections::load(command.dataset.name(), &overrides)
}

/// Names the option that set a value which cannot work, where there is one.
fn by_option(command: &Render, error: ConfigError) -> anyhow::Error {
    const OPTIONS: [(&str, &str); 2] = [
        ("correlation.pair", "--correlate"),
        ("correlation.predictivity", "--predictivity"),
    ];
    let is_set = |key: &str| {
        let mut keys = command
            .overrides
            .iter()
            .filter_map(|set| set.split('=').next());
        keys.any(|set| set.trim() == key)
    };
    if let ConfigError::Value { key, problem, .. } = &error
        && command.predictivity.is_some()
        && !is_set(key)
        && let Some((_, option)) = OPTIONS.iter().find(|(set, _)| set == key)
    {
        return Usage(format!("{option}: {problem}")).into();
    }
    error.into()
}

/// Refuses a sheet that its name calls something else than it is.
fn check_sheet(command: &Render) -> Result<(), Usage> {
    let is_png = |path: &&Path| {
        path.extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("png"))
    };
    match command.sheet.as_deref().filter(|path| !is_png(path)) {
        Some(path) => Err(Usage(format!(
            "--sheet {}: name a .png file",
            path.display()
        ))),
        None => Ok(()),
    }
}

fn swapped_feature(command: &Render, set: &dyn StimulusSet) -> Result<Option<usize>, Usage> {
    let Some(name) = &command.swap else {
        return Ok(None);
    };
    let names: Vec<&str> = set.features().iter().map(|f| f.name).collect();
    match names.iter().position(|known| known == name) {
        Some(feature) => Ok(Some(feature)),
        None => {
            let hint = nearest_name(name, names.iter().copied())
                .map(|n| format!(", did you mean `{n}`?"))
                .unwrap_or_default();
            Err(Usage(format!(
                "--swap {name}: unknown feature{hint} ({} has {})",
                set.dataset(),
                names.join(", ")
            )))
        }
    }
}

fn write(
    command: &Render,
    stimuli: &ExperimentStimuli,
    swapped: Option<usize>,
    dir: &Path,
    observer: &dyn Observer,
) -> anyhow::Result<()> {
    let set = stimuli.training_set();
    let chosen: Vec<usize> = match &stimuli.pool {
        Some(pool) => pool.chosen(&stimuli.versions),
        None => (0..set.len()).collect(),
    };
    let count = command.count.unwrap_or(chosen.len()).min(chosen.len());
    let chosen = chosen.get(..count).unwrap_or_default();
    check_folder(set, chosen, dir)?;
    let versions: Vec<SplitVersion<'_>> = stimuli
        .versions
        .iter()
        .map(|version| SplitVersion {
            version: version.number,
            hold_outs: &version.hold_outs,
            split: stimuli.training_split(version),
        })
        .collect();
    let images = chosen.len() as u64 * if swapped.is_some() { 2 } else { 1 };
    let started = Instant::now();
    observer.event(Event::Started {
        stage: Stage::Render,
        total: images,
        done: 0,
    });
    let done = AtomicU64::new(0);
    let advanced = || {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(64) {
            observer.event(Event::Advanced {
                stage: Stage::Render,
                done,
                detail: "",
            });
        }
    };
    files::write(set, chosen, &versions, dir, &advanced)?;
    if let Some(feature) = swapped {
        files::write_twins(set, chosen, feature, dir, &advanced)?;
    }
    observer.event(Event::Finished {
        stage: Stage::Render,
        seconds: started.elapsed().as_secs_f64(),
    });
    Ok(())
}

/// Refuses a folder with images of other stimuli: whoever reads all of its images
/// would get rows that labels.csv does not have, and those of the same names would be
/// replaced.
fn check_folder(set: &dyn StimulusSet, chosen: &[usize], dir: &Path) -> Result<(), Usage> {
    let refused = |found: String| {
        Err(Usage(format!(
            "--out {}: it holds {found}; choose another folder, or remove this one",
            dir.display()
        )))
    };
    let images = dir.join("images");
    let names = png_names(&images);
    let own: HashSet<String> = chosen.iter().map(|&index| file_name(set, index)).collect();
    if let Some(name) = names.iter().find(|name| !own.contains(*name)) {
        return refused(format!("images/{name}, which is not among these stimuli"));
    }
    let told = fs::read(dir.join("labels.csv")).ok();
    if names.is_empty() && told.is_some() && told != files::labels(set, chosen).ok() {
        return refused("labels.csv of other stimuli".to_owned());
    }
    match drawn_otherwise(set, chosen, &images) {
        Some(name) => refused(format!("images/{name} of another seed or other settings")),
        None => Ok(()),
    }
}

/// The images in a folder; none where there is no such folder.
fn png_names(images: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(images) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".png") && !name.starts_with('.'))
        .collect()
}

fn file_name(set: &dyn StimulusSet, index: usize) -> String {
    format!("{}.png", set.stem(index))
}

/// The first of the stimuli whose image is there and has other pixels than it is drawn
/// with. All are looked at: some settings change some of the stimuli alone.
fn drawn_otherwise(set: &dyn StimulusSet, chosen: &[usize], images: &Path) -> Option<String> {
    let side = set.image_size();
    chosen.par_iter().find_map_first(|&index| {
        let name = file_name(set, index);
        let there = fs::read(images.join(&name)).ok()?;
        let mut drawn = vec![0; 3 * side * side];
        set.render_into(index, &mut drawn);
        (pixels(&there, side) != Some(drawn)).then_some(name)
    })
}

/// The pixels of a PNG image of this size.
fn pixels(png: &[u8], side: usize) -> Option<Vec<u8>> {
    let image = image::load_from_memory_with_format(png, ImageFormat::Png).ok()?;
    let is_of_size = (image.width(), image.height()) == (side as u32, side as u32);
    is_of_size.then(|| image.into_rgb8().into_raw())
}

fn tell(output: &Output, what: &str, path: &Path) -> std::io::Result<()> {
    match output.message_format {
        MessageFormat::Json => terminal::say(&json!({"reason": "done", what: path})),
        MessageFormat::Human if output.quiet => Ok(()),
        MessageFormat::Human => terminal::say(&format!("{what:8} {}", path.display())),
    }
}

/// The effective predictivity beside the nominal one, for each version.
fn tell_predictivity(
    sections: &StimulusSections,
    stimuli: &ExperimentStimuli,
    output: &Output,
) -> anyhow::Result<()> {
    let Some(correlation) = &sections.correlation else {
        return Ok(());
    };
    for version in &stimuli.versions {
        let effective = stimuli.effective_predictivity(version).unwrap_or(f64::NAN);
        let n = stimuli.training_split(version).train.len();
        match output.message_format {
            MessageFormat::Json => terminal::say(&json!({
                "reason": "predictivity", "pair": correlation.pair, "version": version.number,
                "nominal": correlation.predictivity, "effective": effective, "n_train": n,
            }))?,
            MessageFormat::Human if output.quiet => {}
            MessageFormat::Human => terminal::say(&format!(
                "version {}: {} and {} nominally {:.3}, effectively {effective:.3} in {n} training stimuli",
                version.number, correlation.pair[0], correlation.pair[1], correlation.predictivity,
            ))?,
        }
    }
    Ok(())
}
