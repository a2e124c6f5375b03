//! What runs took that are done, as a forecast for others of their kind.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::experiment::events::Stage;

use super::standing::RunCounts;

/// What finished runs of one kind did, and how long it took them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Past {
    runs: f64,
    conditions: f64,
    steps: f64,
    layers: f64,
    training: f64,
    probing: f64,
    decoding: f64,
    rest: f64,
}

impl Past {
    /// Adds a finished run, with the seconds of each stage as its manifest has
    /// them.
    pub fn add(&mut self, counts: &RunCounts, seconds: &BTreeMap<String, f64>) {
        self.runs += 1.0;
        self.conditions += counts.conditions as f64;
        self.steps += counts.steps as f64;
        self.layers += counts.layers as f64;
        for (stage, seconds) in seconds {
            let known = [Stage::Train, Stage::Probe, Stage::Paper];
            let spent = match known.into_iter().find(|known| known.name() == stage) {
                Some(Stage::Train) => &mut self.training,
                Some(Stage::Probe) => &mut self.probing,
                Some(Stage::Paper) => &mut self.decoding,
                _ => &mut self.rest,
            };
            *spent += seconds;
        }
    }

    /// Whether it tells how long such a run takes: of steps only what took some.
    pub fn foretells(&self, counts: &RunCounts) -> bool {
        self.runs > 0.0 && (counts.steps == 0 || self.steps > 0.0)
    }

    /// Seconds of a run of the same kind: training by its steps, probing by its
    /// layers, the paper's decoders by its conditions, the rest as long as theirs.
    pub fn seconds(&self, counts: &RunCounts) -> f64 {
        let share = |own: u64, all: f64| own as f64 / all.max(1.0);
        self.training * share(counts.steps, self.steps)
            + self.probing * share(counts.layers, self.layers)
            + self.decoding * share(counts.conditions, self.conditions)
            + self.rest / self.runs.max(1.0)
    }
}

/// What configurations have in common whose runs take as long a step and a
/// layer.
pub fn kind(config: &Config) -> String {
    let Config {
        stimuli,
        network,
        training,
        probes,
        ..
    } = config;
    format!("{stimuli:?} {network:?} {} {probes:?}", training.batch_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(conditions: u64, steps: u64, layers: u64) -> RunCounts {
        RunCounts {
            conditions,
            steps,
            layers,
            ..RunCounts::default()
        }
    }

    fn stages(seconds: &[(&str, f64)]) -> BTreeMap<String, f64> {
        let named = |(stage, seconds): &(&str, f64)| ((*stage).to_owned(), *seconds);
        seconds.iter().map(named).collect()
    }

    #[test]
    fn each_stage_goes_by_what_it_counts() {
        let mut past = Past::default();
        past.add(
            &counts(1, 100, 10),
            &stages(&[("train", 50.0), ("probe", 20.0), ("report", 1.0)]),
        );
        past.add(
            &counts(1, 300, 10),
            &stages(&[
                ("train", 150.0),
                ("probe", 30.0),
                ("report", 3.0),
                ("paper", 8.0),
            ]),
        );
        assert_eq!(past.seconds(&counts(1, 100, 10)), 50.0 + 25.0 + 4.0 + 2.0);
        assert_eq!(past.seconds(&counts(2, 1000, 2)), 500.0 + 5.0 + 8.0 + 2.0);
    }

    #[test]
    fn what_was_not_trained_does_not_tell_how_long_training_takes() {
        let (trained, untrained) = (counts(1, 100, 10), counts(1, 0, 10));
        let mut past = Past::default();
        assert!(!past.foretells(&untrained));
        past.add(&untrained, &stages(&[("train", 5.0), ("probe", 20.0)]));
        assert!(past.foretells(&untrained) && !past.foretells(&trained));
        past.add(&trained, &stages(&[("train", 50.0), ("probe", 20.0)]));
        assert!(past.foretells(&untrained) && past.foretells(&trained));
    }
}
