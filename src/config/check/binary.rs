//! The binary-features experiment: located keys -> checked configuration.

use layerprobe_generators::binary::{BITS, EasyRule};

use super::{checkpoints, name};
use crate::config::binary::*;
use crate::config::error::ConfigError;
use crate::config::keys::Keys;

/// More stimuli than there may be in a set.
const MOST_STIMULI: u64 = 1 << 20;

pub(in crate::config) fn binary(keys: &Keys) -> Result<BinaryConfig, ConfigError> {
    let master = keys.whole_or("seed", 0)?;
    let config = BinaryConfig {
        name: name(keys)?,
        seed: master,
        seeds: BinarySeeds {
            data: keys.whole_or("seeds.data", master)?,
            init: keys.whole_or("seeds.init", master)?,
        },
        stimuli: stimuli(keys)?,
        network: network(keys)?,
        training: training(keys)?,
        checkpoints: checkpoints(keys)?,
        decoding: decoding(keys)?,
        similarity: BinarySimilarity {
            stimuli: keys.whole_or_in("similarity.stimuli", 512, 20, 10_000)? as usize,
            resamples: keys.whole_or_in("similarity.resamples", 1000, 0, 1_000_000)? as usize,
        },
    };
    keys.finish()?;
    Ok(config)
}

fn stimuli(keys: &Keys) -> Result<BinaryStimuli, ConfigError> {
    let easy_rule = keys.word_or("stimuli.easy_rule", "rule", EasyRule::default())?;
    let key = "stimuli.easy_predictivity";
    let easy = keys
        .numbers(key, "[0.5, 0.9]")?
        .ok_or_else(|| keys.missing(key, "a list of numbers from 0.5 to 1"))?;
    if easy.is_empty() {
        return Err(keys.invalid(key, "name at least one predictivity"));
    }
    for (place, value) in easy.iter().enumerate() {
        if !(0.5..=1.0).contains(value) {
            let problem = format!("{value} is not within [0.5, 1]: 0.5 tells nothing of the label");
            return Err(keys.invalid(key, problem));
        }
        if easy.iter().take(place).any(|earlier| earlier == value) {
            return Err(keys.invalid(key, format!("{value} is named twice")));
        }
    }
    Ok(BinaryStimuli {
        easy_rule,
        easy_predictivity: easy,
        hard_predictivity: keys.number_or_in("stimuli.hard_predictivity", 0.9, 0.5, 1.0)?,
        train: keys.whole_or_in("stimuli.train", 256, 2, MOST_STIMULI)? as usize,
        test: keys.whole_or_in("stimuli.test", 512, 20, MOST_STIMULI)? as usize,
    })
}

fn network(keys: &Keys) -> Result<BinaryNetwork, ConfigError> {
    let key = "network.widths";
    let widths = match keys.has(key) {
        true => keys.wholes(key, "[256, 128, 64, 64]")?,
        false => vec![256, 128, 64, 64],
    };
    if widths.is_empty() || widths.iter().any(|width| !(2..=1 << 14).contains(width)) {
        let problem = "give each hidden layer a width from 2 to 16384, and at least one layer";
        return Err(keys.invalid(key, problem));
    }
    let key = "network.slope";
    let slope = keys.positive(key, keys.number_or(key, 0.01)?, 1.0)?;
    let key = "network.initial";
    let initial = keys.text_or(key, "torch")?;
    let known = keys.known(
        key,
        "way to draw initial values",
        &initial,
        &InitialValues::NAMES,
    )?;
    Ok(BinaryNetwork {
        widths: widths.into_iter().map(|width| width as usize).collect(),
        slope,
        initial: match known {
            "xavier" => InitialValues::Xavier,
            "he" => InitialValues::He,
            _ => InitialValues::Torch,
        },
    })
}

fn training(keys: &Keys) -> Result<BinaryTraining, ConfigError> {
    let targets = keys.names("training.targets", "target", &BinaryTarget::NAMES)?;
    let key = "training.learning_rate";
    let learning_rate = keys.positive(key, keys.number_or(key, 1e-3)?, 10.0)?;
    let target = |name: &String| match name.as_str() {
        "multi" => BinaryTarget::Multi,
        _ => BinaryTarget::Label,
    };
    Ok(BinaryTraining {
        targets: targets.iter().map(target).collect(),
        multi_easy_predictivity: keys.number_or_in(
            "training.multi_easy_predictivity",
            0.5,
            0.5,
            1.0,
        )?,
        runs: keys.whole_in("training.runs", 1, 1000)? as u32,
        epochs: keys.whole_in("training.epochs", 1, 100_000_000)?,
        learning_rate,
        log_points: keys.whole_or_in("training.log_points", 200, 2, 100_000)? as usize,
    })
}

fn decoding(keys: &Keys) -> Result<BinaryDecoding, ConfigError> {
    let key = "decoding.stimuli";
    let stimuli = keys.text_or(key, "independent")?;
    let stimuli = match keys.known(key, "choice of stimuli", &stimuli, &DecodedStimuli::NAMES)? {
        "as_trained" => DecodedStimuli::AsTrained,
        _ => DecodedStimuli::Independent,
    };
    let key = "decoding.bits";
    let bits = match keys.has(key) {
        true => keys.wholes(key, "[1, 2, 3]")?,
        false => vec![1, 2, 3, 17, 18, 19],
    };
    for (place, bit) in bits.iter().enumerate() {
        if !(1..=BITS as u64).contains(bit) {
            return Err(keys.invalid(key, format!("there is no bit {bit}: they are 1 to {BITS}")));
        }
        if bits.iter().take(place).any(|earlier| earlier == bit) {
            return Err(keys.invalid(key, format!("bit {bit} is named twice")));
        }
    }
    let key = "decoding.learning_rate";
    let learning_rate = keys.positive(key, keys.number_or(key, 1e-3)?, 10.0)?;
    let whole = |key: &str, default: u64, low: u64, high: u64| {
        let key = format!("decoding.{key}");
        keys.whole_or_in(&key, default, low, high)
    };
    Ok(BinaryDecoding {
        stimuli,
        bits: bits.into_iter().map(|bit| bit as usize).collect(),
        epochs: whole("epochs", 5000, 1, 10_000_000)? as usize,
        learning_rate,
        nonlinear_epochs: whole("nonlinear_epochs", 20_000, 0, 10_000_000)? as usize,
        nonlinear_train: whole("nonlinear_train", 2048, 20, MOST_STIMULI)? as usize,
        nonlinear_runs: whole("nonlinear_runs", 1000, 0, 1000)? as u32,
    })
}
