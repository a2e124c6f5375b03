//! What settings do, and what errors advise.

use super::{AnyConfig, BinaryConfig, Config, ConfigError, key_named};
use crate::models::Arch;

fn quick(settings: &[&str]) -> Result<Config, ConfigError> {
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    Config::load("quick", &settings)
}

#[test]
fn settings_count_in_whatever_order_they_come() {
    let navon = [
        "stimuli.image_size=96",
        "stimuli.large_letter=60",
        "stimuli.small_letter=7",
        "stimuli.dataset=navon",
        "training.targets=['shape']",
        "probes.features=['shape']",
    ];
    let every = ["checkpoints.every=100", "checkpoints.schedule=every"];
    for settings in [&navon[..], &every] {
        let config = quick(settings).unwrap();
        let turned: Vec<&str> = settings.iter().rev().copied().collect();
        assert_eq!(quick(&turned).unwrap(), config);
    }
    assert_eq!(quick(&navon).unwrap().stimuli.image_size(), 96);
}

#[test]
fn of_one_key_the_last_setting_counts() {
    let twice = quick(&["training.epochs=3", "seed=1", "training.epochs=4"]).unwrap();
    assert_eq!(twice.training.epochs, 4);
    // chosen away and back again, nothing of the base is dropped
    let back = quick(&["stimuli.dataset=navon", "stimuli.dataset=trifeature"]).unwrap();
    assert_eq!(back, quick(&[]).unwrap());
}

/// The list that a message gives as an example.
fn example(message: &str) -> &str {
    let (_, example) = message.split_once("such as ").expect(message);
    example.split_inclusive(']').next().expect(message)
}

#[test]
fn an_example_in_a_message_is_one_that_works() {
    let alone: &[&str] = &[];
    for (key, beside) in [
        ("training.targets", alone),
        ("probes.features", alone),
        ("probes.layers", alone),
        ("probes.views", alone),
        ("probes.ridge", alone),
        ("probes.penalties", alone),
        ("split.versions", alone),
        ("correlation.pair", &["correlation.predictivity=0.9"]),
        ("checkpoints.steps", &["checkpoints.schedule=list"]),
        ("probes.paper.learning_rates", &["probes.protocol=paper"]),
        ("probes.paper.weight_decays", &["probes.protocol=paper"]),
    ] {
        let with = |value: &str| {
            let setting = format!("{key}={value}");
            quick(&[beside, &[setting.as_str()]].concat())
        };
        let message = with("0").unwrap_err().to_string();
        let followed = with(example(&message));
        assert!(followed.is_ok(), "{message}: {followed:?}");
    }
    let missing = quick(&["correlation.predictivity=0.9"]).unwrap_err();
    let wanted = "`correlation.pair` is missing; it wants two features, such as ";
    assert!(missing.to_string().contains(wanted), "{missing}");
}

#[test]
fn an_example_for_bits_works_too() {
    for key in [
        "stimuli.easy_predictivity",
        "network.widths",
        "training.targets",
        "checkpoints.steps",
        "decoding.bits",
    ] {
        let with = |value: &str| BinaryConfig::load("binary-smoke", &[format!("{key}={value}")]);
        let message = with("0").unwrap_err().to_string();
        let followed = with(example(&message));
        assert!(followed.is_ok(), "{message}: {followed:?}");
    }
}

#[test]
fn a_range_in_a_message_holds_what_is_taken() {
    let pair = "correlation.pair=['shape', 'color']";
    for (settings, said) in [
        (&["training.epochs=-3"][..], "a whole number from 0,"),
        (&["training.batch_size=0"], "0 is not within 1 to"),
        (&["split.held_out=-1"], "a whole number from 1,"),
        (&["seed=-1"], "a whole number from 0,"),
        (
            &["training.learning_rate=11"],
            "11 is not above 0 and at most 10",
        ),
        (
            &["training.learning_rate=0"],
            "0 is not above 0 and at most 10",
        ),
        (
            &[pair, "correlation.predictivity=2"],
            "2 is not within [0.1, 1]",
        ),
        (
            &[pair, "correlation.predictivity=0.05"],
            "0.05 is not within [0.1, 1]",
        ),
    ] {
        let message = quick(settings).unwrap_err().to_string();
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn what_was_meant_is_asked_before_the_list_goes_on() {
    let message = Config::load("quik", &[]).unwrap_err().to_string();
    assert!(
        message.contains(" (did you mean `quick`?); presets: quick, quick5"),
        "{message}"
    );
    let message = quick(&["network.arch=cnn5"]).unwrap_err().to_string();
    assert!(
        message.contains(" `cnn5` (did you mean `cnn4`?); known: "),
        "{message}"
    );
    let message = Config::load("zzz", &[]).unwrap_err().to_string();
    assert!(
        message.contains("no file of that name; presets: quick"),
        "{message}"
    );
}

/// Keys whose value is one word: a preset that has the key, and all words.
const WORDS: [(&str, &str, &[&str]); 4] = [
    ("quick", "probes.scaling", &["channel", "standard", "none"]),
    ("quick", "probes.solver", &["batched", "linfa"]),
    (
        "navon-quick",
        "stimuli.texture_angle",
        &["relative", "absolute"],
    ),
    (
        "binary-quick",
        "stimuli.easy_rule",
        &["first_bit", "majority"],
    ),
];

#[test]
fn a_word_is_written_as_it_was_read() {
    for (preset, key, words) in WORDS {
        let name = key.rsplit('.').next().unwrap();
        for word in words {
            let set = [format!("{key}={word}")];
            let written = AnyConfig::load(preset, &set).unwrap().to_toml();
            let line = format!("\n{name} = \"{word}\"\n");
            assert!(written.contains(&line), "{written}");
        }
    }
    // networks name their layers, and each has others
    let mut config = quick(&[]).unwrap();
    for arch in Arch::ALL {
        config.network.arch = arch;
        let line = format!("\narch = \"{arch}\"\n");
        assert!(config.to_toml().contains(&line), "{arch}");
    }
}

#[test]
fn an_unknown_word_is_told_with_all_that_there_are() {
    for (preset, key, words) in WORDS {
        // a slip of the first word
        let slip = format!("{}s", words[0]);
        let set = [format!("{key}={slip}")];
        let message = AnyConfig::load(preset, &set).unwrap_err().to_string();
        let said = format!(
            " `{slip}` (did you mean `{}`?); known: {}",
            words[0],
            words.join(", ")
        );
        assert!(message.starts_with(&format!("--set: `{key}`: unknown ")));
        assert!(message.ends_with(&said), "{message}");
    }
}

#[test]
fn a_key_is_known_by_its_last_part() {
    let in_quick = |name| key_named(name, "quick");
    assert_eq!(in_quick("epochs").as_deref(), Some("training.epochs"));
    assert_eq!(
        in_quick("image_size").as_deref(),
        Some("stimuli.image_size")
    );
    assert_eq!(in_quick("seed").as_deref(), Some("seed"));
    assert_eq!(in_quick("epoch"), None);
    assert_eq!(in_quick("runs"), None);
    let in_bits = key_named("runs", "binary-quick");
    assert_eq!(in_bits.as_deref(), Some("training.runs"));
}
