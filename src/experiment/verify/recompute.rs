//! Conditions made again and compared byte by byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use crate::config::Config;

use super::Finding;
use crate::experiment::design::images::Images;
use crate::experiment::design::stimuli::ExperimentStimuli;
use crate::experiment::design::streams::Streams;
use crate::experiment::error::ExperimentError;
use crate::experiment::events::Observer;
use crate::experiment::execution::Execution;
use crate::experiment::folder::layout::{RunFolder, WhenHeld};
use crate::experiment::folder::manifest::{Manifest, files_below, processor};
use crate::experiment::work::Work;

/// What conditions are made again from.
pub(super) struct Again<'a> {
    pub(super) config: &'a Config,
    pub(super) folder: &'a RunFolder,
    pub(super) manifest: Option<&'a Manifest>,
    pub(super) streams: &'a Streams,
    pub(super) stimuli: &'a ExperimentStimuli,
}

impl Again<'_> {
    /// Makes `count` conditions again, spread over the plan; returns which, and
    /// what differs.
    pub(super) fn run(
        &self,
        count: usize,
        execution: &Execution,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<(Vec<String>, Vec<Finding>), ExperimentError> {
        let mut work = Work::new(self.config, self.streams, self.stimuli, execution)?;
        let all = work.planned.len();
        let count = count.min(all);
        let chosen = (0..count).filter_map(|k| work.planned.get(k * all / count));
        let ids: Vec<String> = chosen.map(|planned| planned.condition.id.clone()).collect();
        work.retain(&ids);

        let dir = tempfile::tempdir()
            .map_err(|e| ExperimentError::io("make a folder for", self.folder.root(), e))?;
        let again = RunFolder::open(
            dir.path(),
            &self.config.to_toml(),
            WhenHeld::Stop,
            stop,
            observer,
        )?;
        let images = Images::new(self.stimuli, observer);
        work.train(&again, &images, stop, observer)?;
        work.probe(&again, &images, stop, observer)?;
        work.paper(&again, &images, stop, observer)?;

        let mut findings = Vec::new();
        let mut pairs: Vec<(PathBuf, PathBuf)> = (work.planned.iter())
            .map(|planned| &planned.condition)
            .map(|condition| (again.condition(condition), self.folder.condition(condition)))
            .collect();
        if again.baselines().exists() {
            pairs.push((again.baselines(), self.folder.baselines()));
        }
        for (made, there) in pairs {
            let mut files = BTreeMap::new();
            files_below(&made, &made, &mut files)?;
            for (name, path) in files {
                let file = there.join(&name);
                let bytes = fs::read(&path).map_err(|e| ExperimentError::io("read", &path, e))?;
                if fs::read(&file).ok().as_ref() != Some(&bytes) {
                    findings.push(Finding {
                        file,
                        problem: "has other bytes when it is made again".to_owned(),
                        advice: self.advice(),
                    });
                }
            }
        }
        Ok((ids, findings))
    }

    /// What may explain other bytes.
    fn advice(&self) -> String {
        let here = processor();
        match self.manifest {
            Some(manifest) if manifest.processor != here => format!(
                "the run was made on {}, this is {here}, and bytes agree on one kind of processor \
                 only: verify it there, or compare the numbers",
                manifest.processor
            ),
            Some(manifest) if manifest.git != env!("LAYERPROBE_GIT") => format!(
                "the run was made by layerprobe {} ({}), this is {} ({}): verify it with that \
                 version, or run it again in another folder",
                manifest.version,
                manifest.git,
                env!("CARGO_PKG_VERSION"),
                env!("LAYERPROBE_GIT")
            ),
            _ => "the results do not follow from config.toml: do not use them, run it again in \
                  another folder, and report this if it happens again"
                .to_owned(),
        }
    }
}
