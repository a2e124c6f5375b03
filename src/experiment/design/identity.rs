//! What tells one piece of work from every other: the part of the configuration
//! that it depends on, what goes into it, and the version of what is done to it.
//! Equal identities leave equal bytes, in whatever run.

use serde::Serialize;

use layerprobe_probes::View;

use super::condition::Condition;
use super::stimuli::Version;
use super::{protocol, shown};
use crate::activations::Baseline;
use crate::config::{
    AtCheckpoints, Checkpoints, Config, Correlation, Network, Probes, Seeds, Stimuli, Training,
};
use crate::results::PAPER_PROTOCOL;
use crate::training::{Fingerprint, Normalization};

// Versions of what each stage does, raised by hand when it leaves other bytes
// than before. Stimuli are part of all three.
const TRAINING: &str = "training/1";
const PROBING: &str = "probing/6";
/// Beside it, where probes without a penalty are asked for.
const UNPENALIZED: &str = "unpenalized/2";
const DECODING: &str = "decoding/1";

/// One hash of several texts, none of which can run into the next.
pub fn identity(parts: &[impl AsRef<str>]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts.iter().map(AsRef::as_ref) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[derive(Serialize)]
struct Trained<'a> {
    condition: &'a str,
    seeds: &'a Seeds,
    stimuli: &'a Stimuli,
    correlation: &'a Option<Correlation>,
    held_out: usize,
    network: &'a Network,
    training: &'a Training,
    checkpoints: &'a Checkpoints,
}

/// Of a condition's training: not of what is probed, nor of the other targets
/// and hold-out versions of its run.
pub fn of_training(config: &Config, condition: &Condition) -> String {
    let training = Training {
        targets: vec![condition.target.clone()],
        ..config.training.clone()
    };
    let trained = Trained {
        // batches are drawn by its name, which has the hold-out version
        condition: &condition.id,
        seeds: &config.seeds,
        stimuli: &config.stimuli,
        correlation: &config.correlation,
        held_out: config.split.held_out,
        network: &config.network,
        training: &training,
        checkpoints: &config.checkpoints,
    };
    identity(&[TRAINING, &text(&trained)])
}

/// The stimuli that probes see, and how they are divided.
#[derive(Serialize)]
struct Seen<'a> {
    stimuli: &'a Stimuli,
    seed: u64,
    version: u32,
    held_out: Vec<&'a [usize]>,
}

fn seen(config: &Config, version: &Version) -> String {
    let features = version.hold_outs.features().len();
    text(&Seen {
        stimuli: &config.stimuli,
        seed: config.seeds.data,
        version: version.number,
        held_out: (0..features).map(|f| version.hold_outs.held(f)).collect(),
    })
}

/// Of probing a network's layers, without what tells one layer and view from
/// another; the costly extras are measured `at_an_end` of training only.
pub fn of_probing(
    config: &Config,
    version: &Version,
    network: &Fingerprint,
    at_an_end: bool,
) -> String {
    let mut probes = of_any_layer(&config.probes);
    let here = |at: AtCheckpoints| match at.at(at_an_end) {
        true => AtCheckpoints::All,
        false => AtCheckpoints::None,
    };
    probes.predictions = here(config.probes.predictions);
    probes.v_information = here(config.probes.v_information);
    if !at_an_end {
        probes.code_orders = 0;
        probes.permutations = 0;
        probes.nonlinear_seeds = 0;
    }
    let mut parts = vec![
        PROBING.to_owned(),
        protocol::name(config),
        seen(config, version),
        text(&probes),
        network.weights.clone(),
        text(&shown::normalization(config, &network.header)),
    ];
    parts.extend(unpenalized(&probes));
    identity(&parts)
}

/// Of probing baselines, without what tells one and its view from another.
pub fn of_baselines(config: &Config, version: &Version) -> String {
    let mut probes = of_any_layer(&config.probes);
    // probed once, as a network is at the end of training
    probes.predictions = match config.probes.predictions.at(true) {
        true => AtCheckpoints::All,
        false => AtCheckpoints::None,
    };
    let mut parts = vec![
        PROBING.to_owned(),
        protocol::name(config),
        seen(config, version),
        text(&probes),
        "no network".to_owned(),
    ];
    parts.extend(unpenalized(&probes));
    identity(&parts)
}

/// Of probing one view of one layer, within [`of_probing`].
pub fn of_view(probing: &str, layer: &str, view: View) -> String {
    identity(&[probing, layer, &view.to_string()])
}

/// Of probing one view of a baseline, within [`of_baselines`].
pub fn of_baseline(probing: &str, baseline: Baseline, view: View) -> String {
    of_view(probing, baseline.name(), view)
}

/// Of the paper's grid of decoders on one layer of a network that sees images
/// normalized like this.
pub fn of_decoding(
    config: &Config,
    version: &Version,
    (weights, normalization): (&str, &Normalization),
    layer: &str,
) -> String {
    identity(&[
        DECODING,
        PAPER_PROTOCOL,
        &seen(config, version),
        &text(&config.probes.features),
        &text(&config.probes.paper),
        weights,
        &text(normalization),
        layer,
    ])
}

/// What tells probes without a penalty from those that were made before.
fn unpenalized(probes: &Probes) -> Option<String> {
    let is_asked = probes.penalties.contains(&0.0);
    is_asked.then(|| UNPENALIZED.to_owned())
}

/// What is asked of every layer alike, without what lies beside its tables.
fn of_any_layer(probes: &Probes) -> Probes {
    Probes {
        layers: Vec::new(),
        views: Vec::new(),
        maps: Vec::new(),
        predictions: AtCheckpoints::None,
        protocol: Vec::new(),
        paper: None,
        ..probes.clone()
    }
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| {
        unreachable!("a checked configuration is plain tables and values: {error}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::design::condition::conditions;
    use crate::experiment::design::stimuli::ExperimentStimuli;
    use crate::experiment::design::streams::Streams;
    use crate::models::{Arch, Options};
    use crate::training::{CheckpointHeader, Role};

    fn load(settings: &[&str]) -> Config {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        Config::load("smoke", &settings).unwrap()
    }

    fn network(weights: &str) -> Fingerprint {
        Fingerprint {
            header: CheckpointHeader {
                arch: Arch::Cnn4,
                channels: 3,
                classes: 7,
                config_hash: String::new(),
                epoch: 0.0,
                image_size: 32,
                layers: Vec::new(),
                normalization: Normalization::IDENTITY,
                options: Options::default(),
                role: Role::Initial,
                step: 0,
            },
            weights: weights.to_owned(),
        }
    }

    /// The identities of training on color, of probes at the end of training and
    /// on the way, of baselines and of the paper's decoders.
    fn identities(settings: &[&str]) -> [String; 5] {
        let config = load(settings);
        let streams = Streams::new(&config.seeds);
        let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams).unwrap();
        let conditions = conditions(&config);
        let condition = conditions.iter().find(|c| c.target == "color").unwrap();
        let version = &stimuli.versions[0];
        let probing = |at_an_end| of_probing(&config, version, &network("w"), at_an_end);
        [
            of_training(&config, condition),
            probing(true),
            probing(false),
            of_baselines(&config, version),
            of_decoding(&config, version, ("w", &Normalization::IDENTITY), "fc1"),
        ]
    }

    /// Which identities settings change.
    fn changed(settings: &[&str]) -> [bool; 5] {
        let (before, after) = (identities(&[]), identities(settings));
        std::array::from_fn(|i| before[i] != after[i])
    }

    #[test]
    fn each_stage_depends_on_its_own_part_of_the_configuration() {
        let (none, all) = ([false; 5], [true; 5]);
        let training = [true, false, false, false, false];
        for (setting, wanted) in [
            ("name=\"another\"", none),
            ("training.targets=[\"color\"]", none),
            ("split.versions=[0, 3]", none),
            ("probes.layers=[\"pool1\"]", none),
            ("probes.views=[\"gap\"]", none),
            ("training.epochs=3", training),
            ("network.initial_weights=\"per_run\"", training),
            ("checkpoints.count=2", training),
            ("seeds.order=5", training),
            ("seeds.init=5", training),
            ("seeds.data=5", all),
            ("stimuli.exemplars=2", all),
            ("split.held_out=4", all),
            ("probes.penalties=[1]", [false, true, true, true, false]),
            ("probes.scaling=none", [false, true, true, true, false]),
            (
                "probes.untrained_images=raw",
                [false, true, true, true, false],
            ),
            (
                "probes.features=[\"color\"]",
                [false, true, true, true, true],
            ),
            ("probes.code_orders=1", [false, true, false, true, false]),
            (
                "probes.predictions=\"ends\"",
                [false, true, false, true, false],
            ),
            (
                "probes.v_information=\"ends\"",
                [false, true, false, true, false],
            ),
        ] {
            assert_eq!(changed(&[setting]), wanted, "{setting}");
        }
        // the master seed is in the condition's name, by which batches are drawn
        let seeds = ["seed=7", "seeds.data=0", "seeds.init=0", "seeds.order=0"];
        assert_eq!(changed(&seeds), training);
        // values that are held out together are others than those held out apart
        let pair = "correlation.pair=[\"shape\", \"color\"]";
        let at = |p: &str| identities(&[pair, &format!("correlation.predictivity={p}")]);
        let (half, whole) = (at("0.5"), at("1.0"));
        assert_ne!(half[0], whole[0]);
        assert_eq!(half[1..], whole[1..]);
        assert_ne!(half[3], identities(&[])[3]);
    }

    #[test]
    fn networks_layers_and_texts_are_told_apart() {
        let config = load(&[]);
        let streams = Streams::new(&config.seeds);
        let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams).unwrap();
        let of = |weights| of_probing(&config, &stimuli.versions[0], &network(weights), true);
        assert_ne!(of("a"), of("b"));
        let probing = of("a");
        let views = [
            ("fc1", View::Full),
            ("fc1", View::Pca(4)),
            ("pool1", View::Full),
        ]
        .map(|(layer, view)| of_view(&probing, layer, view));
        assert!(views[0] != views[1] && views[0] != views[2]);
        assert_ne!(identity(&["ab", "c"]), identity(&["a", "bc"]));
    }
}
