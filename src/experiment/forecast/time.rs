//! What a run will take, told before it starts: time from a short bench on this
//! machine, disk and memory from shapes.

use layerprobe_probes::View;

use crate::config::Config;

use super::probing::{PaperCost, ProbeCost};
use super::speeds::{Speeds, design};
use super::standing::counts;
use crate::experiment::design::condition::{Condition, conditions};
use crate::experiment::design::stimuli::ExperimentStimuli;
use crate::experiment::design::streams::Streams;
use crate::experiment::design::training_plan::plan_conditions;
use crate::experiment::error::ExperimentError;
use crate::experiment::probing::residence::residence;
use crate::memory::MemoryLimit;
use crate::models::Shape;

/// What a process has in memory when it begins.
const BEGUN: u64 = 16 << 20;

/// What a run will take.
#[derive(Clone, Debug, PartialEq)]
pub struct RunForecast {
    /// The networks to train.
    pub conditions: Vec<Condition>,
    /// Training steps of all of them.
    pub steps: u64,
    /// Training stimuli and combinations, in words.
    pub training: String,
    /// Checkpoints whose layers are probed; an untrained network that several
    /// targets share counts once.
    pub checkpoints: u64,
    /// Layers to probe over all of these, a view of one as a layer of its own, each
    /// one solve for all features and penalties.
    pub layers: u64,
    /// Seconds of training.
    pub train_seconds: f64,
    /// Seconds of reading activations and fitting probes: within a factor of
    /// three.
    pub probe_seconds: f64,
    /// Checkpoints whose layers the protocol `paper` decodes.
    pub paper_checkpoints: u64,
    /// Seconds of its decoders.
    pub paper_seconds: f64,
    /// Bytes of checkpoints on disk.
    pub disk: u64,
    /// Bytes in memory at most while layers are probed, with the threads that there are
    /// and no limit. In training what a step computes with is left out.
    pub memory: u64,
    /// The lowest limit that it can be run under, with one thread that probes and with
    /// layers on disk, but for those that the protocol `paper` decodes.
    pub least_memory: u64,
    /// What the forecast leaves out.
    pub left_out: Vec<String>,
}

impl RunForecast {
    /// What a configuration takes at these speeds.
    ///
    /// # Errors
    /// If the configuration cannot be run at all.
    pub fn of(config: &Config, speeds: &Speeds) -> Result<Self, ExperimentError> {
        let streams = Streams::new(&config.seeds);
        let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams)?;
        let planned = plan_conditions(config, &stimuli)?;
        let layers = design(config).layers()?;
        let parameters: usize = layers.iter().map(|layer| layer.parameters).sum();
        let counts = counts(config)?;
        let shape_of = |name: &str| {
            let named = layers.iter().find(|layer| layer.is_called(name));
            named.map(|layer| &layer.shape)
        };
        let probes = &config.probes;
        let shapes: Vec<(&str, &Shape)> = probes
            .network_layers()
            .filter_map(|name| Some((name, shape_of(name)?)))
            .collect();
        let dims: Vec<usize> = shapes.iter().map(|(_, shape)| shape.dim()).collect();
        let views = shapes.iter().flat_map(|&(name, shape)| {
            let views = probes.views_of(name);
            views.map(move |view| dims_of(view, shape))
        });
        let views: Vec<usize> = views.collect();
        let mut images = 0.0;
        for planned in &planned {
            let split = stimuli.training_split(planned.version);
            let validation = split.validation.get(planned.condition.target_index);
            let validated = validation.map_or(0, Vec::len) as f64 / speeds.read * speeds.train;
            let per_epoch = split.train.len() as f64 + validated;
            images += per_epoch * config.training.epochs as f64;
        }
        let set = stimuli.set.len() as f64;
        let train = stimuli.versions.first().map_or(0, |v| v.split.train.len());
        let cost = ProbeCost::new(config, train);
        let fits = |at_an_end| {
            let operations = views.iter().map(|&dims| cost.operations(dims, at_an_end));
            operations.sum::<f64>() / speeds.products
        };
        let checkpoints = counts.checkpoints;
        let ends = counts.ends.min(checkpoints);
        let probe_seconds = checkpoints as f64 * set / speeds.read
            + ends as f64 * fits(true)
            + (checkpoints - ends) as f64 * fits(false);
        let of_paper = |grid| {
            let version = stimuli.versions.first()?;
            let cost = PaperCost::new(config, grid, &version.split);
            let operations: f64 = dims.iter().map(|&dims| cost.operations(dims)).sum();
            Some(counts.paper as f64 * (set / speeds.read + operations / speeds.products))
        };
        let paper_seconds = probes.paper.as_ref().and_then(of_paper);
        let probing = |limit| residence(config, &stimuli, &planned, &streams, BEGUN, limit);
        let most = probing(MemoryLimit::NONE)?.needed;
        let least = match probing(MemoryLimit::new(0)) {
            Err(ExperimentError::Memory(refused)) => refused.needed,
            other => other?.needed,
        };
        let pixels = 3 * config.stimuli.image_size().pow(2) as u64;
        let in_training =
            (stimuli.set.len() + stimuli.pool_size()) as u64 * pixels + 16 * parameters as u64;
        let around = [
            (probes.baselines().next().is_some(), "baselines"),
            (
                probes.views.iter().any(is_projection),
                "making the views pca:K and rp:K",
            ),
            (!probes.ridge.is_empty(), "ridge probes"),
            (probes.nonlinear_seeds > 0, "nonlinear probes"),
        ];
        let left_out = around.iter().filter(|(on, _)| *on);
        let left_out = left_out.map(|(_, what)| (*what).to_owned()).collect();
        Ok(Self {
            conditions: conditions(config),
            steps: counts.steps,
            training: stimuli.training_sizes(),
            checkpoints,
            layers: counts.layers,
            train_seconds: images / speeds.train,
            probe_seconds,
            paper_checkpoints: counts.paper,
            paper_seconds: paper_seconds.unwrap_or(0.0),
            disk: counts.checkpoint_bytes,
            memory: most.max(in_training),
            least_memory: least.max(in_training),
            left_out,
        })
    }

    /// Seconds of all.
    pub fn seconds(&self) -> f64 {
        self.train_seconds + self.probe_seconds + self.paper_seconds
    }
}

/// Dimensions of a view of a layer.
fn dims_of(view: View, shape: &Shape) -> usize {
    match (view, shape) {
        (View::Gap, Shape::Image { channels, .. }) => *channels,
        (View::Full | View::Gap, shape) => shape.dim(),
        (View::Pca(count) | View::RandomProjection(count), shape) => count.min(shape.dim()),
    }
}

/// Whether a view is made by products with the layer.
fn is_projection(view: &View) -> bool {
    matches!(view, View::Pca(_) | View::RandomProjection(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEEDS: Speeds = Speeds {
        train: 1000.0,
        read: 4000.0,
        products: 4e11,
    };

    fn forecast(settings: &[&str]) -> RunForecast {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        RunForecast::of(&Config::load("quick", &settings).unwrap(), &SPEEDS).unwrap()
    }

    #[test]
    fn quick_is_counted_as_it_runs() {
        let quick = forecast(&[]);
        assert_eq!(quick.conditions.len(), 3);
        assert_eq!(
            (quick.steps, quick.checkpoints, quick.layers),
            (3 * 540, 22, 110)
        );
        // 10 epochs of 3430 steps' images and of 3570 forward, three times
        let wanted = 30.0 * (3430.0 / 1000.0 + 3570.0 / 4000.0);
        assert!((quick.train_seconds - wanted).abs() < 1e-9);
        assert_eq!(quick.training, "3430 stimuli of 343 combinations");
        assert!(quick.left_out.is_empty());
    }

    #[test]
    fn views_are_counted_by_their_dimensions_and_baselines_not_at_all() {
        let layers = |names: &str| format!("probes.layers={names}");
        let plain = forecast(&[&layers("['pool1', 'fc1']")]);
        let around = forecast(&[&layers("['pixel_stats', 'input', 'pool1', 'fc1']")]);
        assert_eq!((plain.checkpoints, plain.layers), (22, 2 * 22));
        assert_eq!((around.checkpoints, around.layers), (22, 2 * 22));
        assert_eq!(around.probe_seconds, plain.probe_seconds);
        assert_eq!(around.left_out, ["baselines"]);

        let narrow = |views: &str| {
            let views = format!("probes.views={views}");
            forecast(&[&layers("['pool1']"), &views])
        };
        let (full, gap) = (narrow("['full']"), narrow("['gap']"));
        assert!(gap.probe_seconds < full.probe_seconds);
        assert!(gap.left_out.is_empty());
        let all = narrow("['full', 'gap', 'pca:8']");
        assert_eq!((all.checkpoints, all.layers), (22, 3 * 22));
        assert!(all.probe_seconds > full.probe_seconds);
        assert_eq!(all.left_out, ["making the views pca:K and rp:K"]);
    }

    #[test]
    fn twice_the_work_takes_twice_as_long() {
        let (once, twice) = (forecast(&[]), forecast(&["training.epochs=20"]));
        assert!((twice.train_seconds / once.train_seconds - 2.0).abs() < 1e-9);
        assert_eq!(twice.probe_seconds, once.probe_seconds);
        let wide = forecast(&["probes.layers=['pool1']"]);
        let narrow = forecast(&["probes.layers=['fc1']"]);
        assert!(wide.probe_seconds > narrow.probe_seconds);
        // by what can be on disk: the layer of all stimuli, at least of those of training
        assert!(wide.memory - wide.least_memory > 4 * 3430 * 32000);
        let plain = forecast(&["probes.permutations=0"]);
        assert!(plain.probe_seconds < 0.9 * once.probe_seconds);
        let paper = |settings: &[&str]| forecast(&[&["probes.protocol=paper"], settings].concat());
        let whole = paper(&[]);
        // three networks from one, and the best of each
        assert_eq!((whole.paper_checkpoints, whole.checkpoints), (4, 0));
        // what epochs do not change is left out by differences
        let [more, fewer] = [50, 10].map(|n| paper(&[&format!("probes.paper.epochs={n}")]));
        let ratio =
            (whole.paper_seconds - more.paper_seconds) / (more.paper_seconds - fewer.paper_seconds);
        assert!((ratio - 5.0).abs() < 1e-9, "{ratio}");
        let extras = forecast(&["probes.nonlinear_seeds=5"]);
        assert_eq!(extras.left_out, ["nonlinear probes"]);
    }
}
