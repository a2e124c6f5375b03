//! What tells a piece of work on a network on bits from every other: the part of the
//! configuration that it depends on, what goes into it, and the version of what is
//! done to it.

use super::rows::PROTOCOL;
use crate::config::BinaryConfig;
use crate::experiment::design::identity::identity;

// Versions of what each stage does, raised by hand when it leaves other bytes
// than before. Stimuli are part of both.
const TRAINING: &str = "binary-training/1";
const MEASURING: &str = "binary-measuring/1";

/// Of training a network.
pub(super) fn of_training(config: &BinaryConfig) -> String {
    identity(&[TRAINING, &config.training_hash()])
}

/// Of measuring a network whose record of training has this hash.
pub(super) fn of_measures(config: &BinaryConfig, record: &str) -> String {
    measured_by(PROTOCOL, config, record)
}

fn measured_by(protocol: &str, config: &BinaryConfig, record: &str) -> String {
    identity(&[MEASURING, protocol, &config.measures_hash(), record])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_made_anew_by_another_protocol_and_networks_are_not() {
        let load = |settings: &[&str]| {
            let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
            BinaryConfig::load("binary-smoke", &settings).unwrap()
        };
        let config = load(&[]);
        let measures = of_measures(&config, "record");
        assert_eq!(measures, measured_by("binary/1", &config, "record"));
        assert_ne!(measures, measured_by("binary/2", &config, "record"));
        assert_ne!(measures, of_measures(&config, "another"));
        // both have a version beside the configuration
        assert_ne!(of_training(&config), config.training_hash());
        let unversioned = identity(&[&config.measures_hash(), "record"]);
        assert_ne!(measures, unversioned);

        let decoded = load(&["decoding.epochs=60"]);
        assert_eq!(of_training(&config), of_training(&decoded));
        assert_ne!(measures, of_measures(&decoded, "record"));
        let trained = load(&["training.epochs=400"]);
        assert_ne!(of_training(&config), of_training(&trained));
    }
}
