use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use layerprobe_generators::binary::{BinaryFeature, BinaryParams, EasyRule, table};
use serde_json::json;

use crate::cli::arguments::{MessageFormat, Output, Render};
use crate::cli::terminal;
use crate::cli::terminal::exit::Usage;
use crate::config::{Seeds, nearest_name};
use crate::experiment::Streams;

/// Stimuli networks are trained on, and those they are tested on (Hermann &
/// Lampinen 2020, appendix B.3).
const TRAINED: usize = 256;
const TESTED: usize = 512;

const KEYS: [&str; 3] = ["easy_rule", "easy_predictivity", "hard_predictivity"];

/// Writes the binary-features data as four tables: training, evaluation, and
/// for each feature a test in which the other one tells nothing.
pub fn render(command: &Render, output: &Output) -> anyhow::Result<ExitCode> {
    let images = [
        ("--sheet", command.sheet.is_some()),
        ("--swap", command.swap.is_some()),
        ("--correlate", !command.correlate.is_empty()),
    ];
    if let Some((argument, _)) = images.iter().find(|(_, given)| *given) {
        return Err(Usage(format!(
            "{argument}: is for images, binary stimuli are bits"
        ))
        .into());
    }
    let Some(dir) = &command.out else {
        return Err(Usage("--out: name a folder".to_owned()).into());
    };
    let params = params(&command.overrides)?;
    let streams = Streams::new(&Seeds {
        data: command.seed,
        init: command.seed,
        order: command.seed,
    });
    let use_of = |feature: BinaryFeature| params.unpredictive(feature.other());
    let sets = [
        ("train", params, TRAINED),
        ("evaluation", params, TESTED),
        ("use_easy", use_of(BinaryFeature::Easy), TESTED),
        ("use_hard", use_of(BinaryFeature::Hard), TESTED),
    ];
    let mut tables = Vec::new();
    for (name, params, count) in sets {
        let count = command.count.map_or(count, |most| most.min(count));
        let set = params
            .check(count, streams.binary(name))
            .map_err(|e| Usage(e.to_string()))?;
        let (path, table) = (dir.join(format!("{name}.csv")), table(&set)?);
        refuse_others(dir, &path, &table)?;
        tables.push((name, count, path, table));
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    for (name, count, path, table) in tables {
        layerprobe_durable::write(&path, &table)
            .with_context(|| format!("cannot write {}", path.display()))?;
        match output.message_format {
            MessageFormat::Json => terminal::say(&json!({
                "reason": "done", "stimuli": path, "count": count,
            }))?,
            MessageFormat::Human if output.quiet => {}
            MessageFormat::Human => {
                terminal::say(&format!("{name:10} {count} stimuli, {}", path.display()))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses a folder whose table of this name has other stimuli.
fn refuse_others(dir: &Path, path: &Path, table: &[u8]) -> Result<(), Usage> {
    match fs::read(path) {
        Ok(there) if there != table => Err(Usage(format!(
            "--out {}: it holds {} of other stimuli; choose another folder, or remove this one",
            dir.display(),
            path.file_name().unwrap_or_default().display()
        ))),
        _ => Ok(()),
    }
}

fn params(overrides: &[String]) -> Result<BinaryParams, Usage> {
    let mut params = BinaryParams::default();
    for assignment in overrides {
        let (key, value) = assignment
            .split_once('=')
            .ok_or_else(|| Usage(format!("--set {assignment}: write KEY=VALUE")))?;
        let key = key.trim().trim_start_matches("stimuli.");
        let value = value.trim();
        let number = || -> Result<f64, Usage> {
            let problem = || Usage(format!("--set {assignment}: `{value}` is not a number"));
            value.parse().map_err(|_| problem())
        };
        match key {
            "easy_predictivity" => params.easy_predictivity = number()?,
            "hard_predictivity" => params.hard_predictivity = number()?,
            "easy_rule" => {
                let rule = value.trim_matches('"');
                let found = EasyRule::ALL
                    .into_iter()
                    .find(|known| known.as_str() == rule);
                params.easy_rule = found.ok_or_else(|| {
                    Usage(format!(
                        "--set {assignment}: easy_rule is first_bit or majority"
                    ))
                })?;
            }
            _ => {
                let hint = nearest_name(key, KEYS)
                    .map(|near| format!(", did you mean `{near}`?"))
                    .unwrap_or_default();
                return Err(Usage(format!(
                    "--set {assignment}: unknown key{hint} (binary stimuli have {})",
                    KEYS.join(", ")
                )));
            }
        }
    }
    Ok(params)
}
