use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use layerprobe_probes::similarity::Resamples;

use super::plan::{BinaryCondition, conditions};
use super::run::{dir_in, streams};
use super::sides::{Shown, Snapshot};
use super::stimuli::Stimuli;
use crate::config::BinaryConfig;
use crate::experiment::compare::{
    CompareError, Compared, ComparedRuns, Measures, Moments, Side, Watch, announce, finish,
    pairs_of, run_names,
};
use crate::experiment::folder::layout;
use crate::experiment::{Event, ExperimentError, Observer, Streams};
use crate::training::checkpoint_path;

/// Compares hidden layers of the networks of one or two finished runs on bits, as
/// [`compare_runs`](crate::experiment::compare::compare_runs) does those on images:
/// on stimuli drawn anew from the first run's seed, in which neither feature tells
/// anything of the other, as many as that run compares its own networks on unless
/// told. The last hidden layer is compared unless told.
///
/// # Errors
/// If a folder is no finished run on bits, or a layer, target or step does not exist.
pub fn compare_binary_runs(
    runs: &ComparedRuns,
    measures: &Measures,
    out: &Path,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<Compared, CompareError> {
    let opened = runs.folders.iter().map(|folder| Run::open(folder));
    let opened: Vec<Run> = opened.collect::<Result<_, _>>()?;
    let mut layers = Vec::new();
    let mut networks = Vec::new();
    for (number, run) in opened.iter().enumerate() {
        let of_second = runs.layers_b.as_deref().filter(|_| number > 0);
        layers.push(run.layers(of_second.or(runs.layers.as_deref()))?);
        networks.push(run.networks(runs.targets.as_deref(), &runs.moments)?);
    }
    let counts = layers.iter().zip(&networks).map(|(l, n)| l.len() * n.len());
    let counts: Vec<usize> = counts.collect();
    let pairs = pairs_of(&counts);
    let first = opened.first().filter(|_| pairs > 0);
    let first = first.ok_or(CompareError::OnlyOne)?;

    let stimuli = measures.stimuli.or(Some(first.config.similarity.stimuli));
    let measures = Measures {
        stimuli,
        ..measures.clone()
    };
    // any number of them can be drawn
    let wanted = measures.stimuli_of(usize::MAX)?;
    let rule = |run: &Run| run.config.stimuli.easy_rule;
    if opened.iter().any(|run| rule(run) != rule(first)) {
        observer.event(Event::Note(
            "the runs' easy features differ; stimuli are drawn by the first run's rule",
        ));
    }
    let watch = Watch { stop, observer };
    announce(counts.iter().sum(), pairs, wanted, &measures, &watch)?;
    let set = first.stimuli().similarity(wanted);
    let shown = Shown {
        set: &set.map_err(ExperimentError::Generator)?,
        measures: &measures,
        resamples: &Resamples::draw(
            wanted,
            measures.resamples,
            first.streams.similarity_bootstrap(),
        ),
    };
    let mut sides: Vec<Vec<Side<'_>>> = Vec::new();
    let of_runs = opened.iter().zip(run_names(&runs.folders));
    for ((run, name), (layers, networks)) in of_runs.zip(layers.iter().zip(&networks)) {
        let mut of_run = Vec::new();
        for (condition, step) in networks {
            let snapshot = Snapshot {
                stimuli: &run.stimuli(),
                condition,
                checkpoint: checkpoint_path(&dir_in(&run.folder, &condition.id), *step),
            };
            for mut side in shown.sides(&snapshot, layers)? {
                side.group += &runs.moments.suffix(*step);
                if opened.len() > 1 {
                    name_run(&mut side, &name);
                }
                of_run.push(side);
            }
            watch.go_on()?;
        }
        sides.push(of_run);
    }
    let second = sides.get(1).map(Vec::as_slice);
    let own = sides.first().map_or(&[][..], Vec::as_slice);
    finish((own, second), &measures, out, &watch)
}

/// A run on bits.
struct Run {
    folder: PathBuf,
    config: BinaryConfig,
    streams: Streams,
}

impl Run {
    fn open(folder: &Path) -> Result<Self, CompareError> {
        let config = layout::binary_config_in(folder)?;
        Ok(Self {
            streams: streams(&config),
            folder: folder.to_owned(),
            config,
        })
    }

    fn stimuli(&self) -> Stimuli<'_> {
        Stimuli {
            config: &self.config,
            streams: &self.streams,
        }
    }

    /// The hidden layers wanted, counted from 1.
    fn layers(&self, wanted: Option<&[String]>) -> Result<Vec<usize>, CompareError> {
        let all = 1..=self.config.network.widths.len();
        let Some(wanted) = wanted else {
            return Ok(vec![*all.end()]);
        };
        let number = |layer: &String| {
            let number = layer.strip_prefix("fc").and_then(|n| n.parse().ok());
            let number = number.filter(|n| all.contains(n) && *layer == format!("fc{n}"));
            number.ok_or_else(|| {
                let known: Vec<String> = all.clone().map(|n| format!("fc{n}")).collect();
                CompareError::UnknownHidden {
                    folder: self.folder.clone(),
                    layer: layer.clone(),
                    known: known.join(", "),
                }
            })
        };
        wanted.iter().map(number).collect()
    }

    /// The networks trained on the targets wanted, each with the steps wanted.
    /// Networks of a run start from the same weights, so an untrained one comes once.
    fn networks(
        &self,
        targets: Option<&[String]>,
        moments: &Moments,
    ) -> Result<Vec<(BinaryCondition, u64)>, CompareError> {
        let known: Vec<&str> = {
            let targets = self.config.training.targets.iter();
            targets.map(|target| target.as_str()).collect()
        };
        for target in targets.unwrap_or_default() {
            if !known.contains(&target.as_str()) {
                return Err(CompareError::unknown_target(&self.folder, target, &known));
            }
        }
        if *moments == Moments::Best {
            return Err(CompareError::NoBest {
                folder: self.folder.clone(),
                networks: "networks on bits",
            });
        }
        let is_wanted = |condition: &BinaryCondition| {
            targets.is_none_or(|targets| targets.iter().any(|t| t == condition.target.as_str()))
        };
        // by the configuration, not by the files: one that is missing is an error
        let last = self.config.training.epochs;
        let wanted = match moments {
            Moments::Last => Moments::Steps(vec![last]),
            Moments::Ends => Moments::Steps(vec![0, last]),
            other => other.clone(),
        };
        let mut networks: Vec<(BinaryCondition, u64)> = Vec::new();
        for condition in conditions(&self.config).into_iter().filter(is_wanted) {
            let folder = dir_in(&self.folder, &condition.id);
            if !folder.join("training.json").exists() {
                return Err(CompareError::Unfinished {
                    folder: self.folder.clone(),
                    condition: condition.id,
                    verb: "binary",
                });
            }
            for step in wanted.steps_in((&self.folder, &condition.id), &folder)? {
                let same = |(other, at): &(BinaryCondition, u64)| {
                    step == 0 && *at == 0 && other.run == condition.run
                };
                if !networks.iter().any(same) {
                    networks.push((condition.clone(), step));
                }
            }
        }
        Ok(networks)
    }
}

/// Names the run in what tells its networks from another run's.
fn name_run(side: &mut Side<'_>, run: &str) {
    side.group = format!("{run}: {}", side.group);
    side.kind = format!("{run}/{}", side.kind);
    side.row.condition = format!("{run}/{}", side.row.condition);
}
