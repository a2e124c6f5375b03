//! The stimuli, their hold-outs and correlations.

use layerprobe_generators::TextureAngle;
use layerprobe_generators::splits::VERSIONS;
use layerprobe_streams::StreamKey;

use crate::config::error::ConfigError;
use crate::config::keys::Keys;
use crate::config::sections::{Correlation, PMode, Split, Stimuli};

/// Sizes beyond this are slips, and would overflow nothing but the memory.
const MAX_SIDE: u64 = 4096;

pub(super) fn stimuli(keys: &Keys) -> Result<Stimuli, ConfigError> {
    let dataset = keys.text("stimuli.dataset")?;
    let stimuli = match keys.known(
        "stimuli.dataset",
        "dataset",
        &dataset,
        &["trifeature", "navon"],
    )? {
        "navon" => Stimuli::Navon {
            image_size: size(keys, "image_size", 224)?,
            large_letter: size(keys, "large_letter", 200)?,
            small_letter: size(keys, "small_letter", 8)?,
            texture_angle: keys.word_or(
                "stimuli.texture_angle",
                "angle",
                TextureAngle::Relative,
            )?,
        },
        _ => Stimuli::Trifeature {
            image_size: size(keys, "image_size", 224)?,
            object_size: size(keys, "object_size", 128)?,
            texture_period: size(keys, "texture_period", 10)?,
            exemplars: keys.whole_or_in("stimuli.exemplars", 10, 1, 10_000)? as usize,
        },
    };
    match stimuli.generator(StreamKey::from_seed(0)) {
        Err(error) => Err(keys.invalid("stimuli.image_size", error.to_string())),
        Ok(_) => Ok(stimuli),
    }
}

fn size(keys: &Keys, name: &str, default: u64) -> Result<usize, ConfigError> {
    Ok(keys.whole_or_in(&format!("stimuli.{name}"), default, 1, MAX_SIDE)? as usize)
}

pub(super) fn split(keys: &Keys, stimuli: &Stimuli) -> Result<Split, ConfigError> {
    let values = stimuli.values_per_feature();
    let held_out = keys.whole_from("split.held_out", 1)?.unwrap_or(3) as usize;
    if held_out == 0 || held_out + 2 > values {
        return Err(keys.invalid(
            "split.held_out",
            format!(
                "holding {held_out} of {values} values out leaves {} classes: hold out 1 to {}",
                values.saturating_sub(held_out),
                values - 2
            ),
        ));
    }
    Ok(Split {
        versions: keys.versions("split.versions", u64::from(VERSIONS))?,
        held_out,
    })
}

pub(super) fn correlation(
    keys: &Keys,
    stimuli: &Stimuli,
) -> Result<Option<Correlation>, ConfigError> {
    if !keys.has_section("correlation") {
        return Ok(None);
    }
    if stimuli.dataset() != "trifeature" {
        return Err(keys.invalid(
            "correlation.pair",
            "correlated pairs are made for the trifeature dataset only",
        ));
    }
    let key = "correlation.pair";
    let wants = "two features, such as [\"shape\", \"color\"]";
    let pair = keys.names_as(key, wants, "feature", stimuli.feature_names())?;
    let count = pair.len();
    let pair: [String; 2] = pair.try_into().map_err(|_| {
        let problem = format!("a pair has two features, and {count} are named");
        keys.invalid(key, problem)
    })?;
    let chance = 1.0 / stimuli.values_per_feature() as f64;
    let key = "correlation.predictivity";
    let predictivity = keys.number(key)?;
    if !(chance..=1.0).contains(&predictivity) {
        let problem = format!(
            "{predictivity} is not within [{chance}, 1]: at {chance} the pair is independent"
        );
        return Err(keys.invalid(key, problem));
    }
    let p_mode = keys.text_or("correlation.p_mode", "nominal")?;
    let modes = ["nominal", "effective"];
    let p_mode = match keys.known("correlation.p_mode", "mode", &p_mode, &modes)? {
        "effective" => PMode::Effective,
        _ => PMode::Nominal,
    };
    let validated = "correlation.validation_stimuli";
    let validation_stimuli = match keys.has(validated) {
        true => Some(keys.whole_in(validated, 1, u64::from(u32::MAX))? as usize),
        false => None,
    };
    Ok(Some(Correlation {
        pair,
        predictivity,
        p_mode,
        validation_stimuli,
    }))
}
