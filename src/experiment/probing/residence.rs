//! What the probe stages will have in memory, told before anything is done.

use layerprobe_probes::{CheckedAdamGrid, CheckedProbeParams, Forecast, Solver, View, Workload};

use crate::activations::{
    Baseline, NotEnough, PlannedLayer, READ_BATCH, fits_paper, needed, on_disk, side_by_side,
};
use crate::config::{Config, Protocol};
use crate::memory::MemoryLimit;
use crate::models::{Layer, Shape};

use super::paper;
use super::probe_sets::{self, ProbeSet};
use crate::experiment::design::condition::Planned;
use crate::experiment::design::stimuli::ExperimentStimuli;
use crate::experiment::design::streams::Streams;
use crate::experiment::error::ExperimentError;

/// Networks' outputs that are in memory at once when layers are read, in units
/// of the largest.
const OUTPUTS: u64 = 4;
/// What the program takes beside images, network, activations and probes.
const OTHER: u64 = 48 << 20;

/// The protocols that are wanted, with what they fit.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    clean: Option<&'a CheckedProbeParams>,
    paper: Option<&'a CheckedAdamGrid>,
}

/// Where the layers are that the clean protocol probes, how many are probed at the same
/// time, and by how many threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residence {
    /// Which of the configuration's layers are kept on disk.
    pub stored: Vec<bool>,
    /// How many layers of a checkpoint are probed side by side at most.
    pub at_once: usize,
    /// Threads that probe: all, or as many as there is memory for.
    pub threads: usize,
    /// Bytes in memory at most.
    pub needed: u64,
}

/// What is probed in a hold-out version, whatever the threads.
struct Probed {
    set: ProbeSet,
    /// The network's layers.
    layers: Vec<Layer>,
    /// Bytes in memory beside layers and probes.
    base: u64,
}

/// Says which layers go to the disk, how many are probed side by side, and by how many
/// threads, each of which takes memory of its own: all layers of a checkpoint are read
/// in one pass before the first is probed. Under the protocol `paper` each is read
/// alone, into memory. `resident` bytes are the process's already.
///
/// # Errors
/// If probes cannot be fitted as the configuration says, or not within the limit by one
/// thread either; the layer that takes most is named.
pub fn residence(
    config: &Config,
    stimuli: &ExperimentStimuli,
    planned: &[Planned<'_>],
    streams: &Streams,
    resident: u64,
    limit: MemoryLimit,
) -> Result<Residence, ExperimentError> {
    let (params, grid) = (probe_sets::params(config)?, paper::grid(config)?);
    let clean = config.probes.protocol.contains(&Protocol::Clean);
    let wanted = Wanted {
        clean: clean.then_some(&params),
        paper: grid.as_ref(),
    };
    let mut versions = versions(config, stimuli, planned, streams)?;
    for version in &mut versions {
        version.base += resident;
    }
    let mut threads = rayon::current_num_threads();
    loop {
        match by_threads(config, &versions, wanted, limit, threads) {
            Ok(residence) => return Ok(residence),
            Err(_) if threads > 1 => threads -= 1,
            Err(refused) => return Err(refused.into()),
        }
    }
}

/// The hold-out versions that have something to probe.
fn versions(
    config: &Config,
    stimuli: &ExperimentStimuli,
    planned: &[Planned<'_>],
    streams: &Streams,
) -> Result<Vec<Probed>, ExperimentError> {
    let mut probed = Vec::new();
    let size = config.stimuli.image_size();
    for version in &stimuli.versions {
        let here = |p: &&Planned<'_>| p.version.number == version.number;
        let Some(planned) = planned.iter().find(here) else {
            continue;
        };
        let classes = version.hold_outs.kept(planned.condition.target_index);
        let design = config.network.design(size, classes.len());
        let set = ProbeSet::new(stimuli.set.as_ref(), version, &config.probes, streams);
        let layers = design.layers()?;
        let outputs = layers.iter().map(|l| l.shape.dim()).max().unwrap_or(0);
        let parameters: usize = layers.iter().map(|l| l.parameters).sum();
        let pixels = 3 * size * size;
        let images = pixels * (stimuli.set.len() + stimuli.pool_size());
        let batches = 4 * READ_BATCH as u64 * (OUTPUTS * outputs as u64 + 2 * pixels as u64);
        let base = OTHER + images as u64;
        let base = base + batches + 8 * parameters as u64;
        probed.push(Probed { set, layers, base });
    }
    Ok(probed)
}

/// [`residence`] where so many threads probe.
fn by_threads(
    config: &Config,
    versions: &[Probed],
    Wanted { clean, paper }: Wanted<'_>,
    limit: MemoryLimit,
    threads: usize,
) -> Result<Residence, NotEnough> {
    let probed = &config.probes.layers;
    let mut stored = vec![false; probed.len()];
    let (mut at_once, mut most) = (threads, 0);
    let mut refused: Option<NotEnough> = None;
    let size = config.stimuli.image_size();
    for Probed { set, layers, base } in versions {
        let properties = set.properties();
        let work = Workload {
            stimuli: set.stimuli.len(),
            dims: 0,
            train: set.n_train(),
            classes: &set.classes(),
            penalties: clean.map_or(&[], CheckedProbeParams::penalties),
            solver: clean.map_or(Solver::default(), CheckedProbeParams::solver),
            extras: &set.extras(config, true, &properties),
            threads,
        };
        let planned_layer = |name: &str, dims: usize, channels: Option<usize>| {
            let views: Vec<View> = config.probes.views_of(name).collect();
            let work = Workload {
                dims,
                ..work.clone()
            };
            PlannedLayer {
                name: name.to_owned(),
                shape: (work.stimuli, dims),
                forecast: Forecast::of_views(&work, &views, channels),
            }
        };
        // a baseline is read and probed alone, before any checkpoint is opened
        let mut alone = Vec::new();
        let mut together = Vec::new();
        for (place, name) in probed.iter().enumerate() {
            if let Some(baseline) = Baseline::of(name) {
                alone.push((
                    place,
                    planned_layer(name, baseline.dim(size), baseline.channels()),
                ));
            } else if let Some(layer) = layers.iter().find(|layer| layer.is_called(name)) {
                together.push((
                    place,
                    planned_layer(name, layer.shape.dim(), channels_of(&layer.shape)),
                ));
            }
        }
        if let Some(grid) = paper {
            let planned = together.iter().map(|(_, layer)| layer);
            let largest = planned.max_by_key(|layer| layer.forecast.matrix);
            if let Some(layer) = largest {
                let work = Workload {
                    dims: layer.shape.1,
                    ..work.clone()
                };
                match fits_paper(limit, *base, layer, grid.bytes(&work)) {
                    Ok(needed) => most = most.max(needed),
                    Err(no) => refused = Some(no.or_more(refused)),
                }
            }
        }
        if clean.is_none() {
            continue;
        }
        let groups = alone.into_iter().map(|baseline| vec![baseline]);
        for group in groups.chain([together]) {
            let (places, layers): (Vec<usize>, Vec<PlannedLayer>) = group.into_iter().unzip();
            match on_disk(limit, *base, &layers) {
                Ok(chosen) => {
                    at_once = at_once.min(side_by_side(limit, *base, &layers, &chosen));
                    let views = layers
                        .iter()
                        .map(|l| config.probes.views_of(&l.name).count());
                    let at_a_time = at_once.min(views.sum());
                    most = most.max(needed(*base, &layers, &chosen, at_a_time));
                    for (place, now) in places.into_iter().zip(chosen) {
                        stored[place] |= now;
                    }
                }
                Err(no) => refused = Some(no.or_more(refused)),
            }
        }
    }
    match refused {
        Some(refused) => Err(refused),
        None => Ok(Residence {
            stored,
            at_once,
            threads,
            needed: most,
        }),
    }
}

/// Channels of a map.
fn channels_of(shape: &Shape) -> Option<usize> {
    match *shape {
        Shape::Image { channels, .. } => Some(channels),
        Shape::Row(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::design::training_plan::plan_conditions;

    const GIB: u64 = 1 << 30;

    /// How `quick` is probed where there are 16 threads.
    fn of_quick(limit: MemoryLimit) -> Result<Residence, ExperimentError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(16);
        pool.build().unwrap().install(|| {
            let config = Config::load("quick", &[]).unwrap();
            let streams = Streams::new(&config.seeds);
            let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams)?;
            let planned = plan_conditions(&config, &stimuli)?;
            residence(&config, &stimuli, &planned, &streams, 0, limit)
        })
    }

    #[test]
    fn fewer_threads_probe_where_memory_is_short_of_all() {
        let all = of_quick(MemoryLimit::NONE).unwrap();
        assert_eq!((all.threads, all.at_once), (16, 16));
        // 4 GiB and 1.1 more for each thread
        let few = of_quick(MemoryLimit::new(11 * GIB)).unwrap();
        assert!((2..12).contains(&few.threads), "{few:?}");
        assert!(few.needed <= 11 * GIB && all.needed > 11 * GIB);
        let fewer = of_quick(MemoryLimit::new(7 * GIB)).unwrap();
        assert!(fewer.threads < few.threads, "{fewer:?}");
    }

    #[test]
    fn what_a_refusal_names_is_enough() {
        let Err(ExperimentError::Memory(refused)) = of_quick(MemoryLimit::new(GIB)) else {
            panic!("it fits into a GiB");
        };
        let enough = of_quick(MemoryLimit::new(refused.needed)).unwrap();
        assert_eq!((enough.threads, enough.needed), (1, refused.needed));
    }
}
