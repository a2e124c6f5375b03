//! Runs of the experiment on bits.

use std::sync::atomic::AtomicBool;

use layerprobe_reports::read_results;

use crate::config::BinaryConfig;
use crate::experiment::binary;
use crate::experiment::error::ExperimentError;
use crate::experiment::events::Observer;

use super::recompute::{again_folder, differences, spread};
use super::{Run, Verification};

impl Run<'_> {
    pub(super) fn verify_bits(
        mut self,
        config: &BinaryConfig,
        text: &str,
        recompute: usize,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Verification, ExperimentError> {
        self.check_config(text, &config.to_toml(), &binary::origin(config));
        let files = self.check_files()?;
        let measurements = self.check_rows_of_bits(config);
        let mut recomputed = Vec::new();
        if recompute > 0 {
            recomputed = spread(recompute, binary::condition_ids(config));
            let toml = config.to_toml();
            let (_dir, again) = again_folder(self.folder, &toml, stop, observer)?;
            binary::make(config, &again, &recomputed, stop, observer)?;
            let pairs: Vec<_> = recomputed
                .iter()
                .map(|id| ["conditions", id].iter().collect::<std::path::PathBuf>())
                .map(|name| (again.root().join(&name), self.folder.root().join(&name)))
                .collect();
            self.findings.extend(differences(&pairs, self.manifest)?);
        }
        Ok(Verification {
            files,
            measurements,
            recomputed,
            findings: self.findings,
        })
    }

    /// The results against the conditions' own tables: their rows first, then
    /// what they say over runs. Returns how many accuracies there are.
    fn check_rows_of_bits(&mut self, config: &BinaryConfig) -> usize {
        let results = self.folder.results();
        let advice = self.run_again();
        let (rows, expected) = match (
            read_results(&results),
            binary::rows_of_conditions(config, self.folder.root()),
        ) {
            (Ok(rows), Ok(expected)) => (rows, expected),
            (Err(error), _) => {
                self.find(results, error.to_string(), advice);
                return 0;
            }
            (_, Err(error)) => {
                let problem = format!("cannot be compared with the networks' own tables: {error}");
                self.find(results, problem, advice);
                return 0;
            }
        };
        if rows.get(..expected.len()) != Some(&expected[..]) {
            let problem = "is not what the networks' own tables make";
            self.find(results, problem, advice);
        }
        let accuracies = expected.iter().filter(|row| row.metric == "accuracy");
        accuracies.count()
    }
}
