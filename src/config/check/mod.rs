//! Located keys -> checked configuration.

mod binary;
mod network;
mod protocols;
mod read;
mod repeats;
mod stimuli;
mod training;

pub(super) use binary::binary;
pub(crate) use repeats::{
    MOST_CONTROLS, MOST_PERMUTATIONS, too_few_controls, too_few_permutations,
};

use super::error::ConfigError;
use super::keys::Keys;
use super::sections::*;
use crate::activations::Baseline;
use crate::models::{Arch, Layer, Shape};
use layerprobe_probes::{Scaling, Solver, UnknownView, View};

/// Decades from 1e-3 to 1e5.
const DEFAULT_PENALTIES: [f64; 9] = [1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4, 1e5];

pub(super) fn check(keys: &Keys) -> Result<Config, ConfigError> {
    let StimulusSections {
        seeds,
        stimuli,
        correlation,
        split,
    } = sections(keys)?;
    let network = network::network(keys)?;
    let layers = network::layers(keys, &network, &stimuli, &split)?;
    let probes = probes(keys, &stimuli, (network.arch, &layers))?;
    let config = Config {
        name: name(keys)?,
        seed: keys.whole_or("seed", 0)?,
        seeds,
        network,
        training: training::training(keys, &stimuli)?,
        checkpoints: checkpoints(keys)?,
        probes,
        stimuli,
        correlation,
        split,
    };
    keys.finish()?;
    Ok(config)
}

/// Checks the sections that say what the stimuli are; others are unknown.
pub(super) fn check_stimuli(keys: &Keys) -> Result<StimulusSections, ConfigError> {
    let sections = sections(keys)?;
    keys.finish()?;
    Ok(sections)
}

fn sections(keys: &Keys) -> Result<StimulusSections, ConfigError> {
    let stimuli = stimuli::stimuli(keys)?;
    Ok(StimulusSections {
        seeds: seeds(keys)?,
        correlation: stimuli::correlation(keys, &stimuli)?,
        split: stimuli::split(keys, &stimuli)?,
        stimuli,
    })
}

fn name(keys: &Keys) -> Result<String, ConfigError> {
    let name = keys.text("name")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(keys.invalid(
            "name",
            format!("{name:?} names a folder: use letters, digits, `-`, `_` and `.`"),
        ));
    }
    Ok(name)
}

fn seeds(keys: &Keys) -> Result<Seeds, ConfigError> {
    let master = keys.whole_or("seed", 0)?;
    Ok(Seeds {
        data: keys.whole_or("seeds.data", master)?,
        init: keys.whole_or("seeds.init", master)?,
        order: keys.whole_or("seeds.order", master)?,
    })
}

fn checkpoints(keys: &Keys) -> Result<Checkpoints, ConfigError> {
    let key = "checkpoints.schedule";
    let schedule = keys.text_or(key, "log")?;
    let schedule = keys.known(key, "schedule", &schedule, &["log", "every", "list"])?;
    for (own, owner) in [
        ("checkpoints.count", "log"),
        ("checkpoints.every", "every"),
        ("checkpoints.steps", "list"),
    ] {
        keys.owned(own, (key, schedule), &[owner])?;
    }
    Ok(match schedule {
        "every" => Checkpoints::Every {
            every: keys.whole_in("checkpoints.every", 1, u64::MAX >> 1)?,
        },
        "list" => Checkpoints::List {
            steps: keys.wholes("checkpoints.steps", "[0, 10, 100]")?,
        },
        _ => Checkpoints::Log {
            count: keys.whole_in("checkpoints.count", 2, 10_000)? as usize,
        },
    })
}

/// The layers to probe, each place once: baselines, then the network's in its
/// order.
fn probed_layers(keys: &Keys, arch: Arch, layers: &[Layer]) -> Result<Vec<String>, ConfigError> {
    let names = |layer: &'_ Layer| [vec![layer.name.clone()], layer.aliases.clone()].concat();
    let baselines = Baseline::ALL.map(|baseline| vec![baseline.name().to_owned()]);
    let all: Vec<Vec<String>> = baselines
        .into_iter()
        .chain(layers.iter().map(names))
        .collect();
    let known: Vec<&str> = all.iter().flatten().map(String::as_str).collect();
    let mut chosen = keys.names("probes.layers", &format!("layer of {arch}"), &known)?;
    let place = |name: &String| all.iter().position(|names| names.contains(name));
    chosen.sort_by_key(place);
    if chosen.iter().all(|name| Baseline::of(name).is_some()) {
        let problem = "these are the pixels alone; name at least one layer of the network, too";
        return Err(keys.invalid("probes.layers", problem));
    }
    for pair in chosen.windows(2) {
        if let [a, b] = pair
            && place(a) == place(b)
        {
            let problem = format!("`{a}` and `{b}` are two names of one layer; name it once");
            return Err(keys.invalid("probes.layers", problem));
        }
    }
    Ok(chosen)
}

fn probes(
    keys: &Keys,
    stimuli: &Stimuli,
    (arch, layers): (Arch, &[Layer]),
) -> Result<Probes, ConfigError> {
    let chosen = probed_layers(keys, arch, layers)?;
    let solver = keys.word_or("probes.solver", "solver", Solver::Batched)?;
    let scaling = keys.word_or("probes.scaling", "scaling", Scaling::Channel)?;
    let key = "probes.untrained_images";
    let untrained = keys.text_or(key, "normalized")?;
    let untrained_images = match keys.known(key, "choice", &untrained, &UntrainedImages::NAMES)? {
        "raw" => UntrainedImages::Raw,
        _ => UntrainedImages::Normalized,
    };
    let penalties = keys
        .numbers("probes.penalties", "[0.1, 10]")?
        .unwrap_or_else(|| DEFAULT_PENALTIES.to_vec());
    if penalties.is_empty() {
        return Err(keys.invalid("probes.penalties", "give at least one penalty"));
    }
    if let Some(bad) = penalties.iter().find(|p| !(**p >= 0.0 && p.is_finite())) {
        return Err(keys.invalid(
            "probes.penalties",
            format!("{bad} is no penalty: each must be 0 or above, and finite"),
        ));
    }
    let ridge = keys.names_or_none("probes.ridge", "property", stimuli.property_names())?;
    if !ridge.is_empty() && penalties.iter().all(|&penalty| penalty == 0.0) {
        let problem = "ridge probes need a penalty above 0; give another beside it";
        return Err(keys.invalid("probes.penalties", problem));
    }
    let fraction = keys.number_or("probes.selection_fraction", 0.2)?;
    if !(fraction > 0.0 && fraction < 1.0) {
        return Err(keys.invalid(
            "probes.selection_fraction",
            format!("{fraction} is not inside (0, 1): a share of the training combinations chooses the penalty"),
        ));
    }
    let protocol = protocols::protocols(keys)?;
    let maps = maps(&chosen, layers);
    Ok(Probes {
        views: views(keys, &chosen, &maps)?,
        maps,
        layers: chosen,
        features: keys.names("probes.features", "feature", stimuli.feature_names())?,
        penalties,
        scaling,
        untrained_images,
        selection_fraction: fraction,
        solver,
        max_iterations: keys.whole_or_in("probes.max_iterations", 2000, 1, 1 << 30)? as usize,
        resamples: keys.whole_or_in("probes.resamples", 1000, 10, 1_000_000)? as usize,
        v_information: v_information(keys)?,
        seen_values: keys.flag_or("probes.seen_values", false)?,
        controls: controls(keys, stimuli)?,
        permutations: permutations(keys)?,
        code_orders: keys.whole_or_in("probes.code_orders", 0, 0, 1000)? as usize,
        predictions: predictions(keys)?,
        nonlinear_seeds: keys.whole_or_in("probes.nonlinear_seeds", 0, 0, 100)? as usize,
        paper: protocols::paper(keys, &protocol)?,
        protocol,
        ridge,
    })
}

fn v_information(keys: &Keys) -> Result<AtCheckpoints, ConfigError> {
    let given = keys.get(
        "probes.v_information",
        "true, false or \"ends\"",
        |value| match (value.as_bool(), value.as_str()) {
            (Some(true), _) => Some(AtCheckpoints::All),
            (Some(false), _) => Some(AtCheckpoints::None),
            (_, Some("ends")) => Some(AtCheckpoints::Ends),
            _ => None,
        },
    )?;
    Ok(given.unwrap_or(AtCheckpoints::None))
}

fn predictions(keys: &Keys) -> Result<AtCheckpoints, ConfigError> {
    let key = "probes.predictions";
    let kept = keys.text_or(key, "none")?;
    let known = ["none", "ends", "all"];
    Ok(
        match keys.known(key, "choice of predictions", &kept, &known)? {
            "ends" => AtCheckpoints::Ends,
            "all" => AtCheckpoints::All,
            _ => AtCheckpoints::None,
        },
    )
}

/// The chosen layers that are maps of channels.
fn maps(chosen: &[String], layers: &[Layer]) -> Vec<String> {
    let is_map = |name: &&String| match layers.iter().find(|layer| layer.is_called(name)) {
        Some(layer) => matches!(layer.shape, Shape::Image { .. }),
        None => Baseline::of(name).is_some_and(|baseline| baseline.channels().is_some()),
    };
    chosen.iter().filter(is_map).cloned().collect()
}

fn views(keys: &Keys, chosen: &[String], maps: &[String]) -> Result<Vec<View>, ConfigError> {
    let key = "probes.views";
    let wants = "a list of views, such as [\"full\"]";
    let texts = keys.texts(key, wants)?;
    let texts = texts.unwrap_or_else(|| vec!["full".to_owned()]);
    let mut views: Vec<View> = Vec::new();
    for text in &texts {
        let view = text
            .parse()
            .map_err(|error: UnknownView| keys.invalid(key, error.to_string()))?;
        if views.contains(&view) {
            return Err(keys.invalid(key, format!("`{view}` is named twice")));
        }
        views.push(view);
    }
    if views.is_empty() {
        return Err(keys.invalid(key, "name at least one view, such as full"));
    }
    // of the images that go in alone there is no network to tell of
    let mut of_networks = maps.iter().filter(|name| Baseline::of(name).is_none());
    let others = chosen.iter().any(|name| Baseline::of(name).is_none());
    if views == [View::Gap] && (maps.is_empty() || (others && of_networks.next().is_none())) {
        let problem =
            "none of the network's layers is a map of channels, which `gap` averages over pixels";
        return Err(keys.invalid(key, problem));
    }
    Ok(views)
}

fn controls(keys: &Keys, stimuli: &Stimuli) -> Result<usize, ConfigError> {
    let key = "probes.controls";
    let labelings = keys.whole_or_in(key, 0, 0, MOST_CONTROLS as u64)? as usize;
    if let Some(problem) = too_few_controls(labelings) {
        return Err(keys.invalid(key, problem));
    }
    match stimuli {
        Stimuli::Trifeature { exemplars, .. } if labelings > 0 && *exemplars < 2 => {
            Err(keys.invalid(
                key,
                format!(
                    "control tasks withhold exemplars of each combination: `stimuli.exemplars` is {exemplars}, \
                     it must be at least 2"
                ),
            ))
        }
        _ => Ok(labelings),
    }
}

fn permutations(keys: &Keys) -> Result<usize, ConfigError> {
    let key = "probes.permutations";
    let permutations = keys.whole_or_in(key, 0, 0, MOST_PERMUTATIONS as u64)? as usize;
    match too_few_permutations(permutations) {
        Some(problem) => Err(keys.invalid(key, problem)),
        None => Ok(permutations),
    }
}
