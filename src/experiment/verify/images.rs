//! Runs of experiments on images.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use crate::config::Config;
use crate::experiment::design::images::Images;
use crate::experiment::design::stimuli::ExperimentStimuli;
use crate::experiment::design::streams::Streams;
use crate::experiment::error::ExperimentError;
use crate::experiment::events::Observer;
use crate::experiment::execution::Execution;
use crate::experiment::folder::manifest::Origin;
use crate::experiment::work::Work;
use crate::memory::MemoryLimit;

use super::recompute::{again_folder, differences, spread};
use super::{Run, Verification};

impl Run<'_> {
    pub(super) fn verify_images(
        mut self,
        config: &Config,
        text: &str,
        recompute: usize,
        execution: &Execution,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Verification, ExperimentError> {
        let streams = Streams::new(&config.seeds);
        let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams)?;
        // where nothing is made again, nothing is probed
        let limit = match recompute {
            0 => MemoryLimit::NONE,
            _ => execution.limit,
        };
        let execution = Execution {
            limit,
            ..execution.clone()
        };
        let mut work = Work::new(config, &streams, &stimuli, &execution)?;
        self.check_config(text, &config.to_toml(), &Origin::of(config));
        let files = self.check_files()?;
        let measurements = self.check_tables(config, &work);
        let mut recomputed = Vec::new();
        if recompute > 0 {
            let ids = work.planned.iter().map(|p| p.condition.id.clone());
            recomputed = spread(recompute, ids.collect());
            work.retain(&recomputed);
            let toml = config.to_toml();
            let (_dir, again) = again_folder(self.folder, &toml, stop, observer)?;
            let images = Images::new(&stimuli, observer);
            work.train(&again, &images, stop, observer)?;
            work.probe(&again, &images, stop, observer)?;
            work.paper(&again, &images, stop, observer)?;
            let mut pairs: Vec<(PathBuf, PathBuf)> = (work.planned.iter())
                .map(|planned| &planned.condition)
                .map(|condition| (again.condition(condition), self.folder.condition(condition)))
                .collect();
            if again.baselines().exists() {
                pairs.push((again.baselines(), self.folder.baselines()));
            }
            self.findings.extend(differences(&pairs, self.manifest)?);
        }
        Ok(Verification {
            files,
            measurements,
            recomputed,
            findings: self.findings,
        })
    }
}
