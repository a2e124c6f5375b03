use super::error::{ConfigError, nearest_name};

/// A configuration compiled into the program.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// What its verb calls it.
    pub name: &'static str,
    /// One line: what it shows.
    pub about: &'static str,
    /// Its text.
    pub toml: &'static str,
}

/// The presets of `layerprobe run`, the one to start with first.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "quick",
        about: "Trifeature at 64 px, cnn4 trained on shape, texture and color; one hold-out version",
        toml: include_str!("presets/quick.toml"),
    },
    Preset {
        name: "quick5",
        about: "quick over all five hold-out versions, for claims; accuracies alone, without controls, V-information, permutations",
        toml: include_str!("presets/quick5.toml"),
    },
    Preset {
        name: "navon-quick",
        about: "Navon letters at 128 px, cnn4 trained on shape (large letter) and texture (small letters)",
        toml: include_str!("presets/navon-quick.toml"),
    },
    Preset {
        name: "smoke",
        about: "a few seconds, to see that everything works; its numbers mean nothing",
        toml: include_str!("presets/smoke.toml"),
    },
    Preset {
        name: "hl2020-quick-trifeature",
        about: "Hermann & Lampinen 2020 at 64 px: Trifeature, alexnet64, five hold-out versions",
        toml: include_str!("presets/hermann_lampinen_2020/quick/trifeature.toml"),
    },
    Preset {
        name: "hl2020-quick-trifeature-cnn4",
        about: "the same, cnn4",
        toml: include_str!("presets/hermann_lampinen_2020/quick/trifeature-cnn4.toml"),
    },
    Preset {
        name: "hl2020-quick-navon",
        about: "Navon letters at 128 px, AlexNet, five hold-out versions",
        toml: include_str!("presets/hermann_lampinen_2020/quick/navon.toml"),
    },
    Preset {
        name: "hl2020-quick-navon-cnn4",
        about: "the same, cnn4",
        toml: include_str!("presets/hermann_lampinen_2020/quick/navon-cnn4.toml"),
    },
    Preset {
        name: "hl2020-quick-shape-color",
        about: "shape correlated with color (correlation.predictivity), cnn4",
        toml: include_str!("presets/hermann_lampinen_2020/quick/shape-color.toml"),
    },
    Preset {
        name: "hl2020-quick-shape-texture",
        about: "shape correlated with texture, cnn4",
        toml: include_str!("presets/hermann_lampinen_2020/quick/shape-texture.toml"),
    },
    Preset {
        name: "hl2020-paper-trifeature",
        about: "Hermann & Lampinen 2020 as in the paper: Trifeature at 224 px, AlexNet, 90 epochs",
        toml: include_str!("presets/hermann_lampinen_2020/paper/trifeature.toml"),
    },
    Preset {
        name: "hl2020-paper-trifeature-resnet50",
        about: "the same, ResNet-50",
        toml: include_str!("presets/hermann_lampinen_2020/paper/trifeature-resnet50.toml"),
    },
    Preset {
        name: "hl2020-paper-navon",
        about: "Navon letters at 224 px, AlexNet, 90 epochs",
        toml: include_str!("presets/hermann_lampinen_2020/paper/navon.toml"),
    },
    Preset {
        name: "hl2020-paper-navon-resnet50",
        about: "the same, ResNet-50",
        toml: include_str!("presets/hermann_lampinen_2020/paper/navon-resnet50.toml"),
    },
    Preset {
        name: "hl2020-paper-shape-color",
        about: "shape correlated with color at 224 px, AlexNet",
        toml: include_str!("presets/hermann_lampinen_2020/paper/shape-color.toml"),
    },
    Preset {
        name: "hl2020-paper-shape-texture",
        about: "shape correlated with texture at 224 px, AlexNet",
        toml: include_str!("presets/hermann_lampinen_2020/paper/shape-texture.toml"),
    },
];

/// The presets of `layerprobe binary`.
pub const BINARY_PRESETS: &[Preset] = &[
    Preset {
        name: "binary-quick",
        about: "bits with an easy and a hard feature: the paper's network and sizes, five runs of each",
        toml: include_str!("presets/binary-quick.toml"),
    },
    Preset {
        name: "binary-smoke",
        about: "a few seconds, to see that everything works; its numbers mean nothing",
        toml: include_str!("presets/binary-smoke.toml"),
    },
];

/// No preset of this name is among these.
pub(super) fn unknown(name: &str, presets: &[Preset]) -> ConfigError {
    for (verb, others) in [("run", PRESETS), ("binary", BINARY_PRESETS)] {
        if others.iter().any(|p| p.name == name) {
            return ConfigError::OtherVerb {
                name: name.to_owned(),
                verb,
            };
        }
    }
    ConfigError::UnknownPreset {
        name: name.to_owned(),
        nearest: nearest_name(name, presets.iter().map(|p| p.name)),
        known: presets
            .iter()
            .map(|p| p.name)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Protocol};
    use super::*;

    #[test]
    fn every_preset_is_valid_and_survives_being_written_out() {
        for preset in PRESETS {
            let config = Config::load(preset.name, &[]).unwrap();
            assert_eq!(config.name, preset.name);
            let text = config.to_toml();
            let again = Config::from_toml("config.toml", &text).unwrap();
            assert_eq!(again.to_toml(), text);
        }
    }

    #[test]
    fn a_protocol_is_named_alone_or_in_a_list_and_brings_its_keys() {
        let load = |settings: &[&str]| {
            let settings: Vec<String> = settings.iter().map(|s| format!("probes.{s}")).collect();
            Config::load("quick", &settings)
        };
        let both = load(&["protocol=['clean', 'paper']", "paper.epochs=3"]).unwrap();
        assert_eq!(both.probes.protocol, [Protocol::Clean, Protocol::Paper]);
        let grid = both.probes.paper.as_ref().unwrap();
        assert_eq!((grid.epochs, grid.batch_size), (3, 64));
        assert_eq!(
            (grid.learning_rates.len(), grid.weight_decays.len()),
            (6, 6)
        );
        assert_eq!(
            Config::from_toml("config.toml", &both.to_toml()).unwrap(),
            both
        );
        let alone = load(&["protocol=paper"]).unwrap();
        assert_eq!(alone.probes.protocol, [Protocol::Paper]);
        assert_eq!(load(&[]).unwrap().probes.paper, None);
        for (settings, said) in [
            (&["protocol=papers"][..], "did you mean `paper`"),
            (&["protocol=[]"], "at least one protocol"),
            (&["protocol=['paper', 'paper']"], "named twice"),
            (&["paper.epochs=3"], "belongs to the protocol `paper`"),
            (&["protocol=paper", "paper.epochs=0"], "not within 1"),
            (
                &["protocol=paper", "paper.learning_rates=[0]"],
                "each above 0",
            ),
            (
                &["protocol=paper", "paper.weight_decays=[-1]"],
                "none below 0",
            ),
        ] {
            let error = load(settings).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn every_optimizer_and_schedule_survives_being_written_out() {
        let sgd = "sgd, momentum=0.5, nesterov=true, schedule=step, step_epochs=2";
        let adamw = "adamw, beta2=0.99, schedule=cosine, last_learning_rate=1e-5";
        let descent = "gradient_descent, warmup_epochs=0.5, weight_decay=0";
        for choice in [sgd, adamw, descent] {
            let set = format!("optimizer={choice}");
            let set: Vec<String> = set.split(", ").map(|s| format!("training.{s}")).collect();
            let config = Config::load("quick", &set).unwrap();
            let again = Config::from_toml("config.toml", &config.to_toml()).unwrap();
            assert_eq!(again, config);
            let quick = Config::load("quick", &[]).unwrap();
            assert_ne!(again.training, quick.training);
        }
    }
}
