use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use layerprobe_probes::View;
use layerprobe_probes::similarity::{Representation, Resamples, SimilarityError, silent_stimuli};
use layerprobe_reports::ResultRow;
use ndarray::ArrayView2;

use super::networks::{Network, Run};
use super::silent::{Chosen, SilentLayer};
use super::{
    CompareError, Compared, ComparedRuns, Measures, Side, Watch, announce, finish, pairs_of,
    run_names,
};
use crate::activations::{READ_BATCH, read_layers};
use crate::experiment::design::stimuli::{Rendered, render};
use crate::experiment::{Event, ExperimentError, Observer, Stage, Streams};
use crate::models::LayerRows;
use crate::training::Checkpoint;

/// Activations of one network in memory at a time, unless one layer alone has
/// more.
const BYTES_AT_ONCE: usize = 1 << 30;

/// Compares layers of the networks of one or two finished runs and writes
/// `out`, rows of a results table, with a figure of each metric beside it.
///
/// The stimuli are drawn anew for the comparison, uncorrelated, from the first
/// run's seed: no network has been trained on them. Every network sees them
/// through its own normalization.
///
/// # Errors
/// If a folder is no finished run, a layer, target or step does not exist, the
/// runs see different stimuli, or a similarity is undefined. Where that is so for
/// some stimuli, since they leave all units of a layer off, those are left out of
/// all layers, with a warning.
pub fn compare_runs(
    runs: &ComparedRuns,
    measures: &Measures,
    out: &Path,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<Compared, CompareError> {
    let watch = Watch { stop, observer };
    let opened = runs.folders.iter().map(|folder| Run::open(folder));
    let opened: Vec<Run> = opened.collect::<Result<_, _>>()?;
    let Some(first) = opened.first() else {
        return Err(CompareError::OnlyOne);
    };
    let second = opened.get(1);
    if let Some(second) = second {
        check_stimuli(first, second)?;
    }
    let mut read = vec![Reading::of(first, runs.layers.as_deref(), runs)?];
    if let Some(second) = second {
        let layers = runs.layers_b.as_deref().or(runs.layers.as_deref());
        read.push(Reading::of(second, layers, runs)?);
        for (reading, name) in read.iter_mut().zip(run_names(&runs.folders)) {
            reading.name_run(&name);
        }
    }
    let counts: Vec<usize> = read.iter().map(Reading::count).collect();
    let (layers, pairs) = (counts.iter().sum(), pairs_of(&counts));
    if pairs == 0 {
        return Err(CompareError::OnlyOne);
    }

    let streams = Streams::new(&first.config.seeds);
    let set = first.config.stimuli.generator(streams.similarity_stimuli());
    let set = set.map_err(ExperimentError::Generator)?;
    let wanted = measures.stimuli_of(set.len())?;
    announce(layers, pairs, wanted, measures, &watch)?;
    let mut chosen = streams.similarity_choice().at(0).permutation(set.len());
    chosen.truncate(wanted);
    let images = render(set.as_ref(), chosen, observer)?;
    let everything = Chosen::everything(wanted);
    let key = streams.similarity_bootstrap();
    let draw = |chosen: &Chosen| Resamples::draw(chosen.rows.len(), measures.resamples, key);
    let reader = Reader {
        read: &read,
        images: &images,
        measures,
        watch: &watch,
    };
    let mut resamples = draw(&everything);
    let mut sides = reader.sides(&everything, &resamples);
    if let Err(CompareError::Similarity(SimilarityError::ConstantStimulus { .. })) = sides {
        drop(sides);
        let chosen = reader.without_silent(wanted)?;
        resamples = draw(&chosen);
        sides = reader.sides(&chosen, &resamples);
    }
    let sides = sides?;
    let second = sides.get(1).map(Vec::as_slice);
    let first = sides.first().map_or(&[][..], Vec::as_slice);
    finish((first, second), measures, out, &watch)
}

fn check_stimuli(first: &Run, second: &Run) -> Result<(), CompareError> {
    let (a, b) = (&first.config.stimuli, &second.config.stimuli);
    if a == b {
        return Ok(());
    }
    let difference = if a.dataset() != b.dataset() {
        format!("{} and {}", a.dataset(), b.dataset())
    } else if a.image_size() != b.image_size() {
        format!("{} and {} pixels", a.image_size(), b.image_size())
    } else {
        "the objects in their [stimuli] sections differ".to_owned()
    };
    Err(CompareError::DifferentStimuli {
        first: first.folder.clone(),
        second: second.folder.clone(),
        difference,
    })
}

/// The layers and networks of a run that are read.
struct Reading {
    layers: Vec<String>,
    networks: Vec<Network>,
}

impl Reading {
    fn of(run: &Run, layers: Option<&[String]>, runs: &ComparedRuns) -> Result<Self, CompareError> {
        let probed = || run.config.probes.network_layers().map(str::to_owned);
        let layers = layers.map_or_else(|| probed().collect(), <[String]>::to_vec);
        let networks = run.networks(runs.targets.as_deref(), &runs.moments)?;
        if let Some(network) = networks.first() {
            let opened = Checkpoint::read(&network.checkpoint);
            let opened = opened.map_err(ExperimentError::Checkpoint)?;
            for layer in &layers {
                let dim = opened.network.layer_dim(layer);
                dim.map_err(|source| CompareError::Layer {
                    folder: run.folder.clone(),
                    source,
                })?;
            }
        }
        Ok(Self { layers, networks })
    }

    fn count(&self) -> usize {
        self.layers.len() * self.networks.len()
    }

    /// Of two runs, whose networks may have the same names.
    fn name_run(&mut self, run: &str) {
        for network in &mut self.networks {
            network.group = format!("{run}: {}", network.group);
            network.kind = format!("{run}/{}", network.kind);
            network.row.condition = format!("{run}/{}", network.row.condition);
        }
    }
}

/// Reads all layers of all networks.
struct Reader<'a> {
    read: &'a [Reading],
    images: &'a Rendered,
    measures: &'a Measures,
    watch: &'a Watch<'a>,
}

impl Reader<'_> {
    /// Calls `each` with every layer that is chosen, run by run.
    fn layers(
        &self,
        chosen: &Chosen,
        mut each: impl FnMut(usize, &Network, &LayerRows) -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        let stimuli = chosen.rows.len() as u64;
        let layers: usize = self.read.iter().map(Reading::count).sum();
        let _stage = Stage::Extract.span().entered();
        let started = Instant::now();
        let observer = self.watch.observer;
        observer.event(Event::Started {
            stage: Stage::Extract,
            total: layers as u64 * stimuli,
            done: 0,
        });
        let mut done = 0;
        for (run, reading) in self.read.iter().enumerate() {
            for network in &reading.networks {
                let wanted = chosen.layers_of(network, &reading.layers);
                read_network(network, self.images, &chosen.rows, &wanted, &mut |layer| {
                    each(run, network, layer)?;
                    done += stimuli;
                    observer.event(Event::Advanced {
                        stage: Stage::Extract,
                        done,
                        detail: &network.group,
                    });
                    self.watch.go_on()
                })?;
            }
        }
        observer.event(Event::Finished {
            stage: Stage::Extract,
            seconds: started.elapsed().as_secs_f64(),
        });
        Ok(())
    }

    /// The sides to compare, run by run.
    fn sides<'r>(
        &self,
        chosen: &Chosen,
        resamples: &'r Resamples,
    ) -> Result<Vec<Vec<Side<'r>>>, CompareError> {
        let mut sides: Vec<Vec<Side<'r>>> = self.read.iter().map(|_| Vec::new()).collect();
        self.layers(chosen, |run, network, layer| {
            let side = side(network, layer, self.measures, resamples)?;
            if let Some(sides) = sides.get_mut(run) {
                sides.push(side);
            }
            Ok(())
        })?;
        Ok(sides)
    }

    /// What is left without stimuli that leave a layer silent, and without layers
    /// that would take too many along.
    fn without_silent(&self, stimuli: usize) -> Result<Chosen, CompareError> {
        let mut silent = Vec::new();
        self.layers(&Chosen::everything(stimuli), |_, network, layer| {
            let rows = silent_stimuli(matrix(network, layer, stimuli)?);
            if !rows.is_empty() {
                silent.push(SilentLayer {
                    group: network.group.clone(),
                    condition: network.row.condition.clone(),
                    step: network.row.step,
                    layer: layer.name.clone(),
                    rows,
                });
            }
            Ok(())
        })?;
        let (chosen, told) = Chosen::without(silent, stimuli);
        for warning in &told {
            self.watch.observer.event(Event::Warning(warning));
        }
        Ok(chosen)
    }
}

/// Reads a network's layers for some of the images, as many at once as memory is
/// meant for, and hands each on.
fn read_network(
    network: &Network,
    images: &Rendered,
    rows: &[usize],
    layers: &[String],
    each: &mut dyn FnMut(&LayerRows) -> Result<(), CompareError>,
) -> Result<(), CompareError> {
    let opened = Checkpoint::read(&network.checkpoint);
    let opened = opened.map_err(ExperimentError::Checkpoint)?;
    let step = opened.header.step;
    let failed = |source| ExperimentError::Activations {
        condition: network.condition.clone(),
        step,
        source,
    };
    let mut read: Vec<LayerRows> = Vec::new();
    let mut rest = layers;
    while !rest.is_empty() {
        let mut bytes = 0;
        let mut together = 0;
        for layer in rest {
            let dim = opened.network.layer_dim(layer);
            bytes += 4 * rows.len() * dim.map_err(|e| failed(e.into()))?;
            if together > 0 && bytes > BYTES_AT_ONCE {
                break;
            }
            together += 1;
        }
        let (now, later) = rest.split_at(together);
        let names: Vec<&str> = now.iter().map(String::as_str).collect();
        read_layers(
            &opened.network,
            &images.images,
            &opened.header.normalization,
            rows,
            &names,
            READ_BATCH,
            &mut read,
        )
        .map_err(failed)?;
        read.iter().try_for_each(&mut *each)?;
        rest = later;
    }
    Ok(())
}

/// A layer's activations, stimuli x dimensions.
fn matrix<'l>(
    network: &Network,
    layer: &'l LayerRows,
    stimuli: usize,
) -> Result<ArrayView2<'l, f32>, CompareError> {
    let activations = ArrayView2::from_shape((stimuli, layer.dim), &layer.values);
    activations.map_err(|e| {
        let damaged = ExperimentError::Damaged {
            path: network.checkpoint.clone(),
            problem: format!("layer {}: {e}", layer.name),
        };
        damaged.into()
    })
}

fn side<'r>(
    network: &Network,
    layer: &LayerRows,
    measures: &Measures,
    resamples: &'r Resamples,
) -> Result<Side<'r>, CompareError> {
    let stimuli = resamples.stimuli();
    let activations = matrix(network, layer, stimuli)?;
    let name = format!("{}, {}", network.group, layer.name);
    let Measures {
        metrics, distance, ..
    } = measures;
    let representation = Representation::new(&name, activations, metrics, *distance, resamples)?;
    Ok(Side {
        row: ResultRow {
            layer: layer.name.clone(),
            dim: Some(layer.dim as u64),
            n_test: Some(stimuli as u64),
            view: View::Full.to_string(),
            ..network.row.clone()
        },
        group: network.group.clone(),
        kind: network.kind.clone(),
        representation,
    })
}
