use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use layerprobe_probes::View;
use layerprobe_probes::similarity::{Representation, Resamples};
use layerprobe_reports::ResultRow;
use ndarray::ArrayView2;

use super::networks::{Network, Run};
use super::{CompareError, Compared, ComparedRuns, Measures, Side, Watch, announce, finish};
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
/// runs see different stimuli, or a similarity is undefined.
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
        for (reading, run) in read.iter_mut().zip(&opened) {
            reading.name_run(&run.name());
        }
    }
    let counts: Vec<usize> = read.iter().map(Reading::count).collect();
    let (layers, pairs) = match counts[..] {
        [n] => (n, n * n.saturating_sub(1) / 2),
        _ => (counts.iter().sum(), counts.iter().product()),
    };
    if pairs == 0 {
        return Err(CompareError::OnlyOne);
    }

    let streams = Streams::new(&first.config.seeds);
    let set = first.config.stimuli.generator(streams.similarity_stimuli());
    let set = set.map_err(ExperimentError::Generator)?;
    let wanted = measures.stimuli_of(set.len())?;
    announce(layers, pairs, wanted, measures, &watch);
    let mut chosen = streams.similarity_choice().at(0).permutation(set.len());
    chosen.truncate(wanted);
    let images = render(set.as_ref(), chosen, observer)?;
    let resamples = Resamples::draw(wanted, measures.resamples, streams.similarity_bootstrap());

    let _stage = Stage::Extract.span().entered();
    let started = Instant::now();
    observer.event(Event::Started {
        stage: Stage::Extract,
        total: (layers * wanted) as u64,
        done: 0,
    });
    let mut done = 0;
    let mut sides = Vec::new();
    for reading in &read {
        let mut of_run = Vec::new();
        for network in &reading.networks {
            let mut advanced = || {
                done += wanted as u64;
                observer.event(Event::Advanced {
                    stage: Stage::Extract,
                    done,
                    detail: &network.group,
                });
                watch.go_on()
            };
            let task = Task {
                images: &images,
                layers: &reading.layers,
                measures,
                resamples: &resamples,
            };
            task.sides(network, &mut of_run, &mut advanced)?;
        }
        sides.push(of_run);
    }
    observer.event(Event::Finished {
        stage: Stage::Extract,
        seconds: started.elapsed().as_secs_f64(),
    });
    let second = sides.get(1).map(Vec::as_slice);
    let first = sides.first().map_or(&[][..], Vec::as_slice);
    let key = streams.similarity_runs();
    finish((first, second), measures, out, key, &watch)
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

/// What every network is read with.
struct Task<'a, 'r> {
    images: &'a Rendered,
    layers: &'a [String],
    measures: &'a Measures,
    resamples: &'r Resamples,
}

impl<'r> Task<'_, 'r> {
    /// Reads a network's layers, as many at once as memory is meant for.
    fn sides(
        &self,
        network: &Network,
        sides: &mut Vec<Side<'r>>,
        advanced: &mut dyn FnMut() -> Result<(), CompareError>,
    ) -> Result<(), CompareError> {
        let opened = Checkpoint::read(&network.checkpoint);
        let opened = opened.map_err(ExperimentError::Checkpoint)?;
        let step = opened.header.step;
        let failed = |source| ExperimentError::Activations {
            condition: network.condition.clone(),
            step,
            source,
        };
        let stimuli = self.resamples.stimuli();
        let rows: Vec<usize> = (0..stimuli).collect();
        let mut read: Vec<LayerRows> = Vec::new();
        let mut rest = self.layers;
        while !rest.is_empty() {
            let mut bytes = 0;
            let mut together = 0;
            for layer in rest {
                let dim = opened.network.layer_dim(layer);
                bytes += 4 * stimuli * dim.map_err(|e| failed(e.into()))?;
                if together > 0 && bytes > BYTES_AT_ONCE {
                    break;
                }
                together += 1;
            }
            let (now, later) = rest.split_at(together);
            let names: Vec<&str> = now.iter().map(String::as_str).collect();
            let normalization = &opened.header.normalization;
            let images = &self.images.images;
            let network_of = &opened.network;
            read_layers(
                network_of,
                images,
                normalization,
                &rows,
                &names,
                READ_BATCH,
                &mut read,
            )
            .map_err(failed)?;
            for layer in &read {
                sides.push(self.side(network, layer)?);
                advanced()?;
            }
            rest = later;
        }
        Ok(())
    }

    fn side(&self, network: &Network, layer: &LayerRows) -> Result<Side<'r>, CompareError> {
        let stimuli = self.resamples.stimuli();
        let activations = ArrayView2::from_shape((stimuli, layer.dim), &layer.values);
        let activations = activations.map_err(|e| ExperimentError::Damaged {
            path: network.checkpoint.clone(),
            problem: format!("layer {}: {e}", layer.name),
        })?;
        let name = format!("{}, {}", network.group, layer.name);
        let Measures {
            metrics, distance, ..
        } = self.measures;
        let representation =
            Representation::new(&name, activations, metrics, *distance, self.resamples)?;
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
}
