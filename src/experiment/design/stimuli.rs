//! From a configuration to images, labels and splits.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use layerprobe_generators::correlation::{Correlation, CorrelationParams, PredictivityMode};
use layerprobe_generators::splits::{HoldOuts, Split};
use layerprobe_generators::{GeneratorError, StimulusSet};
use rayon::prelude::*;

use crate::config::{PMode, Stimuli, StimulusSections};
use crate::training::ImageStore;

use super::streams::Streams;
use crate::experiment::error::ExperimentError;
use crate::experiment::events::{Event, Observer, Stage};

/// Exemplars a combination has in the pool that correlated training sets are
/// drawn from (Hermann & Lampinen 2020, section 3.1: 100,000 stimuli).
const POOL_EXEMPLARS: usize = 100;

/// The stimuli of an experiment and how each hold-out version divides them.
pub struct ExperimentStimuli {
    /// What probes are fitted to and, without correlation, networks trained on.
    pub set: Box<dyn StimulusSet>,
    /// What networks are trained on where a pair of features is correlated.
    pub pool: Option<CorrelatedPool>,
    /// The hold-out versions, in the configuration's order.
    pub versions: Vec<Version>,
}

/// A large set and the correlated choice among its stimuli.
pub struct CorrelatedPool {
    /// The large set.
    pub set: Box<dyn StimulusSet>,
    /// The matching, and which stimuli are in.
    pub correlation: Correlation,
}

impl CorrelatedPool {
    /// The stimuli of the correlated set, in rising order: all that were chosen
    /// among the pool's, or, where every split chooses for itself, those that
    /// some version trains or validates on.
    pub fn chosen(&self, versions: &[Version]) -> Vec<usize> {
        if self.correlation.mode() == PredictivityMode::Nominal {
            return self.correlation.stimuli().to_vec();
        }
        let splits = versions.iter().filter_map(|v| v.pool_split.as_ref());
        let mut chosen: Vec<usize> = splits
            .flat_map(|split| split.train.iter().chain(split.validation.iter().flatten()))
            .copied()
            .collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }
}

/// One hold-out version.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its number.
    pub number: u32,
    /// The held-out values.
    pub hold_outs: HoldOuts,
    /// How it divides the set.
    pub split: Split,
    /// How it divides the correlated pool, if there is one.
    pub pool_split: Option<Split>,
}

impl Version {
    /// The class of a value when its feature is decoded: its place among the
    /// kept values, or none if it is held out.
    pub fn class(&self, feature: usize, value: usize) -> Option<u32> {
        self.hold_outs
            .kept(feature)
            .iter()
            .position(|kept| *kept == value)
            .map(|class| class as u32)
    }
}

impl ExperimentStimuli {
    /// Stimuli of the correlated pool that are rendered at a time.
    pub fn pool_size(&self) -> usize {
        let split = |version: &Version| {
            let split = version.pool_split.as_ref()?;
            let validation: usize = split.validation.iter().flatten().count();
            Some(split.train.len() + validation)
        };
        self.versions.iter().filter_map(split).max().unwrap_or(0)
    }

    /// Numbers the stimuli and divides them; nothing is rendered yet.
    ///
    /// # Errors
    /// If the configuration leaves no stimuli for a part of the experiment.
    pub fn new(sections: &StimulusSections, streams: &Streams) -> Result<Self, ExperimentError> {
        let set = sections.stimuli.generator(streams.render())?;
        let pool = correlated_pool(sections, set.as_ref(), streams)?;
        let matching = pool.as_ref().map(|pool| pool.correlation.matching());
        let versions = sections
            .split
            .versions
            .iter()
            .map(|&number| {
                let hold_outs = HoldOuts::draw(
                    set.features(),
                    sections.split.held_out,
                    number,
                    matching,
                    streams.split(),
                )?;
                Ok(Version {
                    number,
                    split: Split::of(set.as_ref(), &hold_outs)?,
                    pool_split: pool
                        .as_ref()
                        .map(|pool| {
                            let pooled = pool.set.as_ref();
                            let split = pool.correlation.split(pooled, &hold_outs, number)?;
                            Ok::<_, GeneratorError>(validated(sections, streams, number, split))
                        })
                        .transpose()?,
                    hold_outs,
                })
            })
            .collect::<Result<_, GeneratorError>>()?;
        Ok(Self {
            set,
            pool,
            versions,
        })
    }

    /// The set networks are trained on.
    pub fn training_set(&self) -> &dyn StimulusSet {
        self.pool
            .as_ref()
            .map_or(self.set.as_ref(), |pool| pool.set.as_ref())
    }

    /// How a version divides the set that networks are trained on.
    pub fn training_split<'a>(&self, version: &'a Version) -> &'a Split {
        version.pool_split.as_ref().unwrap_or(&version.split)
    }

    /// How many combinations of feature values a version's training stimuli
    /// have: fewer, the more one feature predicts another.
    pub fn training_combinations(&self, version: &Version) -> usize {
        let set = self.training_set();
        let train = self.training_split(version).train.iter();
        let combinations: BTreeSet<Vec<usize>> = train.map(|&i| set.labels(i)).collect();
        combinations.len()
    }

    /// How many training stimuli each version has, and of how many combinations,
    /// in words.
    pub fn training_sizes(&self) -> String {
        let sizes = self.versions.iter().map(|version| {
            let stimuli = self.training_split(version).train.len();
            let combinations = self.training_combinations(version);
            format!("{stimuli} stimuli of {combinations} combinations")
        });
        let sizes: BTreeSet<String> = sizes.collect();
        sizes.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// The share of matches among a version's training stimuli.
    pub fn effective_predictivity(&self, version: &Version) -> Option<f64> {
        let pool = self.pool.as_ref()?;
        let train = &version.pool_split.as_ref()?.train;
        pool.correlation.effective(pool.set.as_ref(), train)
    }
}

fn correlated_pool(
    sections: &StimulusSections,
    set: &dyn StimulusSet,
    streams: &Streams,
) -> Result<Option<CorrelatedPool>, ExperimentError> {
    let Some(correlation) = &sections.correlation else {
        return Ok(None);
    };
    let mut stimuli = sections.stimuli.clone();
    if let Stimuli::Trifeature { exemplars, .. } = &mut stimuli {
        *exemplars = POOL_EXEMPLARS;
    }
    let pool = stimuli.generator(streams.render_pool())?;
    let number = |name: &str| set.features().iter().position(|f| f.name == name);
    let [first, second] = &correlation.pair;
    let params = CorrelationParams {
        // a feature of another set is refused by the check that follows
        first: number(first).unwrap_or(usize::MAX),
        second: number(second).unwrap_or(usize::MAX),
        predictivity: correlation.predictivity,
        mode: match correlation.p_mode {
            PMode::Nominal => PredictivityMode::Nominal,
            PMode::Effective => PredictivityMode::Effective,
        },
    };
    let correlation = params.check(pool.as_ref(), streams.correlation())?;
    Ok(Some(CorrelatedPool {
        set: pool,
        correlation,
    }))
}

/// A version's split with no more validation stimuli than are asked for.
fn validated(
    sections: &StimulusSections,
    streams: &Streams,
    version: u32,
    mut split: Split,
) -> Split {
    let correlation = sections.correlation.as_ref();
    let most = correlation.and_then(|correlation| correlation.validation_stimuli);
    let key = streams.validation().derive(&version.to_string());
    for (feature, stimuli) in split.validation.iter_mut().enumerate() {
        if let Some(most) = most.filter(|&most| most < stimuli.len()) {
            key.at(feature as u64).shuffle(stimuli);
            stimuli.truncate(most);
            stimuli.sort_unstable();
        }
    }
    split
}

/// Stimuli in memory.
#[derive(Debug)]
pub struct Rendered {
    /// The images, in the order of `indices`.
    pub images: ImageStore,
    /// Which stimuli they are, in rising order.
    indices: Vec<usize>,
}

impl Rendered {
    /// Where a stimulus is.
    ///
    /// # Panics
    /// If it was not rendered: an error of the program.
    pub fn position(&self, stimulus: usize) -> usize {
        match self.indices.binary_search(&stimulus) {
            Ok(position) => position,
            Err(_) => panic!("stimulus {stimulus} was not rendered"),
        }
    }
}

/// Renders stimuli into memory.
///
/// # Errors
/// If the images do not make a store.
pub fn render(
    set: &dyn StimulusSet,
    mut indices: Vec<usize>,
    observer: &dyn Observer,
) -> Result<Rendered, ExperimentError> {
    indices.sort_unstable();
    indices.dedup();
    let _stage = Stage::Render.span().entered();
    let started = Instant::now();
    observer.event(Event::Started {
        stage: Stage::Render,
        total: indices.len() as u64,
        done: 0,
    });
    let side = set.image_size();
    let size = side * side * 3;
    let mut pixels = vec![0u8; size * indices.len()];
    let done = AtomicU64::new(0);
    pixels
        .par_chunks_exact_mut(size)
        .zip(&indices)
        .for_each(|(image, index)| {
            set.render_into(*index, image);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(256) {
                observer.event(Event::Advanced {
                    stage: Stage::Render,
                    done,
                    detail: set.dataset(),
                });
            }
        });
    observer.event(Event::Finished {
        stage: Stage::Render,
        seconds: started.elapsed().as_secs_f64(),
    });
    Ok(Rendered {
        images: ImageStore::new(side, pixels).map_err(ExperimentError::Images)?,
        indices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn splits(settings: &[&str]) -> Vec<Split> {
        let settings: Vec<String> = settings.iter().map(|&s| s.to_owned()).collect();
        let config = Config::load("hl2020-quick-shape-color", &settings).unwrap();
        let streams = Streams::new(&config.seeds);
        let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams).unwrap();
        let versions = stimuli.versions.into_iter();
        versions.filter_map(|version| version.pool_split).collect()
    }

    #[test]
    fn a_limit_on_validation_draws_some_of_the_same_stimuli() {
        let all = splits(&[]);
        let some = splits(&["correlation.validation_stimuli=3000"]);
        assert_eq!((all.len(), some.len()), (3, 3));
        for (all, some) in all.iter().zip(&some) {
            assert_eq!(all.train, some.train);
            for (all, some) in all.validation.iter().zip(&some.validation) {
                assert_eq!(some.len(), all.len().min(3000));
                assert!(some.windows(2).all(|pair| pair[0] < pair[1]));
                assert!(some.iter().all(|stimulus| all.contains(stimulus)));
            }
        }
        assert!(all[0].validation[0].len() > 3000);
        assert_ne!(some[0].validation[0], all[0].validation[0][..3000]);
        let enough = splits(&["correlation.validation_stimuli=100000"]);
        assert_eq!(enough[2].validation, all[2].validation);
    }
}
